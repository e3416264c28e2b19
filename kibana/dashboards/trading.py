"""The first dashboard: the ratio with its thresholds, the price, what the bot decided, and what came of it."""

from kibana.charts import Chart, number, over_time, thresholds, xy
from kibana.columns import average, count, distinct, running_total, total
from kibana.dashboard import COLUMNS, Dashboard, Panel
from pipeline.indices import BALANCES, DECISIONS, FILLS, LIQUIDITY, SCORES, TICKERS

HALF, SIXTH = COLUMNS // 2, COLUMNS // 6
NUMBER_HEIGHT, CHART_HEIGHT = 5, 13
ID = "real-time-crypto-trading"
BY_BOT = ("bot", "bot")
# A bot has some twenty reasons, and each of them is a series of its own: the rarest are those that matter.
MOST_REASONS = 32


def ratio(bounds: tuple[str, str]) -> Chart:
    """The ask ÷ bid of each minute, and between which ratios the bot may buy."""
    least, greatest = bounds
    values = {"ratio": average("value", "ask ÷ bid", 3)}
    lines = thresholds(LIQUIDITY, {f"no buy at {least} or below": least, f"or at {greatest} or above": greatest})
    return xy([over_time(LIQUIDITY, values, split=("symbol", "symbol")), lines], logarithmic=True)


def price() -> Chart:
    """Best bid and ask, as each bot saw them: bots may trade different symbols."""
    values = {"bid": average("bid", "bid", 2), "ask": average("ask", "ask", 2)}
    return xy([over_time(TICKERS, values, split=BY_BOT)])


def cumulative_profit() -> Chart:
    """The book's chart: what the finished rounds earned, net of fees, summed up from the left edge on."""
    profit = {"profit-so-far": running_total("profit", "profit of finished rounds so far", 2)}
    return xy([over_time(SCORES, profit, split=BY_BOT, hidden={"profit": total("net", "profit", 2)})])


def equity() -> Chart:
    """All that each bot has at the bid's price, beside what buying once and holding would have made of it."""
    values = {"equity": average("equity", "equity", 2), "hold": average("buy_and_hold", "buy and hold", 2)}
    return xy([over_time(BALANCES, values, split=BY_BOT)])


def decisions() -> Chart:
    """How many decisions of each reason."""
    values = {"decisions": count("decisions")}
    bars = over_time(DECISIONS, values, series="bar_stacked", split=("reason", "reason"), most=MOST_REASONS)
    return xy([bars], from_zero=True)


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


def dashboard(ratio_bounds: tuple[str, str]) -> Dashboard:
    """All of it. `ratio_bounds` are the bot's BOT_RATIO_MIN and BOT_RATIO_MAX."""
    return Dashboard(
        id=ID,
        title="Real-Time Crypto: ratio, price, profit",
        description="Each minute's liquidity ratio with the bot's thresholds, the price, decisions, fills and profit.",
        rows=(
            numbers(),
            (
                _half("ratio", "Liquidity ratio (ask ÷ bid) by minute", ratio(ratio_bounds)),
                _half("price", "Bid and ask", price()),
            ),
            (
                _half("profit", "Cumulative profit of finished rounds, net of fees", cumulative_profit()),
                _half("equity", "Equity, and buy and hold", equity()),
            ),
            (_half("decisions", "Decisions by reason", decisions()), _half("fills", "Fills by side", fills())),
        ),
    )
