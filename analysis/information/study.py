"""One study of what it is worth to know more before choosing among scenarios."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import xarray as xr

from analysis.information.choice import Choice, choose, envelope
from analysis.information.collectable import Collectable, values
from analysis.information.utility import Kind, UtilityError, check, effort, utilities
from analysis.information.value import FEWEST, RESAMPLES, ByWeight, InformationError, value_by_weight
from analysis.outcome import files as result_files
from analysis.outcome.futures import Runnable, judge, settings
from model.definition import Variable
from scenarios import Lever, Scenario, Target, load_scenarios, shipped_scenarios

#: Of parts and resamples, unless another is asked for.
SEED: Final = 2035
#: The year at whose end the states that a statistic tells are taken.
START: Final = 2020
#: Steps from a weight of nil to the largest one that is looked at.
STEPS: Final = 30
#: The largest weight looked at, in times of the last one at which the leading option changes.
BEYOND: Final = 1.5
#: The largest weight looked at where the leading option never changes.
USUAL: Final[Mapping[Kind, float]] = {"targets": 0.3, "shortfall": 3.0}


@dataclass(frozen=True)
class Study:
    """What was asked and what came out.

    Attributes
    ----------
    scenarios
        The options, by name.
    targets, kind, efforts
        What the utility is made of.
    weight
        A weight of effort that was asked for; None without one.
    gain
        Utility before effort is taken off, dims ``member`` and ``scenario``.
    statistics, told
        What could be collected, and what it would say in each member.
    choice
        Which option leads at which weight of effort.
    worth
        What information is worth at each weight.
    facts
        Manifest.
    """

    scenarios: Mapping[str, Scenario]
    targets: Sequence[Target]
    kind: Kind
    weight: float | None
    efforts: Mapping[str, float]
    gain: xr.DataArray
    statistics: Mapping[str, Collectable]
    told: Mapping[str, np.ndarray[tuple[int, int], np.dtype[np.float64]]]
    choice: Choice
    worth: ByWeight
    facts: Mapping[str, str]

    def title(self, option: int, language: str) -> str:
        """Return the title of the option at a place."""
        return str(list(self.scenarios.values())[option].title[language])


def options(names: Sequence[str] | None = None) -> tuple[Scenario, ...]:
    """Return the scenarios that can be chosen among.

    Parameters
    ----------
    names
        Shipped names or paths; every shipped scenario that sets levers only if None.

    Raises
    ------
    UtilityError
        If a scenario that is named changes what nobody decides, or if fewer than two are left.
    """
    known = load_scenarios(names or shipped_scenarios())
    assumed = {s.name: [c.constant for c in s.changes if not c.policy] for s in known}
    if not names:
        return tuple(scenario for scenario in known if not assumed[scenario.name])
    problems = [
        f"{name} cannot be chosen: nobody decides {', '.join(constants)}."
        for name, constants in assumed.items()
        if constants
    ]
    if len(known) < 2:
        problems.append("Name two scenarios or more to choose from, or none for all that set levers only.")
    if problems:
        raise UtilityError("\n".join(problems))
    return known


def check_size(members: xr.Dataset) -> None:
    """Refuse an ensemble that is too small, before anything runs.

    Raises
    ------
    InformationError
        If there are fewer than `analysis.information.value.FEWEST` members.

    Examples
    --------
    >>> check_size(xr.Dataset(coords={"member": range(200)}))
    """
    if members.sizes["member"] < FEWEST:
        message = f"{members.sizes['member']} members are too few: {FEWEST} or more."
        raise InformationError(message)


def study(
    city: Runnable,
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
    progress: Callable[[str, int, int], None] | None = None,
) -> Study:
    """Run every option over the members and work out what information is worth.

    Parameters
    ----------
    city
        The model.
    chosen
        As from `options`.
    targets
        Those that the utility counts.
    members
        Parameter sets of the calibrated ensemble.
    variables, levers
        Of the model and of the plan, by name.
    statistics
        As from `analysis.information.collectable.load_collectables`.
    kind
        As for `analysis.information.utility.utilities`.
    weight
        A weight of effort to look at besides.
    resamples, seed
        As for `analysis.information.value.value_of_information`.
    progress
        Told the task, how much of it is done, and how much there is.

    Returns
    -------
    Study
        Everything that is printed, drawn and stored.

    Raises
    ------
    UtilityError
        If the weight of effort or a threshold makes no sense.
    InformationError
        If there are too few members.
    """

    def told(task: str) -> Callable[[int, int], None] | None:
        return None if progress is None else lambda done, of: progress(task, done, of)

    efforts = {scenario.name: effort(scenario, levers) for scenario in chosen}
    check(kind, targets, 0.0 if weight is None else weight)
    check_size(members)
    margins = {
        scenario.name: judge(city, settings(scenario, members, variables)[0], targets, told(f"Running {scenario.name}"))
        for scenario in chosen
    }
    start = _start(city, members, statistics)
    known = {name: values(statistic, members, start) for name, statistic in statistics.items()}
    gain = utilities(kind, targets, margins, efforts, 0.0)
    spent = np.array(list(efforts.values()))
    expected = gain.mean("member").to_numpy()
    worth = value_by_weight(
        gain.to_numpy(),
        spent,
        weights_looked_at(expected, spent, kind, weight),
        known,
        resamples=resamples,
        seed=seed,
        progress=told("Resampling members"),
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
        known,
        choose(expected, spent, worth.resampled),
        worth,
        facts,
    )


def weights_looked_at(
    expected: np.ndarray[tuple[int], np.dtype[np.float64]],
    efforts: np.ndarray[tuple[int], np.dtype[np.float64]],
    kind: Kind,
    weight: float | None = None,
) -> tuple[float, ...]:
    """Return the weights of effort at which information is valued: a grid, every flip, and one asked for.

    Examples
    --------
    >>> weights_looked_at(np.array([0.0, 1.0]), np.array([0.0, 2.0]), "targets")[-1]
    0.75
    """
    flips = [start for start, _ in envelope(expected, efforts)[1:]]
    last = max([BEYOND * max(flips, default=0.0) or USUAL[kind], *([weight] if weight is not None else [])])
    extra = np.array(flips if weight is None else [*flips, weight])
    grid = np.linspace(0.0, last, STEPS + 1)
    # A step that is a flip but for rounding would stand in the tables twice.
    apart = grid[~np.isclose(grid[:, None], extra).any(axis=1)] if len(extra) else grid
    return tuple(float(each) for each in np.unique([*apart, *extra]))


def _start(city: Runnable, members: xr.Dataset, statistics: Mapping[str, Collectable]) -> xr.Dataset:
    wanted = list(dict.fromkeys(name for statistic in statistics.values() for name in statistic.variables))
    if not wanted:
        return xr.Dataset()
    drawn = {str(name): array.rename(member="run") for name, array in members.data_vars.items()}
    return city.run(drawn, outputs=wanted, final_time=START + 1.0).sel(time=START)
