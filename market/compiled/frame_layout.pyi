from collections.abc import Mapping
from typing import Any

from market.records import Side

class FrameLayout:
    def __init__(self, frame: str, level: str, sides: Mapping[str, Side] | None = None) -> None: ...
    def match(self, payload: bytes) -> list[Any] | None: ...
