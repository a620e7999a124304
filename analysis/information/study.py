"""A study of the value of information for the choice among scenarios."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import xarray as xr

from analysis.information.choice import Choice, choose, envelope
from analysis.information.collectable import Collectable, values
from analysis.information.request import SEED, Kind, check_size, check_utility
from analysis.information.utility import scenario_effort, utilities
from analysis.information.value import RESAMPLES, ByWeight, Values, value_by_weight
from analysis.outcome import files as result_files
from analysis.outcome.futures import City, judge, settings
from model.definition import Variable
from scenarios import Lever, Scenario, Target

#: The year at whose end the states of a statistic are taken.
START: Final = 2020
#: Steps from a weight of 0 to the largest one.
STEPS: Final = 30
#: The largest weight, as a multiple of the last one at which the leading option changes.
BEYOND: Final = 1.5
#: The largest weight where the leading option never changes.
USUAL: Final[Mapping[Kind, float]] = {"targets": 0.3, "shortfall": 3.0}


@dataclass(frozen=True)
class Study:
    """Request and result of a study."""

    #: The options, by name.
    scenarios: Mapping[str, Scenario]
    #: What the utility is of, with `efforts` by option.
    targets: Sequence[Target]
    kind: Kind
    #: A weight of effort that was asked for; None without one.
    weight: float | None
    efforts: Mapping[str, float]
    #: Utility before effort is subtracted, dims ``member`` and ``scenario``.
    gain: xr.DataArray
    #: The statistics that could be collected, and their values in each member.
    statistics: Mapping[str, Collectable]
    values: Mapping[str, Values]
    #: The leading option by weight of effort.
    choice: Choice
    #: Value of information by weight.
    worth: ByWeight
    #: Manifest.
    facts: Mapping[str, str]

    def title(self, option: int, language: str) -> str:
        """Return the title of an option, by its index."""
        return str(list(self.scenarios.values())[option].title[language])


def study(
    city: City,
    chosen: Sequence[Scenario],
    targets: Sequence[Target],
    members: xr.Dataset,
    variables: Mapping[str, Variable],
    levers: Mapping[str, Lever],
    statistics: Mapping[str, Collectable],
    *,
    kind: Kind,
    weight: float | None = None,
    resamples: int = RESAMPLES,
    seed: int = SEED,
    progress: Callable[[str, int, int], None] = lambda task, done, of: None,
) -> Study:
    """Run every option over the members and work out what information is worth, at the given weight of effort too."""
    efforts = {scenario.name: scenario_effort(scenario, levers) for scenario in chosen}
    check_utility(kind, targets, 0.0 if weight is None else weight)
    check_size(members.sizes["member"])
    margins = {
        scenario.name: judge(
            city, settings(scenario, members, variables)[0], targets, partial(progress, f"Running {scenario.name}")
        )
        for scenario in chosen
    }
    start = _start(city, members, statistics)
    statistic_values = {name: values(statistic, members, start) for name, statistic in statistics.items()}
    gain = utilities(kind, targets, margins)
    spent = np.array(list(efforts.values()))
    expected = gain.mean("member").to_numpy()
    worth = value_by_weight(
        gain.to_numpy(),
        spent,
        weight_grid(expected, spent, kind, weight),
        statistic_values,
        resamples=resamples,
        seed=seed,
        progress=partial(progress, "Resampling members"),
    )
    facts = result_files.joint_manifest(chosen, members) | {
        "study_seed": str(seed),
        "utility": kind,
        "effort_weight": "every" if weight is None else f"every, and {weight:g}",
        "targets": ", ".join(target.id for target in targets),
        "resamples": str(resamples),
    }
    return Study(
        {scenario.name: scenario for scenario in chosen},
        targets,
        kind,
        weight,
        efforts,
        gain,
        statistics,
        statistic_values,
        choose(expected, spent, worth.resampled),
        worth,
        facts,
    )


def weight_grid(expected: Values, efforts: Values, kind: Kind, weight: float | None = None) -> tuple[float, ...]:
    """Return the weights of effort at which information is valued: a grid, every flip, and the one asked for."""
    flips = [start for start, _ in envelope(expected, efforts)[1:]]
    last = max([BEYOND * max(flips, default=0.0) or USUAL[kind], *([weight] if weight is not None else [])])
    extra = np.array(flips if weight is None else [*flips, weight])
    grid = np.linspace(0.0, last, STEPS + 1)
    # A step that equals a flip within rounding would be in the tables twice.
    apart = grid[~np.isclose(grid[:, None], extra).any(axis=1)] if len(extra) else grid
    return tuple(float(each) for each in np.unique([*apart, *extra]))


def _start(city: City, members: xr.Dataset, statistics: Mapping[str, Collectable]) -> xr.Dataset:
    wanted = list(dict.fromkeys(name for statistic in statistics.values() for name in statistic.variables))
    if not wanted:
        return xr.Dataset()
    drawn = {str(name): array.rename(member="run") for name, array in members.data_vars.items()}
    return city.run(drawn, outputs=wanted, final_time=START + 1.0).sel(time=START)
