"""Whatever a file holds, it is read or refused in words: no traceback, no hang, no message longer than a screen."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from analysis.assessment import words as assessment_words
from analysis.assessment.observations import read_newer_observations, read_stored_forecast
from analysis.briefing import words as briefing_words
from analysis.charts import findings
from analysis.comparison import words as comparison_words
from analysis.conditions import words as condition_words
from analysis.effort import plausible
from analysis.effort.backcast import words as backcast_words
from analysis.effort.delay import words as delay_words
from analysis.effort.frontier import words as frontier_words
from analysis.information import words as information_words
from analysis.information.collectable import FILE as COLLECTABLE_FILE
from analysis.information.collectable import load_collectables
from analysis.left_out import words as left_out_words
from analysis.outcome import words as chart_words
from analysis.page import words as page_words
from analysis.reach import words as reach_words
from analysis.sensitivity import words as sensitivity_words
from calibration.fit.ensemble import read_members
from calibration.fit.evidence import Evidence
from calibration.fit.priors import PRIORS_FILE, read_priors
from calibration.history import figures as history_figures
from calibration.observations import DATA_FOLDER, read_observations
from model.definition import variables_by_name
from scenarios import load_levers, load_scenario, load_targets
from scenarios.levers import FILE as LEVER_FILE
from scenarios.targets import FILE as TARGET_FILE
from tests.support.damaged_files import damaged, outcome

SCENARIO = """\
name: {name}
title: {{zh: 试验, en: A trial}}
question:
  zh: 会怎样？
  en: What follows?
base: plan
changes:
  TALENT SUBSIDY: {{value: 90000, unit: yuan/person, source: assumption}}
  EASE OF SETTLEMENT:
    path: {{2020: default, 2025: 0.95}}
    unit: Dmnl
    source: "assumption: slower"
  PERMIT ENTITLEMENT:
    by:
      primary: 1.0
      junior secondary: {{2020: default, 2023: 1.0}}
    unit: Dmnl
    source: "plan 2.2(2)"
    note: two of six
expect:
  - {{variable: residents, year: 2030, is: above plan}}
  - {{variable: residents by district, element: Lixia, year: 2030, at least: 1}}
  - {{variable: registered urbanization rate, never above: 1}}
"""
OBSERVATIONS = """\
variable,year,value,unit,source,note,grade
residents,2021,9336000,person,communique of 2021,,A
resident urbanization rate,2021,0.742,Dmnl,"communique, 2021",,B
registered births,2022,60000,person/Year,communique of 2022,police,
"""


def _scenario(path: Path) -> None:
    load_scenario(path).settings()


def _data(path: Path) -> None:
    read_observations(path.parent)


@cache
def _members() -> xr.Dataset:
    return read_members(2)


def _collectable(path: Path) -> None:
    load_collectables(variables_by_name(), _members(), path)


def _words(module: Any, read: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    def load(path: Path) -> None:
        monkeypatch.setattr(module, "WORDS_FILE" if hasattr(module, "WORDS_FILE") else "FILE", path)
        read.__wrapped__()  # type: ignore[attr-defined]

    return load


KINDS = (
    *("scenario", "levers", "targets", "priors", "observations", "data", "collectable"),
    *("outcome words", "plausible words", "reach words", "sensitivity words"),
    *("terms", "page words", "briefing words", "history words", "assessment words"),
    *("condition words", "information words", "backcast words", "frontier words"),
    *("comparison words", "left-out words", "delay words", "finding words"),
)


def _kind(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, Path, Callable[[Path], Any]]:
    """A good file of a kind, where it stands, and what reads it."""
    plain: dict[str, tuple[Path, Callable[[Path], Any]]] = {
        "levers": (LEVER_FILE, lambda path: load_levers(file=path)),
        "targets": (TARGET_FILE, lambda path: load_targets(file=path)),
        "priors": (PRIORS_FILE, read_priors),
        "collectable": (COLLECTABLE_FILE, _collectable),
        "terms": (chart_words.FILE, _words(chart_words, chart_words.terms, monkeypatch)),
        "assessment words": (assessment_words.FILE, chart_words.sentences_in.__wrapped__),
        "comparison words": (comparison_words.FILE, chart_words.sentences_in.__wrapped__),
        "left-out words": (left_out_words.FILE, chart_words.sentences_in.__wrapped__),
        "delay words": (delay_words.FILE, chart_words.sentences_in.__wrapped__),
        "finding words": (findings.FILE, chart_words.sentences_in.__wrapped__),
        "outcome words": (chart_words.SENTENCES, chart_words.sentences_in.__wrapped__),
        "plausible words": (plausible.FILE, chart_words.sentences_in.__wrapped__),
        "reach words": (reach_words.FILE, chart_words.sentences_in.__wrapped__),
        "sensitivity words": (sensitivity_words.FILE, chart_words.sentences_in.__wrapped__),
        "condition words": (condition_words.FILE, chart_words.sentences_in.__wrapped__),
        "information words": (information_words.FILE, chart_words.sentences_in.__wrapped__),
        "backcast words": (backcast_words.FILE, chart_words.sentences_in.__wrapped__),
        "frontier words": (frontier_words.FILE, chart_words.sentences_in.__wrapped__),
        "page words": (page_words.FILE, _words(page_words, page_words.words, monkeypatch)),
        "briefing words": (briefing_words.FILE, _words(briefing_words, briefing_words.templates, monkeypatch)),
        "history words": (history_figures.WORDS_FILE, _words(history_figures, history_figures._terms, monkeypatch)),
    }
    if name in plain:
        file, read = plain[name]
        return file.read_text(encoding="utf-8"), folder / file.name, read
    if name == "scenario":
        return SCENARIO.format(name="trial"), folder / "trial.yaml", _scenario
    if name == "observations":
        return OBSERVATIONS, folder / "newer.csv", _newer
    shutil.copytree(DATA_FOLDER, folder / "data")
    file = folder / "data" / "jinan_yearbooks.csv"
    return file.read_text(encoding="utf-8"), file, _data


def _newer(path: Path) -> object:
    return read_newer_observations(path, read_stored_forecast(Evidence.TO_2020.forecast))


def _damage(name: str, count: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    text, path, read = _kind(name, folder, monkeypatch)
    path.write_text(text, encoding="utf-8")
    assert outcome(read, path) == "read", "the good file is refused"
    random = np.random.default_rng(sum(map(ord, name)))
    seen: Counter[str] = Counter()
    for number in range(count):
        content = damaged(text, random)
        path.write_bytes(content)
        what = outcome(read, path)
        seen[what] += 1
        assert what in ("read", "refused"), (
            f"file no. {number} of {name}: {what}\n{content[:3000].decode('utf-8', 'replace')}"
        )
    return seen


@pytest.mark.parametrize("name", KINDS)
def test_a_damaged_file_is_read_or_refused_in_words(name, tmp_path, monkeypatch):
    seen = _damage(name, 200, tmp_path, monkeypatch)
    # Else the damage would not be worth its name, or nothing would get as far as the checks.
    assert seen["refused"] >= 50


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_two_thousand_damaged_files_are_read_or_refused_in_words(name, tmp_path, monkeypatch):
    assert sum(_damage(name, 2000, tmp_path, monkeypatch).values()) == 2000
