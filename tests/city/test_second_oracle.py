"""A second reader of the model file, pysimlin, finds no fault in it and comes to the same numbers as ours.

PySD and the compiled engine each have a parser of their own, and pysimlin shares no code with either. It
addresses at most 65,536 results and the city needs more, so trajectories are compared on a copy with seven districts:
the same equations, shorter tables.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import simlin
import xarray as xr

from benchmarks.smaller_city import smaller_city
from model import MODEL_FILE
from model.checks import SIZE_LIMIT
from model.engine import compile_model
from model.engine.pysd_model import ReferenceModel
from tests.support.city import OTHER_FORMS

CORE = (
    "residents",
    "resident urbanization rate",
    "registered urbanization rate",
    "urban rural income ratio",
    "price to income ratio",
    "fiscal gap ratio",
    "built up area",
)
STARTS = (2010, 2020)
#: Independent programs sum in other orders, which costs far less than this.
AGREEMENT = 1e-6
#: PySD needs seconds a step; five quarters pass one birthday, when all cohorts move up.
PYSD_YEARS = 1.25


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """The seven-district copy once for each start year, written into the file."""
    place: Path = tmp_path_factory.mktemp("seven_districts")
    text = smaller_city(MODEL_FILE.read_text(encoding="utf-8"))
    for start in STARTS:
        copy, count = re.subn(r"^INITIAL TIME *=.*$", f"INITIAL TIME= {start}", text, flags=re.MULTILINE)
        assert count == 1
        (place / f"{start}.mdl").write_text(copy, encoding="utf-8")
    return place


@pytest.fixture(scope="module")
def ours(folder) -> dict[int, xr.Dataset]:
    """The compiled engine's run from each start year, compiled once: the start is a setting of the run."""
    city = compile_model(folder / f"{STARTS[0]}.mdl")
    return {start: city.run(outputs=CORE, initial_time=start) for start in STARTS}


def test_of_the_whole_city_the_second_reader_says_its_own_size_limit_and_nothing_else():
    messages = [issue.message for issue in simlin.load(str(MODEL_FILE)).check()]
    assert [message for message in messages if not SIZE_LIMIT.search(message)] == []
    assert len(messages) == 1


@pytest.mark.parametrize("start", STARTS)
def test_of_seven_districts_the_second_reader_says_nothing(folder, start):
    assert [issue.message for issue in simlin.load(str(folder / f"{start}.mdl")).check()] == []


@pytest.mark.parametrize("start", STARTS)
def test_the_second_reader_comes_to_the_same_numbers(folder, ours, start):
    second = simlin.load(str(folder / f"{start}.mdl")).simulate()
    second.run_to_end()
    for name in CORE:
        theirs = second.get_series(name.replace(" ", "_"))
        np.testing.assert_allclose(ours[start][name], theirs, rtol=AGREEMENT, err_msg=name)


def test_the_second_reader_comes_to_the_same_numbers_with_the_other_forms(folder):
    text = (folder / "2020.mdl").read_text(encoding="utf-8")
    for name in OTHER_FORMS:
        assert text.count(f"\n{name}=\n\t0\n") == 1
        text = text.replace(f"\n{name}=\n\t0\n", f"\n{name}=\n\t1\n")
    other = folder / "other_forms.mdl"
    other.write_text(text, encoding="utf-8")
    second = simlin.load(str(other)).simulate()
    second.run_to_end()
    mine = compile_model(folder / f"{STARTS[0]}.mdl").run(OTHER_FORMS, outputs=CORE, initial_time=2020)
    for name in CORE:
        theirs = second.get_series(name.replace(" ", "_"))
        np.testing.assert_allclose(mine[name], theirs, rtol=AGREEMENT, err_msg=name)


@pytest.mark.parametrize("start", STARTS)
def test_pysd_comes_to_the_same_numbers(folder, ours, start):
    theirs = ReferenceModel(folder / f"{start}.mdl").run(outputs=CORE, final_time=start + PYSD_YEARS)
    for name in CORE:
        mine = ours[start][name].sel(time=theirs["time"])
        np.testing.assert_allclose(mine, theirs[name], rtol=AGREEMENT, err_msg=name)
