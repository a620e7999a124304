"""The command `calibrate`."""

from __future__ import annotations

from typing import Annotated

import typer

from analysis.command_line import make_console, report_progress
from analysis.outcome import output_folder
from calibration.fit.ensemble_file import POSTERIOR_FILE
from model.files.repository import require_repository


def calibrate(
    draws: Annotated[int, typer.Option(min=2, help="Number of members of the ensemble to draw.")] = 1000,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Seed of all random numbers; always the same if left out.")
    ] = None,
) -> None:
    """Fit the model to the observations up to 2020; write the ensemble, the forecast and the fit report.

    Takes about a quarter of an hour on two processors.
    """
    require_repository("python run_scenarios.py calibrate")
    # The samplers take longer to import than most commands to run.
    from calibration.fit.calibrate import SEED, Effort, write
    from calibration.fit.calibrate import calibrate as find_ensemble
    from calibration.fit.forecast import FORECAST_FILE
    from calibration.fit.report import REPORT_FILE, write_report

    console = make_console()
    output_folder.take(POSTERIOR_FILE.parent)
    replaced = [file.name for file in (POSTERIOR_FILE, FORECAST_FILE, REPORT_FILE) if file.exists()]
    if replaced:
        console.print(f"Will replace, when done: {', '.join(replaced)}.")
    with report_progress() as report:
        calibration = find_ensemble(draws, seed=SEED if seed is None else seed, progress=report)
    write(calibration)
    write_report(calibration, Effort())
    console.print(f"Written: {POSTERIOR_FILE.name} ({draws} members), {FORECAST_FILE.name}, docs/{REPORT_FILE.name}.")
