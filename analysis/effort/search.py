"""The least effort with which levers make a target surely enough, or the furthest they go where that is not enough.

"With probability P" means that the margin of that share of members is not negative: the margin that a share P of
members has is a continuous measure of it (`analysis.effort.trials.assured`), and every candidate is run with the same
members. Levers are searched by COBYQA (Ragonneau 2022, Model-based derivative-free optimization methods and software),
as SciPy keeps it, from several starts: along a lever effort is linear, and on the city it takes some forty trials where
CMA-ES takes hundreds. Which levers are worth searching follows from what each brings per effort, and is checked at the
optimum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy import optimize

from analysis.effort.levers import DIGITS, Measure, Values, effort, parts
from analysis.effort.trials import Question, precise
from scenarios import ROUNDING

#: Largest and smallest step of the search, in shares of a lever's way.
FIRST_STEP, LAST_STEP = 0.3, 1e-3
#: Levers are searched until what they bring one by one is this many times what is missing: they may stand in each
#: other's way.
SPARE: Final = 1.6
#: A lever left out has to bring this much more per effort than one in use before the search is repeated with it.
BETTER: Final = 1.02
#: At the optimum the levers left out are tried by these steps.
STEPS: Final = (-0.25, 0.25, 1.0)
#: A lever is left alone if the target then takes at most this much more effort.
WORTH: Final = 0.05
#: Points along the way of levers moved in order, and again between the two around the answer.
FILLS: Final = 17
#: Rounds of widening the search, and of going from corner to corner.
ROUNDS: Final = 4


@dataclass(frozen=True)
class Bearing:
    """What each lever brings by itself, moved all the way in its better direction."""

    #: -1, 0 or 1: the end at which the target is nearer; 0 where neither end brings anything.
    ends: Values
    #: Of the margin, in the plan's unit.
    gains: Values
    #: The margin with every lever left alone.
    start: float


def bearing(question: Question) -> Bearing:
    """Move every lever alone to both its ends."""
    measures = question.measures
    count = len(measures)
    low, high = (np.diag([getattr(m, name) for m in measures]) for name in ("lowest_share", "highest_share"))
    found = question.margins(np.vstack([np.zeros((1, count)), high, low]), "one by one")
    up, down = found[1 : count + 1] - found[0], found[count + 1 :] - found[0]
    gains = np.maximum(np.maximum(up, down), 0.0)
    ends = np.where(gains <= ROUNDING, 0.0, np.where(up >= down, np.diag(high), np.diag(low)))
    return Bearing(ends, np.where(gains <= ROUNDING, 0.0, gains), float(found[0]))


def furthest(question: Question, first: Bearing, starts: int, evaluations: int, seed: int) -> Values:
    """Return the candidate with the largest margin, or the first one found to be enough.

    From the corner at which every lever stands at its better end, levers are moved to the ends or left alone as long as
    one of that helps; then COBYQA looks from there and from random starts whether anything between does better.
    """
    low, high = _bounds(question.measures)
    at = first.ends.copy()
    best = float(question.margins(at[None], "corners")[0])
    for _ in range(ROUNDS):
        if best >= 0:
            return at
        moves = [(j, v) for j in range(len(at)) for v in sorted({low[j], 0.0, high[j]}) if v != at[j]]
        tried = np.repeat(at[None], len(moves), axis=0)
        for row, (place, value) in zip(tried, moves, strict=True):
            row[place] = value
        gain = question.margins(tried, "corners") - best
        better = at.copy()
        for place in range(len(at)):
            options = [(gain[k], moves[k][1]) for k in range(len(moves)) if moves[k][0] == place]
            if options and max(options)[0] > ROUNDING:
                better[place] = max(options)[1]
        margin = float(question.margins(better[None], "corners")[0])
        if margin <= best:
            # Moves that help one by one may not help together: take the single best one.
            better, margin = tried[int(gain.argmax())], best + float(gain.max())
        if margin <= best + ROUNDING:
            break
        at, best = better, margin
    scale = max(float(first.gains.max(initial=0.0)), ROUNDING)
    free = np.flatnonzero(high > low)
    random = np.random.default_rng(seed)
    for start in range(1, starts + 1):
        begin = at[free] if start == 1 else random.uniform(low[free], high[free])
        found = _search(question, "furthest", start, evaluations, free, begin, low, high, None, scale)
        margin = float(question.margins(found[None], "furthest", start)[0])
        if margin > best:
            at, best = found, margin
        if best >= 0:
            break
    return at


def least(question: Question, first: Bearing, corner: Values, starts: int, evaluations: int, seed: int) -> Values:
    """Return the candidate that reaches the target surely enough with the least effort.

    Parameters
    ----------
    question
        The target and its probability.
    first
        As from `bearing`.
    corner
        A candidate that is enough, as from `furthest`.
    starts, evaluations, seed
        Searches, the most trials of each, and the seed of the random starts; the first search starts at the corner.

    Returns
    -------
    numpy.ndarray
        Axis lever; margins of exactly enough members are not negative.
    """
    cost = parts(question.measures, corner[None])[0]
    rates = first.gains / np.maximum(cost, ROUNDING)
    reach = corner.copy()
    use = _worth_searching(question, first, reach, rates)
    best = _cheapest(question, [corner, _filled(question, reach, use, rates)])
    for number in range(ROUNDS):
        best = _cheapest(question, [best, *_searches(question, reach, use, starts, evaluations, seed + number)])
        more = _better_elsewhere(question, best, reach)
        if not more:
            break
        for place, end in more.items():
            reach[place] = end
        use = np.array(sorted({*use.tolist(), *more}))
    return best


def fewest(question: Question, best: Values, evaluations: int) -> Values:
    """Leave levers alone, the least of them first, as long as the target takes hardly more effort (`WORTH`) without."""
    most = float(effort(question.measures, best[None])[0]) * (1 + WORTH)
    kept = best
    order = [int(place) for place in np.argsort(parts(question.measures, best[None])[0]) if best[place] != 0]
    for number, place in enumerate(order):
        use = np.array([other for other in np.flatnonzero(kept) if other != place])
        if not len(use):
            break
        reach = np.zeros_like(kept)
        reach[use] = np.where(kept[use] > 0, _bounds(question.measures)[1][use], _bounds(question.measures)[0][use])
        if question.margins(reach[None], "fewest levers", number)[0] < 0:
            continue
        rest = np.where(np.arange(len(kept)) == place, 0.0, kept)
        shorter = _cheapest(question, [_repaired(question, rest, reach, "fewest levers", number)])
        if float(effort(question.measures, shorter[None])[0]) > most:
            inside = np.clip(shorter[use] / reach[use], 0.2, 0.8)
            more = _searches(question, reach, use, 1, evaluations, 0, inside, f"without lever {number + 1}")
            shorter = _cheapest(question, [shorter, *more])
        if float(effort(question.measures, shorter[None])[0]) <= most:
            kept = shorter
    return kept


def rounded(question: Question, best: Values) -> Values:
    """Return shares that can be written down, with a little more effort rather than too little."""
    scale = 10.0**DIGITS
    up = np.where(np.abs(best) >= 1, best, np.sign(best) * np.minimum(1, np.ceil(np.abs(best) * scale - 1e-6) / scale))
    steps = np.arange(10) / scale
    tried = np.sign(up) * np.minimum(1, np.abs(up) + steps[:, None] * (np.abs(up) > 0))
    enough = np.flatnonzero(question.margins(tried, "rounded") >= 0)
    return np.asarray(tried[enough[0]]) if len(enough) else best


def _bounds(measures: Sequence[Measure]) -> tuple[Values, Values]:
    return np.array([m.lowest_share for m in measures]), np.array([m.highest_share for m in measures])


def _filled(question: Question, reach: Values, use: Any, rates: Values) -> Values:
    """Levers moved all the way in the order of what each brings per effort, until that is enough."""
    order = sorted(use, key=lambda place: -rates[place])
    cost = parts(question.measures, reach[None])[0][order]
    before, low, high = np.cumsum(cost) - cost, 0.0, float(cost.sum())
    at = reach * np.isin(np.arange(len(reach)), use)
    for _ in range(2):
        spent = np.linspace(low, high, FILLS)
        rows = np.zeros((FILLS, len(reach)))
        rows[:, order] = np.clip((spent[:, None] - before) / np.maximum(cost, ROUNDING), 0, 1) * reach[order]
        enough = np.flatnonzero(question.margins(rows, "in order") >= 0)
        if not len(enough):
            break
        at, high = rows[enough[0]], float(spent[enough[0]])
        low = float(spent[max(0, enough[0] - 1)])
    return np.asarray(at)


def _worth_searching(question: Question, first: Bearing, reach: Values, rates: Values) -> Any:
    """Places of the levers that bring most per effort, enough of them to reach the target."""
    useful = [j for j in np.argsort(-rates, kind="stable") if reach[j] != 0]
    brought = np.cumsum(first.gains[useful])
    count = min(len(useful), 2 + int(np.searchsorted(brought, -SPARE * first.start)))
    while count < len(useful):
        only = np.zeros_like(reach)
        only[useful[:count]] = reach[useful[:count]]
        if question.margins(only[None], "corners")[0] >= 0:
            break
        count += 1
    return np.array(sorted(useful[:count]), dtype=int)


def _searches(
    question: Question,
    reach: Values,
    use: Any,
    starts: int,
    evaluations: int,
    seed: int,
    begin: Values | None = None,
    name: str = "least effort",
) -> list[Values]:
    cost = parts(question.measures, reach[None])[0][use]
    corner = np.zeros_like(reach)
    corner[use] = reach[use]
    scale = max(
        float(question.margins(corner[None], name, 1)[0] - question.margins(corner[None] * 0, name, 1)[0]), 1e-9
    )
    random = np.random.default_rng(seed)
    found = []
    for start in range(1, starts + 1):
        # From a corner the search can stay at the next one; from within it does not.
        at = np.full(len(use), 0.5) if start == 1 else random.uniform(0.2, 0.8, len(use))
        at = at if begin is None else begin
        low, high = np.zeros_like(reach), np.ones_like(reach)
        shares = _search(question, name, start, evaluations, use, at, low, high, (reach, cost), scale)
        found.append(_repaired(question, shares, corner, name, start))
    return found


def _search(
    question: Question,
    name: str,
    start: int,
    evaluations: int,
    use: Any,
    begin: Values,
    low: Values,
    high: Values,
    cheap: tuple[Values, Values] | None,
    scale: float,
) -> Values:
    """One search by COBYQA: for the largest margin, or for the least effort whose margin is not negative."""

    def shares(at: Values) -> Values:
        row = np.zeros(len(question.measures))
        inside = np.clip(at, low[use], high[use])
        row[use] = inside if cheap is None else inside * cheap[0][use]
        return row

    def margin(at: Values) -> float:
        return float(question.margins(shares(at)[None], name, start)[0]) / scale

    options = {"maxfev": evaluations, "initial_tr_radius": FIRST_STEP, "final_tr_radius": LAST_STEP}
    given: dict[str, Any] = {"bounds": optimize.Bounds(low[use], high[use]), "method": "COBYQA", "options": options}
    if cheap is None:
        found = optimize.minimize(lambda at: -margin(at), begin, **given)
    else:
        cost = cheap[1] / max(float(cheap[1].sum()), ROUNDING)
        within = optimize.NonlinearConstraint(margin, 0.0, np.inf)
        found = optimize.minimize(lambda at: float(cost @ at), begin, constraints=[within], **given)
    return shares(found.x)


def _repaired(question: Question, shares: Values, corner: Values, name: str, start: int) -> Values:
    """Go towards the corner, by as little as makes up for the tolerance of the search."""
    at = corner
    steps: Values = np.concatenate([[0.0], np.logspace(-5, 0, FILLS - 1)])
    for _ in range(2):
        way: Values = (1 - steps[:, None]) * shares + steps[:, None] * corner
        enough = np.flatnonzero(question.margins(way, name, start) >= 0)
        if not len(enough):
            break
        at = way[enough[0]]
        if enough[0] == 0:
            break
        steps = np.linspace(float(steps[enough[0] - 1]), float(steps[enough[0]]), FILLS)
    return np.asarray(at)


def _cheapest(question: Question, options: Sequence[Values]) -> Values:
    """The option of least effort among those that are enough, as precisely as it is run."""
    table = precise(np.array(options))
    enough = question.margins(table, "least effort", 0) >= 0
    return np.asarray(table[int(np.where(enough, effort(question.measures, table), np.inf).argmin())])


def _better_elsewhere(question: Question, best: Values, reach: Values) -> dict[int, float]:
    """Levers that would bring more per effort at the optimum than one that is in use there, and the ends to go to."""
    low, high = _bounds(question.measures)
    tried: list[Values] = []
    ways: list[tuple[int, bool, float]] = []
    for place in range(len(best)):
        used = best[place] != 0
        for step in (-0.1 * np.sign(best[place]),) if used else STEPS:
            row = best.copy()
            row[place] = np.clip(
                best[place] + step * (1.0 if used else np.sign(reach[place]) or 1.0), low[place], high[place]
            )
            if row[place] != best[place]:
                tried.append(row)
                ways.append((place, used, float(row[place] - best[place])))
    if not tried:
        return {}
    table: Values = np.array(tried, dtype=float)
    gain = question.margins(table, "around the optimum") - question.margins(best[None])[0]
    spent = effort(question.measures, table) - effort(question.measures, best[None])[0]
    rates = gain / np.where(spent == 0, ROUNDING, spent)
    price = min((rate for rate, (_, used, _) in zip(rates, ways, strict=True) if used), default=np.inf)
    found: dict[int, tuple[float, float]] = {}
    for rate, (place, used, way) in zip(rates, ways, strict=True):
        end = float(high[place] if way > 0 else low[place])
        if not used and rate > max(price * BETTER, 0) and rate > found.get(place, (0.0, 0.0))[0]:
            found[place] = (float(rate), end)
    return {place: end for place, (_, end) in found.items()}
