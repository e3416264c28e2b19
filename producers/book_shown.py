"""A recorded book as a table, as JSON, and as the bar chart of the queues on both sides of the reference price."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from itertools import zip_longest
from pathlib import Path

import msgspec

from market.decimals import plain
from pipeline.errors import WrongSettings
from pipeline.log import get_log
from pipeline.picture import write_picture
from producers.recorded_book import RecordedBook

INCHES = (10.0, 5.5)
# So many queues a side still have room for their prices below the chart.
MOST_LABELS = 25


def book_json(shown: RecordedBook, depth: int) -> str:
    """One JSON object: the best `depth` levels, and as many queues on each side of the reference price."""
    book = shown.book
    bids, asks = book.top(depth)
    return msgspec.json.encode(
        {
            "exchange": shown.exchange,
            "symbol": shown.symbol,
            "received_time": shown.received_time,
            "event_time": shown.event_time,
            "whole": not shown.doubt,
            "doubt": shown.doubt or None,
            "levels": len(book),
            "bids": bids,
            "asks": asks,
            "mid": _text(book.mid),
            "spread": _text(book.spread),
            "crossed": book.is_crossed,
            "tick": plain(shown.reference.tick),
            "reference_price": _text(shown.reference.price),
            "queues": [
                {"position": queue.position, "price": plain(queue.price), "remaining": plain(queue.remaining)}
                for queue in shown.reference.view(book, depth)
            ],
        }
    ).decode()


def book_table(shown: RecordedBook, depth: int) -> str:
    """The best `depth` levels of both sides, and what is worth knowing of the book, in lines."""
    book = shown.book
    bids, asks = book.top(depth)
    rows = [("bid size", "bid", "ask", "ask size")]
    rows += [(bid[1], bid[0], ask[0], ask[1]) for bid, ask in zip_longest(bids, asks, fillvalue=("", ""))]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        f"{shown.exchange} {shown.symbol} as received up to {_time(shown.received_time)}, "
        f"event time {_time(shown.event_time)}",
        f"reference price {_text(shown.reference.price) or '-'} (tick {plain(shown.reference.tick)}), "
        f"mid {_text(book.mid) or '-'}, spread {_text(book.spread) or '-'}, {len(book):,} levels",
    ]
    if shown.doubt:
        lines.append(f"NOT WHOLE: the feed is in doubt ({shown.doubt})")
    if book.is_crossed:
        lines.append("CROSSED: the best bid is not below the best ask")
    lines += [
        f"{row[0]:>{widths[0]}}  {row[1]:>{widths[1]}} | {row[2]:<{widths[2]}}  {row[3]:<{widths[3]}}".rstrip()
        for row in rows
    ]
    return "\n".join(lines)


def plot_book(shown: RecordedBook, depth: int, path: Path) -> None:
    """Draw `depth` queues on each side of the reference price. Raises WrongSettings when that cannot be done."""
    from matplotlib.figure import Figure  # takes a second to import, and only this needs it

    price = shown.reference.price
    if price is None:
        raise WrongSettings(f"--plot: {shown.symbol} has no reference price then: its book lacks a side")
    queues = shown.reference.view(shown.book, depth)
    figure = Figure(figsize=INCHES, layout="constrained")
    axes = figure.subplots()
    width = float(shown.reference.tick) * 0.8
    axes.axvline(float(price), color="tab:blue", label=f"reference price {_text(price)}")
    for sign, name, color in ((-1, "bids", "tab:red"), (1, "asks", "tab:green")):
        side = [queue for queue in queues if queue.position * sign > 0]
        axes.bar(
            [float(queue.price) for queue in side],
            [float(queue.remaining) for queue in side],
            width,
            color=color,
            label=name,
        )
    if not any(queue.remaining for queue in queues):
        get_log("producer").warning(
            f"all {depth} queues on each side are empty: the nearest level is farther away than that many ticks of "
            f"{plain(shown.reference.tick)}; give a larger --depth"
        )
    if depth <= MOST_LABELS:
        prices = [plain(queue.price.quantize(shown.reference.tick)) for queue in queues]
        axes.set_xticks([float(queue.price) for queue in queues], prices, rotation=90)
    axes.set_ylim(bottom=0)
    axes.set_title(f"{shown.exchange} {shown.symbol}: {depth} queues on each side, {_time(shown.received_time)}")
    axes.set_xlabel("price")
    axes.set_ylabel("remaining")
    axes.legend()
    write_picture(figure, path)


def _text(number: Decimal | None) -> str | None:
    return None if number is None else plain(number)


def _time(epoch_ms: int) -> str:
    return datetime.fromtimestamp(epoch_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + " UTC"
