"""For recordings that begin in the middle: each symbol starts from an empty book in place of the one that is missing.

What comes out is every change from then on; the book holds only the levels that changed since.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import msgspec

from producers.protocol import Frame, News, Protocol


class EmptyBooks:
    """Puts an empty book before the first changes of each symbol on a connection; a real one takes its place."""

    def __init__(self, protocol: Protocol) -> None:
        self._parse: Callable[[bytes], Frame] = protocol.parse
        self._begun: set[str] = set()
        # No number and no place in the order tells a first book apart here: what the frame says is taken as said.
        self.protocol = replace(protocol, parse=self._read, first_sequence=None, first_changes_are_snapshot=False)

    def begin(self) -> None:
        """A connection begins: its symbols have no books yet."""
        self._begun.clear()

    def _read(self, payload: bytes) -> Frame:
        frame = self._parse(payload)
        if not frame.news:
            return frame
        news: list[News] = []
        for each in frame.news:
            if each.symbol not in self._begun and each.book:
                self._begun.add(each.symbol)
                if each.book == "changes":
                    news.append(_empty_book(each))
            news.append(each)
        return msgspec.structs.replace(frame, news=tuple(news)) if len(news) > len(frame.news) else frame


def _empty_book(first: News) -> News:
    """An empty book that `first` goes on from."""
    last_id = None if first.first_id is None else first.first_id - 1
    return News(
        symbol=first.symbol,
        exchange_time=first.exchange_time,
        book="snapshot",
        sequence=first.sequence,
        last_id=last_id,
    )
