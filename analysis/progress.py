"""How far a command is and how long it still takes: a bar on a terminal, else a line now and then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any, Final

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from analysis.outcome.screen import screen_language
from analysis.outcome.words import SENTENCES, say, screen_text, sentences_in

#: Seconds until the first line and between lines, where there is no terminal to draw a bar on.
FIRST, BETWEEN = 5.0, 10.0
#: How the name of a step begins in the file of words.
STEP: Final = "step "


class ProgressInLines(Progress):
    """Progress that is told in lines, the first after `FIRST` seconds, so that a log shows that work goes on."""

    def __init__(self, console: Console) -> None:
        super().__init__(console=console, disable=True)
        # A thread of its own does not know the language of the screen.
        self._language = screen_language()
        self._ended = Event()
        self._teller = Thread(target=self._tell, daemon=True)

    def start(self) -> None:
        """Begin to tell."""
        super().start()
        self._teller.start()

    def stop(self) -> None:
        """Tell no more."""
        self._ended.set()
        if self._teller.is_alive():
            self._teller.join()
        super().stop()

    def _tell(self) -> None:
        wait = FIRST
        while not self._ended.wait(wait):
            wait = BETWEEN
            task = next((task for task in reversed(self.tasks) if not task.finished), None)
            if task is not None:
                text = progress_in_words(task.description, task.completed, task.total, task.elapsed, self._language)
                self.console.print(escape(text), soft_wrap=True)


def progress_in_words(step: str, done: float, total: float | None, elapsed: float | None, language: str) -> str:
    """Return how far a step is, and how long it takes at the pace so far.

    Examples
    --------
    >>> progress_in_words("Running scenarios", 5, 20, 30.0, "en"), progress_in_words("推演情景", 0, 20, 3.0, "zh")
    ('Running scenarios: 25 %, about 1 min 30 s left', '推演情景：0%，正在估计所需时间')
    """
    if not total or not done or not elapsed:
        return say("progress begun", language, step=step)
    left = round(elapsed * (total - done) / done)
    minutes, seconds = divmod(left, 60)
    time = say("minutes left" if minutes else "seconds left", language, minutes=f"{minutes}", seconds=f"{seconds}")
    return say("progress", language, step=step, percent=100 * done / total, time=time)


def progress_bar() -> Progress:
    """Return a bar with the time left on a terminal, and a line now and then on anything else."""
    console = Console(stderr=True)
    if not console.is_terminal:
        return ProgressInLines(console)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=console, transient=True)


@contextmanager
def count_progress(step: str) -> Iterator[Callable[[int, int], None]]:
    """Show how many of how many runs are done, and the time left; the step is in the language of the screen."""
    with progress_bar() as progress:
        shown = progress.add_task(step, total=None)
        yield lambda done, of: progress.update(shown, completed=done, total=of)


@contextmanager
def report_progress() -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar with the time left for every step that is reported on, by its name in the file of words."""
    with progress_bar() as progress:
        tasks: dict[str, TaskID] = {}

        def report(step: str, done: int, of: int) -> None:
            if step not in tasks:
                tasks[step] = progress.add_task(step_in_words(step), total=of)
            progress.update(tasks[step], completed=done)

        yield report


def step_in_words(step: str, **gaps: Any) -> str:
    """Return what a step is called in the language of the screen; what follows a known first word stays as it is.

    Examples
    --------
    >>> from analysis.outcome.screen import printed_in
    >>> with printed_in("zh"):
    ...     step_in_words("Running futures"), step_in_words("Running plan")
    ('推演各种未来', '推演plan')
    """
    if f"{STEP}{step}" in sentences_in(SENTENCES):
        return screen_text(f"{STEP}{step}", **gaps)
    first, _, rest = step.partition(" ")
    return screen_text(f"{STEP}{first}", name=rest) if f"{STEP}{first}" in sentences_in(SENTENCES) else step
