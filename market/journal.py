"""The bot's journal (`bot.events`), written before it acts, and the orders it is given (`bot.commands`).

Each record's `id` is made from facts that survive a restart, so that writing it twice leaves one document. `bot` is the
identity that wrote it: name, mode and symbol. Amounts and prices are decimal text, times epoch milliseconds.
"""

from typing import Literal

import msgspec

from market.records import Record, decode_whole

Side = Literal["buy", "sell"]
Action = Literal["buy", "sell", "none"]
Purpose = Literal["entry", "exit", "flatten"]
# `refused`: the exchange said no. `not_placed`: it does not know the order. `unfilled`: taken, but nothing traded.
OrderStatus = Literal["filled", "partly_filled", "unfilled", "refused", "not_placed"]
OperatorState = Literal["active", "paused", "reducing", "flattening"]
CommandAction = Literal["pause", "resume", "reduce", "flatten", "accept"]


class Journaled(Record, frozen=True, omit_defaults=True, kw_only=True):
    """What every record of the journal names besides `exchange`, `symbol` and `event_time` (when it was written)."""

    bot: str
    id: str


class Decision(Journaled, frozen=True, omit_defaults=True, kw_only=True, tag="decision"):
    """What the bot did about one minute, and why.

    `reason` is one of a fixed set of words, `detail` the sentence with the numbers. `source_offset` is where the minute
    stood in `spark.out`. `client_order_id` names the order when `action` is not none.
    """

    window_start: int
    window_end: int
    forecast_ds: int
    forecast_side: Side | None
    action: Action
    reason: str
    detail: str
    ratio: str | None
    complete: bool
    bid: str | None
    ask: str | None
    position: str
    state: OperatorState
    source_offset: int
    client_order_id: str | None = None


class OrderIntent(Journaled, frozen=True, omit_defaults=True, kw_only=True, tag="order_intent"):
    """An order about to be sent. Open until an `order` with the same `client_order_id` follows."""

    client_order_id: str
    side: Side
    amount: str
    price: str
    purpose: Purpose
    window_start: int | None = None


class OrderRecord(Journaled, frozen=True, omit_defaults=True, kw_only=True, tag="order"):
    """How an order ended; final. `executed` is in base, `average_price` null when nothing traded."""

    client_order_id: str
    side: Side
    amount: str
    price: str
    purpose: Purpose
    status: OrderStatus
    executed: str
    intent_time: int
    order_id: str | None = None
    average_price: str | None = None
    reason: str | None = None
    window_start: int | None = None


class Fill(Journaled, frozen=True, omit_defaults=True, kw_only=True, tag="fill"):
    """One trade of an order of ours; `event_time` is the exchange's."""

    trade_id: str
    client_order_id: str
    order_id: str
    side: Side
    price: str
    amount: str
    fee: str
    fee_currency: str


class Balance(Journaled, frozen=True, omit_defaults=True, kw_only=True, tag="balance"):
    """The account once a minute, beside what the ledger expects; `agrees` when both are the same.

    `position` is what the bot's own fills bought and still hold, `cost` what was paid for it, fees included. `equity` =
    opening quote + the bot's cash changes + position × bid; `buy_and_hold` = the opening quote spent whole at the ask
    of the first decision, one fee, at the same bid. Both are null without a fresh price.
    """

    base_currency: str
    quote_currency: str
    base_amount: str
    base_available: str
    quote_amount: str
    quote_available: str
    expected_base: str
    expected_quote: str
    agrees: bool
    position: str
    cost: str
    fees_paid: str
    bid: str | None = None
    equity: str | None = None
    profit: str | None = None
    buy_and_hold: str | None = None


class Ticker(Journaled, frozen=True, omit_defaults=True, kw_only=True, tag="ticker"):
    """Best bid and ask, and the last trade's price where the exchange tells it, once a minute."""

    bid: str
    ask: str
    last: str | None = None


class Score(Journaled, frozen=True, omit_defaults=True, kw_only=True, tag="score"):
    """What one round from nothing held to nothing held earned: `net` = `gross` − `fees`, in quote.

    `proceeds` came from what was sold (`amount`), `cost` was paid for it; both without fees. `net_percent` is of the
    cost with its fees.
    """

    client_order_id: str
    opened_time: int
    closed_time: int
    amount: str
    proceeds: str
    cost: str
    entry_fees: str
    exit_fees: str
    gross: str
    fees: str
    net: str
    net_percent: str


class StateChange(Journaled, frozen=True, omit_defaults=True, kw_only=True, tag="state"):
    """The bot started, was told something, or met or left a trouble that forbids trading.

    `command_offset` is where the command stood in `bot.commands`. `baseline_*`: the account's balances less what the
    bot's own fills changed, as recorded at the first start or when an operator accepts a difference; `written_off` is
    the part of the position that the account no longer holds then.
    """

    state: OperatorState
    reason: str
    trouble: str | None = None
    command_offset: int | None = None
    baseline_base: str | None = None
    baseline_quote: str | None = None
    written_off: str | None = None


class Command(Record, frozen=True, kw_only=True, tag="command"):
    """What an operator tells the bot of that identity, on `bot.commands`."""

    bot: str
    id: str
    action: CommandAction


JournalRecord = Decision | OrderIntent | OrderRecord | Fill | Balance | Ticker | Score | StateChange

_journal: msgspec.json.Decoder[JournalRecord] = msgspec.json.Decoder(JournalRecord)
_command = msgspec.json.Decoder(Command)


def decode_journal(value: bytes) -> JournalRecord:
    """A record of `bot.events`; raises `MalformedRecord`."""
    return decode_whole(_journal, value)


def decode_command(value: bytes) -> Command:
    """A record of `bot.commands`; raises `MalformedRecord`."""
    return decode_whole(_command, value)
