"""Saved objects and the text that Kibana imports: one JSON object a line (NDJSON).

Every object names the versions that its form is of. They are the oldest in use, those of Kibana 8.9: a newer Kibana
brings an object up to date by itself, but refuses one that is newer than it, and takes one without versions for an
object of version 7.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

Json = dict[str, Any]
ObjectType = Literal["index-pattern", "dashboard"]

CORE_VERSION = "8.8.0"
TYPE_VERSIONS: dict[ObjectType, str] = {"index-pattern": "8.0.0", "dashboard": "8.9.0"}


@dataclass(frozen=True)
class Reference:
    """That an object needs another one: `name` is the place in it that does."""

    name: str
    id: str
    type: ObjectType = "index-pattern"

    def json(self) -> Json:
        """Its form in the file."""
        return {"type": self.type, "id": self.id, "name": self.name}


@dataclass(frozen=True)
class SavedObject:
    """One object as Kibana stores it. Importing one of the same type and id replaces it."""

    type: ObjectType
    id: str
    attributes: Json
    references: tuple[Reference, ...] = ()

    def json(self) -> Json:
        """Its form in the file."""
        return {
            "type": self.type,
            "id": self.id,
            "attributes": self.attributes,
            "references": [reference.json() for reference in self.references],
            "coreMigrationVersion": CORE_VERSION,
            "typeMigrationVersion": TYPE_VERSIONS[self.type],
        }


def ndjson(objects: Iterable[SavedObject]) -> bytes:
    """The text to import. The same objects always give the same bytes."""
    return b"".join(msgspec.json.encode(saved.json()) + b"\n" for saved in objects)


def json_text(value: Any) -> str:
    """JSON as a text within JSON: Kibana keeps some attributes so."""
    return msgspec.json.encode(value).decode()
