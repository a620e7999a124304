"""The option of commands that draw maps: boundaries of the districts, read only where they are given."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from analysis.charts.boundaries import Boundaries

Outlines = Annotated[
    Path | None,
    typer.Option(
        "--boundaries",
        metavar="FILE",
        help="GeoJSON with the boundaries of the districts (WGS84), for maps; a tile for each without it.",
    ),
]


def given_boundaries(path: Path | None) -> Boundaries | None:
    """Return the boundaries in a file, if one is given.

    Examples
    --------
    >>> given_boundaries(None)
    """
    if path is None:
        return None
    # Loaded only now, as help must not wait for numpy.
    from analysis.charts.boundaries import read_boundaries

    return read_boundaries(path)
