"""A briefing put together: sections in order, over the evidence, in one language."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from pathlib import Path
from typing import Final

from analysis.briefing.content import Briefing, Name
from analysis.briefing.results import Results
from analysis.briefing.sections.answer import answer_section
from analysis.briefing.sections.author import Author
from analysis.briefing.sections.city import (
    age_section,
    course_section,
    district_section,
    ledger_section,
    school_section,
)
from analysis.briefing.sections.comparison import compare_section
from analysis.briefing.sections.limits import assumption_section, limit_section, not_section
from analysis.briefing.sections.targets import target_section
from analysis.briefing.study import Evidence
from analysis.briefing.words import say

#: The packages whose versions can change how a file or a picture is written, though no number in it.
WRITERS: Final = ("matplotlib", "pillow", "fonttools", "python-pptx", "XlsxWriter", "jinja2")
SECTIONS = (
    answer_section,
    target_section,
    course_section,
    compare_section,
    district_section,
    age_section,
    school_section,
    ledger_section,
    limit_section,
    assumption_section,
    not_section,
)


def compose(evidence: Evidence, results: Results, language: str) -> Briefing:
    """Write a briefing.

    Parameters
    ----------
    evidence
        What it rests on.
    results
        What `analysis.briefing.results.compute_results` returns for it.
    language
        "zh" or "en".
    """
    author = Author(evidence, results, language)
    scenario = evidence.scenario
    subtitle = say(
        "subtitle", language, scenario=Name(scenario.title[language]), question=Name(scenario.question[language])
    )
    sections = tuple(write(author) for write in SECTIONS)
    manifest = {
        **evidence.manifest,
        "language": language,
        "briefing_hash": briefing_hash(),
        "written_with": ", ".join(f"{package} {version(package)}" for package in WRITERS),
    }
    return Briefing(language, say("title", language), subtitle, sections, manifest)


def briefing_hash() -> str:
    """Return twelve hexadecimal digits that change whenever the words or the code of briefings do."""
    digest = hashlib.sha256()
    folder = Path(__file__).parent
    for path in sorted(one for part in ("", "sections", "writing") for one in (folder / part).glob("*.*")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]
