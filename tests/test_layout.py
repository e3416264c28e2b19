"""Who may import whom (design §2): parts stand on `market` and `pipeline` alone, so that each can be read by itself."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_IMPORT_ANYTHING = {"tests", "benchmarks", "docs"}
FOUNDATIONS: dict[str, set[str]] = {"market": set(), "pipeline": {"market"}}
EVERY_PART_MAY_IMPORT = {"market", "pipeline"}
# The run in containers and the one without are two forms of the same: accounts, status and the forecast's plan are one.
MAY_IMPORT_MORE = {"compose": {"local"}}


def our_folders() -> set[str]:
    """The folders at the root that hold Python code of ours."""
    folders = (path for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith("."))
    return {path.name for path in folders if path.name != "state" and next(path.rglob("*.py"), None)}


def imported_folders(source: str) -> Iterator[str]:
    """The first names of all that a file imports, wherever in it, by name too (`import_module("x.y")`)."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from (alias.name.split(".")[0] for alias in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module.split(".")[0]
            case ast.Call(
                func=ast.Name(id="import_module" | "__import__") | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str(module)), *_],
            ):
                yield module.split(".")[0]


def wrong_imports(folder: str, source: str, ours: set[str]) -> set[str]:
    """Which of our folders a file of `folder` imports without being allowed to."""
    allowed = FOUNDATIONS.get(folder, EVERY_PART_MAY_IMPORT) | MAY_IMPORT_MORE.get(folder, set()) | {folder}
    return (set(imported_folders(source)) & ours) - allowed


@pytest.mark.parametrize("folder", sorted(our_folders() - MAY_IMPORT_ANYTHING))
def test_a_part_imports_nothing_of_ours_but_the_foundations(folder: str) -> None:
    ours = our_folders()
    found = {
        str(path.relative_to(ROOT)): wrong
        for path in sorted((ROOT / folder).rglob("*.py"))
        if (wrong := wrong_imports(folder, path.read_text(encoding="utf-8"), ours))
    }
    assert found == {}


def test_the_foundations_are_there() -> None:
    assert set(FOUNDATIONS) <= our_folders()


def test_the_recount_uses_the_standard_library_alone() -> None:
    imported = set(imported_folders((ROOT / "tests" / "recount.py").read_text(encoding="utf-8")))
    assert imported - sys.stdlib_module_names == set()


@pytest.mark.parametrize(
    ("folder", "source"),
    [
        ("producers", "import simulator"),
        ("producers", "import simulator.book as b"),
        ("producers", "def f():\n    from simulator import book"),
        ("producers", "if True:\n    import importlib\n    importlib.import_module('simulator.book')"),
        ("producers", "from tests.recount import recount"),
        ("pipeline", "from producers import run"),
        ("market", "from pipeline.clock import Clock"),
    ],
)
def test_a_forbidden_import_is_found_wherever_it_stands(folder: str, source: str) -> None:
    assert wrong_imports(folder, source, our_folders() | {"simulator", "producers"})


@pytest.mark.parametrize(
    ("folder", "source"),
    [
        ("producers", "from market.records import L2\nfrom pipeline.clock import Clock"),
        ("producers", "from producers import run\nfrom . import run\nimport json, kafka"),
        ("pipeline", "from market.records import Health"),
    ],
)
def test_what_is_allowed_is_not_found(folder: str, source: str) -> None:
    assert not wrong_imports(folder, source, our_folders())
