"""Boxes of futures in which an outcome is frequent: peeled by PRIM, or grown by a classification tree.

The patient rule induction method (Friedman and Fisher 1999; Bryant and Lempert 2010) is that of the EMA workbench, the
trees are those of scikit-learn. Of the boxes on the peeling path, and of the nodes of the tree, the one of highest
weighted relative accuracy is taken: the share of futures inside, times what density inside exceeds the base rate by
(Lavrac, Flach and Zupan 1999).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

#: A limit is dropped if chance moves density as much with a probability above this.
CHANCE: Final = 0.05
#: The smallest share of the searched futures that a box may hold.
SMALLEST: Final = 0.05
#: The share that each peel takes away. Thin peels end early where a few futures differ by chance, thick ones are
#: coarse; all are tried.
PEELS: Final = (0.05, 0.1, 0.2)
#: Limits on one path down the tree.
DEPTH: Final = 3

Flags = npt.NDArray[np.bool_]
#: Lower and upper end by input, infinite where open.
Limits = dict[str, tuple[float, float]]


@dataclass(frozen=True)
class Score:
    """How many futures a box holds, of how many, and of which kind.

    Attributes
    ----------
    futures, hits
        In all, and those with the outcome searched for.
    inside, hits_inside
        The same inside the box.
    """

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
    """Say which futures lie within limits; all of them where there are none.

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
    """Count what a box holds.

    Examples
    --------
    >>> score(np.array([True, True, False]), np.array([True, False, False])).density
    0.5
    """
    return Score(hits.size, int(hits.sum()), int(within.sum()), int((within & hits).sum()))


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the workbench's notes on extras that are not installed and on coming changes of pandas."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="ema_workbench")
        yield


def peeled(x: pd.DataFrame, y: Flags) -> tuple[Limits, pd.DataFrame]:
    """Return the best box on PRIM's peeling path, and the path.

    Parameters
    ----------
    x
        Inputs of the searched futures.
    y
        Which have the outcome; at least one does.

    Returns
    -------
    tuple
        Limits, and by step ``coverage``, ``density``, ``mass``, number of ``inputs`` limited, and which is ``chosen``.

    Examples
    --------
    >>> peeled(x, y)[0]  # doctest: +SKIP
    {'REGISTERED URBAN SHARE 2020': (0.601, inf)}
    """
    with _quiet():
        # Takes seconds, so only when it is needed.
        from ema_workbench.analysis.prim import Prim

        # Hits are ones; any threshold above nil tells them apart.
        boxes = [
            Prim(x.astype(float), y, threshold=1e-9, peel_alpha=peel, mass_min=SMALLEST).find_box() for peel in PEELS
        ]
    accuracies = [
        (path["mass"] * (path["density"] - y.mean())).to_numpy() for path in (box.peeling_trajectory for box in boxes)
    ]
    box, accuracy = max(zip(boxes, accuracies, strict=True), key=lambda pair: float(pair[1].max()))
    best = int(np.argmax(accuracy))
    ends, whole = box.box_lims[best], box.box_lims[0]
    limits: Limits = {}
    for name in x.columns:
        low, high = (float(ends[name].iloc[side]) for side in (0, 1))
        lower = low if low > float(whole[name].iloc[0]) else -math.inf
        upper = high if high < float(whole[name].iloc[1]) else math.inf
        if math.isfinite(lower) or math.isfinite(upper):
            limits[str(name)] = (lower, upper)
    table = box.peeling_trajectory[["coverage", "density", "mass", "res_dim"]].rename(columns={"res_dim": "inputs"})
    return limits, table.astype(float).assign(chosen=np.arange(len(table)) == best)


def grown(x: pd.DataFrame, y: Flags) -> Limits:
    """Return the best node of a classification tree as a box; arguments as for `peeled`.

    Examples
    --------
    >>> x = pd.DataFrame({"A": np.arange(100.0)})
    >>> grown(x, x["A"].to_numpy() > 60)
    {'A': (60.5, inf)}
    """
    from sklearn.tree import DecisionTreeClassifier

    smallest = max(1, math.ceil(SMALLEST * len(x)))
    grown = DecisionTreeClassifier(max_depth=DEPTH, min_samples_leaf=smallest, random_state=0)
    tree = grown.fit(x.to_numpy(), y).tree_
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


def needed(limits: Limits, x: pd.DataFrame, y: Flags) -> Limits:
    """Open the sides of a box that chance explains, one after another, until chance explains none.

    The probability is the quasi-p-value of Bryant and Lempert (2010): of as many hits inside, if density were that of
    the box without this side.

    Examples
    --------
    >>> x = pd.DataFrame({"A": np.arange(100.0), "B": np.arange(100.0) % 7})
    >>> needed({"A": (60.5, np.inf), "B": (1.0, np.inf)}, x, x["A"].to_numpy() > 60)
    {'A': (60.5, inf)}
    """
    kept = dict(limits)
    while kept:
        whole = score(inside(x, kept), y)
        chances = []
        for name, ends in kept.items():
            for side in (0, 1):
                if not math.isfinite(ends[side]):
                    continue
                wider = score(inside(x, _opened(kept, name, side)), y)
                chances.append((float(stats.binom.sf(whole.hits_inside - 1, whole.inside, wider.density)), name, side))
        p, name, side = max(chances)
        if p <= CHANCE:
            return kept
        kept = _opened(kept, name, side)
    return kept


def _opened(limits: Limits, name: str, side: int) -> Limits:
    ends = list(limits[name])
    ends[side] = (-math.inf, math.inf)[side]
    rest = {other: pair for other, pair in limits.items() if other != name}
    return rest | {name: (ends[0], ends[1])} if any(map(math.isfinite, ends)) else rest
