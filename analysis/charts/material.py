"""What charts of runs are drawn from, and how each scenario looks in all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xarray as xr

from analysis.charts.boundaries import Boundaries
from analysis.charts.style import BLACK, BLUE, DASHES, GREEN, ORANGE, PURPLE, SKY, VERMILION
from scenarios import Scenario, Target, load_scenarios, shipped_scenarios

#: Baseline and plan keep their colours; the others of a family take these in turn.
FAMILY_COLOURS = (ORANGE, GREEN, VERMILION, PURPLE, SKY)


@dataclass(frozen=True)
class Material:
    """What charts are drawn from."""

    scenarios: Mapping[str, Scenario]
    #: Results by scenario, of one run or of an ensemble as `analysis.outcome.ensembles.condensed` keeps them.
    runs: Mapping[str, xr.Dataset]
    targets: Sequence[Target]
    #: The manifest of each scenario's results.
    facts: Mapping[str, Mapping[str, str]]
    #: Colour and dash of each scenario.
    styles: Mapping[str, Mapping[str, Any]]
    #: Of the districts on maps, where the user gives them.
    boundaries: Boundaries | None = None


def gather(
    scenarios: Mapping[str, Scenario],
    runs: Mapping[str, xr.Dataset],
    targets: Sequence[Target],
    facts: Mapping[str, Mapping[str, str]],
    boundaries: Boundaries | None = None,
) -> Material:
    """Return the material of charts, with a look for each scenario that is the same in every chart and run.

    Parameters
    ----------
    scenarios, runs, facts
        Each scenario, its results, and their manifest, by name.
    targets
        The plan's targets.
    boundaries
        Of the districts on maps; tiles without.

    Examples
    --------
    >>> gather({"plan": load_scenarios(["plan"])[0]}, {}, [], {}).styles["plan"]["color"]
    '#0072B2'
    """
    known = {scenario.name: scenario for scenario in load_scenarios(shipped_scenarios())} | dict(scenarios)
    styles: dict[str, Mapping[str, Any]] = {
        "baseline": {"color": BLACK, "linestyle": "-"},
        "plan": {"color": BLUE, "linestyle": "-"},
    }
    for of_plan in (False, True):
        others = [name for name in known if name not in styles and _rests_on_plan(name, known) == of_plan]
        for position, name in enumerate(others):
            dash = DASHES[position // len(FAMILY_COLOURS) % len(DASHES)]
            styles[name] = {"color": FAMILY_COLOURS[position % len(FAMILY_COLOURS)], "linestyle": dash}
    return Material(scenarios, runs, targets, facts, styles, boundaries)


def _rests_on_plan(name: str, scenarios: Mapping[str, Scenario]) -> bool:
    """Say whether a scenario is the plan or changes it, directly or through its base."""
    while name != "plan":
        base = scenarios[name].base if name in scenarios else None
        if base is None:
            return False
        name = Path(base).stem
    return True


def families(material: Material) -> list[list[str]]:
    """Return the scenarios that are drawn together: few lines to a chart, each of another colour.

    The baseline is in each; the scenarios that change it come first, then the plan with those that change the plan.
    """
    names = list(material.runs)
    first = [name for name in names if name == "baseline"]
    of_plan = [name for name in names if _rests_on_plan(name, material.scenarios)]
    others = [name for name in names if name not in (*first, *of_plan)]
    return [[*first, *family] for family in (others, of_plan) if family] or [first]
