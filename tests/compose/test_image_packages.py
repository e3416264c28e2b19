"""What the images hold is what runs locally: the same versions, the same hashes."""

from pathlib import Path

import pytest

REQUIREMENTS = Path(__file__).parent.parent.parent / "requirements"


def pinned(name: str) -> dict[str, frozenset[str]]:
    """Each requirement of a lock with its hashes."""
    found: dict[str, set[str]] = {}
    requirement = ""
    for line in (REQUIREMENTS / f"{name}.lock").read_text(encoding="utf-8").splitlines():
        text = line.strip().removesuffix("\\").strip()
        if text.startswith("--hash="):
            found[requirement].add(text)
        elif text:
            requirement = text
            found[requirement] = set()
    return {requirement: frozenset(hashes) for requirement, hashes in found.items()}


@pytest.mark.parametrize("image", ["app", "spark", "fetch", "build"])
def test_image_has_the_packages_of_the_local_run(image: str) -> None:
    everything = pinned("run")
    assert {requirement: everything.get(requirement) for requirement in pinned(image)} == pinned(image)
    assert all(pinned(image).values())


def test_images_hold_no_more_than_they_need() -> None:
    app, spark = (" ".join(pinned(image)) for image in ("app", "spark"))
    assert "pyspark" not in app
    assert "jgo" not in app + spark
    assert "cython" not in app + spark
    assert "pandas" not in spark
