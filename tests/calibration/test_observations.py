"""The observations: complete, consistent with the censuses, and nothing after 2020."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from calibration.observations import (
    CONTROL_TOTALS,
    DATA_FOLDER,
    DISTRICTS,
    LAST_YEAR,
    RULES_FILE,
    ObservationError,
    census_residents,
    city_value,
    district_values,
    read_observations,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    copy = tmp_path / "data"
    shutil.copytree(DATA_FOLDER, copy)
    return copy


def change_cell(path: Path, row: int, column: str, text: str) -> None:
    """Replace one cell; rows count the header as row 1."""
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    table.loc[row - 2, column] = text
    table.to_csv(path, index=False)


@pytest.mark.parametrize(("label", "year"), CONTROL_TOTALS)
def test_district_rows_add_up_to_the_published_totals(label: str, year: int) -> None:
    observations = read_observations()
    variable = {"residents": "population_resident", "urban residents": "population_urban"}[label]
    assert district_values(observations, variable, year).sum() == CONTROL_TOTALS[label, year]
    assert city_value(observations, variable, year) == CONTROL_TOTALS[label, year]


@pytest.mark.parametrize("year", [2010, 2020])
def test_age_tables_and_district_totals_are_the_same_people(year: int) -> None:
    observations = read_observations()
    by_age = census_residents(observations, year).sum(["sex", "age_band"])
    assert (by_age == district_values(observations, "population_resident", year)).all()


def test_urban_and_rural_residents_make_the_residents_of_every_district() -> None:
    observations = read_observations()
    for year in (2010, 2020):
        urban, rural, residents = (
            district_values(observations, f"population_{kind}", year) for kind in ("urban", "rural", "resident")
        )
        assert (urban + rural == residents).all()


def test_the_high_tech_zone_is_counted_in_licheng() -> None:
    residents = census_residents(read_observations(), 2020).sum(["sex", "age_band"])
    assert residents.sel(district="Licheng") == 1_316_289 + 424_047
    assert tuple(residents["district"].values) == DISTRICTS


def test_no_observation_is_later_than_2020() -> None:
    assert read_observations()["year"].max() == LAST_YEAR == 2020


def test_every_observation_has_unit_grade_boundary_and_source() -> None:
    observations = read_observations()
    for column in ("unit", "grade", "boundary", "source"):
        assert (observations[column].str.strip() != "").all()


def test_incomes_of_2020_give_the_ratio_in_the_plan() -> None:
    observations = read_observations()
    urban, rural = (city_value(observations, f"income_per_capita_{kind}", 2020) for kind in ("urban", "rural"))
    assert round(urban / rural, 2) == city_value(observations, "income_ratio_urban_rural", 2020) == 2.61


def test_policy_targets_stand_apart_from_the_observations() -> None:
    rules = pd.read_csv(DATA_FOLDER / RULES_FILE, dtype=str, keep_default_na=False)
    assert (rules["year"].astype(int) > LAST_YEAR).any()
    assert "cap_urban_development_boundary" in set(rules["variable"])
    assert set(rules["variable"]).isdisjoint(read_observations()["variable"])


def test_an_observation_of_2021_is_refused(folder: Path) -> None:
    change_cell(folder / "communiques.csv", 5, "year", "2021")
    with pytest.raises(ObservationError, match=r"communiques\.csv, row 5, year: '2021' is after 2020"):
        read_observations(folder)


@pytest.mark.parametrize(
    ("column", "text", "words"),
    [
        ("value", "many", "'many' is not a number"),
        ("value", "inf", "'inf' is not a number"),
        ("year", "2010.5", "'2010.5' is not a year"),
        ("region", "Qingdao", "'Qingdao' is not a known region"),
        ("boundary", "newish", "'newish' is not a known boundary"),
        ("grade", "F", "'F' is not a grade"),
        ("unit", "", "'' is empty"),
        ("source", " ", "'' is empty"),
    ],
)
def test_a_wrong_cell_is_named_with_file_row_and_column(folder: Path, column: str, text: str, words: str) -> None:
    change_cell(folder / "jinan_yearbooks.csv", 3, column, text)
    with pytest.raises(ObservationError, match=rf"jinan_yearbooks\.csv, row 3, {column}: {words}"):
        read_observations(folder)


def test_all_faults_are_reported_at_once(folder: Path) -> None:
    change_cell(folder / "jinan_yearbooks.csv", 3, "value", "many")
    change_cell(folder / "communiques.csv", 4, "year", "2024")
    (folder / "plan.csv").unlink()
    with pytest.raises(ObservationError, match=r"^3 fault") as caught:
        read_observations(folder)
    for name in ("jinan_yearbooks.csv", "communiques.csv", "plan.csv: file is missing"):
        assert name in str(caught.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "cannot be read as a UTF-8 table"),
        (b"\xff\xfe\x00\x01", "cannot be read as a UTF-8 table"),
        (b'variable,region\n"open quote', "cannot be read as a UTF-8 table"),
        (b"variable,region,year\nx,Jinan,2020\n", r"missing column\(s\) value, unit"),
        (b"variable,region,year,value,unit,boundary,grade,source,url,note\n", "holds no rows"),
    ],
)
def test_a_corrupt_file_is_refused_by_name(folder: Path, content: bytes, words: str) -> None:
    (folder / "shandong_yearbooks.csv").write_bytes(content)
    with pytest.raises(ObservationError, match=rf"shandong_yearbooks\.csv.*{words}"):
        read_observations(folder)


def test_one_person_too_many_breaks_the_control_total(folder: Path) -> None:
    change_cell(folder / "census_2020_age_sex.csv", 2, "value", "1")
    with pytest.raises(ObservationError, match=r"census_2020_age_sex\.csv.*control 9,202,432"):
        read_observations(folder)


def test_the_same_observation_twice_is_refused(folder: Path) -> None:
    path = folder / "plan.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*lines, lines[1]]) + "\n", encoding="utf-8")
    with pytest.raises(ObservationError, match=r"plan\.csv: second row"):
        read_observations(folder)


def test_a_file_nobody_declared_is_refused(folder: Path) -> None:
    (folder / "more.csv").write_text("x\n", encoding="utf-8")
    with pytest.raises(ObservationError, match=r"more\.csv: not a known data file"):
        read_observations(folder)


def test_asking_for_what_was_not_observed_is_an_error() -> None:
    observations = read_observations()
    with pytest.raises(ObservationError, match="life_expectancy, Jinan, 2010"):
        city_value(observations, "life_expectancy", 2010)
    with pytest.raises(ObservationError, match="missing districts"):
        district_values(observations, "population_rural", 2015)
