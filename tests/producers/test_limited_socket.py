"""The websocket that refuses by the header and notices silence, against a server that plays single bytes."""

from __future__ import annotations

import socket
import threading

import pytest

from producers.errors import ConnectionFailed, FrameTooLarge, TooManyFragments
from producers.limited_socket import LimitedSocket
from tests.producers.scripted_exchange import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    Client,
    ScriptedExchange,
    header,
)

LIMIT = 100_000
FIFTY_MB = 50_000_000
PATIENCE = 60.0


def opened(exchange: ScriptedExchange, greeting: tuple[str, ...] = ()) -> LimitedSocket:
    return LimitedSocket.open(exchange.url, greeting, largest_bytes=LIMIT, connect_seconds=PATIENCE, poll_seconds=0.1)


def next_message(connection: LimitedSocket, silence_seconds: float = PATIENCE) -> bytes:
    while (message := connection.next_message(silence_seconds)) is None:
        pass
    return message


def test_text_binary_and_fragmented_messages_arrive_whole() -> None:
    def script(client: Client) -> None:
        client.send("é".encode())
        client.send(b"\x00\xff", BINARY)
        client.send(b"one ", final=False)
        client.send(b"is alive?", PING)
        client.send(b"whole", CONTINUATION)
        client.stay()

    with ScriptedExchange(script) as exchange:
        connection = opened(exchange)
        assert [next_message(connection) for _ in range(3)] == ["é".encode(), b"\x00\xff", b"one whole"]
        connection.end()


def test_ping_is_answered_and_the_greeting_sent() -> None:
    heard: list[tuple[int, bytes]] = []

    def script(client: Client) -> None:
        client.send(b"alive?", PING)
        heard.extend([client.read_frame(), client.read_frame()])
        client.send(b"done")
        client.stay()

    with ScriptedExchange(script) as exchange:
        connection = opened(exchange, ("hello",))
        assert next_message(connection) == b"done"
        connection.end()
    assert heard == [(1, b"hello"), (PONG, b"alive?")]


def test_frame_of_50_mb_is_refused_by_its_header_before_any_payload_exists() -> None:
    def script(client: Client) -> None:
        client.send_raw(header(FIFTY_MB))  # and not one byte of payload
        client.stay()

    with ScriptedExchange(script) as exchange:
        connection = opened(exchange)
        with pytest.raises(FrameTooLarge, match="50000000") as refused:
            next_message(connection)
        assert refused.value.length == FIFTY_MB
        connection.end()


def test_fragments_are_refused_by_what_they_add_up_to() -> None:
    def script(client: Client) -> None:
        client.send(b"x" * 60_000, final=False)
        client.send(b"x" * 30_000, CONTINUATION, final=False)
        client.send_raw(header(10_001, CONTINUATION))
        client.stay()

    with ScriptedExchange(script) as exchange:
        connection = opened(exchange)
        with pytest.raises(FrameTooLarge) as refused:
            next_message(connection)
        assert refused.value.length == 100_001
        connection.end()


def test_each_message_may_be_as_large_as_the_limit() -> None:
    def script(client: Client) -> None:
        client.send(b"x" * LIMIT)
        client.send(b"y" * 60_000, final=False)
        client.send(b"y" * 40_000, CONTINUATION)
        client.stay()

    with ScriptedExchange(script) as exchange:
        connection = opened(exchange)
        assert [len(next_message(connection)) for _ in range(2)] == [LIMIT, LIMIT]
        connection.end()


def test_endless_empty_fragments_are_refused() -> None:
    def script(client: Client) -> None:
        client.send(b"", final=False)
        while not client.stopping:
            client.send(b"", CONTINUATION, final=False)

    with ScriptedExchange(script) as exchange:
        connection = opened(exchange)
        with pytest.raises(TooManyFragments):
            next_message(connection)
        connection.end()


@pytest.mark.parametrize("opcode", [PING, CLOSE])
def test_large_control_frame_is_refused_by_its_header(opcode: int) -> None:
    def script(client: Client) -> None:
        client.send_raw(header(FIFTY_MB, opcode))
        client.stay()

    with ScriptedExchange(script) as exchange:
        connection = opened(exchange)
        with pytest.raises(FrameTooLarge):
            next_message(connection)
        connection.end()


def test_connection_that_says_nothing_is_silent_from_the_moment_of_connecting() -> None:
    with ScriptedExchange(Client.stay) as exchange:
        connection = opened(exchange)
        with pytest.raises(ConnectionFailed) as failed:
            next_message(connection, silence_seconds=0.5)
        assert failed.value.reason == "silence"
        connection.end()


def test_trickle_within_a_frame_and_pings_are_silence() -> None:
    def script(client: Client) -> None:
        client.send_raw(header(10_000))
        while not client.stopping:
            client.send_raw(b"x")
            client.wait(0.02)

    with ScriptedExchange(script) as exchange:
        connection = opened(exchange)
        # The frame would be whole only after minutes.
        with pytest.raises(ConnectionFailed) as failed:
            next_message(connection, silence_seconds=0.5)
        assert failed.value.reason == "silence"
        connection.end()


def test_close_frame_names_the_exchanges_reason() -> None:
    with ScriptedExchange(lambda client: client.send(b"\x03\xf0too slow", CLOSE)) as exchange:
        connection = opened(exchange)
        with pytest.raises(ConnectionFailed, match="1008 too slow"):
            next_message(connection)
        connection.end()


def test_frame_against_the_protocol_fails_the_connection() -> None:
    with ScriptedExchange(lambda client: client.send_raw(b"\xf1\x00")) as exchange:
        connection = opened(exchange)
        with pytest.raises(ConnectionFailed) as failed:
            next_message(connection)
        assert failed.value.reason == "disconnected"
        connection.end()


def test_connection_refused_is_a_failure_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(ConnectionFailed, match="refused"):
        LimitedSocket.open(f"ws://127.0.0.1:{port}", (), largest_bytes=LIMIT, connect_seconds=5, poll_seconds=0.1)


def test_server_that_trickles_its_handshake_is_cut_off() -> None:
    done = threading.Event()

    def trickle(listener: socket.socket) -> None:
        transport, _ = listener.accept()
        with transport:
            try:
                while not done.wait(0.05):
                    transport.sendall(b"H")
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=trickle, args=(listener,))
        thread.start()
        with pytest.raises(ConnectionFailed):
            LimitedSocket.open(
                f"ws://127.0.0.1:{listener.getsockname()[1]}",
                (),
                largest_bytes=LIMIT,
                connect_seconds=0.5,
                poll_seconds=0.1,
            )
        done.set()
        thread.join()


def test_tls_is_verified() -> None:
    """A server that cannot show a certificate of a known authority is not talked to."""

    def not_tls(listener: socket.socket) -> None:
        transport, _ = listener.accept()
        with transport:
            transport.recv(4096)
            transport.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=not_tls, args=(listener,))
        thread.start()
        with pytest.raises(ConnectionFailed, match="SSL"):
            LimitedSocket.open(
                f"wss://127.0.0.1:{listener.getsockname()[1]}",
                (),
                largest_bytes=LIMIT,
                connect_seconds=PATIENCE,
                poll_seconds=0.1,
            )
        thread.join()
