"""Files are written whole or not at all, and a disk that takes none is told as such."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import subprocess
import sys
import threading

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from analysis.charts.files import save
from analysis.outcome import files as result_files
from model.files import atomic as whole_files
from model.files.atomic import WritingError, metadata_of, remove_leftovers, replaced, write_csv


def test_a_file_that_fails_half_way_leaves_the_old_one_and_nothing_else(tmp_path):
    path = tmp_path / "plan.txt"
    path.write_text("old", encoding="utf-8")

    def fail(partial):
        partial.write_text("half", encoding="utf-8")
        message = "half way"
        raise RuntimeError(message)

    with pytest.raises(RuntimeError, match="half way"), replaced(path) as partial:
        fail(partial)
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_two_that_write_one_file_at_once_do_not_share_a_temporary_name(tmp_path):
    path, both, wrong = tmp_path / "plan.txt", threading.Barrier(2), []

    def write(text):
        try:
            with replaced(path) as partial:
                partial.write_text(text, encoding="utf-8")
                both.wait(10)
                if partial.read_text(encoding="utf-8") != text:
                    wrong.append(text)
        except OSError as error:
            wrong.append(error)

    threads = [threading.Thread(target=write, args=(letter * 9,)) for letter in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert path.read_text(encoding="utf-8") in ("a" * 9, "b" * 9)
    assert list(tmp_path.iterdir()) == [path]


def test_a_written_file_is_on_the_disk_before_it_takes_its_name(tmp_path, monkeypatch):
    path, steps = tmp_path / "plan.txt", []
    flush = os.fsync

    def seen(handle):
        steps.append(path.exists())
        flush(handle)

    monkeypatch.setattr(os, "fsync", seen)
    with replaced(path) as partial:
        partial.write_text("whole", encoding="utf-8")
    # First the file, which has no name yet; then the folder, in which it has.
    assert steps == [False, True]


def test_what_killed_processes_were_writing_is_removed_and_nothing_else(tmp_path):
    code = (
        "import os, signal, sys; from pathlib import Path; from model.files.atomic import replaced\n"
        "with replaced(Path(sys.argv[1])) as partial: partial.write_text('half'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "plan.nc")], check=False)
    assert len(list(tmp_path.iterdir())) == 1
    for name in ("mine.partial", "plan.nc", ".hidden"):
        (tmp_path / name).write_text("", encoding="utf-8")
    remove_leftovers(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"mine.partial", "plan.nc", ".hidden"}


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EROFS, "read-only"),
        (errno.EACCES, "not permitted"),
        (errno.EDQUOT, "quota"),
    ],
)
def test_a_disk_that_does_not_take_a_file_is_told_in_words(number, words, tmp_path):
    with (
        pytest.raises(WritingError, match=words) as told,
        replaced(tmp_path / "plan.nc"),
    ):
        raise OSError(number, os.strerror(number), "somewhere")
    for part in ("plan.nc", str(tmp_path), "are kept", "same command again"):
        assert part in str(told.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "hidden",
    [
        RuntimeError("NetCDF: HDF error"),
        OSError("Can't write data (file write failed: errno = 28, error message = 'No space left on device')"),
        RuntimeError("could not write"),
    ],
)
def test_a_library_that_hides_what_the_disk_said_is_seen_through(hidden, tmp_path, monkeypatch):
    monkeypatch.setattr(whole_files, "_answer_of_disk", lambda _: errno.ENOSPC)
    with pytest.raises(WritingError, match="the disk is full"), replaced(tmp_path / "plan.nc"):
        raise hidden


def test_a_fault_of_the_program_is_not_laid_on_the_disk(tmp_path):
    fault = RuntimeError("NetCDF: HDF error")
    with pytest.raises(RuntimeError, match="NetCDF"), replaced(tmp_path / "plan.nc"):
        raise fault


@pytest.fixture
def full_disk(tmp_path):
    """A disk of one megabyte, where this user may mount one; tests with an error made up stand above in any case."""
    place = tmp_path / "disk"
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip(f"no disk can be mounted here: {done.stderr.decode().strip()}")
    yield place
    # HDF5 may hold a file open that it failed to write; the disk goes once that is closed.
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_full_disk_is_told_by_every_way_of_writing(full_disk):
    table = "year\n" + "2025\n" * 10**6
    big = xr.Dataset({"rate": ("time", np.random.default_rng(1).random(10**6))}, {"time": np.arange(10**6)})
    picture = Figure(figsize=(20, 20))
    picture.figimage(np.random.default_rng(1).random((2000, 2000)))
    ways = {
        "t.csv": lambda path: write_csv(table, path, {}),
        "r.nc": lambda path: result_files.write_run(big, path),
        "c.png": lambda path: save(picture, path, "noise"),
    }
    for name, write in ways.items():
        with pytest.raises(WritingError, match="the disk is full"):
            write(full_disk / name)
        assert not list(full_disk.iterdir()), name


def test_a_table_says_beside_itself_what_made_it_and_stays_a_plain_table(tmp_path):
    path, facts = tmp_path / "targets.csv", {"members": "200", "scenario": "规划"}
    write_csv("year,share\n2025,0.5\n", path, facts)
    assert path.read_text(encoding="utf-8") == "year,share\n2025,0.5\n"
    described = json.loads(metadata_of(path).read_text(encoding="utf-8"))
    assert described["url"] == "targets.csv"
    assert described["notes"] == [{"made from": facts, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}]


@pytest.mark.parametrize("damaged", ["targets.csv", "targets.csv-metadata.json"])
def test_a_table_is_written_again_only_where_it_or_its_maker_changed(damaged, tmp_path):
    path = tmp_path / "targets.csv"
    write_csv("year\n2025\n", path, {"members": "200"})
    before = {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in tmp_path.iterdir()}
    assert len(before) == 2
    write_csv("year\n2025\n", path, {"members": "200"})
    assert {file: (file.read_bytes(), file.stat().st_mtime_ns) for file in tmp_path.iterdir()} == before
    (tmp_path / damaged).write_text("year\n2026\n", encoding="utf-8")
    write_csv("year\n2025\n", path, {"members": "200"})
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == {file: old for file, (old, _) in before.items()}
