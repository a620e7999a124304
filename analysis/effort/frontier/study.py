"""The frontier of least effort against the probability of reaching a target.

One least-effort problem (`analysis.effort.search`) for each probability, all with the same members and trials. The last
one asks for every member of the sample. What a setting gives is told by the members not searched with. The knee is the
point with effort farthest from the straight line between the ends of the frontier, both axes scaled to one (Das 1999,
On characterizing the "knee" of the Pareto curve).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import xarray as xr

from analysis.effort.levers import RAMP, Measure, Values, total_effort
from analysis.effort.plausible import Gate, describe_outside
from analysis.effort.request import EVALUATIONS, SEED, check_request
from analysis.effort.search import least_effort, round_up_shares
from analysis.effort.trials import SearchProblem, Trials
from analysis.outcome.futures import City
from analysis.outcome.shares import Share
from scenarios import ROUNDING, Target, is_reached

#: Probabilities of the frontier, in rising order; 1 asks for every member.
PROBABILITIES: Final = (0.1, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
#: Searches for each probability: the frontier is a curve, whose points confirm one another.
STARTS: Final = 1


@dataclass(frozen=True)
class Frontier:
    """Effort by probability."""

    target: Target
    measures: tuple[Measure, ...]
    ramp: float
    #: By rising probability; where it is not reachable, the setting of highest probability. ``outside`` says what makes
    #: a setting implausible and is empty where nothing does.
    table: pd.DataFrame
    #: Axes row of the table, lever.
    shares: Values
    #: Number of members used in the search, and of the others.
    searched: int
    others: int
    #: How many of them reach the target without any lever.
    searched_without: int
    others_without: int
    seed: int


def frontier(
    city: City,
    target: Target,
    measures: Sequence[Measure],
    members: xr.Dataset,
    searched: int,
    *,
    probabilities: Sequence[float] = PROBABILITIES,
    ramp: float = RAMP,
    evaluations: int = EVALUATIONS,
    seed: int = SEED,
    gate: Gate | None = None,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Frontier:
    """Find the least effort for each probability; arguments as for `analysis.effort.backcast.study.backcast`."""
    wanted = sorted(set(probabilities))
    for probability in wanted:
        check_request(probability, measures, members.sizes["member"], searched, ramp, STARTS, evaluations)
    trials = Trials(city, measures, members.isel(member=slice(searched)), [target], ramp)
    known: dict[bytes, Values] = {}
    points: list[tuple[float, bool, Values]] = []
    for index, probability in enumerate(wanted):
        progress(index, len(wanted))
        problem = SearchProblem(trials, probability, known)
        shares, reachable = least_effort(problem, STARTS, evaluations, seed)
        if not reachable:
            points += [(more, False, shares) for more in wanted[index:]]
            break
        points.append((probability, True, round_up_shares(problem, shares) if shares.any() else shares))
    shares = np.array([row for _, _, row in points])
    rest = members.isel(member=slice(searched, None))
    seen, outside = trials.evaluate(shares, gate)
    seen = seen[:, 0]
    with_unmoved = np.vstack([np.zeros(len(measures)), shares])
    unmoved_unseen, *unseen = Trials(city, measures, rest, [target], ramp).margins(with_unmoved)[:, 0]
    unmoved_seen = trials.margins(with_unmoved[:1])[0, 0]
    spent = total_effort(measures, shares)
    rows = []
    for index, (probability, reachable, row) in enumerate(points):
        own, others = (Share(int(is_reached(m[index]).sum()), len(m[index])) for m in (seen, unseen))
        rows.append(
            {
                "probability_asked_for": probability,
                "reachable": reachable,
                "effort": float(spent[index]),
                "levers": int(np.count_nonzero(row)),
                "probability_of_others": others.probability,
                "probability_of_others_se": others.standard_error,
                "probability": own.probability,
                "probability_se": own.standard_error,
                "knee": False,
                "outside": describe_outside(outside[index], "en") if outside else "",
            }
        )
    table = pd.DataFrame(rows)
    reached = table.index[table["reachable"] & (table["outside"] == "")]
    index_of_knee = find_knee(
        table.loc[reached, "probability_of_others"].to_numpy(), table.loc[reached, "effort"].to_numpy()
    )
    if index_of_knee is not None:
        table.loc[reached[index_of_knee], "knee"] = True
    progress(len(wanted), len(wanted))
    return Frontier(
        target,
        tuple(measures),
        ramp,
        table,
        shares,
        searched,
        members.sizes["member"] - searched,
        int(is_reached(unmoved_seen).sum()),
        int(is_reached(unmoved_unseen).sum()),
        seed,
    )


def find_knee(probability: Values, spent: Values) -> int | None:
    """Return the index of the point with effort that lies farthest below the line between the ends; None without one.

    Of points without effort the last is the end.
    """
    first = max(0, int(np.count_nonzero(spent <= ROUNDING)) - 1)
    probability, spent = probability[first:], spent[first:]
    if len(probability) < 3 or probability[-1] <= probability[0] or spent[-1] <= spent[0]:
        return None
    across = (probability - probability[0]) / (probability[-1] - probability[0])
    up = (spent - spent[0]) / (spent[-1] - spent[0])
    below = across - up
    best = int(below.argmax())
    return first + best if below[best] > ROUNDING else None
