"""Large ensembles go to disk: same bytes whatever the block, the threads and the interruptions."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
import tracemalloc

import numpy as np
import pytest
import xarray as xr

from model.engine import ChangeError, NonFiniteError, compile_model, storing, use_threads

COUNT = 300
CHILD = """
import signal, sys, time
import numpy as np
import xarray as xr
from model.engine import compile_model, storing

# A shell that starts tests in the background has Ctrl-C ignored, which children inherit.
signal.signal(signal.SIGINT, signal.default_int_handler)
storing.CHUNK_BYTES = 2**16
model = compile_model(sys.argv[1])
model.run_to_store(
    {"rate": xr.DataArray(np.linspace(0.01, 0.4, 300), dims="run")},
    sys.argv[2],
    progress=lambda finished, count: time.sleep(0.2),
)
"""


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    """Files of a few runs, so that a small ensemble has many."""
    monkeypatch.setattr(storing, "CHUNK_BYTES", 2**16)


@pytest.fixture(scope="module")
def stocks(models):
    return compile_model(models / "stocks.mdl")


@pytest.fixture
def changes():
    return {"rate": xr.DataArray(np.linspace(0.01, 0.4, COUNT), dims="run")}


def content(folder):
    """Every file of a store and its bytes."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_store_holds_what_a_run_returns(models, tmp_path):
    model = compile_model(models / "subscripts.mdl")
    labels = {"run": ["low", "high"], "District": ["north", "south", "east"]}
    changes = {"weight": xr.DataArray(np.arange(6.0).reshape(2, 3), labels, ("run", "District"))}
    path = model.run_to_store(changes, tmp_path / "a.zarr", outputs=["outer", "level"], progress=False)
    stored = xr.open_zarr(path, chunks=None).load()
    expected = model.run(changes, outputs=["outer", "level"])
    for name in expected.data_vars:
        assert stored[name].dims == expected[name].dims
        assert stored[name].attrs == expected[name].attrs
        np.testing.assert_array_equal(stored[name], expected[name])
    for name in expected.coords:
        assert list(stored[name].values) == list(expected[name].values)
    assert (stored["run state"] == storing.FINISHED).all()


def test_the_bytes_depend_neither_on_the_block_nor_on_the_threads(stocks, changes, tmp_path):
    first = content(stocks.run_to_store(changes, tmp_path / "a.zarr", progress=False))
    assert len([name for name in first if name.startswith("Prey")]) > 5
    assert content(stocks.run_to_store(changes, tmp_path / "b.zarr", block=100, progress=False)) == first
    use_threads(1)
    try:
        assert content(stocks.run_to_store(changes, tmp_path / "c.zarr", block=10**6, progress=False)) == first
    finally:
        use_threads(None)


def test_single_precision_on_request(stocks, changes, tmp_path):
    path = stocks.run_to_store(changes, tmp_path / "a.zarr", outputs=["Prey"], dtype="float32", progress=False)
    stored = xr.open_zarr(path, chunks=None)["Prey"]
    assert stored.dtype == np.float32
    np.testing.assert_array_equal(stored, stocks.run(changes)["Prey"].astype(np.float32))


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_stopped_process_leaves_a_readable_store_and_resumes_to_the_same_bytes(
    how, stocks, models, changes, tmp_path
):
    path = tmp_path / "a.zarr"
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(models / "stocks.mdl"), str(path)], stderr=subprocess.DEVNULL
    )
    while not (path / "run state" / "c" / "1").exists():
        assert child.poll() is None
        time.sleep(0.01)
    child.send_signal(how)
    assert child.wait(timeout=60) != 0
    partly = xr.open_zarr(path, chunks=None).load()
    there = partly["run state"] == storing.FINISHED
    assert 0 < int(there.sum()) < COUNT
    expected = stocks.run(changes)
    np.testing.assert_array_equal(partly["Prey"][there], expected["Prey"][there])
    # What a process killed while writing leaves beside the chunks.
    (path / "Prey" / "c" / "0" / "0.0123.partial").write_bytes(b"half")
    seen: list[int] = []
    stocks.run_to_store(changes, path, resume=True, block=64, progress=lambda finished, count: seen.append(finished))
    assert seen[0] > 0
    assert seen[-1] == COUNT
    whole = stocks.run_to_store(changes, tmp_path / "b.zarr", progress=False)
    assert content(path) == content(whole)


def test_existing_stores_are_not_overwritten_nor_resumed_for_another_request(stocks, changes, tmp_path):
    path = stocks.run_to_store(changes, tmp_path / "a.zarr", progress=False)
    before = content(path)
    with pytest.raises(FileExistsError, match="nothing is overwritten"):
        stocks.run_to_store(changes, path, progress=False)
    with pytest.raises(ChangeError, match="holds the runs of another model or of other changes"):
        stocks.run_to_store({"rate": changes["rate"] * 2}, path, resume=True, progress=False)
    stocks.run_to_store(changes, path, resume=True, progress=False)
    assert content(path) == before


def test_a_single_run_is_refused(stocks, tmp_path):
    with pytest.raises(ChangeError, match="no change has a run dim"):
        stocks.run_to_store({"rate": 0.1}, tmp_path / "a.zarr")


def test_runs_that_are_not_finite_stop_the_ensemble_or_are_marked(write_model, tmp_path):
    model = compile_model(write_model("d = 5 ~~|\nquotient = 1 / (Time - d) ~~|\nlevel = INTEG(quotient, 0) ~~|"))
    changes = {"d": xr.DataArray([20.0, 3.0], {"run": ["good", "bad"]}, "run")}
    with pytest.raises(NonFiniteError, match=r"run bad, quotient is inf at time 3"):
        model.run_to_store(changes, tmp_path / "a.zarr", outputs=["level"], progress=False)
    path = model.run_to_store(changes, tmp_path / "b.zarr", outputs=["level"], keep_non_finite=True, progress=False)
    stored = xr.open_zarr(path, chunks=None)
    assert list(stored["run state"].values) == [storing.FINISHED, storing.NOT_FINITE]


def test_progress_is_shown_on_the_error_stream(stocks, changes, tmp_path, capsys):
    stocks.run_to_store(changes, tmp_path / "a.zarr")
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "300 of 300 runs" in shown.err


def test_memory_does_not_grow_with_the_number_of_runs(stocks, tmp_path):
    def rates(count: int) -> dict[str, xr.DataArray]:
        return {"rate": xr.DataArray(np.linspace(0.01, 0.4, count), dims="run")}

    def peak(count: int) -> int:
        changes = rates(count)
        tracemalloc.start()
        stocks.run_to_store(changes, tmp_path / f"{count}.zarr", outputs=["Prey"], progress=False)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(100)
    # Changes, labels and states of all runs are in memory, some forty bytes a run; results would be ten times that.
    assert peak(9000) - peak(3000) < stocks.run(rates(6000), outputs=["Prey"]).nbytes / 3


def test_reduced_outputs_are_stored_without_time_and_the_bytes_depend_on_nothing_else(stocks, changes, tmp_path):
    request = {"outputs": ["Prey", "Predator"], "reduce": {"Prey": "final"}, "progress": False}
    path = stocks.run_to_store(changes, tmp_path / "a.zarr", **request)
    stored = xr.open_zarr(path, chunks=None).load()
    expected = stocks.run(changes, outputs=["Prey", "Predator"])
    assert stored["Prey"].dims == ("run",)
    np.testing.assert_array_equal(stored["Prey"], expected["Prey"].isel(time=-1))
    np.testing.assert_array_equal(stored["Predator"], expected["Predator"])
    assert content(stocks.run_to_store(changes, tmp_path / "b.zarr", block=100, **request)) == content(path)
    with pytest.raises(ChangeError, match="holds the runs of another model or of other changes"):
        stocks.run_to_store(changes, path, resume=True, **{**request, "reduce": {"Prey": "sum"}})


def full_disk(monkeypatch, full):
    """Make files that match a condition impossible to finish."""
    replace = os.replace

    def refuse(source, target):
        if full(str(target)):
            raise OSError(errno.ENOSPC, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", refuse)


def test_a_write_that_fails_leaves_its_runs_waiting_and_is_made_good_on_resuming(
    stocks, changes, tmp_path, monkeypatch
):
    path = tmp_path / "a.zarr"
    with monkeypatch.context() as patched:
        full_disk(patched, lambda target: "Prey/c/2/" in target)
        with pytest.raises(OSError, match="No space left"):
            stocks.run_to_store(changes, path, progress=False)
    assert not list(tmp_path.rglob("*.partial"))
    partly = xr.open_zarr(path, chunks=None).load()
    there = partly["run state"] == storing.FINISHED
    assert 0 < int(there.sum()) < COUNT
    np.testing.assert_array_equal(partly["Prey"][there], stocks.run(changes)["Prey"][there])
    stocks.run_to_store(changes, path, resume=True, progress=False)
    assert content(path) == content(stocks.run_to_store(changes, tmp_path / "b.zarr", progress=False))


def test_a_store_that_could_not_be_made_leaves_nothing(stocks, changes, tmp_path, monkeypatch):
    with monkeypatch.context() as patched:
        full_disk(patched, lambda target: "Prey" in target)
        with pytest.raises(OSError, match="No space left"):
            stocks.run_to_store(changes, tmp_path / "a.zarr", progress=False)
    assert not list(tmp_path.iterdir())


def test_what_a_call_killed_while_making_a_store_left_is_cleared_and_the_neighbours_are_not(stocks, changes, tmp_path):
    for name in ("a.zarr.123.partial", "other.zarr.123.partial"):
        (tmp_path / name / "Prey").mkdir(parents=True)
    stocks.run_to_store(changes, tmp_path / "a.zarr", progress=False)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zarr", "other.zarr.123.partial"]


def test_a_damaged_store_is_told_and_not_gone_on_with(stocks, changes, tmp_path):
    path = tmp_path / "a.zarr"
    stocks.run_to_store(changes, path, progress=False)
    (path / "zarr.json").write_text("{", encoding="utf-8")
    with pytest.raises(ChangeError, match=r"a\.zarr is damaged.*Remove it"):
        stocks.run_to_store(changes, path, progress=False, resume=True)


def test_random_numbers_depend_neither_on_blocks_nor_on_threads_nor_on_where_they_are_kept(write_model, tmp_path):
    model = compile_model(
        write_model("k = 1 ~~|\nr = RANDOM NORMAL(-5, 5, 0, k, 7) ~~|\nS = INTEG(r, 0) ~~|", "random")
    )
    changes = {"k": xr.DataArray(np.linspace(0.5, 1.5, 40), dims="run")}
    whole = model.run(changes)
    assert np.unique(whole["r"] / whole["k"]).size == whole["r"].size
    for block in (7, 40):
        path = model.run_to_store(changes, tmp_path / f"{block}.zarr", block=block, progress=False)
        np.testing.assert_array_equal(xr.open_zarr(path, chunks=None)["S"], whole["S"])
    use_threads(1)
    try:
        np.testing.assert_array_equal(model.run(changes)["S"], whole["S"])
    finally:
        use_threads(None)
