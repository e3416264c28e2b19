"""Errors of the indexer."""

from pipeline.errors import TemporarilyUnavailable, WrongSettings


class ElasticsearchAway(TemporarilyUnavailable):
    """Elasticsearch does not answer, or cannot write now: the same documents are tried again."""


class ElasticsearchRefuses(WrongSettings):
    """Elasticsearch knows the user not, or does not let it write: nothing helps before that is mended."""
