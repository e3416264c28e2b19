"""Ports of the loopback interface."""

import socket

from local.ports import LOOPBACK, free_ports, is_free, listens


def test_free_ports_are_different_and_can_be_taken() -> None:
    ports = free_ports(5)
    assert len(set(ports)) == 5
    for port in ports:
        with socket.create_server((LOOPBACK, port)):
            assert not is_free(port)
            assert listens(port)


def test_nothing_listens_on_a_free_port() -> None:
    (port,) = free_ports(1)
    assert is_free(port)
    assert not listens(port)
