"""kafka-python's producer, bounded in time: nothing it does here waits for ever for a broker that is away."""

import time
from typing import Any

from kafka import KafkaProducer
from kafka.errors import InvalidProducerEpochError, KafkaTimeoutError, ProducerFencedError

from pipeline.errors import TooLarge

# A record may be so large, key and overhead included: Kafka's own default.
LARGEST_RECORD_BYTES = 1 << 20
FENCES = (ProducerFencedError, InvalidProducerEpochError)

_LINGER_MS = 10
_LONGEST_REQUEST_MS = 30_000
_FAREWELL_SECONDS = 2.0
_LOOK_SECONDS = 0.005
# What the client adds to a record, generously.
_OVERHEAD_BYTES = 200


def producer_config(bootstrap: str, delivery_timeout_ms: int, max_block_ms: int = 5_000) -> dict[str, Any]:
    """What all our producers share: idempotent, acks all, large gzip batches, and never blocked for long."""
    return {
        "bootstrap_servers": bootstrap,
        "enable_idempotence": True,
        "acks": "all",
        "linger_ms": _LINGER_MS,
        "batch_size": 256 << 10,
        "compression_type": "gzip",
        "max_request_size": LARGEST_RECORD_BYTES,
        "max_block_ms": max_block_ms,
        "delivery_timeout_ms": delivery_timeout_ms,
        # A request that hangs leaves time for another try before the delivery is given up.
        "request_timeout_ms": min(_LONGEST_REQUEST_MS, max(1, delivery_timeout_ms // 2 - _LINGER_MS)),
        "bootstrap_timeout_ms": 10_000,
    }


def check_size(topic: str, key: str, value: bytes) -> None:
    """Raises `TooLarge` for a record that Kafka would never take."""
    if len(value) + len(key.encode()) + _OVERHEAD_BYTES > LARGEST_RECORD_BYTES:
        raise TooLarge(f"a record of {len(value)} bytes for {topic} is larger than Kafka takes")


class BoundedProducer(KafkaProducer):  # type: ignore[misc] # kafka-python has no types
    """Adds what kafka-python 3 lacks: an end without waiting, and transactions that end within `max_block_ms`."""

    _abandoned = False

    @property
    def is_fenced(self) -> bool:
        """Whether the client has learnt that a newer producer has its transactional id.

        It may learn so between two calls; then the next one fails with an error that does not say why.
        """
        manager = self._transaction_manager
        return manager is not None and isinstance(manager.last_error, FENCES)

    def await_epoch(self) -> None:
        """Waits, `max_block_ms` at most, while the client asks the broker for another epoch.

        It does so when a record is refused for an old one; only the answer tells whether a newer producer is there.
        """
        manager = self._transaction_manager
        deadline = time.monotonic() + self.config["max_block_ms"] / 1000
        while manager is not None and manager.is_bumping_epoch() and time.monotonic() < deadline:
            # The client has nothing that could be waited on.
            time.sleep(_LOOK_SECONDS)

    def flush(self, timeout: float | None = None) -> None:
        """Waits for what is on its way; not when the producer was abandoned."""
        if not self._abandoned:
            super().flush(timeout)

    def abandon(self) -> None:
        """Ends without delivering: `close(0)` alone would first flush, and give up ending when that fails."""
        self._abandoned = True
        sender = self._sender
        self.close(0)
        sender.join(_FAREWELL_SECONDS)

    def commit_transaction(self) -> None:
        """Raises `KafkaTimeoutError` when the end is not known within `max_block_ms`: it may be written or not."""
        self._await(self._transaction_manager.begin_commit())

    def abort_transaction(self) -> None:
        """Raises `KafkaTimeoutError` when the end is not known within `max_block_ms`."""
        self._await(self._transaction_manager.begin_abort())

    def _await(self, result: Any) -> None:
        self._sender.wakeup()
        milliseconds = self.config["max_block_ms"]
        if not result.wait(timeout_ms=milliseconds):
            raise KafkaTimeoutError(f"the transaction did not end within {milliseconds} ms")
