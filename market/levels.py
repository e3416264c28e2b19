"""How levels are read and kept: compiled where that was built (`python -m market.compiled`), else in plain Python.

Both do the same; docs/feeds.md tells how fast each is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from market.records import Change, Level

__all__ = ["ARE_COMPILED", "BookLayout", "FrameLayout", "Ladders", "compiled_difference"]

try:
    from market.compiled.book_layout import BookLayout
    from market.compiled.frame_layout import FrameLayout
    from market.compiled.ladders import Ladders
    from market.compiled.level_list import compiled_difference

    ARE_COMPILED = True
except ImportError:
    from market.plain_ladders import Ladders  # type: ignore[assignment]

    ARE_COMPILED = False

    class FrameLayout:  # type: ignore[no-redef]
        """Matches nothing: every frame is left to its protocol's general parser."""

        def __init__(self, *_: object) -> None:
            pass

        def match(self, payload: bytes) -> list[Any] | None:  # noqa: ARG002
            """Always None."""
            return None

    class BookLayout(FrameLayout):  # type: ignore[no-redef]
        """Matches nothing."""

    def compiled_difference(*_: Sequence[Level]) -> Sequence[Change] | None:  # type: ignore[misc]
        """Always None."""
        return None
