"""What may go wrong in the simulator, named by what its user can do."""

from pipeline.errors import PipelineError, TemporarilyUnavailable, WrongSettings


class WrongScene(WrongSettings):
    """A scene is not written as `python -m simulator serve --help` says: write it anew."""


class WrongRecording(WrongSettings):
    """The file to be played cannot be read or holds nothing to play: name another."""


class PortTaken(TemporarilyUnavailable):
    """Somebody else listens on the port: stop that, or set SIMULATOR_PORT."""


class WrongAccount(WrongSettings):
    """What is kept of the account or its keys cannot be used: mend it, or name another STATE_DIR."""


class AccountUnwritable(TemporarilyUnavailable):
    """The account cannot be written: make room and try again. What was answered until then is safe."""


class Refusal(PipelineError):
    """A request that the exchange turns down, with Gemini's status and reason: send another one."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{reason}: {message}")
        self.status = status
        self.reason = reason
        self.message = message
