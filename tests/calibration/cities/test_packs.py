"""Every pack of the project: it builds, its tables agree with each other, and it says what it rests on."""

from __future__ import annotations

import os
import subprocess
import sys

import pandas as pd
import pytest
import yaml

from analysis.charts.frame import source_line
from analysis.list_command import _cities
from analysis.outcome.screen import printed_in
from analysis.outcome.verdict import basis_line
from analysis.page.content import _page_words
from calibration.cities.new import BOUNDARIES
from calibration.fit.evidence import Evidence
from model.building import model_text
from model.city import PACKS, USUAL, VARIABLE, pack_names, read_pack
from tests.conftest import ROOT

#: Packs that `city new` made; the first city's was there before it.
NEW = [name for name in pack_names() if name != USUAL]
PRIOR = [name for name in NEW if (PACKS / name / "calibration" / Evidence.TO_2020.uncalibrated.name).is_file()]


def table(name, file):
    return pd.read_csv(PACKS / name / file, dtype=str, keep_default_na=False)


def content(name, file):
    return yaml.safe_load((PACKS / name / file).read_text(encoding="utf-8"))


def test_the_packs_that_are_to_be_there_are():
    assert {"changsha", "chengdu", "hefei", "jinan", "nanjing", "qingdao", "zhengzhou"} <= set(pack_names())


@pytest.mark.parametrize("name", pack_names())
def test_a_pack_builds_with_no_gap_left_and_names_in_both_languages(name):
    pack = read_pack(PACKS / name)
    text = model_text(pack)
    assert "{{" not in text
    assert all(district.name in text for district in pack.districts)
    titles = table(name, "districts.csv")
    for column in ("title_zh", "title_en"):
        assert titles[column].str.strip().all()
        assert titles[column].is_unique
    # Two tiles in one place hide a district of the map.
    assert not titles.duplicated(["tile_column", "tile_row"]).any()
    # What is spent on county towns is shared by the counties' residents: without one the model divides by nothing.
    assert titles["IS COUNTY"].astype(float).sum() > 0


@pytest.mark.parametrize("name", NEW)
def test_the_units_of_a_pack_hold_every_resident_that_its_city_has(name):
    units = table(name, "units.csv")
    for year in ("2010", "2020"):
        codes = [code for cell in units[f"codes_{year}"] for code in cell.split("+")]
        assert len(codes) == len(set(codes))
        rows = table(name, f"data/census_{year}_county.csv")
        ages = table(name, f"data/census_{year}_age_sex.csv")
        people = rows[(rows["variable"] == "population_resident") & (rows["boundary"] == "district")]
        assert list(people["region"]) == list(units["name"]) == list(table(name, "districts.csv")["district"])
        total = content(name, "city.yaml")["control_totals"]["residents"][int(year)]
        assert people["value"].astype(float).sum() == total
        assert ages["value"].astype(float).sum() == total


@pytest.mark.parametrize("name", NEW)
def test_the_residents_of_a_pack_are_those_that_its_prefecture_published(name):
    """The panel of prefectures on their boundaries of 2020 is another file than the county tabulations."""
    left = table(name, "left_out.csv")
    published = left[(left["variable"] == "population_resident") & left["source"].str.contains("census_city_2010-2020")]
    totals = content(name, "city.yaml")["control_totals"]["residents"]
    found = {int(row.year): float(row.value) for row in published.itertuples()}
    # One person of Chengdu's 2010 is lost in the rounding of a unit that moved.
    assert found == pytest.approx(totals, abs=1)


@pytest.mark.parametrize("name", NEW)
def test_a_pack_holds_nothing_later_than_2020_and_no_row_that_it_leaves_out(name):
    series, left = table(name, "data/series.csv"), table(name, "left_out.csv")
    for rows in (series, left):
        assert rows["year"].astype(int).max() <= 2020
        assert set(rows["boundary"]) <= set(BOUNDARIES)
    assert left["reason"].str.strip().all()
    keys = ["variable", "year", "boundary", "value", "source"]
    assert not set(series[keys].itertuples(index=False, name=None)) & set(left[keys].itertuples(index=False, name=None))


@pytest.mark.parametrize("name", NEW)
def test_what_a_pack_is_compared_with_is_in_its_series(name):
    data = pd.concat([pd.read_csv(path, dtype=str) for path in sorted((PACKS / name / "data").glob("*.csv"))])
    sources = set(data["source"])
    for entry in content(name, "record.yaml")["series"].values():
        assert set(entry["source"].split("; ")) <= sources
        assert all(2010 <= year <= 2020 for year in entry["years"])


@pytest.mark.parametrize("name", NEW)
def test_a_pack_says_what_is_calibrated_what_is_prior_and_what_an_expert_would_doubt(name):
    page = (PACKS / name / "README.md").read_text(encoding="utf-8")
    english, chinese = page.split("\n# ")[:2]
    assert "What is prior." in english
    assert "would doubt" in english
    assert "仍为先验的部分" in chinese or "全部为先验" in chinese
    assert "会质疑" in chinese
    assert ("not calibrated" in english and "没有校准" in chinese) == (name in PRIOR)
    assert (PACKS / name / "checklist.md").is_file()


def test_the_list_of_cities_says_which_ensembles_have_seen_no_record():
    shown = {cells[0]: cells[-1] for _, cells in _cities()[1]}
    assert PRIOR
    assert {shown[name] for name in PRIOR} == {"未校准，只取自先验"}
    assert shown["hefei"] == "2020"
    assert shown["jinan"] == "2020, 2023"


@pytest.mark.slow
@pytest.mark.parametrize("name", pack_names())
def test_a_pack_runs_at_once_and_says_whether_it_has_been_fitted(name, tmp_path):
    words = ["run", "baseline", "plan", "--members", "4", "--out", str(tmp_path / "out"), "--language", "en"]
    done = subprocess.run(
        [sys.executable, str(ROOT / "run_scenarios.py"), *words], cwd=tmp_path, capture_output=True, text=True,
        env={**os.environ, VARIABLE: name, "COLUMNS": "200", "PYTHONPATH": str(ROOT)}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert ("have not been fitted" in done.stderr) == (name in PRIOR)
    assert {path.stem for path in (tmp_path / "out").rglob("*.nc")} >= {"baseline", "plan"}
    checked = subprocess.run(
        [sys.executable, str(ROOT / "run_scenarios.py"), "check", "--city", name], cwd=tmp_path, capture_output=True,
        text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False,
    )  # fmt: skip
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("fitted", [True, False])
@pytest.mark.parametrize(("language", "said"), [("zh", "没有用"), ("en", "fitted to no record")])
def test_what_is_shown_says_that_an_ensemble_is_drawn_from_priors(language, said, fitted, tmp_path, monkeypatch):
    """The words of the first city, with and without the note that `city new` leaves beside an ensemble."""
    note = tmp_path / "not_calibrated_2020.txt"
    if not fitted:
        note.write_text("made up\n", encoding="utf-8")
    monkeypatch.setattr(Evidence, "uncalibrated", property(lambda _: note))
    facts = {"members": "20", "seed": "1", "evidence": "2020", "model_file": "made up", "model_hash": "made up"}
    with printed_in(language):
        shown = [source_line("footer", facts, language, scenario="made up"), basis_line(20, Evidence.TO_2020)]
    shown.append(_page_words()["foot"][language])
    assert [said in text for text in shown] == [not fitted] * 3
