"""Which points of the unit cube a sensitivity study runs; any stretch of them is a function of its numbers.

Methods: Saltelli (2002; 2010) for the two base matrices and the mixed ones between them, Sobol' points scrambled after
Owen, as SALib lays them out; Morris (1991) for trajectories. Nothing here needs the whole design in memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
from SALib.sample import morris
from scipy.stats import qmc

Array = npt.NDArray[np.float64]

#: Levels of the grid of Morris's method, and the part of each distribution between its lowest and its highest.
LEVELS: Final = 4
INNER: Final = (0.05, 0.95)


@dataclass(frozen=True)
class PickFreeze:
    """Two independent samples A and B, and for each group of factors A with that group taken from B."""

    #: Number of columns.
    factors: int
    #: Columns of each group; groups may overlap, and every group is one matrix more.
    groups: tuple[tuple[int, ...], ...]
    #: Base samples: rows of A.
    samples: int
    #: Of the scrambling.
    seed: int

    @property
    def matrices(self) -> int:
        """Rows for each base sample: A, one for each group, B."""
        return len(self.groups) + 2

    @property
    def runs(self) -> int:
        """Number of points."""
        return self.samples * self.matrices

    def rows(self, first: int, last: int) -> Array:
        """Return points `first` to `last` (not included), in SALib's order: A, mixed, B of the first base sample, ...

        Examples
        --------
        >>> PickFreeze(3, ((0,), (1,), (2,)), 4, 1).rows(0, 5).shape
        (5, 3)
        """
        base = _base_points(2 * self.factors, self.samples, self.seed)
        sample, matrix = np.divmod(np.arange(first, last), self.matrices)
        from_b = np.zeros((self.matrices, self.factors), dtype=bool)
        from_b[-1] = True
        for number, columns in enumerate(self.groups, 1):
            from_b[number, list(columns)] = True
        mixed: Array = np.where(from_b[matrix], base[sample, self.factors :], base[sample, : self.factors])
        return mixed

    def independent(self) -> Array:
        """Return A and B one after the other: the points that are an ordinary sample of the cube."""
        base = _base_points(2 * self.factors, self.samples, self.seed)
        return np.concatenate([base[:, : self.factors], base[:, self.factors :]])


@dataclass(frozen=True)
class Trajectories:
    """Morris's walks: from a random point of a grid, one factor after the other is moved once."""

    #: Number of columns.
    factors: int
    #: Number of walks.
    samples: int
    #: Of all walks; each is drawn by itself.
    seed: int

    @property
    def matrices(self) -> int:
        """Points of a walk."""
        return self.factors + 1

    @property
    def runs(self) -> int:
        """Number of points."""
        return self.samples * self.matrices

    def rows(self, first: int, last: int) -> Array:
        """Return points `first` to `last` (not included), walk after walk, between the percentiles `INNER`.

        Examples
        --------
        >>> Trajectories(3, 2, 1).rows(0, 8).shape
        (8, 3)
        """
        walks = range(first // self.matrices, -(-last // self.matrices))
        points = np.concatenate([self.walk(number) for number in walks])
        start = walks[0] * self.matrices
        low, high = INNER
        return low + (high - low) * points[first - start : last - start]

    def walk(self, number: int) -> Array:
        """Return a walk on the grid from 0 to 1, dims point and factor."""
        return _walk(self.factors, self.seed, number)

    def all_moves(self) -> tuple[npt.NDArray[np.int64], Array]:
        """Return which factor each step moves, and by how much in signed shares of the grid, dims ``walk, step``."""
        steps = np.diff([self.walk(number) for number in range(self.samples)], axis=1)
        moved = np.argmax(np.abs(steps), axis=2)
        return moved, np.take_along_axis(steps, moved[..., None], axis=2)[..., 0]


Design = PickFreeze | Trajectories


@lru_cache(maxsize=16)
def _walk(factors: int, seed: int, number: int) -> Array:
    names = [f"x{k}" for k in range(factors)]
    problem = {"num_vars": factors, "names": names, "bounds": [[0.0, 1.0]] * factors}
    points = np.asarray(morris.sample(problem, 1, num_levels=LEVELS, seed=np.random.default_rng([seed, number])))
    points.flags.writeable = False
    return points


@lru_cache(maxsize=2)
def _base_points(dims: int, samples: int, seed: int) -> Array:
    exponent = int(np.ceil(np.log2(samples)))
    points = qmc.Sobol(dims, scramble=True, rng=np.random.default_rng(seed)).random_base2(exponent)[:samples]
    # Scrambling may leave a point on the edge, where a quantile has no end.
    points = np.asarray(np.clip(points, 2.0**-32, 1 - 2.0**-32), dtype=float)
    points.flags.writeable = False
    return points
