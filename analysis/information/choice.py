"""Which option has the highest expected utility, as a function of what a unit of effort costs.

Utility is gain less weight times effort, so every option is a straight line in the weight and the best of them is the
upper envelope of these lines. The weights at which the leading option changes are the corners of the envelope.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from analysis.information.value import TOLD_APART, Values

#: Ends of the interval of a weight at which the leading option changes.
INTERVAL = (0.05, 0.95)


@dataclass(frozen=True)
class Flip:
    """A weight of effort at which the option of highest expected utility changes.

    Attributes
    ----------
    weight
        Where the lines of both options cross.
    low, high
        The interval of 90 % of it over resampled members, nil at least.
    before, after
        Places of the options that lead below and above it.
    """

    weight: float
    low: float
    high: float
    before: int
    after: int


@dataclass(frozen=True)
class Choice:
    """Who leads at which weight, and who cannot be told from the leader.

    Attributes
    ----------
    expected, error
        Expected gain of each option before effort, and its standard error over resampled members.
    leaders
        Weight from which on an option leads, and its place; by rising weight, the first from nil on.
    flips
        One fewer than leaders.
    ties
        By option: ranges of weights in which it is no leader and its distance from the leader is within its error.
    """

    expected: Values
    error: Values
    leaders: tuple[tuple[float, int], ...]
    flips: tuple[Flip, ...]
    ties: tuple[tuple[tuple[float, float], ...], ...]

    def leader(self, weight: float) -> int:
        """Return the place of the option that leads at a weight; at a flip, of the one that leads below it."""
        return [option for start, option in self.leaders if start < weight or start == 0][-1]

    def leads(self, option: int) -> tuple[float, float] | None:
        """Return the range of weights in which an option leads, or None."""
        ends = [start for start, _ in self.leaders[1:]] + [np.inf]
        for (start, place), end in zip(self.leaders, ends, strict=True):
            if place == option:
                return start, end
        return None


def envelope(expected: Sequence[float] | Values, efforts: Sequence[float] | Values) -> tuple[tuple[float, int], ...]:
    """Return the weights from which on each leading option leads.

    Parameters
    ----------
    expected, efforts
        Of each option.

    Returns
    -------
    tuple
        Weight and place, from a weight of nil on; where two options are equal, the one of less effort leads.

    Examples
    --------
    >>> envelope([1.0, 0.6, 0.0], [4.0, 1.0, 0.0])
    ((0.0, 0), (0.13333333333333333, 1), (0.6, 2))
    """
    gains, costs = np.asarray(expected, dtype=float), np.asarray(efforts, dtype=float)
    at = int(np.lexsort((costs, -gains))[0])
    found = [(0.0, at)]
    while len(cheaper := np.flatnonzero(costs < costs[at])):
        crossing = (gains[at] - gains[cheaper]) / (costs[at] - costs[cheaper])
        # Of lines that cross at one weight, the one of least effort leads afterwards.
        first = np.lexsort((costs[cheaper], crossing))[0]
        at = int(cheaper[first])
        found.append((float(crossing[first]), at))
    return tuple(found)


def choose(expected: Values, efforts: Values, resampled: Values) -> Choice:
    """Work out who leads at which weight, how surely the weights of change are known, and who ties.

    Parameters
    ----------
    expected, efforts
        Of each option.
    resampled
        Expected gains over resampled members, axes resample and option.

    Examples
    --------
    >>> found = choose(np.array([0.0, 1.0]), np.array([0.0, 2.0]), np.array([[0.0, 0.9], [0.0, 1.1]]))
    >>> [round(each, 3) for each in (found.flips[0].weight, found.flips[0].low, found.flips[0].high)]
    [0.5, 0.455, 0.545]
    """
    leaders = envelope(expected, efforts)
    flips = []
    for (_, before), (weight, after) in pairwise(leaders):
        crossing = (resampled[:, before] - resampled[:, after]) / (efforts[before] - efforts[after])
        low, high = np.clip(np.quantile(crossing, INTERVAL), 0.0, None)
        flips.append(Flip(weight, float(low), float(high), before, after))
    ends = [start for start, _ in leaders[1:]] + [np.inf]
    ties: list[list[tuple[float, float]]] = [[] for _ in expected]
    for (start, leader), end in zip(leaders, ends, strict=True):
        for option in range(len(expected)):
            if option == leader:
                continue
            error = float((resampled[:, leader] - resampled[:, option]).std(ddof=1))
            within = _within(
                float(expected[leader] - expected[option]),
                float(efforts[leader] - efforts[option]),
                TOLD_APART * error,
            )
            low, high = max(start, within[0]), min(end, within[1])
            if low <= high:
                ties[option].append((low, high))
    error = resampled.std(axis=0, ddof=1)
    return Choice(expected, error, leaders, tuple(flips), tuple(_joined(each) for each in ties))


def _within(gain: float, effort: float, error: float) -> tuple[float, float]:
    """The weights at which what the leader has over an option, gain less weight times effort, is within its error."""
    if effort == 0:
        return (0.0, np.inf) if gain <= error else (np.inf, 0.0)
    ends = sorted(((gain - error) / effort, (gain + error) / effort))
    return ends[0], ends[1]


def _joined(ranges: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    found: list[tuple[float, float]] = []
    for low, high in ranges:
        if found and np.isclose(found[-1][1], low):
            found[-1] = (found[-1][0], high)
        else:
            found.append((low, high))
    return tuple(found)
