"""Errors of `local/`. Each text is one clear sentence for the person who started it, with what to do."""


class LocalError(Exception):
    """The run cannot start, or cannot go on."""


class NotReadyYet(LocalError):
    """This machine lacks something: the text names it and what to do."""


class NoJdk(NotReadyYet):
    """No JDK that is new enough."""


class ArtifactError(LocalError):
    """A server's file could not be had whole: try again, or look at what the text names."""


class ServerFailed(LocalError):
    """A server ended, or was not ready in time; the text holds the last lines of its log."""
