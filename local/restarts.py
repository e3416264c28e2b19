"""What to do when a part has ended: the rule alone, without processes."""

from dataclasses import dataclass

from pipeline.errors import EXIT_CONFIG, EXIT_OK, EXIT_RESTART

# A part that lived this long had really started; what ended it is counted anew.
SETTLED_SECONDS = 60.0
# So many sudden ends in a row, each soon after the start, are no accident.
SUDDEN_ENDS = 5


@dataclass(frozen=True)
class Ended:
    """How a part ended: its exit code (negative: a signal), and how long it had lived."""

    code: int
    lived_seconds: float


def sudden_ends(before: int, ended: Ended) -> int:
    """How many sudden ends in a row there are now. Exit 75 is none: the part asks for a restart itself."""
    if ended.code == EXIT_RESTART:
        return before
    return 1 if ended.lived_seconds >= SETTLED_SECONDS else before + 1


def may_restart(code: int, sudden: int) -> bool:
    """Whether a part that ended with this code is started again; `sudden` counts its sudden ends in a row."""
    if code in (EXIT_OK, EXIT_CONFIG):
        return False
    return code == EXIT_RESTART or sudden < SUDDEN_ENDS


def end_text(code: int) -> str:
    """How a part ended, in words."""
    if code < 0:
        return f"was killed by signal {-code}"
    return "asked to be restarted" if code == EXIT_RESTART else f"ended with exit code {code}"
