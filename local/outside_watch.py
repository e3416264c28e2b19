"""What a live run depends on outside this machine: whether the exchange is reached, by what our parts log about it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from local.part_plans import FORECAST, PRODUCER
from local.running_part import last_lines

LOOK_SECONDS = 2.0
# A connection that is there again so soon was in no trouble worth a word; one that lasts is told of again so often.
PASSING_SECONDS = 5.0
AGAIN_SECONDS = 60.0

Line = dict[str, Any]


@dataclass(frozen=True)
class Sign:
    """Of a part: the messages that tell of trouble and those that tell it is over, and how the trouble is put."""

    part: str
    trouble: tuple[str, ...]
    well: tuple[str, ...]
    says: Callable[[Line], str]
    over: str


def _lost(line: Line) -> str:
    return (
        f"The exchange is not reached ({line.get('reason')}: {line.get('detail')}). The producer keeps trying; nothing "
        "is recorded meanwhile. Is this machine on the internet?"
    )


def _no_forecast(line: Line) -> str:
    return f"No new forecast: {line.get('why')}; {line.get('then')}."


SIGNS = (
    Sign(PRODUCER, ("connection lost",), ("connected",), _lost, "The exchange is reached."),
    Sign(
        FORECAST,
        ("no candles; trying again", "no new forecast"),
        ("forecast written",),
        _no_forecast,
        "A forecast was made.",
    ),
)


def newest(lines: Sequence[str], sign: Sign) -> Line | None:
    """The newest line of a log that is one of the sign's; None when there is none."""
    for text in reversed(lines):
        try:
            line = msgspec.json.decode(text)
        except msgspec.DecodeError:
            continue
        if isinstance(line, dict) and line.get("message") in (*sign.trouble, *sign.well):
            return line
    return None


class OutsideWatch:
    """Looks into the parts' logs (by name) now and then, and tells what has changed."""

    def __init__(self, logs: Mapping[str, Path]) -> None:
        # A run of the stream alone has no forecast.
        self._logs = {sign: logs[sign.part] for sign in SIGNS if sign.part in logs}
        self._looked = float("-inf")
        # Of each part in trouble: since when, and when that was told last.
        self._since: dict[str, float] = {}
        self._told: dict[str, float] = {}

    def news(self, now: float) -> tuple[str, ...]:
        """Sentences to show at this time (seconds of any clock that only grows)."""
        if now < self._looked + LOOK_SECONDS:
            return ()
        self._looked = now
        return tuple(self._news(now))

    def _news(self, now: float) -> Iterator[str]:
        for sign, log in self._logs.items():
            line = newest(last_lines(log), sign) if log.exists() else None
            if line is None:
                continue
            if line["message"] in sign.well:
                self._since.pop(sign.part, None)
                if self._told.pop(sign.part, None) is not None:
                    yield sign.over
            elif now >= self._since.setdefault(sign.part, now) + PASSING_SECONDS and self._is_due(sign.part, now):
                self._told[sign.part] = now
                yield sign.says(line)

    def _is_due(self, part: str, now: float) -> bool:
        return part not in self._told or now >= self._told[part] + AGAIN_SECONDS
