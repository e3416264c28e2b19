"""What can go wrong, by what the caller can do about it."""

from pipeline.errors import EXIT_CONFIG, PipelineError


class StudyError(PipelineError):
    """Base of all errors of this part; its text is one clear sentence."""

    exit_code = EXIT_CONFIG


class NothingToStudy(StudyError):
    """The records are sound and hold nothing that can be studied: give others, or more of them."""


class WrongTick(StudyError):
    """The price step is not that of the records: choose another."""
