"""Moves every time of a recording by one constant, right after parsing (design §4.9). Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import msgspec

from market.records import Change
from producers.arrivals import Instant
from producers.protocol import Frame, News, Protocol
from producers.recordings.moment import Told


def moved_arrivals(arrivals: Iterable[Told], by_ms: int) -> Iterator[Told]:
    """The arrivals with their times of receipt moved; the monotonic clock stays."""
    if not by_ms:
        yield from arrivals
        return
    for arrival in arrivals:
        at = arrival.at
        yield msgspec.structs.replace(arrival, at=Instant(at.wall_ms + by_ms, at.monotonic_ms))


def moved_protocol(protocol: Protocol, by_ms: int) -> Protocol:
    """The protocol as if its exchange had sent all its times moved."""
    return replace(protocol, parse=_moved(protocol.parse, by_ms)) if by_ms else protocol


def _moved(parse: Callable[[bytes], Frame], by_ms: int) -> Callable[[bytes], Frame]:
    def moved(payload: bytes) -> Frame:
        frame = parse(payload)
        time = None if frame.exchange_time is None else frame.exchange_time + by_ms
        if not frame.news and time is None:
            return frame
        news = tuple([_moved_news(each, by_ms) for each in frame.news])
        return msgspec.structs.replace(frame, exchange_time=time, news=news)

    return moved


def _moved_news(news: News, by_ms: int) -> News:
    time = None if news.exchange_time is None else news.exchange_time + by_ms
    return msgspec.structs.replace(news, exchange_time=time, changes=_moved_changes(news.changes, by_ms))


def _moved_changes(changes: Sequence[Change], by_ms: int) -> Sequence[Change]:
    if not any(change.time is not None for change in changes):
        return changes
    return [
        change if change.time is None else msgspec.structs.replace(change, time=change.time + by_ms)
        for change in changes
    ]
