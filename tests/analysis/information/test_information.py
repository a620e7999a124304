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
from analysis.information.choice import choose, envelope
from analysis.information.collectable import FILE, CollectableError, load_collectables, values
from analysis.information.request import UtilityError, check_utility, options
from analysis.information.utility import scenario_effort, utilities
from analysis.information.value import ByWeight, InformationError, Worth, value_by_weight
from analysis.information.words import choice_sentences, worth_sentences
from calibration.fit.ensemble import read_members
from model.definition import variables_by_name
from scenarios import Change, Lever, Scenario, Target
from tests.support.city import city


def without_effort(utility: Any, known: Any, **options: Any) -> SimpleNamespace:
    """The value of information where no option takes effort."""
    found = value_by_weight(utility, np.zeros(utility.shape[1]), (0.0,), known, **options)
    return SimpleNamespace(
        perfect=found.perfect[0], partial={name: worths[0] for name, worths in found.partial.items()}
    )


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
    return utility, without_effort(utility, known, resamples=12, seed=2)


def test_a_choice_between_two_actions_matches_its_closed_form(normal):
    _, found = normal
    assert abs(found.perfect.estimate - closed_form(0.5, math.sqrt(5))) < 4 * found.perfect.error
    for name, spread in (("a", 1.0), ("b", 2.0), ("both", math.sqrt(5))):
        worth = found.partial[name]
        assert abs(worth.estimate - closed_form(0.5, spread)) < 4 * worth.error, name
        assert worth.distinguishable, name
    # Twelve resamples tell an error to about a fifth; both are the spread of a mean of 3,000.
    assert found.perfect.error == pytest.approx(
        np.std(np.maximum(normal[0][:, 1], 0) - normal[0][:, 1]) / 3000**0.5, rel=0.6
    )


def test_the_choice_would_change_in_the_members_in_which_the_action_chosen_is_not_the_best(normal):
    utility, found = normal
    assert envelope(utility.mean(axis=0), [0.0, 0.0]) == ((0.0, 1),)
    assert found.perfect.changed == pytest.approx((utility[:, 1] < 0).mean())
    assert 0 < found.perfect.changed < 0.5


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
        found = without_effort(utility, {**known, "noise": noise}, resamples=8, seed=seed)
        apart += found.partial["nothing"].distinguishable + found.partial["noise"].distinguishable
        assert found.partial["b"].estimate > found.partial["noise"].estimate
    assert apart <= 4


def test_no_member_is_chosen_for_by_a_regression_that_saw_it():
    worths = []
    for seed in range(30):
        random = np.random.default_rng(seed)
        gain = random.normal(size=60)
        utility = np.column_stack([np.zeros(60), gain - gain.mean()])
        noise = {"noise": random.normal(size=(60, 4))}
        worths.append(without_effort(utility, noise, resamples=0, seed=seed).partial["noise"].estimate)
    # A regression that sees its own member makes this noise worth 0.15; the error of this mean is 0.015.
    assert np.mean(worths) < 0.06
    assert min(worths) < 0


def test_worth_is_between_zero_and_that_of_everything_whatever_the_utilities():
    for seed in range(15):
        random = np.random.default_rng(seed)
        count, options = int(random.integers(20, 80)), int(random.integers(2, 7))
        known = random.normal(size=(count, 3))
        utility = random.standard_t(2, size=(count, options)) + known[:, :1] * random.normal(size=options)
        found = without_effort(utility, {"x": known[:, :1], "all": known}, resamples=2, seed=seed)
        assert found.perfect.estimate >= 0
        assert found.perfect.estimate == pytest.approx(
            utility.max(axis=1).mean() - utility.mean(axis=0).max(), abs=1e-12
        )
        for worth in found.partial.values():
            assert worth.estimate <= found.perfect.estimate + 1e-12
            assert 0 <= worth.value <= found.perfect.value + 1e-12


def test_an_estimate_below_zero_is_told_as_zero_and_kept():
    worth = Worth(-0.01, 0.02, 0.1)
    assert (worth.value, worth.estimate, worth.distinguishable) == (0.0, -0.01, False)
    assert not Worth(0.03, 0.02, 0.1).distinguishable
    assert Worth(0.04, 0.02, 0.1).distinguishable


def test_a_bent_relation_is_found():
    x = np.random.default_rng(3).normal(size=1500)
    utility = np.column_stack([np.zeros(1500), x**2 - 1.2])
    found = without_effort(utility, {"x": x[:, None]}, resamples=2)
    assert found.partial["x"].estimate > 0.95 * found.perfect.estimate


def test_no_information_is_worth_anything_where_one_option_is_always_best():
    random = np.random.default_rng(4)
    utility = np.column_stack([random.normal(size=100), np.zeros(100)])
    utility[:, 1] = utility[:, 0] + 0.1 + random.random(100)
    found = without_effort(utility, {"x": utility[:, :1]}, resamples=3)
    assert (found.perfect.estimate, found.perfect.error, found.perfect.changed) == (0.0, 0.0, 0.0)
    assert (found.partial["x"].estimate, found.partial["x"].changed) == (0.0, 0.0)


def test_a_number_that_all_members_share_is_worth_nothing():
    utility, _ = two_actions(100, 5)
    assert without_effort(utility, {"x": np.ones((100, 1))}, resamples=2).partial["x"].estimate == 0.0


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
        without_effort(utility, known, resamples=2)


# Utility


def lever(constant: str, default: Any, weight: float, highest: float = 10.0) -> Lever:
    return Lever(constant, "km2", 0.0, highest, {}, {}, {}, "1", "city", weight, "either", default=default)


def scenario(*changes: tuple[str, Any]) -> Scenario:
    made = tuple(Change(constant, value, "km2", "", "", True, "s", None) for constant, value in changes)
    return Scenario("s", {"zh": "情景", "en": "Scenario"}, {}, None, made, (), Path("s.yaml"))


def test_effort_is_the_weighted_share_of_the_range_that_is_moved():
    known = {"A": lever("A", 2.0, 3.0), "B": lever("B", {"x": 0.0, "y": 4.0}, 1.0)}
    assert scenario_effort(scenario(), known) == 0
    assert scenario_effort(scenario(("A", 7.0)), known) == pytest.approx(3 * 0.5)
    assert scenario_effort(scenario(("A", 1.0)), known) == pytest.approx(3 * 0.1)
    # Two years on the way up, then thirteen at the end: (0.5 + 14) / 15 of half the range.
    assert scenario_effort(scenario(("A", {2020.0: 2.0, 2022.0: 7.0})), known) == pytest.approx(3 * 0.5 * 14.5 / 15)
    assert scenario_effort(scenario(("B", {"x": 5.0, "y": 4.0})), known) == pytest.approx(0.25)
    assert scenario_effort(scenario(("B", 4.0)), known) == pytest.approx(0.2)
    assert scenario_effort(scenario(("A", 7.0), ("NO LEVER", 1.0)), known) == pytest.approx(1.5)


GOALS = [
    Target("first", {"zh": "甲", "en": "A"}, "1", "core", 2025, 50.0, "at least", "percent", "a"),
    Target("second", {"zh": "乙", "en": "B"}, "1", "core", 2035, 2.0, "at most", "ratio", "b"),
]


def margins(*rows: list[float]) -> xr.DataArray:
    return xr.DataArray(np.array(rows), dims=("target", "future"), coords={"target": ["first", "second"]})


def test_targets_are_counted():
    both = {"s": margins([1.0, -5.0], [0.0, -1.0]), "t": margins([-5.0, -5.0], [0.1, 0.1])}
    told = utilities("targets", GOALS, both)
    assert told.dims == ("member", "scenario")
    assert told.to_numpy().tolist() == [[2.0, 1.0], [0.0, 1.0]]


def test_a_shortfall_is_in_percent_of_the_threshold_and_more_than_enough_does_not_count():
    told = utilities("shortfall", GOALS, {"s": margins([30.0, -5.0], [1.0, -0.5])})
    assert told.to_numpy().ravel().tolist() == pytest.approx([0.0, -10 - 25])


def test_a_weight_or_threshold_without_sense_is_refused():
    with pytest.raises(UtilityError, match="0 or more; it is -1"):
        check_utility("targets", GOALS, -1.0)
    none = Target("none", {}, "1", "core", 2025, 0.0, "at most", "percent", "c")
    check_utility("targets", [none], 1.0)
    with pytest.raises(UtilityError, match="0 for: none"):
        check_utility("shortfall", [none], 1.0)


def test_only_what_somebody_decides_can_be_chosen():
    names = [option.name for option in options()]
    assert {"baseline", "plan"} <= set(names)
    assert {"weak_inflow", "low_fertility", "tight_finance"}.isdisjoint(names)
    with pytest.raises(UtilityError, match="weak_inflow cannot be chosen: nobody decides POOL CHANGE"):
        options(["baseline", "weak_inflow"])
    with pytest.raises(UtilityError, match="two scenarios or more"):
        options(["plan"])


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
    ratio = start["Vacant Homes"].sum("District") / start["total floor area"].sum("District")
    np.testing.assert_allclose(told["vacancy"][:, 1], ratio, rtol=1e-12)
    assert all(np.ptp(array, axis=0).min() > 0 for array in told.values())


def test_every_mistake_in_the_file_of_statistics_is_told(tmp_path, drawn):
    file = tmp_path / "collectable.yaml"
    text = FILE.read_text(encoding="utf-8")
    file.write_text(
        text.replace("[WILLINGNESS 2020]", "[WILINGNESS 2020]")
        .replace("variable: Vacant Homes", "variable: Vacant Hoames")
        .replace("junior secondary]", "junior]"),
        encoding="utf-8",
    )
    with pytest.raises(CollectableError) as caught:
        load_collectables(variables_by_name(), drawn, file)
    for told in ("WILLINGNESS 2020", "Vacant Homes", "'junior' is not an element"):
        assert told in str(caught.value)
    file.write_text("[]", encoding="utf-8")
    with pytest.raises(CollectableError, match="must be a list"):
        load_collectables(variables_by_name(), drawn, file)


# The weight of effort


def test_the_options_that_lead_are_those_of_a_fine_search_over_the_weight():
    random = np.random.default_rng(6)
    for _ in range(40):
        gains, efforts = random.normal(size=6), random.choice([0.0, 0.5, 1.0, 3.0, 9.0], size=6)
        found = envelope(gains, efforts)
        assert found[0][0] == 0.0
        assert efforts[found[-1][1]] == efforts.min()
        for weight in np.linspace(0.0, 3.0, 301):
            leader = [option for start, option in found if start <= weight][-1]
            assert gains[leader] - weight * efforts[leader] == pytest.approx((gains - weight * efforts).max())


def test_of_options_equal_in_gain_the_one_of_less_effort_leads():
    assert envelope([1.0, 1.0], [2.0, 0.0]) == ((0.0, 1),)


def test_the_interval_of_a_flip_is_that_of_resampled_members():
    random = np.random.default_rng(7)
    gains = np.column_stack([np.zeros(400), random.normal(1.0, 1.0, 400)])
    found = value_by_weight(gains, np.array([0.0, 2.0]), (0.0,), {}, resamples=400, seed=1)
    choice = choose(gains.mean(axis=0), np.array([0.0, 2.0]), found.resampled)
    (flip,) = choice.flips
    mean, error = gains[:, 1].mean(), gains[:, 1].std() / 20
    assert (flip.before, flip.after) == (1, 0)
    assert flip.weight == pytest.approx(mean / 2)
    # The 5 and 95 % points of 400 resamples have an error of about a tenth of the spread.
    assert flip.low == pytest.approx((mean - 1.645 * error) / 2, abs=0.3 * error)
    assert flip.high == pytest.approx((mean + 1.645 * error) / 2, abs=0.3 * error)
    # Within the paired error of the leader on both sides of the flip, and nowhere else.
    for option, ends in (
        (0, (flip.weight - 0.8225 * error, flip.weight)),
        (1, (flip.weight, flip.weight + 0.8225 * error)),
    ):
        ((low, high),) = choice.ties[option]
        assert (low, high) == pytest.approx(ends, abs=0.2 * error)


def test_worth_at_each_weight_is_that_of_the_utility_at_this_weight():
    random = np.random.default_rng(8)
    known = {"x": random.normal(size=(120, 1))}
    gains = random.normal(size=(120, 3)) + known["x"] * np.array([0.0, 1.0, -1.0])
    efforts, weights = np.array([0.0, 1.0, 3.0]), (0.0, 0.07, 0.4)
    found = value_by_weight(gains, efforts, weights, known, resamples=3, seed=4)
    for place, weight in enumerate(weights):
        alone = without_effort(gains - weight * efforts, known, resamples=3, seed=4)
        assert found.perfect[place].estimate == pytest.approx(alone.perfect.estimate)
        assert found.perfect[place].error == pytest.approx(alone.perfect.error)
        assert found.partial["x"][place].estimate == pytest.approx(alone.partial["x"].estimate)
        assert found.partial["x"][place].error == pytest.approx(alone.partial["x"].error)


# Words


def study(gains: Any, **partial: Worth) -> Any:
    """The part of a study that the words read; the plan takes an effort of two, the baseline none."""
    options = {
        name: SimpleNamespace(title={"zh": zh, "en": en})
        for name, zh, en in (("baseline", "基准", "Baseline"), ("plan", "规划", "Plan"))
    }
    efforts, weights = np.array([0.0, 2.0]), (0.0, 0.25, 0.5)
    worth = value_by_weight(gains, efforts, weights, {}, resamples=50, seed=3)
    worth = ByWeight(
        weights,
        worth.perfect,
        {name: (Worth(-0.01, 0.02, 0.1), each, each) for name, each in partial.items()},
        worth.resampled,
    )
    return SimpleNamespace(
        scenarios=options,
        statistics={name: SimpleNamespace(title={"zh": "户籍率", "en": f"urban {name}"}) for name in partial},
        efforts={"baseline": 0.0, "plan": 2.0},
        gain=xr.DataArray(gains, dims=("member", "scenario")),
        choice=choose(gains.mean(axis=0), efforts, worth.resampled),
        worth=worth,
        kind="targets",
        title=lambda option, language: list(options.values())[option].title[language],
    )


@pytest.fixture(scope="module")
def mixed():
    """The plan gains half a target on average, and leads up to a weight of a quarter."""
    return np.column_stack([np.zeros(60), np.tile([1.0, 0.0], 30)])


def test_the_first_words_give_no_order_but_the_weight_at_which_the_choice_flips(mixed):
    told = choice_sentences(study(mixed), "en")
    assert told[0].startswith("This does not say which scenario to take")
    assert "At a weight of 0.25 (90 % interval 0." in told[2]
    assert ", 50 resamples) the highest" in told[2]
    assert told[2].endswith("passes from 'Plan' to 'Baseline'.")
    assert "is no recommendation" in told[3]
    assert "'Plan' (weights 0.25 to" in told[4]
    assert told[5].startswith("All of this is assumed: every target counts alike")
    zh = "".join(choice_sentences(study(mixed), "zh"))
    assert "本结果不给出应选哪个情景" in zh
    assert "按现有信息应选" not in zh


def test_an_option_that_leads_at_every_weight_is_told_as_such():
    told = choice_sentences(study(np.column_stack([np.ones(60), np.zeros(60)])), "en")
    assert told[1] == "Whatever the weight, 'Baseline' has the highest expected utility."


def test_worth_is_told_as_a_function_of_the_weight(mixed):
    told = worth_sentences(study(mixed, share=Worth(0.1, 0.01, 0.25), other=Worth(-0.01, 0.01, 0.1)), "en")
    assert "depends on the weight: it is largest at 0.25, where it adds 0.250 targets" in told[0]
    assert (
        "Knowing only the urban share: largest at a weight of 0.25, 0.100 targets (standard error 0.010), 40 %"
        in told[1]
    )
    assert told[1].endswith("distinguishable from zero at weights 0.25 to 0.5.")
    assert told[2] == "Not distinguishable from zero at any weight from 0 to 0.5: urban other."
    never = study(np.column_stack([np.zeros(60), -np.ones(60)]))
    assert worth_sentences(never, "zh") == ["在所看的权重（0—0.5）内，没有信息能改变选择：信息的价值为0。"]


# The command


def table(path: Path) -> Any:
    """A table whose cells may be anything."""
    return pd.read_csv(path)


def call(*words: object):
    asked = ["information", "--full", "--language", "en", *map(str, words)]
    return CliRunner().invoke(run_scenarios.app, asked, env={"COLUMNS": "300"})


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    out = tmp_path_factory.mktemp("information") / "outputs"
    outcome = call("baseline", "plan", "registration_reform", "--members", 60, "--resamples", 20, "--out", out)
    assert outcome.exit_code == 0, outcome.output
    return outcome, out


def test_the_tables_hold_the_answer_within_its_bounds(done):
    outcome, out = done
    worth = table(out / "information.csv")
    assert list(worth["information"].unique()) == [
        "everything",
        "registered_share",
        "unregistered_stock",
        "willingness",
        "vacancy",
        "school_places",
    ]
    perfect = worth[worth["information"] == "everything"].set_index("weight")["value"]
    assert len(perfect) > 30
    assert (worth["value"] >= 0).all()
    assert (worth["value"] <= worth["weight"].map(perfect) + 1e-12).all()
    assert (worth["value"] == worth["raw_estimate"].clip(lower=0)).all()
    assert set(worth.loc[worth["information"] == "willingness", "tells"]) == {"WILLINGNESS 2020"}
    assert worth["standard_error"].notna().all()
    basis = "n = 60 members; standard errors and 90 % intervals are over 20 bootstrap resamples of them."
    # At the top and below either table.
    assert outcome.output.count(basis) == 3
    assert "changes the choice in" in outcome.output
    assert "% of members" not in outcome.output
    assert "Utility = number of targets reached in time, of 6" in outcome.output
    assert outcome.stdout.startswith("This does not say which scenario to take")
    assert {path.name for path in (out / "figures").iterdir()} == {"information_zh.png", "information_en.png"}


def test_the_choice_can_be_worked_out_again_from_the_data(done):
    _, out = done
    choice = table(out / "information_choice.csv").set_index("scenario")
    flips = table(out / "information_flips.csv")
    with xr.open_dataset(out / "information.nc") as stored:
        data = stored.load()
    gain = data["gain"].sel(scenario=list(choice.index))
    np.testing.assert_allclose(gain.mean("member"), choice["expected_gain"], rtol=1e-9)
    np.testing.assert_allclose(data["effort"].sel(scenario=list(choice.index)), choice["effort"])
    # The plan's six targets against an effort of nine: at some weight it is no longer worth it.
    assert len(flips) >= 1
    for flip in flips.itertuples():
        utility = choice["expected_gain"] - flip.weight * choice["effort"]
        assert utility[flip.below] == pytest.approx(utility[flip.above])
        assert utility[flip.below] == pytest.approx(utility.max())
        assert flip.low <= flip.weight <= flip.high or np.isclose(flip.low, flip.high)
    worth = table(out / "information.csv")
    for row in worth[worth["information"] == "everything"].itertuples():
        utility = gain - row.weight * data["effort"]
        best = utility.sel(scenario=utility.mean("member").idxmax("scenario"))
        assert row.value == pytest.approx(float((utility.max("scenario") - best).mean()), abs=1e-9)
    assert choice.loc["baseline", "effort"] == 0
    assert choice["leads_to"].max() == np.inf
    assert (data.attrs["utility"], data.attrs["effort_weight"]) == ("targets", "every")
    assert data.attrs["scenario"] == "baseline, plan, registration_reform"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("plan", "--members", 30), "two scenarios or more"),
        (("baseline", "weak_inflow"), "nobody decides"),
        (("baseline", "plan", "--members", 30, "--effort-weight", "-1"), "must be 0 or more"),
        (("baseline", "pla"), "There is no scenario 'pla'"),
        (("--target", "registered"), "There is no target 'registered'"),
        (("baseline", "plan", "--members", 12), "12 members are too few"),
        # Four repetitions have no 5 % and 95 % of them.
        (
            ("baseline", "plan", "--resamples", 4),
            "Invalid value for '--resamples': Input should be greater than or equal to 20",
        ),
    ],
)
def test_a_mistake_is_told_in_words(words, told, tmp_path):
    outcome = call(*words, "--out", tmp_path)
    assert outcome.exit_code == 2
    assert told in outcome.output
    assert not list(tmp_path.iterdir()), "a folder is made only once nothing more can be refused"
