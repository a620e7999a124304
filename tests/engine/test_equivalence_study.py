"""The study that compares the engines finds every difference, and its record counts for the present model only."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pytest
import xarray as xr

from benchmarks import equivalence
from benchmarks.equivalence import Comparison, add, code_hash, compare, difference, read_record, report
from model.definition import model_hash
from model.engine import compile_model
from model.engine.pysd_model import ReferenceModel

ROW = Comparison(model_hash(), "c0de", "3.14.3", 2020, 0, 9, 8, 7000, 2e-12, "homes", 1e-15, 12.5)


@pytest.fixture
def record(tmp_path, monkeypatch):
    """An empty record."""
    monkeypatch.setattr(equivalence, "RECORD", tmp_path / "equivalence.csv")


@pytest.fixture
def result():
    """What an engine might return: people by district and time, and an error that should be nil."""
    people = np.array([[1e6, 2.0], [1.1e6, 0.0]])
    return xr.Dataset({"people": (("time", "District"), people), "people error": ("time", [0.0, 1e-15])})


def test_results_that_are_the_same_do_not_differ(result):
    assert difference(result, result.copy(deep=True)) == (0.0, "", 1e-15)


@pytest.mark.parametrize(
    ("place", "value", "expected"), [((0, 0), 1e6 + 1, 1 / (1e6 + 1100)), ((1, 1), 1e-3, 1e-3 / 1100)]
)
def test_one_changed_element_is_found_relative_to_value_and_largest(place, value, expected, result):
    other = result.copy(deep=True)
    other["people"].values[place] = value
    worst, where, _ = difference(other, result)
    assert where == "people"
    assert worst == pytest.approx(expected, rel=1e-6)


def test_a_value_that_is_not_a_number_agrees_with_nothing(result):
    other = result.copy(deep=True)
    other["people"].values[0, 1] = np.nan
    worst, where, error = difference(other, result)
    assert where == "people"
    assert not replace(ROW, worst=worst, error=error, share=np.inf).agrees


@pytest.mark.parametrize(("share", "agrees"), [(0.3, True), (3.0, False)])
def test_rounding_that_grows_is_no_disagreement_only_if_it_grows_in_the_reference_too(share, agrees):
    assert replace(ROW, worst=1e-7, share=share).agrees == agrees


def test_differences_are_held_against_what_the_last_digit_of_the_inputs_does(write_model, monkeypatch):
    # One over the difference of two numbers that are almost the same magnifies any rounding.
    path = write_model("a = 1 ~~|\nb = 1 / (a - 0.99999999999) ~~|\nc = a * 3 ~~|")
    changes = {"a": xr.DataArray(1.0)}
    found = compare(compile_model(path), ReferenceModel(path), changes, 0, 1)
    assert (found.worst, found.share) == (0.0, 0.0)

    class Off:
        """The engine with an error, in a variable that magnifies rounding or in one that does not."""

        source = compile_model(path).source

        def __init__(self, name):
            self.name = name

        def run(self, *words, **options):
            run = compile_model(path).run(*words, **options)
            return run if self.name not in run else run.assign({self.name: run[self.name] * (1 + 1e-7)})

    assert compare(Off("b"), ReferenceModel(path), changes, 0, 1).agrees  # type: ignore[arg-type]
    assert not compare(Off("c"), ReferenceModel(path), changes, 0, 1).agrees  # type: ignore[arg-type]


def test_a_variable_that_is_nil_everywhere_must_be_nil_on_both_engines(result):
    nothing = result * 0.0
    other = nothing.copy(deep=True)
    other["people"].values[0, 1] = 1e-30
    assert difference(nothing, nothing)[0] == 0.0
    assert difference(other, nothing)[:2] == (np.inf, "people")


@pytest.mark.parametrize("engine", [0, 1])
def test_a_balance_error_of_either_engine_counts(engine, result):
    other = result.copy(deep=True)
    other["people error"].values[0] = -1e-6
    pair = (other, result) if engine == 0 else (result, other)
    assert difference(*pair)[2] == 1e-6
    assert not replace(ROW, error=1e-6).agrees


def test_other_variables_or_dims_are_no_comparison(result):
    with pytest.raises(ValueError, match="other variables"):
        difference(result, result[["people"]])
    with pytest.raises(ValueError, match="people with other dims"):
        difference(result, result.transpose("District", "time"))


def test_a_model_is_compared_at_every_step_whatever_it_saves(models):
    path = models / "subscripts.mdl"
    found = compare(compile_model(path), ReferenceModel(path), {"flat": xr.DataArray(2.0)}, 3, 5)
    assert found.agrees
    assert (found.start, found.number, found.constants) == (3, 5, 1)
    # 37 moments from 3 to 12, and the elements of all variables.
    elements = sum(int(np.prod(compile_model(path).run()[name].shape[1:])) for name in compile_model(path).run())
    assert found.values == 37 * elements


def test_the_hash_of_the_code_follows_what_is_compiled(write_model):
    before = code_hash(compile_model(write_model("a = 1 ~~|\nb = a * 2 ~~|")))
    assert code_hash(compile_model(write_model("a = 1 ~~|\nb = a * 2 ~~|"))) == before
    assert code_hash(compile_model(write_model("a = 1 ~~|\nb = a * 3 ~~|"))) != before


def test_the_record_keeps_every_number_and_takes_lines_of_several_pieces(record):
    assert read_record().empty
    rows = [ROW, replace(ROW, start=2010, worst=1.0 / 3.0), replace(ROW, model="012345678901")]
    for row in rows:
        add(row)
    assert read_record().to_dict("records") == [asdict(row) for row in rows]


def test_the_summary_counts_the_present_model_and_code_only_and_tells_the_worst(record):
    for number in range(3):
        add(replace(ROW, number=number, worst=(number + 1) * 1e-12, where=f"homes {number}"))
    add(replace(ROW, start=2010, worst=3e-9, where="roads", share=0.4))
    add(replace(ROW, code="0ther", worst=1.0))
    add(replace(ROW, model="another", worst=1.0))
    text = report(read_record(), "c0de")
    assert "| 2020 | 3 | 9 | 8 | 21,000 | 3.0e-12 | homes 2 | 1.0e-15 | 3 of 3 | 0 |" in text
    assert "| 2010 | 1 | 9 | 8 | 7,000 | 3.0e-09 | roads | 1.0e-15 | 0 of 1 | 0.4 |" in text
    assert "2 further comparisons were made of other versions" in text


def test_a_value_that_is_not_a_number_is_the_worst_of_the_summary(record):
    add(ROW)
    add(replace(ROW, number=1, worst=np.nan, where="roads"))
    assert "| nan | roads | 1.0e-15 | 1 of 2 |" in report(read_record(), "c0de")


@pytest.mark.parametrize("piece", ["0/2", "3/2", "half", "1"])
def test_a_piece_that_is_none_is_refused(piece, capsys):
    with pytest.raises(SystemExit) as left:
        equivalence.main(["--piece", piece])
    assert left.value.code == 2
    assert "K/N" in capsys.readouterr().err
