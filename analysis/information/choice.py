"""The option of highest expected utility, as a function of the weight of effort.

Utility is gain less weight times effort, so every option is a straight line in the weight, and the best option follows
the upper envelope of these lines. The leading option changes at the corners of the envelope.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from analysis.information.value import CRITICAL_VALUE, Values

#: Ends of the interval of a weight at which the leading option changes.
INTERVAL = (0.05, 0.95)


@dataclass(frozen=True)
class Flip:
    """A weight of effort at which the option of highest expected utility changes."""

    #: Where the lines of both options cross.
    weight: float
    #: Its 90 % interval over resampled members, not below 0.
    low: float
    high: float
    #: Indices of the options that lead below and above it.
    before: int
    after: int


@dataclass(frozen=True)
class Choice:
    """The leading option by weight, and the options that cannot be distinguished from it."""

    #: Expected gain of each option before effort, and its standard error over resampled members.
    expected: Values
    error: Values
    #: Weight from which an option leads, and its index; by rising weight, the first from 0.
    leaders: tuple[tuple[float, int], ...]
    #: Changes of the leader, one fewer than leaders.
    flips: tuple[Flip, ...]
    #: By option: ranges of weights in which it does not lead and its distance from the leader is within its error.
    ties: tuple[tuple[tuple[float, float], ...], ...]

    def leads(self, option: int) -> tuple[float, float] | None:
        """Return the range of weights in which an option leads, or None."""
        ends = [start for start, _ in self.leaders[1:]] + [np.inf]
        for (start, leader), end in zip(self.leaders, ends, strict=True):
            if leader == option:
                return start, end
        return None


def envelope(expected: Sequence[float] | Values, efforts: Sequence[float] | Values) -> tuple[tuple[float, int], ...]:
    """Return from which weight each leading option leads, and its index; of equal options the one of less effort leads.

    Examples
    --------
    >>> envelope([1.0, 0.6, 0.0], [4.0, 1.0, 0.0])
    ((0.0, 0), (0.13333333333333333, 1), (0.6, 2))
    """
    gains, costs = np.asarray(expected, dtype=float), np.asarray(efforts, dtype=float)
    leader = int(np.lexsort((costs, -gains))[0])
    leaders = [(0.0, leader)]
    while len(cheaper := np.flatnonzero(costs < costs[leader])):
        crossing = (gains[leader] - gains[cheaper]) / (costs[leader] - costs[cheaper])
        # Of lines that cross at one weight, the one of least effort leads afterwards.
        first = np.lexsort((costs[cheaper], crossing))[0]
        leader = int(cheaper[first])
        leaders.append((float(crossing[first]), leader))
    return tuple(leaders)


def choose(expected: Values, efforts: Values, resampled: Values) -> Choice:
    """Return the leading option by weight, the intervals of the weights at which it changes, and the ties.

    Examples
    --------
    >>> choice = choose(np.array([0.0, 1.0]), np.array([0.0, 2.0]), np.array([[0.0, 0.9], [0.0, 1.1]]))
    >>> [round(each, 3) for each in (choice.flips[0].weight, choice.flips[0].low, choice.flips[0].high)]
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
            gain, effort = (float(each[leader] - each[option]) for each in (expected, efforts))
            within = _within(gain, effort, CRITICAL_VALUE * error)
            low, high = max(start, within[0]), min(end, within[1])
            if low <= high:
                ties[option].append((low, high))
    error = resampled.std(axis=0, ddof=1)
    return Choice(expected, error, leaders, tuple(flips), tuple(_joined(each) for each in ties))


def _within(gain: float, effort: float, error: float) -> tuple[float, float]:
    """The weights at which the leader's advantage over an option, gain less weight times effort, is within error."""
    if effort == 0:
        return (0.0, np.inf) if gain <= error else (np.inf, 0.0)
    ends = sorted(((gain - error) / effort, (gain + error) / effort))
    return ends[0], ends[1]


def _joined(ranges: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    joined: list[tuple[float, float]] = []
    for low, high in ranges:
        if joined and np.isclose(joined[-1][1], low):
            joined[-1] = (joined[-1][0], high)
        else:
            joined.append((low, high))
    return tuple(joined)
