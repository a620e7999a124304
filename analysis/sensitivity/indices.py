"""Sensitivity indices from arrays: every index with a bootstrap interval, all inputs and years at once.

Methods: Saltelli et al. (2010) and Jansen (1999) for first and total order; Owen (2014) for Shapley effects, from
closed indices of groups; Morris (1991) and Campolongo et al. (2007); Pianosi and Wagener (2018) for PAWN; Plischke et
al. (2013) for delta and first order from given data; Hornberger and Spear (1981) for regional analysis. Estimators are
those of SALib, which the tests hold them to. They are written for all inputs and resamples at once because SALib visits
one input after the other, which takes hours with four hundred inputs, by year; its delta is called as it is.
"""

from __future__ import annotations

import itertools
import warnings
from typing import Final

import numpy as np
import numpy.typing as npt
from SALib.analyze import delta as salib_delta

Array = npt.NDArray[np.float64]

#: Resamples behind an interval, and how much of them it holds.
RESAMPLES: Final = 200
CONFIDENCE: Final = 0.95
#: Slices of an input in PAWN, and in the ratio that screens inputs.
SLICES: Final = 10


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
    return values[0], low, high


def sobol(outcomes: Array, counted: Array) -> tuple[Array, Array]:
    """Return first and total order of every group.

    Parameters
    ----------
    outcomes
        Dims ``sample, matrix``: A, A with each group from B, B, as from `PickFreeze`.
    counted
        As from `weights`.

    Returns
    -------
    tuple of numpy.ndarray
        Dims ``resample, group``; not a number where the outcome does not vary.

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
    two is what the total order of the third leaves. The shares sum to one by construction.

    Parameters
    ----------
    first, total
        Closed first and total order of the groups; the last axis is the group.

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
    found = []
    for group in range(3):
        others = [other for other in range(3) if other != group]
        after_one = sum(pairs[..., 3 - group - other] - first[..., other] for other in others)
        found.append(first[..., group] / 3 + after_one / 6 + (1 - pairs[..., group]) / 3)
    return np.stack(found, axis=-1)


def morris(effects: Array, counted: Array) -> tuple[Array, Array, Array]:
    """Return the mean absolute effect, the mean effect and the standard deviation of effects.

    Parameters
    ----------
    effects
        Elementary effects, dims ``walk, factor``.
    counted
        As from `weights`, for the walks.

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

    Parameters
    ----------
    outcomes
        Dims ``walk, point``.
    moved, steps
        Which factor each step moves and by how much, dims ``walk, step``.

    Examples
    --------
    >>> elementary_effects(np.array([[0.0, 2.0]]), np.array([[0]]), np.array([[-0.5]]))
    array([[-4.]])
    """
    found = np.empty(moved.shape)
    np.put_along_axis(found, moved, np.diff(outcomes, axis=1) / steps, axis=1)
    return found


def pawn(inputs: Array, outcome: Array, counted: Array) -> Array:
    """Return the median distance between the outcome's distribution and that within a slice of each input.

    Parameters
    ----------
    inputs
        Dims ``run, input``.
    outcome
        Dim ``run``; yes or no is 1 or 0.
    counted
        As from `weights`.

    Returns
    -------
    numpy.ndarray
        Dims ``resample, input``, each between 0 and 1.

    Examples
    --------
    >>> x = np.linspace(0, 1, 100)
    >>> float(pawn(x[:, None], x, weights(100, 0, seed=1))[0, 0]) > 0.5
    True
    """
    order = np.argsort(outcome, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(outcome[order]) > 0, True))
    found = np.full((len(counted), inputs.shape[1]), np.nan)
    sorted_weights = counted[:, order]
    whole = np.cumsum(sorted_weights, axis=1)[:, ends]
    for column in range(inputs.shape[1]):
        values = inputs[order, column]
        edges = np.quantile(values, np.linspace(0, 1, SLICES + 1))
        distances = []
        for low, high in itertools.pairwise(edges):
            inside = np.where((values >= low) & (values < high), sorted_weights, 0.0)
            size = inside.sum(axis=1, keepdims=True)
            with np.errstate(invalid="ignore", divide="ignore"):
                distances.append(np.abs(np.cumsum(inside, axis=1)[:, ends] / size - whole).max(axis=1))
        with warnings.catch_warnings():
            # An input of two values leaves slices without a run.
            warnings.simplefilter("ignore", RuntimeWarning)
            found[:, column] = np.nanmedian(distances, axis=0)
    return found


def regional(inputs: Array, reached: npt.NDArray[np.bool_], counted: Array) -> Array:
    """Return the largest distance between the distributions of an input where a target is reached and where not.

    Parameters
    ----------
    inputs, counted
        As for `pawn`.
    reached
        Dim ``run``; both answers must occur.

    Examples
    --------
    >>> x = np.linspace(0, 1, 100)
    >>> round(float(regional(x[:, None], x > 0.5, weights(100, 0, seed=1))[0, 0]), 9)
    1.0
    """
    found = np.empty((len(counted), inputs.shape[1]))
    for column in range(inputs.shape[1]):
        order = np.argsort(inputs[:, column], kind="stable")
        ends = np.flatnonzero(np.append(np.diff(inputs[order, column]) > 0, True))
        parts = []
        for side in (reached[order], ~reached[order]):
            inside = np.where(side, counted[:, order], 0.0)
            with np.errstate(invalid="ignore", divide="ignore"):
                parts.append(np.cumsum(inside, axis=1)[:, ends] / inside.sum(axis=1, keepdims=True))
        found[:, column] = np.abs(parts[0] - parts[1]).max(axis=1)
    return found


def delta(inputs: Array, outcome: Array, resamples: int, seed: int) -> tuple[Array, Array]:
    """Return delta and first order from given data, as SALib estimates them, dims ``resample, input``.

    The first row is the estimate, with the bootstrap's bias taken off delta as in Plischke et al. (2013).

    Parameters
    ----------
    inputs, outcome
        As for `pawn`.
    resamples, seed
        Of the bootstrap.

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
    found = np.empty((2, resamples + 1, inputs.shape[1]))
    for row in range(resamples + 1):
        chosen = np.arange(runs) if row == 0 else random.integers(0, runs, runs)
        for column in range(inputs.shape[1]):
            x, y = inputs[chosen, column], outcome[chosen]
            found[0, row, column] = salib_delta.calc_delta(y, grid, x, edges)
            found[1, row, column] = salib_delta.sobol_first(y, x, edges)
    if resamples:
        bias = found[0, 1:].mean(axis=0) - found[0, 0]
        found[0] -= bias
    return found[0], found[1]


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
    found = np.zeros(inputs.shape[1])
    for number in range(2 * SLICES):
        inside = slices == number
        found += (inside * centred[:, None]).sum(axis=0) ** 2 / inside.sum(axis=0)
    return found / spread


def _standard(values: Array) -> Array:
    # Around the mean of all, as SALib does: first order is estimated from products, which a large mean would drown.
    spread = float(values.std())
    return np.asarray((values - values.mean()) / (spread if spread > 0 else 1.0))
