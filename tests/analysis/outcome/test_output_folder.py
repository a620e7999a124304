"""The folder for results: what can be none is refused in words, and one command at a time writes to it."""

from __future__ import annotations

import errno
import inspect
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

import run_scenarios
from analysis.outcome import output_folder
from analysis.outcome.output_folder import LOCK, OutputFolderError, alone
from analysis.run import stored_runs

COMMANDS = [
    ["run", "baseline", "--members", "1"],
    ["compare", "baseline", "plan", "--members", "2"],
    ["explain", "residents", "baseline", "plan"],
    ["backcast", "--target", "urbanization.resident.2025"],
    ["frontier", "--target", "urbanization.resident.2025"],
    ["delay"],
    ["reach"],
    ["left-out"],
    ["brief"],
    ["assess", "--observations", "observations.csv"],
    ["export", "baseline", "--members", "2"],
    ["monitor"],
    ["compare-versions", "first", "second"],
    ["conditions"],
    ["information"],
    ["sensitivity"],
    ["page"],
    ["dashboard"],
]
#: Takes a folder, says so, and keeps it until its input closes.
HOLDER = """
import sys
from pathlib import Path
from analysis.outcome.output_folder import alone
with alone(Path(sys.argv[1])):
    print("taken", flush=True)
    sys.stdin.read()
"""


def call(*words: object):
    return CliRunner().invoke(run_scenarios.app, [str(word) for word in words], env={"COLUMNS": "200"})


def flat(text: str) -> str:
    return " ".join(re.sub(r"[│╭╮╰╯─]", " ", text).split())


@pytest.fixture
def holder(tmp_path):
    """Another process that writes to the folder."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path), "run", "plan"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "taken\n"
        yield process
        process.kill()


def test_every_command_that_leaves_files_is_tried_here():
    with_folder = {
        name
        for name in run_scenarios.COMMANDS
        if "out" in inspect.signature(run_scenarios.load_command(name)).parameters
    }
    assert with_folder == {words[0] for words in COMMANDS}


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
@pytest.mark.parametrize(
    ("folder", "message"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("a\0b", "character"),
        ("file.txt", "not a folder"),
        ("file.txt/deeper/still", "not a folder"),
        ("leads-nowhere", "not a folder"),
        ("n" * 300, "cannot be a folder"),
    ],
    ids=["empty", "blank", "nul", "file", "in a file", "broken link", "too long"],
)
def test_what_can_be_no_folder_is_refused_in_words_by_every_command(words, folder, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("file.txt").write_text("mine", encoding="utf-8")
    Path("leads-nowhere").symlink_to("nowhere")
    Path("observations.csv").write_text("", encoding="utf-8")
    outcome = call(*words, "--out", folder)
    assert outcome.exit_code == 2
    assert "--out" in outcome.stderr
    assert message in flat(outcome.stderr)
    assert "Errno" not in outcome.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"file.txt", "leads-nowhere", "observations.csv"}
    assert Path("file.txt").read_text(encoding="utf-8") == "mine"


def test_a_second_command_is_told_who_writes_and_since_when(tmp_path, holder):
    outcome = call("run", "baseline", "--members", "1", "--out", tmp_path)
    assert outcome.exit_code == 2
    assert f"`{tmp_path} run plan` (process {holder.pid} on " in outcome.stderr
    assert re.search(r"since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d", outcome.stderr)
    assert "Wait until it has ended, or choose another folder with --out." in outcome.stderr
    assert not list(tmp_path.glob("*.nc"))


def test_the_folder_of_a_killed_command_is_taken_over_and_what_it_was_writing_removed(tmp_path, holder):
    (tmp_path / ".plan.1-ab.partial.nc").write_text("half", encoding="utf-8")
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    assert (tmp_path / LOCK).exists()
    with alone(tmp_path):
        assert not list(tmp_path.glob("*.partial*"))
    assert not list(tmp_path.iterdir())


def test_a_folder_is_free_again_when_the_other_has_ended(tmp_path, holder):
    with pytest.raises(OutputFolderError), alone(tmp_path):
        pass
    holder.communicate("")
    with alone(tmp_path):
        assert {path.name for path in tmp_path.iterdir()} == {output_folder.LOCK, output_folder.WRITER}


def test_a_command_may_take_again_what_it_holds(tmp_path):
    with output_folder.released_at_the_end():
        output_folder.take(tmp_path)
        output_folder.take(tmp_path / "figures" / "..")
        with alone(tmp_path):
            pass
        assert (tmp_path / LOCK).exists()
    assert not list(tmp_path.iterdir())


def test_a_command_that_fails_leaves_no_folder_of_its_own(tmp_path):
    with pytest.raises(ZeroDivisionError), alone(tmp_path / "outputs" / "deeper"):
        _ = 1 / 0
    assert not list(tmp_path.iterdir())


def test_a_mistyped_cluster_is_refused_within_seconds_and_leaves_nothing_behind(tmp_path):
    began = time.monotonic()
    outcome = call("sensitivity", "--cluster", "tcp:/127.0.0.1:9", "--out", tmp_path / "outputs")
    assert outcome.exit_code == 2
    assert "no Dask scheduler answers there" in outcome.stderr
    assert "such as tcp://HOST:8786" in outcome.stderr
    # Five seconds are spent looking; the rest is a busy machine importing.
    assert time.monotonic() - began < 30
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("number", "words"), [(errno.ENOSPC, "the disk is full"), (errno.EROFS, "the disk is read-only")]
)
def test_a_folder_on_a_disk_that_takes_nothing_is_refused_before_anything_runs(number, words, tmp_path, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise OSError(number, os.strerror(number), str(tmp_path))

    monkeypatch.setattr(stored_runs, "make", lambda *_: pytest.fail("it ran"))
    monkeypatch.setattr(Path, "mkdir", refuse)
    outcome = call("run", "baseline", "--members", "1", "--out", tmp_path)
    assert outcome.exit_code == 2
    assert f"{tmp_path} cannot be written to: {words}." in outcome.stderr
    assert "--out" in outcome.stderr


def test_a_read_only_disk_is_told_as_such(tmp_path):
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m,ro", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no disk can be mounted here; the test above makes the error up")
    try:
        outcome = call("run", "baseline", "--members", "1", "--out", place)
        deeper = call("run", "baseline", "--members", "1", "--out", place / "deeper")
    finally:
        subprocess.run(["umount", str(place)], check=True)
    for each in (outcome, deeper):
        assert each.exit_code == 2
        assert "cannot be written to: the disk is read-only." in each.stderr


def test_a_disk_that_fills_in_mid_command_is_told_as_such(tmp_path):
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no disk can be mounted here; tests of whole files make the error up")
    try:
        outcome = call("run", "baseline", "--members", "2", "--out", place / "outputs")
        left = list(place.rglob("*"))
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)
    assert outcome.exit_code == 2
    assert "baseline.nc was not written to" in outcome.stderr
    assert "the disk is full" in outcome.stderr
    assert not left


def test_an_interrupt_says_so_in_a_line_and_leaves_nothing_half_written(tmp_path, monkeypatch):
    def interrupt(*_):
        (tmp_path / "outputs" / "figures").mkdir()
        raise KeyboardInterrupt

    monkeypatch.setattr(stored_runs, "make", interrupt)
    outcome = call("run", "baseline", "--members", "1", "--out", tmp_path / "outputs")
    assert outcome.exit_code == 130
    assert len(outcome.stderr.strip().splitlines()) == 1
    assert "Interrupted" in outcome.stderr
    assert "Interrupted: no file is left half-written" in outcome.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("number", "send", "code", "line"),
    [
        # As a terminal does: to every process of the group.
        (signal.SIGINT, os.killpg, 130, "已中断：不留写了一半的文件"),
        (signal.SIGTERM, os.kill, 143, "已按要求终止：不留写了一半的文件"),
        (signal.SIGTERM, os.killpg, 143, "已按要求终止：不留写了一半的文件"),
    ],
    ids=["interrupt", "terminated", "terminated with its children"],
)
def test_a_signal_ends_a_command_with_its_children(number, send, code, line, tmp_path, root):
    out = tmp_path / "outputs"
    with subprocess.Popen(
        [sys.executable, str(root / "run_scenarios.py"), "run", "baseline", "--members", "2", "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        # In mid-command: the first chart is there, others are being drawn.
        end = time.monotonic() + 300
        while time.monotonic() < end and process.poll() is None and not list(out.glob("figures/*.png")):
            time.sleep(0.05)
        send(process.pid, number)
        # Returns once every process that could write to the same pipes has ended.
        _, told = process.communicate(timeout=120)
    assert process.returncode == code, told
    # After how far it had come.
    assert told.strip().splitlines()[-1].startswith(line), told
    assert not [path for path in out.rglob(".*") if path.is_file()]
    assert not (out / "targets.csv").exists()
    assert (out / "baseline.nc").exists()
