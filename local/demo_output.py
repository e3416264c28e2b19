"""Where a demo is shown: a live screen on a terminal, plain lines anywhere else, a picture for the documentation."""

import re
import time
from collections import deque
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Protocol

from rich.console import Console
from rich.live import Live

from local.demo_screen import (
    DemoView,
    expectation_text,
    feed_text,
    look_texts,
    minute_line,
    price_text,
    screen,
)
from local.minutes_seen import Absence, MinuteRow, clock_text
from local.trading_screen import account_texts, event_line, honest_texts
from local.watch import News
from market.journal import Decision

FRAME_SECONDS = 0.25
KEPT_MESSAGES = 3
PICTURE_WIDTH = 120
WEB_FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
PICTURE_HEIGHT = 34


class Show(Protocol):
    """Where the demo is shown."""

    def say(self, text: str) -> None:
        """Shows one sentence about what happens."""

    def frame(self, view: DemoView, new: Sequence[News]) -> None:
        """Shows how things stand; `new` is what was not shown before."""

    def close(self) -> None:
        """Leaves the last frame as it is; sentences follow below it."""


class PlainShow:
    """One line for each event, for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._explained = False

    def say(self, text: str) -> None:
        """Prints a line with the time in front."""
        self._console.print(
            f"{clock_text(int(time.time() * 1000))} {text}", markup=False, highlight=False, soft_wrap=True
        )

    def frame(self, view: DemoView, new: Sequence[News]) -> None:
        """Prints what is new, and once, when the feed is there, what is to be expected."""
        if not self._explained and view.price is not None:
            self._explained = True
            honest = honest_texts(view.trading.forecast) if view.trading else ()
            for text in (
                price_text(view.price, is_simulated=view.feed == "simulator"),
                expectation_text(view),
                *honest,
                *look_texts(view),
            ):
                self.say(text)
        for news in new:
            self.say(minute_line(news) if isinstance(news, MinuteRow | Absence) else event_line(news))
        if any(isinstance(news, MinuteRow) for news in new):
            self.say(f"Feed: {feed_text(view)}")
        if view.trading is not None and any(isinstance(news, Decision) for news in new):
            for text in account_texts(view.trading):
                self.say(text)

    def close(self) -> None:
        """Nothing is open."""


class LiveShow:
    """A screen that is drawn again and again in place."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Live | None = None
        self._drawn = 0.0
        self._messages: deque[str] = deque(maxlen=KEPT_MESSAGES)

    def say(self, text: str) -> None:
        """Prints a line while nothing is drawn yet; later it is kept for the next frames."""
        if self._live is None:
            self._console.print(text, markup=False, highlight=False)
        else:
            self._messages.append(f"{clock_text(int(time.time() * 1000))} {text}")

    def frame(self, view: DemoView, new: Sequence[News]) -> None:
        """Draws the screen anew when there is news, and otherwise a few times a second."""
        if not new and time.monotonic() - self._drawn < FRAME_SECONDS:
            return
        if self._live is None:
            self._live = Live(console=self._console, auto_refresh=False, vertical_overflow="crop")
            self._live.start()
        self._live.update(screen(view, tuple(self._messages), self._console.height), refresh=True)
        self._drawn = time.monotonic()

    def close(self) -> None:
        """Leaves the last frame on the terminal."""
        if self._live is not None:
            self._live.stop()
            self._live = None


def make_show(console: Console) -> Show:
    """The show that fits where the output goes."""
    return LiveShow(console) if console.is_terminal and not console.is_dumb_terminal else PlainShow(console)


def write_picture(view: DemoView, path: Path) -> None:
    """Writes the screen as an SVG picture that needs nothing from elsewhere."""
    console = Console(record=True, file=StringIO(), width=PICTURE_WIDTH, height=PICTURE_HEIGHT, force_terminal=True)
    console.print(screen(view, (), PICTURE_HEIGHT))
    svg = console.export_svg(title="make demo", unique_id="demo")
    path.write_text(WEB_FONT.sub("", svg), encoding="utf-8")
