"""The least effort for a target: closed forms of a linear city with normal luck, and a grid searched whole."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from analysis.effort.levers import choose_levers, total_effort
from analysis.effort.search import drop_levers, maximise_margin, minimise_effort, one_at_a_time, round_up_shares
from analysis.effort.trials import SearchProblem, Trials, margin_at_probability
from tests.support.plain_city import PlainCity, constant, draws, goal, lever

MEMBERS = draws(200, 3)
LUCK = MEMBERS["LUCK"].to_numpy()


def question(weights, threshold, probability=0.8, efforts=None, defaults=None, bend=None, direction="either"):
    efforts, defaults = efforts or {}, defaults or {}
    levers = {
        name: replace(lever(name, defaults.get(name, 0.0), efforts.get(name, 1.0)), direction=direction)
        for name in weights
    }
    variables = {name: constant(name, defaults.get(name, 0.0)) for name in weights}
    trials = Trials(
        PlainCity(weights, bend=bend),
        choose_levers(levers, variables),
        MEMBERS,
        [goal(threshold)],
    )
    return SearchProblem(trials, probability)


def solve(asked, starts=2, seed=1):
    first = one_at_a_time(asked)
    corner = maximise_margin(asked, first, starts, 200, seed)
    if asked.margins(corner[None])[0] < 0:
        return None
    return minimise_effort(asked, first, corner, starts, 200, seed)


def spent(asked, shares):
    return float(total_effort(asked.measures, shares[None])[0])


def knapsack(weights, efforts, missing):
    """The closed form where levers add up: those that bring most per effort in full, the last one in part."""
    total, found = 0.0, {}
    for name in sorted(weights, key=lambda name: -weights[name] / efforts[name]):
        part = min(1.0, max(0.0, missing - total) / weights[name])
        total += part * weights[name]
        found[name] = part
    return found


WEIGHTS = {"A": 2.0, "B": 1.5, "C": 0.4, "D": 3.0, "E": 0.05}
EFFORTS = {"A": 1.0, "B": 3.0, "C": 0.1, "D": 4.0, "E": 1.0}


@pytest.mark.parametrize("probability", [0.5, 0.8, 0.95, 1.0])
def test_the_least_effort_of_a_linear_case_is_its_closed_form(probability):
    asked = question(WEIGHTS, 73.0, probability, EFFORTS)
    found = solve(asked)
    known = knapsack(WEIGHTS, EFFORTS, 3.0 - float(margin_at_probability(LUCK, probability)))
    assert found == pytest.approx(np.array([known[name] for name in WEIGHTS]), abs=5e-3)
    assert spent(asked, found) == pytest.approx(sum(EFFORTS[name] * part for name, part in known.items()), rel=2e-3)
    # Enough members reach it, and not one member more than the sample's steps allow.
    reached = (asked.trials.margins(found[None])[0, 0] >= -1e-9).mean()
    assert probability - 1e-9 <= reached <= probability + 1 / len(LUCK) + 1e-9


def test_with_many_members_it_is_the_answer_for_normal_luck():
    asked = question(WEIGHTS, 73.0, 0.8, EFFORTS)
    asked.trials.members = draws(2000, 8)
    known = knapsack(WEIGHTS, EFFORTS, 3.0 + stats.norm.ppf(0.8))
    wanted = sum(EFFORTS[name] * part for name, part in known.items())
    # The quantile of 2,000 draws has an error of some 0.032 points, worth as much effort as the last lever takes.
    assert spent(asked, solve(asked)) == pytest.approx(wanted, abs=4 * 0.032 * EFFORTS["D"] / WEIGHTS["D"])


def test_a_lever_that_helps_when_lowered_is_lowered():
    asked = question({"A": -2.0, "B": 1.0}, 70.5, 0.5, defaults={"A": 0.6})
    found = solve(asked)
    missing = 0.5 + 1.2 - float(margin_at_probability(LUCK, 0.5))
    assert found[0] < 0
    assert spent(asked, found) == pytest.approx(min(0.6, missing / 2) + max(0.0, missing - 1.2), rel=5e-3)


def test_a_lever_that_may_be_raised_only_stays_where_lowering_would_help():
    # The stand-in has A at nil where nobody moves it.
    asked = question({"A": -2.0, "B": 1.0}, 70.7, 0.5, defaults={"A": 0.6}, direction="raise")
    found = solve(asked)
    assert found[0] == 0.0
    assert spent(asked, found) == pytest.approx(0.7 - float(margin_at_probability(LUCK, 0.5)), rel=5e-3)


def bent(values):
    """Levers that stand in each other's way, and one that only works with another."""
    a, b, c = (values[name] for name in "ABC")
    return -1.5 * a * b + 2.5 * b * c


@pytest.mark.parametrize(("names", "threshold"), [("AB", 71.0), ("ABC", 72.4)])
def test_it_agrees_with_a_grid_searched_whole(names, threshold):
    weights = {name: {"A": 2.0, "B": 1.5, "C": 0.2}[name] for name in names}
    efforts = {"A": 2.0, "B": 1.0, "C": 0.5}
    bend = (lambda v: -1.5 * v["A"] * v["B"]) if names == "AB" else bent
    asked = question(weights, threshold, 0.8, efforts, bend=bend)
    found = solve(asked, starts=4)
    step = 0.02 if names == "AB" else 0.05
    axis = np.linspace(0, 1, round(1 / step) + 1)
    grid = np.array(list(itertools.product(axis, repeat=len(names))))
    enough = margin_at_probability(asked.trials.margins(grid)[:, 0], 0.8) >= 0
    best = total_effort(asked.measures, grid)[enough].min()
    # The search is not tied to the grid, so it may be better by a step of the dearest lever, and must not be worse.
    assert best - step * max(efforts[name] for name in names) <= spent(asked, found) <= best + 1e-6
    assert asked.margins(found[None])[0] >= 0


def test_a_lever_worth_nothing_alone_is_found_where_it_works_with_another():
    asked = question({"A": 1.6, "B": 3.0, "C": 0.0}, 71.0, 0.5, {"A": 4.0, "B": 2.0, "C": 0.1}, bend=bent)
    found = solve(asked, starts=3)
    without = question({"A": 1.6, "B": 3.0}, 71.0, 0.5, {"A": 4.0, "B": 2.0}, bend=lambda v: -1.5 * v["A"] * v["B"])
    assert found[2] > 0.5
    assert spent(asked, found) < 0.8 * spent(without, solve(without, starts=3))


def test_out_of_reach_the_furthest_candidate_is_the_best_corner():
    asked = question({"A": 2.0, "B": -1.0}, 80.0, 0.8, defaults={"B": 0.3})
    assert solve(asked) is None
    assert asked.surest.tolist() == [1.0, -1.0]
    assert asked.trace()["best_margin"].max() == pytest.approx(2.0 - 10 + float(margin_at_probability(LUCK, 0.8)))


def test_out_of_reach_an_optimum_between_the_ends_is_found():
    def hump(values):
        return -4 * (values["A"] - 0.6) ** 2 - 2 * (values["B"] - 0.3) ** 2

    asked = question({"A": 0.0, "B": 0.0}, 75.0, 0.8, bend=hump)
    at = maximise_margin(asked, one_at_a_time(asked), 2, 200, 1)
    assert at == pytest.approx([0.6, 0.3], abs=0.01)


def test_levers_of_little_use_are_left_alone():
    # Five levers bring the same per effort, so that any split of them takes the same: one is enough.
    weights = dict.fromkeys("ABCDE", 1.0)
    asked = question(weights, 70.2, 0.5)
    even = np.full(5, (0.2 - float(margin_at_probability(LUCK, 0.5))) / 5 + 1e-6)
    assert asked.margins(even[None])[0] >= 0
    few = drop_levers(asked, even, 100)
    assert np.count_nonzero(few) == 1
    assert spent(asked, few) <= 1.05 * spent(asked, even)
    assert asked.margins(few[None])[0] >= 0


def test_levers_that_are_needed_stay():
    asked = question(WEIGHTS, 73.0, 0.8, EFFORTS)
    found = solve(asked)
    few = drop_levers(asked, found, 100)
    known = knapsack(WEIGHTS, EFFORTS, 3.0 - float(margin_at_probability(LUCK, 0.8)))
    assert {name for name, share in zip(WEIGHTS, few, strict=True) if share} >= {
        name for name, part in known.items() if EFFORTS[name] * part > 0.2
    }
    assert spent(asked, few) <= 1.05 * spent(asked, found)


def test_shares_that_are_written_down_are_still_enough():
    asked = question(WEIGHTS, 73.0, 0.8, EFFORTS)
    found = solve(asked)
    written = round_up_shares(asked, found)
    assert asked.margins(written[None])[0] >= 0
    assert np.array_equal(np.round(written, 4), written)
    assert spent(asked, written) == pytest.approx(spent(asked, found), rel=1e-3)


def test_every_trial_is_told_and_none_is_run_twice():
    asked = question(WEIGHTS, 73.0, 0.8, EFFORTS)
    found = solve(asked)
    trace = asked.trace()
    assert len(trace) == asked.trials.count
    ends = trace[trace["search"] == "least effort"].groupby("start")["best_effort"].last()
    # Searches from different starts come to the same effort, and the best so far never rises.
    assert ends.drop(index=0, errors="ignore").to_numpy() == pytest.approx(spent(asked, found), rel=0.01)
    for _, group in trace.groupby(["search", "start"]):
        assert group["best_margin"].is_monotonic_increasing
        assert group["best_effort"].dropna().is_monotonic_decreasing


def test_the_same_seed_gives_the_same_answer():
    one, other = (solve(question(WEIGHTS, 73.0, 0.8, EFFORTS), seed=4) for _ in range(2))
    assert np.array_equal(one, other)
