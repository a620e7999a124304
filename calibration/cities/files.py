"""The files of the national county tabulations, apart from what reads them, which takes seconds to load."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from model.engine.errors import UserError

FILES: Final = {2010: "census_county_2010_v1.xlsx", 2020: "census_county_2020_v1.xlsx"}
URL: Final = "https://github.com/leiii/census"


class TabulationError(UserError):
    """A file of the national tabulations is missing or is not what its name says."""


def require_tabulations(folder: Path) -> None:
    """Refuse a folder that lacks one of the two files.

    Raises
    ------
    TabulationError
        Naming the file and where it is published.
    """
    for name in FILES.values():
        if not (folder / name).is_file():
            message = (
                f"{name} is not in {folder}. Both tabulations are needed; they are published at {URL} "
                "(data/census). Give the folder that holds them with --tabulations."
            )
            raise TabulationError(message)
