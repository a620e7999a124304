"""Shares of ensemble members: the probability that they estimate, its interval, and both in words.

Members are taken as independent draws. Intervals: Wilson (1927), Probable inference, the law of succession, and
statistical inference.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from analysis.outcome.words import say

#: Of the intervals of shares.
CONFIDENCE: Final = 0.95
#: Members from which on 5 and 95 % of them are given as an interval: one member on either side of it.
FEWEST_FOR_INTERVAL: Final = 20
#: Of `share_columns`.
SHARE_COLUMNS: Final = ("probability", "probability_se", "probability_low", "probability_high")

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Share:
    """So many members of so many, as an estimate of a probability.

    Examples
    --------
    >>> Share(0, 100).probability, round(Share(0, 100).high, 3)
    (0.0, 0.037)
    """

    number: int
    members: int

    @property
    def probability(self) -> float:
        """The share itself."""
        return self.number / self.members

    @property
    def standard_error(self) -> float:
        """Binomial; zero where none or all of the members do, which is why there is an interval too."""
        return self.columns()["probability_se"]

    @property
    def low(self) -> float:
        """The lower end of Wilson's interval at `CONFIDENCE`."""
        return self.columns()["probability_low"]

    @property
    def high(self) -> float:
        """The upper end of Wilson's interval at `CONFIDENCE`."""
        return self.columns()["probability_high"]

    def columns(self) -> dict[str, float]:
        """Return the columns of a table: those of `share_columns`, for this share alone."""
        return {name: float(values[0]) for name, values in share_columns(np.array([self.number]), self.members).items()}


def share_columns(numbers: npt.NDArray[np.int64], members: int) -> dict[str, Values]:
    """Return shares in columns: ``probability``, error ``_se``, and Wilson's interval, ``_low`` to ``_high``.

    Examples
    --------
    >>> share_columns(np.array([0, 50]), 100)["probability"].tolist()
    [0.0, 0.5]
    """
    probability = numbers / members
    variance = probability * (1 - probability) / members
    z = _quantile()
    # scipy has this interval for one share at a time only, at a thousandth of a second each.
    middle = (probability + z**2 / (2 * members)) / (1 + z**2 / members)
    half = z * np.sqrt(variance + z**2 / (4 * members**2)) / (1 + z**2 / members)
    return {
        "probability": probability,
        "probability_se": np.sqrt(variance),
        "probability_low": np.where(numbers == 0, 0.0, middle - half),
        "probability_high": np.where(numbers == members, 1.0, middle + half),
    }


@cache
def _quantile() -> Any:
    """Of the standard normal distribution, for `CONFIDENCE`."""
    from scipy import stats

    return stats.norm.ppf((1 + CONFIDENCE) / 2)


@cache
def share_in_percent(number: int, members: int) -> str:
    """Return a share of members in percent with its standard error; of none or all of them, the bound of its interval.

    Cached, as the live page asks for dozens at every move of a lever.

    Examples
    --------
    >>> share_in_percent(51, 100), share_in_percent(0, 100), share_in_percent(100, 100)
    ('51% ±5', '<3.7%', '>96.3%')
    >>> share_in_percent(1, 200)
    '0.5% ±0.5'
    """
    # By symmetry the same bound serves none and all.
    bound = f"{100 * Share(0, members).high:.2g}"
    if number == 0:
        return f"<{bound}%"
    if number == members:
        return f">{100 - float(bound):.4g}%"
    share = Share(number, members)
    return percent_with_error(share.probability, share.standard_error)


def share_in_words(number: int, members: int, language: str) -> str:
    """Return a share of members for a sentence; that none or all do is a bound, not certainty.

    Examples
    --------
    >>> share_in_words(51, 100, "en"), share_in_words(0, 100, "en")
    ('51 % (of 100 members, standard error 5 %)', 'below 3.7 % (none of 100 members does)')
    >>> share_in_words(51, 100, "zh"), share_in_words(100, 100, "zh")
    ('为51%（100组样本，标准误5%）', '高于96.3%（100组样本全部达到）')
    """
    percent = share_in_percent(number, members)
    if number in (0, members):
        kind = "every member reaches it" if number else "no member reaches it"
        return say(kind, language, bound=percent.strip("<>%"), members=members)
    share, error = percent.split("% ±")
    return say("some members reach it", language, share=share, error=error, members=members)


def count_in_words(number: int, members: int, language: str) -> str:
    """Return how many members of how many, for "in ...": no share of a few, and no certainty of all.

    Examples
    --------
    >>> count_in_words(4, 4, "en"), count_in_words(0, 4, "en"), count_in_words(3, 4, "en")
    ('all 4 members', 'none of 4 members', '3 of 4 members')
    >>> count_in_words(4, 4, "zh"), count_in_words(0, 4, "zh"), count_in_words(3, 4, "zh")
    ('全部4组样本', '4组样本中的0组', '4组样本中的3组')
    >>> count_in_words(1, 1, "en")
    'the only member'
    """
    if members == 1:
        return say("the only member" if number else "not the only member", language)
    kind = "all members" if number == members else "some members" if number else "no members"
    return say(kind, language, number=number, members=members)


def change_in_points(change: float, error: float, members: int) -> str:
    """Return the difference of two shares in points with its standard error; bounds where that error is zero.

    Where no member tells the shares apart, how far apart they may be all the same; where all do, the least.

    Examples
    --------
    >>> change_in_points(0.25, 0.25, 4), change_in_points(0.0, 0.0, 4), change_in_points(1.0, 0.0, 4)
    ('+25 ±25', '<±49', '>+51')
    >>> change_in_points(-1.0, 0.0, 4), change_in_points(0.005, 0.005, 200)
    ('<-51', '+0.5 ±0.5')
    """
    if error > 0:
        decimals = next((number for number in (0, 1) if round(100 * error, number) > 0), 2)
        points = round(100 * change, decimals) or 0.0
        return f"{points:{'+' if points else ''}.{decimals}f} ±{100 * error:.{decimals}f}"
    bound = f"{100 * Share(0, members).high:.2g}"
    if change == 0:
        return f"<±{bound}"
    return f"{'>+' if change > 0 else '<-'}{100 * abs(change) - float(bound):.4g}"


def has_interval(members: int) -> bool:
    """Say whether so many members have a 90 % interval.

    Examples
    --------
    >>> has_interval(4), has_interval(20)
    (False, True)
    """
    return members >= FEWEST_FOR_INTERVAL


def no_interval_in_words(members: int, language: str) -> str:
    """Return why there is no 90 % interval.

    Examples
    --------
    >>> no_interval_in_words(4, "en")
    'No 90 % interval is given of 4 members; 20 are the fewest.'
    """
    kind = "no interval" if members > 1 else "no interval of one"
    return say(kind, language, members=members, fewest=FEWEST_FOR_INTERVAL)


def percent_with_error(probability: float, error: float) -> str:
    """Return a probability in percent with its standard error, with as many decimals as neither needs to look like 0.

    Examples
    --------
    >>> percent_with_error(0.51, 0.03), percent_with_error(0.005, 0.005), percent_with_error(0.0012, 0.0003)
    ('51% ±3', '0.5% ±0.5', '0.12% ±0.03')
    """
    share, percent_error, decimals = 100 * probability, 100 * error, 0
    while (
        decimals < 2
        and percent_error > 0
        and (round(percent_error, decimals) == 0 or min(share, 100 - share) < 10**-decimals)
    ):
        decimals += 1
    return f"{share:.{decimals}f}% ±{percent_error:.{decimals}f}"


def whole_percent(probability: float) -> str:
    """Return a share in whole percent; only none and all of the members are written as 0 and 100.

    Examples
    --------
    >>> whole_percent(0.0), whole_percent(0.004), whole_percent(0.264), whole_percent(0.998), whole_percent(1.0)
    ('0', '<1', '26', '>99', '100')
    """
    whole = f"{100 * probability:.0f}"
    if 0 < probability < 1:
        return {"0": "<1", "100": ">99"}.get(whole, whole)
    return whole
