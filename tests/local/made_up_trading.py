"""Records of a bot's journal for the tests of what is shown of them."""

from decimal import Decimal

from local.minutes_seen import MINUTE_MS
from local.trading_seen import TradingSeen
from market.journal import Action, Balance, Decision, Fill, OrderRecord, Score, Side

NOON = 1_767_268_800_000  # 2026-01-01 12:00 UTC
BOT = "bot1-simulator-btcusd"


def decision(minute: int = 0, action: Action = "none", forecast: Side | None = "sell") -> Decision:
    start = NOON + minute * MINUTE_MS
    return Decision(
        exchange="gemini",
        symbol="BTCUSD",
        event_time=start + MINUTE_MS + 2_000,
        bot=BOT,
        id=f"{BOT}:{start}",
        window_start=start,
        window_end=start + MINUTE_MS,
        forecast_ds=start + 2 * MINUTE_MS,
        forecast_side=forecast,
        action=action,
        reason="nothing_to_sell",
        detail="the forecast says sell, and nothing is held",
        ratio="1.620000123456",
        complete=True,
        bid="7500.01",
        ask="7500.02",
        position="0",
        state="active",
        source_offset=minute,
    )


def order(name: str, side: Side = "buy", executed: str = "2") -> OrderRecord:
    return OrderRecord(
        exchange="gemini",
        symbol="BTCUSD",
        event_time=NOON,
        bot=BOT,
        id=f"{BOT}:{name}",
        client_order_id=name,
        side=side,
        amount="2",
        price="7500.02",
        purpose="entry" if side == "buy" else "exit",
        status="unfilled" if executed == "0" else "filled" if executed == "2" else "partly_filled",
        executed=executed,
        intent_time=NOON,
        average_price=None if executed == "0" else "7500.02",
        reason=None if executed == "2" else "ImmediateOrCancelWouldPost",
    )


def fill(name: str, side: Side = "buy", amount: str = "2", fee: str = "60") -> Fill:
    return Fill(
        exchange="gemini",
        symbol="BTCUSD",
        event_time=NOON,
        bot=BOT,
        id=f"{BOT}:{name}",
        trade_id=name,
        client_order_id=name,
        order_id="1",
        side=side,
        price="7500.02",
        amount=amount,
        fee=fee,
        fee_currency="USD",
    )


def score(name: str, net: str = "-121.00") -> Score:
    return Score(
        exchange="gemini",
        symbol="BTCUSD",
        event_time=NOON + MINUTE_MS,
        bot=BOT,
        id=f"{BOT}:{name}",
        client_order_id=name,
        opened_time=NOON,
        closed_time=NOON + MINUTE_MS,
        amount="2",
        proceeds="14999",
        cost="15000",
        entry_fees="60",
        exit_fees="60",
        gross=str(Decimal(net) + 120),
        fees="120",
        net=net,
        net_percent="-0.80",
    )


def balance(position: str = "0", fees: str = "0", profit: str | None = "0", hold: str | None = None) -> Balance:
    return Balance(
        exchange="gemini",
        symbol="BTCUSD",
        event_time=NOON,
        bot=BOT,
        id=f"{BOT}:{NOON}",
        base_currency="BTC",
        quote_currency="USD",
        base_amount="1000",
        base_available="1000",
        quote_amount="100000",
        quote_available="100000",
        expected_base="1000",
        expected_quote="100000",
        agrees=True,
        position=position,
        cost="0",
        fees_paid=fees,
        equity=None if profit is None else str(100_000 + Decimal(profit)),
        profit=profit,
        buy_and_hold=hold,
    )


def traded() -> TradingSeen:
    """What was seen after one round that lost its fees."""
    seen = TradingSeen()
    for record in (
        balance(),
        decision(0, "buy", "buy"),
        order("o1"),
        fill("t1"),
        decision(1, "sell"),
        order("o2", "sell"),
        fill("t2", "sell"),
        score("o2"),
        balance("0", "120", "-121", "99581.34"),
    ):
        seen.take(record)
    return seen
