"""The page of behaviour is what the model, the ensemble and the levers give, and says so."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

from analysis.pages import behaviour
from analysis.pages.behaviour import MEMBERS, PAGE, TABLES, Evidence, block, inputs_hash, is_fresh, update_page
from analysis.pages.cuts import LOOPS
from analysis.pages.effects import most_moved, target_numbers
from analysis.pages.lever_range import LeverStudy
from analysis.pages.loops import EPISODE, loop_effects
from calibration.fit.ensemble import read_members
from calibration.fit.evidence import Evidence as Record
from scenarios.levers import load_levers
from tests.support.city import city


@pytest.fixture
def made(members, monkeypatch, tmp_path):
    """A page in a folder of its own, and results that cost nothing."""
    page = tmp_path / "docs" / "behaviour.md"
    (page.parent / "images").mkdir(parents=True)
    page.write_text(PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(behaviour, "ROOT", tmp_path)
    monkeypatch.setattr(behaviour, "PAGE", page)
    monkeypatch.setattr(behaviour, "TABLES", page.parent / "behaviour")
    name = next(iter(target_numbers()))
    effect = {"variable": name, "year": 2030, "change": 1.0, "low": 0.5, "high": 1.5, "width": 2.0, "share": 0.5}
    evidence = Evidence(
        pd.DataFrame([effect | {"loop": loop, "scenario": "plan"} for loop in LOOPS]),
        LeverStudy(
            pd.DataFrame(
                [
                    effect | {"lever": lever, "end": end, "value": 1.0}
                    for lever in load_levers()
                    for end in ("lowest", "highest")
                ]
            ),
            {name: 9.0},
        ),
        pd.DataFrame(
            [("plan", "resident rate", 2020, loop, 0.1, 0.05, 0.2) for loop in ("", *LOOPS)],
            columns=["scenario", "rate", "year", "loop", "change", "low", "high"],
        ),
        10,
        "1",
        inputs_hash(members),
    )
    monkeypatch.setattr(behaviour, "gather", lambda _: evidence)
    return page


def test_a_stale_page_is_told_and_written_with_tables_and_pictures(made, members):
    before = made.read_text(encoding="utf-8")
    assert update_page(members, write=False) == [made]
    assert made.read_text(encoding="utf-8") == before
    written = {path.name for path in update_page(members, write=True)}
    tables = {"loops.csv", "levers.csv", "loop_dominance.csv"}
    assert written == {"behaviour.md", *tables, "loop_dominance_zh.png", "loop_dominance_en.png"}
    assert is_fresh(members)
    assert update_page(members, write=False) == []
    assert update_page(members, write=False, anew=True) == []


@pytest.mark.parametrize("file", ["behaviour.md", "behaviour/levers.csv", "images/loop_dominance_zh.png"])
def test_a_page_changed_by_hand_is_stale(made, members, file):
    update_page(members, write=True)
    path = made.parent / file
    if path.suffix == ".png":
        path.unlink()
    else:
        path.write_text(
            path.read_text(encoding="utf-8").replace("+1.00", "+2.00").replace(",1,", ",2,"), encoding="utf-8"
        )
    assert not is_fresh(members)


def test_a_page_made_from_other_members_is_stale(made, members):
    update_page(members, write=True)
    other = members.assign({"INCOME ELASTICITY": members["INCOME ELASTICITY"] * 1.001})
    assert not is_fresh(other)


def test_the_page_is_made_from_what_is_there_now():
    assert is_fresh(read_members(MEMBERS, Record.TO_2020)), "run `make pages`"


def test_the_strongest_effect_of_a_loop_is_what_the_model_gives():
    stored = pd.read_csv(TABLES / "loops.csv")
    stored = stored[stored["scenario"] != EPISODE]
    loop = str(most_moved(stored, 1)["loop"].iloc[0])
    rows = stored[stored["loop"] == loop]
    scenario = str(most_moved(rows, 1)["scenario"].iloc[0])
    anew = loop_effects(city(), read_members(MEMBERS, Record.TO_2020), [scenario], [loop])
    both = rows[rows["scenario"] == scenario].merge(anew, on=["variable", "year"], suffixes=("", " anew"))
    assert len(both) > 0
    # The table holds four digits.
    np.testing.assert_allclose(both["change anew"], both["change"], rtol=1e-3)


@pytest.mark.slow
def test_everything_on_the_page_is_what_the_model_gives():
    assert update_page(write=False, anew=True) == [], "run `make pages`"


def test_a_part_that_is_not_there_is_empty():
    assert block("no marks", "loops") == ""
    assert io.StringIO(block(PAGE.read_text(encoding="utf-8"), "loops")).readline().startswith("| loop |")
