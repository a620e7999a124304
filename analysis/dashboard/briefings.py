"""The briefing of a setting on the page, made by the command `brief` in a process of its own, one at a time."""

from __future__ import annotations

import io
import shutil
import tempfile
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from analysis.briefing.writing.strip_dates import strip_dates
from analysis.dashboard.work_queue import Priority, WorkQueue
from analysis.outcome.output_folder import OutputFolderError, alone
from model.engine.children import run_child

#: How the folder begins in which a briefing is made, and after how many seconds without a change it is nobody's.
PREFIX: Final = "briefing_"
LONGEST: Final = 3600
#: From scenario (a shipped name or a file), language and folder to the command that writes a briefing there.
Command = Callable[[str, str, Path], list[str]]


class Briefings:
    """Makes briefings for all pages, one after the other.

    Parameters
    ----------
    command
        What makes one.
    results
        The folder of what `run` has left, which a briefing beside it need not run again.
    """

    def __init__(self, command: Command, results: Path) -> None:
        self._command, self._results = command, results
        self._work_queue = WorkQueue()

    def ask(self, name: str, text: str | None, language: str, done: Callable[[bytes, str], None]) -> None:
        """Have the briefing of a shipped scenario made, or of the one in the text of a file.

        `done` is called from another thread with a zip file and nothing, or with nothing and what went wrong.
        """
        self._work_queue.ask(Priority.BRIEFING, lambda: done(*self._made(name, text, language)))

    def _made(self, name: str, text: str | None, language: str) -> tuple[bytes, str]:
        self._results.mkdir(parents=True, exist_ok=True)
        _remove_left(self._results)
        with (
            tempfile.TemporaryDirectory() as own,
            tempfile.TemporaryDirectory(prefix=PREFIX, dir=self._results) as folder,
        ):
            scenario = name
            if text is not None:
                file = Path(own) / f"{name}.yaml"
                file.write_text(text, encoding="utf-8")
                scenario = str(file)
            # What answers a move of a lever goes first.
            ended = run_child(self._command(scenario, language, Path(folder)), gently=True)
            if ended.returncode != 0:
                return b"", (ended.stderr or ended.stdout).strip()
            return _zipped(Path(folder)), ""


def _remove_left(results: Path) -> None:
    """Remove what pages that were killed have left of briefings."""
    for left in results.glob(f"{PREFIX}*"):
        with suppress(OSError, OutputFolderError):
            if time.time() - left.stat().st_mtime > LONGEST:
                with alone(left):
                    shutil.rmtree(left, ignore_errors=True)


def _zipped(folder: Path) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as into:
        # The charts are in the page and the slides already.
        for file in sorted(path for path in folder.iterdir() if path.is_file()):
            into.write(file, file.name)
    return strip_dates(packed.getvalue())
