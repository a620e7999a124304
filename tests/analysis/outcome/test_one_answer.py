"""One question has one answer: every command tells the same numbers of the same setting and members."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.assessment.study import judge_targets
from analysis.comparison.contributions import compare
from analysis.comparison.study import in_time
from analysis.effort.delay.study import delay_costs
from analysis.effort.levers import choose_levers
from analysis.effort.trials import Trials
from analysis.outcome import futures
from analysis.outcome.shares import share_in_words
from analysis.outcome.targets import evaluate_targets
from analysis.pages import answer
from analysis.pages.answer import REGISTERED, RESIDENT
from analysis.reach.probability import reach
from calibration.fit.ensemble import read_members
from model.definition import MODEL_FILE, variables_by_name
from model.engine.compiled import compile_model
from scenarios import is_reached, load_levers, load_scenarios, load_targets

#: Enough for shares that are neither nil nor one, and an even number, where a median lies between two members.
MEMBERS = 24
#: Three levers, so that all their combinations and delays are soon run.
NAME = "registration_reform"


@pytest.fixture(scope="module")
def members():
    return read_members(MEMBERS)


@pytest.fixture(scope="module")
def targets():
    every = load_targets()
    return [every[name] for name in (RESIDENT, REGISTERED)]


@pytest.fixture(scope="module")
def city():
    return compile_model(MODEL_FILE)


@pytest.fixture(scope="module")
def runs(city, members, targets):
    outputs = [str(target.variable) for target in targets]
    return {
        scenario.name: city.run(scenario.settings(members), outputs=outputs)
        for scenario in load_scenarios(["baseline", NAME])
    }


@pytest.fixture(scope="module")
def table(targets, runs):
    """What `run` tells, and the briefing and the README after it."""
    found = evaluate_targets(targets, runs)
    # Where all or none get there, a mistake in counting would not be seen.
    shares = found.loc[found["target"] == REGISTERED, "probability"]
    assert shares.between(0.05, 0.95).all()
    assert (found["members"] == MEMBERS).all()
    return found.set_index(["scenario", "target"])


def counts(table: pd.DataFrame, scenario: str, targets) -> list[int]:
    return [round(table.loc[(scenario, target.id), "probability"] * MEMBERS) for target in targets]


def test_reach_tells_what_run_tells(members, targets, runs, table):
    summary = reach(targets, runs, members, parameters=["LONG RUN FERTILITY"]).summary
    own = summary.set_index(["scenario", "target"]).loc[table.index]
    assert own["reached"].tolist() == [round(share * MEMBERS) for share in table["probability"]]
    for ours, theirs in {
        "probability": "probability",
        "probability_se": "probability_se",
        "margin_median": "margin",
        "year_reached_median": "year_reached_median",
        "members": "members",
    }.items():
        np.testing.assert_allclose(own[ours].astype(float), table[theirs].astype(float), rtol=1e-12, err_msg=ours)


def test_compare_delay_conditions_and_information_count_the_members_that_run_counts(city, members, targets, table):
    wanted = counts(table, NAME, targets)
    both = load_scenarios(["baseline", NAME])
    found = compare(city, both[0], both[1], members, [], [], targets=targets)
    judged = in_time(city, both, members, targets)
    for scenario in ("baseline", NAME):
        for data in (found.values, judged):
            own = data.sel(scenario=scenario)
            assert [int(own[target.id].sum()) for target in targets] == counts(table, scenario, targets)
    delays = delay_costs(city, both[1], members, targets, variables_by_name()).table
    at_once = delays[delays["delay"] == 0].drop_duplicates("target").set_index("target")
    assert [round(at_once.loc[target.id, "probability"] * MEMBERS) for target in targets] == wanted
    assert (at_once["members"] == MEMBERS).all()
    margins = futures.judge(city, futures.settings(both[1], members, variables_by_name())[0], targets)
    assert is_reached(margins.to_numpy()).sum(axis=1).tolist() == wanted


def test_backcast_frontier_and_assess_begin_from_the_baseline_that_run_tells(city, members, targets, runs, table):
    wanted = counts(table, "baseline", targets)
    measures = choose_levers(load_levers(), variables_by_name(), ["EASE OF SETTLEMENT"])
    alone = Trials(city, measures, members, targets).margins(np.zeros((1, 1)))[0]
    assert is_reached(alone).sum(axis=1).tolist() == wanted
    before = judge_targets(targets, runs["baseline"].rename(run="member"), {})[0]["probability_before"]
    np.testing.assert_allclose(before, np.array(wanted) / MEMBERS, rtol=1e-12)


def test_a_sentence_says_of_how_many_members_a_probability_is_and_a_year_is_whole(targets, table):
    for target in targets:
        row = table.loc[(NAME, target.id)]
        year = row["year_reached_median"]
        assert year == int(year)
        number = round(row["probability"] * MEMBERS)
        for language in ("zh", "en"):
            sentence = answer.rate_in_words(target, row, MEMBERS, language)
            assert share_in_words(number, MEMBERS, language) in sentence
            assert str(MEMBERS) in sentence
            assert f"{year:.0f}" in sentence
