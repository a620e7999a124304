"""The command `calibrate`."""

from __future__ import annotations

from typing import Annotated

import typer

from analysis.command_line import Seen, make_console, report_progress
from analysis.outcome import output_folder
from calibration.fit.evidence import NEWEST
from model.files.repository import require_repository


def calibrate(
    draws: Annotated[int, typer.Option(min=2, help="Number of members of the ensemble to draw.")] = 1000,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Seed of all random numbers; always the same if left out.")
    ] = None,
    evidence: Seen = NEWEST,
) -> None:
    """Fit the model to the record up to 2020 or 2023; write the ensemble, the forecast and the fit report.

    Takes a quarter of an hour to half an hour on two processors.
    """
    require_repository("python run_scenarios.py calibrate")
    # The samplers take longer to import than most commands to run.
    from calibration.fit.calibrate import SEED, Effort, write
    from calibration.fit.calibrate import calibrate as find_ensemble
    from calibration.fit.report import write_report

    console = make_console()
    output_folder.take(evidence.posterior.parent)
    replaced = [file.name for file in (evidence.posterior, evidence.forecast, evidence.report) if file.exists()]
    if replaced:
        console.print(f"Will replace, when done: {', '.join(replaced)}.")
    with report_progress() as report:
        calibration = find_ensemble(draws, evidence, seed=SEED if seed is None else seed, progress=report)
    write(calibration)
    write_report(calibration, Effort())
    console.print(
        f"Written: {evidence.posterior.name} ({draws} members), {evidence.forecast.name}, docs/{evidence.report.name}."
    )
