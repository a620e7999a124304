"""Studies of the calibration, each of which writes its part of ``calibration_studies.md``.

``python -m calibration study NAME`` runs them.
"""
# Coverage: a study takes minutes; its parts are tested one by one, in tests/calibration/test_studies.py.

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import pandas as pd

from calibration.fit.calibrate import problem_of
from calibration.fit.ensemble import read_members, read_stored
from calibration.fit.ensemble_runs import headline_values, squared_deviations
from calibration.fit.evidence import Evidence
from calibration.fit.sampler import best_fit, reference
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
from calibration.studies.synthetic_truth import experiment
from model import load_model
from model.city import city
from model.files.atomic import replaced
from model.files.repository import ROOT
from scenarios import shipped_scenarios

#: Of the city that the project's documentation tells of; of another in its pack.
PAGE: Final = (ROOT / "docs" if city().is_usual else city().folder / "calibration") / "calibration_studies.md"
OPENING: Final = """\
# Studies of the calibration

Written by `python -m calibration study coverage`, `... leave-out` and `... equifinality`, each its own part; nothing
here is typed by hand.
"""


Progress = Callable[[int, int], None]


def write_study(name: str, count: int, seed: int, evidence: Evidence, progress: Progress) -> None:
    """Run a study and put its part into the page, which is written whole or not at all; arguments as of `run_study`."""
    text = run_study(name, count, seed, evidence, progress)
    page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else OPENING
    with replaced(PAGE) as partial:
        partial.write_text(with_part(page, name, text), encoding="utf-8", newline="\n")


def run_study(name: str, count: int, seed: int, evidence: Evidence, progress: Progress) -> str:
    """Run one study ("coverage", "leave-out" or "equifinality") and return its part of the page.

    `count` is the number of experiments of the coverage study, `evidence` that of the ensemble that the others
    look at.
    """
    members = None if name == "coverage" else read_members(evidence=evidence)
    model = load_model()
    problem = problem_of(evidence, model)
    if members is None:
        results = []
        for number in range(count):
            results.append(experiment(problem, seed, number))
            progress(number + 1, count)
        return coverage_text(pd.concat(results, ignore_index=True), seed)
    fit = best_fit(problem, np.zeros(problem.priors.size))
    if name == "leave-out":
        return leave_out_text(shifts(problem, members, fit, seed, progress), members, seed)
    misfit = squared_deviations(model, members, problem.targets, problem.later).sum("series").to_numpy() / 2
    good = equally_good(misfit)
    values = headline_values(model, members.isel(member=np.flatnonzero(good)), shipped_scenarios())
    stored = read_stored(evidence)
    pinned = pinned_text(problem.priors, stored, problem.jacobian(fit.point), reference(problem, fit).deviation)
    return equifinality_text(members, [*pinned, *conclusions_text(values, misfit[good])])
