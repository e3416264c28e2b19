"""How a status looks on a terminal."""

from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from local.demo_screen import MARKS, NOTHING
from local.status import PartStatus, RunStatus

UNKNOWN_MARK = ("●", "")


def status_screen(status: RunStatus) -> RenderableType:
    """Tables of parts, topics and indices; one sentence when nothing runs."""
    if not status.running:
        return Text(f"Nothing runs on {status.state}. `make demo` starts it.")
    process = f"process {status.pid}, " if status.pid is not None else ""
    head = Text(f"{status.source}: {process}broker {status.bootstrap}, state in {status.state}")
    shown: list[RenderableType] = [head, Text(), _parts(status.parts)]
    if status.broker is not None:
        shown += [Text(), Text(f"Topics unknown: {status.broker}", style="yellow")]
    else:
        shown += [Text(), _topics(status)]
    if isinstance(status.documents, str):
        shown += [Text(), Text(f"Documents unknown: Elasticsearch {status.documents}", style="yellow")]
    elif status.documents is not None:
        shown += [Text(), _indices(status.documents)]
    return Group(*shown)


def _parts(parts: tuple[PartStatus, ...]) -> Table:
    table = Table("Part", "State", "Process", "Address", "Last record", "Counts", box=None, padding=(0, 2, 0, 0))
    for part in parts:
        mark, style = MARKS.get(part.state, UNKNOWN_MARK)
        state = Text.assemble((mark, style), f" {part.state}")
        if part.restarts:
            state.append(f", restarted {part.restarts} ×", style="yellow")
        counts = " · ".join(f"{name} {_value(value)}" for name, value in part.counts.items() if value is not None)
        table.add_row(
            part.name,
            state,
            NOTHING if part.pid is None else str(part.pid),
            part.address or NOTHING,
            age_text(part.age_seconds),
            counts or NOTHING,
        )
    return table


def _topics(status: RunStatus) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("Topic")
    table.add_column("Records", justify="right")
    table.add_column("Last record")
    for topic in status.topics:
        table.add_row(topic.name, f"{topic.records:,}", age_text(topic.age_seconds))
    return table


def _indices(documents: Mapping[str, int]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("Index")
    table.add_column("Documents", justify="right")
    for name, count in sorted(documents.items()):
        table.add_row(name, f"{count:,}")
    return table


def age_text(seconds: float | None) -> str:
    """An age as a person says it: `0.4 s ago`, `12 min ago`."""
    if seconds is None:
        return NOTHING
    if seconds < 10:
        return f"{seconds:.1f} s ago"
    if seconds < 120:
        return f"{seconds:.0f} s ago"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min ago"
    return f"{seconds / 3600:.0f} h ago"


def _value(value: int | float | str | None) -> str:
    return f"{value:,}" if isinstance(value, int | float) else str(value)
