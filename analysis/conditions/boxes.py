"""Boxes of futures in which an outcome is frequent, found by PRIM or by a classification tree (CART).

PRIM is that of `prim` (Friedman and Fisher 1999; Bryant and Lempert 2010), the tree that of scikit-learn. Of the boxes
on the peeling path, and of the nodes of the tree, the one of highest weighted relative accuracy is taken: the share of
futures inside times the excess of its density over the base rate (Lavrac, Flach and Zupan 1999).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import pandas as pd
from scipy import stats

from analysis.conditions.prim import Flags, prim_path

#: A limit is dropped if its quasi-p-value is above this.
P_VALUE: Final = 0.05
#: The smallest share of the searched futures that a box may hold.
SMALLEST: Final = 0.05
#: The share that each peel takes away. Thin peels end early where a few futures differ by chance, thick ones are
#: coarse; all are tried.
PEELS: Final = (0.05, 0.1, 0.2)
#: Limits on one path down the tree.
DEPTH: Final = 3

#: Lower and upper end by input, infinite where open.
Limits = dict[str, tuple[float, float]]


@dataclass(frozen=True)
class Score:
    """Number of futures and of hits in all and inside a box; a hit is a future with the outcome searched for."""

    futures: int
    hits: int
    inside: int
    hits_inside: int

    @property
    def base(self) -> float:
        """Share of all futures with the outcome."""
        return self.hits / self.futures

    @property
    def density(self) -> float:
        """Share of the futures inside with the outcome; NaN for an empty box."""
        return self.hits_inside / self.inside if self.inside else math.nan

    @property
    def outside(self) -> float:
        """Share of the futures outside with the outcome; NaN where nothing is outside."""
        rest = self.futures - self.inside
        return (self.hits - self.hits_inside) / rest if rest else math.nan

    @property
    def coverage(self) -> float:
        """Share of the futures with the outcome that the box holds; NaN where there are none."""
        return self.hits_inside / self.hits if self.hits else math.nan

    @property
    def accuracy(self) -> float:
        """Weighted relative accuracy."""
        return self.inside / self.futures * (self.density - self.base) if self.inside else 0.0

    @cached_property
    def p_value(self) -> float:
        """Probability of at least as many hits inside if the outcomes were shuffled."""
        return float(stats.hypergeom.sf(self.hits_inside - 1, self.futures, self.hits, self.inside))


def inside(values: pd.DataFrame, limits: Mapping[str, tuple[float, float]]) -> Flags:
    """Return which futures lie within limits; all of them where there are none.

    Examples
    --------
    >>> inside(pd.DataFrame({"A": [1.0, 2.0]}), {"A": (1.5, np.inf)})
    array([False,  True])
    """
    within = np.ones(len(values), dtype=bool)
    for name, (lower, upper) in limits.items():
        column = values[name].to_numpy()
        within &= (column >= lower) & (column <= upper)
    return within


def score(within: Flags, hits: Flags) -> Score:
    """Count the futures and hits of a box.

    Examples
    --------
    >>> score(np.array([True, True, False]), np.array([True, False, False])).density
    0.5
    """
    return Score(hits.size, int(hits.sum()), int(within.sum()), int((within & hits).sum()))


def prim_box(x: pd.DataFrame, y: Flags) -> tuple[Limits, pd.DataFrame]:
    """Return the limits of the best box on PRIM's peeling path, and the path with the step ``chosen``.

    Examples
    --------
    >>> x = pd.DataFrame({"A": np.arange(100.0)})
    >>> prim_box(x, x["A"].to_numpy() >= 60)[0]
    {'A': (59.5, inf)}
    """
    values = x.to_numpy(dtype=float)
    paths = [prim_path(values, y, peel=peel, smallest=SMALLEST) for peel in PEELS]
    accuracies = [np.array([step.size / y.size * (step.density - y.mean()) for step in path]) for path in paths]
    path, accuracy = max(zip(paths, accuracies, strict=True), key=lambda pair: float(pair[1].max()))
    best = int(np.argmax(accuracy))
    limits = {
        str(name): (float(lower), float(upper))
        for name, lower, upper in zip(x.columns, path[best].lower, path[best].upper, strict=True)
        if math.isfinite(lower) or math.isfinite(upper)
    }
    table = pd.DataFrame(
        {
            "coverage": [step.hits / path[0].hits for step in path],
            "density": [step.density for step in path],
            "mass": [step.size / y.size for step in path],
            "inputs": [float(step.inputs) for step in path],
        }
    )
    return limits, table.assign(chosen=np.arange(len(path)) == best)


def tree_box(x: pd.DataFrame, y: Flags) -> Limits:
    """Return the best node of a classification tree as a box; arguments as for `prim_box`.

    Examples
    --------
    >>> x = pd.DataFrame({"A": np.arange(100.0)})
    >>> tree_box(x, x["A"].to_numpy() > 60)
    {'A': (60.5, inf)}
    """
    from sklearn.tree import DecisionTreeClassifier

    smallest = max(1, math.ceil(SMALLEST * len(x)))
    classifier = DecisionTreeClassifier(max_depth=DEPTH, min_samples_leaf=smallest, random_state=0)
    tree = classifier.fit(x.to_numpy(), y).tree_
    best: tuple[float, Limits] = (0.0, {})
    waiting: list[tuple[int, Limits]] = [(0, {})]
    while waiting:
        node, limits = waiting.pop()
        accuracy = score(inside(x, limits), y).accuracy
        if accuracy > best[0]:
            best = (accuracy, limits)
        if tree.children_left[node] < 0:
            continue
        name, cut = str(x.columns[tree.feature[node]]), float(tree.threshold[node])
        lower, upper = limits.get(name, (-math.inf, math.inf))
        waiting.append((int(tree.children_left[node]), limits | {name: (lower, min(upper, cut))}))
        waiting.append((int(tree.children_right[node]), limits | {name: (max(lower, cut), upper)}))
    return best[1]


def drop_unneeded_limits(limits: Limits, x: pd.DataFrame, y: Flags) -> Limits:
    """Open the sides of a box that are not significant, one after another, the least significant first.

    The test is the quasi-p-value of Bryant and Lempert (2010): the probability of as many hits inside, if density were
    that of the box without this side.

    Examples
    --------
    >>> x = pd.DataFrame({"A": np.arange(100.0), "B": np.arange(100.0) % 7})
    >>> drop_unneeded_limits({"A": (60.5, np.inf), "B": (1.0, np.inf)}, x, x["A"].to_numpy() > 60)
    {'A': (60.5, inf)}
    """
    kept = dict(limits)
    while kept:
        whole = score(inside(x, kept), y)
        p_values = []
        for name, ends in kept.items():
            for side in (0, 1):
                if not math.isfinite(ends[side]):
                    continue
                wider = score(inside(x, _opened(kept, name, side)), y)
                p_values.append((float(stats.binom.sf(whole.hits_inside - 1, whole.inside, wider.density)), name, side))
        p, name, side = max(p_values)
        if p <= P_VALUE:
            return kept
        kept = _opened(kept, name, side)
    return kept


def _opened(limits: Limits, name: str, side: int) -> Limits:
    ends = list(limits[name])
    ends[side] = (-math.inf, math.inf)[side]
    rest = {other: pair for other, pair in limits.items() if other != name}
    return rest | {name: (ends[0], ends[1])} if any(map(math.isfinite, ends)) else rest
