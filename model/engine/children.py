"""Processes that end when the one that started them does, even where that one is killed."""

from __future__ import annotations

import os
import runpy
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from multiprocessing import connection, parent_process
from pathlib import Path

#: How a process ends whose parent is gone.
ORPHANED = 70
#: By how much a process gives way that runs gently; see nice(1).
POLITENESS = 10


def end_with_parent() -> None:
    """Make a process of `multiprocessing` end with its parent, and leave an interrupt to the parent.

    The initializer of every pool of processes: what a killed parent leaves would hold its memory and its output open.
    """
    # Ctrl-C reaches every process of a terminal; the parent waits for what is under way, and tells it once.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    assert parent is not None, "only for processes that multiprocessing has started"

    def watch() -> None:
        connection.wait([parent.sentinel])
        os._exit(ORPHANED)

    threading.Thread(target=watch, name="end with parent", daemon=True).start()


def end_with_input() -> None:
    """Make this process, started by `run_child`, end with the one that started it."""

    # Not by sys.stdin, whose lock a thread that waits would hold when the interpreter ends.
    def watch() -> None:
        while os.read(0, 1):
            pass
        os._exit(ORPHANED)

    threading.Thread(target=watch, name="end with input", daemon=True).start()


def run_child(
    command: Sequence[str], folder: Path | None = None, *, gently: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, and return what it said; it can learn from its input that its parent is gone.

    Parameters
    ----------
    command
        Program and arguments. The program calls `end_with_input`, or is run by this module: ``[sys.executable,
        children.__file__, SCRIPT, *ARGUMENTS]``.
    folder
        Where it runs.
    gently
        Whether it gives way to other processes, where the system has a way to say so.
    """
    flags = 0
    if gently and sys.platform == "win32":
        flags = subprocess.BELOW_NORMAL_PRIORITY_CLASS
    elif gently and (nice := shutil.which("nice")):
        command = [nice, "-n", str(POLITENESS), *command]
    # Python writes to a pipe in the encoding of the system, which on Windows lacks signs that tables hold.
    environment = {**os.environ, "PYTHONUTF8": "1"}
    # The end that is written to is open in this process alone, so that the other end closes when this process ends.
    waiting, held = os.pipe()
    try:
        return subprocess.run(
            command,
            cwd=folder,
            stdin=waiting,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            env=environment,
            creationflags=flags,
            check=False,
        )
    finally:
        os.close(held)
        os.close(waiting)


if __name__ == "__main__":
    end_with_input()
    sys.argv = sys.argv[1:]
    # As if the script had been started by itself.
    sys.path[0] = str(Path(sys.argv[0]).resolve().parent)
    runpy.run_path(sys.argv[0], run_name="__main__")
