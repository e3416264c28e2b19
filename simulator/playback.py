"""Plays a recording to whoever connects, from the moment the first reader does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import Literal

import msgspec

from simulator.feed_client import FeedClient
from simulator.ladder import Side
from simulator.recording import PlayedFrame, renumbered, shifted
from simulator.v1_client import V1Client
from simulator.v1_frames import Frame

PlayEnd = Literal["close", "hold"]


class _Event(msgspec.Struct):
    type: str = ""
    side: str = ""
    price: str = ""
    remaining: str = ""
    reason: str = ""


class _Update(msgspec.Struct):
    events: list[_Event] = []


_updates = msgspec.json.Decoder(_Update)


class PlayedBook:
    """The book that the frames played so far have made; frames that cannot be read change nothing."""

    def __init__(self) -> None:
        self._levels: dict[tuple[str, Decimal], _Event] = {}

    def apply(self, text: str, is_first: bool) -> None:
        """Takes one frame; the first one replaces the book."""
        try:
            changes = [event for event in _updates.decode(text).events if event.type == "change"]
            levels = {(event.side, Decimal(event.price)): event for event in changes}
            gone = {key for key, event in levels.items() if not Decimal(event.remaining)}
        except (msgspec.MsgspecError, InvalidOperation):
            return
        if is_first:
            self._levels.clear()
        self._levels |= levels
        for key in gone:
            del self._levels[key]

    def frame(self) -> Frame:
        """The first frame of a connection that comes while the recording plays."""
        ordered = sorted(self._levels.items(), key=lambda item: (item[0][0] != "bid", item[0][1]))
        entries = ",".join(
            f'{{"type":"change","reason":"initial","price":"{event.price}","delta":"{event.remaining}",'
            f'"remaining":"{event.remaining}","side":"{event.side}"}}'
            for _, event in ordered
        )
        return Frame('{"type":"update","eventId":0,"socket_sequence":', f',"events":[{entries}]}}')

    def best(self, side: Side) -> Decimal | None:
        """The best price of a side, None when it is empty."""
        prices = [price for (its, price) in self._levels if its == side]
        return (max(prices) if side == "bid" else min(prices)) if prices else None


class PlayedSource:
    """The frames of a recording, their times moved by one constant so that they begin now.

    Whoever is there at the start gets them as they are. A later connection first gets the book as it is then, as frame
    0, and the rest with sequence numbers that follow. After the end heartbeats go on (`hold`) or the sockets close.
    """

    def __init__(self, frames: Iterator[PlayedFrame], symbol: str, end: PlayEnd) -> None:
        self.symbol = symbol
        self._frames = frames
        self._end = end
        self._next = next(frames, None)
        self._book = PlayedBook()
        self._started_ms: int | None = None
        self._shift_ms: int | None = None
        self._last_sequence = 0
        self._played = 0
        self._offsets: dict[int, int] = {}

    def greet(self, client: V1Client, now_ms: int) -> None:
        """The first one starts the recording, later ones get the book first."""
        client.crossing = self._crossing
        client.beats = self._next is None  # before its end the recording has heartbeats of its own
        if self._started_ms is None:
            self._started_ms = now_ms
        if self._played:
            self._offsets[client.number] = self._last_sequence
            client.send(self._book.frame())
        if self._next is None and self._end == "close":
            client.close()

    def advance(self, now_ms: int, clients: Sequence[FeedClient]) -> None:
        """All frames whose moment has come."""
        if self._started_ms is None:
            return
        readers = [client for client in clients if isinstance(client, V1Client)]
        while self._next is not None and self._started_ms + self._next.at_ms <= now_ms:
            self._play(self._next, self._started_ms, readers)
            self._next = next(self._frames, None)
            if self._next is None:
                self._finish(readers)

    def status(self) -> dict[str, object]:
        """How far it is."""
        return {"source": "recording", "frames_played": self._played, "ended": self._next is None}

    def _play(self, frame: PlayedFrame, started_ms: int, clients: Sequence[V1Client]) -> None:
        time_ms, sequence = frame.time_ms, frame.sequence
        if self._shift_ms is None and time_ms is not None:
            self._shift_ms = round(started_ms + frame.at_ms) - time_ms
        text = shifted(frame.text, self._shift_ms or 0)
        self._book.apply(text, is_first=sequence == 0)
        for client in clients:
            offset = self._offsets.get(client.number, 0)
            if sequence is not None:
                client.sequence = sequence - offset
            client.send_spoiled(renumbered(text, client.sequence) if offset and sequence is not None else text)
        self._last_sequence = self._last_sequence if sequence is None else sequence
        self._played += 1

    def _finish(self, clients: Sequence[V1Client]) -> None:
        for client in clients:
            if self._end == "close":
                client.close()
            else:
                client.beats = True

    def _crossing(self) -> Frame | None:
        """A bid above the best ask, None while there is no ask."""
        ask = self._book.best("ask")
        if ask is None:
            return None
        change = f'{{"type":"change","side":"bid","price":"{ask + 1:f}","remaining":"1","delta":"1","reason":"place"}}'
        return Frame('{"type":"update","eventId":0,"socket_sequence":', f',"events":[{change}]}}')
