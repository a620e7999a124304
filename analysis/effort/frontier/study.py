"""The frontier of effort against probability: what the next point of certainty takes.

One least-effort problem (`least_effort`) for each probability, all with the same members and trials. The last
one asks for every member: no future of the ensemble is left out. The knee is the point farthest from the straight line
between the ends of the frontier, both axes scaled to one (Das 1999, On characterizing the "knee" of the Pareto curve).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import xarray as xr

from analysis.effort.backcast.study import EVALUATIONS, SEED, check_request
from analysis.effort.levers import RAMP, Measure, Values, effort
from analysis.effort.plausible import Gate, outside_said
from analysis.effort.search import bearing, furthest, least, rounded
from analysis.effort.trials import City, Question, Trials
from analysis.reach.probability import share
from scenarios import ROUNDING, Target, is_reached

#: What is asked for, in rising order; 1 stands for every member.
PROBABILITIES: Final = (0.1, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
#: Members to search with unless another number is asked for.
MEMBERS: Final = 100
#: Searches for each probability: the frontier is a curve, of which one point bears the others out.
STARTS: Final = 1
FRONTIER_COLUMNS: Final = (
    "probability_asked_for",
    "reachable",
    "effort",
    "levers",
    "probability",
    "probability_se",
    "probability_of_others",
    "probability_of_others_se",
    "knee",
    "outside",
)


@dataclass(frozen=True)
class Frontier:
    """Effort by probability."""

    target: Target
    measures: tuple[Measure, ...]
    ramp: float
    #: `FRONTIER_COLUMNS`, by rising probability; where it is not reachable, the surest setting found.
    table: pd.DataFrame
    #: Axes row of the table, lever.
    shares: Values
    searched: int
    others: int
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
    """Find the least effort for each probability; arguments as for `analysis.effort.backcast.study.backcast`.

    Raises
    ------
    EffortError
        As there.
    """
    asked = sorted(set(probabilities))
    for probability in asked:
        check_request(probability, measures, members.sizes["member"], searched, ramp, STARTS, evaluations)
    trials = Trials(city, measures, members.isel(member=slice(searched)), [target], ramp)
    known: dict[bytes, Values] = {}
    found: list[tuple[float, bool, Values]] = []
    for place, probability in enumerate(asked):
        progress(place, len(asked))
        question = Question(trials, probability, known)
        alone = np.zeros(len(measures))
        if question.margins(alone[None], "one by one")[0] >= 0:
            found.append((probability, True, alone))
            continue
        first = bearing(question)
        corner = furthest(question, first, STARTS, evaluations, seed)
        if question.margins(corner[None])[0] < 0:
            found += [(more, False, question.surest) for more in asked[place:]]
            break
        cheapest = least(question, first, corner, STARTS, evaluations, seed)
        found.append((probability, True, rounded(question, cheapest)))
    shares = np.array([row for _, _, row in found])
    rest = members.isel(member=slice(searched, None))
    seen, outside = trials.judged(shares, gate)
    seen = seen[:, 0]
    unseen = Trials(city, measures, rest, [target], ramp).margins(shares)[:, 0]
    spent = effort(measures, shares)
    rows = []
    for place, (probability, reachable, row) in enumerate(found):
        own, others = (share(int(is_reached(m[place]).sum()), m.shape[1]) for m in (seen, unseen))
        rows.append(
            {
                "probability_asked_for": probability,
                "reachable": reachable,
                "effort": float(spent[place]),
                "levers": int(np.count_nonzero(row)),
                "probability": own["probability"],
                "probability_se": own["probability_se"],
                "probability_of_others": others["probability"],
                "probability_of_others_se": others["probability_se"],
                "knee": False,
                # What makes it implausible; empty where nothing does.
                "outside": outside_said(outside[place], "en") if outside else "",
            }
        )
    table = pd.DataFrame(rows, columns=list(FRONTIER_COLUMNS))
    reached = table.index[table["reachable"] & (table["outside"] == "")]
    place_of_knee = knee(
        table.loc[reached, "probability_asked_for"].to_numpy(), table.loc[reached, "effort"].to_numpy()
    )
    if place_of_knee is not None:
        table.loc[reached[place_of_knee], "knee"] = True
    progress(len(asked), len(asked))
    return Frontier(target, tuple(measures), ramp, table, shares, searched, members.sizes["member"] - searched, seed)


def knee(probability: Values, spent: Values) -> int | None:
    """Return the place of the point that lies farthest below the line between the ends; None without one.

    Parameters
    ----------
    probability, spent
        Rising.

    Examples
    --------
    >>> knee(np.array([0.0, 0.5, 0.9, 1.0]), np.array([0.0, 0.1, 0.3, 2.0]))
    2
    """
    if len(probability) < 3 or np.ptp(probability) == 0 or np.ptp(spent) == 0:
        return None
    across = (probability - probability[0]) / np.ptp(probability)
    up = (spent - spent[0]) / (spent[-1] - spent[0])
    below = across - up
    best = int(below.argmax())
    return best if below[best] > ROUNDING else None
