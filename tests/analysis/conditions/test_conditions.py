"""Conditions under which targets are met: planted boxes, noise, words, and the city by its command."""

from __future__ import annotations

import math
import re

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from typer.testing import CliRunner

import run_scenarios
from analysis.conditions.boxes import Score, drop_unneeded_limits, inside, prim_box, score, tree_box
from analysis.conditions.discovery import LEVEL, Box, Condition, Limit, find_condition, hold_out
from analysis.conditions.words import evidence, sentence, tenths
from analysis.outcome.futures import Input, held_until, inputs, judge, lever_draws, settings
from analysis.outcome.words import terms
from calibration.fit.ensemble import read_members
from model.definition import variables_by_name
from scenarios import Target, load_levers, load_scenario, load_targets
from scenarios.start import as_array, at_year
from tests.support.city import city

REGISTERED = "target.urbanization.registered.2025"
SIZE = 1000


def noise(seed: int, columns: int = 40) -> pd.DataFrame:
    table = np.random.default_rng(seed).random((SIZE, columns))
    return pd.DataFrame(table, columns=[f"X{number}" for number in range(columns)])


@pytest.fixture(scope="module")
def planted():
    """Futures that meet a target nine times in ten inside a box of two inputs, and one time in ten outside."""
    values = noise(1)
    within = ((values["X3"] >= 0.6) & (values["X7"] <= 0.5)).to_numpy()
    met = np.random.default_rng(2).random(SIZE) < np.where(within, 0.9, 0.1)
    return values, met, find_condition(values, met, hold_out(np.arange(SIZE), 3), bootstraps=8, seed=4)


def test_a_planted_box_is_found_again_by_both_methods(planted):
    _, _, found = planted
    assert (found.status, found.outcome) == ("found", "met")
    for box in found.boxes:
        limits = {limit.input: limit for limit in box.limits}
        assert set(limits) == {"X3", "X7"}, box.method
        # The tenth of the hits that lies outside blurs each edge by a few hundredths.
        assert (limits["X3"].lower, limits["X7"].upper) == pytest.approx((0.6, 0.5), abs=0.06)
        assert math.isinf(limits["X3"].upper)
        assert math.isinf(limits["X7"].lower)
        assert box.held_out.density == pytest.approx(0.9, abs=0.1)
        assert box.held_out.outside == pytest.approx(0.1, abs=0.05)
        # Of all hits, 0.9 * 0.2 of 0.9 * 0.2 + 0.1 * 0.8 are inside.
        assert box.held_out.coverage == pytest.approx(0.69, abs=0.12)


def test_the_inputs_of_a_planted_box_come_back_when_futures_are_resampled(planted):
    for box in planted[2].boxes:
        assert box.searches == 8
        for limit in box.limits:
            assert limit.returned >= 7
            low, high = limit.lower_range if limit.input == "X3" else limit.upper_range
            assert low <= {"X3": 0.6, "X7": 0.5}[limit.input] + 0.05
            assert high >= {"X3": 0.6, "X7": 0.5}[limit.input] - 0.05
            assert low <= (limit.lower if limit.input == "X3" else limit.upper) <= high
            assert math.isnan(limit.upper_range[0] if limit.input == "X3" else limit.lower_range[0])


def test_the_stronger_input_comes_first(planted):
    for box in planted[2].boxes:
        assert [limit.input for limit in box.limits] == ["X3", "X7"]


def test_the_peeling_path_gains_density_and_loses_coverage(planted):
    path = planted[2].trajectory
    assert path["coverage"].iloc[0] == 1.0
    assert path["density"].iloc[-1] > 0.85
    assert path["mass"].iloc[0] == 1.0
    assert path["chosen"].sum() == 1


def test_noise_has_no_condition():
    found = []
    for seed in range(20):
        met = np.random.default_rng(100 + seed).random(SIZE) < 0.3
        found.append(find_condition(noise(seed), met, hold_out(np.arange(SIZE), seed), bootstraps=0).status)
    # At most one in a hundred boxes of noise passes the test, and few are even screened.
    assert found.count("found") <= 1
    assert set(found) <= {"none", "found"}


def test_a_box_fitted_to_noise_is_not_borne_out_by_the_futures_held_out():
    held, dense = 0, 0
    for seed in range(8):
        values, met = noise(seed, 8), np.random.default_rng(200 + seed).random(SIZE) < 0.3
        judges = hold_out(np.arange(SIZE), seed)
        limits, _ = prim_box(values[~judges].reset_index(drop=True), met[~judges])
        searched, judged = (score(inside(values[half], limits), met[half]) for half in (~judges, judges))
        named = tuple(Limit(name, *ends, 0.0) for name, ends in limits.items())
        held += Box("PRIM", named, searched, judged).holds
        dense += searched.density > searched.base + 0.05
    # PRIM finds something nearly always where it searches, which is why other futures judge.
    assert dense >= 6
    assert held <= 1


def test_the_probability_by_chance_is_that_of_shuffled_outcomes():
    random = np.random.default_rng(5)
    hits = np.arange(200) < 60
    within = np.arange(200) % 4 == 0
    within[:12] = True
    counted = score(within, hits)
    shuffled = np.array([(within & random.permutation(hits)).sum() for _ in range(4000)])
    share = float((shuffled >= counted.hits_inside).mean())
    assert counted.p_value == pytest.approx(share, abs=4 * math.sqrt(share * (1 - share) / 4000))


def test_a_box_must_beat_the_base_rate_on_the_futures_held_out():
    limit, good = (Limit("A", 0.5, math.inf, 0.1),), Score(100, 30, 30, 27)
    assert Box("PRIM", limit, good, Score(100, 30, 30, 20)).holds
    assert not Box("PRIM", limit, good, Score(100, 30, 30, 9)).holds
    assert not Box("PRIM", limit, good, Score(100, 30, 30, 11)).holds
    assert not Box("PRIM", limit, good, Score(100, 30, 0, 0)).holds
    assert not Box("PRIM", (), good, Score(100, 30, 100, 30)).holds
    assert Score(100, 30, 30, 11).p_value > LEVEL


@pytest.mark.parametrize(("count", "status"), [(0, "never"), (SIZE, "always"), (6, "too few"), (SIZE - 6, "too few")])
def test_nothing_is_searched_where_there_is_nothing_to_tell_apart(count, status):
    met = np.arange(SIZE) < count
    found = find_condition(noise(1), met, hold_out(np.arange(SIZE), 1))
    assert (found.status, found.met, found.boxes) == (status, count, ())


def test_a_target_that_is_nearly_always_met_is_searched_for_its_misses():
    values = noise(6, 10)
    met = (values["X2"] < 0.85).to_numpy()
    found = find_condition(values, met, hold_out(np.arange(SIZE), 1), bootstraps=0)
    assert (found.status, found.outcome) == ("found", "missed")
    assert found.best is not None
    assert found.best.limits[0].lower == pytest.approx(0.85, abs=0.03)


def test_a_limit_that_chance_explains_is_opened():
    values = noise(7, 3)
    met = (values["X0"] > 0.7).to_numpy()
    assert set(drop_unneeded_limits({"X0": (0.7, 1.0), "X1": (0.02, math.inf)}, values, met)) == {"X0"}
    assert drop_unneeded_limits({"X0": (0.7, 0.9999)}, values, met) == {"X0": (0.7, math.inf)}


def test_a_tree_may_tell_a_band():
    values = noise(8, 3)
    met = ((values["X0"] > 0.4) & (values["X0"] < 0.6)).to_numpy()
    assert tree_box(values, met)["X0"] == pytest.approx((0.4, 0.6), abs=0.02)


def test_what_is_told_is_what_was_tested(planted):
    values, met, _ = planted
    coarse = {name: lambda end, _: round(end, 1) for name in values}
    judges = hold_out(np.arange(SIZE), 3)
    box = find_condition(values, met, judges, rounding=coarse, bootstraps=0).best
    assert box is not None
    limits = {limit.input: (limit.lower, limit.upper) for limit in box.limits}
    assert limits == {"X3": (0.6, math.inf), "X7": (-math.inf, 0.5)}
    assert box.held_out == score(inside(values[judges], limits), met[judges])


def test_no_member_is_on_both_sides():
    member = np.arange(300) % 75
    judges = hold_out(member, 1)
    assert judges.sum() == 4 * 37
    assert set(member[judges]).isdisjoint(member[~judges])


# Words


GOAL = Target(
    "t", {"zh": "户籍人口城镇化率", "en": "registered rate"}, "1", "core", 2025, 65.0, "at least", "percent", "r"
)
KNOWN = {
    "S": Input("S", "REGISTERED URBAN SHARE 2020", {"zh": "2020年户籍率", "en": "REGISTERED URBAN SHARE 2020"}, "Dmnl"),
    "D": Input("D", "DEBT 2020", {"zh": "债务", "en": "DEBT 2020"}, "yuan"),
}
LIMITS = (
    Limit("S", 0.601, math.inf, 0.1, 9, (0.59, 0.61)),
    Limit("D", 1.2e11, 1.5e11, 0.05, 4, (1e11, 1.3e11), (1.4e11, 1.6e11)),
)
FOUND = Condition(
    "met", "found", 300, 1000, ("S", "D"), (Box("PRIM", LIMITS, Score(500, 150, 90, 75), Score(500, 150, 100, 80), 10),)
)


def test_a_condition_is_one_sentence_with_units_in_both_languages():
    assert sentence(GOAL, FOUND, KNOWN, "en") == (
        "The 2025 target 'registered rate' (≥ 65%) is met in 8 of 10 futures when REGISTERED URBAN SHARE 2020 is at "
        "least 60.1 % and DEBT 2020 is between 120 billion yuan and 150 billion yuan, otherwise in 2 of 10."
    )
    assert sentence(GOAL, FOUND, KNOWN, "zh") == (
        "2025年“户籍人口城镇化率”目标（≥ 65%）：当2020年户籍率不低于60.1%且债务在1,200亿元至1,500亿元之间时，"
        "10种未来中有8种达到，否则10种中有2种。"
    )


def test_the_evidence_tells_density_coverage_chance_and_stability():
    told = evidence(FOUND, KNOWN, "en")
    assert "Of 500 futures held out, 100 lie inside; 80 % of these meet it (95 % interval 71 % to 87 %)" in told
    assert "18 % outside, 30 % of all those held out; the condition covers 53 %" in told
    assert "REGISTERED URBAN SHARE 2020 9/10, DEBT 2020 4/10" in told
    assert "覆盖了53%" in evidence(FOUND, KNOWN, "zh")


def test_what_cannot_be_searched_is_said():
    never = Condition("met", "never", 0, 1000)
    assert sentence(GOAL, never, {}, "en").endswith(
        "is met in none of 1000 futures (95 % interval: probability at most 0.4 %); there is no condition to find."
    )
    assert "1000种未来全部达到（95%区间：概率不低于99.6%）" in sentence(
        GOAL, Condition("missed", "always", 1000, 1000), {}, "zh"
    )
    assert "met in 5 of 1000 futures; too few meet it" in sentence(GOAL, Condition("met", "too few", 5, 1000), {}, "en")
    assert "no condition found" in sentence(GOAL, Condition("met", "none", 400, 1000), {}, "en")


def test_a_tolerance_is_part_of_what_is_asked():
    goal = Target("t", {"en": "all"}, "1", "core", 2025, 100.0, "at least", "percent", "r", tolerance=1.0)
    assert "(≥ 99%)" in sentence(goal, Condition("met", "never", 0, 9), {}, "en")
    goal = Target("t", {"en": "gap"}, "1", "core", 2035, 2.0, "at most", "ratio", "r")
    assert "(≤ 2 as a ratio)" in sentence(goal, Condition("met", "never", 0, 9), {}, "en")


def test_tenths_never_round_to_a_certainty():
    assert [tenths(share, "en") for share in (0.0, 0.04, 0.06, 0.94, 0.96, 1.0)] == [
        "0",
        "fewer than 1",
        "1",
        "9",
        "more than 9",
        "10",
    ]


# Futures of the city


@pytest.fixture(scope="module")
def futures():
    return settings(load_scenario("plan"), read_members(30), variables_by_name())[0]


def test_every_uncertain_number_has_a_name_and_a_unit_in_both_languages(futures):
    drawn = lever_draws(load_levers().values(), 30, seed=1)
    with_levers, _ = settings(load_scenario("baseline"), read_members(30), variables_by_name(), drawn)
    for changes, levers in ((futures, ()), (with_levers, tuple(drawn))):
        values, known = inputs(changes, variables_by_name(), levers, load_levers())
        assert list(values.columns) == list(known)
        for name, one in known.items():
            assert re.search(r"[\u4e00-\u9fff]", one.titles["zh"]), name
            assert one.titles["en"], name
            assert one.kind in terms()["model units"], name
            for language in ("zh", "en"):
                assert one.format_value(float(values[name].iloc[0]), language)
    elements = {name for variable in variables_by_name().values() for axis in variable.axes for name in axis}
    brackets = {part for name in known if "[" in name for part in name[name.index("[") + 1 : -1].split(", ")}
    assert brackets
    assert {name for name in brackets & elements if not name.isdigit()} <= set(terms()["elements"])


def test_what_the_scenario_sets_and_what_never_differs_is_no_input(futures):
    values, known = inputs(futures, variables_by_name())
    assert not {change.constant for change in load_scenario("plan").changes} & set(known)
    assert (values.nunique() > 1).all()
    assert not any(one.constant.endswith(" 2010") for one in known.values())


def test_a_table_that_moves_as_a_whole_is_one_input_relative_to_the_model(futures):
    values, known = inputs(futures, variables_by_name())
    assert known["MORTALITY 2020"].unit == "relative"
    own = variables_by_name()["MORTALITY 2020"].default
    assert own is not None
    first = futures["MORTALITY 2020"].isel(run=0).to_numpy() / own
    assert values["MORTALITY 2020"].iloc[0] == pytest.approx(float(first[40]), rel=1e-9)
    assert "WILLINGNESS 2020[rural in town]" in known


def test_constants_of_2010_move_no_target_of_the_run_from_2020(futures):
    goals = [target for target in load_targets().values() if target.modelled]
    few = {
        n: v.isel(run=slice(3)) if isinstance(v, xr.DataArray) and "run" in v.dims else v for n, v in futures.items()
    }
    without = {name: value for name, value in few.items() if not name.endswith(" 2010")}
    assert len(without) < len(few) - 10
    xr.testing.assert_identical(judge(city(), few, goals), judge(city(), without, goals))


def test_levers_are_drawn_over_their_ranges_and_override_the_scenario():
    levers = load_levers()
    drawn = lever_draws(levers.values(), 400, seed=1)
    for name, values in drawn.items():
        span = levers[name].highest - levers[name].lowest
        assert values.min() >= levers[name].lowest
        assert values.max() <= levers[name].highest
        assert np.ptp(values) > 0.95 * span
        assert values.mean() == pytest.approx(levers[name].lowest + span / 2, abs=0.08 * span)
    np.testing.assert_array_equal(drawn["FERTILITY SUPPORT"], lever_draws(levers.values(), 400, 1)["FERTILITY SUPPORT"])
    changes, member = settings(load_scenario("plan"), read_members(30), variables_by_name(), drawn, 400)
    assert changes["SETTLEMENT PROCESSING TIME"].dims == ("run",)
    np.testing.assert_array_equal(changes["SETTLEMENT PROCESSING TIME"], drawn["SETTLEMENT PROCESSING TIME"])
    assert (np.ptp(changes["PERMIT ENTITLEMENT"].to_numpy(), axis=1) == 0).all()
    assert list(member[:31]) == [*range(30), 0]
    known = inputs(changes, variables_by_name(), tuple(drawn), levers)[1]
    assert known["PERMIT ENTITLEMENT"].lever
    assert known["PERMIT ENTITLEMENT"].titles["zh"] == "居住证权益"


# The command


def test_levers_that_are_drawn_from_2026_on_are_until_then_as_in_the_scenario():
    plan, variables = load_scenario("plan"), variables_by_name()
    drawn = {name: load_levers()[name] for name in ("RENT SUBSIDY", "PERMIT ENTITLEMENT")}
    changes, _ = settings(plan, read_members(3), variables, lever_draws(drawn.values(), 3, 1))
    held = held_until(2026, {name: changes[name] for name in drawn}, plan.settings(), variables)
    for name, path in held.items():
        assert path["time"].max() == pytest.approx(2025.0, abs=0.01)
        np.testing.assert_array_equal(path.isel(time=-1).transpose(*changes[name].dims), changes[name])
        until = plan.settings()[name]
        np.testing.assert_allclose(path.sel(time=2025.0).isel(run=0), at_year(as_array(until), 2025.0))


def call(*words: object):
    asked = ["conditions", "--full", "--language", "en", *map(str, words)]
    return CliRunner().invoke(run_scenarios.app, asked, env={"COLUMNS": "400"})


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    out = tmp_path_factory.mktemp("conditions") / "outputs"
    words = ("--target", REGISTERED, "--target", "urbanization.resident.2025", "--bootstraps", 2, "--out", out)
    outcome = call("--members", 150, *words)
    assert outcome.exit_code == 0, outcome.output
    return outcome, out, words


def test_the_registered_target_depends_on_who_wants_to_register(done):
    outcome, out, _ = done
    limits = pd.read_csv(out / "conditions_plan_limits.csv")
    assert limits.loc[(limits["target"] == REGISTERED) & (limits["method"] == "PRIM"), "input"].iloc[0] == (
        "WILLINGNESS 2020[rural in town]"
    )
    assert "(registered rural, in town) is at least" in outcome.output


def test_the_table_can_be_worked_out_again_from_the_data(done):
    _, out, _ = done
    table, limits = (pd.read_csv(out / f"conditions_plan{part}.csv") for part in ("", "_limits"))
    with xr.open_dataset(out / "conditions_plan.nc") as stored:
        data = stored.load()
    assert data.attrs["study_seed"] == "2035"
    assert data.attrs["posterior_hash"] == table["posterior_hash"].iloc[0]
    rows = table[table["method"] == "PRIM"]
    assert len(rows) == 1
    row = rows.iloc[0]
    values = pd.DataFrame(data["input_value"].to_numpy().T, columns=data["input"].to_numpy())
    own = limits[(limits["target"] == row["target"]) & (limits["method"] == "PRIM")]
    box = {
        limit["input"]: (
            -math.inf if pd.isna(limit["lower"]) else limit["lower"],
            math.inf if pd.isna(limit["upper"]) else limit["upper"],
        )
        for limit in own.to_dict("records")
    }
    judges = data["held_out"].to_numpy() == 1
    met = data["margin"].sel(target=row["target"]).to_numpy() >= 0
    hits = met if row["outcome"] == "met" else ~met
    again = score(inside(values[judges], box), hits[judges])
    assert (again.density, again.coverage, again.outside) == pytest.approx(
        (row["density"], row["coverage"], row["outside"])
    )
    assert again.p_value == pytest.approx(row["p_value"])
    assert own["searches"].tolist() == [2] * len(own)


def test_charts_in_both_languages_and_nothing_half_written(done):
    _, out, _ = done
    charts = {path.name for path in (out / "figures").iterdir()}
    assert charts == {f"conditions_plan_urbanization_registered_2025_{language}.png" for language in ("zh", "en")}
    assert not list(out.rglob("*partial*"))


def test_the_same_seed_gives_the_same_bytes_and_replacing_is_said(done, monkeypatch):
    _, out, words = done
    before = [(out / name).read_bytes() for name in ("conditions_plan.csv", "conditions_plan_limits.csv")]
    monkeypatch.setattr("analysis.conditions.charts.draw", lambda *_: [])
    outcome = call("--members", 150, *words)
    assert (
        "when done: conditions_plan.csv, conditions_plan_limits.csv, conditions_plan.nc, conditions_plan_*.png"
        in outcome.output
    )
    assert before == [(out / name).read_bytes() for name in ("conditions_plan.csv", "conditions_plan_limits.csv")]


def test_policies_are_searched_too_where_levers_are_drawn(tmp_path, monkeypatch):
    monkeypatch.setattr("analysis.conditions.charts.draw", lambda *_: [])
    goal = "target.eldercare_rural.2025"
    outcome = call(
        "--levers", "--members", 50, "--futures", 240, "--bootstraps", 0, "--target", goal, "--out", tmp_path
    )
    assert outcome.exit_code == 0, outcome.output
    limits = pd.read_csv(tmp_path / "lever_conditions_plan_limits.csv")
    first = limits[limits["method"] == "PRIM"].iloc[0]
    assert (first["input"], first["lever"]) == ("COVERAGE RATE", "yes")
    assert 0.3 < first["lower"] < 1.5
    assert pd.read_csv(tmp_path / "lever_conditions_plan.csv")["futures"].tolist() == [240, 240]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--target", "urbanization.registerd.2025"), "Did you mean 'target.urbanization.registered.2025'"),
        (("--target", "target.book_rooms.2025"), "tracked and not modelled"),
        (("--scenario", "pln"), "There is no scenario 'pln'"),
        (("--members", 20), "20 futures are too few"),
        (("--from", 2026, "--target", "urbanization.registered.2025"), "was due in 2025, before 2026"),
        (("--scenario", "renewal_2026", "--from", 2022), "renewal_2026 starts in 2026"),
        (("--members", 50, "--futures", 60), "Add --levers"),
        (("--members", 100000), "holds 1 to"),
    ],
)
def test_a_mistake_is_told_in_words(words, told, tmp_path):
    outcome = call(*words, "--out", tmp_path)
    assert outcome.exit_code == 2
    assert told in outcome.output
    assert not list(tmp_path.glob("*.csv"))
