"""The bot's own client at the simulated exchange, over a real socket."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from bot.errors import Refused, TryLater, Unclear, WrongKeys
from bot.exchange import Order
from bot.gemini_rest import GeminiRest
from bot.settle import outcome_by_look_up
from market.journal import Side
from market.symbols import BTCUSD
from tests.simulator.running_exchange import DEADLINE, RunningExchange, running_exchange
from tests.simulator.trading_client import KEYS, NAME, SECRET


@pytest.fixture(params=[1, 20], ids=["real-time", "faster"])
def exchange(request: pytest.FixtureRequest) -> Iterator[RunningExchange]:
    with running_exchange(speed=request.param, simulator_rate=0.1, **KEYS) as running:
        yield running


@pytest.fixture
def rest(exchange: RunningExchange) -> Iterator[GeminiRest]:
    with client(exchange) as opened:
        yield opened


def client(exchange: RunningExchange, secret: str = SECRET, answer_seconds: float = DEADLINE) -> GeminiRest:
    return GeminiRest(
        f"http://127.0.0.1:{exchange.port}", NAME, secret, "BTCUSD", exchange.clock, answer_seconds=answer_seconds
    )


def order(rest: GeminiRest, side: Side, amount: str, client_order_id: str) -> Order:
    touch = rest.touch()
    price = touch.ask + 100 if side == "buy" else touch.bid - 100
    return Order(client_order_id, "BTCUSD", side, Decimal(amount), price)


def test_keys_steps_touch_and_balances_are_as_the_bot_expects(rest: GeminiRest) -> None:
    rest.check_keys()
    assert rest.steps() == BTCUSD
    assert rest.touch().bid < rest.touch().ask
    assert rest.ticker().last is not None
    assert {name: held.available for name, held in rest.holdings().items()} == {"BTC": 1000, "USD": 100_000}
    skew_ms = rest.skew_ms()
    assert skew_ms is not None


def test_wrong_secret_is_told_as_wrong_keys(exchange: RunningExchange) -> None:
    with client(exchange, secret="another") as rest, pytest.raises(WrongKeys, match="InvalidSignature"):
        rest.check_keys()


def test_buy_and_sale_settle_to_the_last_digit(rest: GeminiRest) -> None:
    btc, usd = Decimal(1000), Decimal(100_000)
    sides: tuple[Side, ...] = ("buy", "sell")
    for side in sides:
        sent = order(rest, side, "1.00000007", f"bot-{side}")
        report = rest.send(sent)
        assert report.executed == sent.amount
        (found,) = rest.find(sent.client_order_id)
        assert found.is_the_same_as(sent)
        assert found.trades is not None
        sign = 1 if side == "buy" else -1
        for trade in found.trades:
            btc += sign * trade.amount
            usd -= sign * trade.amount * trade.price + trade.fee
    held = rest.holdings()
    assert (held["BTC"].amount, held["USD"].amount) == (btc, usd)


def test_partly_filled_order_tells_what_it_executed(exchange: RunningExchange, rest: GeminiRest) -> None:
    exchange.cause("partial")
    report = rest.send(order(rest, "buy", "0.01", "bot-half"))
    assert (report.executed, report.cancelled, report.live) == (Decimal("0.005"), True, False)


def test_order_whose_answer_was_lost_is_found_by_its_id(exchange: RunningExchange, rest: GeminiRest) -> None:
    sent = order(rest, "buy", "0.01", "bot-lost")
    exchange.cause("rest-lost-answer")
    with pytest.raises(Unclear):
        rest.send(sent)
    outcome = outcome_by_look_up(rest, sent, lambda seconds: False)
    assert outcome.status == "filled"
    assert rest.holdings()["BTC"].amount == Decimal("1000.01")


@pytest.mark.parametrize("fault", ["rest-html", "rest-503", "rest-refuse"])
def test_order_that_met_an_outage_is_unclear_and_questions_may_be_asked_again(
    exchange: RunningExchange, rest: GeminiRest, fault: str
) -> None:
    sent = order(rest, "buy", "0.01", "bot-outage")
    exchange.cause(fault, seconds=100_000)
    with pytest.raises(Unclear):
        rest.send(sent)
    with pytest.raises(TryLater):
        rest.holdings()


def test_slow_answer_is_unclear_and_the_order_exists(exchange: RunningExchange, rest: GeminiRest) -> None:
    sent = order(rest, "buy", "0.01", "bot-slow")
    exchange.cause("rest-slow", seconds=100_000)
    with client(exchange, answer_seconds=0.5) as hasty, pytest.raises(Unclear):
        hasty.send(sent)
    (made,) = exchange.call("/simulator/orders")[1]["orders"]
    assert (made["client_order_id"], made["executed_amount"]) == ("bot-slow", "0.01")


def test_order_beyond_the_balance_is_refused(rest: GeminiRest) -> None:
    with pytest.raises(Refused) as caught:
        rest.send(order(rest, "buy", "1000", "bot-large"))
    assert caught.value.reason == "InsufficientFunds"
    assert rest.find("bot-large") == ()
