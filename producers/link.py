"""What is known of one link: its connection of now, its place in that connection's numbers, and whose it is. No I/O."""

from __future__ import annotations

from producers.symbol_feed import SymbolFeed


class Link:
    """The symbols that share a connection."""

    def __init__(
        self, name: str, symbols: dict[str, SymbolFeed], first_sequence: int | None, *, was_served: bool = False
    ) -> None:
        self.name = name
        self.symbols = symbols
        self.connection: str | None = None
        self.was_served = was_served
        # Whether a symbol may be under one of the weaker suspicions: most frames need not look.
        self.is_suspect = False
        self.unread_reason = ""
        self.only = next(iter(symbols.values())) if len(symbols) == 1 else None
        self._first_sequence = first_sequence
        self._next_sequence: int | None = None

    @property
    def is_numbered(self) -> bool:
        """Whether the next frame's number tells if a frame was lost."""
        return self._next_sequence is not None

    def connected(self, connection: str, monotonic_ms: float) -> None:
        """A new connection: its numbers begin anew."""
        self.connection = connection
        self._next_sequence = self._first_sequence
        for symbol in self.symbols.values():
            symbol.connected(connection, monotonic_ms)

    def follows(self, sequence: int) -> bool:
        """Whether the frame with this number is the next one; counts it."""
        if self._next_sequence is not None and sequence != self._next_sequence:
            return False
        self._next_sequence = sequence + 1
        return True

    def is_repeated(self, sequence: int) -> bool:
        """Whether the frame with this number was here before: every lower number was."""
        return self._next_sequence is not None and sequence < self._next_sequence

    def suspect_unread(self, monotonic_ms: float, reason: str) -> None:
        """A frame could not be told to belong to the sequence; `reason` is a gap's, should nothing else come."""
        self.is_suspect = True
        self.unread_reason = reason
        for symbol in self.symbols.values():
            symbol.unread_since = symbol.unread_since or monotonic_ms

    def prove(self, monotonic_ms: float, settle_ms: float) -> None:
        """A frame in sequence came: it dispels what suspicions it can."""
        for symbol in self.symbols.values():
            symbol.prove(monotonic_ms, settle_ms)
        self.is_suspect = any(symbol.is_suspect for symbol in self.symbols.values())

    def find(self, symbol: str) -> SymbolFeed | None:
        """The symbol that a frame names; the only one where it names none. None: it was not asked for."""
        return self.symbols.get(symbol) if symbol else self.only
