"""Answers to requests for whole books. They prove nothing about the socket. No I/O."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.metrics import Metrics
from producers.arrivals import FrameArrived
from producers.book_requests import BookRequests
from producers.errors import MalformedFrame
from producers.feed_outcome import Outcome
from producers.link import Link
from producers.protocol import Frame
from producers.symbol_news import SymbolNews
from producers.unusable_frames import UnusableFrames


class RequestedAnswers:
    """Hands the books of answers on; asks again where an answer is of no use. `parse` is the protocol's."""

    def __init__(
        self,
        parse: Callable[[bytes], Frame],
        news: SymbolNews,
        requests: BookRequests,
        unusable: UnusableFrames,
        metrics: Metrics,
    ) -> None:
        self._parse = parse
        self._news = news
        self._requests = requests
        self._unusable = unusable
        self._metrics = metrics

    def take(self, link: Link, frame: FrameArrived, out: Outcome) -> None:
        """Handle an answer. One that is unreadable lost nothing."""
        try:
            news = self._parse(frame.payload).news
        except MalformedFrame as malformed:
            self._unusable.malformed_answer(link, frame, malformed, out)
            news = ()
        for one in news:
            symbol = link.find(one.symbol)
            if symbol is not None and one.book == "snapshot":
                self._news.take_requested(link, symbol, one, frame, out)
            else:
                self._metrics.count("unasked_symbols")
        if not news:
            for symbol in link.symbols.values():
                if symbol.doubt is not None:
                    self._requests.ask_again(link, symbol, out)
