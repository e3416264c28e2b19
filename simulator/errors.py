"""What may go wrong in the simulator, named by what its user can do."""

from pipeline.errors import TemporarilyUnavailable, WrongSettings


class WrongScene(WrongSettings):
    """A scene is not written as `python -m simulator serve --help` says: write it anew."""


class WrongRecording(WrongSettings):
    """The file to be played cannot be read or holds nothing to play: name another."""


class PortTaken(TemporarilyUnavailable):
    """Somebody else listens on the port: stop that, or set SIMULATOR_PORT."""
