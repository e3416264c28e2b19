"""What may go wrong with a run, or with a look at one. Each text is one clear sentence for who started it."""

from local.errors import LocalError


class StateInUse(LocalError):
    """Another run holds the state folder: stop it first, or take another folder."""


class NotOurFolder(LocalError):
    """The folder to be removed was not made by a run: look at the settings."""


class PartFailed(LocalError):
    """A part is down for good: its log, whose last lines the text holds, says why."""


class BrokerAway(LocalError):
    """The broker does not answer: start a run, or wait."""


class UnknownTopic(LocalError):
    """There is no such topic: take one of those that the text names."""
