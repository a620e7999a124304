"""What is asked of ``brief``: the kinds of files, and which file can be verified."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from analysis.briefing.content import Medium
from model.engine.errors import UserError
from scenarios import FIRST_DEADLINE, Scenario, Target, load_targets

#: Suffix of each kind of file.
KINDS: Final[Mapping[Medium, str]] = {"page": "html", "slides": "pptx", "workbook": "xlsx"}
#: Kinds of files, by the end of their names.
BY_SUFFIX: Final[Mapping[str, Medium]] = {f".{suffix}": kind for kind, suffix in KINDS.items()}
#: Letters of a name or a fact that are looked at.
LETTERS: Final = 4_000


class BriefingError(UserError):
    """A briefing cannot be made or verified; the message lists every reason."""


def check_file(path: Path) -> Medium:
    """Return which kind of briefing a file is by its suffix.

    Raises
    ------
    BriefingError
        If it is none, or is not there.

    Examples
    --------
    >>> check_file(Path("briefing.doc"))
    Traceback (most recent call last):
    ...
    analysis.briefing.request.BriefingError: briefing.doc: a briefing is a file .html, .pptx, .xlsx.
    """
    kind = BY_SUFFIX.get(path.suffix.lower())
    if kind is None:
        message = f"{path.name[:LETTERS]}: a briefing is a file {', '.join(BY_SUFFIX)}."
        raise BriefingError(message)
    if not path.exists():
        message = f"{path}: there is no such file."
        raise BriefingError(message)
    if not path.is_file():
        message = f"{path} is no plain file."
        raise BriefingError(message)
    return kind


def judged_targets(scenario: Scenario) -> list[Target]:
    """Return what a briefing judges: the plan's targets, or for a later start those still to come, with milestones.

    Examples
    --------
    >>> from scenarios import load_scenario
    >>> {target.year for target in judged_targets(load_scenario("renewal_2026"))} == {2030, 2035}
    True
    """
    if scenario.starts <= FIRST_DEADLINE:
        return list(load_targets().values())
    return [target for target in load_targets(milestones=True).values() if target.year >= scenario.starts]
