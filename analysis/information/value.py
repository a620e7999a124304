"""Value of information for a choice: expected value of perfect (EVPI) and of partial perfect information (EVPPI).

The choice is the option of highest expected utility. With perfect information every member gets its best option. With
one statistic the choice depends on its value: the utility of each option is regressed on the statistic over the members
(Strong, Oakley and Brennan 2014; additive penalized splines), and the option of highest expectation is chosen. The
regression used for a member is fitted without that member, and the choice earns the member's own utility. So the
estimate cannot exceed EVPI, and that of a statistic without information is zero or, by chance, below; if fitted and
evaluated on the same members, as often done, every statistic would seem to have some value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from model.engine.errors import UserError

Values = npt.NDArray[np.float64]

#: Folds of the cross-fitting: the choice in each is made by the regression on the others.
FOLDS: Final = 5
#: The smallest number of members for a regression.
FEWEST: Final = 20
#: Bootstrap resamples of the members, for standard errors.
RESAMPLES: Final = 100
#: Knots of a spline.
KNOTS: Final = 5
#: Ridge penalties that are tried; the largest leaves the mean only.
PENALTIES: Final = tuple(float(10.0**power) for power in range(-2, 7, 2))
#: An estimate this many standard errors above zero is distinguishable from it (one-sided 5 %).
CRITICAL_VALUE: Final = 1.645
#: Gains closer than this are equal.
ROUNDING: Final = 1e-9


class InformationError(UserError):
    """The value of information cannot be estimated; the message lists every reason."""


@dataclass(frozen=True)
class Worth:
    """The value of some information, in the unit of the utility."""

    #: The raw estimate, which chance can make negative.
    estimate: float
    #: Its standard error over resampled members, the regression repeated on each.
    error: float
    #: Share of members in which the choice would be another one.
    changed: float

    @property
    def value(self) -> float:
        """The estimate, or 0 where it is negative: information that may be ignored costs nothing."""
        return max(self.estimate, 0.0)

    @property
    def distinguishable(self) -> bool:
        """Whether it can be distinguished from zero."""
        return self.estimate > CRITICAL_VALUE * self.error and self.estimate > 0


@dataclass(frozen=True)
class ByWeight:
    """Value of information by weight of effort; each sequence in the order of the weights."""

    #: Cost of a unit of effort, in the unit of the gains.
    weights: tuple[float, ...]
    #: EVPI.
    perfect: tuple[Worth, ...]
    #: EVPPI by statistic.
    partial: Mapping[str, tuple[Worth, ...]]
    #: Mean gains before effort, axes resample and option.
    resampled: Values


def value_by_weight(
    gains: Values,
    efforts: Values,
    weights: Sequence[float],
    statistics: Mapping[str, Values],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> ByWeight:
    """Estimate EVPI and EVPPI where the utility of an option is its gain less a weight times its effort.

    Gains have the axes member and option; effort is the same in every member; statistics are values known of each
    member, axes member and component. Everything is repeated on resampled members, for standard errors.

    Examples
    --------
    >>> gains = np.column_stack([np.zeros(40), np.ones(40)])
    >>> [worth.estimate for worth in value_by_weight(gains, np.array([0.0, 2.0]), (0.0, 0.5), {}).perfect]
    [0.0, 0.0]
    """
    _check(gains, statistics)
    count, prices = len(gains), np.asarray(weights, dtype=float)
    random = np.random.default_rng(seed)
    fold = random.permutation(count) % FOLDS
    bases = {name: _basis(values) for name, values in statistics.items()}
    whole = np.arange(count)
    perfect = _perfect(gains, efforts, prices)
    estimates = {name: _partial(gains, efforts, prices, basis, fold, whole) for name, basis in bases.items()}
    resampled: dict[str, list[Values]] = {name: [] for name in ("", *bases)}
    means = []
    for done in range(resamples):
        drawn = random.integers(count, size=count)
        means.append(gains[drawn].mean(axis=0))
        resampled[""].append(_perfect(gains[drawn], efforts, prices)[0])
        for name, basis in bases.items():
            # A member drawn twice stays in one fold, so that no regression is fitted to a member it chooses for.
            resampled[name].append(_partial(gains, efforts, prices, basis, fold, drawn)[0])
        progress(done + 1, resamples)

    def worths(name: str, values: Values, changed: Values) -> tuple[Worth, ...]:
        several = len(resampled[name]) > 1
        errors = np.std(resampled[name], axis=0, ddof=1) if several else np.full(len(prices), np.nan)
        return tuple(Worth(*map(float, each)) for each in zip(values, errors, changed, strict=True))

    return ByWeight(
        tuple(prices.tolist()),
        worths("", *perfect),
        {name: worths(name, *estimate) for name, estimate in estimates.items()},
        np.reshape(means, (resamples, gains.shape[1])),
    )


def _perfect(gains: Values, efforts: Values, weights: Values) -> tuple[Values, Values]:
    """EVPI by weight, and the share of members in which another option than the usual one is better."""
    values, changed = [], []
    for weight in weights:
        utility = gains - weight * efforts
        usual = int(np.argmax(utility.mean(axis=0)))
        # Differences first: a mean of maxima less a mean would leave rounding where one option dominates.
        gain = (utility - utility[:, [usual]]).max(axis=1)
        values.append(gain.mean())
        changed.append((gain > ROUNDING).mean())
    return np.array(values), np.array(changed)


def _basis(values: Values) -> Values:
    from sklearn.preprocessing import SplineTransformer, StandardScaler

    varying = values[:, np.ptp(values, axis=0) > 0]
    if not varying.shape[1]:
        return np.zeros((len(values), 0))
    splines = SplineTransformer(n_knots=KNOTS, degree=3, knots="quantile", extrapolation="linear", include_bias=False)
    basis = np.hstack([varying, splines.fit_transform(varying)])
    return np.asarray(StandardScaler().fit_transform(basis), dtype=float)


def _partial(
    gains: Values,
    efforts: Values,
    weights: Values,
    basis: Values,
    fold: npt.NDArray[np.int_],
    drawn: npt.NDArray[np.int_],
) -> tuple[Values, Values]:
    """EVPPI by weight over the members drawn, and the share of them in which the choice is another one."""
    own, known, folds = gains[drawn], basis[drawn], fold[drawn]
    worth, changed = np.zeros(len(weights)), np.zeros(len(weights))
    usual = np.argmax(own.mean(axis=0) - weights[:, None] * efforts, axis=1)
    # Effort is the same in every member: one regression serves all weights at which the usual choice is the same.
    for option in np.unique(usual) if basis.shape[1] else ():
        # Only differences from the usual option matter; the rest of the spread would blur the regression.
        over = own - own[:, [option]]
        rivals = np.array([other for other in range(own.shape[1]) if other != option and np.any(over[:, other])])
        if not len(rivals):
            continue
        predicted = _predicted(over[:, rivals], known, folds)
        for index in np.flatnonzero(usual == option):
            cost = weights[index] * (efforts[rivals] - efforts[option])
            expected = predicted - cost
            best = expected.argmax(axis=1)
            rows = np.arange(len(own))
            better = expected[rows, best] > 0
            worth[index] = np.where(better, over[rows, rivals[best]] - cost[best], 0.0).mean()
            changed[index] = better.mean()
    return worth, changed


def _predicted(over: Values, known: Values, folds: npt.NDArray[np.int_]) -> Values:
    """Expected gains of rivals over the usual option given a statistic, each by a regression on the other folds."""
    from sklearn.linear_model import RidgeCV

    predicted = np.empty_like(over)
    for held_out in np.unique(folds):
        here = folds == held_out
        fitted = RidgeCV(alphas=PENALTIES, alpha_per_target=over.shape[1] > 1).fit(known[~here], over[~here])
        # Folds differ in their means by chance; without the statistic the mean of all decides.
        shift = over.mean(axis=0) - over[~here].mean(axis=0)
        predicted[here] = fitted.predict(known[here]).reshape(int(here.sum()), -1) + shift
    return predicted


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
