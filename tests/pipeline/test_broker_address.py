"""Whether a broker answers at an address."""

import socket
import threading
from collections.abc import Callable

import pytest

from local.kafka import KafkaServer
from pipeline.broker_address import addresses, require_broker
from pipeline.errors import TemporarilyUnavailable


def test_addresses_are_host_and_port() -> None:
    assert addresses("127.0.0.1:9092, [::1]:1,kafka.example:65535") == (
        ("127.0.0.1", 9092),
        ("::1", 1),
        ("kafka.example", 65535),
    )


def test_one_broker_that_answers_is_enough(kafka: KafkaServer, free_ports: Callable[[int], tuple[int, ...]]) -> None:
    (port,) = free_ports(1)
    require_broker(kafka.bootstrap)
    require_broker(f"127.0.0.1:{port},{kafka.bootstrap}")
    with pytest.raises(TemporarilyUnavailable, match=f"Kafka at 127.0.0.1:{port} does not answer"):
        require_broker(f"127.0.0.1:{port}")


def test_something_that_is_no_broker_does_not_count() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            asked, _ = server.accept()
            with asked:
                asked.recv(100)
                asked.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        answering = threading.Thread(target=answer)
        answering.start()
        with pytest.raises(TemporarilyUnavailable, match="does not answer"):
            require_broker(f"127.0.0.1:{server.getsockname()[1]}")
        answering.join()


def test_something_that_listens_and_says_nothing_does_not_count() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.raises(TemporarilyUnavailable):
        require_broker(f"127.0.0.1:{server.getsockname()[1]}", answer_seconds=0.2)
