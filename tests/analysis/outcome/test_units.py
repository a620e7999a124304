"""The unit of a number has one owner: people in 万人, money in 亿元 in Chinese, on every screen, chart and page."""

from __future__ import annotations

import re

import pytest

from analysis.briefing.sections.author import TARGET_FORMS
from analysis.briefing.words import templates
from analysis.outcome.printing import wanted
from analysis.outcome.target_words import shown_in, unit_of
from analysis.outcome.units import axis_unit, plan_size, plan_unit
from analysis.outcome.words import LANGUAGES, terms
from analysis.page.indicators import indicators
from model.definition import variables_by_name
from scenarios import load_levers, load_targets
from tests.conftest import ROOT

TARGETS = load_targets(milestones=True)
#: What the files of words count in millions in Chinese: units of the model's own files, which are read as they stand.
FILES = {"scenarios/workbook_words.yaml"}


def test_no_chinese_words_count_in_millions():
    found = {
        path.relative_to(ROOT).as_posix()
        for folder in ("analysis", "scenarios")
        for path in (ROOT / folder).rglob("*.yaml")
        if "百万" in path.read_text(encoding="utf-8")
    }
    assert found <= FILES


@pytest.mark.parametrize("target", TARGETS.values(), ids=lambda target: target.id)
def test_a_target_is_told_in_one_unit_everywhere(target):
    for language in LANGUAGES:
        unit, size = plan_unit(target.unit, language), plan_size(target.unit, language)
        if target.threshold is not None:
            (written, *_) = re.findall(r"[\d,.]+", wanted(target, language))
            number = float(written.replace(",", ""))
            assert number * size == pytest.approx(target.threshold)
            assert unit in wanted(target, language)
        assert shown_in(target, size, language) == pytest.approx(1.0)
        assert target.unit == "percent" or unit_of(target, language) == unit.strip()
        assert not re.search("百万|^人", unit)
        if target.unit in TARGET_FORMS and target.unit not in ("ratio", "score", "count"):
            # In a column of a document the unit is shorter, but of the same size.
            assert (
                templates()[f"unit.{target.unit}"][language].split("（")[0] == unit.split("（")[0] or language == "en"
            )


def test_the_live_page_takes_its_units_from_the_same_place():
    for one in indicators(list(TARGETS.values())).values():
        assert not re.search("百万|^人$", one.unit["zh"])
        for target in one.targets:
            if target.variable == one.variable and target.title == one.title:
                assert one.size["zh"] == target.factor * plan_size(target.unit, "zh")
    assert all(lever.unit in terms()["model units"] for lever in load_levers().values())


@pytest.mark.parametrize(
    ("variable", "zh", "en"),
    [
        ("residents", ("万人", 1e4), ("million people", 1e6)),
        ("settled people", ("万人/年", 1e4), ("thousand people a year", 1e3)),
        ("budget revenue", ("亿元/年", 1e8), ("billion yuan a year", 1e9)),
        ("resident urbanization rate", ("%", 0.01), ("percent", 0.01)),
    ],
)
def test_a_variable_is_shown_as_an_office_writes_it(variable, zh, en):
    known = variables_by_name()[variable]
    assert (axis_unit(known, "zh"), axis_unit(known, "en")) == (zh, en)
