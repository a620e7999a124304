"""Answers of searches outside what was sampled and observed: told, not given."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from rich.console import Console

from analysis.effort.backcast import charts, tables
from analysis.effort.backcast.study import backcast
from analysis.effort.backcast.words import sentences, verdict
from analysis.effort.frontier.study import frontier
from analysis.effort.frontier.tradeoffs import JUDGED, judge_front, objectives, tradeoffs
from analysis.effort.levers import choose_levers
from analysis.effort.plausible import QUANTITIES, Gate, Outside, describe_outside, observed_record, plausible_ranges
from analysis.outcome.files import joint_manifest
from calibration.fit.ensemble import read_members
from calibration.fit.evidence import NEWEST
from calibration.observations import read_observations
from model.definition import variables_by_name
from scenarios import load_levers, load_scenario, load_scenarios
from tests.support.city import city
from tests.support.plain_city import YEARS, PlainCity, constant, draws, goal, lever

GAP = "fiscal gap ratio"
MEMBERS = draws(300, 4)


def ranges(low: float, high: float, name: str = GAP) -> Gate:
    ends = np.broadcast_to(np.array([low, high])[None, :, None], (1, 2, len(YEARS)))
    coords = {"quantity": [name], "end": ["lowest", "highest"], "time": YEARS}
    return Gate(xr.DataArray(ends, dims=("quantity", "end", "time"), coords=coords))


def run_of(*values: float) -> xr.Dataset:
    """One run for each value, the same in all years from 2021 on and far outside before."""
    table = np.repeat(np.array(values)[:, None], len(YEARS), axis=1)
    table[:, 0] = 99.0
    return xr.Dataset({GAP: (("run", "time"), table)}, coords={"time": YEARS})


def test_what_lies_outside_is_told_with_its_quantity_year_and_distance():
    inside, surplus = ranges(-0.4, 0.45).outside(run_of(-0.3, -0.5, -0.39, -0.667, -0.7, -0.6), candidates=2)
    assert inside == ()
    (found,) = surplus
    assert found.quantity.variable == GAP
    assert found.value == pytest.approx(-66.7)
    assert found.by == pytest.approx(26.7)
    assert "fiscal gap -66.7 % of budget revenue" in describe_outside(surplus, "en")
    assert "outside by 26.7" in describe_outside(surplus, "en")
    assert "财政缺口-66.7%（占一般公共预算收入）" in describe_outside(surplus, "zh")


def test_the_record_is_that_of_the_budget():
    # 336.8 over 266.1, 658.2 over 614.3 and 1288.8 over 906.1 hundred million yuan.
    record = observed_record(read_observations())[GAP]
    assert len(record) == 11, "every year of 2010-2020"
    expected = [336.8 / 266.1 - 1, 658.2 / 614.3 - 1, 1288.8 / 906.1 - 1]
    assert all(min(abs(one - ratio) for one in record) < 1e-3 for ratio in expected)


@pytest.fixture(scope="module")
def of_the_city():
    return plausible_ranges(
        city(), load_levers(), variables_by_name(), read_members(6), 2035, observed_record(read_observations())
    )


def test_every_shipped_scenario_is_inside_and_a_surplus_of_two_thirds_of_revenue_is_not(of_the_city):
    names = [quantity.variable for quantity in QUANTITIES if quantity.span == "scenarios"]
    assert of_the_city.variables == [quantity.variable for quantity in QUANTITIES]
    plan = city().run(load_scenario("plan").settings(read_members(6)), outputs=of_the_city.variables)
    assert [each for each in of_the_city.outside(plan)[0] if each.quantity.variable in names] == []
    later = plan["time"] >= 2021
    plan[GAP] = plan[GAP].where(~later, -0.667)
    assert [each.quantity.variable for each in of_the_city.outside(plan)[0]] == [GAP]


def ask(threshold: float, **options):
    """A lifts the rate, and with it the gap: 70 + 4 x A + luck against a gap of 10 x A."""
    measures = choose_levers({"A": lever("A")}, {"A": constant("A")})
    plain = PlainCity({"A": 4.0}, others={GAP: {"A": 10.0}})
    options = {"bottlenecks": (), "starts": 1, "evaluations": 30, **options}
    return backcast(plain, goal(threshold), 0.8, measures, MEMBERS, 150, **options)


def test_an_implausible_answer_is_no_answer_and_leaves_neither_scenario_nor_chart(tmp_path):
    answer = ask(73.0, gate=ranges(69.0, 72.0))
    assert [each.quantity.variable for each in answer.outside] == [GAP]
    for language, words in (("en", "no plausible answer"), ("zh", "没有可信的方案")):
        (sentence,) = sentences(answer, language)
        assert words in sentence
    written = StringIO()
    tables.print_answer(Console(width=200, file=written), answer, {})
    assert "措施 lever" not in written.getvalue()
    facts = joint_manifest(load_scenarios(["baseline"]), None)
    (tmp_path / "figures").mkdir()
    stale = [tmp_path / "backcast_goal.yaml", tmp_path / "figures" / "backcast_goal_zh.png"]
    for path in stale:
        path.write_text("of an earlier call", encoding="utf-8")
    tables.write(answer, facts, tmp_path)
    assert charts.draw(answer, facts, tmp_path / "figures") == []
    assert not [path for path in stale if path.exists()]
    with xr.open_dataset(tmp_path / "backcast_goal.nc") as data:
        assert data.attrs["plausible"] == "no"
    assert ask(73.0, gate=ranges(69.0, 90.0)).outside == ()
    assert ask(73.0).outside == ()


def test_a_frontier_marks_what_is_implausible_and_has_no_knee_there():
    measures = choose_levers({"A": lever("A")}, {"A": constant("A")})
    plain = PlainCity({"A": 4.0}, others={GAP: {"A": 10.0}})
    table = frontier(
        plain, goal(72.0), measures, MEMBERS, 150, probabilities=(0.05, 0.5, 0.8, 0.9), gate=ranges(69.0, 75.5)
    ).table
    marked = table["outside"] != ""
    assert marked.tolist() == [False, False, True, True]
    assert not table.loc[marked, "knee"].any()
    assert table.loc[marked, "outside"].str.startswith("fiscal gap ").all()


def test_no_point_of_a_front_lies_outside():
    resident, registered, gap = (str(each.variable) for each in objectives(2025))
    plain = PlainCity({"A": 0.0}, spread=0.1, others={resident: {"A": 5.0}, registered: {"A": 5.0}, gap: {"A": 3.0}})
    measures = choose_levers({"A": lever("A")}, {"A": constant("A")})
    options: dict[str, Any] = {"years": (2025,), "generations": 6, "seed": 1}
    free, held = (
        tradeoffs(plain, measures, MEMBERS.isel(member=slice(40)), 10, **options, gate=limit).shares.max()
        for limit in (None, ranges(69.0, 71.5))
    )
    assert free > 0.9
    # A gap of 70 + 3 x A is at most 71.5 up to the middle of the lever's way.
    assert 0.3 < held <= 0.52


def table_of(*points: tuple[float, float, float]) -> pd.DataFrame:
    return pd.DataFrame(points, columns=list(JUDGED))


def test_where_one_setting_is_best_in_all_three_there_is_no_tradeoff():
    alone = judge_front(table_of((76.0, 62.0, 20.0), (78.0, 66.0, -5.0), (77.0, 65.0, -4.0)))
    assert (alone.settings, alone.best, alone.better) == (2, 0, (0, 1))
    apart = judge_front(table_of((76.0, 62.0, 20.0), (78.0, 66.0, 25.0), (75.0, 61.0, -4.0)))
    assert (apart.best, apart.better) == (None, ())
    partly = judge_front(table_of((76.0, 62.0, 20.0), (78.0, 66.0, 15.0), (77.0, 65.0, -4.0)))
    assert (partly.best, partly.better) == (None, (0, 1))
    # Less than what is told is no difference.
    same = judge_front(table_of((76.0, 62.0, 20.0), (76.05, 62.05, 19.8)))
    assert same.better == ()
    assert replace(same, best=None).settings == 1


def test_an_unreachable_target_is_called_so_even_where_the_furthest_levers_are_implausible():
    answer = ask(80.0, gate=ranges(69.0, 79.99))
    assert answer.verdict == "not reachable"
    assert answer.outside
    first, limit, *_, basis = verdict(answer, NEWEST)
    assert "要求的概率80%达不到" in first
    assert "只说明上限，不作方案" in limit
    assert basis.startswith("依据：")
    nearer = replace(answer.outside[0], quantity=QUANTITIES[0], value=answer.outside[0].highest + 1e-6)
    for order in ((nearer, *answer.outside), (*answer.outside, nearer)):
        assert "财政缺口" in verdict(replace(answer, outside=order), NEWEST)[1]
    assert "not reachable with 80 %" in sentences(answer, "en")[0]


def test_a_small_distance_is_told_with_the_digits_it_takes():
    one = Outside(QUANTITIES[0], 2024, 77.124, 75.8, 77.1)
    assert describe_outside([one], "zh") == "2024年常住率77.12%，抽样和观测范围为75.80至77.10，超出0.02"


def test_an_answer_that_falls_short_where_it_is_tested_is_not_called_reachable():
    answer = ask(72.0)
    assert answer.verdict == "reachable"
    seen = answer.margins.copy()
    rest = seen.shape[1] - answer.searched
    for share, said in ((0.81, "：可以达到"), (0.78, "：勉强可以达到"), (0.5, "：不能确定达到")):
        margins = seen.copy()
        margins[1, answer.searched :] = np.where(np.arange(rest) < share * rest, 1.0, -1.0)
        assert said in verdict(replace(answer, margins=margins), NEWEST)[0]
