"""What the two urbanization rates and the budget cost each other: settings of which none is better in all three.

The front is found by NSGA-III (Deb and Jain 2014, as pymoo keeps it) on what nine members in ten have: a rate that is
at least so high, a fiscal gap that is at most so large. Its knees are the points from which a little more of one thing
costs much of the others (Rachmawati and Srinivasan 2009; pymoo's ``HighTradeoffPoints``), named after what they favour.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr

from analysis.effort.backcast.study import EVALUATIONS, check_request
from analysis.effort.levers import RAMP, Measure, Values, effort
from analysis.effort.plausible import Gate
from analysis.effort.trials import City, Trials, assured
from scenarios import Target

#: Years that are looked at, one front for each.
YEARS: Final = (2025, 2035)
#: Steps along each edge of the directions that the front is spread over: 45 settings.
PARTITIONS: Final = 8
GENERATIONS: Final = 30
#: Members that the front is searched with; all others judge it.
MEMBERS: Final = 24
#: The share of members that has at least what is told.
ROBUST: Final = 0.9
SEED: Final = 2020
#: A knee is balanced if it stands within this share of the front's span in all objectives.
BALANCED: Final = 0.25

#: Differences of the two rates (points) and of the gap (percent of revenue) that are below what is told.
NOTICEABLE: Final = np.array([0.1, 0.1, 0.5])
OBJECTIVES: Final = ("resident rate", "registered rate", "fiscal gap ratio")
TRADEOFF_COLUMNS: Final = (
    "year",
    "point",
    "resident_rate",
    "registered_rate",
    "fiscal_gap_ratio",
    "resident_rate_of_others",
    "registered_rate_of_others",
    "fiscal_gap_ratio_of_others",
    "effort",
    "knee",
    "name",
)


@dataclass(frozen=True)
class Tradeoffs:
    """Fronts of the three objectives."""

    measures: tuple[Measure, ...]
    ramp: float
    #: `TRADEOFF_COLUMNS`: rates in percent, the gap in percent of budget revenue; the first point of a year is the
    #: baseline, which need not lie on the front.
    table: pd.DataFrame
    #: Axes row of the table, lever.
    shares: Values
    searched: int
    others: int
    generations: int
    seed: int


def objectives(year: int) -> tuple[Target, Target, Target]:
    """Return the three quantities of a year, as targets whose margin is the quantity, larger being better."""
    words = {"zh": "", "en": ""}
    given = (
        ("resident rate", "at least", "target resident urbanization rate", 1.0),
        ("registered rate", "at least", "target registered urbanization rate", 1.0),
        ("fiscal gap ratio", "at most", "fiscal gap ratio", 0.01),
    )
    found = [
        Target(name, words, "", "core", year, 0.0, comparison, "percent", variable, factor)
        for name, comparison, variable, factor in given
    ]
    return found[0], found[1], found[2]


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
    city
        The model.
    measures
        The levers that may be moved.
    members
        Parameter sets, dim ``member``: the first `searched` for the search, the others to judge the front by.
    years
        Saved years.
    ramp
        Years from a lever's start until it works in full.
    generations, seed
        Of NSGA-III.
    gate
        The ranges that a setting has to stay within to be on a front.
    progress
        Called with the generations made and how many there will be.

    Raises
    ------
    EffortError
        As `analysis.effort.backcast.study.backcast`.
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
        trials, judge = (
            Trials(city, measures, members.isel(member=part), goals, ramp)
            for part in (slice(searched), slice(searched, None))
        )
        front = _front(trials, generations, seed, gate, step)
        rows = np.vstack([np.zeros((1, len(measures))), front])
        tables.append(_table(year, rows, trials, judge))
        shares.append(rows)
    table = pd.concat(tables, ignore_index=True)[list(TRADEOFF_COLUMNS)]
    others = members.sizes["member"] - searched
    return Tradeoffs(tuple(measures), ramp, table, np.vstack(shares), searched, others, generations, seed)


def _held(trials: Trials, shares: Values) -> Values:
    """What a share `ROBUST` of members has of each objective, larger being better; axes candidate, objective."""
    return assured(trials.margins(shares), ROBUST)


def _front(trials: Trials, generations: int, seed: int, gate: Gate | None, step: Callable[[], None]) -> Values:
    # pymoo takes as long to import as a run of the city.
    from pymoo.algorithms.moo.nsga3 import NSGA3
    from pymoo.config import Config
    from pymoo.core.problem import Problem
    from pymoo.optimize import minimize
    from pymoo.util.ref_dirs import get_reference_directions

    Config.warnings["not_compiled"] = False
    low = np.array([measure.lowest_share for measure in trials.measures])
    high = np.array([measure.highest_share for measure in trials.measures])

    class Levers(Problem):  # type: ignore[misc]
        def _evaluate(self, shares: Values, out: dict[str, Any], *_: Any, **__: Any) -> None:
            margins, outside = trials.judged(shares, gate)
            out["F"] = -assured(margins, ROBUST)
            if gate is not None:
                out["G"] = np.array([[sum(each.widths for each in told)] for told in outside])

    directions = get_reference_directions("das-dennis", len(OBJECTIVES), n_partitions=PARTITIONS)
    first = np.random.default_rng(seed).uniform(low, high, (len(directions), len(low)))
    # To leave every lever alone is always possible.
    first[0] = 0.0
    found = minimize(
        Levers(n_var=len(low), n_obj=len(OBJECTIVES), n_ieq_constr=int(gate is not None), xl=low, xu=high),
        NSGA3(pop_size=len(directions), ref_dirs=directions, sampling=first),
        ("n_gen", generations),
        seed=seed,
        callback=lambda _: step(),
    )
    if found.X is None:
        return np.zeros((0, len(low)))
    front = np.atleast_2d(found.X)
    return np.asarray(front[np.argsort(np.atleast_2d(found.F)[:, 0], kind="stable")])


def _table(year: int, shares: Values, trials: Trials, judge: Trials) -> pd.DataFrame:
    found, of_others = _held(trials, shares), _held(judge, shares)
    spent = effort(trials.measures, shares)
    knees = named_knees(found[1:])
    rows = []
    for place in range(len(shares)):
        name = "baseline" if place == 0 else knees.get(place - 1, "")
        rows.append(
            {
                "year": year,
                "point": place,
                "resident_rate": found[place, 0],
                "registered_rate": found[place, 1],
                "fiscal_gap_ratio": -found[place, 2],
                "resident_rate_of_others": of_others[place, 0],
                "registered_rate_of_others": of_others[place, 1],
                "fiscal_gap_ratio_of_others": -of_others[place, 2],
                "effort": float(spent[place]),
                "knee": place - 1 in knees,
                "name": name,
            }
        )
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class Verdict:
    """Whether there is a trade-off in a year, on the front and from the baseline.

    Attributes
    ----------
    settings
        On the front.
    best
        Place in the front of a setting that no other betters in any objective by more than `NOTICEABLE`; None where
        there is a trade-off.
    better
        Places in the front of the settings that better the baseline in all objectives by more than `NOTICEABLE`.
    """

    settings: int
    best: int | None
    better: tuple[int, ...]


def verdict(table: pd.DataFrame, year: int) -> Verdict:
    """Say whether there is a trade-off in a year.

    Parameters
    ----------
    table
        `TRADEOFF_COLUMNS`, the first row of the year being the baseline.
    year
        One of the table.
    """
    rows = table.loc[table["year"] == year, ["resident_rate", "registered_rate", "fiscal_gap_ratio"]].to_numpy(float)
    points = rows * np.array([1.0, 1.0, -1.0])
    front = points[1:]
    if not len(front):
        return Verdict(0, None, ())
    near = (front >= front.max(axis=0) - NOTICEABLE).all(axis=1)
    better = (front > points[0] + NOTICEABLE).all(axis=1)
    best = int(np.flatnonzero(near)[0]) if near.any() else None
    return Verdict(len(front), best, tuple(int(place) for place in np.flatnonzero(better)))


def named_knees(front: Values) -> dict[int, str]:
    """Return the knees of a front, each named after the objective in which it stands highest along the front.

    Parameters
    ----------
    front
        Axes point, objective (`OBJECTIVES`), larger being better.

    Returns
    -------
    dict
        Place in the front to name; a knee that stands about as high in all of them is "balanced".

    Examples
    --------
    >>> named_knees(np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.9, 0.9, 0.9]]))
    {3: 'balanced'}
    """
    from pymoo.mcdm.high_tradeoff import HighTradeoffPoints

    if len(front) < 3 or (np.ptp(front, axis=0) == 0).any():
        return {}
    chosen = HighTradeoffPoints().do(-front)
    places = [] if chosen is None else sorted(int(place) for place in np.atleast_1d(chosen))
    along = (front - front.min(axis=0)) / np.ptp(front, axis=0)
    return {
        place: "balanced" if np.ptp(along[place]) < BALANCED else OBJECTIVES[int(along[place].argmax())]
        for place in places
    }
