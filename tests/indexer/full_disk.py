"""What Elasticsearch does to its indices when its disk is nearly full, without a full disk."""

from collections.abc import Iterator
from contextlib import contextmanager

from elasticsearch import Elasticsearch


@contextmanager
def disk_is_not_looked_at(admin: Elasticsearch) -> Iterator[None]:
    """While within, Elasticsearch does not find out that there is room, and takes no block away by itself."""
    interval = "cluster.info.update.interval"
    admin.cluster.put_settings(persistent={interval: "1h"})
    try:
        yield
    finally:
        admin.cluster.put_settings(persistent={interval: None})


@contextmanager
def read_only_for_want_of_room(admin: Elasticsearch, index: str) -> Iterator[None]:
    """While within, the index has the block that Elasticsearch puts on each index of a disk that is 95 % full."""
    block = "index.blocks.read_only_allow_delete"
    admin.indices.put_settings(index=index, settings={block: True})
    try:
        yield
    finally:
        admin.indices.put_settings(index=index, settings={block: None})
