"""The command `calibrate`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from analysis.command_line import Seen, make_console
from analysis.outcome import output_folder
from analysis.progress import report_progress
from calibration.fit.evidence import NEWEST
from model.files.repository import require_repository

if TYPE_CHECKING:
    from calibration.fit.calibrate import Calibration


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
    from analysis.outcome.verdict import print_verdict
    from analysis.outcome.words import screen_text
    from calibration.fit.calibrate import SEED, Effort, write
    from calibration.fit.calibrate import calibrate as find_ensemble
    from calibration.fit.report import write_report

    console = make_console()
    output_folder.take(evidence.posterior.parent)
    replaced = [file.name for file in (evidence.posterior, evidence.forecast, evidence.report) if file.exists()]
    if replaced:
        console.print(screen_text("will replace", out=evidence.posterior.parent.name, files=", ".join(replaced)))
    with report_progress() as report:
        calibration = find_ensemble(draws, evidence, seed=SEED if seed is None else seed, progress=report)
    write(calibration)
    write_report(calibration, Effort())
    print_verdict(console, _verdict(calibration, draws))
    beside = evidence.report.parent == evidence.posterior.parent
    report_file = evidence.report.name if beside else f"docs/{evidence.report.name}"
    files = [evidence.posterior.name, evidence.forecast.name, report_file]
    console.print(screen_text("written", out=evidence.posterior.parent.name, files=", ".join(files)))


def _verdict(calibration: Calibration, draws: int) -> list[str]:
    """How many members were drawn and whether the sampler has converged, in the parameters that the record informs."""
    from analysis.outcome.words import screen_text
    from calibration.fit.calibrate import CONVERGED, ENOUGH, learnt_table

    learnt = learnt_table(calibration)
    known = learnt[learnt["learnt"]]
    wrong = int(((known["rhat"] >= CONVERGED) | (known["ess"] <= ENOUGH)).sum())
    numbers = {"rhat": known["rhat"].max(), "ess": known["ess"].min(), "converged": CONVERGED, "enough": ENOUGH}
    return [
        screen_text("calibrated", members=draws, evidence=calibration.evidence),
        screen_text("not converged" if wrong else "converged", wrong=str(wrong), learnt=len(known), **numbers),
    ]
