"""Records in transactions, under an identity that only one process holds at a time (design §4.2)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from kafka.errors import KafkaError

from pipeline.bounded_producer import FENCES, BoundedProducer, check_size, producer_config
from pipeline.broker_address import require_broker
from pipeline.errors import Fenced, TemporarilyUnavailable


class TransactionalPublisher:
    """Writes records that readers of committed records see all together or not at all.

    Making one takes the identity over: what an older one left open is aborted, and every later call of the older one
    raises `Fenced`. After any error but `TooLarge` it is of no more use: `abandon` it, make a new one, and read the
    topic to its end, for a transaction whose `commit` failed may have been written. For one thread.
    """

    def __init__(self, bootstrap: str, identity: str, *, timeout_seconds: float = 20.0) -> None:
        """Takes over `identity`. Each call takes at most about `timeout_seconds`.

        Raises `TemporarilyUnavailable` when Kafka does not answer, `Fenced` when yet another took over meanwhile.
        """
        self.identity = identity
        self._over: Fenced | TemporarilyUnavailable | None = None
        self._deliveries: list[Any] = []
        self._timeout = timeout_seconds
        require_broker(bootstrap)
        milliseconds = round(timeout_seconds * 1000)
        try:
            self._producer = BoundedProducer(
                **producer_config(bootstrap, milliseconds, max_block_ms=milliseconds), transactional_id=identity
            )
        except KafkaError as error:
            raise TemporarilyUnavailable(f"Kafka at {bootstrap} does not answer: {error}") from error
        try:
            with self._errors("the identity could not be taken over"):
                self._producer.init_transactions()
        except (Fenced, TemporarilyUnavailable):
            self.abandon()
            raise

    def write(self, topic: str, key: str, *values: bytes) -> None:
        """One transaction of these records; when it returns they are acknowledged and committed.

        Raises `TooLarge` with nothing written, `Fenced`, or `TemporarilyUnavailable`.
        """
        for value in values:
            check_size(topic, key, value)
        self.begin()
        for value in values:
            self.publish(topic, key, value)
        self.commit()

    def begin(self) -> None:
        """Opens a transaction. Kafka itself aborts one that stays open for a minute, and fences its writer."""
        with self._errors("no transaction could be opened"):
            self._producer.begin_transaction()
        self._deliveries = []

    def publish(self, topic: str, key: str, value: bytes) -> None:
        """Adds a record to the open transaction. Raises `TooLarge`, leaving the transaction as it was."""
        check_size(topic, key, value)
        with self._errors(f"a record for {topic} was not taken"):
            self._deliveries.append(self._producer.send(topic, value=value, key=key.encode()))

    def commit(self) -> None:
        """Waits until every record of the transaction is acknowledged and committed."""
        with self._errors("a transaction was not committed, or it is not known whether it was"):
            for delivery in self._deliveries:
                delivery.get(self._timeout)
            self._producer.commit_transaction()

    def abort(self) -> None:
        """Drops the records of the open transaction."""
        with self._errors("a transaction was not aborted; Kafka itself does so in a minute"):
            self._producer.abort_transaction()

    def abandon(self) -> None:
        """Ends without waiting. An open transaction is aborted when the identity is taken over, or in a minute."""
        if self._over is None:
            self._over = TemporarilyUnavailable(f"the publisher of {self.identity} was ended")
        self._producer.abandon()

    @contextmanager
    def _errors(self, what: str) -> Iterator[None]:
        """Turns Kafka's errors into ours; the first of them stands for every later call."""
        if self._over is not None:
            raise self._over.with_traceback(None)
        try:
            yield
        except KafkaError as error:
            if self._is_fence(error):
                self._over = Fenced(
                    f"another process has taken over the identity {self.identity} (or a transaction stayed open for"
                    " more than a minute)"
                )
            else:
                self._over = TemporarilyUnavailable(f"{self.identity}: {what}: {error!r}")
            raise self._over from error

    def _is_fence(self, error: KafkaError) -> bool:
        self._producer.await_epoch()
        # What fails first may be a record on its way; the call after it fails with an error that does not say why.
        errors = (error, *(delivery.exception for delivery in self._deliveries))
        return self._producer.is_fenced or any(isinstance(each, FENCES) for each in errors)
