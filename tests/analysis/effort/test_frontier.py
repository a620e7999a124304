"""Effort against probability, and rates against the budget: cities whose frontiers are known."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.figure import Figure
from matplotlib.text import Text
from rich.console import Console

from analysis.effort.frontier import charts, tables
from analysis.effort.frontier.study import find_knee, frontier
from analysis.effort.frontier.tradeoffs import OBJECTIVES, judge_front, named_knees, objectives, tradeoffs
from analysis.effort.frontier.words import frontier_sentences, point_name, tradeoff_sentence
from analysis.effort.levers import EffortError, choose_levers
from analysis.effort.trials import margin_at_probability
from analysis.outcome.files import joint_manifest
from scenarios import load_scenarios
from tests.support.plain_city import PlainCity, constant, draws, goal, lever

MEMBERS = draws(400, 5)
LUCK = MEMBERS["LUCK"].to_numpy()[:200]


def levers(**efforts: float):
    return choose_levers(
        {name: lever(name, effort=spent) for name, spent in efforts.items()}, {name: constant(name) for name in efforts}
    )


@pytest.fixture(scope="module")
def found():
    """70 + 2 a + b + luck is to be 72; a takes 1 and b 2 from end to end."""
    weights = {"A": 2.0, "B": 1.0}
    return frontier(
        PlainCity(weights), goal(72.0), levers(A=1.0, B=2.0), MEMBERS, 200, probabilities=(0.01, 0.5, 0.8, 0.95, 1.0)
    )


def test_the_frontier_is_the_closed_form(found):
    table = found.table.set_index("probability_asked_for")
    assert found.table.columns.tolist() == [
        "probability_asked_for",
        "reachable",
        "effort",
        "levers",
        "probability_of_others",
        "probability_of_others_se",
        "probability",
        "probability_se",
        "knee",
        "outside",
    ]
    for probability in (0.5, 0.8):
        missing = 2.0 - float(margin_at_probability(LUCK, probability))
        known = missing / 2 if missing <= 2 else 1 + 2 * (missing - 2)
        assert table.loc[probability, "effort"] == pytest.approx(known, rel=5e-3)
        assert table.loc[probability, "probability"] == pytest.approx(probability, abs=0.0051)
    # One member in a hundred is lucky enough without any lever.
    assert table.loc[0.01, "effort"] < 0.05
    assert found.table["effort"].is_monotonic_increasing


def test_a_name_covers_no_point_and_no_other_name():
    figure = Figure(figsize=(6, 4))
    ax = figure.subplots()
    # Dots right above and right of the two that are named, close to each other.
    points = np.array([[0.0, 0.0], [0.2, 0.4], [0.0, 0.5], [-0.2, 0.45], [0.5, 0.0], [0.05, 0.0], [10.0, 10.0]])
    ax.plot(*points.T, "o")
    figure.draw_without_rendering()
    charts.name_points(ax, points, [("budget first", (0.0, 0.0)), ("balanced", (0.05, 0.0))])
    boxes = []
    for label in ax.texts:
        label.get_window_extent()
        boxes.append(Text.get_window_extent(label))
    assert all(box.count_contains(ax.transData.transform(points)) == 0 for box in boxes)
    assert not boxes[0].overlaps(boxes[1])


def test_where_it_is_out_of_reach_the_surest_setting_is_told(found):
    row = found.table.set_index("probability_asked_for").loc[1.0]
    # Both levers in full bring 3; the unluckiest of 200 lacks more than 1 beside the 2.
    assert LUCK.min() < -1.0
    assert not row["reachable"]
    assert row["probability"] == pytest.approx((LUCK >= -1.0).mean())
    assert row["effort"] == pytest.approx(3.0)


def test_the_probability_in_other_members_has_its_own_error(found):
    row = found.table.set_index("probability_asked_for").loc[0.8]
    assert row["probability_of_others"] != row["probability"]
    assert abs(row["probability_of_others"] - 0.8) < 0.15
    assert row["probability_of_others_se"] > 0


def test_the_knee_is_where_effort_begins_to_rise_steeply():
    probability = np.linspace(0, 1, 11)
    spent = np.where(probability <= 0.7, probability, 0.7 + 10 * (probability - 0.7))
    assert find_knee(probability, spent) == 7
    assert find_knee(probability, probability) is None
    assert find_knee(probability[:2], spent[:2]) is None
    # A frontier that lies above the line between its ends has none.
    assert find_knee(probability, np.sqrt(probability)) is None


def test_the_knee_is_never_a_row_without_effort():
    assert find_knee(np.array([0.1, 0.3, 0.5, 0.6, 1.0]), np.array([0.0, 0.0, 0.0, 0.4, 2.0])) is None
    # The line begins at the last row without effort, from which the fifth lies farthest below.
    assert find_knee(np.array([0.1, 0.3, 0.5, 0.6, 0.8, 1.0]), np.array([0.0, 0.0, 0.0, 0.4, 1.3, 2.4])) == 4


#: Ten lucky members come first, so that the sample searched with reaches the target by itself.
LUCKY = xr.Dataset({"LUCK": ("member", np.concatenate([np.full(10, 2.5), np.linspace(-3, 3, 200)]))})


def test_what_is_reached_without_any_lever_is_told_by_the_other_members_first():
    found = frontier(PlainCity({"A": 2.0}), goal(72.0), levers(A=1.0), LUCKY, 10, probabilities=(0.5, 1.0))
    # A sixth of the others, evenly spread from -3 to 3, has at least 2.
    assert (found.searched_without, found.others_without) == (10, 34)
    for language, first in (
        ("en", "Without any lever P = 17% ±3 over the 200 members not"),
        ("zh", "200组样本中概率17%"),
    ):
        told = "".join(frontier_sentences(found, language))
        assert first in told
        assert told.index("17% ±3") < told.index(">72%")
    assert "in which up to 100 % takes no lever; go by the 200 others" in "".join(frontier_sentences(found, "en"))
    assert not found.table["knee"].any()


def test_the_printed_frontier_leads_with_the_other_members(found):
    written = StringIO()
    tables.print_frontier(Console(width=200, file=written), found)
    (row,) = (line for line in written.getvalue().splitlines() if line.startswith("│") and "80 %" in line)
    others = found.table.set_index("probability_asked_for").loc[0.8, "probability_of_others"]
    cells = [cell.strip() for cell in row.split("│")]
    assert cells[4].startswith(f"{100 * others:.0f}% ±")
    assert cells[5].startswith("80% ±")


def front_of(searched, others):
    """A baseline and one setting, each (resident, registered, gap), in the search sample and in the others."""
    columns = ("resident_rate", "registered_rate", "fiscal_gap_ratio")
    values = np.column_stack([np.array(searched, dtype=float), np.array(others, dtype=float)])
    names = [*columns, *(f"{column}_of_others" for column in columns)]
    return pd.DataFrame(values, columns=names).assign(year=2025, effort=[0.0, 3.0], knee=False, name=["baseline", ""])


def test_a_front_is_judged_and_worded_by_the_members_not_searched_with(fronts):
    lucky_only = front_of([(70, 60, 10), (72, 62, 5)], [(70, 60, 10), (72, 62, 11)])
    assert judge_front(lucky_only).better == ()
    real = front_of([(70, 60, 10), (72, 62, 5)], [(70, 60, 10), (71, 61.5, 8)])
    assert judge_front(real).better == (0,)
    told = tradeoff_sentence(replace(fronts, table=real), 2025, "en")
    assert "over the 30 members not searched with" in told
    assert "resident rate +1.0, registered rate +1.5, gap -2.0 points" in told


def test_a_frontier_refuses_what_a_backcast_refuses():
    with pytest.raises(EffortError, match="cannot be searched with"):
        frontier(PlainCity({"A": 1.0}), goal(72.0), levers(A=1.0), MEMBERS, 400)
    with pytest.raises(EffortError, match="cannot be searched with"):
        tradeoffs(PlainCity({"A": 1.0}), levers(A=1.0), MEMBERS, 400)


@pytest.fixture(scope="module")
def fronts():
    """A raises the resident rate and the gap, B the registered rate and the gap, C only the gap."""
    resident, registered, gap = (str(each.variable) for each in objectives(2025))
    city = PlainCity(
        {"A": 0.0, "B": 0.0, "C": 0.0},
        spread=0.1,
        others={resident: {"A": 5.0}, registered: {"B": 5.0}, gap: {"A": 3.0, "B": 3.0, "C": 5.0}},
    )
    measures = levers(A=1.0, B=1.0, C=1.0)
    return tradeoffs(city, measures, MEMBERS.isel(member=slice(40)), 10, years=(2025,), generations=25, seed=1)


def test_no_point_of_a_front_is_bettered_by_another(fronts):
    assert fronts.table.columns.tolist() == [
        "year",
        "point",
        "resident_rate",
        "registered_rate",
        "fiscal_gap_ratio",
        "resident_rate_of_others",
        "registered_rate_of_others",
        "fiscal_gap_ratio_of_others",
        "effort",
        "knee",
        "name",
    ]
    front = fronts.table[fronts.table["name"] != "baseline"]
    points = np.column_stack([front["resident_rate"], front["registered_rate"], -front["fiscal_gap_ratio"]])
    for point in points:
        better = (points >= point - 1e-12).all(axis=1) & (points > point + 1e-9).any(axis=1)
        assert not better.any()
    # What costs and brings nothing is left alone, nearly.
    assert np.median(fronts.shares[1:, 2]) < 0.05
    assert np.ptp(front["resident_rate"]) > 3
    assert np.ptp(front["registered_rate"]) > 3


def test_the_baseline_stands_first_and_has_no_effort(fronts):
    first = fronts.table.iloc[0]
    assert (first["name"], first["effort"]) == ("baseline", 0.0)
    luck = MEMBERS["LUCK"].to_numpy()[:10]
    assert first["resident_rate"] == pytest.approx(70 + 0.1 * float(margin_at_probability(luck, 0.9)))
    # A gap that nine in ten do not exceed, in percent.
    assert first["fiscal_gap_ratio"] == pytest.approx(100 * (70 - 0.1 * float(margin_at_probability(-luck, 0.9))))


def test_knees_are_named_after_what_they_give():
    steep = np.array([[0.0, 1.0, 0.0], [0.95, 0.9, 0.9], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    assert named_knees(steep) == {1: "balanced"}
    # Half of the front's width lower in the other two, it favours the first.
    lopsided = np.array([[0.0, 1.0, 0.0], [0.95, 0.5, 0.6], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    assert named_knees(lopsided).get(1) == "resident rate"
    # The place of a knee is that of the search, its name that of the members not searched with.
    assert named_knees(steep, lopsided) == {1: "resident rate"}
    assert named_knees(np.ones((5, 3))) == {}
    assert all(point_name(name, "zh") for name in (*OBJECTIVES, "balanced", "baseline"))


def test_the_same_seed_gives_the_same_front():
    def again():
        city = PlainCity({"A": 1.0, "B": 2.0}, bend=lambda v: -2 * v["A"] * v["B"])
        return tradeoffs(city, levers(A=1.0, B=1.0), MEMBERS.isel(member=slice(12)), 6, years=(2025,), generations=3)

    assert np.array_equal(again().shares, again().shares)


def test_tables_data_and_charts_are_written_in_both_languages(found, fronts, tmp_path):
    facts = joint_manifest(load_scenarios(["baseline"]), None)
    (tmp_path / "figures").mkdir()
    tables.write(found, fronts, facts, tmp_path)
    charts.draw(found, fronts, facts, tmp_path / "figures")
    written = {path.name for path in tmp_path.rglob("*.*")}
    assert {name for name in written if not name.endswith("-metadata.json")} == {
        *tables.file_names(found.target),
        *(f"frontier_{name}_{language}.png" for name in ("goal", "tradeoffs") for language in ("zh", "en")),
    }
