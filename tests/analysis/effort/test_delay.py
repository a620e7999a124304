"""What starting later costs: a city with a known answer, then the real one."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from rich.console import Console
from scipy import stats

from analysis.effort.delay.charts import chart
from analysis.effort.delay.request import DelayError
from analysis.effort.delay.study import (
    ALL,
    delay_costs,
    delayed,
    last_starts,
    own_start,
)
from analysis.effort.delay.tables import print_delays
from analysis.effort.delay.words import (
    last_start_words,
    levers_against,
    say,
    single_lever_words,
    verdict,
    why_never_enough,
)
from calibration.fit.ensemble import read_members
from calibration.fit.evidence import NEWEST
from model.definition import variables_by_name
from scenarios import Change, load_levers, load_scenario, load_targets
from tests.support.city import city
from tests.support.plain_city import YEARS, PlainCity, constant, draws, goal, scenario

VARIABLES = {name: constant(name) for name in ("A", "B")}
RISING = {2020.0: 0.0, 2024.0: 1.0}


def costs(plan, targets, weights, members=None, **options):
    return delay_costs(PlainCity(weights), plan, members or draws(400, 1), targets, VARIABLES, **options)


def at(array: xr.DataArray, years) -> list[float]:
    return [float(np.interp(year, array["time"], array)) for year in years]


def test_a_delayed_measure_takes_the_same_course_later():
    path = pd.Series({2020.0: 2.0, 2022.0: 5.0, 2025.0: 6.0})
    later = delayed(path, 1.0, 3)
    assert at(later, [2020, 2022, 2022.9]) == [1.0, 1.0, 1.0]
    assert at(later, [2023, 2025, 2028, 2035]) == pytest.approx([2.0, 5.0, 6.0, 6.0])


def test_a_path_that_is_held_before_its_first_year_is_held_later_too():
    later = delayed(pd.Series({2022.0: 5.0, 2025.0: 6.0}), 1.0, 2)
    assert at(later, [2021.9, 2022.0, 2024.0, 2027.0]) == pytest.approx([1.0, 5.0, 5.0, 6.0])


def test_a_path_that_began_before_the_run_goes_on_from_where_the_run_begins():
    later = delayed(pd.Series({2010.0: 0.0, 2030.0: 20.0}), 1.0, 2)
    assert at(later, [2021.9, 2022.0, 2032.0]) == pytest.approx([1.0, 10.0, 20.0])


def test_elements_and_members_keep_their_own_values_until_the_start():
    by_use = xr.DataArray([[0.1, 0.2], [0.5, 0.6]], dims=("time", "Use"), coords={"time": [2020.0, 2025.0]})
    drawn = xr.DataArray([1.0, 2.0, 3.0], dims="run")
    assert delayed(by_use, xr.DataArray([0.1, 0.2], dims="Use"), 1).sel(time=2026.0).to_numpy().tolist() == [0.5, 0.6]
    later = delayed(9.0, drawn, 4).transpose("run", "time")
    assert later.to_numpy().tolist() == [[1.0, 9.0], [2.0, 9.0], [3.0, 9.0]]


@pytest.mark.parametrize(
    ("setting", "start"),
    [
        (5.0, 2021),
        (pd.Series({2020.0: 1.0, 2025.0: 5.0}), 2021),
        (pd.Series({2020.0: 1.0, 2023.0: 1.0, 2025.0: 5.0}), 2024),
        (pd.Series({2020.0: 2.0, 2025.0: 5.0}), 2021),
    ],
)
def test_a_measure_starts_in_the_year_in_which_it_first_differs(setting, start):
    assert own_start(setting, 1.0) == start


def test_a_later_scenario_is_delayed_from_its_own_start_and_goes_on_as_before_until_then():
    until = pd.Series({2020.0: 1.0, 2025.0: 2.0, 2030.0: 3.0})
    own = pd.Series({2020.0: 1.0, 2025.0: 2.0, 2025.001: 5.0, 2027.0: 6.0})
    assert own_start(own, until) == 2026
    later = delayed(own, until, 3, 2025.0)
    assert at(later, [2022, 2025, 2027.9, 2028.1, 2030, 2035]) == pytest.approx([1.4, 2, 2.58, 5.05, 6, 6], abs=0.01)


def test_a_lever_of_a_scenario_begun_in_2026_has_the_starts_from_then_on():
    changes = (Change("RENT SUBSIDY", {2020.0: 0.02, 2024.0: 0.5}, "Dmnl", "s", "", True, "try_out", None),)
    plan = replace(load_scenario("baseline"), name="try_out", changes=changes).begun_in(2026)
    found = delay_costs(PlainCity({"RENT SUBSIDY": 4.0}), plan, draws(50, 1), [goal(71.0, 2030)], variables_by_name())
    assert found.table["start"].dropna().unique().tolist() == [2026, 2027, 2028, 2029, 2030]
    rows = found.table[found.table["lever"] == "RENT SUBSIDY"].set_index("start")
    # In full after four years, by the end of 2029; a start a year later falls short of nothing by the end of 2030.
    margins = rows["margin_median"].to_dict()
    assert margins[2026] == margins[2027] > margins[2028]


def test_the_probability_by_start_year_is_the_closed_form():
    # Reached if 70 + 4 x course + luck >= 72, the course being at 1, 0.75 ... after 4, 3 ... years.
    found = costs(scenario(("A", RISING)), [goal(72.0)], {"A": 4.0}, draws(4000, 2))
    rows = found.table[found.table["lever"] == "A"]
    assert rows["start"].dropna().tolist() == [2021, 2022, 2023, 2024, 2025]
    for row in rows.itertuples():
        course = 0.0 if pd.isna(row.delay) else min(1.0, (5 - row.delay) / 4)
        known = stats.norm.sf(2 - 4 * course)
        assert abs(row.probability - known) <= 4 * np.sqrt(known * (1 - known) / 4000) + 1e-12
    together = found.table[found.table["lever"] == ALL].drop(columns="lever").reset_index(drop=True)
    pd.testing.assert_frame_equal(rows.drop(columns="lever").reset_index(drop=True), together)


def test_the_last_start_is_the_last_before_the_probability_falls_short():
    # With luck of spread 1 and 80 % wanted, the course must be worth 2 + 0.84: at least 0.71 of 4, three years of four.
    found = costs(scenario(("A", RISING), ("B", 1.0)), [goal(72.0)], {"A": 4.0, "B": 0.0}, draws(4000, 2))
    last = found.last.set_index("lever")
    assert last.loc["A", "answer"] == "year"
    assert last.loc["A", "last_start"] == 2023
    assert last.loc["A", "probability"] == pytest.approx(stats.norm.sf(2 - 3.0), abs=0.03)
    # A lever without effect can stay away for good.
    assert last.loc["B", "answer"] == "any"
    assert pd.isna(last.loc["B", "last_start"])
    assert last.loc[ALL, "last_start"] == 2023


def test_a_target_missed_at_once_has_no_last_start():
    found = costs(scenario(("A", RISING)), [goal(75.0)], {"A": 4.0}).last.iloc[0]
    assert found["answer"] == "none"
    assert pd.isna(found["last_start"])
    assert found["probability"] == found["probability_at_once"] < 0.8


def test_a_start_after_one_that_is_too_late_does_not_count():
    table = pd.DataFrame(
        {
            "target": "t",
            "lever": "A",
            "delay": pd.array([0, 1, 2, None], dtype="Int64"),
            "start": pd.array([2021, 2022, 2023, None], dtype="Int64"),
            "probability": [0.9, 0.7, 0.85, 0.9],
            "probability_se": 0.01,
            "members": 1000,
        }
    )
    row = last_starts(table, 0.8).iloc[0]
    assert (row["answer"], row["last_start"]) == ("year", 2021)


@pytest.mark.parametrize(
    ("chances", "answer", "first", "last"),
    [
        ([0.7, 0.7, 0.85, 0.9, 0.95], "later", 2023, None),
        ([0.7, 0.85, 0.85, 0.7, 0.6], "later", 2022, 2023),
        ([0.7, 0.85, 0.85, 0.85, 0.7], "later", 2022, 2024),
        ([0.7, 0.7, 0.7, 0.7, 0.9], "without", None, None),
        ([0.7, 0.7, 0.7, 0.7, 0.7], "none", None, None),
        ([0.9, 0.9, 0.9, 0.9, 0.7], "year", None, 2024),
    ],
)
def test_a_lever_that_works_against_a_target_has_a_first_start(chances, answer, first, last):
    # The last chance is that without the lever.
    table = pd.DataFrame(
        {
            "target": "t",
            "lever": "A",
            "delay": pd.array([0, 1, 2, 3, None], dtype="Int64"),
            "start": pd.array([2021, 2022, 2023, 2024, None], dtype="Int64"),
            "probability": chances,
            "probability_se": 0.01,
            "members": 1000,
        }
    )
    row = last_starts(table, 0.8).iloc[0]
    assert row["answer"] == answer
    assert (None if pd.isna(row["first_start"]) else row["first_start"]) == first
    assert (None if pd.isna(row["last_start"]) else row["last_start"]) == last


def test_a_lever_looks_the_same_in_every_panel_and_no_legend_lies_over_lines():
    names = {"A": "TALENT SUBSIDY", "B": "RENT SUBSIDY"}
    goals = [goal(74.0), goal(74.5, 2030, "target.late")]
    found = costs(scenario(("A", RISING), ("B", RISING)), goals, {"A": 2.0, "B": 3.0})
    table, last = (part.replace({"lever": names}) for part in (found.table, found.last))
    drawn = chart(
        replace(found, table=table, last=last),
        {"members": "200", "seed": "1", "model_file": "plain", "model_hash": "0", "evidence": "2023"},
        "en",
    )
    first, second = ({str(line.get_label()): line.get_color() for line in ax.lines} for ax in drawn.axes)
    assert first == second
    assert len({colour for label, colour in first.items() if not label.startswith("_")}) == 3
    assert all(ax.get_legend() is None for ax in drawn.axes)
    assert len(drawn.legends) == 1


def test_the_error_of_a_change_is_that_of_pairs():
    found = costs(scenario(("A", RISING)), [goal(72.0)], {"A": 4.0}, draws(1000, 3)).table
    row = found[(found["lever"] == "A") & (found["delay"] == 2)].iloc[0]
    lost = -row["change"]
    # Nobody gains by the delay, so the loss is a share of members.
    assert 0 < lost < 1
    assert row["change_se"] == pytest.approx(np.sqrt(lost * (1 - lost) / 1000))


def test_what_the_scenario_assumes_is_not_delayed():
    with pytest.raises(DelayError, match="moves no lever"):
        costs(scenario(("A", RISING), policy=False), [goal(72.0)], {"A": 4.0})
    with pytest.raises(DelayError, match="not at 80"):
        costs(scenario(("A", RISING)), [goal(72.0)], {"A": 4.0}, wanted=80)


def test_targets_of_several_years_are_judged_each_up_to_its_own():
    found = costs(scenario(("A", 1.0)), [goal(72.0), goal(72.0, 2035, "target.late")], {"A": 4.0})
    assert found.table.columns.tolist() == [
        "target",
        "lever",
        "delay",
        "start",
        "members",
        "probability",
        "probability_se",
        "probability_low",
        "probability_high",
        "change",
        "change_se",
        "margin_median",
    ]
    assert found.last.columns.tolist() == [
        "target",
        "lever",
        "wanted",
        "answer",
        "told",
        "members",
        "first_start",
        "last_start",
        "probability",
        "probability_se",
        "probability_at_once",
        "probability_without",
        "probability_without_se",
    ]
    last = found.table.dropna(subset="start").groupby("target")["start"].max()
    assert last.to_dict() == {"target.goal": 2025, "target.late": 2035}
    assert YEARS[-1] == 2035


def test_progress_is_told_to_the_end():
    told = []
    costs(scenario(("A", 1.0)), [goal(72.0)], {"A": 4.0}, progress=lambda done, of: told.append((done, of)))
    assert told[0] == (1, len(told))
    assert told[-1] == (len(told), len(told))


def test_delaying_easier_settling_costs_the_registered_target():
    target = load_targets()["target.urbanization.registered.2025"]
    members = read_members(24)
    plan = load_scenario("plan")
    few = tuple(change for change in plan.changes if change.constant in ("EASE OF SETTLEMENT", "PERMIT ENTITLEMENT"))
    found = delay_costs(city(), replace(plan, changes=few), members, [target], variables_by_name())
    rows = found.table[found.table["lever"] == "EASE OF SETTLEMENT"]
    margins = [float(value) for value in rows["margin_median"]]
    never = margins.pop()
    assert margins == sorted(margins, reverse=True)
    assert margins[0] - margins[-1] > 0.05
    # Without the lever the members have the pace that each of them draws, as in the baseline.
    alone = replace(plan, changes=tuple(change for change in few if change.constant != "EASE OF SETTLEMENT"))
    run = city().run(alone.settings(members), outputs=[str(target.variable)], final_time=2025.0)
    margin = target.margin(run[str(target.variable)].sel(time=2025)).to_numpy()
    assert never == pytest.approx(float(np.median(margin)))


@pytest.mark.parametrize(
    ("chances", "margins", "reason"),
    [
        ((0.3, 0.3), (-1.0, -1.0), "no lever of the scenario moves this target"),
        ((0.2, 0.3), (-1.5, -1.0), "together the levers work against this target"),
        ((0.7, 0.3), (0.5, -1.0), "reached in the median, but less surely than 80 %"),
        ((0.0, 0.0), (-1.0, -4.0), "even on time the levers make up 75 % of what is missing"),
    ],
)
def test_where_no_start_is_enough_the_reason_is_told(chances, margins, reason):
    rows = pd.DataFrame({"delay": [0, None], "probability": chances, "margin_median": margins})
    reasons = why_never_enough(rows, 0.8)
    assert reason in reasons["en"]
    assert reasons["zh"]


@pytest.mark.parametrize(
    ("members", "chances", "told"),
    [
        # 83 % of six is an estimate with an error of 15 points; of 600 with one of 1.5.
        (6, (5 / 6, 4 / 6), False),
        (600, (5 / 6, 4 / 6), True),
        # All of six may as well be 61 %.
        (6, (1.0, 0.0), False),
        (200, (1.0, 0.0), True),
        # Too low, but within the error.
        (6, (4 / 6, 4 / 6), False),
        (6, (1 / 6, 0.0), True),
    ],
)
def test_an_answer_is_given_only_where_the_error_of_its_estimate_supports_it(members, chances, told):
    table = pd.DataFrame(
        {
            "target": "t",
            "lever": "A",
            "delay": pd.array([0, None], dtype="Int64"),
            "start": pd.array([2021, None], dtype="Int64"),
            "probability": chances,
            "probability_se": 0.01,
            "members": members,
        }
    )
    row = last_starts(table, 0.8).iloc[0]
    assert row["told"] == told
    words = last_start_words(row, members)
    assert f"(n = {members})" in words
    assert ("样本过少，无法判断" in words) != told


def test_the_reason_names_the_levers_that_work_against_the_target():
    # B takes away more than a third of what A brings.
    found = costs(scenario(("A", RISING), ("B", 1.0)), [goal(72.0)], {"A": 3.0, "B": -1.2})
    names = dict(zip("AB", list(load_levers())[:2], strict=True))
    table = found.table.replace({"lever": names})
    (against,) = levers_against(table)
    assert against[0] == names["B"]
    own = table[table["lever"] == ALL]
    title = load_levers()[names["B"]].title
    reasons = why_never_enough(own, 0.8, [against])
    assert reasons["en"].endswith(f"works against this target: {title['en']} (without it {against[1]})")
    assert f"对这一目标不利：{title['zh']}" in reasons["zh"]
    assert "a later start makes up no more" not in reasons["en"]
    row = found.last.set_index("lever").loc["B"]
    assert single_lever_words(row, 400).endswith("，对这一目标不利")
    assert "不利" not in single_lever_words(found.last.set_index("lever").loc["A"], 400)


def test_no_cell_of_the_printed_table_is_a_bare_dash():
    plan = scenario(("A", RISING))
    found = costs(plan, [goal(75.0), goal(60.0, 2030, "target.sure")], {"A": 4.0})
    names = {"A": "TALENT SUBSIDY"}
    found = replace(found, **{name: getattr(found, name).replace({"lever": names}) for name in ("table", "last")})
    written = StringIO()
    print_delays(Console(width=250, file=written), found)
    told = written.getvalue()
    assert "—" not in told.split("每格")[0].split("\n", 2)[2]
    assert "不足: " in told
    assert "按期开始也只补上差距" in told
    assert say("none decides", "zh") in told


def test_a_verdict_counts_no_answer_that_no_target_has():
    targets = [replace(goal(70.0 + place), id=f"goal.{place}", headline=False) for place in range(6)]
    found = costs(scenario(("A", RISING)), targets, {"A": 0.0})
    others = next(line for line in verdict(found, NEWEST) if line.startswith("其余"))
    assert "何时开始都不够" in others
    assert "0个" not in others
