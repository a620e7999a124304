"""What the observations leave of the priors: best fits by least squares, then draws by emcee.

All of it happens on the scale on which every prior is a standard normal (`calibration.fit.priors`). Draws are proposed
by Hamiltonian steps that turn exactly in the Gaussian at the best fit and are pushed by what the posterior differs from
it (Beskos et al. 2011), which stays efficient however many parameters the data say nothing about. The push takes the
deviations of the point itself and a fixed slope: any push leaves the posterior exact, as each step can be taken back
and the acceptance uses the true density; a better one is only accepted more often. Half-way through the warm-up and
after it, Gaussian and slope are those that fit its draws best. During the warm-up the size of the steps is led to the
acceptance that is best in theory where the error of a step grows with its size (Andrieu and Thoms 2008; Roberts, Gelman
and Gilks 1997), and then fixed; what it was worth here stands in ``docs/decisions.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import emcee
import numpy as np
import numpy.typing as npt
from arviz_stats.base import array_stats
from scipy.linalg import solve_triangular
from scipy.optimize import least_squares

from calibration.fit.later_record import LaterRecord, run_record
from calibration.fit.likelihood import Array, Target
from calibration.fit.priors import Priors
from model.engine import CompiledModel

#: Step of the differences behind a Jacobian, in standard deviations of the prior.
DIFFERENCE: Final = 1e-3
#: Angles by which proposals turn in the reference Gaussian, by their mean, and how often each is tried.
ANGLES: Final = ((0.7, 0.3), (1.0, 0.4), (1.4, 0.3))
#: Mean angle before the warm-up has fitted it, in radians, and the most that it may become.
FIRST_ANGLE: Final = 0.3
WIDEST_ANGLE: Final = 1.2
#: Acceptance that is best in theory where the error of a step grows with its size, as the push is approximate; with
#: exact slopes it would be 0.57.
WANTED_ACCEPTANCE: Final = 0.234
#: How much of what acceptance is off goes into the logarithm of the mean angle at the first step of the warm-up.
ANGLE_GAIN: Final = 0.5
#: Runs computed together; keeps the city's tables of a batch within some hundred megabytes.
BATCH: Final = 192
#: Weight of the best fit's slope where draws of the warm-up give a new one, as a share of their number.
DAMPING: Final = 0.025
#: How far a chain may start from the best fit, in standard deviations of the reference Gaussian.
START_SPREAD: Final = 1.5
#: Groups of chains that start at one point each, for nested R-hat.
SUPERCHAINS: Final = 4


@dataclass(frozen=True)
class Problem:
    """A model, the priors of its parameters, and what its runs should meet: observations and the policy run's start."""

    model: CompiledModel
    priors: Priors
    targets: tuple[Target, ...]
    #: What has been seen after 2020; None runs no further than the census.
    later: LaterRecord | None = None

    def deviations(self, points: Array) -> Array:
        """Whitened deviations of points on the standard scale, (run, value); not finite where a run fails."""
        parts = []
        for first in range(0, len(points), BATCH):
            settings = self.priors.settings(points[first : first + BATCH])
            history = run_record(self.model, settings, self.later, keep_non_finite=True)
            parts.append(np.concatenate([target.whitened(history) for target in self.targets], axis=1))
        return np.concatenate(parts)

    def log_posterior(self, points: Array) -> Array:
        """Logarithm of the posterior density of each point, up to a constant; minus infinity where not allowed."""
        return self.log_density(points, self.deviations(points))

    def log_density(self, points: Array, deviations: Array) -> Array:
        """The same where the deviations are known."""
        squares = (deviations**2).sum(axis=1) + (points**2).sum(axis=1)
        return np.where(self.priors.allowed(points) & np.isfinite(squares), -squares / 2, -np.inf)

    def jacobian(self, point: Array) -> Array:
        """Change of each whitened deviation by each parameter, (value, draw), by one-sided differences in one batch."""
        moved = self.deviations(np.vstack([point, point + DIFFERENCE * np.eye(point.size)]))
        return np.asarray((moved[1:] - moved[0]).T / DIFFERENCE)

    @cached_property
    def slices(self) -> dict[str, slice]:
        """Slice of each target among the deviations."""
        ends = np.cumsum([target.observed.size for target in self.targets])
        return {t.name: slice(end - t.observed.size, end) for t, end in zip(self.targets, ends, strict=True)}


@dataclass(frozen=True)
class BestFit:
    """A maximum of the posterior density, on the standard scale.

    The cost is half the sum of squared deviations, prior included; the misfit that from the observations alone.
    """

    point: Array
    cost: float
    misfit: float


@dataclass(frozen=True)
class Reference:
    """The Gaussian at a best fit whose covariance the linearised model gives: (1 + J'J) inverse; standard scale.

    The slope is J, the change of each whitened deviation by each parameter at the mean, (value, draw); the root is the
    upper Cholesky factor of the inverse covariance.
    """

    mean: Array
    slope: Array
    precision_root: Array

    def draw(self, count: int, random: np.random.Generator | np.random.RandomState) -> Array:
        """Deviations from the mean, (count, draw)."""
        noise = random.standard_normal(size=(self.mean.size, count))
        return np.asarray(solve_triangular(self.precision_root, noise).T)

    def whiten(self, points: Array) -> Array:
        """Points as standard normal numbers of this Gaussian, (point, draw)."""
        return np.asarray((points - self.mean) @ self.precision_root.T)

    def unwhiten(self, numbers: Array) -> Array:
        """Inverse of `whiten`."""
        return np.asarray(self.mean + solve_triangular(self.precision_root, numbers.T).T)

    def push(self, points: Array, deviations: Array) -> Array:
        """Slope of the log posterior, less this Gaussian's own, by whitened numbers; about so, as `slope` is fixed."""
        uphill = -(deviations @ self.slope + points)
        return np.asarray(
            solve_triangular(self.precision_root, uphill.T, trans="T", check_finite=False).T
        ) + self.whiten(points)

    @cached_property
    def deviation(self) -> Array:
        """Standard deviation of each draw; 1 means that nothing is learnt of it."""
        inverse = solve_triangular(self.precision_root, np.eye(self.mean.size))
        return np.asarray(np.sqrt((inverse**2).sum(axis=1)))


def best_fit(problem: Problem, start: Array, rounds: int = 40) -> BestFit:
    """Find a maximum of the posterior density by nonlinear least squares, with so many Jacobians at most."""

    def residuals(point: Array) -> Array:
        return np.concatenate([problem.deviations(point[None])[0], point])

    def jacobian(point: Array) -> Array:
        return np.concatenate([problem.jacobian(point), np.eye(point.size)])

    result = least_squares(residuals, start, jacobian, method="trf", max_nfev=rounds, ftol=1e-5, xtol=1e-5, gtol=1e-5)
    misfit = float((problem.deviations(result.x[None]) ** 2).sum() / 2)
    return BestFit(np.asarray(result.x), float(result.cost), misfit)


def reference(problem: Problem, fit: BestFit) -> Reference:
    """The Gaussian approximation of the posterior at a best fit."""
    return _gaussian(fit.point, problem.jacobian(fit.point))


def _gaussian(mean: Array, slope: Array) -> Reference:
    precision = np.eye(mean.size) + slope.T @ slope
    return Reference(mean, slope, np.asarray(np.linalg.cholesky(precision).T, dtype=np.float64))


@dataclass(frozen=True)
class Draws:
    """A sampled posterior: (chain, draw, parameter) on the standard scale, its logarithm, share of accepted steps.

    Chains are independent, and start in groups of equal size at `SUPERCHAINS` points far apart.
    """

    chains: Array
    log_posterior: Array
    accepted: float

    @cached_property
    def convergence(self) -> Array:
        """Nested R-hat by parameter, made for many short chains (Margossian et al. 2024)."""
        groups = np.repeat(np.arange(SUPERCHAINS), len(self.chains) // SUPERCHAINS).tolist()
        return np.asarray(array_stats.rhat_nested(self.chains, superchain_ids=groups, chain_axis=0, draw_axis=1))

    @cached_property
    def effective_size(self) -> Array:
        """Bulk effective sample size by parameter."""
        return np.asarray(array_stats.ess(self.chains, chain_axis=0, draw_axis=1, method="bulk"))

    @property
    def pooled(self) -> Array:
        """All draws of all chains, (draw, parameter)."""
        return np.asarray(self.chains.reshape(-1, self.chains.shape[-1]))


def sample(
    problem: Problem,
    around: Reference,
    *,
    chains: int,
    steps: int,
    warm_up: int,
    thin: int,
    seed: int,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Draws:
    """Draw from the posterior with emcee, all chains in one batch of runs at each step.

    Proposals turn in the Gaussian `around` at first; chains are a multiple of `SUPERCHAINS`. So many steps are kept,
    every `thin`-th of them, and `warm_up` thrown away before; `progress` is called with the steps done and their total.
    """
    random = np.random.default_rng(seed)
    begin = _starts(problem, around, chains, random)

    state = emcee.State(begin.copy(), random_state=np.random.RandomState(seed).get_state())
    cache = _DeviationCache(problem)
    total = warm_up + steps
    warm, angle, done = state, FIRST_ANGLE, 0
    for share in (warm_up // 2, warm_up - warm_up // 2):
        angles: list[float] = []
        points, deviations = [], []
        for step in range(share):
            before = warm.coords.copy()
            (warm,) = _chain(cache, around, warm, 1, angle)
            accepted = (warm.coords != before).any(axis=1).mean()
            angle = min(angle * np.exp(ANGLE_GAIN / np.sqrt(1 + step) * (accepted - WANTED_ACCEPTANCE)), WIDEST_ANGLE)
            if step >= share // 2:
                angles.append(angle)
                points.append(warm.coords.copy())
                deviations.append(cache.deviations(warm.coords))
            done += 1
            progress(done, total)
        if points:
            around = relinearised(around, np.concatenate(points), np.concatenate(deviations))
            angle = float(np.exp(np.mean(np.log(angles))))
    kept, heights, moved = [], [], []
    before = warm.coords.copy()
    for done, last in enumerate(_chain(cache, around, warm, steps, angle), start=1):
        moved.append((last.coords != before).any(axis=1).mean())
        if done % thin == 0:
            kept.append(last.coords.copy())
            heights.append(last.log_prob.copy())
        before = last.coords.copy()
        progress(warm_up + done, total)
    return Draws(np.stack(kept, axis=1), np.stack(heights, axis=1), float(np.mean(moved)))


def relinearised(around: Reference, points: Array, deviations: Array) -> Reference:
    """The Gaussian whose mean is that of draws and whose slope fits the deviations over all of them best.

    The slope at the best fit is kept where the draws say nothing.
    """
    mean = points.mean(axis=0)
    apart = points - mean
    left = deviations - deviations.mean(axis=0) - apart @ around.slope.T
    damped = apart.T @ apart + DAMPING * len(points) * np.eye(mean.size)
    return _gaussian(mean, around.slope + np.linalg.solve(damped, apart.T @ left).T)


def _chain(
    cache: _DeviationCache, around: Reference, state: emcee.State, steps: int, mean_angle: float
) -> Iterator[emcee.State]:
    sampler = emcee.EnsembleSampler(
        *state.coords.shape,
        cache.log_posterior,
        moves=[(_move(cache, around, mean_angle * relative), weight) for relative, weight in ANGLES],
        vectorize=True,
    )
    # Chains of a group start at one point on purpose, which emcee's own check is against.
    yield from sampler.sample(state, iterations=steps, store=False, skip_initial_state_check=True)


class _DeviationCache:
    """Deviations at the latest points, as a move and the density that judges it both need them."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self._known: dict[bytes, Array] = {}
        self._width = 0

    def deviations(self, points: Array) -> Array:
        """As `Problem.deviations`, each point run once while it is in use; not a number where not allowed."""
        allowed = self.problem.priors.allowed(points)
        missing = [k for k, point in enumerate(points) if allowed[k] and point.tobytes() not in self._known]
        if missing:
            fresh = self.problem.deviations(points[missing])
            self._known |= {points[k].tobytes(): row for k, row in zip(missing, fresh, strict=True)}
            self._width = fresh.shape[1]
        forbidden = np.full(self._width, np.nan)
        return np.stack([self._known.get(point.tobytes(), forbidden) for point in points])

    def keep(self, points: Array) -> None:
        """Forget all but these points."""
        self._known = {key: self._known[key] for key in (point.tobytes() for point in points) if key in self._known}

    def log_posterior(self, points: Array) -> Array:
        """As `Problem.log_posterior`."""
        return self.problem.log_density(points, self.deviations(points))


def _move(cache: _DeviationCache, around: Reference, angle: float) -> emcee.moves.MHMove:
    turn, aside = np.cos(angle), np.sin(angle)

    def propose(points: Array, generator: np.random.RandomState) -> tuple[Array, Array]:
        cache.keep(points)
        speed = generator.standard_normal(points.shape)
        before = (speed**2).sum(axis=1)
        numbers = around.whiten(points)
        speed = speed + angle / 2 * around.push(points, cache.deviations(points))
        numbers, speed = turn * numbers + aside * speed, turn * speed - aside * numbers
        moved = around.unwhiten(numbers)
        speed = speed + angle / 2 * around.push(moved, cache.deviations(moved))
        gained = (before - (speed**2).sum(axis=1)) / 2
        return moved, np.where(np.isfinite(gained), gained, -np.inf)

    return emcee.moves.MHMove(propose)


def _starts(problem: Problem, around: Reference, chains: int, random: np.random.Generator) -> Array:
    starts: npt.NDArray[np.float64] = np.empty((0, problem.priors.size))
    for _ in range(50):
        tried = around.mean + START_SPREAD * around.draw(4 * SUPERCHAINS, random)
        fine = np.isfinite(problem.log_posterior(tried))
        starts = np.concatenate([starts, tried[fine]])[:SUPERCHAINS]
        if len(starts) == SUPERCHAINS:
            return np.repeat(starts, chains // SUPERCHAINS, axis=0)
    message = "no starting points with a finite posterior density were found"
    raise RuntimeError(message)
