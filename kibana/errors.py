"""What can go wrong, by what the caller can do about it."""

from pipeline.errors import GaveUp, TemporarilyUnavailable, WrongSettings


class KibanaAway(TemporarilyUnavailable):
    """Kibana does not answer, or not yet: try again (exit 75)."""


class KibanaRefuses(GaveUp):
    """Kibana understood and does not take what it was given; its text says what and why (exit 70)."""


class WrongKibana(WrongSettings):
    """The address, the user or the password is wrong, or what answers there is no Kibana (exit 78)."""
