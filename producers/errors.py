"""What can go wrong in a producer, named for what the caller does about it."""


class ProducerError(Exception):
    """Base of the errors that only producers raise."""


LONGEST_REASON = 500


class MalformedFrame(ProducerError):
    """One frame can't be used: put it aside as a dead letter and go on.

    `sequence` is the frame's number on its connection where it could still be read, `symbol` whose frame it is where
    that could (empty: not known). `hides_changes` says whether the frame may have held changes of the book: then the
    book is not known any more.
    """

    def __init__(
        self, reason: str, *, sequence: int | None = None, symbol: str = "", hides_changes: bool = True
    ) -> None:
        reason = reason[:LONGEST_REASON]
        super().__init__(reason)
        self.reason = reason
        self.sequence = sequence
        self.symbol = symbol
        self.hides_changes = hides_changes


class WrongTime(ProducerError):
    """A text is no time: whoever reads it says which field of which message held it."""


class ConnectionFailed(ProducerError):
    """The connection is unusable (refused, lost, silent, against the protocol): close it and connect anew.

    `for_good`: the exchange answered that what was asked for is not there, or not for us; asking again is of no use.
    """

    def __init__(self, reason: str, detail: str, *, for_good: bool = False) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.for_good = for_good


class FrameTooLarge(ProducerError):
    """A frame says in its header that it is longer than allowed; its payload was not read. Close the connection."""

    def __init__(self, length: int, limit: int) -> None:
        super().__init__(f"frame of {length} bytes refused by its header: at most {limit} bytes are allowed")
        self.length = length
        self.limit = limit


class TooManyFragments(ProducerError):
    """A message comes in more fragments than any exchange sends. Close the connection."""
