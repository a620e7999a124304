"""Studies of the calibration, each of which writes its part of ``docs/calibration_studies.md``.

``python -m calibration.studies.study coverage`` takes a quarter of an hour, ``leave-out`` and ``equifinality`` minutes.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from rich.console import Console
from rich.progress import Progress

from calibration.fit.calibrate import SEED
from calibration.fit.ensemble import POSTERIOR_FILE, read_members, read_stored
from calibration.fit.ensemble_runs import headline_values, squared_deviations
from calibration.fit.likelihood import calibration_targets
from calibration.fit.priors import read_priors
from calibration.fit.sampler import Problem, best_fit, reference
from calibration.studies.equifinality import equally_good
from calibration.studies.leave_one_out import shifts
from calibration.studies.report import (
    conclusions_text,
    coverage_text,
    equifinality_text,
    leave_out_text,
    pinned_text,
    with_part,
)
from calibration.studies.synthetic_truth import experiments
from model import load_model
from model.engine.errors import UserError
from model.files.atomic import replaced
from scenarios import shipped_scenarios

PAGE: Final = Path(__file__).parents[2] / "docs" / "calibration_studies.md"
STUDIES: Final = ("coverage", "leave-out", "equifinality")
#: Experiments with synthetic truth.
COUNT: Final = 100
OPENING: Final = """\
# Studies of the calibration

Written by `python -m calibration.studies.study coverage`, `... leave-out` and `... equifinality`, each its own
part; nothing here is typed by hand.
"""


def study(name: str, *, count: int, seed: int, ensemble: Path, console: Console) -> str:
    """Run one study and return its part of the page.

    Parameters
    ----------
    name
        One of `STUDIES`.
    count
        Experiments of the coverage study.
    seed
        Of all random numbers.
    ensemble
        File of the ensemble that the other studies look at.
    console
        Shows the progress.

    Raises
    ------
    EnsembleError, ObservationError, PriorError
        If the ensemble, the data or the priors cannot be used.
    """
    members = None if name == "coverage" else read_members(path=ensemble)
    model = load_model()
    problem = Problem(model, read_priors(), calibration_targets(model))
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(name.capitalize(), total=None)
        if members is None:
            found = []
            for done, one in enumerate(experiments(problem, count, seed), start=1):
                found.append(one)
                progress.update(task, completed=done, total=count)
            return coverage_text(pd.concat(found, ignore_index=True), seed)
        fit = best_fit(problem, np.zeros(problem.priors.size))
        if name == "leave-out":
            moves = shifts(
                problem, members, fit, seed, lambda done, of: progress.update(task, completed=done, total=of)
            )
            return leave_out_text(moves, members, seed)
        misfit = squared_deviations(model, members, problem.sought).sum("series").to_numpy() / 2
        good = equally_good(misfit)
        values = headline_values(model, members.isel(member=np.flatnonzero(good)), shipped_scenarios())
        stored = read_stored(ensemble)
        pinned = pinned_text(problem.priors, stored, problem.jacobian(fit.point), reference(problem, fit).deviation)
        return equifinality_text(members, [*pinned, *conclusions_text(values, misfit[good])])


def main(arguments: list[str] | None = None) -> int:
    """Run one study and write its part of the page.

    Parameters
    ----------
    arguments
        Command-line words; none means those of the process.

    Returns
    -------
    int
        0 if written, 2 if something cannot be used.

    Examples
    --------
    >>> main(["equifinality", "--ensemble", "no such file.nc"])
    2
    """
    parser = argparse.ArgumentParser(prog="python -m calibration.studies.study", description=__doc__)
    parser.add_argument("study", choices=STUDIES)
    parser.add_argument("--count", type=int, default=COUNT, help=f"experiments of coverage (default: {COUNT})")
    parser.add_argument("--seed", type=int, default=SEED, help=f"of all random numbers (default: {SEED})")
    parser.add_argument("--ensemble", type=Path, default=POSTERIOR_FILE, help="file of the ensemble")
    options = parser.parse_args(arguments)
    if options.count < 2 or options.seed < 0:
        parser.error("--count must be 2 or more, and --seed not negative")
    try:
        text = study(
            options.study,
            count=options.count,
            seed=options.seed,
            ensemble=options.ensemble,
            console=Console(stderr=True),
        )
        page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else OPENING
        with replaced(PAGE) as partial:
            partial.write_text(with_part(page, options.study, text), encoding="utf-8")
    except (UserError, OSError) as error:
        sys.stderr.write(f"studies: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
