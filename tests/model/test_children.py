"""Processes end with the one that started them, even where that one is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from model.engine import children

#: Seconds that a process may take to notice; a busy machine takes its time to start one.
PATIENCE = 60

POOL = """
import multiprocessing, time
from concurrent.futures import ProcessPoolExecutor
from model.engine.children import end_with_parent

if __name__ == "__main__":
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn"), end_with_parent) as pool:
        asleep = [pool.submit(time.sleep, 600) for _ in range(2)]
        while not all(task.running() for task in asleep):
            time.sleep(0.05)
        print(*pool._processes, flush=True)
        asleep[0].result()
"""
CHILD = "from model.engine.children import end_with_input; end_with_input(); import os, time; "
CHILD += "print(os.getpid(), flush=True); open({told!r}, 'w').write(str(os.getpid())); time.sleep(600)"
PARENT = "import sys; from model.engine.children import run_child; run_child([sys.executable, '-c', {child!r}])"


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    # What has ended but has not been waited for is no longer there either.
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def all_gone(processes) -> bool:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and any(map(is_alive, processes)):
        time.sleep(0.1)
    return not any(map(is_alive, processes))


@pytest.mark.skipif(os.name == "nt", reason="looks at processes as Unix has them")
def test_the_processes_of_a_pool_end_with_a_killed_parent_and_let_its_output_close(tmp_path):
    script = tmp_path / "pool.py"
    script.write_text(POOL, encoding="utf-8")
    parent = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    assert parent.stdout is not None
    workers = [int(number) for number in parent.stdout.readline().split()]
    assert len(workers) == 2
    assert all(map(is_alive, workers))
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert all_gone(workers)
    # Whoever reads the output, such as a pipe, is not kept waiting.
    with parent.stdout as output:
        assert output.read() == ""


@pytest.mark.skipif(os.name == "nt", reason="looks at processes as Unix has them")
def test_a_command_that_was_started_ends_with_a_killed_parent(tmp_path):
    told = tmp_path / "child"
    parent = subprocess.Popen([sys.executable, "-c", PARENT.format(child=CHILD.format(told=str(told)))])
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and not (told.exists() and told.read_text(encoding="utf-8")):
        time.sleep(0.1)
    child = int(told.read_text(encoding="utf-8"))
    assert is_alive(child)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert all_gone([child])


def test_a_command_runs_to_its_end_and_what_it_says_is_returned():
    done = children.run_child(
        [sys.executable, "-c", "import sys; print('out'); print('err', file=sys.stderr); exit(3)"]
    )
    assert (done.returncode, done.stdout, done.stderr) == (3, "out\n", "err\n")


def test_a_script_is_run_as_if_by_itself(tmp_path):
    script, beside = tmp_path / "script.py", tmp_path / "beside.py"
    beside.write_text("WORD = 'beside'", encoding="utf-8")
    script.write_text("import sys, beside; print(__name__, beside.WORD, sys.argv[1:])", encoding="utf-8")
    done = children.run_child([sys.executable, children.__file__, str(script), "brief", "--out", "x"])
    assert done.stdout == "__main__ beside ['brief', '--out', 'x']\n", done.stderr


def test_every_pool_of_processes_ends_with_its_parent(root):
    pools = {
        path: [line for line in path.read_text(encoding="utf-8").splitlines() if "ProcessPoolExecutor(" in line]
        for folder in ("model", "scenarios", "calibration", "analysis")
        for path in (root / folder).rglob("*.py")
    }
    assert sum(map(len, pools.values())) >= 1
    for path, lines in pools.items():
        for line in lines:
            assert "end_with_parent" in line or "_remember" in line, path
