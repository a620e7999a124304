"""What a comparison of two scenarios is about: scenarios, indicators, members, and who reaches targets in time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Final

import xarray as xr

from analysis.comparison.contributions import EXACT_UP_TO, Comparison
from analysis.outcome.ensembles import by_member
from model.definition import Variable
from model.engine import CompiledModel
from model.engine.pysd_model import ReferenceModel
from scenarios import Scenario, Target, is_reached, load_levers

Progress = Callable[[int, int], None]
YEARS: Final = (2025.0, 2030.0, 2035.0)
#: Seconds that a comparison takes from its start, unless members are asked for.
SECONDS: Final = 110.0
#: What comes after the levers are traced, probabilities and charts among it, takes as long as so many runs.
LATER_RUNS: Final = 5000
#: With fewer members nothing can be said about a band; more than these are not needed for one.
FEWEST, MOST = 20, 200
#: Members are taken in steps, so that two calls are likely to take as many.
STEP: Final = 10
#: Orders that are sampled, as many as there is time for.
ORDERS: Final = (32, 16, 8)


def shown_years(starts: int) -> tuple[float, float]:
    """Return the years of the charts for levers that act from the beginning of a year on.

    Examples
    --------
    >>> shown_years(2021), shown_years(2026)
    ((2025.0, 2035.0), (2030.0, 2035.0))
    """
    return next(year for year in YEARS[:-1] if year >= starts or year == YEARS[-2]), YEARS[-1]


@dataclass(frozen=True)
class Effort:
    """How closely a comparison looks."""

    members: int
    #: Up to so many levers all coalitions are run; of more, so many orders are sampled.
    exact_up_to: int
    orders: int
    #: Coalitions run with each member.
    coalitions: int


def affordable_effort(seconds: float, seconds_per_run: float, coalitions: Callable[[int, int], int]) -> Effort:
    """Return the effort that takes so many seconds: fewer orders first where even few members take longer.

    Parameters
    ----------
    seconds, seconds_per_run
        What is left, and how long a run takes.
    coalitions
        How many are run with each member, by ``exact_up_to`` and ``orders``.

    Examples
    --------
    >>> affordable_effort(100.0, 0.002, lambda exact, orders: 600 * orders // 32).members
    80
    >>> affordable_effort(100.0, 0.016, lambda exact, orders: 600 * orders // 32)
    Effort(members=20, exact_up_to=0, orders=16, coalitions=300)
    """
    effort = Effort(FEWEST, 0, ORDERS[-1], 0)
    for exact_up_to, orders in ((EXACT_UP_TO, ORDERS[0]), *((0, count) for count in ORDERS)):
        each = coalitions(exact_up_to, orders)
        count = int(seconds / seconds_per_run / each)
        effort = Effort(min(MOST, max(FEWEST, count // STEP * STEP)), exact_up_to, orders, each)
        if count >= FEWEST:
            break
    return effort


def compare_until(
    time_is_up: Callable[[float], bool],
    compare: Callable[[xr.Dataset, Progress], Comparison],
    members: xr.Dataset,
    progress: Progress = lambda done, of: None,
) -> Comparison:
    """Compare with `FEWEST` members, then with `STEP` more at a time, up to those given or until the time is up.

    Parameters
    ----------
    time_is_up
        Whether there is no time for another step, which takes about so many seconds.
    compare
        The comparison over some members; what it does for one does not depend on the others.
    """
    parts: list[Comparison] = []
    count, done = members.sizes["member"], 0
    while done < count:
        more = min(STEP if parts else FEWEST, count - done)
        began = perf_counter()

        def told(runs: int, of: int, done: int = done, more: int = more) -> None:
            progress(done * of // more + runs, count * of // more)

        parts.append(compare(members.isel(member=slice(done, done + more)), told))
        done += more
        if time_is_up((perf_counter() - began) * STEP / more):
            break
    joined = {
        name: xr.concat([getattr(part, name) for part in parts], "member", data_vars="minimal").assign_coords(
            member=range(done)
        )
        for name in ("values", "contributions", "sampling_error", "alone", "last")
    }
    return replace(parts[0], **joined)


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
