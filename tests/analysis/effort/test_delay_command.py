"""``run_scenarios.py delay``, from the typed words to the files, in a temporary folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.image import imread
from typer.testing import CliRunner

import run_scenarios
from analysis.effort.delay.study import ALL
from model.definition import model_hash
from tests.support.result_listing import names_of_results

REGISTERED = "target.urbanization.registered.2025"
QUICK_TALENT = """\
name: quick_talent
title: {zh: 人才提速, en: Faster talent}
question: {zh: "快一些呢？", en: "What if it goes faster?"}
base: baseline
changes:
  TALENT SUBSIDY: {value: 120000, unit: yuan/person, source: "plan 2.1(3)"}
  RENT SUBSIDY: {path: {2020: default, 2022: 0.1}, unit: Dmnl, source: "plan 2.2(3)"}
expect: []
"""


def call(*words: object):
    return CliRunner().invoke(
        run_scenarios.app, [*map(str, words), "--full", "--language", "en"], env={"COLUMNS": "120"}
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A scenario of two levers, with everything that is written."""
    folder = tmp_path_factory.mktemp("delay")
    (folder / "quick_talent.yaml").write_text(QUICK_TALENT, encoding="utf-8")
    words = ("delay", "--scenario", folder / "quick_talent.yaml", "--target", REGISTERED, "--members", 6)
    outcome = call(*words, "--out", folder / "outputs")
    assert outcome.exit_code == 0, outcome.output
    return words, outcome, folder / "outputs"


def test_it_leaves_data_tables_and_charts_in_both_languages(made):
    _, _, out = made
    files = names_of_results(out, "**/*.*")
    assert files == {
        "delay_quick_talent.nc",
        "delay_quick_talent.csv",
        "delay_quick_talent_last_start.csv",
        "delay_quick_talent_zh.png",
        "delay_quick_talent_en.png",
    }
    for language in ("zh", "en"):
        assert np.ptp(imread(out / "figures" / f"delay_quick_talent_{language}.png")) > 0.5


def test_tables_and_data_hold_the_same_numbers_and_say_what_made_them(made):
    _, _, out = made
    table = pd.read_csv(out / "delay_quick_talent.csv")
    assert set(table["lever"]) == {"TALENT SUBSIDY", "RENT SUBSIDY", ALL}
    assert sorted(table["start"].dropna().unique()) == [2021, 2022, 2023, 2024, 2025]
    with xr.open_dataset(out / "delay_quick_talent.nc") as opened:
        data = opened.load()
    assert data.attrs["model_hash"] == model_hash()
    assert data.attrs["members"] == "6"
    for row in table.fillna({"delay": -1}).itertuples():
        cell = data.sel(target=row.target, lever=row.lever, delay=row.delay)
        assert float(cell["probability"]) == pytest.approx(row.probability)
        assert float(cell["margin_median"]) == pytest.approx(row.margin_median)
    # Talent is what moves the registered rate: without it, the margin is smaller than with it in time.
    median = table[table["lever"] == "TALENT SUBSIDY"].set_index("delay")["margin_median"]
    assert median.loc[0] > median.loc[4]


def test_it_says_what_the_last_start_is(made):
    _, outcome, _ = made
    told = " ".join(outcome.output.split())
    for words in ("Faster talent: the cost of delay", "urbanization rate", "→"):
        assert words in told


def test_a_second_call_says_what_it_replaces_and_writes_the_same(made):
    words, _, out = made
    before = (out / "delay_quick_talent.csv").read_bytes()
    outcome = call(*words, "--out", out)
    assert outcome.exit_code == 0
    assert "Will replace" in outcome.output
    assert (out / "delay_quick_talent.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--target", "target.urbanization.registred.2025"), "Did you mean 'target.urbanization.registered.2025'?"),
        (("--target", "target.smart_district_share.2025"), "not modelled"),
        (("--scenario", "baseline"), "baseline moves no lever"),
        (("--scenario", "plam"), "Did you mean 'plan'?"),
        (("--probability", "80", "--target", REGISTERED), "above 0 and up to 1, not at 80"),
        (("--members", "100000"), "the calibrated ensemble of evidence 2023 holds"),
    ],
)
def test_a_mistake_is_told_in_words_with_exit_code_2(words, told, tmp_path):
    outcome = call("delay", *words, "--out", tmp_path)
    assert outcome.exit_code == 2
    assert told in " ".join(outcome.output.split())
    assert not [path for path in Path(tmp_path).rglob("*") if path.is_file()]
