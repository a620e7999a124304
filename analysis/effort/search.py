"""Least effort with which levers reach a target with a probability, or the largest margin where they cannot.

A target is reached with probability P if the margin that a share P of members has is not negative
(`analysis.effort.trials.margin_at_probability`); every candidate is run with the same members. Levers are searched by
COBYQA (Ragonneau 2022, Model-based derivative-free optimization methods and software) as in SciPy, from several starts:
effort is linear along a lever, and on the city it takes some forty trials where CMA-ES takes hundreds. The gain of each
lever per effort decides which levers are searched, which is checked again at the optimum.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
from scipy import optimize

from analysis.effort.levers import DIGITS, Values, effort_by_lever, share_bounds, total_effort
from analysis.effort.trials import SearchProblem, round_shares
from scenarios import ROUNDING

#: Largest and smallest step of the search, in shares of a lever's way.
FIRST_STEP, LAST_STEP = 0.3, 1e-3
#: Levers are searched until their gains one at a time add up to this many times what is missing, as levers that are
#: moved together may gain less.
SPARE: Final = 1.6
#: A lever left out has to gain this much more per effort than one in use before the search is repeated with it.
BETTER: Final = 1.02
#: Steps by which levers left out are tried at the optimum.
STEPS: Final = (-0.25, 0.25, 1.0)
#: A lever is dropped if the target then takes at most this much more effort.
WORTH: Final = 0.05
#: Points along the way of levers moved in order, and again between the two around the answer.
POINTS: Final = 17
#: Rounds of widening the search, and of going from corner to corner.
ROUNDS: Final = 4


@dataclass(frozen=True)
class OneAtATime:
    """Gain of each lever moved alone, all the way in its better direction."""

    #: -1, 0 or 1: the end with the larger margin; 0 where neither end gains anything.
    ends: Values
    #: Of the margin, in the plan's unit.
    gains: Values
    #: Margin with no lever moved.
    start: float


def least_effort(problem: SearchProblem, starts: int, evaluations: int, seed: int) -> tuple[Values, bool]:
    """Return the candidate of least effort that reaches the target; the likeliest one, and False, where none does."""
    unmoved = np.zeros(len(problem.measures))
    if problem.margins(unmoved[None], "one by one")[0] >= 0:
        return unmoved, True
    alone = one_at_a_time(problem)
    corner = maximise_margin(problem, alone, starts, evaluations, seed)
    if problem.margins(corner[None])[0] < 0:
        return problem.surest, False
    return minimise_effort(problem, alone, corner, starts, evaluations, seed), True


def one_at_a_time(problem: SearchProblem) -> OneAtATime:
    """Move every lever alone to both its ends."""
    low, high = map(np.diag, share_bounds(problem.measures))
    count = len(low)
    margins = problem.margins(np.vstack([np.zeros((1, count)), high, low]), "one by one")
    up, down = margins[1 : count + 1] - margins[0], margins[count + 1 :] - margins[0]
    gains = np.maximum(np.maximum(up, down), 0.0)
    ends = np.where(gains <= ROUNDING, 0.0, np.where(up >= down, np.diag(high), np.diag(low)))
    return OneAtATime(ends, np.where(gains <= ROUNDING, 0.0, gains), float(margins[0]))


def maximise_margin(problem: SearchProblem, alone: OneAtATime, starts: int, evaluations: int, seed: int) -> Values:
    """Return the candidate with the largest margin, or the first one that reaches the target.

    Starting with every lever at its better end, levers are moved to an end or to their default as long as that helps;
    then COBYQA searches from there and from random starts for anything better in between.
    """
    low, high = share_bounds(problem.measures)
    at = alone.ends.copy()
    best = float(problem.margins(at[None], "corners")[0])
    for _ in range(ROUNDS):
        if best >= 0:
            return at
        moves = [(j, v) for j in range(len(at)) for v in sorted({low[j], 0.0, high[j]}) if v != at[j]]
        tried = np.repeat(at[None], len(moves), axis=0)
        for row, (index, value) in zip(tried, moves, strict=True):
            row[index] = value
        gain = problem.margins(tried, "corners") - best
        better = at.copy()
        for index in range(len(at)):
            options = [(gain[k], value) for k, (moved, value) in enumerate(moves) if moved == index]
            if options and max(options)[0] > ROUNDING:
                better[index] = max(options)[1]
        margin = float(problem.margins(better[None], "corners")[0])
        if margin <= best:
            # Moves that help one by one may not help together: take the single best one.
            better, margin = tried[int(gain.argmax())], best + float(gain.max())
        if margin <= best + ROUNDING:
            break
        at, best = better, margin
    scale = max(float(alone.gains.max(initial=0.0)), ROUNDING)
    free = np.flatnonzero(high > low)
    random = np.random.default_rng(seed)

    def shares(point: Values) -> Values:
        row = np.zeros(len(low))
        row[free] = np.clip(point, low[free], high[free])
        return row

    def loss(point: Values, start: int) -> float:
        return -float(problem.margins(shares(point)[None], "furthest", start)[0]) / scale

    for start in range(1, starts + 1):
        begin = at[free] if start == 1 else random.uniform(low[free], high[free])
        optimum = shares(_minimise(partial(loss, start=start), begin, low[free], high[free], evaluations))
        margin = float(problem.margins(optimum[None], "furthest", start)[0])
        if margin > best:
            at, best = optimum, margin
        if best >= 0:
            break
    return at


def minimise_effort(
    problem: SearchProblem, alone: OneAtATime, corner: Values, starts: int, evaluations: int, seed: int
) -> Values:
    """Return the candidate of least effort that reaches the target; `corner` is one that does, as from above."""
    cost = effort_by_lever(problem.measures, corner[None])[0]
    rates = alone.gains / np.maximum(cost, ROUNDING)
    ends = corner.copy()
    used = _worth_searching(problem, alone, ends, rates)
    best = _cheapest(problem, [corner, _moved_in_order(problem, ends, used, rates)])
    for number in range(ROUNDS):
        best = _cheapest(problem, [best, *_searches(problem, ends, used, starts, evaluations, seed + number)])
        more = _better_levers(problem, best, ends)
        if not more:
            break
        for index, end in more.items():
            ends[index] = end
        used = np.array(sorted({*used.tolist(), *more}))
    return best


def drop_levers(problem: SearchProblem, best: Values, evaluations: int) -> Values:
    """Drop levers, those of least effort first, as long as the target takes hardly more effort without (`WORTH`)."""
    low, high = share_bounds(problem.measures)
    most = float(total_effort(problem.measures, best[None])[0]) * (1 + WORTH)
    kept = best
    order = [int(index) for index in np.argsort(effort_by_lever(problem.measures, best[None])[0]) if best[index] != 0]
    for number, index in enumerate(order):
        used = np.array([other for other in np.flatnonzero(kept) if other != index])
        if not len(used):
            break
        ends = np.zeros_like(kept)
        ends[used] = np.where(kept[used] > 0, high[used], low[used])
        if problem.margins(ends[None], "fewest levers", number)[0] < 0:
            continue
        rest = np.where(np.arange(len(kept)) == index, 0.0, kept)
        shorter = _cheapest(problem, [_repaired(problem, rest, ends, "fewest levers", number)])
        if float(total_effort(problem.measures, shorter[None])[0]) > most:
            inside = np.clip(shorter[used] / ends[used], 0.2, 0.8)
            more = _searches(problem, ends, used, 1, evaluations, 0, inside, f"without lever {number + 1}")
            shorter = _cheapest(problem, [shorter, *more])
        if float(total_effort(problem.measures, shorter[None])[0]) <= most:
            kept = shorter
    return kept


def round_up_shares(problem: SearchProblem, best: Values) -> Values:
    """Return shares of `DIGITS` digits, rounded away from 0 so that the target is still reached."""
    scale = 10.0**DIGITS
    up = np.where(np.abs(best) >= 1, best, np.sign(best) * np.minimum(1, np.ceil(np.abs(best) * scale - 1e-6) / scale))
    steps = np.arange(10) / scale
    tried = np.sign(up) * np.minimum(1, np.abs(up) + steps[:, None] * (np.abs(up) > 0))
    enough = np.flatnonzero(problem.margins(tried, "rounded") >= 0)
    return np.asarray(tried[enough[0]]) if len(enough) else best


def _moved_in_order(problem: SearchProblem, ends: Values, used: Any, rates: Values) -> Values:
    """Levers moved all the way in the order of their gain per effort, until the target is reached."""
    order = sorted(used, key=lambda index: -rates[index])
    cost = effort_by_lever(problem.measures, ends[None])[0][order]
    before, low, high = np.cumsum(cost) - cost, 0.0, float(cost.sum())
    at = ends * np.isin(np.arange(len(ends)), used)
    for _ in range(2):
        spent = np.linspace(low, high, POINTS)
        rows = np.zeros((POINTS, len(ends)))
        rows[:, order] = np.clip((spent[:, None] - before) / np.maximum(cost, ROUNDING), 0, 1) * ends[order]
        enough = np.flatnonzero(problem.margins(rows, "in order") >= 0)
        if not len(enough):
            break
        at, high = rows[enough[0]], float(spent[enough[0]])
        low = float(spent[max(0, enough[0] - 1)])
    return np.asarray(at)


def _worth_searching(problem: SearchProblem, alone: OneAtATime, ends: Values, rates: Values) -> Any:
    """Indices of the levers with the largest gain per effort, enough of them to reach the target."""
    useful = [j for j in np.argsort(-rates, kind="stable") if ends[j] != 0]
    gained = np.cumsum(alone.gains[useful])
    count = min(len(useful), 2 + int(np.searchsorted(gained, -SPARE * alone.start)))
    while count < len(useful):
        only = np.zeros_like(ends)
        only[useful[:count]] = ends[useful[:count]]
        if problem.margins(only[None], "corners")[0] >= 0:
            break
        count += 1
    return np.array(sorted(useful[:count]), dtype=int)


def _searches(
    problem: SearchProblem,
    ends: Values,
    used: Any,
    starts: int,
    evaluations: int,
    seed: int,
    begin: Values | None = None,
    name: str = "least effort",
) -> list[Values]:
    """The optimum of least effort from each start, over shares of the way to the ends of the levers in use."""
    cost = effort_by_lever(problem.measures, ends[None])[0][used]
    cost = cost / max(float(cost.sum()), ROUNDING)
    corner = np.zeros_like(ends)
    corner[used] = ends[used]
    scale = max(float(problem.margins(corner[None], name, 1)[0] - problem.margins(corner[None] * 0, name, 1)[0]), 1e-9)
    low, high = np.zeros(len(used)), np.ones(len(used))
    random = np.random.default_rng(seed)

    def shares(point: Values) -> Values:
        row = np.zeros_like(ends)
        row[used] = np.clip(point, low, high) * ends[used]
        return row

    def margin(point: Values, start: int) -> float:
        return float(problem.margins(shares(point)[None], name, start)[0]) / scale

    def effort(point: Values) -> float:
        return float(cost @ point)

    optima = []
    for start in range(1, starts + 1):
        # From a corner the search can stay at the next one; from within it does not.
        at = np.full(len(used), 0.5) if start == 1 else random.uniform(0.2, 0.8, len(used))
        reached = optimize.NonlinearConstraint(partial(margin, start=start), 0.0, np.inf)
        point = _minimise(effort, at if begin is None else begin, low, high, evaluations, [reached])
        optima.append(_repaired(problem, shares(point), corner, name, start))
    return optima


def _minimise(
    objective: Callable[[Values], float], begin: Values, low: Values, high: Values, evaluations: int, limits: Any = ()
) -> Values:
    """Minimise by COBYQA within bounds and constraints."""
    options = {"maxfev": evaluations, "initial_tr_radius": FIRST_STEP, "final_tr_radius": LAST_STEP}
    bounds = optimize.Bounds(low, high)
    result = optimize.minimize(objective, begin, method="COBYQA", bounds=bounds, constraints=limits, options=options)
    return np.asarray(result.x)


def _repaired(problem: SearchProblem, shares: Values, corner: Values, name: str, start: int) -> Values:
    """Go towards the corner, by as little as makes up for the tolerance of the search."""
    at = corner
    steps: Values = np.concatenate([[0.0], np.logspace(-5, 0, POINTS - 1)])
    for _ in range(2):
        way: Values = (1 - steps[:, None]) * shares + steps[:, None] * corner
        enough = np.flatnonzero(problem.margins(way, name, start) >= 0)
        if not len(enough):
            break
        at = way[enough[0]]
        if enough[0] == 0:
            break
        steps = np.linspace(float(steps[enough[0] - 1]), float(steps[enough[0]]), POINTS)
    return np.asarray(at)


def _cheapest(problem: SearchProblem, options: Sequence[Values]) -> Values:
    """The option of least effort among those that reach the target, as precisely as it is run."""
    table = round_shares(np.array(options))
    enough = problem.margins(table, "least effort", 0) >= 0
    return np.asarray(table[int(np.where(enough, total_effort(problem.measures, table), np.inf).argmin())])


def _better_levers(problem: SearchProblem, best: Values, ends: Values) -> dict[int, float]:
    """Ends of the levers that would gain more per effort at the optimum than one in use there, by index of lever."""
    low, high = share_bounds(problem.measures)
    tried: list[Values] = []
    moves: list[tuple[int, bool, float]] = []
    for index in range(len(best)):
        used = best[index] != 0
        for step in (-0.1 * np.sign(best[index]),) if used else STEPS:
            row = best.copy()
            direction = 1.0 if used else np.sign(ends[index]) or 1.0
            row[index] = np.clip(best[index] + step * direction, low[index], high[index])
            if row[index] != best[index]:
                tried.append(row)
                moves.append((index, used, float(row[index] - best[index])))
    if not tried:
        return {}
    table: Values = np.array(tried, dtype=float)
    gain = problem.margins(table, "around the optimum") - problem.margins(best[None])[0]
    spent = total_effort(problem.measures, table) - total_effort(problem.measures, best[None])[0]
    rates = gain / np.where(spent == 0, ROUNDING, spent)
    lowest = min((rate for rate, (_, used, _) in zip(rates, moves, strict=True) if used), default=np.inf)
    better: dict[int, tuple[float, float]] = {}
    for rate, (index, used, move) in zip(rates, moves, strict=True):
        end = float(high[index] if move > 0 else low[index])
        if not used and rate > max(lowest * BETTER, 0) and rate > better.get(index, (0.0, 0.0))[0]:
            better[index] = (float(rate), end)
    return {index: end for index, (_, end) in better.items()}
