"""Commands behind the generated pages and tables: `python -m calibration COMMAND`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from calibration.fit.evidence import Evidence
from model.city import TABLES_FILE, city
from model.engine.errors import UserError
from model.files.interrupts import exit_on_interrupts

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)

Check = Annotated[bool, typer.Option("--check", help="Write nothing; exit code 1 if anything is out of date.")]
#: The pack of this process's city.
PACK = city().folder
Pack = Annotated[Path, typer.Option(help="Folder of the city pack.")]
#: These pages are of the record to 2020.
Seen = Annotated[Evidence, typer.Option("--evidence", help="The last year of the record that the ensemble has seen.")]


class Study(StrEnum):
    """The studies of the calibration."""

    coverage = "coverage"
    leave_out = "leave-out"
    equifinality = "equifinality"


@contextmanager
def exit_on_mistakes() -> Iterator[None]:
    """Turn what a user can mend into a message and exit code 2, and an interrupt into a line and its code."""
    try:
        with exit_on_interrupts():
            yield
    except (UserError, OSError, UnicodeDecodeError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from None


@app.command()
@exit_on_mistakes()
def derived_tables(
    check: Check = False,
    write: Annotated[bool, typer.Option("--write", help="Replace the tables in the pack.")] = False,
    pack: Pack = PACK,
) -> None:
    """Print, check or write the tables of the model that are computed from the two censuses."""
    from calibration.census.derived_tables import block_text, update_tables

    if check and write:
        message = "--check and --write exclude each other"
        raise typer.BadParameter(message)
    if not (check or write):
        typer.echo(block_text(), nl=False)
        return
    current = update_tables(pack / TABLES_FILE, write=write)
    state = (
        "up to date" if current else "written" if write else "stale; run `python -m calibration derived-tables --write`"
    )
    typer.echo(f"{pack.name}/{TABLES_FILE}: the derived tables are {state}", err=True)
    raise typer.Exit(0 if current or write else 1)


@app.command()
@exit_on_mistakes()
def prior_ensemble(
    members: Annotated[int, typer.Option(min=2, help="Number of members to draw.")] = 400,
) -> None:
    """Draw an ensemble from the priors, for a city that has not been calibrated; `calibrate` replaces it."""
    from calibration.fit.calibrate import prior_ensemble as draw
    from calibration.fit.calibrate import write_ensemble

    drawn, predicted = draw(members)
    Evidence.TO_2020.posterior.parent.mkdir(exist_ok=True)
    write_ensemble(drawn, predicted, Evidence.TO_2020.posterior, Evidence.TO_2020.forecast)
    Evidence.TO_2020.uncalibrated.write_text(
        "Drawn from the priors; nothing has been fitted.\n", encoding="utf-8", newline="\n"
    )
    typer.echo(f"{Evidence.TO_2020.posterior.name}: {members} members drawn from the priors", err=True)


@app.command()
@exit_on_mistakes()
def population_account() -> None:
    """Print the population account of 2010-2020 in docs/data.md: migration, births, deaths and registration."""
    from calibration.census.population_account import tables_text

    typer.echo(tables_text(), nl=False)


@app.command()
@exit_on_mistakes()
def transfer() -> None:
    """Write docs/transfer.md: the posteriors of all calibrated cities side by side."""
    from calibration.cities.transfer import write_page

    write_page()


@app.command()
@exit_on_mistakes()
def districts() -> None:
    """Foretell the districts of 2020 from 2010 with nothing of 2020 fitted; write the table into the city's pack."""
    from calibration.cities.districts import scores, write_table

    typer.echo(scores(write_table()).round(1).to_string(index=False))


@app.command()
@exit_on_mistakes()
def history(check: Check = False, evidence: Seen = Evidence.TO_2020) -> None:
    """Write docs/history.md and its figures, for another city in its pack: simulated against observed, 2010-2020."""
    from calibration.history.report import update_page

    stale = update_page(evidence, write=not check)
    if check and stale:
        names = ", ".join(path.name for path in stale)
        typer.echo(f"out of date: {names}; run `python -m calibration history`", err=True)
        raise typer.Exit(1)


@app.command()
@exit_on_mistakes()
def study(
    name: Annotated[Study, typer.Argument(help="Which study.")],
    count: Annotated[int, typer.Option(min=2, help="Number of synthetic-truth experiments (coverage only).")] = 100,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the random numbers.")] = 2020,
    evidence: Seen = Evidence.TO_2020,
) -> None:
    """Run a study of the calibration and write its part of docs/calibration_studies.md, or of that page in the pack.

    coverage: do credible intervals contain the true parameters of synthetic data? (a quarter of an hour)
    leave-out: how does the posterior change without each observed series? (minutes)
    equifinality: which parameters and conclusions differ between members that fit equally well? (minutes)
    """
    from rich.console import Console
    from rich.progress import Progress

    from calibration.studies.study import write_study

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(name.capitalize(), total=None)
        write_study(name, count, seed, evidence, lambda done, of: bar.update(task, completed=done, total=of))


@app.command()
@exit_on_mistakes()
def first_fit(
    write: Annotated[bool, typer.Option("--write", help="Put the fitted values into the pack.")] = False,
    pack: Pack = PACK,
) -> None:
    """Fit the starting values of the model by least squares and print them beside those of the pack."""
    from calibration.studies.first_fit import update_values

    typer.echo(update_values(pack, write=write), nl=False)


if __name__ == "__main__":
    app(prog_name="python -m calibration")
