"""What an operator tells the bot: it holds at once and after a restart."""

from decimal import Decimal

from market.journal import (
    OrderRecord,
    Score,
)
from tests.bot.desk import Desk


def test_pause_sends_nothing_and_resume_goes_on_even_after_a_restart() -> None:
    desk = Desk("bbb")
    desk.tell("pause")
    desk.live(0)
    desk.start()
    desk.live(1)
    desk.tell("resume")
    desk.live(2)
    assert desk.reasons() == ["paused", "paused", "forecast_buy"]


def test_reduce_lets_out_and_not_in() -> None:
    desk = Desk("bsb")
    desk.live(0)
    desk.tell("reduce")
    desk.live(1)
    desk.live(2)
    assert desk.reasons() == ["forecast_buy", "forecast_sell", "reducing"]


def test_flatten_sells_all_that_was_bought_at_once_then_pauses() -> None:
    desk = Desk("bbb")
    desk.live(0)
    desk.exchange.depth = Decimal(500)
    desk.tell("flatten")
    for _ in range(4):
        desk.trader.tick()
        desk.clock.now_ms += 3_000
    desk.trader.tick()
    assert [(order.purpose, order.status) for order in desk.all(OrderRecord)][1:] == [
        ("flatten", "partly_filled"),
        ("flatten", "filled"),
    ]
    assert desk.state.operator == "paused"
    assert len({order.client_order_id for order in desk.exchange.sent}) == 3
    assert len(desk.all(Score)) == 1
    desk.assert_ledger_equals_account()


def test_flatten_goes_on_when_the_wall_clock_is_set_back() -> None:
    desk = Desk("b")
    desk.live(0)
    desk.exchange.depth = Decimal(500)
    desk.tell("flatten")
    desk.trader.tick()
    desk.clock.set_back_ms = 3_600_000
    desk.clock.now_ms += 6_000
    desk.trader.tick()
    assert [order.purpose for order in desk.all(OrderRecord)][1:] == ["flatten", "flatten"]


def test_command_heard_before_or_meant_for_another_bot_changes_nothing() -> None:
    desk = Desk("b")
    desk.tell("pause", bot="bot2-simulator-btcusd")
    assert desk.state.operator == "active"
    desk.tell("pause")
    desk.tell("resume")
    desk.commands = -1
    desk.tell("pause")
    desk.tell("pause")
    assert desk.state.operator == "active"


def test_first_command_of_the_topic_is_not_done_again_after_a_restart() -> None:
    desk = Desk("b")
    desk.tell("pause")
    desk.tell("resume")
    desk.start()
    desk.commands = -1
    desk.tell("pause")
    assert desk.state.operator == "active"
