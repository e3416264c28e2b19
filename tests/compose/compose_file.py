"""The compose file as data, with its variables filled in by the rules of compose that it uses."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent.parent
FILE = ROOT / "docker-compose.yml"
_VARIABLE = re.compile(r"\$\$|\$\{(\w+)(?:(:[-+?])((?:[^{}]|\$\{[^{}]*\})*))?\}")


def filled_in(text: str, variables: Mapping[str, str]) -> str:
    """`text` with `${NAME}`, `${NAME:-default}` and `${NAME:+instead}` replaced; defaults may hold variables."""

    def value(match: re.Match[str]) -> str:
        if match[0] == "$$":
            return "$"
        name, how, other = match.groups()
        found = variables.get(name, "")
        if how == ":-":
            return found or filled_in(other, variables)
        if how == ":+":
            return filled_in(other, variables) if found else ""
        return found

    return _VARIABLE.sub(value, text)


def compose_file(variables: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The whole file; a variable that is only passed on (no value) stays None."""
    loaded: dict[str, Any] = yaml.safe_load(filled_in(FILE.read_text(encoding="utf-8"), variables or {}))
    return loaded


def services(profile: str = "") -> dict[str, dict[str, Any]]:
    """The services that `docker compose up` starts with this profile."""
    every: dict[str, dict[str, Any]] = compose_file({"COMPOSE_PROFILES": profile} if profile else {})["services"]
    return {name: service for name, service in every.items() if set(service.get("profiles", [profile])) & {profile}}
