"""Every setting of every part, written out from the code: `.env.example`, `docs/settings.md` and the README's table.

python -m tests.settings_table            says whether the three files agree with the code
python -m tests.settings_table --write    writes them anew
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from tests.all_settings import IN_THE_README, PARTS

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- settings: begin -->", "<!-- settings: end -->"


@dataclass(frozen=True)
class Setting:
    """One setting as a user sees it: the variable, its default and what it is for."""

    name: str
    default: str
    description: str


def settings_of(part: str) -> Iterator[Setting]:
    """The settings of a part; what all parts share stands under `every part` alone."""
    shared = PARTS["every part"].model_fields if part != "every part" else {}
    for name, field in PARTS[part].model_fields.items():
        if name in shared and _default(shared[name]) == _default(field):
            continue
        yield Setting(name.upper(), _default(field), field.description or "")


def _default(field: FieldInfo) -> str:
    default = field.get_default(call_default_factory=True, validated_data={})
    if default is None or default is PydanticUndefined:
        return ""
    if isinstance(default, SecretStr):
        return default.get_secret_value()
    if isinstance(default, tuple | list | frozenset):
        return ",".join(str(item) for item in default)
    if isinstance(default, bool):
        return str(default).lower()
    return str(default)


def env_example() -> str:
    """The text of `.env.example`: every setting, commented out, with its default."""
    lines = ["# Every setting with its default. Copy to .env and change what you need; the environment wins."]
    for part in PARTS:
        lines += ["", f"# ---- {part}"]
        for setting in settings_of(part):
            lines += [f"# {setting.description}", f"#{setting.name}={setting.default}"]
    return "\n".join(lines) + "\n"


def _table(settings: list[Setting]) -> list[str]:
    rows = ["| setting | default | what it is for |", "|---|---|---|"]
    for setting in settings:
        default = f"`{setting.default}`" if setting.default else "–"
        rows.append(f"| `{setting.name}` | {default} | {setting.description.replace('|', chr(92) + '|')} |")
    return rows


def settings_page() -> str:
    """The text of `docs/settings.md`: a table a part."""
    lines = [
        "# Settings",
        "",
        "Environment variables, or lines of a file `.env` beside the Makefile; the environment wins. Each part checks",
        "its own at the start and names all wrong ones at once. This page is written by",
        "`python -m tests.settings_table --write`; a test holds it to the code.",
    ]
    for part in PARTS:
        lines += ["", f"## {part}", "", *_table(list(settings_of(part)))]
    return "\n".join(lines) + "\n"


def readme_with_table(readme: str) -> str:
    """The README with the table between its two marks renewed."""
    # Two parts may share a setting: the part named first describes it.
    first = {s.name: s for part in reversed(PARTS) for s in settings_of(part)}
    wanted = [first[name] for name in IN_THE_README]
    head, rest = readme.split(BEGIN)
    tail = rest.split(END)[1]
    return head + BEGIN + "\n" + "\n".join(_table(wanted)) + "\n" + END + tail


def written() -> dict[Path, str]:
    """What each file should hold."""
    readme = ROOT / "README.md"
    return {
        ROOT / ".env.example": env_example(),
        ROOT / "docs" / "settings.md": settings_page(),
        readme: readme_with_table(readme.read_text(encoding="utf-8")),
    }


def main(argv: list[str]) -> int:
    """Compare, or write."""
    parser = argparse.ArgumentParser(prog="python -m tests.settings_table", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--write", action="store_true", help="write the files instead of comparing them")
    write = parser.parse_args(argv).write
    stale = [path for path, text in written().items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path in stale:
        if write:
            path.write_text(written()[path], encoding="utf-8")
        sys.stdout.write(f"{'written' if write else 'does not agree with the code'}: {path.relative_to(ROOT)}\n")
    return 0 if write or not stale else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
