"""Putting a drawn figure into a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import WrongSettings

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write_picture(figure: Figure, path: Path) -> None:
    """Write the figure in the form that the file's name ends with. Raises `WrongSettings`, naming the option --plot."""
    form = path.suffix.removeprefix(".").lower()
    known = figure.canvas.get_supported_filetypes()
    if form not in known:
        raise WrongSettings(f"--plot: {path} cannot be written: expected a name that ends with .png, .svg or .pdf")
    try:
        with path.open("wb") as file:
            figure.savefig(file, format=form)
    except OSError as error:
        raise WrongSettings(f"--plot: {path} cannot be written: {error.strerror or error}") from error
