"""A pack from the county tabulations: units matched or asked for, mistakes named at once, numbers that agree."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
import yaml

from calibration.census.migration_schedules import arrivals
from calibration.census.single_years import AGES
from calibration.cities.files import TabulationError
from calibration.cities.matching import MatchError, match_units
from calibration.cities.new import Names, NewCityError, city_names, make_pack, write_pack
from calibration.cities.numbers import COUNTRY_INCOME, widened
from calibration.cities.rules import counties
from calibration.cities.tabulations import read_tabulation
from tests.support.made_up_tabulations import CODE, MATCH, SERIES, residents, write_tabulations

NAMES = Names("shili", "Shili", "示例市", "Shili", "示例省")


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """A folder with made-up tabulations, the table of units and a made-up series."""
    folder = write_tabulations(tmp_path_factory.mktemp("census"), panel_residents=residents(2010))
    (folder / "match.csv").write_text(MATCH, encoding="utf-8")
    (folder / "series.csv").write_text(SERIES, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def made(given):
    return make_pack(NAMES, CODE, given, match=given / "match.csv", series=given / "series.csv")


def make(given, tmp_path, **texts):
    """Make the pack with one of its tables replaced."""
    files = {name: given / f"{name}.csv" for name in ("match", "series")}
    for name, text in texts.items():
        files[name] = tmp_path / f"{name}.csv"
        files[name].write_text(text, encoding="utf-8")
    return make_pack(NAMES, CODE, given, **files)


def test_a_city_is_found_by_its_name_in_latin_letters(given):
    names, code = city_names("shili", "", given)
    assert (names, code) == (NAMES, CODE)


@pytest.mark.parametrize(("key", "code", "said"), [("Shili", "", "small Latin"), ("nowhere", "", "0 prefectures"),
                                                     ("shili", "999900", "no prefecture")])  # fmt: skip
def test_a_name_or_code_of_nothing_is_refused(given, key, code, said):
    with pytest.raises(NewCityError, match=said):
        city_names(key, code, given)


def test_a_missing_workbook_is_named_with_where_it_is_published(tmp_path):
    with pytest.raises(TabulationError, match=r"census_county_2010_v1\.xlsx.*github\.com/leiii/census"):
        read_tabulation(tmp_path, 2010)


def test_a_zone_without_a_unit_of_2010_is_asked_for_by_name(given):
    tables = {year: read_tabulation(given, year) for year in (2010, 2020)}
    with pytest.raises(MatchError, match=r"示例开发区 \(990171, [0-9,]+ residents in 2020\) has no unit of 2010"):
        match_units(tables, CODE)


def test_units_are_joined_and_keep_every_person(made):
    assert [unit.codes_2020 for unit in made.facts.units] == [("990102", "990171"), ("990121",), ("990181",)]
    for year in (2010, 2020):
        assert made.facts.total("population_resident", year) == residents(year)
        city = yaml.safe_load(made.files["city.yaml"])
        assert city["control_totals"]["residents"][year] == residents(year)


def test_every_mistake_of_a_table_of_units_is_named_with_row_column_and_remedy(given, tmp_path):
    broken = MATCH.replace("990121,990121", "990199,370102").replace("990181,990181", "990181,")
    with pytest.raises(MatchError) as refused:
        make(given, tmp_path, match=broken)
    said = str(refused.value)
    assert "row 3, codes_2010: 990199 is no unit of the tabulation of 2010" in said
    assert "row 3, codes_2020: 370102 belongs to 济南市, not to 990100; take it out" in said
    assert "row 4, codes_2020: no code; 丙市 needs at least one of 2020" in said
    assert re.search(r"codes_2020: 乙县 \(990121, [0-9,]+ residents\) stands in no row", said)


def test_a_pack_of_the_wrong_boundary_names_the_unit_that_is_missing(given, tmp_path):
    # The unit of 2010 is left out; of 2020 another stands for it.
    wrong = MATCH.replace("丙市,Bing,county cities,县级市,990181", "丙市,Bing,county cities,县级市,370102")
    with pytest.raises(NewCityError, match=r"add up to [0-9,]+ residents of 2010, but the prefecture .* had [0-9,]+"):
        make(given, tmp_path, match=wrong)


def test_contradictions_of_a_series_are_named_all_at_once(given, tmp_path):
    head = SERIES.splitlines()[0]
    rows = [
        "gdp,Shili,2019,many,100 million yuan,new,E,made up for a test,,",
        "gdp,Shili,2021,1900,100 million yuan,new,E,made up for a test,,",
        "gdp,Shilly,2018,1500,100 million yuan,now,F,made up for a test,,",
        "gdp,Shili,2020,1800,100 million yuan,new,E,made up for a test,,",
        "gdp,Shili,2020,1700,100 million yuan,new,E,made up for a test,,",
        "gdp_primary,Shili,2020,18000000,10 000 yuan,new,E,made up for a test,,",
        "population_hukou_registered_yearend,Shili,2019,2050000,persons,new,E,made up for a test,,",
        "population_hukou_registered_yearend,Shili,2020,210,10k persons,new,E,made up for a test,,",
    ]
    with pytest.raises(NewCityError) as refused:
        make(given, tmp_path, series="\n".join([head, *rows]) + "\n")
    said = str(refused.value)
    for part in (
        "row 2, value: 'many' is not a number",
        "row 3, year: '2021' must be a year up to 2020",
        "row 4, region: 'Shilly' is neither Shili nor one of its districts",
        "row 4, boundary: 'now' must be one of new, old",
        "row 4, grade: 'F' must be A to E",
        "row 6, value: gdp_primary 1.8e+07 of 2020 is above gdp 1800 (row 5)",
        "row 6: a second row for gdp, 2020, boundary new",
        "population_hukou_registered_yearend goes from 2.05e+06 (2019) to 210 (2020)",
    ):
        assert part.replace("row 6, value: gdp_primary", "row 7, value: gdp_primary") in said, part


def test_what_is_published_is_used_and_what_is_not_is_lent_and_asked_for(made):
    numbers = made.numbers
    output = numbers["NON FARM OUTPUT 2020"].values[0] + numbers["FARM OUTPUT 2020"].values[0]
    assert output == pytest.approx(1800e8, rel=1e-4)
    assert not numbers["NON FARM OUTPUT 2020"].borrowed
    assert numbers["HOUSE PRICE 2020"].borrowed
    assert numbers["HOUSE PRICE 2020"].values == pytest.approx((12282.0,), rel=1e-3)
    asked = made.files["checklist.md"]
    assert "`life_expectancy`" in asked
    assert "人均预期寿命" in asked
    assert "`population_hukou_registered_yearend`" in asked, "2019 is missing"


def test_what_is_lent_by_head_is_wider_than_in_the_city_that_lends(made):
    lender, lent = made.lender, made.numbers["DEBT 2020"]
    ratio = lent.values[0] / lender.values["DEBT 2020"].item()
    assert ratio == pytest.approx(made.facts.total("population_urban", 2020) / lender.bases["urban 2020"], rel=1e-3)
    (low, high), (own_low, own_high) = lent.prior["range"], lender.priors["DEBT 2020"]["range"]
    assert np.log(high / low) > 1.5 * np.log(float(own_high) / float(own_low))


def test_every_value_lies_within_its_limits_and_every_prior_reaches_into_them(made):
    assert made.numbers
    for number in made.numbers.values():
        low = -float("inf") if number.low is None else number.low
        high = float("inf") if number.high is None else number.high
        assert all(low <= value <= high for value in number.values), number.name
        if number.prior is not None and "range" in number.prior:
            p05, p95 = number.prior["range"]
            assert p05 < p95, number.name
            assert p05 < high, number.name
            assert p95 > low, number.name


def test_a_share_that_is_lent_is_never_above_one(made):
    lent = made.numbers["COVERAGE START 2020"]
    assert lent.borrowed
    assert lent.high == 1.0
    assert max(lent.values) * lent.prior["factor"][1] > 1, "the limit cuts the prior off"


def test_limits_that_are_not_known_are_left_empty(made):
    """A pack is read before it is derived: a cell that is no number would stop it there."""
    rows = pd.read_csv(io.StringIO(made.files["constants.csv"]), dtype=str, keep_default_na=False)
    assert (rows["highest"] == "").any()
    for column in ("lowest", "highest"):
        assert pd.to_numeric(rows.loc[rows[column] != "", column], errors="coerce").notna().all()


def series_of(*rows):
    """Made-up rows of one year and value each: variable, year, value, grade."""
    units = {"gdp": "100 million yuan", "gdp_primary": "100 million yuan"}
    return SERIES + "".join(
        f"{name},Shili,{year},{value},{units.get(name, 'yuan')},new,{grade},made up for a test,,\n"
        for name, year, value, grade in rows
    )


def test_an_income_of_another_year_is_moved_on_as_in_the_country_and_known_less_well(given, tmp_path):
    rows = [("income_per_capita_urban", 2012, 20000, "E"), ("income_per_capita_urban", 2019, 40000, "E"),
            ("income_per_capita_rural", 2016, 15000, "E")]  # fmt: skip
    numbers = make(given, tmp_path, series=series_of(*rows)).numbers
    country = COUNTRY_INCOME["urban"]
    then, now = numbers["URBAN INCOME 2010"], numbers["URBAN INCOME 2020"]
    assert then.values[0] == pytest.approx(20000 * country[2010] / country[2012], rel=1e-3)
    assert now.values[0] == pytest.approx(40000 * country[2020] / country[2019], rel=1e-3)
    assert np.ptp(then.prior["range"]) / then.values[0] == pytest.approx(2 * (0.03 + 2 * 0.02), rel=0.01)
    ratio = numbers["INCOME RATIO 2020"]
    rural = 15000 * COUNTRY_INCOME["rural"][2020] / COUNTRY_INCOME["rural"][2016]
    assert ratio.values[0] == pytest.approx(now.values[0] / rural, rel=1e-3)
    assert ratio.prior["range"][0] < ratio.values[0] < ratio.prior["range"][1]


def test_a_ratio_of_incomes_is_fixed_where_both_are_published_and_wide_where_none_is(given, made, tmp_path):
    rows = [("income_per_capita_urban", 2020, 40000, "A"), ("income_per_capita_rural", 2020, 20000, "A")]
    published = make(given, tmp_path, series=series_of(*rows)).numbers["INCOME RATIO 2020"]
    assert (published.values, published.prior) == ((2.0,), None)
    lent = made.numbers["INCOME RATIO 2020"]
    assert lent.borrowed
    assert np.ptp(lent.prior["range"]) > 0.4 * lent.values[0]


def test_farm_output_is_fixed_where_published_and_has_a_range_where_recalled_or_lent(given, made, tmp_path):
    published, recalled = (
        make(given, tmp_path, series=series_of(("gdp_primary", 2020, 100, grade))).numbers["FARM OUTPUT 2020"]
        for grade in "AD"
    )
    assert (published.values, published.prior, published.grade) == ((100e8,), None, "A")
    assert recalled.values == published.values
    assert recalled.prior["range"] == pytest.approx([80e8, 120e8])
    lent = made.numbers["FARM OUTPUT 2020"]
    assert lent.borrowed
    assert np.ptp(lent.prior["range"]) > np.ptp(recalled.prior["range"]) / 100e8 * lent.values[0]


@pytest.mark.parametrize(("after", "low", "high"), [(1730, 0.97, 1.12), (1384, 0.78, 1.03), (2076, 0.97, 1.2)])
def test_output_of_2010_follows_the_census_of_the_economy_up_or_down(given, tmp_path, after, low, high):
    """Made up: output grows by 10 % a year from 2016 to 2018; 2019 lies on that path, a fifth below it, above it."""
    rows = [("gdp", 2010, 1000, "E"), ("gdp", 2018, 1573, "E"), ("gdp", 2019, after, "E")]
    numbers = make(given, tmp_path, series=series_of(*rows)).numbers
    then = numbers["NON FARM OUTPUT 2010"]
    assert np.array(then.prior["range"]) / (0.94 * 1000e8) == pytest.approx([low, high], rel=0.02)


def test_the_programme_for_county_towns_has_always_a_district(made):
    facts = made.facts
    assert counties(facts)[0].tolist() == [0, 1, 0], "the one county"
    jia, yi, bing = facts.units
    assert counties(replace(facts, units=[jia, replace(yi, kind="district"), bing]))[0].tolist() == [0, 0, 1]
    districts = [replace(unit, kind="district") for unit in facts.units]
    assert counties(replace(facts, units=districts))[:2][1] == "B"
    assert counties(replace(facts, units=districts))[0].tolist() == [0, 1, 1], "by their codes of 2010"
    never = [replace(unit, codes_2010=("990102",)) for unit in districts]
    chosen, grade, _ = counties(replace(facts, units=never))
    assert (grade, chosen.sum()) == ("E", 1)
    assert chosen[np.argmin(facts.urban_share)] == 1


def test_an_age_at_which_no_district_gained_takes_the_shares_of_all_ages():
    """Made up: two districts whose unregistered are fewer in 2020 at every age from 50 on than stayed of 2010."""

    def start(young, old):
        people = np.tile(np.where(np.arange(AGES) < 50, young, old).astype(float), (2, 1))
        people[1] *= 2
        return SimpleNamespace(
            other_province=people, province_scale=0.0, province_at_most=people, residents=people * 4 + 100
        )

    def residual(net):
        return SimpleNamespace(net=np.tile(net, (2, 1)))

    net = np.where(np.arange(AGES) < 60, 30.0, 5.0)
    found = arrivals(cast(Any, residual(net)), (start(10, 500), start(60, 0)))
    assert np.isfinite(found.schedule).all()
    assert found.schedule.sum() == pytest.approx(1.0)
    old = found.schedule[:, 80]
    assert old.sum() > 0
    assert old[1] / old.sum() == pytest.approx(2 / 3)


def test_a_range_is_widened_about_its_middle_on_its_own_scale():
    assert widened(2.0, 8.0, "lognormal", 1.0) == pytest.approx((2.0, 8.0))
    assert widened(-1.0, 3.0, "normal", 2.0) == pytest.approx((-3.0, 5.0))


@pytest.mark.slow
def test_a_new_pack_runs_at_once(made, tmp_path):
    """Tables are derived, an ensemble is drawn and a scenario is run by the commands that a user calls."""
    import os
    import subprocess
    import sys

    from model.files.repository import ROOT

    folder = tmp_path / "shili"
    write_pack(made, folder)
    with pytest.raises(NewCityError, match="exists"):
        write_pack(made, folder)
    words = [
        "run_scenarios.py",
        "run",
        "baseline",
        "--members",
        "4",
        "--out",
        str(tmp_path / "out"),
        "--language",
        "en",
    ]
    done = subprocess.run(
        [sys.executable, *words, "--city", str(folder)], cwd=ROOT, env={**os.environ, "COLUMNS": "200"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "have not been fitted" in done.stderr
    assert list((tmp_path / "out").rglob("baseline.nc"))
