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

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from model.errors import UserError

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
    _check(utility, statistics)
    count = len(utility)
    random = np.random.default_rng(seed)
    part = random.permutation(count) % PARTS
    bases = {name: _basis(values) for name, values in statistics.items()}
    whole = np.arange(count)
    perfect, changed = _perfect(utility)
    estimates = {name: _partial(utility, basis, part, whole) for name, basis in bases.items()}
    again: dict[str, list[float]] = {name: [] for name in ("perfect", *bases)}
    for done in range(resamples):
        drawn = random.integers(count, size=count)
        again["perfect"].append(_perfect(utility[drawn])[0])
        for name, basis in bases.items():
            # A member drawn twice stays in one part, so that no regression sees the member it chooses for.
            again[name].append(_partial(utility, basis, part, drawn)[0])
        if progress is not None:
            progress(done + 1, resamples)
    errors = {name: float(np.std(values, ddof=1)) if len(values) > 1 else np.nan for name, values in again.items()}
    best = utility.max(axis=1, keepdims=True)
    return Information(
        expected=utility.mean(axis=0),
        expected_error=utility.std(axis=0, ddof=1) / np.sqrt(count),
        chosen=int(np.argmax(utility.mean(axis=0))),
        best_in=(utility >= best).mean(axis=0),
        perfect=Worth(perfect, errors["perfect"], changed),
        partial={name: Worth(found[0], errors[name], found[1]) for name, found in estimates.items()},
    )


def expected_gain(utility: Values) -> float:
    """Return EVPI alone.

    Examples
    --------
    >>> expected_gain(np.array([[0.0, 1.0], [1.0, 0.0]]))
    0.5
    """
    return _perfect(utility)[0]


def _perfect(utility: Values) -> tuple[float, float]:
    usual = int(np.argmax(utility.mean(axis=0)))
    # Differences first: a mean of maxima less a mean would leave rounding where one option dominates.
    gain = utility.max(axis=1) - utility[:, usual]
    return float(gain.mean()), float((gain > 0).mean())


def _basis(values: Values) -> Values:
    from sklearn.preprocessing import SplineTransformer, StandardScaler

    told = values[:, np.ptp(values, axis=0) > 0]
    if not told.shape[1]:
        return np.zeros((len(values), 0))
    shape = SplineTransformer(n_knots=KNOTS, degree=3, knots="quantile", extrapolation="linear", include_bias=False)
    return np.asarray(StandardScaler().fit_transform(np.hstack([told, shape.fit_transform(told)])), dtype=float)


def _partial(
    utility: Values, basis: Values, part: npt.NDArray[np.int_], drawn: npt.NDArray[np.int_]
) -> tuple[float, float]:
    """EVPPI over the members drawn, and the share of them in which the choice is another one."""
    from sklearn.linear_model import RidgeCV

    if not basis.shape[1]:
        return 0.0, 0.0
    own, known, parts = utility[drawn], basis[drawn], part[drawn]
    usual = int(np.argmax(own.mean(axis=0)))
    # Only what an option has over the usual one decides; the rest of the spread would blur the regression.
    over = own - own[:, [usual]]
    rivals = [place for place in range(own.shape[1]) if place != usual and np.any(over[:, place])]
    choice = np.full(len(own), usual)
    if not rivals:
        return 0.0, 0.0
    for held in np.unique(parts):
        here = parts == held
        fitted = RidgeCV(alphas=PENALTIES, alpha_per_target=len(rivals) > 1)
        predicted = fitted.fit(known[~here], over[~here][:, rivals]).predict(known[here]).reshape(int(here.sum()), -1)
        # The parts differ in their means by chance; what decides without the statistic is the mean of all.
        predicted += (over.mean(axis=0) - over[~here].mean(axis=0))[rivals]
        best = predicted.argmax(axis=1)
        better = predicted[np.arange(len(predicted)), best] > 0
        choice[here] = np.where(better, np.array(rivals)[best], usual)
    gain = over[np.arange(len(own)), choice]
    return float(gain.mean()), float((choice != usual).mean())


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
