"""The second dashboard: whether the feed is to be trusted, and what arrives."""

from kibana.charts import Chart, number, over_time, xy
from kibana.columns import average, count, distinct, total
from kibana.dashboard import COLUMNS, Dashboard, Panel
from pipeline.indices import HEALTH, LIQUIDITY, TRADES

HALF, QUARTER = COLUMNS // 2, COLUMNS // 4
NUMBER_HEIGHT, CHART_HEIGHT = 5, 12
ID = "real-time-crypto-feed"
BY_SYMBOL, BY_PART = ("symbol", "symbol"), ("part", "part")
NOT_WHOLE = "complete : false"
# Only producers know what follows; the other parts would be series without a point.
PRODUCERS = "part : producer-*"


def whole_books() -> Chart:
    """Of how many symbols each producer has the whole book: fewer than it follows, and somebody's minutes suffer."""
    values = {"trusted": average("symbols_trusted", "symbols with a whole book", 2)}
    return xy([over_time(HEALTH, values, split=BY_PART)], from_zero=True, query=PRODUCERS)


def not_whole() -> Chart:
    """The minutes of each symbol in which a message was lost or the producer was absent."""
    values = {"minutes": distinct("window_start", "minutes not seen whole")}
    return xy([over_time(LIQUIDITY, values, series="bar_stacked", split=BY_SYMBOL)], from_zero=True, query=NOT_WHOLE)


def delay() -> Chart:
    """How much later than the exchange's own time frames came."""
    values = {"p50": average("delay_ms_p50", "median, ms", 0), "p99": average("delay_ms_p99", "99 of 100, ms", 0)}
    return xy([over_time(HEALTH, values, split=BY_PART)], from_zero=True, query=PRODUCERS)


def waiting() -> Chart:
    """How many records of Kafka each reader has not read yet."""
    return xy([over_time(HEALTH, {"behind": average("records_behind", "records", 0)}, split=BY_PART)], from_zero=True)


def changes() -> Chart:
    """How many levels of each symbol's book changed."""
    values = {"changes": total("changes", "changes of levels", 0)}
    return xy([over_time(LIQUIDITY, values, split=BY_SYMBOL)], from_zero=True)


def trades() -> Chart:
    """How many trades of each symbol there were."""
    bars = over_time(TRADES, {"trades": count("trades")}, series="bar_stacked", split=BY_SYMBOL)
    return xy([bars], from_zero=True)


def numbers() -> list[Panel]:
    """The row at the top."""
    charts = {
        "minute-count": number(LIQUIDITY, distinct("window_start", "minutes")),
        "not-whole-count": number(LIQUIDITY, distinct("window_start", "minutes not seen whole"), query=NOT_WHOLE),
        "trade-count": number(TRADES, count("trades")),
        "symbol-count": number(LIQUIDITY, distinct("symbol", "symbols")),
    }
    return [Panel(name, chart, QUARTER, NUMBER_HEIGHT) for name, chart in charts.items()]


def _half(name: str, title: str, chart: Chart) -> Panel:
    return Panel(name, chart, HALF, CHART_HEIGHT, title)


def dashboard() -> Dashboard:
    """All of it."""
    return Dashboard(
        id=ID,
        title="Real-Time Crypto: is the feed to be trusted?",
        description="Whole books, lost minutes, delay, what waits, and what arrives, by producer and by symbol.",
        rows=(
            numbers(),
            (
                _half("whole-books", "Symbols with a whole book, by producer", whole_books()),
                _half("not-whole", "Minutes not seen whole, by symbol", not_whole()),
            ),
            (
                _half("delay", "Delay against the exchange's time (ms)", delay()),
                _half("behind", "Records waiting in Kafka, by reader", waiting()),
            ),
            (
                _half("changes", "Changes of the book by minute", changes()),
                _half("trades", "Trades by minute", trades()),
            ),
        ),
    )
