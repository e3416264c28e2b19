"""Progress that a person sees: a moving line on a terminal, plain lines elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

# Called with what is done and the whole, in any unit.
Advance = Callable[[int, int], None]


class Steps:
    """Shows one named step after the other on `console`; `monotonic` gives seconds."""

    def __init__(self, console: Console, monotonic: Callable[[], float]) -> None:
        self._console = console
        self._monotonic = monotonic

    @contextmanager
    def step(self, title: str) -> Iterator[Advance]:
        """Show `title` while the block runs, and how long it took. The bar only moves when the block calls back."""
        if not self._console.is_terminal:
            started = self._monotonic()
            self._say(f"{title} …")
            yield _unseen
            self._say(f"{title}: {self._monotonic() - started:.1f} s")
            return
        columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self._console) as progress:
            task = progress.add_task(title, total=None)
            yield lambda done, whole: progress.update(task, completed=done, total=whole)
            progress.update(task, total=1, completed=1)

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)


def _unseen(_done: int, _whole: int) -> None:
    """A bar that nobody watches does not move."""
