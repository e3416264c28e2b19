"""What may go wrong in any part, named by what can be done, and the exit codes that tell a supervisor the same."""

EXIT_OK = 0
EXIT_BUG = 70
EXIT_RESTART = 75
EXIT_CONFIG = 78


class PipelineError(Exception):
    """Something that a part expects may happen; its text is one clear sentence for the log."""

    exit_code = EXIT_BUG


class TemporarilyUnavailable(PipelineError):
    """Something outside is away for now: try again, or let a supervisor start the part again (exit 75)."""

    exit_code = EXIT_RESTART


class WrongSettings(PipelineError):
    """A setting or what it points to is wrong: nothing helps before it is mended (exit 78)."""

    exit_code = EXIT_CONFIG


class GaveUp(PipelineError):
    """The part cannot go on, for a reason that its text names (exit 70)."""


class Fenced(GaveUp):
    """A newer process has taken this one's identity: stop, and leave the field to it (exit 70)."""


class TooLarge(PipelineError):
    """A record that Kafka will never take, however often it is tried: split it or put it aside."""
