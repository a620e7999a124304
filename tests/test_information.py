"""What it is worth to know more before choosing: closed forms, bounds, the utility, and the city by its command."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from scipy import stats
from typer.testing import CliRunner

import run_scenarios
from analysis.information import study as information_study
from analysis.information.collectable import FILE, CollectableError, load_collectables, values
from analysis.information.utility import UtilityError, check, effort, utilities
from analysis.information.value import Information, InformationError, Worth, expected_gain, value_of_information
from analysis.information.words import sentences
from calibration.ensemble import read_members
from model.definition import variables_by_name
from scenarios import Change, Lever, Scenario, Target
from tests.city import city


def two_actions(count: int, seed: int, mean: float = 0.5) -> tuple[Any, dict[str, Any]]:
    """Nothing, or a normal gain that is the sum of two parts of spread 1 and 2; a third number tells nothing."""
    a, b, c = np.random.default_rng(seed).normal(size=(3, count))
    utility = np.column_stack([np.zeros(count), mean + a + 2 * b])
    return utility, {"a": a[:, None], "b": b[:, None], "both": np.column_stack([a, b]), "nothing": c[:, None]}


def closed_form(mean: float, spread: float) -> float:
    """Expected value of knowing the part of this spread of a normal gain (unit normal loss)."""
    return float(spread * stats.norm.pdf(mean / spread) - abs(mean) * stats.norm.sf(abs(mean) / spread))


@pytest.fixture(scope="module")
def normal():
    utility, known = two_actions(3000, seed=1)
    return utility, value_of_information(utility, known, resamples=12, seed=2)


def test_a_choice_between_two_actions_matches_its_closed_form(normal):
    _, found = normal
    assert abs(found.perfect.estimate - closed_form(0.5, math.sqrt(5))) < 4 * found.perfect.error
    for name, spread in (("a", 1.0), ("b", 2.0), ("both", math.sqrt(5))):
        worth = found.partial[name]
        assert abs(worth.estimate - closed_form(0.5, spread)) < 4 * worth.error, name
        assert worth.told_apart, name
    # Twelve resamples tell an error to about a fifth; both are the spread of a mean of 3,000.
    assert found.perfect.error == pytest.approx(
        np.std(np.maximum(normal[0][:, 1], 0) - normal[0][:, 1]) / 3000**0.5, rel=0.6
    )


def test_the_better_action_on_average_is_chosen_and_how_often_it_is_best_is_told(normal):
    utility, found = normal
    assert found.chosen == 1
    assert found.best_in.tolist() == pytest.approx([(utility[:, 1] <= 0).mean(), (utility[:, 1] >= 0).mean()])
    assert found.perfect.changed == pytest.approx((utility[:, 1] < 0).mean())
    assert not found.settled


def test_knowing_all_that_matters_is_worth_as_much_as_knowing_everything(normal):
    found = normal[1]
    assert found.partial["both"].estimate == pytest.approx(found.perfect.estimate, rel=0.02)
    assert found.partial["both"].estimate <= found.perfect.estimate


def test_a_statistic_that_tells_nothing_is_worth_nothing(normal):
    assert abs(normal[1].partial["nothing"].estimate) < 0.02
    apart = 0
    for seed in range(12):
        # Options equally good on average: any wiggle of a regression would turn into a choice.
        utility, known = two_actions(200, seed, mean=0.0)
        noise = np.random.default_rng(1000 + seed).normal(size=(200, 4))
        found = value_of_information(utility, {**known, "noise": noise}, resamples=8, seed=seed)
        apart += found.partial["nothing"].told_apart + found.partial["noise"].told_apart
        assert found.partial["b"].estimate > found.partial["noise"].estimate
    assert apart <= 4


def test_no_member_is_chosen_for_by_a_regression_that_saw_it():
    worths = []
    for seed in range(30):
        random = np.random.default_rng(seed)
        gain = random.normal(size=60)
        utility = np.column_stack([np.zeros(60), gain - gain.mean()])
        noise = {"noise": random.normal(size=(60, 4))}
        worths.append(value_of_information(utility, noise, resamples=0, seed=seed).partial["noise"].estimate)
    # A regression that sees its own member makes this noise worth 0.15; the error of this mean is 0.015.
    assert np.mean(worths) < 0.06
    assert min(worths) < 0


def test_worth_is_between_nil_and_that_of_everything_whatever_the_utilities():
    for seed in range(15):
        random = np.random.default_rng(seed)
        count, options = int(random.integers(20, 80)), int(random.integers(2, 7))
        known = random.normal(size=(count, 3))
        utility = random.standard_t(2, size=(count, options)) + known[:, :1] * random.normal(size=options)
        found = value_of_information(utility, {"x": known[:, :1], "all": known}, resamples=2, seed=seed)
        assert found.perfect.estimate >= 0
        assert found.perfect.estimate == pytest.approx(expected_gain(utility))
        for worth in found.partial.values():
            assert worth.estimate <= found.perfect.estimate + 1e-12
            assert 0 <= worth.value <= found.perfect.value + 1e-12


def test_an_estimate_below_nil_is_told_as_nil_and_kept():
    worth = Worth(-0.01, 0.02, 0.1)
    assert (worth.value, worth.estimate, worth.told_apart) == (0.0, -0.01, False)
    assert not Worth(0.03, 0.02, 0.1).told_apart
    assert Worth(0.04, 0.02, 0.1).told_apart


def test_a_bent_relation_is_found():
    x = np.random.default_rng(3).normal(size=1500)
    utility = np.column_stack([np.zeros(1500), x**2 - 1.2])
    found = value_of_information(utility, {"x": x[:, None]}, resamples=2)
    assert found.partial["x"].estimate > 0.95 * found.perfect.estimate


def test_no_information_is_worth_anything_where_one_option_is_always_best():
    random = np.random.default_rng(4)
    utility = np.column_stack([random.normal(size=100), np.zeros(100)])
    utility[:, 1] = utility[:, 0] + 0.1 + random.random(100)
    found = value_of_information(utility, {"x": utility[:, :1]}, resamples=3)
    assert found.settled
    assert (found.perfect.estimate, found.perfect.error) == (0.0, 0.0)
    assert (found.partial["x"].estimate, found.partial["x"].changed) == (0.0, 0.0)


def test_a_number_that_all_members_share_is_worth_nothing():
    utility, _ = two_actions(100, 5)
    assert value_of_information(utility, {"x": np.ones((100, 1))}, resamples=2).partial["x"].estimate == 0.0


@pytest.mark.parametrize(
    ("utility", "known", "told"),
    [
        (np.zeros((50, 1)), {}, "two options"),
        (np.zeros((19, 2)), {}, "19 members are too few"),
        (np.full((50, 2), np.nan), {}, "utility is not finite"),
        (np.zeros((50, 2)), {"x": np.full((50, 1), np.inf)}, "'x' is not finite"),
    ],
)
def test_what_makes_no_sense_is_refused(utility, known, told):
    with pytest.raises(InformationError, match=told):
        value_of_information(utility, known, resamples=2)


# Utility


def lever(constant: str, default: Any, weight: float, highest: float = 10.0) -> Lever:
    return Lever(constant, "km2", 0.0, highest, default, {}, {}, {}, "1", weight)


def scenario(*changes: tuple[str, Any]) -> Scenario:
    made = tuple(Change(constant, value, "km2", "", "", True, "s", None) for constant, value in changes)
    return Scenario("s", {"zh": "情景", "en": "Scenario"}, {}, None, made, (), Path("s.yaml"))


def test_effort_is_the_weighted_share_of_the_range_that_is_moved():
    known = {"A": lever("A", 2.0, 3.0), "B": lever("B", {"x": 0.0, "y": 4.0}, 1.0)}
    assert effort(scenario(), known) == 0
    assert effort(scenario(("A", 7.0)), known) == pytest.approx(3 * 0.5)
    assert effort(scenario(("A", 1.0)), known) == pytest.approx(3 * 0.1)
    # Two years on the way up, then thirteen at the end: (0.5 + 14) / 15 of half the range.
    assert effort(scenario(("A", {2020.0: 2.0, 2022.0: 7.0})), known) == pytest.approx(3 * 0.5 * 14.5 / 15)
    assert effort(scenario(("B", {"x": 5.0, "y": 4.0})), known) == pytest.approx(0.25)
    assert effort(scenario(("B", 4.0)), known) == pytest.approx(0.2)
    assert effort(scenario(("A", 7.0), ("NO LEVER", 1.0)), known) == pytest.approx(1.5)


GOALS = [
    Target("first", {"zh": "甲", "en": "A"}, "1", "core", 2025, 50.0, "at least", "percent", "a"),
    Target("second", {"zh": "乙", "en": "B"}, "1", "core", 2035, 2.0, "at most", "ratio", "b"),
]


def margins(*rows: list[float]) -> xr.DataArray:
    return xr.DataArray(np.array(rows), dims=("target", "future"), coords={"target": ["first", "second"]})


def test_targets_are_counted_and_effort_is_taken_off():
    both = {"s": margins([1.0, -5.0], [0.0, -1.0]), "t": margins([-5.0, -5.0], [0.1, 0.1])}
    told = utilities("targets", GOALS, both, {"s": 2.0, "t": 0.0}, 0.25)
    assert told.dims == ("member", "scenario")
    assert told.to_numpy().tolist() == [[1.5, 1.0], [-0.5, 1.0]]


def test_a_shortfall_is_in_percent_of_the_threshold_and_more_than_enough_does_not_count():
    told = utilities("shortfall", GOALS, {"s": margins([30.0, -5.0], [1.0, -0.5])}, {"s": 2.0}, 1.0)
    assert told.to_numpy().ravel().tolist() == pytest.approx([-2.0, -10 - 25 - 2])


def test_a_weight_or_threshold_without_sense_is_refused():
    with pytest.raises(UtilityError, match="nil or more; it is -1"):
        check("targets", GOALS, -1.0)
    none = Target("none", {}, "1", "core", 2025, 0.0, "at most", "percent", "c")
    check("targets", [none], 1.0)
    with pytest.raises(UtilityError, match="nil for: none"):
        check("shortfall", [none], 1.0)


def test_only_what_somebody_decides_can_be_chosen():
    names = [option.name for option in information_study.options()]
    assert {"baseline", "plan"} <= set(names)
    assert {"weak_inflow", "low_fertility", "tight_finance"}.isdisjoint(names)
    with pytest.raises(UtilityError, match="weak_inflow cannot be chosen: nobody decides POOL CHANGE"):
        information_study.options(["baseline", "weak_inflow"])
    with pytest.raises(UtilityError, match="two scenarios or more"):
        information_study.options(["plan"])


# Statistics


@pytest.fixture(scope="module")
def drawn():
    return read_members(3)


def test_every_statistic_asked_for_is_there_and_tells_what_it_says(drawn):
    known = load_collectables(variables_by_name(), drawn)
    assert set(known) == {"registered_share", "unregistered_stock", "willingness", "vacancy", "school_places"}
    wanted = list(dict.fromkeys(name for one in known.values() for name in one.variables))
    changes = {str(name): array.rename(member="run") for name, array in drawn.data_vars.items()}
    start = city().run(changes, outputs=wanted, final_time=2021.0).sel(time=2020)
    told = {name: values(one, drawn, start) for name, one in known.items()}
    assert {name: array.shape for name, array in told.items()} == {
        "registered_share": (3, 1),
        "unregistered_stock": (3, 1),
        "willingness": (3, 3),
        "vacancy": (3, 2),
        "school_places": (3, 3),
    }
    np.testing.assert_array_equal(told["registered_share"][:, 0], drawn["REGISTERED URBAN SHARE 2020"])
    places = start["service capacity in city"].sel(Service="junior secondary")
    np.testing.assert_array_equal(told["school_places"][:, 2], places)
    ratio = start["total floor area"].sum("District") / start["desired floor area"].sum("District")
    np.testing.assert_allclose(told["vacancy"][:, 1], ratio, rtol=1e-12)
    assert all(np.ptp(array, axis=0).min() > 0 for array in told.values())


def test_every_mistake_in_the_file_of_statistics_is_told(tmp_path, drawn):
    file = tmp_path / "collectable.yaml"
    text = FILE.read_text(encoding="utf-8")
    file.write_text(
        text.replace("[WILLINGNESS 2020]", "[WILINGNESS 2020]")
        .replace("variable: total floor area", "variable: total flor area")
        .replace("junior secondary]", "junior]"),
        encoding="utf-8",
    )
    with pytest.raises(CollectableError) as caught:
        load_collectables(variables_by_name(), drawn, file)
    for told in ("WILLINGNESS 2020", "total floor area", "'junior' is not an element"):
        assert told in str(caught.value)
    file.write_text("[]", encoding="utf-8")
    with pytest.raises(CollectableError, match="must be a list"):
        load_collectables(variables_by_name(), drawn, file)


# Words


def study(found: Information) -> Any:
    """The part of a study that the words read."""
    options = {
        name: SimpleNamespace(title={"zh": zh, "en": en})
        for name, zh, en in (("baseline", "基准", "Baseline"), ("plan", "规划", "Plan"))
    }
    statistics = {name: SimpleNamespace(title={"zh": "户籍率", "en": "urban share"}) for name in found.partial}
    utility = xr.DataArray(np.zeros((40, 2)), dims=("member", "scenario"), coords={"scenario": list(options)})
    chosen = list(options)[found.chosen]
    return SimpleNamespace(
        found=found, scenarios=options, statistics=statistics, utility=utility, chosen=chosen, kind="targets"
    )


def answer(best: float, perfect: Worth, **partial: Worth) -> Information:
    return Information(np.zeros(2), np.zeros(2), 1, np.array([1 - best, best]), perfect, partial)


def test_the_answer_says_what_to_choose_and_what_to_find_out():
    found = answer(0.6, Worth(0.4, 0.02, 0.4), share=Worth(0.1, 0.01, 0.25), other=Worth(-0.01, 0.01, 0.1))
    told = sentences(study(found), "en")
    assert told[0] == "Chosen on what is known now: 'Plan', best in 60 % of members."
    assert "Knowing everything first would add 0.400 targets (standard error 0.020)" in told[1]
    assert "0.100 targets (standard error 0.010), 25 % of what everything is worth" in told[2]
    assert told[3].startswith("Cannot be told from nil: urban share")
    assert "仅知道“户籍率”可增加0.100个目标" in sentences(study(found), "zh")[2]


def test_a_dominating_scenario_is_told_as_such():
    found = answer(1.0, Worth(0.0, 0.0, 0.0), share=Worth(0.0, 0.0, 0.0))
    assert sentences(study(found), "en") == [
        "'Plan' is best in every one of 40 members. No information can change the choice: its value is nil."
    ]
    assert "信息的价值为0" in sentences(study(found), "zh")[0]


# The command


def table(path: Path) -> Any:
    """A table whose cells may be anything."""
    return pd.read_csv(path)


def call(*words: object):
    return CliRunner().invoke(run_scenarios.app, ["information", *map(str, words)], env={"COLUMNS": "300"})


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    out = tmp_path_factory.mktemp("information") / "outputs"
    outcome = call("baseline", "plan", "registration_reform", "--members", 60, "--resamples", 2, "--out", out)
    assert outcome.exit_code == 0, outcome.output
    return outcome, out


def test_the_tables_hold_the_answer_within_its_bounds(done):
    outcome, out = done
    worth = table(out / "information.csv").set_index("information")
    assert list(worth.index) == [
        "everything",
        "registered_share",
        "unregistered_stock",
        "willingness",
        "vacancy",
        "school_places",
    ]
    assert (worth["value"] >= 0).all()
    assert (worth["value"] <= worth.loc["everything", "value"] + 1e-12).all()
    assert (worth["value"] == worth["raw_estimate"].clip(lower=0)).all()
    assert worth.loc["willingness", "tells"] == "WILLINGNESS 2020"
    assert worth["standard_error"].notna().all()
    assert "2020年户籍人口城镇化率" in outcome.output
    assert "Utility = number of targets reached in time, of 6" in outcome.output
    assert {path.name for path in (out / "figures").iterdir()} == {"information_zh.png", "information_en.png"}


def test_the_choice_can_be_worked_out_again_from_the_data(done):
    _, out = done
    choice = table(out / "information_choice.csv").set_index("scenario")
    weights = table(out / "information_weights.csv").set_index("weight")
    with xr.open_dataset(out / "information.nc") as stored:
        data = stored.load()
    utility = data["utility"].sel(scenario=list(choice.index))
    np.testing.assert_allclose(utility.mean("member"), choice["expected_utility"], rtol=1e-9)
    assert (choice["chosen"] == "yes").sum() == 1
    assert choice["expected_utility"].idxmax() == choice.index[choice["chosen"] == "yes"][0]
    gain = float((utility.max("scenario") - utility.sel(scenario=choice["expected_utility"].idxmax())).mean())
    worth = table(out / "information.csv").set_index("information")
    assert worth.loc["everything", "value"] == pytest.approx(gain)
    assert weights.loc[0.1, "perfect"] == pytest.approx(gain)
    # Without a price on effort, and with a very high one.
    assert choice.loc["baseline", "effort"] == 0
    assert choice["effort"].idxmax() == "plan"
    assert (data.attrs["utility"], data.attrs["effort_weight"]) == ("targets", "0.1")
    assert data.attrs["scenario"] == "baseline, plan, registration_reform"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("plan", "--members", 30), "two scenarios or more"),
        (("baseline", "weak_inflow"), "nobody decides"),
        (("baseline", "plan", "--members", 30, "--effort-weight", "-1"), "must be nil or more"),
        (("baseline", "pla"), "There is no scenario 'pla'"),
        (("--target", "registered"), "There is no target 'registered'"),
        (("baseline", "plan", "--members", 12), "12 members are too few"),
    ],
)
def test_a_mistake_is_told_in_words(words, told, tmp_path):
    outcome = call(*words, "--out", tmp_path)
    assert outcome.exit_code == 2
    assert told in outcome.output
    assert not list(tmp_path.iterdir()), "a folder is made only once nothing more can be refused"
