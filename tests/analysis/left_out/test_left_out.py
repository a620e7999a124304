"""Who is left out: cells with known answers, a queue person by person, the city, then the command."""

from __future__ import annotations

from io import StringIO
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.image import imread
from rich.console import Console
from typer.testing import CliRunner

import run_scenarios
from analysis.left_out.study import (
    ALL,
    FEWEST,
    MOVERS,
    RENTAL,
    STAGES,
    VARIABLES,
    LeftOut,
    left_out,
    rental_homes,
    school_places,
    worst_off,
)
from analysis.left_out.tables import COLUMNS, as_table
from analysis.left_out.words import in_words, print_left_out
from analysis.outcome.screen import printed_in
from calibration.fit.ensemble import read_members
from calibration.fit.evidence import Evidence
from model.definition import model_hash
from scenarios import load_scenario
from tests.support.city import city
from tests.support.result_listing import names_of_results

GROUPS = ("registered urban", *MOVERS)


def town(people=1000.0, coverage=(1.0, 0.5), entitlement=(1.0, 0.9, 0.8, 0.8), places=1.0) -> xr.Dataset:
    """One stage of school of three years in two districts, one saved time, two members that are alike."""
    labels = {"District": ["a", "b"], "Group": list(GROUPS), "Service": ["preschool"], "time": [2025.0]}
    each: dict[str, Any] = {
        "people needing service": (("District", "Group", "Service"), np.broadcast_to(people, (2, 4))[..., None]),
        "entitlement": (("Group", "Service"), np.array(entitlement)[:, None]),
        "service coverage": (("District", "Service"), np.array(coverage)[:, None]),
        "PLACES PER PERSON": (("Service",), [places]),
    }
    dims = ("run", "time")
    return xr.Dataset(
        {
            name: ((*dims, *own), np.broadcast_to(np.asarray(values, dtype=float), (2, 1, *np.shape(values))))
            for name, (own, values) in each.items()
        },
        coords=labels,
    )


def at(found: xr.Dataset, measure: str, district: str, group: str, service: str = "preschool") -> float:
    return float(found[measure].sel(District=district, Group=group, Service=service, time=2025.0).isel(member=0))


def test_a_missing_place_is_either_not_open_to_the_child_or_not_there():
    found = school_places(town(places=0.5), ["preschool"])
    assert at(found, "need", "b", "from province") == pytest.approx(500)
    assert at(found, "not_entitled", "b", "from province") == pytest.approx(500 * 0.2)
    assert at(found, "short", "b", "from province") == pytest.approx(500 * 0.8 * 0.5)
    assert at(found, "unserved_share", "b", "from province") == pytest.approx(1 - 0.8 * 0.5)
    # Where there are places for all, only those without a right are left out.
    assert at(found, "unserved_share", "a", "from province") == pytest.approx(0.2)
    assert at(found, "short", "a", "from province") == 0.0


def test_sums_over_groups_and_districts_are_shares_of_their_sums():
    people = np.array([[1000.0, 10.0, 10.0, 10.0], [10.0, 10.0, 10.0, 5000.0]])
    found = school_places(town(people), ["preschool"])
    served = (people * np.array([1.0, 0.9, 0.8, 0.8]) * np.array([[1.0], [0.5]])).sum()
    assert at(found, "unserved_share", ALL, ALL) == pytest.approx(1 - served / people.sum())
    assert at(found, "need", "b", ALL) == people[1].sum()
    assert at(found, "unserved_share", ALL, "registered urban") == pytest.approx(1 - (1000 + 5) / 1010)


def test_the_worst_off_are_found_with_their_equals_and_never_in_a_handful():
    found = school_places(town(), ["preschool"])
    worst = worst_off(found).isel(member=0, time=0, Service=0)
    assert {
        (str(d), str(g))
        for d in worst["District"].values
        for g in worst["Group"].values
        if worst.sel(District=d, Group=g)
    } == {
        ("b", "from province"),
        ("b", "from other provinces"),
    }
    people = np.full((2, 4), 1000.0)
    people[1, 2:] = FEWEST - 1
    few = worst_off(school_places(town(people), ["preschool"])).isel(member=0, time=0, Service=0)
    assert [str(g) for g in few["Group"].values if few.sel(District="b", Group=g)] == ["rural in town"]
    assert not worst_off(school_places(town(coverage=(1.0, 1.0), entitlement=(1.0,) * 4), ["preschool"])).any()


def homes(floor: float, completions: float = 0.0) -> xr.Dataset:
    people = np.array([[500.0, 100.0, 200.0, 100.0], [500.0, 0.0, 0.0, 0.0]])
    run = xr.Dataset(
        {
            "residents by district and group": (("run", "time", "District", "Group"), people[None, None]),
            "Affordable Rental Housing": (("run", "time", "District"), [[[floor, floor]]]),
            "affordable completions": (("run", "time", "District"), [[[completions, completions]]]),
            "RENTED FLOOR AREA": (("run", "time"), [[25.0]]),
        },
        coords={"District": ["a", "b"], "Group": list(GROUPS), "time": [2025.0]},
    )
    return rental_homes(run)


def test_homes_hold_so_many_movers_and_the_others_go_without():
    found = homes(2500.0, completions=250.0)
    # Room for a hundred of four hundred movers; the registered need none.
    assert at(found, "short", "a", ALL, RENTAL) == pytest.approx(300)
    assert at(found, "unserved_share", "a", "from province", RENTAL) == pytest.approx(0.75)
    # New homes take ten people in a year: thirty years for three hundred, beyond the ten that are left.
    assert at(found, "closed", "a", ALL, RENTAL) == 0
    # Thirty people a year do it by the end of 2035, twenty-nine do not.
    assert at(homes(2500.0, completions=750.0), "closed", "a", ALL, RENTAL) == 1
    assert at(homes(2500.0, completions=725.0), "closed", "a", ALL, RENTAL) == 0
    assert "registered urban" not in found["Group"]


def test_homes_without_movers_help_nobody_elsewhere_and_none_built_closes_nothing():
    found = homes(1e6)
    assert at(found, "unserved_share", "a", ALL, RENTAL) == 0.0
    assert at(found, "short", "b", ALL, RENTAL) == 0.0
    assert at(homes(0.0), "closed", "a", ALL, RENTAL) == 0
    assert at(homes(0.0), "unserved_share", ALL, ALL, RENTAL) == 1.0


def test_in_the_city_the_cells_add_up_to_what_the_model_says_of_unregistered_people():
    members = read_members(2)
    outputs = [*VARIABLES, "unregistered served", "migrant pupils in public schools"]
    run = city().run(load_scenario("plan").settings(members), outputs=outputs)
    found = school_places(run).sel(Group=["from province", "from other provinces"], District=ALL).sum("Group")
    served = 1 - found["unserved"] / found["need"]
    known = run["unregistered served"].sel(Service=list(STAGES)).transpose("run", "time", "Service")
    np.testing.assert_allclose(served.transpose("member", "time", "Service"), known, rtol=1e-9)
    # The model counts pupils there, not the places they need.
    each = (
        run["PLACES PER PERSON"].rename(run="member")
        if "run" in run["PLACES PER PERSON"].dims
        else run["PLACES PER PERSON"]
    )
    schools = (found / each).sel(Service=["primary", "junior secondary"]).sum("Service")
    both = 1 - schools["unserved"] / schools["need"]
    np.testing.assert_allclose(both, run["migrant pupils in public schools"].transpose("run", "time"), rtol=1e-9)


def preschools(run):
    schools = school_places(run, ["preschool"])
    return as_table({"plan": LeftOut(schools, homes=schools.isel(Service=[]))})


def test_the_table_keeps_the_members_apart_until_the_end():
    run = town()
    run["service coverage"] = run["service coverage"] * xr.DataArray([1.0, 0.5], dims="run")
    table = preschools(run)
    row = table[(table["district"] == "b") & (table["group"] == "registered urban")].iloc[0]
    assert tuple(table.columns) == COLUMNS
    assert row["unserved_share_median"] == pytest.approx((0.5 + 0.75) / 2)
    assert row["unserved_share_p05"] == pytest.approx(np.quantile([0.5, 0.75], 0.05))
    assert np.isnan(table[(table["district"] == ALL)]["among_worst_off"]).all()


def test_a_sentence_names_the_worst_off_together_and_stays_silent_where_none_are():
    table = preschools(town())
    said = in_words(table.assign(district=table["district"].replace({"a": "Lixia", "b": "Shizhong"})), "en", 2)
    assert "Worst off: unregistered, from the province; unregistered, from other provinces in Shizhong, 60 %" in said
    assert "by a standard of 0.92 places a child" in said
    # In one of two districts half of the 3,500 entitled lack a place.
    assert "a shortfall of 2 thousand places open to the child" in said
    full = preschools(town(coverage=(1.0, 1.0), entitlement=(1.0,) * 4))
    assert "Worst off" not in in_words(full, "en", 2)
    assert "位子不够" not in in_words(full, "zh", 2)


@pytest.mark.parametrize(
    ("members", "told"), [(2, "without (worst in all 2 members)"), (20, "to 60) without (worst in")]
)
def test_none_and_all_of_a_few_members_are_counted_and_have_no_interval(members, told):
    table = preschools(town())
    table = table.assign(district=table["district"].replace({"a": "Lixia", "b": "Shizhong"}))
    sentence = in_words(table, "en", members)
    assert told in sentence
    assert "of members" not in sentence
    assert ("90 % interval" in sentence) == (members == 20)
    written = StringIO()
    with printed_in("en"):
        print_left_out(Console(width=200, file=written), table, [load_scenario("plan")], members, Evidence.TO_2020)
    assert ("No 90 % interval is given of 2 members; 20 are the fewest." in written.getvalue()) == (members == 2)
    assert f"n = {members}" in written.getvalue()


QUEUES = ("wait,", "waits", "years on average", "queue", "在等", "平均等", "年才能")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_shortfall_is_told_by_its_standard_and_nobody_is_said_to_wait(language):
    run = city().run(load_scenario("plan").settings(read_members(3)), outputs=list(VARIABLES))
    table = as_table({"plan": left_out(run)})
    told = [in_words(table[(table["service"] == s) & (table["year"] == 2025)], language, 3) for s in (*STAGES, RENTAL)]
    assert all(("的标准" if language == "zh" else "by a standard of") in sentence for sentence in told)
    assert not [(sentence, word) for sentence in told for word in QUEUES if word in sentence]
    assert (
        "全部3组样本在2035年以前都补不齐" if language == "zh" else "in all 3 members it is not closed before 2035"
    ) in told[-1]


def test_the_table_names_groups_together_whose_share_is_the_same():
    table = preschools(town())
    table = table.assign(district=table["district"].replace({"a": "Lixia", "b": "Shizhong"}))
    written = StringIO()
    with printed_in("en"):
        print_left_out(Console(width=200, file=written), table, [load_scenario("plan")], 1, Evidence.TO_2020)
    told = written.getvalue()
    row = told[told.index("worst group") :].split("worst district")[0]
    assert "unregistered, from the province" in row
    assert "unregistered, from other provinces" in row


def call(*words: object):
    return CliRunner().invoke(
        run_scenarios.app, [*map(str, words), "--full", "--language", "en"], env={"COLUMNS": "120"}
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    out = tmp_path_factory.mktemp("left_out") / "outputs"
    outcome = call("left-out", "plan", "--members", 3, "--out", out)
    assert outcome.exit_code == 0, outcome.output
    return outcome, out


def test_the_command_leaves_data_a_table_and_charts_and_says_what_the_model_lacks(made):
    outcome, out = made
    charts = {f"left_out_{kind}_plan_{language}.png" for kind in ("cells", "time") for language in ("zh", "en")}
    assert names_of_results(out) == {"left_out.nc", "left_out.csv", "figures"}
    assert {path.name for path in (out / "figures").iterdir()} == charts
    assert all(imread(path).std() > 0.05 for path in (out / "figures").iterdir())
    text = " ".join(outcome.output.split())
    assert "the model has no applications, waiting list, conditions of entry or vacated homes" in text
    assert "not people in a queue" in text
    with xr.open_dataset(out / "left_out.nc") as data:
        data.load()
    assert data.attrs["model_hash"] == model_hash()
    assert data["unserved_share"].sizes == {
        "scenario": 1,
        "member": 3,
        "time": 16,
        "district": 13,
        "group": 6,
        "service": 5,
    }
    table = pd.read_csv(out / "left_out.csv")
    assert set(table["service"]) == {*STAGES, RENTAL}
    assert set(table["group"]) == {*GROUPS, "rural at home", ALL}
    assert table["unserved_share_median"].dropna().between(0, 1).all()
    row = table[(table["service"] == "primary") & (table["year"] == 2025) & (table["group"] == ALL)].set_index(
        "district"
    )
    share = data["unserved_share"].sel(service="primary", time=2025, group=ALL, district="Lixia")
    assert row.loc["Lixia", "unserved_share_median"] == pytest.approx(float(share.median()), rel=1e-5)


def test_left_out_of_schools_and_homes_come_together():
    run = city().run({}, outputs=list(VARIABLES))
    result = left_out(run)
    assert result.schools.sizes["member"] == result.homes.sizes["member"] == 1
    assert list(result.schools["Service"].values) == list(STAGES)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["plann"], "Did you mean 'plan'?"),
        (["plan", "--members", "0"], "--members"),
        (["plan", "--members", "100000"], "holds 1 to"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused_in_words(words, message, tmp_path):
    outcome = call("left-out", *words, "--out", tmp_path / "outputs")
    assert outcome.exit_code == 2
    assert message in " ".join(outcome.stderr.replace("│", " ").split())
    assert not list(tmp_path.rglob("*.nc"))
