"""What may go wrong in the bot, named for what it does about it."""

from decimal import Decimal

from pipeline.errors import PipelineError, WrongSettings


class BotError(PipelineError):
    """Base of the errors that only the bot raises."""


class Refused(BotError):
    """The exchange said no, for good: nothing happened. Record it, do not repeat it."""

    def __init__(self, reason: str, message: str = "") -> None:
        super().__init__(f"{reason}: {message}" if message else reason)
        self.reason = reason


class Unclear(BotError):
    """The request may or may not have taken effect. Look up what came of it; never send it again blindly."""


class TryLater(BotError):
    """A question got no answer; asking again later does no harm. `after` is how long the exchange asks to wait (s)."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after


class WrongKeys(WrongSettings):
    """The keys, their role or the address they are used at are wrong: nothing helps before they are mended."""


class TakenOver(WrongSettings):
    """Another bot of this identity writes the journal now: halt at once, and do not start again beside it."""


class Unsettled(BotError):
    """What came of an order is not known yet. Send nothing, ask again later."""


class Disputed(BotError):
    """The exchange knows the order's id, but not as we sent it. Send nothing until an operator accepts that."""


class LedgerError(BotError):
    """A fill contradicts the ledger. Send nothing until an operator accepts what there is."""


class TooSmall(BotError):
    """What can be traded is less than the exchange takes. Send nothing, say so."""

    def __init__(self, amount: Decimal, minimum: Decimal) -> None:
        super().__init__(f"{amount:f} is less than the least order of {minimum:f}")
