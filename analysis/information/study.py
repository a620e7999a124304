"""One study of what it is worth to know more before choosing among scenarios."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import xarray as xr

from analysis import result_files
from analysis.futures import Runnable, judge, settings
from analysis.information.collectable import Collectable, values
from analysis.information.utility import WEIGHTS, Kind, UtilityError, check, effort, utilities
from analysis.information.value import (
    FEWEST,
    RESAMPLES,
    Information,
    InformationError,
    expected_gain,
    value_of_information,
)
from model.definition import Variable
from scenarios import Lever, Scenario, Target, load_scenarios, shipped_scenarios

#: Of parts and resamples, unless another is asked for.
SEED: Final = 2035
#: The year at whose end the states that a statistic tells are taken.
START: Final = 2020
#: Weights of effort for which the choice and EVPI are told too, in parts of the usual weight.
SWEEP: Final = tuple(place / 10 for place in range(31))


@dataclass(frozen=True)
class Weighed:
    """A choice for one weight of effort."""

    weight: float
    chosen: str
    perfect: float


@dataclass(frozen=True)
class Study:
    """What was asked and what came out.

    Attributes
    ----------
    scenarios
        The options, by name.
    targets, kind, weight, efforts
        What the utility is made of.
    utility
        Dims ``member`` and ``scenario``.
    statistics, told
        What could be collected, and what it would say in each member.
    found
        The answer.
    sweep
        The choice and EVPI by weight of effort.
    facts
        Manifest.
    """

    scenarios: Mapping[str, Scenario]
    targets: Sequence[Target]
    kind: Kind
    weight: float
    efforts: Mapping[str, float]
    utility: xr.DataArray
    statistics: Mapping[str, Collectable]
    told: Mapping[str, np.ndarray[tuple[int, int], np.dtype[np.float64]]]
    found: Information
    sweep: Sequence[Weighed]
    facts: Mapping[str, str]

    @property
    def chosen(self) -> str:
        """The scenario of highest expected utility."""
        return str(self.utility["scenario"].values[self.found.chosen])


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

    Examples
    --------
    >>> options()[1].name  # doctest: +SKIP
    'plan'
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
    weight: float,
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
    kind, weight
        As for `analysis.information.utility.utilities`.
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

    Examples
    --------
    >>> study(city, options(), targets, read_members(100), variables, levers, statistics)  # doctest: +SKIP
    """

    def told(task: str) -> Callable[[int, int], None] | None:
        return None if progress is None else lambda done, of: progress(task, done, of)

    efforts = {scenario.name: effort(scenario, levers) for scenario in chosen}
    check(kind, targets, weight)
    check_size(members)
    margins = {
        scenario.name: judge(city, settings(scenario, members, variables)[0], targets, told(f"Running {scenario.name}"))
        for scenario in chosen
    }
    start = _start(city, members, statistics)
    known = {name: values(statistic, members, start) for name, statistic in statistics.items()}
    utility = utilities(kind, targets, margins, efforts, weight)
    found = value_of_information(
        utility.to_numpy(), known, resamples=resamples, seed=seed, progress=told("Resampling members")
    )
    facts = result_files.joint_manifest(chosen, members) | {
        "study_seed": str(seed),
        "utility": kind,
        "effort_weight": f"{weight:g}",
        "targets": ", ".join(target.id for target in targets),
        "resamples": str(resamples),
    }
    return Study(
        {scenario.name: scenario for scenario in chosen},
        targets,
        kind,
        weight,
        efforts,
        utility,
        statistics,
        known,
        found,
        _sweep(kind, targets, margins, efforts),
        facts,
    )


def _start(city: Runnable, members: xr.Dataset, statistics: Mapping[str, Collectable]) -> xr.Dataset:
    wanted = list(dict.fromkeys(name for statistic in statistics.values() for name in statistic.variables))
    if not wanted:
        return xr.Dataset()
    drawn = {str(name): array.rename(member="run") for name, array in members.data_vars.items()}
    return city.run(drawn, outputs=wanted, final_time=START + 1.0).sel(time=START)


def _sweep(
    kind: Kind, targets: Sequence[Target], margins: Mapping[str, xr.DataArray], efforts: Mapping[str, float]
) -> tuple[Weighed, ...]:
    found = []
    for part in SWEEP:
        weight = part * WEIGHTS[kind]
        utility = utilities(kind, targets, margins, efforts, weight)
        chosen = str(utility["scenario"].values[int(np.argmax(utility.mean("member").to_numpy()))])
        found.append(Weighed(weight, chosen, expected_gain(utility.to_numpy())))
    return tuple(found)
