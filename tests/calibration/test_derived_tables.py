"""The derived block: exact totals, believable demography, and the same text as in the model."""

import re
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from calibration.__main__ import app
from calibration.census import derivation, derived_tables
from calibration.census.derived_definitions import Definition, vensim_text
from calibration.census.life_table import census_deaths_2010, death_rates, life_expectancy, survivors
from calibration.census.population_account import tables_text
from calibration.census.single_years import BAND_SLICES, birth_weights, smooth_within_bands, whole_persons
from calibration.census.start_population import (
    CENTRAL_URBAN_SHARE,
    RURAL_SHARE_ELSEWHERE,
    TOWN_TOTAL,
    UNREGISTERED_TOTAL,
    URBAN_SHARE_OF_HIGH,
    URBAN_SHARE_OF_LOW,
    placement_ratio,
    rural_seed,
    solve_shares,
)
from calibration.census.vital_events import registered_events
from calibration.observations import census_residents, city_value, district_values, read_observations

TABLES = derivation.derive()
DATA = read_observations()
YEARS = (2010, 2020)
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("year", "total"), [(2010, 8_112_513), (2020, 9_202_432)])
def test_residents_by_single_year_add_up_to_the_census(year: int, total: int) -> None:
    assert TABLES.start[year].residents.sum() == total


@pytest.mark.parametrize("year", YEARS)
def test_every_band_of_every_district_keeps_its_count(year: int) -> None:
    bands = census_residents(DATA, year).sum("sex").to_numpy()
    residents = TABLES.start[year].residents
    rebuilt = np.stack([residents[:, part].sum(axis=1) for part in BAND_SLICES], axis=1)
    np.testing.assert_array_equal(rebuilt, bands)


@pytest.mark.parametrize("year", YEARS)
def test_people_are_whole_and_every_age_is_lived(year: int) -> None:
    start = TABLES.start[year]
    for table in (start.residents, start.other_province, start.province_at_most):
        np.testing.assert_array_equal(table, np.round(table))
        assert table.min() >= 0
    assert start.residents.min() > 0


def test_the_birth_wave_of_2016_to_2018_stands_above_its_neighbours() -> None:
    children = TABLES.start[2020].residents.sum(axis=0)[:10]
    assert children[2:5].min() > children[0]
    assert children[2:5].min() > 1.15 * children[7:10].max()


def test_freshmen_and_not_fourteen_year_olds_fill_the_university_districts() -> None:
    changqing = TABLES.start[2020].residents[5]
    assert changqing[18:22].min() > 2.5 * changqing[10:16].max()


def test_single_years_stay_smooth_without_a_pattern() -> None:
    line = np.array([30.0 - 0.2 * a for a in range(86)])
    totals = np.array([line[part].sum() for part in BAND_SLICES])
    np.testing.assert_allclose(smooth_within_bands(totals, np.ones(86)), line, atol=1e-8)


def test_a_band_that_would_turn_negative_falls_back_to_its_weights() -> None:
    totals = np.full(19, 500.0)
    totals[5] = 1.0
    values = smooth_within_bands(totals, np.ones(86))
    assert values.min() > 0
    np.testing.assert_allclose([values[part].sum() for part in BAND_SLICES], totals)


def test_rounding_refuses_a_total_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="cannot round"):
        whole_persons(np.array([1.0, 2.0]), 5)


@pytest.mark.parametrize("year", YEARS)
def test_people_registered_elsewhere_add_up_by_district(year: int) -> None:
    start = TABLES.start[year]
    other = district_values(DATA, "residents_hukou_in_other_province", year)
    np.testing.assert_array_equal(start.other_province.sum(axis=1), other)
    total = {2010: 975_221 + 34_771, 2020: 1_596_363}[year]
    assert start.province_at_most.sum() == total


@pytest.mark.parametrize("year", YEARS)
def test_some_residents_of_every_age_and_district_are_registered_there(year: int) -> None:
    start = TABLES.start[year]
    assert ((start.other_province + start.province_at_most) / start.residents).max() < 0.9
    unregistered = start.residents.sum() - start.local.sum()
    assert unregistered == pytest.approx(UNREGISTERED_TOTAL[year])


@pytest.mark.parametrize("year", YEARS)
def test_low_and_high_bracket_the_registered_urban_share(year: int) -> None:
    start, registered = TABLES.start[year], TABLES.registered_population[year]
    elsewhere = RURAL_SHARE_ELSEWHERE * (registered - start.local.sum())

    def urban_share(home: float) -> float:
        return float(1 - (home + TOWN_TOTAL[year] + elsewhere) / registered)

    assert urban_share((start.local * start.rural_home_low).sum()) == pytest.approx(URBAN_SHARE_OF_LOW[year])
    assert urban_share((start.local * start.rural_home_high).sum()) == pytest.approx(URBAN_SHARE_OF_HIGH[year])
    assert urban_share(start.rural_home.sum()) == pytest.approx(CENTRAL_URBAN_SHARE[year])
    assert start.rural_town.sum() == pytest.approx(TOWN_TOTAL[year])


@pytest.mark.parametrize("year", YEARS)
def test_shares_leave_room_to_rescale(year: int) -> None:
    start = TABLES.start[year]
    assert start.rural_home_low.min() > 0
    assert (start.rural_home_low < start.rural_home_high).all()
    assert start.rural_home_high.max() < 1
    assert 0 < start.town.min() < start.town.max() < 0.6


@pytest.mark.parametrize("year", YEARS)
def test_villages_can_hold_their_census_residents(year: int) -> None:
    rural = district_values(DATA, "population_rural", year).to_numpy()
    assert placement_ratio(TABLES.start[year], rural).max() <= 0.98


def test_wholly_urban_districts_have_hardly_anyone_rural_at_home() -> None:
    start = TABLES.start[2020]
    share = start.rural_home.sum(axis=1) / start.local.sum(axis=1)
    assert share[[0, 2]].max() < 0.01
    assert share[11] > 0.5


def test_shares_that_cannot_exist_are_refused() -> None:
    with pytest.raises(ValueError, match="no shares give"):
        solve_shares(np.ones(3), np.ones(3), 4.0)


def test_life_expectancy_of_2020_is_the_published_one_and_was_lower_in_2010() -> None:
    assert TABLES.mortality.life_expectancy[2020] == pytest.approx(city_value(DATA, "life_expectancy", 2020), abs=1e-6)
    assert 75 < TABLES.mortality.life_expectancy[2010] < 79


def test_deaths_of_2010_are_the_census_deaths_and_those_of_2020_are_near_the_registered() -> None:
    assert TABLES.mortality.deaths[2010] == pytest.approx(census_deaths_2010(DATA))
    # Residents are more than the registered, and deaths are registered late: a fifth is the widest believable gap.
    assert TABLES.mortality.deaths[2020] == pytest.approx(city_value(DATA, "deaths_registered", 2020), rel=0.2)


def test_cohorts_over_65_survive_as_the_censuses_say() -> None:
    # Five per cent: migration after 65 and errors of age are of this size.
    ratios = [ratio for age, ratio in TABLES.mortality.cohort_ratio.items() if age >= 75]
    np.testing.assert_allclose(ratios, 1, atol=0.05)


def test_death_rates_rise_with_age_after_childhood_and_fall_with_time() -> None:
    for rates in TABLES.mortality.rates.values():
        assert (np.diff(rates[12:]) > 0).all()
        assert rates.min() > 0
    assert (TABLES.mortality.rates[2020] < TABLES.mortality.rates[2010]).all()


def test_twice_the_death_rate_shortens_life() -> None:
    rates = death_rates(0.007, 0.1, 2020)
    assert life_expectancy(2 * rates) < life_expectancy(rates) - 5


def test_nobody_is_lost_when_nobody_dies() -> None:
    none = dict.fromkeys(YEARS, np.full(86, 1e-15))
    people = TABLES.start[2010].residents
    assert survivors(people, none).sum() == pytest.approx(people.sum())


def test_survivors_and_migrants_make_the_residents_of_2020() -> None:
    alive = survivors(TABLES.start[2010].residents, TABLES.mortality.rates)
    rebuilt = alive[:, 10:] + TABLES.residuals.net[:, 10:]
    np.testing.assert_allclose(rebuilt, TABLES.start[2020].residents[:, 10:])


def test_births_behind_the_children_exceed_the_registered_by_the_unregistered() -> None:
    registered = registered_events(DATA, "birth")
    months = registered.loc[2011:2019] * 10 / 12 + registered.shift(1).loc[2011:2019] * 2 / 12
    ratio = TABLES.residuals.births.loc[2011:2019] / months
    # A sixth of the residents, and more of the young ones, are registered elsewhere.
    assert ratio.between(1.05, 1.30).all()
    assert TABLES.residuals.fertility.between(1.0, 2.2).all()


def test_fertility_shape_and_women_share_are_what_they_are_called() -> None:
    assert TABLES.fertility_shape.sum() == pytest.approx(1)
    assert not TABLES.fertility_shape[[14, 50]].any()
    for year, share in TABLES.women_share.items():
        women = census_residents(DATA, year).sel(sex="female").sum("district").to_numpy()
        counted = share * TABLES.start[year].residents.sum(axis=0)
        np.testing.assert_allclose([counted[part].sum() for part in BAND_SLICES], women)


def test_cohorts_of_2010_have_the_women_of_2020_ten_birthdays_later() -> None:
    share = TABLES.women_share[2010]
    for _ in range(10):
        share = np.append(0.476, share[:-1] + TABLES.women_share_change[1:])
    # Changes are smoothed over ages; a thousandth is a sixth of what cohorts of children differ by.
    np.testing.assert_allclose(share[10:85], TABLES.women_share[2020][10:85], atol=0.0015)


def test_arrivals_are_shares_with_a_student_peak_in_the_central_city() -> None:
    schedule = TABLES.arrivals.schedule
    assert schedule.min() >= 0
    assert schedule.sum() == pytest.approx(1)
    assert schedule.sum(axis=0).argmax() == 18
    assert schedule[:5].sum() > 0.6


def test_arrivals_less_departures_reproduce_the_decade() -> None:
    # Band by band the smoothing may be wrong by a few per cent of the people; in all by less than a tenth of the net.
    misfit = TABLES.arrivals.misfit
    assert abs(misfit[10:].sum()) < 0.1 * TABLES.residuals.net.sum()


@pytest.mark.parametrize("name", ["departure_profile", "leaving_profile", "return_profile", "internal_profile"])
def test_profiles_are_relative_rates_with_mean_one_in_working_age(name: str) -> None:
    profile = getattr(TABLES, name)
    assert profile.shape == (86,)
    assert profile.min() > 0
    assert profile[15:60].mean() == pytest.approx(1)


def test_graduates_leave_when_they_finish() -> None:
    assert 22 <= TABLES.departure_profile.argmax() <= 24


def test_district_rows_of_the_census_are_kept() -> None:
    assert TABLES.urban_residents[2010].sum() == 5_061_727
    assert TABLES.urban_residents[2020].sum() == 6_760_007
    assert TABLES.registered_population == {2010: 7_332_402, 2020: 8_067_252}
    for year in YEARS:
        assert ((TABLES.family_household_share[year] > 0.6) & (TABLES.family_household_share[year] < 1)).all()


def test_ages_and_sizes_of_the_derived_tables_are_what_is_known_of_the_city() -> None:
    assert TABLES.fertility_shape.argmax() == 27
    assert TABLES.internal_profile[26] > TABLES.internal_profile[60]
    assert TABLES.residuals.net.shape == (12, 86)
    assert TABLES.start[2020].other_province.sum() == 516_466
    assert death_rates(0.005, 0.1, 2020)[85] > death_rates(0.005, 0.1, 2020)[84]
    assert census_deaths_2010(DATA) == pytest.approx(48_900, abs=50)
    assert birth_weights(DATA, 2020)[3] > 1.2
    assert rural_seed(DATA, 2020)[0] < 0.01
    shares = solve_shares(np.full(4, 10.0), np.array([1.0, 2.0, 3.0, 4.0]), 12.0)
    assert (10 * shares).sum() == pytest.approx(12)


def test_the_block_is_the_same_when_computed_again() -> None:
    first = derived_tables.block_text()
    derivation.derive.cache_clear()
    assert derived_tables.block_text() == first


def test_every_definition_has_a_chinese_term_a_source_and_a_grade() -> None:
    comments = re.findall(r"=\n.*?\n\t~\t(.*?)\n\t~\t(.*?)\n\t\|", derived_tables.block_text(), flags=re.DOTALL)
    assert len(comments) == 33
    for unit, comment in comments:
        assert unit
        assert re.match(r"[\u4e00-\u9fff]+\. ", comment)
        assert re.search(r"Source: .+\. Grade: [A-E]\.$", comment)


def test_tables_are_written_whole_with_twelve_rows_of_86() -> None:
    block = derived_tables.block_text()
    bodies = re.findall(r"\[District,Age\]=\n(.*?)\n\t~", block, flags=re.DOTALL)
    assert len(bodies) == 13
    for body in bodies:
        rows = body.split("\n")
        assert len(rows) == 12
        assert all(row.endswith(";") and row.count(",") == 85 for row in rows)
    assert not re.search(r"\d[eE][+-]?\d", "".join(bodies))


def test_printed_shares_still_add_up() -> None:
    body = re.search(r"ARRIVAL SCHEDULE\[District,Age\]=\n(.*?)\n\t~", derived_tables.block_text(), flags=re.DOTALL)
    assert body is not None
    printed = [float(x) for x in re.findall(r"[\d.]+", body.group(1))]
    # 1,032 numbers of eight decimals: the sum is wrong by less than 1e-6.
    assert sum(printed) == pytest.approx(1, abs=1e-6)


def test_a_comment_that_would_break_the_model_is_refused() -> None:
    with pytest.raises(ValueError, match="a comment may not hold"):
        vensim_text(Definition("X", np.array(1.0), 0, "Dmnl", "甲 | 乙", "file", "E"))
    with pytest.raises(ValueError, match="finite"):
        vensim_text(Definition("X", np.array(np.nan), 0, "Dmnl", "甲", "file", "E"))


@pytest.fixture
def stale_tables(tmp_path: Path) -> Path:
    path = tmp_path / "tables.mdl"
    path.write_text(derived_tables.HEADER + "OLD=\n\t1\n\t~\tDmnl\n\t~\t旧. Old.\n\t|\n\n", encoding="utf-8")
    return path


def derived_tables_command(pack: Path, *options: str) -> Result:
    return CliRunner().invoke(app, ["derived-tables", "--pack", str(pack), *options])


def test_stale_tables_are_noticed_written_and_then_current(stale_tables: Path) -> None:
    pack = stale_tables.parent
    stale = derived_tables_command(pack, "--check")
    assert stale.exit_code == 1
    assert "stale" in stale.stderr
    assert derived_tables_command(pack, "--write").exit_code == 0
    assert derived_tables_command(pack, "--check").exit_code == 0
    assert "OLD=" not in stale_tables.read_text(encoding="utf-8")
    assert list(pack.iterdir()) == [stale_tables]


def test_a_hand_edit_of_one_digit_makes_the_tables_stale(stale_tables: Path) -> None:
    derived_tables_command(stale_tables.parent, "--write")
    text = stale_tables.read_text(encoding="utf-8")
    assert "7332402" in text
    stale_tables.write_text(text.replace("7332402", "7332403"), encoding="utf-8")
    assert derived_tables_command(stale_tables.parent, "--check").exit_code == 1


def test_tables_that_a_pack_lacks_are_stale_and_both_options_exclude_each_other(tmp_path: Path) -> None:
    assert derived_tables_command(tmp_path, "--check").exit_code == 1
    assert derived_tables_command(tmp_path, "--check", "--write").exit_code == 2


def test_without_an_option_the_block_is_printed() -> None:
    assert CliRunner().invoke(app, ["derived-tables"]).stdout == derived_tables.block_text()


def test_the_tables_in_the_pack_are_the_rebuilt_ones() -> None:
    assert derived_tables.TABLES.read_text(encoding="utf-8") == derived_tables.block_text(), (
        "run python -m calibration derived-tables --write"
    )


def test_the_tables_in_the_documentation_are_the_printed_ones() -> None:
    assert tables_text() in (ROOT / "docs" / "data.md").read_text(encoding="utf-8")
