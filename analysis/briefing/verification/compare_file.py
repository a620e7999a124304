"""A briefing file against the same briefing made again from the model, with what differs in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from analysis.briefing.compose import compose
from analysis.briefing.content import signed
from analysis.briefing.results import compute_results
from analysis.briefing.study import Evidence
from analysis.briefing.verification.compare_document import document_differences, pdf_differences
from analysis.briefing.verification.compare_office import slides_differences, workbook_differences
from analysis.briefing.verification.compare_page import page_differences
from analysis.briefing.verification.manifest import imprint_of, may_differ, wrong_facts
from analysis.briefing.verification.open_file import BriefingFile, unpack
from analysis.briefing.verification.tolerances import LEVELS, POINTS, TOLERANCE
from analysis.briefing.writing.files import make_files

#: Differences that are looked for, and those that a message names.
SOUGHT, NAMED = 500, 20
#: Letters of a line that names a difference.
LINE: Final = 240
#: What names the differences of each kind of file, of its bytes or of its parts.
BY_CONTENT: Final[Mapping[str, Callable[[bytes, bytes], Iterator[str]]]] = {
    "page": page_differences,
    "note pdf": pdf_differences,
}
BY_PARTS: Final[Mapping[str, Callable[[Mapping[str, bytes], Mapping[str, bytes]], Iterator[str]]]] = {
    "slides": slides_differences,
    "workbook": workbook_differences,
    "report": document_differences,
    "note": document_differences,
}


@dataclass(frozen=True)
class Outcome:
    """The result of a comparison."""

    name: str
    #: Whether every byte is the same, and nothing is remarked.
    identical: bool
    #: What differs, the shortest useful first.
    differences: list[str]
    #: What may differ without being wrong, such as versions of libraries.
    remarks: list[str]
    #: What was given by whoever had it made, and cannot be checked.
    given: str = ""

    @property
    def words(self) -> str:
        """The outcome as it is printed."""
        lines = list(self.remarks)
        if self.differences:
            lines += [f"{self.name} differs from the briefing made again:", in_words(self.differences)]
        elif self.identical:
            lines.append(f"{self.name} is identical to the briefing made again, byte for byte.")
        else:
            but = "but for the versions above" if self.remarks else "though not byte for byte"
            lines.append(
                f"{self.name} is the same as the briefing made again in every word, cell, shape and digit shown, "
                f"{but}. Full values agree within {TOLERANCE:g}, drawings within {POINTS:g} points, "
                f"pictures within {LEVELS} of 255 levels of colour."
            )
        if self.given:
            lines.append(f"Not checked, as whoever had it made gave it: {self.given}.")
        return "\n".join(lines)


def verify(file: BriefingFile, evidence: Evidence) -> Outcome:
    """Compare a file with the briefing made again from evidence that was computed anew, as its manifest says."""
    briefing = compose(evidence, compute_results(evidence), file.manifest["language"])
    # Whose it is and of which day is not the model's to know: it is taken from the file, and told.
    briefing = signed(briefing, imprint_of(file.manifest))
    wrong = wrong_facts(file.manifest, briefing.manifest)
    remarks = may_differ(file.manifest, briefing.manifest)
    # Facts are compared above, once; what each slide's notes say of them is compared with the file's own.
    briefing = replace(briefing, manifest=dict(file.manifest))
    with TemporaryDirectory() as folder:
        fresh = make_files(evidence, briefing, Path(folder), [file.kind])[file.kind]
    given = ", ".join(f"{name} {fact!r}" for name, fact in briefing.imprint.facts.items())
    return replace(compared(file, fresh, wrong, remarks), given=given)


def compared(file: BriefingFile, fresh: bytes, wrong: list[str], remarks: list[str]) -> Outcome:
    """Return what a file differs in from the bytes that it should have, besides facts that are wrong already."""
    if file.content == fresh:
        # It was made again with the file's own manifest: bytes say nothing of an entry that is not the one of here.
        return Outcome(file.name, not remarks, wrong, remarks)
    if file.kind in BY_CONTENT:
        others = BY_CONTENT[file.kind](file.content, fresh)
    else:
        others = BY_PARTS[file.kind](file.parts, unpack(fresh))
    differences = list(dict.fromkeys([*wrong, *islice(others, SOUGHT)]))
    return Outcome(file.name, False, differences, remarks)


def in_words(problems: list[str]) -> str:
    """Return problems as lines, the first of many.

    Examples
    --------
    >>> in_words(["one"])
    ' * one'
    """
    lines = [f" * {' '.join(problem.split())[:LINE]}" for problem in problems[:NAMED]]
    if len(problems) > NAMED:
        more = f"{len(problems) - NAMED}" if len(problems) < SOUGHT else f"at least {SOUGHT - NAMED}"
        lines.append(f" * and {more} more")
    return "\n".join(lines)
