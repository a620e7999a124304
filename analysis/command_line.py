"""What every command shares: options, mistakes shown at once, and where files go."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from analysis.language.mistakes import in_screen_language, wrong_options
from analysis.outcome import output_folder
from analysis.outcome.words import screen_text
from calibration.fit.evidence import NEWEST, Evidence
from model.city import city
from model.engine.errors import UserError
from model.files.interrupts import exit_on_interrupts
from scenarios import FIRST_YEAR

#: Where results go, below the folder in which a command is called; those of each city apart.
OUTPUTS = Path("outputs") if city().is_usual else Path("outputs") / city().name
#: A pipe or a file has no width of its own.
PIPE_WIDTH = 120
#: Members of the calibrated ensemble that are run unless another number is asked for.
USUAL_MEMBERS = 200


def _recorded(seen: Evidence) -> Evidence:
    """Refuse a record that the city has not, before an ensemble of it is asked for that nobody could make."""
    if not seen.is_recorded:
        message = (
            f"The record of {city().title['en']} ends with {NEWEST}: there is no evidence {seen} of it. "
            "Leave --evidence out."
        )
        raise UserError(message)
    return seen


#: The option of every command that reads the ensemble.
Seen = Annotated[
    Evidence,
    typer.Option("--evidence", help="The last year of the record that the ensemble has seen.", callback=_recorded),
]
#: The option of commands that need probabilities.
Members = Annotated[int, typer.Option(min=2, help="Number of members of the calibrated ensemble to run.")]
#: The option of commands whose tables are in files.
Full = Annotated[bool, typer.Option("--full", help="Print the tables too, not only what they come to.")]
#: The option of every command in which levers may act later than the plan.
From = Annotated[
    int | None,
    typer.Option(
        "--from",
        min=FIRST_YEAR,
        help="The year from whose beginning levers act, such as 2026; each takes its path as many years later. "
        "Without it: the scenario's own start, usually 2021.",
    ),
]


@contextmanager
def exit_on_mistakes() -> Iterator[None]:
    """Turn a user's mistake into a message and exit code 2, and an interrupt into a line and exit code 130.

    Being told to end (SIGTERM) is handled like an interrupt, with exit code 143.
    """
    try:
        with exit_on_interrupts(in_screen_language), output_folder.released_at_the_end():
            yield
    except (UserError, OSError) as error:
        typer.echo(in_screen_language(output_folder.in_words(error)), err=True)
        raise typer.Exit(2) from None


@contextmanager
def collect_mistakes() -> Iterator[Callable[[], AbstractContextManager[None]]]:
    """Read the parts of a request one by one, and show what is wrong with all of them, and with options, at once."""
    wrong = list(wrong_options.get())

    @contextmanager
    def part() -> Iterator[None]:
        try:
            yield
        except UserError as error:
            wrong.append(str(error))

    yield part
    if wrong:
        typer.echo(in_screen_language("\n".join(wrong)), err=True)
        raise typer.Exit(2)


def make_console(*, shown: bool = True) -> Console:
    """Return the console that is printed on, as wide as the screen, or one that shows nothing."""
    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else PIPE_WIDTH
    # Titles are shown as typed: ":house:" is no picture.
    return Console(width=width, highlight=False, emoji=False, quiet=not shown)


def announce_replaced_files(console: Console, out: Path, files: Iterable[str], charts: str = "") -> None:
    """Name the results of an earlier call that will be replaced; refuse a folder that cannot be written to now."""
    output_folder.take(out)
    old = [name for name in files if (out / name).exists()]
    old += [charts] if charts and any((out / "figures").glob(charts)) else []
    if old:
        console.print(escape(screen_text("will replace", out=out, files=", ".join(old))))


def announce_written_files(console: Console, out: Path, files: Iterable[str], charts: str = "") -> None:
    """Name the results that a command has left, in the order of `announce_replaced_files`."""
    listed = ", ".join([*files, *([f"figures/{charts}"] if charts else [])])
    console.print(escape(screen_text("written", out=out, files=listed)))
