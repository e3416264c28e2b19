"""What several commands read from the command line."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime


def above_zero(text: str) -> float:
    """A number above 0."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text!r}")
    return number


def symbol_list(text: str) -> tuple[str, ...]:
    """Symbols separated by commas, in upper case."""
    return tuple(symbol.strip().upper() for symbol in text.split(",") if symbol.strip())


def moment(text: str) -> int:
    """A time in epoch ms: as such, or ISO 8601 (UTC where it names no zone)."""
    if text.isdecimal():
        return int(text)
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected a time such as 2026-01-31T12:00:00.250 (UTC) or epoch milliseconds, got {text!r}"
        ) from None
    return round((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() * 1000)
