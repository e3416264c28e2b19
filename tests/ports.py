"""Ports of 127.0.0.1 for tests: those of two workers that run side by side never meet."""

import os

from local import ports


def free_ports(count: int) -> tuple[int, ...]:
    """So many ports that nobody listens on, and that no other worker of this run (`pytest -n 2`) is given."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    return ports.free_ports(count, ports.RANGE[worker % workers :: workers])
