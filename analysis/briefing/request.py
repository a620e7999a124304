"""What is asked of ``brief``: the kinds of files, and which file can be verified."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Final

from analysis.briefing.content import Imprint, Medium
from model.engine.errors import UserError
from scenarios import FIRST_DEADLINE, Scenario, Target, load_targets

#: Suffix of each kind of file.
KINDS: Final[Mapping[Medium, str]] = {
    "page": "html",
    "slides": "pptx",
    "workbook": "xlsx",
    "report": "docx",
    "note": "docx",
    "note pdf": "pdf",
}
#: Kinds of files, by the end of their names; of the two that end in .docx the file itself says which it is.
BY_SUFFIX: Final[Mapping[str, Medium]] = {
    ".html": "page",
    ".pptx": "slides",
    ".xlsx": "workbook",
    ".docx": "report",
    ".pdf": "note pdf",
}
#: Letters of a name or a fact that are looked at.
LETTERS: Final = 4_000
#: Letters of the name of a unit.
UNIT_LETTERS: Final = 40


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
    analysis.briefing.request.BriefingError: briefing.doc: a briefing is a file .html, .pptx, .xlsx, .docx, .pdf.
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


def read_imprint(unit: str | None, dated: str | None) -> Imprint:
    """Return whose document a briefing is and of which day, as options or a file give them.

    Raises
    ------
    BriefingError
        If the unit does not fit on a line, or the date is none.

    Examples
    --------
    >>> read_imprint(" 市发展改革委 ", "2026-11-29")
    Imprint(unit='市发展改革委', dated='2026-11-29')
    """
    wrong, unit, dated = [], (unit or "").strip(), (dated or "").strip()
    if len(unit) > UNIT_LETTERS or not unit.isprintable():
        wrong.append(f"--unit is {unit[:UNIT_LETTERS]!r}: a name on one line, of at most {UNIT_LETTERS} letters.")
    if dated:
        try:
            # Only the long form of ISO: year-month-day is what everybody reads alike.
            well_formed = date.fromisoformat(dated).isoformat() == dated
        except ValueError:
            well_formed = False
        if not well_formed:
            wrong.append(f"--dated is {dated[:UNIT_LETTERS]!r}: give year, month and day, such as 2026-11-29.")
    if wrong:
        raise BriefingError("\n".join(wrong))
    return Imprint(unit, dated)


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
