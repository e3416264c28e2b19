"""How trading looks: pure functions from what was seen of the journal to lines of text."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from local.minutes_seen import clock_text, counts_text
from local.trading_seen import Event, Money, Rounds, TradingSeen
from market.fees import GEMINI_TAKER_BPS, round_trip
from market.forecast import ForecastOrigin
from market.journal import Decision, OrderRecord, Score

NOTHING = "–"
INDEX_PREFIX = "crypto-"
NO_FORECAST = "none yet; until there is one the bot opens nothing"
DAY_MS = 86_400_000
# A history of fewer days holds no whole week.
SHORT_DAYS = 7


@dataclass(frozen=True)
class TradingView:
    """All that one frame shows of the bot, its forecast and Elasticsearch.

    `documents` counts those of each index, or says why they are not known; `elasticsearch` tells where to look.
    """

    seen: TradingSeen
    forecast: ForecastOrigin | None
    documents: Mapping[str, int] | str
    elasticsearch: str


def trading_texts(view: TradingView) -> tuple[str, ...]:
    """How the bot does: its last decision, its account, its rounds, the documents."""
    last = view.seen.last_decision
    decision = () if last is None else (f"Decision: {decision_text(last)}",)
    return (*decision, *account_texts(view))


def account_texts(view: TradingView) -> tuple[str, ...]:
    """The account, the rounds, the documents."""
    rounds = view.seen.rounds
    finished = (f"Rounds: {rounds_text(rounds)}",) if rounds.closed else ()
    return (f"Bot: {account_text(view.seen)}", *finished, documents_text(view.documents))


def honest_texts(forecast: ForecastOrigin | None) -> tuple[str, ...]:
    """What stands behind the forecast, and what to expect of trading by it."""
    cost = f"{100 * round_trip(GEMINI_TAKER_BPS):.1f} %"
    expect = f"Expect losses: to buy and sell again costs about {cost} in fees, and a minute moves the price far less."
    what = NO_FORECAST if forecast is None else forecast_text(forecast)
    return (f"Forecast: {what}", expect)


def forecast_text(forecast: ForecastOrigin) -> str:
    """What the model was shown, which calls a simulated market so and a short history short; how far it sees."""
    days = (forecast.history_last - forecast.history_first) / DAY_MS
    short = "only " if days < SHORT_DAYS and forecast.cycle_seconds is None else ""
    reach = clock_text(forecast.last, "%Y-%m-%d %H:%M")
    return f"{forecast.label}, {short}{days:.1f} days of history; reaches to {reach} UTC"


def account_text(seen: TradingSeen) -> str:
    """What is held, what was traded, what it cost and what came of it."""
    if seen.money is None:
        return "no balances yet"
    money = seen.money
    parted = f" ({seen.partly} in part)" if seen.partly else ""
    orders = f"{seen.filled['buy']} bought, {seen.filled['sell']} sold{parted}"
    return f"holds {amount_text(money.position)} {money.base} · {orders} · {_money_texts(money)}"


def _money_texts(money: Money) -> str:
    profit = f"profit {signed_text(money.profit)} {money.quote} net of fees"
    return f"fees {money.fees:,.2f} {money.quote} · {profit} · buy and hold {signed_text(money.buy_and_hold)}"


def rounds_text(rounds: Rounds) -> str:
    """What the finished rounds earned."""
    gross = rounds.net + rounds.fees
    return (
        f"{rounds.closed} finished, {rounds.won} of them with a profit · gross {signed_text(gross)} · "
        f"fees {rounds.fees:,.2f} · net {signed_text(rounds.net)}"
    )


def documents_text(documents: Mapping[str, int] | str) -> str:
    """How many documents Elasticsearch holds, by index."""
    if isinstance(documents, str):
        return f"Elasticsearch: {documents}"
    if not documents:
        return "Elasticsearch: no documents yet"
    counts = counts_text((name.removeprefix(INDEX_PREFIX), count) for name, count in documents.items())
    return f"Elasticsearch: {sum(documents.values()):,} documents ({counts})"


def event_line(event: Event) -> str:
    """One decision, order or finished round as a plain line."""
    match event:
        case Decision():
            return f"decision {decision_text(event)}"
        case OrderRecord():
            return f"order {order_text(event)}"
        case Score():
            return f"round {score_text(event)}"


def decision_text(decision: Decision) -> str:
    """What was decided about which minute, by which forecast, and why."""
    minute = f"{clock_text(decision.window_start, '%H:%M')}–{clock_text(decision.window_end, '%H:%M')}"
    side = decision.forecast_side or "none"
    return f"{minute} {decision.symbol}: {decision.action} (forecast: {side}): {decision.detail}"


def reason_text(decision: Decision) -> str:
    """The word for why, as a person writes it."""
    return decision.reason.replace("_", " ")


def order_text(order: OrderRecord) -> str:
    """How an order ended."""
    average = f" at {Decimal(order.average_price):,.2f}" if order.average_price else ""
    why = f": {order.reason}" if order.reason else ""
    return (
        f"{order.side} {amount_text(Decimal(order.amount))} {order.symbol}: {order.status.replace('_', ' ')}, "
        f"{amount_text(Decimal(order.executed))}{average}{why}"
    )


def score_text(score: Score) -> str:
    """What one round earned."""
    return (
        f"{clock_text(score.opened_time)}–{clock_text(score.closed_time)} {score.symbol}: "
        f"gross {signed_text(Decimal(score.gross))}, fees {Decimal(score.fees):,.2f}, "
        f"net {signed_text(Decimal(score.net))} ({signed_text(Decimal(score.net_percent))} %)"
    )


def amount_text(amount: Decimal) -> str:
    """An amount with all its places and no idle zeros."""
    return f"{amount.normalize():,f}"


def signed_text(number: Decimal | None) -> str:
    """A sum with its sign and two places."""
    return NOTHING if number is None else f"{number:+,.2f}"
