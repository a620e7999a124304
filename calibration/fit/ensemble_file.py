"""The file of the calibrated ensemble: whether it is there and whole, and how many members it holds.

Apart from `calibration.fit.ensemble`, which reads it, as a command looks at it before it loads what takes seconds.
"""

from __future__ import annotations

from pathlib import Path

from calibration.fit.evidence import NEWEST, Evidence
from model.engine.errors import UserError
from model.files.sealed import is_whole


class EnsembleError(UserError):
    """There is no ensemble that fits the model, or fewer members than requested."""


def check_members(count: int | None, evidence: Evidence = NEWEST) -> None:
    """Refuse a number of members that an ensemble does not hold; None asks for all.

    Raises
    ------
    EnsembleError
        As from `members_held` and `check_count`.

    Examples
    --------
    >>> check_members(3)
    """
    if count is not None:
        check_count(count, members_held(evidence), evidence)


def check_count(count: int, held: int, evidence: Evidence) -> None:
    """Refuse to take so many members of an ensemble that holds `held`.

    Raises
    ------
    EnsembleError
        If there are fewer, or none is asked for.
    """
    if not 1 <= count <= held:
        message = f"--members {count}: the calibrated ensemble of evidence {evidence} holds 1 to {held} members."
        raise EnsembleError(message)


def members_held(evidence: Evidence = NEWEST, path: Path | None = None) -> int:
    """Return how many members an ensemble holds; `path` is its file if it stands elsewhere.

    Raises
    ------
    EnsembleError
        If it is missing or is not as ``calibrate`` wrote it.

    Examples
    --------
    >>> members_held() > 100
    True
    """
    from netCDF4 import Dataset

    file = path or evidence.posterior
    require_whole(file, evidence)
    try:
        with Dataset(file) as data:
            return len(data.dimensions["member"])
    except (OSError, KeyError, RuntimeError) as error:
        raise damaged(file, evidence) from error


def require_whole(path: Path, evidence: Evidence) -> None:
    """Refuse a file that is missing, or whose bytes are not those that ``calibrate`` wrote.

    Raises
    ------
    EnsembleError
        Saying how to make it.
    """
    if not path.is_file():
        message = f"{path.name} is missing; make it with: {evidence.remedy}"
        raise EnsembleError(message)
    if not is_whole(path):
        raise damaged(path, evidence)


def damaged(path: Path, evidence: Evidence) -> EnsembleError:
    """Return the error of a file that is not as ``calibrate`` wrote it."""
    return EnsembleError(
        f"{path.name} is damaged or was changed by hand: it is not as `calibrate` wrote it. Restore the file that came "
        f"with the project. {remake(evidence)}"
    )


def remake(evidence: Evidence) -> str:
    """Say how to make an ensemble anew."""
    return f"To make it anew: {evidence.remedy}"
