"""A briefing put together: sections in order, over the evidence, in one language."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from pathlib import Path
from typing import Final

from analysis.briefing.content import Briefing, Name
from analysis.briefing.results import Results
from analysis.briefing.sections import advice, answer, city, comparison, limits, note, targets
from analysis.briefing.sections.author import Author
from analysis.briefing.study import Evidence
from analysis.briefing.words import say

#: The packages whose versions can change how a file or a picture is written, though no number in it.
WRITERS: Final = (
    "matplotlib", "pillow", "fonttools", "python-pptx", "XlsxWriter", "jinja2", "python-docx", "fpdf2",
)  # fmt: skip
SECTIONS = (
    answer.answer_section,
    targets.target_section,
    city.course_section,
    comparison.compare_section,
    city.district_section,
    city.age_section,
    city.school_section,
    city.ledger_section,
    limits.limit_section,
    limits.assumption_section,
    limits.not_section,
)


def compose(evidence: Evidence, results: Results, language: str) -> Briefing:
    """Write a briefing in "zh" or "en" from what it rests on and what `compute_results` returns for it."""
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
    return Briefing(
        language,
        say("title", language),
        subtitle,
        sections,
        manifest,
        advice=advice.advice_section(author),
        note=note.note_sections(author),
    )


def briefing_hash() -> str:
    """Return twelve hexadecimal digits that change whenever the words or the code of briefings do."""
    digest = hashlib.sha256()
    folder = Path(__file__).parent
    for path in sorted(one for part in ("", "sections", "writing") for one in (folder / part).glob("*.*")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]
