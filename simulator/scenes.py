"""Faults and odd markets on demand: planned by time when the simulator starts, or asked for while it runs.

A scene is written NAME@TIME, where TIME is `30-60` (seconds from the start), `30` (one moment) or `minute:2`,
`minute:2-4` (whole minutes of the simulator's clock, 0 being the first that begins after the start).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from simulator.errors import WrongScene

MINUTE_MS = 60_000
# What the market does in a stretch of time, seen by everyone.
MARKET = {
    "quiet": "nothing happens in the market; heartbeats go on",
    "one-side": "only bids change",
}
# What a connection does in a stretch of time.
STRETCHES = {
    "silent": "connections stay open and say nothing",
    "reject": "new connections are refused",
}
# What happens once to every connection, at the beginning of the scene.
MOMENTS = {
    "gap": "one number of the sequence is left out",
    "disconnect": "every connection is closed",
    "malformed": "a frame that is not JSON",
    "missing-field": "an update without its events",
    "unknown-type": "a frame of a type that does not exist",
    "negative-price": "a level with a negative price",
    "absurd-price": "a level whose price has forty digits",
    "crossed": "a bid above the best ask",
    "oversized": "the header of a frame of 50 MB",
}
SCENES = MARKET | STRETCHES | MOMENTS
# A market scene begins early, so that no change from before it is still under way when its first minute begins.
EARLY_MS = 5_000
# A moment planned for a minute comes this far into it.
INTO_MINUTE_MS = 20_000

_FORM = re.compile(r"(?P<name>[a-z-]+)@(?P<minute>minute:)?(?P<first>\d+(\.\d+)?)(-(?P<last>\d+(\.\d+)?))?")


@dataclass(frozen=True)
class Scene:
    """A scene and when it is on: from `from_ms` until before `to_ms` (epoch ms of the simulator's clock)."""

    name: str
    from_ms: int
    to_ms: int

    def is_on(self, now_ms: float) -> bool:
        """Whether it is on at that time."""
        return self.from_ms <= now_ms < self.to_ms


def parse_scene(text: str, start_ms: int) -> Scene:
    """Reads NAME@TIME; raises `WrongScene` saying what was expected."""
    form = _FORM.fullmatch(text.strip())
    if form is None or form["name"] not in SCENES:
        raise WrongScene(f"{text!r} is no scene: expected NAME@30-60 or NAME@minute:2, NAME one of {', '.join(SCENES)}")
    first, last = float(form["first"]), float(form["last"] or form["first"])
    if last < first:
        raise WrongScene(f"{text!r} ends before it begins")
    name = form["name"]
    if not form["minute"]:
        return Scene(name, start_ms + int(first * 1000), start_ms + int(last * 1000))
    minute_0 = -(-start_ms // MINUTE_MS) * MINUTE_MS
    begins = minute_0 + int(first) * MINUTE_MS
    if name in MOMENTS:
        return Scene(name, begins + INTO_MINUTE_MS, begins + INTO_MINUTE_MS)
    return Scene(name, begins - (EARLY_MS if name in MARKET else 0), minute_0 + (int(last) + 1) * MINUTE_MS)


def scene_now(name: str, seconds: float, now_ms: int) -> Scene:
    """A scene that begins now; raises `WrongScene` for an unknown name."""
    if name not in SCENES:
        raise WrongScene(f"{name!r} is no fault: expected one of {', '.join(SCENES)}")
    return Scene(name, now_ms, now_ms + int(seconds * 1000))


class Scenes:
    """All scenes of a run. Moments are handed out once each, by `due`."""

    def __init__(self, planned: Iterable[Scene] = ()) -> None:
        self._stretches: list[Scene] = []
        self._moments: list[Scene] = []
        for scene in planned:
            self.add(scene)

    def add(self, scene: Scene) -> None:
        """One more scene."""
        (self._moments if scene.name in MOMENTS else self._stretches).append(scene)

    def is_on(self, name: str, now_ms: float) -> bool:
        """Whether a stretch of that name is on."""
        return any(scene.name == name and scene.is_on(now_ms) for scene in self._stretches)

    def due(self, now_ms: float) -> tuple[str, ...]:
        """The names of the moments that have come since the last call."""
        come = tuple(scene.name for scene in self._moments if scene.from_ms <= now_ms)
        self._moments = [scene for scene in self._moments if scene.from_ms > now_ms]
        return come
