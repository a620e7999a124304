"""Conditions under which a target is met: scenario discovery by PRIM and CART, tested on held-out futures.

Half of the members are searched, the other half tests the result. Inputs are first screened for a difference between
futures that meet the target and those that do not (regional sensitivity: Hornberger and Spear 1981, with the
false-discovery rate of Benjamini and Hochberg 1995), then searched for a box by either method of `boxes`.

A condition counts as found only if the held-out density inside the box exceeds the base rate in a one-sided permutation
test, done exactly (hypergeometric), at `LEVEL`. Inputs of a calibrated ensemble are correlated: a box may name one
input where a correlated one acts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from analysis.conditions.boxes import Limits, Score, drop_unneeded_limits, inside, prim_box, score, tree_box
from analysis.conditions.prim import Flags
from analysis.conditions.request import BOOTSTRAPS

#: Level of the test on the held-out futures.
LEVEL: Final = 0.01
#: Expected share of inputs that pass the screening by chance.
FALSE_DISCOVERIES: Final = 0.1
#: The largest number of inputs that are searched, the strongest first.
SCREENED: Final = 10
#: The smallest number of searched futures of either kind.
FEWEST: Final = 10
#: A target that is met more often than this is searched for the conditions under which it is missed.
OFTEN: Final = 0.75

Outcome = Literal["met", "missed"]
Status = Literal["found", "none", "never", "always", "too few"]


@dataclass(frozen=True)
class Limit:
    """Limits of a box on one input."""

    #: Its column.
    input: str
    #: Infinite where open.
    lower: float
    upper: float
    #: Loss of weighted relative accuracy on the searched half without it.
    strength: float
    #: Number of resampled searches that limit the input on the same side.
    returned: int = 0
    #: The 5th and 95th percentile of the limit in these, widened to hold the limit itself; NaN where open or never
    #: found again.
    lower_range: tuple[float, float] = (math.nan, math.nan)
    upper_range: tuple[float, float] = (math.nan, math.nan)


@dataclass(frozen=True)
class Box:
    """A box of one method; limits by strength, the strongest first; none where the method found no box."""

    method: Literal["PRIM", "CART"]
    limits: tuple[Limit, ...]
    searched: Score
    held_out: Score
    searches: int = 0

    @property
    def holds(self) -> bool:
        """Whether the test on the held-out futures confirms it."""
        return bool(self.limits) and self.held_out.accuracy > 0 and self.held_out.p_value < LEVEL


@dataclass(frozen=True)
class Condition:
    """Result for one target."""

    #: The outcome searched for.
    outcome: Outcome
    #: "found"; "none" where no box is confirmed; "never" and "always" met; "too few" of either kind to search.
    status: Status
    #: Number of the `futures` that meet the target.
    met: int
    futures: int
    #: The inputs that were searched, the strongest first.
    screened: tuple[str, ...] = ()
    #: One by method, where the search was made.
    boxes: tuple[Box, ...] = ()
    #: The peeling path on the searched half: ``coverage``, ``density``, ``mass`` and ``inputs`` limited.
    trajectory: pd.DataFrame | None = None

    @property
    def best(self) -> Box | None:
        """The confirmed box of highest accuracy on the searched half, PRIM's where equal."""
        confirmed = [box for box in self.boxes if box.holds]
        return max(confirmed, key=lambda box: box.searched.accuracy, default=None)


def hold_out(member: npt.NDArray[np.int_], seed: int) -> Flags:
    """Choose the futures of the held-out half of the members, so that no member is on both sides.

    Examples
    --------
    >>> int(hold_out(np.arange(10), seed=1).sum())
    5
    """
    known = np.unique(member)
    chosen = np.random.default_rng(seed).permutation(known)[: known.size // 2]
    return np.isin(member, chosen)


def find_condition(
    values: pd.DataFrame,
    met: Flags,
    held_out: Flags,
    *,
    rounding: Mapping[str, Callable[[float, float], float]] | None = None,
    bootstraps: int = BOOTSTRAPS,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Condition:
    """Search for the conditions under which a target is met, or missed where it is met more often than `OFTEN`.

    `rounding` rounds a limit of an input given its spread before the test, so that the printed limit is the one tested.
    As many bootstraps repeat the search on resampled futures of the searched half, screening included.

    Examples
    --------
    >>> x = pd.DataFrame({"A": np.linspace(0, 1, 100)})
    >>> find_condition(x, np.zeros(100, dtype=bool), np.arange(100) % 2 == 0).status
    'never'
    """
    count = int(met.sum())
    outcome: Outcome = "missed" if count > OFTEN * met.size else "met"
    if count in (0, met.size):
        return Condition(outcome, "always" if count else "never", count, met.size)
    hits = met if outcome == "met" else ~met
    x, y = values[~held_out].reset_index(drop=True), hits[~held_out]
    if min(y.sum(), (~y).sum()) < FEWEST:
        return Condition(outcome, "too few", count, met.size)
    screened = screen(x, y)
    if not screened:
        return Condition(outcome, "none", count, met.size)
    limits_by_method, trajectory = _search(x[screened], y)
    rounded = {method: _round_limits(limits, x, rounding or {}) for method, limits in limits_by_method.items()}
    tested = values[held_out], hits[held_out]
    boxes = [
        Box(method, _limits(limits, x, y), score(inside(x, limits), y), score(inside(tested[0], limits), tested[1]))
        for method, limits in rounded.items()
    ]
    status: Status = "found" if any(box.holds for box in boxes) else "none"
    if status == "found" and bootstraps:
        again = _resampled(x, y, len(screened), bootstraps, seed, progress)
        boxes = [_with_stability(box, [limits[box.method] for limits in again]) for box in boxes]
    return Condition(outcome, status, count, met.size, tuple(screened), tuple(boxes), trajectory)


def screen(values: pd.DataFrame, hits: Flags) -> list[str]:
    """Return the inputs whose values differ between the two kinds of futures, the strongest first.

    Examples
    --------
    >>> x = pd.DataFrame({"A": np.arange(100.0), "B": np.arange(100.0) % 7})
    >>> screen(x, x["A"].to_numpy() > 60)
    ['A']
    """
    table = values.to_numpy()
    distance, p = stats.ks_2samp(table[hits], table[~hits], axis=0, method="asymp")
    passed = np.flatnonzero(stats.false_discovery_control(p) <= FALSE_DISCOVERIES)
    order = passed[np.argsort(-distance[passed], kind="stable")][:SCREENED]
    return [str(values.columns[index]) for index in order]


def _search(x: pd.DataFrame, y: Flags) -> tuple[dict[Literal["PRIM", "CART"], Limits], pd.DataFrame]:
    names = list(x.columns)
    while True:
        limits, path = prim_box(x[names], y)
        by_peeling = drop_unneeded_limits(limits, x, y)
        # Peeled again among the inputs that count, to give back the futures peeled off by chance.
        if not by_peeling or len(by_peeling) == len(names):
            break
        names = [name for name in names if name in by_peeling]
    return {"PRIM": by_peeling, "CART": drop_unneeded_limits(tree_box(x, y), x, y)}, path


def _round_limits(limits: Limits, x: pd.DataFrame, rounding: Mapping[str, Callable[[float, float], float]]) -> Limits:
    rounded = {}
    for name, ends in limits.items():
        spread = float(np.ptp(x[name].to_numpy()))
        low, high = (rounding[name](end, spread) if name in rounding and math.isfinite(end) else end for end in ends)
        rounded[name] = (low, high)
    return rounded


def _limits(limits: Limits, x: pd.DataFrame, y: Flags) -> tuple[Limit, ...]:
    whole = score(inside(x, limits), y).accuracy
    rest = {name: {other: limits[other] for other in limits if other != name} for name in limits}
    measured = [Limit(name, *limits[name], whole - score(inside(x, rest[name]), y).accuracy) for name in limits]
    return tuple(sorted(measured, key=lambda limit: -limit.strength))


def _resampled(
    x: pd.DataFrame, y: Flags, most: int, searches: int, seed: int, progress: Callable[[int, int], None]
) -> list[dict[Literal["PRIM", "CART"], Limits]]:
    random = np.random.default_rng(seed)
    results: list[dict[Literal["PRIM", "CART"], Limits]] = []
    for done in range(searches):
        drawn = random.integers(len(x), size=len(x))
        sample, hits = x.iloc[drawn].reset_index(drop=True), y[drawn]
        # Futures drawn twice look like evidence, so the number of inputs is kept, but not which they are.
        names = screen(sample, hits)[:most] if 0 < hits.sum() < hits.size else []
        results.append(_search(sample[names], hits)[0] if names else {"PRIM": {}, "CART": {}})
        progress(done + 1, searches)
    return results


def _with_stability(box: Box, again: Sequence[Limits]) -> Box:
    limits = []
    for limit in box.limits:
        sides = [side for side, end in enumerate((limit.lower, limit.upper)) if math.isfinite(end)]
        ends = [other[limit.input] for other in again if limit.input in other]
        same = [pair for pair in ends if all(math.isfinite(pair[side]) for side in sides)]
        ranges = [(math.nan, math.nan), (math.nan, math.nan)]
        for side in sides if same else ():
            low, high = np.quantile([pair[side] for pair in same], (0.05, 0.95))
            own = (limit.lower, limit.upper)[side]
            ranges[side] = (min(float(low), own), max(float(high), own))
        limits.append(replace(limit, returned=len(same), lower_range=ranges[0], upper_range=ranges[1]))
    return replace(box, limits=tuple(limits), searches=len(again))
