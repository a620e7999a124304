"""What a comparison of two scenarios is about: scenarios, indicators, members, and who reaches targets in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import xarray as xr

from analysis.outcome.ensembles import by_member
from model.definition import Variable
from model.engine import CompiledModel
from model.engine.pysd_model import ReferenceModel
from scenarios import Scenario, Target, is_reached, load_levers

YEARS: Final = (2025.0, 2030.0, 2035.0)
#: Runs of the model that take about two minutes on two quiet processors.
USUAL_RUNS: Final = 60_000
#: With fewer members nothing can be said about a band; more than these are not needed for one.
FEWEST, MOST = 20, 200


def shown_years(starts: int) -> tuple[float, float]:
    """Return the years of the charts for levers that act from the beginning of a year on.

    Examples
    --------
    >>> shown_years(2021), shown_years(2026)
    ((2025.0, 2035.0), (2030.0, 2035.0))
    """
    return next(year for year in YEARS[:-1] if year >= starts or year == YEARS[-2]), YEARS[-1]


def usual_members(runs_per_member: int) -> int:
    """Return how many members are compared unless another number is asked for: fewer where each needs many runs.

    Examples
    --------
    >>> usual_members(2), usual_members(600), usual_members(4096)
    (200, 100, 20)
    """
    return min(MOST, max(FEWEST, USUAL_RUNS // runs_per_member))


def in_time(
    model: CompiledModel | ReferenceModel, scenarios: Sequence[Scenario], members: xr.Dataset, targets: Sequence[Target]
) -> xr.Dataset:
    """Return by target which members reach it in time, dims ``scenario`` and ``member``."""
    outputs, each = list(dict.fromkeys(str(target.variable) for target in targets)), []
    for scenario in scenarios:
        run = by_member(model.run(scenario.settings(members), outputs=outputs))
        reached = {
            target.id: is_reached(target.margin(run[target.variable].sel(time=target.year, drop=True)))
            for target in targets
        }
        each.append(xr.Dataset(reached))
    return xr.concat(each, "scenario").assign_coords(scenario=[scenario.name for scenario in scenarios])


def lever_title(constant: str, language: str, variables: Mapping[str, Variable]) -> str:
    """Return what a changed constant is called, a lever or an assumption.

    Examples
    --------
    >>> lever_title("TALENT SUBSIDY", "en", {})
    'subsidy for young talent'
    """
    levers = load_levers()
    if constant in levers:
        return str(levers[constant].title[language])
    return variables[constant].term if language == "zh" else constant.lower()
