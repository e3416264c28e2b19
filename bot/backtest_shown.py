"""How a backtest went: as text, as JSON, and as a picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from bot.backtest_result import BacktestResult
from market.decimals import plain
from market.fees import round_trip
from market.forecast import ForecastTable
from pipeline.picture import write_picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_ROUNDS = 20
_INCHES = (11.0, 6.0)
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Shown:
    """A backtest's result and what it was made with. `delay_ms`: how long after its end a minute reached the bot."""

    exchange: str
    symbol: str
    quote: str
    fee_bps: Decimal
    delay_ms: int
    forecast: ForecastTable | str
    result: BacktestResult


def backtest_text(shown: Shown) -> str:
    """Some lines for a person."""
    return "\n".join(_lines(shown))


def backtest_json(shown: Shown) -> bytes:
    """One JSON object; money as decimal text, times in epoch ms."""
    result = shown.result
    return msgspec.json.encode(
        {
            "exchange": shown.exchange,
            "symbol": shown.symbol,
            "quote": shown.quote,
            "fee_bps": plain(shown.fee_bps),
            "delay_ms": shown.delay_ms,
            "first_minute": result.decisions[0].window_start if result.decisions else None,
            "last_minute": result.decisions[-1].window_start if result.decisions else None,
            "minutes": len(result.decisions),
            "complete_minutes": result.complete_minutes,
            "reasons": result.reasons,
            "orders": len(result.orders),
            "fills": len(result.fills),
            "fees": plain(result.fees.normalize()),
            "opening_quote": plain(result.opening_quote),
            "equity": plain(result.equity.normalize()),
            "buy_and_hold": None if result.buy_and_hold is None else plain(result.buy_and_hold),
            "deepest_fall_percent": f"{result.deepest_fall_percent:.4f}",
            "position": plain(result.position.normalize()),
            "rounds": [
                {
                    "opened": score.opened_time,
                    "closed": score.closed_time,
                    "amount": score.amount,
                    "cost": score.cost,
                    "proceeds": score.proceeds,
                    "fees": score.fees,
                    "net": score.net,
                    "net_percent": score.net_percent,
                }
                for score in result.rounds
            ],
        }
    )


def draw_backtest(shown: Shown, path: Path) -> None:
    """Draw equity, buying and holding, and each fill. Raises `WrongSettings` when the file cannot be written."""
    from matplotlib.figure import Figure  # takes a second to import, and only this needs it

    figure = Figure(figsize=_INCHES, layout="constrained")
    worth, prices = figure.subplots(2, 1, sharex=True)
    _draw_worth(worth, shown)
    _draw_prices(prices, shown)
    prices.xaxis_date("UTC")
    figure.autofmt_xdate()
    figure.suptitle(f"{shown.exchange} {shown.symbol}: backtest, taker fee {plain(shown.fee_bps)} basis points")
    write_picture(figure, path)


def _lines(shown: Shown) -> Iterator[str]:
    result, quote = shown.result, shown.quote
    decisions = result.decisions
    yield (
        f"{shown.exchange} {shown.symbol}: {len(decisions)} minutes from {_time(decisions[0].window_start)} to "
        f"{_time(decisions[-1].window_end)}, {result.complete_minutes} of them complete"
    )
    yield from _about_forecast(shown)
    yield "decided: " + " · ".join(f"{count} {reason}" for reason, count in result.reasons.items())
    buys = sum(order.side == "buy" for order in result.orders)
    yield (
        f"orders: {buys} to buy, {len(result.orders) - buys} to sell, {len(result.fills)} fills, "
        f"{result.fees:,.2f} {quote} of fees"
    )
    yield f"rounds: {len(result.rounds)}, of which {result.wins} earned anything"
    for score in result.rounds[:MOST_ROUNDS]:
        yield (
            f"  {_time(score.opened_time)} to {_time(score.closed_time)}: {score.amount}, "
            f"net {Decimal(score.net):+,.2f} {quote} ({Decimal(score.net_percent):+.2f} %)"
        )
    if len(result.rounds) > MOST_ROUNDS:
        yield f"  and {len(result.rounds) - MOST_ROUNDS} more (--json has all)"
    if result.position:
        yield f"held at the end: {plain(result.position)}"
    yield (
        f"equity at the end: {result.equity:,.2f} {quote} ({_percent(result.equity_percent)}), "
        f"deepest fall {_percent(result.deepest_fall_percent)}"
    )
    if result.buy_and_hold is not None:
        yield (f"bought once and held: {result.buy_and_hold:,.2f} {quote} ({_percent(result.buy_and_hold_percent)})")
    yield (
        f"To buy and sell again costs {100 * round_trip(shown.fee_bps):.2f} % in fees. Orders trade against the "
        "recorded book, which they do not move: nobody answers them, and that flatters large ones."
    )


def _about_forecast(shown: Shown) -> Iterator[str]:
    table, decisions = shown.forecast, shown.result.decisions
    if isinstance(table, str):
        yield f"NO FORECAST: {table}"
        return
    yield f"forecast: {len(table):,} minutes from {_time(table.first)} to {_time(table.last)}"
    without = sum(decision.forecast_side is None for decision in decisions)
    if without == len(decisions):
        yield "NO MINUTE of the records lies within the forecast: it must be made for their time"
    elif without:
        yield f"{without} of {len(decisions)} minutes have no row in it: nothing is decided about them"


def _draw_worth(axes: Axes, shown: Shown) -> None:
    worth = shown.result.worth
    held = [(found.time, found.buy_and_hold) for found in worth if found.buy_and_hold is not None]
    axes.plot(
        [_days(found.time) for found in worth],
        [float(found.equity) for found in worth],
        color="tab:blue",
        label="bot",
    )
    axes.plot(
        [_days(time) for time, _ in held],
        [float(amount) for _, amount in held],
        color="tab:gray",
        label="buy and hold",
    )
    axes.set_ylabel(shown.quote)
    axes.legend()


def _draw_prices(axes: Axes, shown: Shown) -> None:
    result = shown.result
    priced = [(found.event_time, float(found.bid)) for found in result.decisions if found.bid is not None]
    axes.plot([_days(time) for time, _ in priced], [bid for _, bid in priced], color="tab:gray", label="best bid")
    for side, mark, color in (("buy", "^", "tab:green"), ("sell", "v", "tab:red")):
        fills = [fill for fill in result.fills if fill.side == side]
        axes.plot(
            [_days(fill.event_time) for fill in fills],
            [float(fill.price) for fill in fills],
            mark,
            color=color,
            label=f"bot {side}s",
        )
    axes.set_ylabel(f"price in {shown.quote}")
    axes.legend()


def _percent(value: Decimal | None) -> str:
    return "-" if value is None else f"{value:+.2f} %"


def _time(epoch_ms: int) -> str:
    return datetime.fromtimestamp(epoch_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _days(epoch_ms: int) -> float:
    """As the picture's axis counts."""
    return epoch_ms / _DAY_MS
