"""A briefing for the tests: made once from the command line, with few members and small pictures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from typer.testing import CliRunner

import run_scenarios
from analysis.briefing import command
from analysis.briefing import study as evidence_module
from analysis.briefing.charts import FORMATS, file_name, pictures, write
from analysis.briefing.compose import compose
from analysis.briefing.content import Briefing
from analysis.briefing.results import Results, compute_results
from analysis.briefing.study import Evidence
from analysis.briefing.writing import files

#: Few, so that the tests are quick; enough for intervals and probabilities.
MEMBERS = 4
LANGUAGES = ("zh", "en")


@dataclass(frozen=True)
class Written:
    """A briefing on the plan in both languages, with the evidence it rests on and what the command has said."""

    folder: Path
    evidence: Evidence
    output: str

    @cached_property
    def results(self) -> Results:
        """Every result."""
        return compute_results(self.evidence)

    @cached_property
    def composed(self) -> dict[str, Briefing]:
        """What the briefing says, by language."""
        return {language: compose(self.evidence, self.results, language) for language in LANGUAGES}

    def path(self, kind: str, language: str = "zh") -> Path:
        """The file of a kind, by its suffix; ``one_page.docx`` is the text of one page."""
        name = "one_page" if kind in ("pdf", "one_page.docx") else "briefing"
        return self.folder / f"{name}_plan_{language}.{kind.removeprefix('one_page.')}"


def call(*words: object):
    """Call the command line."""
    return CliRunner().invoke(run_scenarios.app, [str(word) for word in words], env={"COLUMNS": "120"})


def drawn_at_once(_evidence: object, briefing: Briefing, folder: Path, kinds=FORMATS) -> Iterator[Path]:
    """Draw a small picture for each, of a colour of its own: their looks are tested in test_figures.py."""
    for place, picture in enumerate(pictures(briefing)):
        drawn = Figure(figsize=(0.1, 0.1), facecolor=(0.1 * place, 0.5, 0.5))
        drawn.text(0.123456, 0.5, str(place), fontsize=3)
        for kind in kinds:
            path = folder / file_name(picture, briefing.language, kind)
            write(drawn, path)
            yield path


@contextmanager
def quick_briefings() -> Iterator[pytest.MonkeyPatch]:
    """Have briefings compare two shipped scenarios, try few orders of levers, and draw small pictures."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(command, "shipped_scenarios", lambda _starts: ("baseline", "plan"))
        patch.setattr(evidence_module, "ORDERS", 4)
        patch.setattr(files, "draw", drawn_at_once)
        yield patch


def write_briefing(out: Path, scenario: str = "plan") -> Written:
    """Write one into a folder."""
    kept: list[Evidence] = []
    gather = evidence_module.gather

    def remembered(*given):
        kept.append(gather(*given))
        return kept[-1]

    with quick_briefings() as patch:
        patch.setattr(evidence_module, "gather", remembered)
        outcome = call("brief", "--scenario", scenario, "--language", "both", "--members", MEMBERS, "--out", out)
    assert outcome.exit_code == 0, outcome.output
    return Written(out, kept[0], outcome.output)
