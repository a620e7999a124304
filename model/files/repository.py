"""The repository around the code, which a copy that pip has installed lacks."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from model.engine.errors import UserError

ROOT: Final = Path(__file__).parents[2]


class RepositoryError(UserError):
    """Something writes into the project and is called from an installed copy of it."""


def require_repository(called: str) -> None:
    """Refuse to go on where there is no repository to write into.

    Parameters
    ----------
    called
        What was called, as it is called in the repository.

    Raises
    ------
    RepositoryError
        If this is an installed copy.
    """
    if not (ROOT / "pyproject.toml").is_file():
        msg = (
            f"`{called}` writes into the project and needs its repository; this is an installed copy in {ROOT}."
            " Clone the repository and call the command there."
        )
        raise RepositoryError(msg)
