"""The first dashboard: the ratio with its thresholds, the price, what the bot decided, and what came of it."""

from kibana.charts import Chart, number, over_time, thresholds, xy
from kibana.columns import average, count, distinct, running_total, total
from kibana.dashboard import COLUMNS, Dashboard, Panel
from pipeline.indices import BALANCES, DECISIONS, FILLS, LIQUIDITY, SCORES, TICKERS

HALF, SIXTH = COLUMNS // 2, COLUMNS // 6
NUMBER_HEIGHT, CHART_HEIGHT = 5, 13
# Of the bot's settings BOT_RATIO_MIN and BOT_RATIO_MAX, as they are by default (and in the book).
RATIO_MIN, RATIO_MAX = "0.1", "2"
BY_BOT = ("bot", "bot")


def ratio() -> Chart:
    """The ask ÷ bid of each minute, and between which ratios the bot may buy."""
    values = {"ratio": average("value", "ask ÷ bid", 3)}
    lines = thresholds(
        LIQUIDITY, {f"no buy at {RATIO_MIN} or below": RATIO_MIN, f"or at {RATIO_MAX} or above": RATIO_MAX}
    )
    return xy([over_time(LIQUIDITY, values, split=("symbol", "symbol")), lines], logarithmic=True)


def price() -> Chart:
    """Best bid and ask."""
    return xy([over_time(TICKERS, {"bid": average("bid", "bid", 2), "ask": average("ask", "ask", 2)})])


def cumulative_profit() -> Chart:
    """The book's chart: what the finished rounds earned, net of fees, summed up from the left edge on."""
    profit = {"profit-so-far": running_total("profit", "profit of finished rounds so far", 2)}
    return xy([over_time(SCORES, profit, split=BY_BOT, hidden={"profit": total("net", "profit", 2)})])


def equity() -> Chart:
    """All that the bot has at the bid's price, beside what buying once and holding would have made of it."""
    values = {"equity": average("equity", "equity", 2), "hold": average("buy_and_hold", "buy and hold", 2)}
    return xy([over_time(BALANCES, values)])


def decisions() -> Chart:
    """How many decisions of each reason."""
    values = {"decisions": count("decisions")}
    return xy([over_time(DECISIONS, values, series="bar_stacked", split=("reason", "reason"))], from_zero=True)


def fills() -> Chart:
    """How many fills of each side."""
    values = {"fills": count("fills")}
    return xy([over_time(FILLS, values, series="bar_stacked", split=("side", "side"))], from_zero=True)


def numbers() -> list[Panel]:
    """The row at the top."""
    charts = {
        "net": number(SCORES, total("net", "profit of finished rounds, net of fees", 2)),
        "fees": number(FILLS, total("fee", "fees paid", 2)),
        "rounds": number(SCORES, count("rounds finished")),
        "fill-count": number(FILLS, count("fills")),
        "decision-count": number(DECISIONS, count("decisions")),
        "incomplete": number(LIQUIDITY, distinct("window_start", "minutes not seen whole"), query="complete : false"),
    }
    return [Panel(name, chart, SIXTH, NUMBER_HEIGHT) for name, chart in charts.items()]


def _half(name: str, title: str, chart: Chart) -> Panel:
    return Panel(name, chart, HALF, CHART_HEIGHT, title)


DASHBOARD = Dashboard(
    id="real-time-crypto-trading",
    title="Real-Time Crypto: ratio, price, profit",
    description="Each minute's liquidity ratio with the bot's thresholds, the price, its decisions, fills and profit.",
    rows=(
        numbers(),
        (_half("ratio", "Liquidity ratio (ask ÷ bid) by minute", ratio()), _half("price", "Bid and ask", price())),
        (
            _half("profit", "Cumulative profit of finished rounds, net of fees", cumulative_profit()),
            _half("equity", "Equity, and buy and hold", equity()),
        ),
        (_half("decisions", "Decisions by reason", decisions()), _half("fills", "Fills by side", fills())),
    ),
)
