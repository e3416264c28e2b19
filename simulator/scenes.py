"""Scenes: what goes wrong on purpose, and when, by the simulator's clock. Pure.

quiet@minute:2       the third whole minute after the start, exactly
quiet@minute:2-4     from the third to the fifth
gap@minute:4         what happens once happens in the middle of its interval
gap@minute:4+10      ten seconds into that minute
silent@90-120        seconds after the start
disconnect@45
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass

from simulator.errors import WrongScene
from simulator.faulty_frames import WAYS_TO_SPOIL
from simulator.ladder import Side

MINUTE_MS = 60_000
# The market falls silent so much before a quiet or one-sided minute, so that nothing that was under way when it began
# is counted in it.
GUARD_MS = 5_000

LASTING = {
    "quiet": "no change and no trade; heartbeats go on",
    "one-side": "only the bids change",
    "silent": "sockets stay open and nothing is sent",
    "reject": "new connections are refused with 503",
}
ONCE = {
    "gap": "the next update is lost: its number is skipped (v2 has none)",
    "disconnect": "every market data socket is cut",
    "crossed": "an update puts a bid above the best ask",
    "oversized": "a header announces a message of 50 MB",
    "malformed": "the next update is cut in half",
    "missing-field": "the next update has no price",
    "negative-price": "the next update has a negative price",
    "absurd-price": "the next update has a price of 40 digits",
    "text-price": "the next update has a word for a price",
    "unknown-type": "the next update is of an unknown type",
}
assert WAYS_TO_SPOIL.keys() <= ONCE.keys()
TRADING_LASTING = {
    "rest-slow": "answers over REST are held back until it is over",
    "rest-503": "REST answers 503",
    "rest-html": "REST answers a page of HTML",
    "rest-refuse": "REST connections are cut before anything is read",
}
TRADING_ONCE = {
    "rest-lost-answer": "the next order is carried out, and the connection cut without an answer",
    "partial": "the next order is filled by half at most",
}
ALL_LASTING = LASTING | TRADING_LASTING
ALL_ONCE = ONCE | TRADING_ONCE

_NUMBER = r"\d{1,9}(?:\.\d{1,3})?"
_SCENE = re.compile(
    rf"(?P<name>[a-z0-9-]+)@(?:minute:(?P<minute>\d{{1,6}})(?:-(?P<last>\d{{1,6}})|\+(?P<offset>{_NUMBER}))?"
    rf"|(?P<from>{_NUMBER})(?:-(?P<to>{_NUMBER}))?)"
)


@dataclass(frozen=True)
class Scene:
    """One fault from `from_ms` on; until `to_ms` (not included) if it lasts, else both are the same."""

    name: str
    from_ms: int
    to_ms: int


def parse_scene(text: str, start_ms: int) -> Scene:
    """The scene that a text describes, counted from `start_ms` (epoch ms); raises WrongScene saying what is wrong."""
    found = _SCENE.fullmatch(text.strip())
    if found is None:
        raise WrongScene(
            f"scene {text!r}: expected NAME@minute:K, NAME@minute:K-L, NAME@minute:K+S, NAME@FROM-TO or NAME@FROM"
        )
    if found["minute"] is not None:
        from_ms = -(-start_ms // MINUTE_MS) * MINUTE_MS + int(found["minute"]) * MINUTE_MS
        last = int(found["last"]) if found["last"] else int(found["minute"])
        to_ms = from_ms + (last - int(found["minute"]) + 1) * MINUTE_MS
        if found["offset"]:
            from_ms = to_ms = from_ms + _ms(found["offset"])
    else:
        from_ms = start_ms + _ms(found["from"])
        to_ms = start_ms + _ms(found["to"]) if found["to"] else from_ms
    return scene_of(found["name"], from_ms, to_ms)


def scene_of(name: str, from_ms: int, to_ms: int) -> Scene:
    """The scene of this name between two times; raises WrongScene when it is unknown or does not fit them."""
    if name in ALL_ONCE:
        middle = (from_ms + to_ms) // 2
        return Scene(name, middle, middle)
    if name not in ALL_LASTING:
        raise WrongScene(f"scene {name!r} is not known; known are {', '.join([*ALL_LASTING, *ALL_ONCE])}")
    if to_ms <= from_ms:
        raise WrongScene(f"scene {name!r} lasts: it needs an end after its beginning")
    return Scene(name, from_ms, to_ms)


def _ms(seconds: str) -> int:
    return round(float(seconds) * 1000)


class Schedule:
    """All scenes, and what of them is on or due."""

    def __init__(self, scenes: Sequence[Scene] = ()) -> None:
        self.scenes: list[Scene] = []
        self._to_come: list[Scene] = []
        for scene in scenes:
            self.add(scene)

    def add(self, scene: Scene) -> None:
        """Takes one more scene; what happens once and should have happened already is due at once."""
        self.scenes.append(scene)
        if scene.name in ALL_ONCE:
            self._to_come.append(scene)

    def is_on(self, name: str, time_ms: int, ahead_ms: int = 0) -> bool:
        """Whether this lasting scene is on at a time, or begins within `ahead_ms` of it."""
        return any(scene.name == name and scene.from_ms - ahead_ms <= time_ms < scene.to_ms for scene in self.scenes)

    def left_ms(self, name: str, time_ms: int) -> int:
        """How long this lasting scene goes on after a time; 0 when it is not on."""
        return max(
            (scene.to_ms - time_ms for scene in self.scenes if scene.name == name and scene.from_ms <= time_ms),
            default=0,
        )

    def take_due(self, now_ms: int, names: Container[str]) -> list[str]:
        """The names, among these, of what is to happen now, each once."""
        due = [scene for scene in self._to_come if scene.from_ms <= now_ms and scene.name in names]
        self._to_come = [scene for scene in self._to_come if scene not in due]
        return [scene.name for scene in due]

    def take_one(self, name: str, now_ms: int) -> bool:
        """Whether this is to happen now; the one that is longest due is then over."""
        due = [scene for scene in self._to_come if scene.name == name and scene.from_ms <= now_ms]
        if due:
            self._to_come.remove(min(due, key=lambda scene: scene.from_ms))
        return bool(due)

    def sides_at(self, time_ms: int) -> tuple[Side, ...]:
        """Which sides of the book may change at a time."""
        if self.is_on("quiet", time_ms, GUARD_MS):
            return ()
        if self.is_on("one-side", time_ms, GUARD_MS):
            return ("bid",)
        return ("bid", "ask")
