"""Sensitivity indices from arrays: every index with a bootstrap interval, all inputs and years at once.

Methods: Saltelli et al. (2010) and Jansen (1999) for first and total order; Owen (2014) for Shapley effects, from
closed indices of groups; Morris (1991) and Campolongo et al. (2007); Pianosi and Wagener (2018) for PAWN; Plischke et
al. (2013) for delta and first order from given data; Hornberger and Spear (1981) for regional analysis. Estimators are
those of SALib, which the tests hold them to, less the part of a distance that is due to sampling (Khorashadi Zadeh et
al. 2017 see it in a dummy parameter). They are written for all inputs and resamples at once because SALib visits
one input after the other, which takes hours with four hundred inputs, by year; its delta is called as it is.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from SALib.analyze import delta as salib_delta
from scipy import stats

Array = npt.NDArray[np.float64]
Rows = npt.NDArray[np.intp]

#: Resamples behind an interval, and how much of them it holds.
RESAMPLES: Final = 200
CONFIDENCE: Final = 0.95
#: Slices of an input in PAWN, and in the ratio that screens inputs.
SLICES: Final = 10
#: Times the sample is halved to see what sampling adds to a distance: of the estimate, and of each resample.
HALVINGS: Final = 8
RESAMPLED_HALVINGS: Final = 2
#: Inputs without influence that show how far chance reaches; densities take much longer.
SHUFFLES: Final = 100
DELTA_STAND_INS: Final = 12
DELTA_RESAMPLES: Final = 8
#: Probability that any input without influence is taken for one that has some, in one ranking.
ERROR: Final = 0.01
SKEWNESS: Final = 0.5
#: Part of the largest index that is rounding.
NEGLIGIBLE: Final = 1e-9


@dataclass(frozen=True)
class ChanceLevel:
    """What chance makes of the indices of inputs without influence."""

    #: Mean and standard deviation, one for each input.
    mean: Array
    spread: Array
    #: Number of inputs without influence behind them.
    count: int


def weights(samples: int, resamples: int, seed: int) -> Array:
    """Return how much each sample counts, dims ``resample, sample``; first all alike, then bootstrap draws.

    Examples
    --------
    >>> weights(4, 2, seed=1).sum(axis=1)
    array([1., 1., 1.])
    """
    random = np.random.default_rng(seed)
    drawn = random.multinomial(samples, np.full(samples, 1 / samples), size=resamples) / samples
    return np.concatenate([np.full((1, samples), 1 / samples), drawn])


def interval(values: Array) -> tuple[Array, Array, Array]:
    """Return estimate and the ends of its percentile interval; the first axis is as in `weights`.

    The interval reaches to the estimate where resamples, of which a ratio can be skewed, lie to one side of it.

    Examples
    --------
    >>> [float(part) for part in interval(np.array([1.0, 0.0, 2.0]))][0]
    1.0
    """
    if len(values) == 1:
        return values[0], values[0], values[0]
    ends = [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]
    with warnings.catch_warnings():
        # A rare yes may be in none of a resample, which then has no index; what never varies has none at all.
        warnings.simplefilter("ignore", RuntimeWarning)
        low, high = np.nanquantile(values[1:], ends, axis=0)
    return values[0], np.fmin(low, values[0]), np.fmax(high, values[0])


def sobol(outcomes: Array, counted: Array) -> tuple[Array, Array]:
    """Return first and total order of every group, dims ``resample, group``; NaN where the outcome does not vary.

    Outcomes have the dims ``sample, matrix``: A, A with each group from B, B, as from `PickFreeze`.

    Examples
    --------
    >>> first, total = sobol(np.array([[0.0, 1, 1], [1, 0, 0]]), weights(2, 0, seed=1))
    >>> first.shape
    (1, 1)
    """
    scaled = _standard(outcomes)
    a, b, mixed = scaled[:, :1], scaled[:, -1:], scaled[:, 1:-1]
    mean = counted @ (a + b) / 2
    variance = counted @ (a**2 + b**2) / 2 - mean**2
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = np.where(variance > 1e-12, variance, np.nan)
        return counted @ (b * (mixed - a)) / variance, 0.5 * (counted @ (a - mixed) ** 2) / variance


def shares(first: Array, total: Array) -> Array:
    """Return the share of variance due to each of up to three groups that together hold every factor.

    It is the Shapley effect: what a group adds to the explained variance, averaged over all orders in which the groups
    can be learnt, so that interactions are shared by those that interact. With three groups the variance explained by
    two is what the total order of the third leaves. The shares sum to one by construction. The last axis is the group.

    Examples
    --------
    >>> shares(np.array([0.5, 0.2, 0.1]), np.array([0.7, 0.4, 0.1])).round(3)
    array([0.6, 0.3, 0.1])
    """
    count = first.shape[-1]
    if count == 1:
        return np.ones_like(first)
    if count == 2:
        # Each group is what the other one leaves: both estimates of the same count alike.
        alone = (first + 1 - total[..., ::-1]) / 2
        return np.asarray((1 + alone - alone[..., ::-1]) / 2)
    if count > 3:
        message = "the closed indices of three groups at most follow from first and total order"
        raise ValueError(message)
    pairs = 1 - total
    effects = []
    for group in range(3):
        others = [other for other in range(3) if other != group]
        after_one = sum(pairs[..., 3 - group - other] - first[..., other] for other in others)
        effects.append(first[..., group] / 3 + after_one / 6 + (1 - pairs[..., group]) / 3)
    return np.stack(effects, axis=-1)


def morris(effects: Array, counted: Array) -> tuple[Array, Array, Array]:
    """Return the mean absolute effect, the mean effect and the standard deviation of effects, dims ``walk, factor``.

    Examples
    --------
    >>> morris(np.array([[1.0], [-1.0]]), weights(2, 0, seed=1))[0]
    array([[1.]])
    """
    walks = len(effects)
    mean = counted @ effects
    variance = np.maximum(counted @ effects**2 - mean**2, 0) * walks / max(walks - 1, 1)
    return counted @ np.abs(effects), mean, np.sqrt(variance)


def elementary_effects(outcomes: Array, moved: npt.NDArray[np.int64], steps: Array) -> Array:
    """Return the effect of each factor in each walk, dims ``walk, factor``, for a move through the whole grid.

    Outcomes have the dims ``walk, point``; which factor each step moves and by how much, ``walk, step``.

    Examples
    --------
    >>> elementary_effects(np.array([[0.0, 2.0]]), np.array([[0]]), np.array([[-0.5]]))
    array([[-4.]])
    """
    effects = np.empty(moved.shape)
    np.put_along_axis(effects, moved, np.diff(outcomes, axis=1) / steps, axis=1)
    return effects


def pawn(inputs: Array, outcome: Array, counted: Array) -> Array:
    """Return the median distance between the outcome's distribution and that within a slice of each input.

    Kolmogorov-Smirnov distances of Pianosi and Wagener (2018), dims ``resample, input``, with `SLICES` slices of equal
    size, or one for each value of an input of few values. Sampling alone makes them too long, which is taken off
    (`without_length_bias`), so an input without influence lies about zero, also below. A yes or no is 1 or 0.

    Examples
    --------
    >>> x = np.linspace(0, 1, 100)
    >>> float(pawn(x[:, None], x, weights(100, 0, seed=1))[0, 0]) > 0.5
    True
    """
    order = np.argsort(outcome, kind="stable")
    sliced = [slices(column) for column in inputs[order].T]

    def distances(counts: Array) -> Array:
        compare = _Comparison(outcome[order], counts[:, order])
        return np.stack([compare.median_distance(own) for own in sliced], axis=1)

    return without_length_bias(distances, counted)


def pawn_by_chance(inputs: Array, outcome: Array, seed: int) -> ChanceLevel:
    """Return `pawn` of inputs that have no influence but the same slices.

    Each input's slices are shuffled over the runs `SHUFFLES` times: the dummy parameter of Khorashadi Zadeh et al.
    (2017), drawn often enough to say how far chance alone reaches.

    Examples
    --------
    >>> x = np.linspace(0, 1, 200)
    >>> level = pawn_by_chance(x[:, None], x, seed=1)
    >>> bool(abs(level.mean[0]) < 0.1), bool(level.spread[0] < 0.2)
    (True, True)
    """
    outcome = np.sort(outcome)
    random = np.random.default_rng([seed, len(outcome)])
    known: dict[tuple[int, ...], tuple[float, float]] = {}
    levels = []
    for column in inputs.T:
        sizes = tuple(sorted(len(rows) for rows in slices(column)))
        if sizes not in known:
            ends = np.cumsum(sizes)[:-1]
            # One shuffle of the runs for each stand-in, cut into slices of the same sizes.
            shuffles = [np.split(random.permutation(len(outcome)), ends) for _ in range(SHUFFLES)]
            shuffled = [[np.sort(rows) for rows in parts] for parts in shuffles]

            def distances(counts: Array, shuffled: list[list[Rows]] = shuffled) -> Array:
                compare = _Comparison(outcome, counts)
                return np.stack([compare.median_distance(own) for own in shuffled], axis=1)

            values = without_length_bias(distances, weights(len(outcome), 0, seed))[0]
            known[sizes] = (float(values.mean()), float(values.std(ddof=1)))
        levels.append(known[sizes])
    mean, spread = np.array(levels).T
    return ChanceLevel(mean, spread, SHUFFLES)


def slices(values: Array) -> list[Rows]:
    """Return the rows of each slice of an input: one for each value if these are few, else slices of equal size.

    Examples
    --------
    >>> [rows.tolist() for rows in slices(np.array([2.0, 0.0, 2.0]))]
    [[1], [0, 2]]
    """
    known = np.unique(values)
    if len(known) <= SLICES:
        return [np.flatnonzero(values == value) for value in known]
    edges = np.unique(np.quantile(values, np.linspace(0, 1, SLICES + 1)))
    number_of = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)
    each = (np.flatnonzero(number_of == number) for number in range(len(edges) - 1))
    return [rows for rows in each if len(rows)]


def without_length_bias(distances: Callable[[Array], Array], counted: Array) -> Array:
    """Return distances between samples, dims ``resample, input``, without what sampling adds to them.

    A Kolmogorov-Smirnov distance of two samples is too long by about c / sqrt(n), exactly so where the distributions
    are the same. Halves of the sample show the same with n / 2, so the two together give the distance for n without
    end (Richardson's extrapolation). A bootstrap cannot: its own distances are longer still (Bickel and Freedman 1981).
    Its spread serves for the interval, around the corrected estimate, which is the mean of the resamples. `distances`
    takes the number of times each run counts.
    """
    counts = np.rint(counted * counted.shape[1]).astype(np.int64)
    random = np.random.default_rng([HALVINGS, counted.shape[1]])
    corrected = _extrapolated(distances, counts[:1], HALVINGS, random)
    if len(counts) > 1:
        again = _extrapolated(distances, counts[1:], RESAMPLED_HALVINGS, random)
        corrected = np.concatenate([corrected, corrected + again - np.nanmean(again, axis=0)])
    return corrected


def _extrapolated(
    distances: Callable[[Array], Array], counts: npt.NDArray[np.int64], halvings: int, random: np.random.Generator
) -> Array:
    rows, runs = counts.shape
    halves = []
    for _ in range(halvings):
        first = np.empty_like(counts)
        for row in range(rows):
            drawn = random.permutation(np.repeat(np.arange(runs), counts[row]))
            first[row] = np.bincount(drawn[: len(drawn) // 2], minlength=runs)
        halves += [distances(first.astype(float)), distances((counts - first).astype(float))]
    root = np.sqrt(2.0)
    return np.asarray((root * distances(counts.astype(float)) - np.mean(halves, axis=0)) / (root - 1.0))


class _Comparison:
    """Distances between the outcome in some runs and in all; runs come in the order of their outcome."""

    def __init__(self, outcome: Array, counts: Array) -> None:
        self.counts = counts
        self.total = counts.sum(axis=1, keepdims=True)
        sums = np.cumsum(counts, axis=1)
        below = np.concatenate([np.zeros((len(counts), 1)), sums], axis=1)
        # Runs of one outcome are a step: a distribution is looked at before and after it.
        self.first = np.searchsorted(outcome, outcome, side="left")
        self.last = np.searchsorted(outcome, outcome, side="right")
        self.whole = below / self.total

    def median_distance(self, sliced: list[Rows]) -> Array:
        with np.errstate(invalid="ignore", divide="ignore"), warnings.catch_warnings():
            # A resample may leave a slice, or all of them, without a run.
            warnings.simplefilter("ignore", RuntimeWarning)
            return np.asarray(np.nanmedian([self._distance(rows) for rows in sliced], axis=0))

    def _distance(self, rows: Rows) -> Array:
        # The distance is largest at a step of the slice, just before it or at it.
        steps, start = np.unique(self.first[rows], return_index=True)
        ends = np.append(start[1:], len(rows))
        own = np.concatenate([np.zeros((len(self.counts), 1)), np.cumsum(self.counts[:, rows], axis=1)], axis=1)
        own = own / own[:, -1:]
        before = np.abs(own[:, start] - self.whole[:, steps]).max(axis=1)
        after = np.abs(own[:, ends] - self.whole[:, self.last[rows[start]]]).max(axis=1)
        return np.asarray(np.maximum(before, after))


def regional(inputs: Array, reached: npt.NDArray[np.bool_], counted: Array) -> Array:
    """Return the largest distance between the distributions of an input where a target is reached and where not.

    What sampling adds is taken off, as in `pawn`. Both answers must occur.

    Examples
    --------
    >>> x = np.linspace(0, 1, 100)
    >>> round(float(regional(x[:, None], x > 0.5, weights(100, 0, seed=1))[0, 0]), 9)
    1.0
    """
    orders = [np.argsort(column, kind="stable") for column in inputs.T]
    ends = [
        np.flatnonzero(np.append(np.diff(column[order]) > 0, True))
        for column, order in zip(inputs.T, orders, strict=True)
    ]

    def distances(counts: Array) -> Array:
        each = []
        for order, end in zip(orders, ends, strict=True):
            parts = []
            for side in (reached[order], ~reached[order]):
                inside = np.where(side, counts[:, order], 0.0)
                with np.errstate(invalid="ignore", divide="ignore"):
                    parts.append(np.cumsum(inside, axis=1)[:, end] / inside.sum(axis=1, keepdims=True))
            each.append(np.abs(parts[0] - parts[1]).max(axis=1))
        return np.stack(each, axis=1)

    return without_length_bias(distances, counted)


def delta(inputs: Array, outcome: Array, resamples: int, seed: int) -> tuple[Array, Array]:
    """Return delta and first order from given data, as SALib estimates them, dims ``resample, input``.

    Every row is the plain estimate twice less a resampled one: so the bias that the bootstrap shows is taken off, and
    the interval lies around the corrected estimate (Plischke et al. 2013).

    Examples
    --------
    >>> x = np.linspace(0, 1, 200)
    >>> [part.shape for part in delta(x[:, None], x, 2, seed=1)]
    [(3, 1), (3, 1)]
    """
    random = np.random.default_rng(seed)
    runs = len(outcome)
    # As many classes of equal size as SALib takes.
    exponent = 2.0 / (7.0 + np.tanh((1500.0 - runs) / 500.0))
    edges = np.linspace(0, runs, round(min(int(np.ceil(runs**exponent)), 48)) + 1)
    grid = np.linspace(outcome.min(), outcome.max(), 100)
    estimates = np.empty((2, resamples + 1, inputs.shape[1]))
    for row in range(resamples + 1):
        chosen = np.arange(runs) if row == 0 else random.integers(0, runs, runs)
        for column in range(inputs.shape[1]):
            x, y = inputs[chosen, column], outcome[chosen]
            estimates[0, row, column] = salib_delta.calc_delta(y, grid, x, edges)
            estimates[1, row, column] = salib_delta.sobol_first(y, x, edges)
    if resamples:
        again = estimates[:, 1:].copy()
        estimates[:, 1:] = 2 * estimates[:, :1] - again
        estimates[:, 0] = 2 * estimates[:, 0] - again.mean(axis=1)
    return estimates[0], estimates[1]


def delta_by_chance(outcome: Array, seed: int) -> tuple[ChanceLevel, ChanceLevel]:
    """Return delta and first order of inputs that have no influence, which are drawn at random; see `pawn_by_chance`.

    Examples
    --------
    >>> moved, first = delta_by_chance(np.sin(np.arange(128.0)), seed=1)
    >>> bool(abs(first.mean) < 0.1 and moved.spread > 0)
    True
    """
    stand_ins = np.random.default_rng([seed, 2]).random((len(outcome), DELTA_STAND_INS))
    moved, first = (values[0] for values in delta(stand_ins, outcome, DELTA_RESAMPLES, seed))
    return _level(moved), _level(first)


def beyond_chance(value: Array, low: Array, level: ChanceLevel | None) -> npt.NDArray[np.bool_]:
    """Return whether the index of each input is larger than chance would make it.

    Without a level, as in designs that move one input and leave the others (Sobol', Morris), an input without influence
    has an index of exactly zero. All inputs are tested, so that one of them exceeds its level by chance with
    probability `ERROR` (Bonferroni).

    Examples
    --------
    >>> beyond_chance(np.array([0.5, 0.01]), np.array([0.4, 0.0]), None).tolist()
    [True, False]
    """
    if level is None:
        return np.asarray(low > NEGLIGIBLE * np.nanmax(np.abs(value), initial=0.0))
    # Medians of distances lean to the right, by half at most where an input has few values (Pearson's third type).
    times = max(stats.pearson3.isf(ERROR / len(value), SKEWNESS), stats.t.isf(ERROR / len(value), level.count - 1))
    return np.asarray((value > level.mean + times * level.spread * np.sqrt(1 + 1 / level.count)) & (low > 0))


def explained(inputs: Array, outcome: Array) -> Array:
    """Return the share of variance between slices of each input: a first look at which inputs matter.

    Examples
    --------
    >>> x = np.linspace(0, 1, 1000)
    >>> bool(explained(x[:, None], x)[0] > 0.9)
    True
    """
    runs = len(outcome)
    centred = outcome - outcome.mean()
    spread = float((centred**2).sum())
    if not spread > 0:
        return np.zeros(inputs.shape[1])
    ranks = np.argsort(np.argsort(inputs, axis=0, kind="stable"), axis=0)
    slices = ranks * (2 * SLICES) // runs
    between = np.zeros(inputs.shape[1])
    for number in range(2 * SLICES):
        inside = slices == number
        between += (inside * centred[:, None]).sum(axis=0) ** 2 / inside.sum(axis=0)
    return between / spread


def _level(values: Array) -> ChanceLevel:
    return ChanceLevel(np.asarray(values.mean()), np.asarray(values.std(ddof=1)), values.size)


def _standard(values: Array) -> Array:
    # Around the mean of all, as SALib does: first order is estimated from products, which a large mean would drown.
    spread = float(values.std())
    return np.asarray((values - values.mean()) / (spread if spread > 0 else 1.0))
