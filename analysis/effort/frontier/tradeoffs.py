"""Trade-offs between the two urbanization rates and the budget: the Pareto front of the levers.

The front is computed by NSGA-III (Deb and Jain 2014, as in pymoo) on the rates that nine members in ten have at least
and the fiscal gap that nine in ten do not exceed. Its knees are the points from which a little more of one objective
costs much of the others (Rachmawati and Srinivasan 2009; pymoo's ``HighTradeoffPoints``), named after what they favour.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr

from analysis.effort.levers import RAMP, Measure, Values, share_bounds, total_effort
from analysis.effort.plausible import Gate
from analysis.effort.request import EVALUATIONS, GENERATIONS, check_request
from analysis.effort.trials import Trials, margin_at_probability
from analysis.outcome.futures import City
from scenarios import Target

#: Years, one front for each: the plan's deadlines.
YEARS: Final = (2025, 2035)
#: The first year of the fronts where levers start after the plan's first deadline.
MIDDLE_YEAR: Final = 2030
#: Steps along each edge of the directions that the front is spread over: 45 settings.
PARTITIONS: Final = 8
#: Members that the front is searched with; all others test it.
MEMBERS: Final = 24
#: The share of members that has at least the value of an objective.
ROBUST: Final = 0.9
SEED: Final = 2020
#: A knee is balanced if it stands within this share of the front's span in all objectives.
BALANCED: Final = 0.25
#: Smaller differences of the two rates (points) and of the gap (percent of revenue) are not reported.
NOTICEABLE: Final = np.array([0.1, 0.1, 0.5])
OBJECTIVES: Final = ("resident rate", "registered rate", "fiscal gap ratio")
#: Columns of the objectives over the members not searched with, by which a front is judged.
JUDGED: Final = ("resident_rate_of_others", "registered_rate_of_others", "fiscal_gap_ratio_of_others")


@dataclass(frozen=True)
class Verdict:
    """Whether there is a trade-off in a year, on the front and from the baseline, for the members not searched with."""

    #: Number of settings on the front.
    settings: int
    #: Index in the front of a setting that no other exceeds in any objective by more than `NOTICEABLE`; None where
    #: there is a trade-off.
    best: int | None
    #: Indices in the front of the settings that exceed the baseline in all objectives by more than `NOTICEABLE`.
    better: tuple[int, ...]


@dataclass(frozen=True)
class Tradeoffs:
    """Fronts of the three objectives."""

    measures: tuple[Measure, ...]
    ramp: float
    #: Rates in percent, the gap in percent of budget revenue; the first point of a year is the baseline, which need not
    #: lie on the front.
    table: pd.DataFrame
    #: Axes row of the table, lever.
    shares: Values
    #: Number of members used in the search, and of the others.
    searched: int
    others: int
    generations: int
    seed: int

    @property
    def years(self) -> list[int]:
        """Years of the fronts."""
        return list(dict.fromkeys(self.table["year"].tolist()))

    @property
    def years_with_tradeoff(self) -> list[int]:
        """Years in which one objective has to be given up for another."""
        return [year for year in self.years if self.verdict(year).settings and self.verdict(year).best is None]

    def verdict(self, year: int) -> Verdict:
        """Return whether there is a trade-off in a year."""
        return judge_front(self.table[self.table["year"] == year])


def years_from(start: int) -> tuple[int, ...]:
    """Return the years of the fronts of levers that act from a year on.

    Examples
    --------
    >>> years_from(2021), years_from(2026)
    ((2025, 2035), (2030, 2035))
    """
    first = MIDDLE_YEAR if start > YEARS[0] else YEARS[0]
    return tuple(year for year in (first, *YEARS[1:]) if year >= start)


def objectives(year: int) -> tuple[Target, Target, Target]:
    """Return the three quantities of a year, as targets whose margin is the quantity, larger being better."""
    words = {"zh": "", "en": ""}
    given = (
        ("resident rate", "at least", "target resident urbanization rate", 1.0),
        ("registered rate", "at least", "target registered urbanization rate", 1.0),
        ("fiscal gap ratio", "at most", "fiscal gap ratio", 0.01),
    )
    first, second, third = (
        Target(name, words, "", "core", year, 0.0, comparison, "percent", variable, factor)
        for name, comparison, variable, factor in given
    )
    return first, second, third


def tradeoffs(
    city: City,
    measures: Sequence[Measure],
    members: xr.Dataset,
    searched: int = MEMBERS,
    *,
    years: Sequence[int] = YEARS,
    ramp: float = RAMP,
    generations: int = GENERATIONS,
    seed: int = SEED,
    gate: Gate | None = None,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Tradeoffs:
    """Search the front of each year.

    Parameters
    ----------
    members
        Parameter sets, dim ``member``: the first `searched` for the search, the others to test the front.
    gate
        The ranges that a setting stays within to be on a front.
    """
    check_request(ROBUST, measures, members.sizes["member"], searched, ramp, 1, EVALUATIONS)
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        progress(done, len(years) * generations)

    tables, shares = [], []
    for year in years:
        goals = objectives(year)
        trials, test = (
            Trials(city, measures, members.isel(member=part), goals, ramp)
            for part in (slice(searched), slice(searched, None))
        )
        front = _front(trials, generations, seed, gate, step)
        rows = np.vstack([np.zeros((1, len(measures))), front])
        tables.append(_table(year, rows, trials, test))
        shares.append(rows)
    table = pd.concat(tables, ignore_index=True)
    others = members.sizes["member"] - searched
    return Tradeoffs(tuple(measures), ramp, table, np.vstack(shares), searched, others, generations, seed)


def _front(trials: Trials, generations: int, seed: int, gate: Gate | None, step: Callable[[], None]) -> Values:
    # pymoo takes as long to import as a run of the city.
    from pymoo.algorithms.moo.nsga3 import NSGA3
    from pymoo.config import Config
    from pymoo.core.problem import Problem
    from pymoo.optimize import minimize
    from pymoo.util.ref_dirs import get_reference_directions

    Config.warnings["not_compiled"] = False
    low, high = share_bounds(trials.measures)

    class Levers(Problem):  # type: ignore[misc]
        def _evaluate(self, shares: Values, out: dict[str, Any], *_: Any, **__: Any) -> None:
            margins, outside = trials.evaluate(shares, gate)
            out["F"] = -margin_at_probability(margins, ROBUST)
            if gate is not None:
                out["G"] = np.array([[sum(each.widths for each in quantities)] for quantities in outside])

    directions = get_reference_directions("das-dennis", len(OBJECTIVES), n_partitions=PARTITIONS)
    first = np.random.default_rng(seed).uniform(low, high, (len(directions), len(low)))
    # Moving no lever is always possible.
    first[0] = 0.0
    result = minimize(
        Levers(n_var=len(low), n_obj=len(OBJECTIVES), n_ieq_constr=int(gate is not None), xl=low, xu=high),
        NSGA3(pop_size=len(directions), ref_dirs=directions, sampling=first),
        ("n_gen", generations),
        seed=seed,
        callback=lambda _: step(),
    )
    if result.X is None:
        return np.zeros((0, len(low)))
    front = np.atleast_2d(result.X)
    return np.asarray(front[np.argsort(np.atleast_2d(result.F)[:, 0], kind="stable")])


def _table(year: int, shares: Values, trials: Trials, test: Trials) -> pd.DataFrame:
    values, of_others = (margin_at_probability(each.margins(shares), ROBUST) for each in (trials, test))
    knees = named_knees(values[1:], of_others[1:])
    points = range(len(shares))
    return pd.DataFrame(
        {
            "year": year,
            "point": points,
            "resident_rate": values[:, 0],
            "registered_rate": values[:, 1],
            "fiscal_gap_ratio": -values[:, 2],
            "resident_rate_of_others": of_others[:, 0],
            "registered_rate_of_others": of_others[:, 1],
            "fiscal_gap_ratio_of_others": -of_others[:, 2],
            "effort": total_effort(trials.measures, shares),
            "knee": [point - 1 in knees for point in points],
            "name": ["baseline", *(knees.get(point - 1, "") for point in points[1:])],
        }
    )


def judge_front(table: pd.DataFrame) -> Verdict:
    """Return whether the front of a year, whose first row is the baseline, is a trade-off."""
    rows = table[list(JUDGED)].to_numpy(float)
    points = rows * np.array([1.0, 1.0, -1.0])
    front = points[1:]
    if not len(front):
        return Verdict(0, None, ())
    near = (front >= front.max(axis=0) - NOTICEABLE).all(axis=1)
    better = (front > points[0] + NOTICEABLE).all(axis=1)
    best = int(np.flatnonzero(near)[0]) if near.any() else None
    return Verdict(len(front), best, tuple(np.flatnonzero(better).tolist()))


def named_knees(front: Values, judged: Values | None = None) -> dict[int, str]:
    """Return the knees of a front by index, each named after the objective in which it stands highest along the front.

    A knee that stands about as high in all of them is "balanced". Where the same settings are judged by other members,
    these name the knees. Axes are point and objective (`OBJECTIVES`), larger being better.
    """
    from pymoo.mcdm.high_tradeoff import HighTradeoffPoints

    if len(front) < 3 or (np.ptp(front, axis=0) == 0).any():
        return {}
    knees = HighTradeoffPoints().do(-front)
    indices = [] if knees is None else sorted(np.atleast_1d(knees).tolist())
    values = front if judged is None or (np.ptp(judged, axis=0) == 0).any() else judged
    along = (values - values.min(axis=0)) / np.ptp(values, axis=0)
    return {
        index: "balanced" if np.ptp(along[index]) < BALANCED else OBJECTIVES[int(along[index].argmax())]
        for index in indices
    }
