"""The bot's own client and course against the simulated exchange, over loopback: every fill is in the ledger."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import pytest

from bot.decide import Limits
from bot.entries import Author
from bot.errors import TryLater, WrongKeys
from bot.exchange import Order
from bot.execution import Profile
from bot.gemini_rest import GeminiRest
from bot.logbook import Logbook
from bot.state import BotState
from bot.trader import Minute, Trader
from market.forecast import ForecastRow, ForecastTable
from market.journal import Balance, OrderRecord, Score
from market.symbols import BTCUSD
from pipeline.clock import Clock
from pipeline.log import get_log
from pipeline.metrics import Metrics
from pipeline.process import StopSignal
from tests.bot.doubles import FEE_BPS, MINUTE, MemoryJournal, Shelf, minute
from tests.simulator.running_exchange import RunningExchange, running_exchange

KEY, SECRET = "account-OfTheTest", "SecretOfTheTest"
AUTHOR = Author("bot1", "simulator", "gemini", "BTCUSD")
# As generous as a busy machine needs; what the limits mean is tested elsewhere.
LIMITS = Limits(ratio_age_ms=900_000, price_age_ms=60_000, skew_ms=60_000)


@contextmanager
def exchange_and_client(secret: str = SECRET) -> Iterator[tuple[RunningExchange, GeminiRest]]:
    with (
        running_exchange(simulator_api_key=KEY, simulator_api_secret=SECRET) as exchange,
        GeminiRest(f"http://127.0.0.1:{exchange.port}", KEY, secret, "BTCUSD", Clock.real()) as rest,
    ):
        yield exchange, rest


class Course:
    """A trader whose minutes end one after the other, the first of them now."""

    def __init__(self, rest: GeminiRest, sides: str) -> None:
        clock = Clock.real()
        self.first = clock.wall_ms() // MINUTE * MINUTE - MINUTE
        rows = [
            ForecastRow(ds=self.first + (number + 2) * MINUTE, side="buy" if letter == "b" else "sell")
            for number, letter in enumerate(sides)
        ]
        self.shelf, self.state, self.rest = Shelf(), BotState(), rest
        self.trader = Trader(
            Profile(AUTHOR, LIMITS, Decimal("0.9"), FEE_BPS, Decimal(0)),
            rest,
            Logbook(MemoryJournal(self.shelf), self.state),
            lambda: ForecastTable(rows),
            clock,
            StopSignal().wait,
            get_log("bot"),
            Metrics(),
        )
        self.trader.tick()

    def live(self, number: int) -> None:
        self.trader.take_minutes([Minute(number, minute(self.first + number * MINUTE))])

    def orders(self) -> list[OrderRecord]:
        return [record for record in self.shelf.records if isinstance(record, OrderRecord)]

    def assert_ledger_equals_account(self) -> None:
        assert self.state.baseline is not None
        expected, held = self.state.baseline.expected(self.state.ledger), self.rest.holdings()
        assert (expected.base, expected.quote) == (held["BTC"].amount, held["USD"].amount)


def test_steps_prices_clock_and_opening_balances_are_understood() -> None:
    with exchange_and_client() as (_, rest):
        rest.check_keys()
        assert rest.steps() == BTCUSD
        touch, ticker = rest.touch(), rest.ticker()
        held = rest.holdings()
        skew = rest.skew_ms()
    assert touch.bid < touch.ask
    assert ticker.last is not None
    assert (held["BTC"].amount, held["USD"].amount) == (Decimal(1000), Decimal(100_000))
    assert skew is not None
    assert abs(skew) < 30_000


def test_round_with_a_partly_filled_buy_and_a_lost_answer_leaves_ledger_and_account_equal() -> None:
    with exchange_and_client() as (exchange, rest):
        course = Course(rest, "bsssss")
        exchange.cause("partial")
        exchange.cause("rest-lost-answer")
        course.live(0)
        bought = course.orders()[0]
        assert (bought.side, bought.status) == ("buy", "partly_filled")
        course.assert_ledger_equals_account()
        for number in range(1, 6):
            course.live(number)
        course.assert_ledger_equals_account()
        taken = exchange.call("/simulator/orders")[1]["orders"]
    assert {order["client_order_id"]: order["executed_amount"] for order in taken} == {
        order.client_order_id: order.executed for order in course.orders()
    }
    (score,) = [record for record in course.shelf.records if isinstance(record, Score)]
    assert Decimal(score.net) == course.state.ledger.cash
    assert Decimal(score.fees) > 0
    assert all(record.agrees for record in course.shelf.records if isinstance(record, Balance))


def test_refused_order_is_recorded_with_the_exchanges_reason() -> None:
    with exchange_and_client() as (_, rest):
        course = Course(rest, "b")
        poor = Order("bot1-btcusd-x1-s", "BTCUSD", "sell", Decimal(2000), Decimal(1))
        course.trader._execution.submit(poor, "flatten", BTCUSD)
        course.assert_ledger_equals_account()
    (order,) = course.orders()
    assert order.status == "refused"
    assert "InsufficientFunds" in (order.reason or "")


def test_exchange_that_answers_html_is_asked_later() -> None:
    with exchange_and_client() as (exchange, rest):
        exchange.cause("rest-html")
        with pytest.raises(TryLater, match="503"):
            rest.touch()


def test_wrong_secret_is_refused_at_the_start_and_not_shown() -> None:
    with (
        exchange_and_client("AnotherSecret") as (_, rest),
        pytest.raises(WrongKeys, match="InvalidSignature") as caught,
    ):
        rest.check_keys()
    assert "AnotherSecret" not in str(caught.value)
