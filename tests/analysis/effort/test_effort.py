"""Levers as shares of their way: effort, what the model is told, and the scenario file that says the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
import xarray as xr
import yaml

from analysis.effort.levers import (
    EffortError,
    choose_levers,
    effort_by_lever,
    lever_settings,
    scenario_document,
    total_effort,
)
from analysis.effort.trials import Trials, margin_at_probability, members_needed
from calibration.fit.ensemble import read_members
from model.definition import variables_by_name
from scenarios import load_levers, load_scenario, load_targets
from scenarios.start import JUMP
from tests.support.city import city
from tests.support.plain_city import PlainCity, constant, draws, goal, lever

LEVERS, VARIABLES = load_levers(), variables_by_name()
WORDS = {"title": {"zh": "试", "en": "Try"}, "question": {"zh": "问", "en": "Ask"}, "source": "of a test"}


def test_effort_is_the_weight_times_the_part_of_the_range_moved():
    ease, talent = choose_levers(LEVERS, VARIABLES, ["EASE OF SETTLEMENT", "TALENT SUBSIDY"])
    lever_ = LEVERS["TALENT SUBSIDY"]
    found = effort_by_lever((ease, talent), np.array([[1.0, 0.5], [-1.0, -1.0], [0.0, 0.0]]))
    assert found[0, 0] == pytest.approx(LEVERS["EASE OF SETTLEMENT"].effort * 0.1)
    assert isinstance(lever_.default, float | int)
    up = lever_.highest - lever_.default
    assert found[0, 1] == pytest.approx(0.5 * lever_.effort * up / (lever_.highest - lever_.lowest))
    # From one end to the other, a lever takes its whole weight.
    whole = effort_by_lever((talent,), np.array([[1.0], [-1.0]])).sum()
    assert whole == pytest.approx(lever_.effort)
    assert total_effort((ease, talent), np.zeros((1, 2))).tolist() == [0.0]


def test_elements_move_by_one_share_and_count_by_their_mean():
    (permit,) = choose_levers(LEVERS, VARIABLES, ["PERMIT ENTITLEMENT"])
    half = permit.value(0.5)
    assert half == pytest.approx((permit.default + 1) / 2)
    assert permit.value(-1.0).tolist() == [0.0] * 6
    assert float(permit.moved(0.5)) == pytest.approx(((1 - permit.default) / 2).mean())
    (link,) = choose_levers(LEVERS, VARIABLES, ["PEOPLE LAND LINK"], any_direction=True)
    assert float(link.moved(1.0)) == pytest.approx((1 - link.default).mean())


@pytest.mark.parametrize("name", sorted(LEVERS))
def test_a_whole_share_is_the_end_of_the_range_to_the_bit(name):
    (measure,) = choose_levers(LEVERS, VARIABLES, [name], any_direction=True)
    assert set(measure.value(1.0).ravel().tolist()) == {float(LEVERS[name].highest)}
    assert set(measure.value(-1.0).ravel().tolist()) == {float(LEVERS[name].lowest)}
    assert np.array_equal(measure.value(0.0), measure.default)


def test_without_names_every_lever_is_free_but_what_nobody_decides():
    kept = {name for name, each in LEVERS.items() if each.direction == "keep"}
    assert kept == {"PEOPLE LAND LINK"}
    assert {measure.name for measure in choose_levers(LEVERS, VARIABLES)} == set(LEVERS) - kept
    free = choose_levers(LEVERS, VARIABLES, any_direction=True)
    assert {measure.name for measure in free} == set(LEVERS)


def test_the_direction_of_a_lever_is_the_way_in_which_the_plan_moves_it():
    def last(value: Any) -> float:
        return float(value[max(value)]) if isinstance(value, dict) else float(value)

    moved = 0
    for change in (change for change in load_scenario("plan").changes if change.policy):
        usual, value = cast("Any", LEVERS[change.constant].default), cast("Any", change.value)
        pairs = [(value, usual)]
        if isinstance(usual, dict):
            pairs = [(value[element], usual[element]) for element in usual if element in value]
        ways = {np.sign(last(end) - float(own)) for end, own in pairs} - {0.0}
        assert ways == {{"raise": 1.0, "lower": -1.0}[LEVERS[change.constant].direction]}, change.constant
        moved += 1
    assert moved >= 20


def test_a_lever_moves_only_the_way_the_plan_moves_it_unless_any_direction_is_allowed():
    (permit,) = choose_levers(LEVERS, VARIABLES, ["PERMIT ENTITLEMENT"])
    assert (permit.lowest_share, permit.highest_share) == (0.0, 1.0)
    (free,) = choose_levers(LEVERS, VARIABLES, ["PERMIT ENTITLEMENT"], any_direction=True)
    assert (free.lowest_share, free.highest_share) == (-1.0, 1.0)
    (quota,) = choose_levers(LEVERS, VARIABLES, ["BASE LAND QUOTA"])
    assert (quota.lowest_share, quota.highest_share) == (-1.0, 1.0)
    ((lowered,),) = (choose_levers({"A": replace(lever("A", 0.5), direction="lower")}, {"A": constant("A", 0.5)}),)
    assert (lowered.lowest_share, lowered.highest_share) == (-1.0, 0.0)
    with pytest.raises(
        EffortError, match="'PEOPLE LAND LINK': to move it either way is against the plan; --any-direction"
    ):
        choose_levers(LEVERS, VARIABLES, ["PEOPLE LAND LINK"])


def test_mistakes_about_levers_are_told_all_at_once():
    with pytest.raises(EffortError) as caught:
        choose_levers(LEVERS, VARIABLES, ["TALENT SUBSIDI", "RENT SUBSIDY@2020", "RENT SUBSIDY@soon"], start=2019)
    told = str(caught.value)
    assert "Did you mean 'TALENT SUBSIDY'?" in told
    assert told.count("is not a year in which a lever can start") == 3
    with pytest.raises(EffortError, match="named twice"):
        choose_levers(LEVERS, VARIABLES, ["RENT SUBSIDY", "RENT SUBSIDY@2023"])
    with pytest.raises(EffortError, match="2021 to 2025"):
        choose_levers(LEVERS, VARIABLES, ["RENT SUBSIDY@2026"], last=2025)


def test_a_lever_left_alone_keeps_what_each_member_draws_and_a_moved_one_starts_from_the_default():
    (talent,) = choose_levers(LEVERS, VARIABLES, ["TALENT SUBSIDY@2023"])
    members = xr.Dataset({"TALENT SUBSIDY": ("member", [50_000.0, 70_000.0])})
    found = lever_settings((talent,), np.array([[0.0], [1.0]]), members, ramp=2.0)["TALENT SUBSIDY"]
    # The end of 2020 is what each member holds, whatever is done later.
    assert found.sel(time=2020.0).to_numpy().tolist() == [50_000, 70_000] * 2
    default = LEVERS["TALENT SUBSIDY"].default
    assert found.sel(time=2022.0).to_numpy().tolist() == [50_000, 70_000] * 2
    wanted = [[50_000, 50_000], [70_000, 70_000], [default, 200_000], [default, 200_000]]
    path = found.interp(time=[2022.0 + JUMP, 2024.0]).transpose("run", "time").to_numpy()
    np.testing.assert_allclose(path, np.array(wanted, dtype=float), rtol=0.02)
    alone = lever_settings((talent,), np.zeros((2, 1)), members)["TALENT SUBSIDY"]
    assert alone.to_numpy().tolist() == [50_000, 70_000, 50_000, 70_000]


def test_every_candidate_meets_every_member():
    measures = choose_levers({"A": lever("A")}, {"A": constant("A")})
    trials = Trials(PlainCity({"A": 4.0}), measures, draws(5, 1), [goal(70.0), goal(71.0, 2035)], ramp=1.0)
    found = trials.margins(np.array([[0.0], [0.5], [1.0]]))
    luck = trials.members["LUCK"].to_numpy()
    for place, share in enumerate((0.0, 0.5, 1.0)):
        assert found[place, 0] == pytest.approx(4 * share + luck)
        assert found[place, 1] == pytest.approx(4 * share + luck - 1)
    assert trials.count == 3


def test_batches_change_nothing(monkeypatch):
    measures = choose_levers({"A": lever("A")}, {"A": constant("A")})
    shares = np.linspace(0, 1, 7)[:, None]
    whole = Trials(PlainCity({"A": 4.0}), measures, draws(6, 1), [goal(70.0)]).margins(shares)
    monkeypatch.setattr("analysis.effort.trials.BATCH", 13)
    told: list[int] = []
    parts_ = Trials(PlainCity({"A": 4.0}), measures, draws(6, 1), [goal(70.0)], progress=told.append).margins(shares)
    assert np.array_equal(whole, parts_)
    assert told == [2, 2, 2, 1]


def test_the_assured_margin_is_not_negative_exactly_when_enough_members_reach_the_target():
    random = np.random.default_rng(5)
    for members in (7, 10, 200):
        for probability in (0.05, 0.5, 0.8, 0.95, 1.0):
            margins = random.normal(0.3, 1.0, (50, members))
            enough = (margins >= 0).mean(axis=1) >= probability - 1e-12
            assert ((margin_at_probability(margins, probability) >= 0) == enough).all()
    assert members_needed(0.8, 10) == 8
    assert members_needed(0.81, 10) == 9


def test_the_scenario_file_runs_to_the_same_numbers(tmp_path):
    names = ["TALENT SUBSIDY", "PERMIT ENTITLEMENT@2022", "EASE OF SETTLEMENT", "PEOPLE LAND LINK"]
    measures = choose_levers(LEVERS, VARIABLES, names, any_direction=True)
    shares = np.array([0.3123, -0.25, 1.0, 0.5])
    path = tmp_path / "backcast_try.yaml"
    text = yaml.safe_dump(
        scenario_document("backcast_try", measures, shares, 1.5, WORDS), allow_unicode=True, sort_keys=False
    )
    path.write_text(text, encoding="utf-8")
    target, members = load_targets()["target.urbanization.registered.2025"], read_members(3)
    read = load_scenario(path)
    run = city().run(read.settings(members), outputs=[str(target.variable)], final_time=2025.0)
    wanted = target.margin(run[str(target.variable)].sel(time=2025)).to_numpy()
    found = Trials(city(), measures, members, [target], ramp=1.5).margins(shares[None])[0, 0]
    assert found == pytest.approx(wanted, rel=1e-12)
    assert {change.constant for change in read.changes} == {measure.name for measure in measures}
    assert all(change.source.startswith("backcast of a test") for change in read.changes)
