"""All links of one exchange, and whatever else talks to it: started, told what the feed wants, and stopped together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pipeline.back_off import BackOff
from pipeline.errors import WrongSettings
from pipeline.log import get_log
from pipeline.metrics import Metrics
from producers.arrivals import Instant
from producers.connection import ConnectionLimits, FeedConnection
from producers.feed_outcome import Outcome, Refused
from producers.inbox import Inbox
from producers.protocol import Protocol, Subscription
from producers.protocols import PROTOCOLS
from producers.settings import ProducerSettings
from producers.snapshot_fetcher import SnapshotFetcher

JOIN_SECONDS = 10.0


def links_of(symbols: Sequence[str], each: int) -> dict[str, tuple[str, ...]]:
    """Which symbols share a connection: `each` at most; by the link's name."""
    groups = [tuple(symbols[start : start + each]) for start in range(0, len(symbols), each)]
    return {"+".join(group): group for group in groups}


def symbols_each(protocol: Protocol, wanted: int) -> int:
    """How many symbols share a connection; `wanted` is 0 for as many as suit the protocol. Raises WrongSettings."""
    most = protocol.most_symbols_each
    if most is not None and wanted > most:
        raise WrongSettings(
            f"FEED_SYMBOLS_EACH={wanted}: with protocol {protocol.name} of {protocol.exchange} a connection carries "
            f"{most} at most"
        )
    return wanted or protocol.symbols_each


class Connections:
    """Use it as a context manager: within, frames come into the inbox."""

    def __init__(
        self,
        protocol: Protocol,
        settings: ProducerSettings,
        links: Mapping[str, tuple[str, ...]],
        inbox: Inbox,
        instant: Callable[[], Instant],
        metrics: Metrics,
    ) -> None:
        self._protocol = protocol
        self._log = get_log("producer")
        most_bytes = settings.feed_max_frame_bytes or protocol.most_frame_bytes
        limits = ConnectionLimits(
            connect_seconds=settings.feed_connect_seconds,
            silence_seconds=settings.feed_silence_seconds,
            steady_seconds=settings.feed_steady_seconds,
            largest_frame_bytes=most_bytes,
        )
        self._connections = {
            name: FeedConnection(
                protocol,
                settings.feed_url or protocol.base_url,
                name,
                Subscription(symbols, settings.feed_trades),
                limits,
                _back_off(settings),
                inbox,
                instant,
                metrics,
                begin_after=number * protocol.apart_seconds,
            )
            for number, (name, symbols) in enumerate(links.items())
        }
        self._fetcher: SnapshotFetcher | None = None
        if protocol.snapshot is not None:
            self._fetcher = SnapshotFetcher(
                protocol.snapshot,
                settings.feed_rest_url,
                _back_off(settings),
                inbox,
                instant,
                metrics,
                apart_seconds=protocol.snapshot.apart_seconds,
                timeout_seconds=settings.feed_connect_seconds,
                most_bytes=most_bytes,
            )

    def __enter__(self) -> Connections:
        if self._fetcher is not None:
            self._fetcher.start()
        for connection in self._connections.values():
            connection.start()
        return self

    def __exit__(self, *_: object) -> None:
        for connection in self._connections.values():
            connection.stop()
        for connection in self._connections.values():
            connection.join(JOIN_SECONDS)
        if self._fetcher is not None:
            self._fetcher.stop(JOIN_SECONDS)

    def raise_if_ended(self) -> None:
        """Raises GaveUp when a thread ended by a fault of ours."""
        for connection in self._connections.values():
            connection.raise_if_ended()
        if self._fetcher is not None:
            self._fetcher.raise_if_ended()

    def obey(self, outcome: Outcome) -> None:
        """Do what the feed wants of the exchange. Raises WrongSettings when the exchange refuses for good."""
        for what, whose in outcome.notes:
            self._log.warning(what, symbol=whose)
        for refused in outcome.refused:
            self._on_refused(refused)
        for cut in outcome.cuts:
            self._log.warning("connection in doubt", link=cut.link, reason=cut.reason)
            self._connections[cut.link].cut(cut.connection, cut.reason)
            if self._fetcher is not None:
                self._fetcher.forget(cut.connection)
        for wanted in outcome.snapshots:
            if self._fetcher is not None:
                self._fetcher.want(wanted)

    def _on_refused(self, refused: Refused) -> None:
        protocol, refusal = self._protocol, refused.refusal
        if not refusal.for_good:
            self._log.warning("refused by the exchange", link=refused.link, reason=refusal.text)
            return
        others = [name for name in PROTOCOLS[protocol.exchange] if name != protocol.name]
        hint = f", or another protocol by FEED_PROTOCOL ({', '.join(others)})" if others else ""
        raise WrongSettings(
            f"{protocol.exchange} refuses protocol {protocol.name} for {refused.link}: {refusal.text}. Choose other "
            f"symbols by FEED_SYMBOLS (such as {protocol.symbol_example}){hint}"
        )


def _back_off(settings: ProducerSettings) -> BackOff:
    return BackOff(settings.feed_back_off_first_seconds, settings.feed_back_off_cap_seconds)
