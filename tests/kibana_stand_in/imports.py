"""What an import of saved objects does: the refusals that were measured at a real Kibana 8.12, object by object. Pure.

Only what a real Kibana refuses is refused here. It takes much that it then shows as nothing; `tests.kibana` looks for
that.
"""

import json
from typing import Any

Json = dict[str, Any]
Key = tuple[str, str]

# The newest form of each type that Kibana 8.12 knows.
NEWEST_FORM = {"index-pattern": (8, 0, 0), "dashboard": (8, 9, 0), "lens": (8, 9, 0), "search": (7, 9, 3)}
NEWEST_CORE = (8, 8, 0)
# A reference to an object of another type is not looked at.
_LOOKED_AT = ("index-pattern", "search")
_TEXT, _FLAG, _NUMBER, _OBJECT = (str,), (bool,), (int, float), (dict,)
_ATTRIBUTES: dict[str, dict[str, tuple[type, ...]]] = {
    "dashboard": {
        "title": _TEXT,
        "description": _TEXT,
        "hits": _NUMBER,
        "version": _NUMBER,
        "timeRestore": _FLAG,
        "timeFrom": _TEXT,
        "timeTo": _TEXT,
        "refreshInterval": _OBJECT,
        "kibanaSavedObjectMeta": _OBJECT,
        "optionsJSON": _TEXT,
        "panelsJSON": _TEXT,
        "controlGroupInput": _OBJECT,
    },
}


class Unreadable(Exception):
    """The file as a whole is refused (HTTP 400 or 422)."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        super().__init__(message)


def read_objects(text: bytes) -> list[Json]:
    """The objects of a file. Raises `Unreadable` for what is no NDJSON and for forms newer than this Kibana."""
    objects: list[Json] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            saved = json.loads(line)
        except ValueError as error:
            raise Unreadable(400, f"line {number} is no JSON: {error}") from None
        if "exportedCount" not in saved:
            objects.append(saved)
    keys = [(saved["type"], saved["id"]) for saved in objects]
    if len(set(keys)) < len(keys):
        raise Unreadable(400, "Non-unique import objects detected")
    for saved in objects:
        _check_form(saved)
    return objects


def refusal(saved: Json, known: set[Key], *, overwrite: bool, stored: set[Key]) -> Json | None:
    """Why an object is not taken; None when it is. `known`: those stored already and those that come with it."""
    kind = saved["type"]
    if kind not in NEWEST_FORM:
        return {"type": "unsupported_type"}
    missing = [
        {"type": reference["type"], "id": reference["id"]}
        for reference in saved.get("references", [])
        if reference["type"] in _LOOKED_AT and (reference["type"], reference["id"]) not in known
    ]
    if missing:
        return {"type": "missing_references", "references": missing}
    wrong = _wrong_attribute(kind, saved.get("attributes", {}))
    if wrong:
        return {"type": "unknown", "statusCode": 400, "message": wrong}
    if not overwrite and (kind, saved["id"]) in stored:
        return {"type": "conflict"}
    return None


def import_answer(objects: list[Json], store: dict[Key, Json], *, overwrite: bool) -> Json:
    """Takes what can be taken into the store, and says of the rest why not."""
    stored = set(store)
    known = stored | {(saved["type"], saved["id"]) for saved in objects}
    refused = {(o["type"], o["id"]): refusal(o, known, overwrite=overwrite, stored=stored) for o in objects}
    # A file whose references are incomplete, or with a type that is unknown, is not taken in part.
    whole = not any(why and why["type"] in ("missing_references", "unsupported_type") for why in refused.values())
    taken = [o for o in objects if whole and refused[o["type"], o["id"]] is None]
    for saved in taken:
        store[saved["type"], saved["id"]] = saved
    errors = [
        {"id": o["id"], "type": o["type"], "meta": _meta(o), "error": why}
        for o in objects
        if (why := refused[o["type"], o["id"]])
    ]
    answer: Json = {"success": not errors, "successCount": len(taken), "warnings": []}
    if taken:
        answer["successResults"] = [{"type": o["type"], "id": o["id"], "meta": _meta(o)} for o in taken]
    return answer | ({"errors": errors} if errors else {})


def _check_form(saved: Json) -> None:
    for name, newest in (
        ("typeMigrationVersion", NEWEST_FORM.get(saved["type"])),
        ("coreMigrationVersion", NEWEST_CORE),
    ):
        given = saved.get(name)
        if newest and given and tuple(int(part) for part in given.split(".")) > newest:
            text = ".".join(map(str, newest))
            raise Unreadable(
                422,
                f'Document "{saved["id"]}" belongs to a more recent version of Kibana [{given}] when the last known '
                f"version is [{text}].",
            )


def _wrong_attribute(kind: str, attributes: Json) -> str:
    known = _ATTRIBUTES.get(kind)
    if known is None:
        return ""
    for name, value in attributes.items():
        if name not in known:
            return f"[attributes.{name}]: definition for this key is missing"
        if not isinstance(value, known[name]) or (isinstance(value, bool) and known[name] is _NUMBER):
            return f"[attributes.{name}]: expected value of type [{known[name][0].__name__}]"
    return "" if "title" in attributes else "[attributes.title]: expected value of type [string] but got [undefined]"


def _meta(saved: Json) -> Json:
    return {"title": saved.get("attributes", {}).get("title", "")}
