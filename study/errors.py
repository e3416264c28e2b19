"""What can go wrong, by what the caller can do about it."""

from pipeline.errors import EXIT_CONFIG, PipelineError


class StudyError(PipelineError):
    """Base of all errors of this part; its text is one clear sentence."""

    exit_code = EXIT_CONFIG


class MalformedRecords(StudyError):
    """What was given are no records of a feed: mend the file, or give another. `line` counts from 1."""

    def __init__(self, source: str, line: int, reason: str) -> None:
        self.source = source
        self.line = line
        self.reason = reason
        super().__init__(f"{source}, line {line}: {reason}")


class NothingToStudy(StudyError):
    """The records are sound and hold nothing that can be studied: give others, or more of them."""


class WrongChoice(StudyError):
    """The symbol or the tick is not that of the records: choose another."""
