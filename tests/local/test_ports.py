"""Ports of the loopback interface."""

import socket

from local.ports import LOOPBACK, free_ports, is_free


def test_free_ports_are_different_and_can_be_taken() -> None:
    ports = free_ports(5)
    assert len(set(ports)) == 5
    for port in ports:
        with socket.create_server((LOOPBACK, port)):
            assert not is_free(port)
        assert is_free(port)
