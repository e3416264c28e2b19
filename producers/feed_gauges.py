"""Gauges of a feed's state: who is connected, who is trusted, what waits."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

from pipeline.metrics import Metrics
from producers.link import Link
from producers.symbol_feed import SymbolFeed


def watch_state(links: Collection[Link], symbols: Collection[SymbolFeed], metrics: Metrics) -> None:
    """Let the metrics see the state whenever somebody looks."""
    watch = metrics.watch
    watch("links", lambda: len(links))
    watch("links_connected", lambda: sum(link.connection is not None for link in links))
    watch("symbols", lambda: len(symbols))
    watch("symbols_trusted", lambda: sum(symbol.is_trusted for symbol in symbols))
    watch("symbols_ticking", lambda: sum(symbol.next_tick is not None and symbol.is_ticking for symbol in symbols))
    watch("news_waiting", lambda: sum(len(symbol.waiting) for symbol in symbols))
    for symbol in symbols:
        watch("trusted", partial(_as_number, symbol), symbol=symbol.symbol)


def _as_number(symbol: SymbolFeed) -> int:
    return int(symbol.is_trusted)
