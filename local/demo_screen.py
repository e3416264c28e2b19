"""How a demo looks: pure functions from what was seen to rich renderables and to plain lines."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from local.minutes_seen import MINUTE_MS, Absence, MinuteRow, Price, clock_text, counts_text
from local.trading_screen import TradingView, honest_texts, reason_text, trading_texts
from local.trading_seen import TradingSeen
from market.journal import Decision

MARKS = {"up": ("●", "green"), "starting": ("○", "yellow"), "restarting": ("○", "yellow"), "down": ("●", "red")}
NOTHING = "–"
DAY_MS = 86_400_000
# A trigger, the batch itself and the commit: what Spark took on two busy cores, rounded up.
SPARK_SECONDS = 3.0
# The title, the table's head, two blank lines, one where the cursor stays, and three for long lines that are wrapped.
OTHER_LINES = 8
# With fewer lines than this for the minutes, what only explains is left out.
ENOUGH_ROOM = 5
ACTION_STYLES = {"buy": "bold green", "sell": "bold magenta", "none": "dim"}


@dataclass(frozen=True)
class PartView:
    """One part as it is shown: its state is one of `MARKS`."""

    name: str
    state: str
    restarts: int = 0


@dataclass(frozen=True)
class DemoView:
    """All that one frame of the demo's screen shows. Times are epoch milliseconds of the run's clock."""

    source: str
    parts: tuple[PartView, ...]
    rows: tuple[MinuteRow | Absence, ...]
    counts: Mapping[str, int]
    price: Price | None
    now_ms: int
    first_time: int | None
    event_time: int | None
    speed: float
    spark_ui: str
    ratio_seen: bool
    delay_seconds: float
    trading: TradingView | None = None
    feed: Literal["simulator", "live", "replay"] = "simulator"
    feed_topic: str = "gemini-feed"
    make_options: str = ""


@dataclass(frozen=True)
class NextRatio:
    """When the next ratio is to be expected: `at_ms` of the run's clock, `seconds` of real time from now on."""

    at_ms: int
    seconds: int


def next_ratio(filling_ms: int, now_ms: int, speed: float, delay_seconds: float) -> NextRatio:
    """When the ratio of the minute that `filling_ms` lies in will be there.

    A minute closes when event time passes its end by the delay; Spark then needs a moment of real time.
    """
    closes_ms = (filling_ms // MINUTE_MS + 1) * MINUTE_MS + round(delay_seconds * 1000)
    at_ms = closes_ms + round(SPARK_SECONDS * speed * 1000)
    return NextRatio(at_ms, max(0, round((at_ms - now_ms) / speed / 1000)))


def screen(view: DemoView, messages: Sequence[str], height: int) -> RenderableType:
    """The whole screen; the oldest minutes are left out where `height` lines do not hold them all."""
    footer = [
        *(Text(message, style="yellow") for message in messages),
        _parts_line(view.parts),
        *_feed_lines(view),
        _progress(view),
    ]
    notes: list[RenderableType] = []
    if view.trading is not None:
        footer += [_cut(text) for text in trading_texts(view.trading)]
        notes = [_cut(text, "yellow") for text in honest_texts(view.trading.forecast)]
    looks = _look_lines(view)
    room = height - len(footer) - len(looks) - OTHER_LINES
    if room - len(notes) < ENOUGH_ROOM:
        notes = []
    room = max(3, room - len(notes))
    table = minutes_table(view.rows[-room:], view.now_ms, view.trading.seen if view.trading else None)
    return Group(_title(view), Text(), table, Text(), *footer, *notes, *looks)


def minutes_table(rows: Sequence[MinuteRow | Absence], now_ms: int, trading: TradingSeen | None = None) -> Table:
    """The finished minutes, oldest first, a line each; the day is named only where it is not today.

    Where there is trading, a minute's line ends with what was decided about it.
    """
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", expand=False)
    table.add_column("Minute (UTC)", no_wrap=True)
    for name in ("Bid", "Ask", "Ask/bid", "Changes"):
        table.add_column(name, justify="right", no_wrap=True)
    if trading is not None:
        table.add_column("Forecast", no_wrap=True)
        table.add_column("Decision", no_wrap=True)
    # Not `no_wrap`: this is the column that gives way. Its texts are cut instead.
    table.add_column("Complete" if trading is None else "Why")
    for row in rows:
        if isinstance(row, Absence):
            between = [""] * (len(table.columns) - 2)
            table.add_row(_span(row.from_ms, row.to_ms, now_ms), *between, _cut(absence_text(row)), style="dim")
        else:
            end = _complete_cells(row) if trading is None else _decision_cells(row, trading.of(row))
            table.add_row(*_ratio_cells(row, now_ms), *end)
    return table


def _ratio_cells(row: MinuteRow, now_ms: int) -> tuple[RenderableType, ...]:
    return (
        _span(row.start_ms, row.end_ms, now_ms),
        whole_text(row.bid),
        whole_text(row.ask),
        Text(ratio_text(row.ratio), style="bold cyan"),
        f"{row.changes:,}",
    )


def _complete_cells(row: MinuteRow) -> tuple[Text, ...]:
    return (_cut(complete_text(row), "" if row.complete else "yellow"),)


def _decision_cells(row: MinuteRow, decision: Decision | None) -> tuple[Text, ...]:
    why = "" if row.complete else complete_text(row)
    style = "" if row.complete else "yellow"
    if decision is None:
        return Text(NOTHING), Text(NOTHING), _cut(why, style)
    why = f"{reason_text(decision)}; {why}" if why else reason_text(decision)
    action = Text(decision.action, style=ACTION_STYLES[decision.action])
    return Text(decision.forecast_side or NOTHING), action, _cut(why, style)


def minute_line(row: MinuteRow | Absence) -> str:
    """One finished minute as a plain line, for a terminal that is none."""
    if isinstance(row, Absence):
        return f"{_span(row.from_ms, row.to_ms)} {row.symbol}  {absence_text(row)}"
    return (
        f"{_span(row.start_ms, row.end_ms)} {row.symbol}  bid {money_text(row.bid)}  ask {money_text(row.ask)}  "
        f"ratio {ratio_text(row.ratio)}  changes {row.changes:,}  {complete_text(row)}"
    )


def complete_text(row: MinuteRow) -> str:
    """`complete`, or why not; a missing ratio is explained too."""
    head = "complete" if row.complete else "incomplete"
    return f"{head}: {row.note}" if row.note else head


def absence_text(row: Absence) -> str:
    """Says that whole minutes are missing because nothing ran."""
    minutes = (row.to_ms - row.from_ms) // MINUTE_MS
    return f"gap: nothing was recorded for {minutes} minute{'' if minutes == 1 else 's'}"


def expectation_text(view: DemoView) -> str:
    """When the next ratio comes, and honestly what it will be worth."""
    filling = view.event_time if view.ratio_seen else view.first_time
    if filling is None:
        return "Waiting for the feed's first record"
    expected = next_ratio(filling, view.now_ms, view.speed, view.delay_seconds)
    which = "Next" if view.ratio_seen else "First"
    text = f"{which} ratio at about {clock_text(expected.at_ms)} UTC"
    text += f", in {expected.seconds} s" if expected.seconds else ", any moment now"
    if not view.ratio_seen:
        text += ". It will be incomplete: the feed began within its minute"
    return text


def look_texts(view: DemoView) -> tuple[str, ...]:
    """Where to look and how to stop."""
    topic = view.feed_topic if view.trading is None else "bot.events"
    told = view.make_options
    look = f"Look: Spark's UI {view.spark_ui} · in another terminal: make status{told} · make tail TOPIC={topic}{told}"
    then = "plays it again" if view.feed == "replay" else "resumes"
    stop = f"Ctrl-C stops all of it; make demo{told} {then}, make demo-reset{told} forgets."
    return (look, stop) if view.trading is None else (look, f"Elasticsearch {view.trading.elasticsearch}", stop)


def feed_text(view: DemoView) -> str:
    """What came in so far, by type."""
    total = sum(view.counts.values())
    return f"{total:,} records ({counts_text(view.counts.items())})" if total else "no records yet"


def price_text(price: Price, *, is_simulated: bool) -> str:
    """Best bid and ask; a simulated price is called one."""
    label = "simulated price" if is_simulated else "price"
    return f"{price.symbol} {label}: {price.bid or NOTHING} bid, {price.ask or NOTHING} ask"


def whole_text(amount: str | None) -> str:
    """A sum without its fraction, as a table has room for it."""
    return NOTHING if amount is None else f"{Decimal(amount):,.0f}"


def money_text(amount: str | None) -> str:
    """A sum with its thousands marked and two places, as a screen needs it; the record keeps all eight."""
    return NOTHING if amount is None else f"{Decimal(amount):,.2f}"


def ratio_text(ratio: str | None) -> str:
    """A ratio with six places; the record keeps all twelve."""
    return NOTHING if ratio is None else f"{Decimal(ratio):.6f}"


def _title(view: DemoView) -> Text:
    label = {
        "simulator": " · simulated market",
        "live": f" · {view.source}'s live market, the bot on paper",
        "replay": f" · {view.source}: a recorded market, the bot on paper",
    }[view.feed]
    speed = f" · clock × {view.speed:g}" if view.speed != 1 else ""
    return Text.assemble(
        ("Real-Time Crypto", "bold"), (f"{label}{speed} · {clock_text(view.now_ms, '%Y-%m-%d %H:%M:%S')} UTC", "dim")
    )


def _parts_line(parts: Iterable[PartView]) -> Text:
    line = Text()
    for part in parts:
        mark, style = MARKS[part.state]
        line.append(mark, style=style).append(f" {part.name}")
        if part.state != "up":
            line.append(f" {part.state}", style=style)
        if part.restarts:
            line.append(f" (restarted {part.restarts} ×)", style="yellow")
        line.append("   ")
    return line


def _feed_lines(view: DemoView) -> list[Text]:
    lines = [Text(f"Feed: {feed_text(view)}")]
    if view.price is not None:
        lines.append(Text(price_text(view.price, is_simulated=view.feed == "simulator")))
    return lines


def _progress(view: DemoView) -> RenderableType:
    if view.event_time is None:
        return Text(expectation_text(view), style="dim")
    grid = Table.grid(padding=(0, 1))
    bar = ProgressBar(total=MINUTE_MS, completed=view.event_time % MINUTE_MS, width=30)
    minute = clock_text(view.event_time // MINUTE_MS * MINUTE_MS, "%H:%M")
    grid.add_row(Text(minute), bar, Text(expectation_text(view), style="dim"))
    return grid


def _look_lines(view: DemoView) -> list[Text]:
    return [Text(text, style="dim") for text in look_texts(view)]


def _cut(text: str, style: str = "") -> Text:
    return Text(text, style=style, no_wrap=True, overflow="ellipsis")


def _span(from_ms: int, to_ms: int, today_ms: int | None = None) -> str:
    is_today = today_ms is not None and from_ms // DAY_MS == today_ms // DAY_MS
    return f"{clock_text(from_ms, '%H:%M' if is_today else '%Y-%m-%d %H:%M')}–{clock_text(to_ms, '%H:%M')}"
