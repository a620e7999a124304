"""What it is worth to know more before choosing: expected value of perfect and of partial information.

The choice is the option of highest expected utility. Perfect information (EVPI) lets every member have the option that
is best in it. One statistic (EVPPI) lets the choice follow what the statistic says: the expected utility of each option
given the statistic is regressed on it over the members (Strong, Oakley and Brennan 2014; additive penalized splines),
and the option with the highest is chosen. The regression of a member never saw that member, and the choice is paid with
the member's own utility. So the estimate can never exceed EVPI, as no choice beats the best one of a member; and a
statistic that tells nothing comes out at nil or, by chance, below. Fitted and paid on the same members, as often done,
every statistic would seem to be worth something.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from model.engine.errors import UserError

Values = npt.NDArray[np.float64]

#: Parts the members are split into: each is chosen for by the regression of the others.
PARTS: Final = 5
#: With fewer members no regression makes sense.
FEWEST: Final = 20
#: Resamples of the members by which errors are told.
RESAMPLES: Final = 100
#: Pieces of a spline.
KNOTS: Final = 5
#: Strengths of the penalty that are tried; by far the largest leaves the mean.
PENALTIES: Final = tuple(float(10.0**power) for power in range(-2, 7, 2))
#: An estimate this many standard errors above nil can be told from it (one-sided 5 %).
TOLD_APART: Final = 1.645
#: Gains closer than this are equal.
ROUNDING: Final = 1e-9


class InformationError(UserError):
    """The value of information cannot be worked out; the message lists every reason."""


@dataclass(frozen=True)
class Worth:
    """What knowing something is worth, in the unit of the utility.

    Attributes
    ----------
    estimate
        As estimated; below nil where chance made it so.
    error
        Its standard error over resampled members, the regression repeated on each.
    changed
        Share of members in which the choice would be another one.
    """

    estimate: float
    error: float
    changed: float

    @property
    def value(self) -> float:
        """The estimate, or nil where it is below: information that may be ignored costs nothing."""
        return max(self.estimate, 0.0)

    @property
    def told_apart(self) -> bool:
        """Whether it can be told from nil."""
        return self.estimate > TOLD_APART * self.error and self.estimate > 0


@dataclass(frozen=True)
class Information:
    """Answer of `value_of_information`; options in the order of the utilities' columns.

    Attributes
    ----------
    expected
        Expected utility by option, with standard error.
    chosen
        The option of highest expected utility.
    best_in
        Share of members in which each option is (one of) the best.
    perfect
        EVPI.
    partial
        EVPPI by statistic.
    """

    expected: Values
    expected_error: Values
    chosen: int
    best_in: Values
    perfect: Worth
    partial: Mapping[str, Worth]

    @property
    def settled(self) -> bool:
        """Whether the chosen option is best in every member, so that no information can change the choice."""
        return bool(self.best_in[self.chosen] == 1.0)


@dataclass(frozen=True)
class ByWeight:
    """Answer of `value_by_weight`; the worths in the order of the weights.

    Attributes
    ----------
    weights
        What a unit of effort costs, in the unit of the gains.
    perfect
        EVPI.
    partial
        EVPPI by statistic.
    resampled
        Mean gains before effort, axes resample and option.
    """

    weights: tuple[float, ...]
    perfect: tuple[Worth, ...]
    partial: Mapping[str, tuple[Worth, ...]]
    resampled: Values


def value_of_information(
    utility: Values,
    statistics: Mapping[str, Values],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Information:
    """Work out EVPI, and EVPPI of each statistic, for a choice among options.

    Parameters
    ----------
    utility
        Axes member and option.
    statistics
        What could be known of each member: axes member and component of the statistic.
    resamples
        How many times everything is repeated on resampled members, for standard errors.
    seed
        Of the parts and the resampling.
    progress
        Told resamples done and in all.

    Returns
    -------
    Information
        With ``0 <= value <= EVPI`` for every statistic.

    Raises
    ------
    InformationError
        If there are fewer than two options or too few members, or if anything is not finite.

    Examples
    --------
    >>> sure = np.column_stack([np.zeros(40), np.ones(40)])
    >>> value_of_information(sure, {}, resamples=2).perfect.estimate
    0.0
    """
    found = value_by_weight(
        utility, np.zeros(np.shape(utility)[-1]), (0.0,), statistics, resamples=resamples, seed=seed, progress=progress
    )
    best = utility.max(axis=1, keepdims=True)
    return Information(
        expected=utility.mean(axis=0),
        expected_error=utility.std(axis=0, ddof=1) / np.sqrt(len(utility)),
        chosen=int(np.argmax(utility.mean(axis=0))),
        best_in=(utility >= best).mean(axis=0),
        perfect=found.perfect[0],
        partial={name: worths[0] for name, worths in found.partial.items()},
    )


def value_by_weight(
    gains: Values,
    efforts: Values,
    weights: Sequence[float],
    statistics: Mapping[str, Values],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> ByWeight:
    """Work out EVPI and EVPPI where an option's utility is its gain less its effort times a weight, for many weights.

    Parameters
    ----------
    gains
        Axes member and option.
    efforts
        Of each option, the same in every member.
    weights
        Of effort.
    statistics, resamples, seed, progress
        As for `value_of_information`.

    Returns
    -------
    ByWeight
        With ``0 <= value <= EVPI`` for every statistic and weight.

    Raises
    ------
    InformationError
        As `value_of_information`.

    Examples
    --------
    >>> gains = np.column_stack([np.zeros(40), np.ones(40)])
    >>> [worth.estimate for worth in value_by_weight(gains, np.array([0.0, 2.0]), (0.0, 0.5), {}).perfect]
    [0.0, 0.0]
    """
    _check(gains, statistics)
    count, prices = len(gains), np.asarray(weights, dtype=float)
    random = np.random.default_rng(seed)
    part = random.permutation(count) % PARTS
    bases = {name: _basis(values) for name, values in statistics.items()}
    whole = np.arange(count)
    perfect = _perfect(gains, efforts, prices)
    estimates = {name: _partial(gains, efforts, prices, basis, part, whole) for name, basis in bases.items()}
    again: dict[str, list[Values]] = {name: [] for name in ("", *bases)}
    means = []
    for done in range(resamples):
        drawn = random.integers(count, size=count)
        means.append(gains[drawn].mean(axis=0))
        again[""].append(_perfect(gains[drawn], efforts, prices)[0])
        for name, basis in bases.items():
            # A member drawn twice stays in one part, so that no regression sees the member it chooses for.
            again[name].append(_partial(gains, efforts, prices, basis, part, drawn)[0])
        if progress is not None:
            progress(done + 1, resamples)

    def worths(name: str, found: tuple[Values, Values]) -> tuple[Worth, ...]:
        several = len(again[name]) > 1
        errors = np.std(again[name], axis=0, ddof=1) if several else np.full(len(prices), np.nan)
        return tuple(Worth(*map(float, each)) for each in zip(found[0], errors, found[1], strict=True))

    return ByWeight(
        tuple(prices.tolist()),
        worths("", perfect),
        {name: worths(name, found) for name, found in estimates.items()},
        np.reshape(means, (resamples, gains.shape[1])),
    )


def expected_gain(utility: Values) -> float:
    """Return EVPI alone.

    Examples
    --------
    >>> expected_gain(np.array([[0.0, 1.0], [1.0, 0.0]]))
    0.5
    """
    return float(_perfect(utility, np.zeros(utility.shape[1]), np.zeros(1))[0][0])


def _perfect(gains: Values, efforts: Values, weights: Values) -> tuple[Values, Values]:
    """EVPI by weight, and the share of members in which another option than the usual one is better."""
    found = []
    for weight in weights:
        utility = gains - weight * efforts
        usual = int(np.argmax(utility.mean(axis=0)))
        # Differences first: a mean of maxima less a mean would leave rounding where one option dominates.
        gain = (utility - utility[:, [usual]]).max(axis=1)
        found.append((gain.mean(), (gain > ROUNDING).mean()))
    return np.array([each[0] for each in found]), np.array([each[1] for each in found])


def _basis(values: Values) -> Values:
    from sklearn.preprocessing import SplineTransformer, StandardScaler

    told = values[:, np.ptp(values, axis=0) > 0]
    if not told.shape[1]:
        return np.zeros((len(values), 0))
    shape = SplineTransformer(n_knots=KNOTS, degree=3, knots="quantile", extrapolation="linear", include_bias=False)
    return np.asarray(StandardScaler().fit_transform(np.hstack([told, shape.fit_transform(told)])), dtype=float)


def _partial(
    gains: Values,
    efforts: Values,
    weights: Values,
    basis: Values,
    part: npt.NDArray[np.int_],
    drawn: npt.NDArray[np.int_],
) -> tuple[Values, Values]:
    """EVPPI by weight over the members drawn, and the share of them in which the choice is another one."""
    own, known, parts = gains[drawn], basis[drawn], part[drawn]
    worth, changed = np.zeros(len(weights)), np.zeros(len(weights))
    usual = np.argmax(own.mean(axis=0) - weights[:, None] * efforts, axis=1)
    # Effort is the same in every member: one regression serves all weights at which the usual choice is the same.
    for option in np.unique(usual) if basis.shape[1] else ():
        # Only what an option has over the usual one decides; the rest of the spread would blur the regression.
        over = own - own[:, [option]]
        rivals = np.array([place for place in range(own.shape[1]) if place != option and np.any(over[:, place])])
        if not len(rivals):
            continue
        predicted = _predicted(over[:, rivals], known, parts)
        for place in np.flatnonzero(usual == option):
            cost = weights[place] * (efforts[rivals] - efforts[option])
            expected = predicted - cost
            best = expected.argmax(axis=1)
            rows = np.arange(len(own))
            better = expected[rows, best] > 0
            worth[place] = np.where(better, over[rows, rivals[best]] - cost[best], 0.0).mean()
            changed[place] = better.mean()
    return worth, changed


def _predicted(over: Values, known: Values, parts: npt.NDArray[np.int_]) -> Values:
    """What rivals gain over the usual option given a statistic, from regressions that never saw the member."""
    from sklearn.linear_model import RidgeCV

    found = np.empty_like(over)
    for held in np.unique(parts):
        here = parts == held
        fitted = RidgeCV(alphas=PENALTIES, alpha_per_target=over.shape[1] > 1).fit(known[~here], over[~here])
        # The parts differ in their means by chance; what decides without the statistic is the mean of all.
        shift = over.mean(axis=0) - over[~here].mean(axis=0)
        found[here] = fitted.predict(known[here]).reshape(int(here.sum()), -1) + shift
    return found


def _check(utility: Values, statistics: Mapping[str, Values]) -> None:
    problems = []
    if utility.ndim != 2 or utility.shape[1] < 2:
        problems.append("There must be two options or more to choose from.")
    if len(utility) < FEWEST:
        problems.append(f"{len(utility)} members are too few: {FEWEST} or more.")
    if not np.isfinite(utility).all():
        problems.append("A utility is not finite.")
    problems += [
        f"The statistic {name!r} is not finite in every member."
        for name, values in statistics.items()
        if not np.isfinite(values).all()
    ]
    if problems:
        raise InformationError("\n".join(problems))
