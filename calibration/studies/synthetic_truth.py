"""Synthetic truth: known parameters make data, and what is learnt from those data is compared with them.

Truths are drawn from the prior, so over many experiments an interval of 90 % should hold the truth in 90 % of cases
(Cook, Gelman and Rubin 2006; Talts et al. 2018). Each experiment learns from its data by the Gaussian at the best fit.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from calibration.fit.calibrate import LEARNT
from calibration.fit.likelihood import Array, History, Target, run_history
from calibration.fit.priors import Priors
from calibration.fit.sampler import Problem, Reference, best_fit, reference

#: Projections whose truth is looked for, at the end of `PROJECTED`.
PROJECTIONS: Final = ("resident urbanization rate", "registered urbanization rate", "residents", "births in city")
PROJECTED: Final = 2025.0
#: Draws that give an interval of a parameter, and how many of them are run ahead.
DRAWS, RUN_AHEAD = 2000, 400
#: Most Jacobians of a best fit; the cost then lies within some hundredths of its minimum.
ROUNDS: Final = 15
LEVELS: Final = (0.5, 0.8, 0.9)


def planted(targets: Sequence[Target], truth: History, random: np.random.Generator) -> tuple[Target, ...]:
    """Targets as if a run had been observed, off by a draw of the errors stated for each.

    Where the two runs of the model should agree, the joint of the true parameters, off by its error, counts as
    agreement.
    """
    synthetic = []
    for target in targets:
        error = np.linalg.cholesky(target.covariance) @ random.standard_normal(target.observed.size)
        if target.expected is not None:
            expected = _moved(target, target.deviations(truth)[0] + error)
            synthetic.append(dataclasses.replace(target, expected=expected))
            continue
        values = target.simulate(truth)[0]
        error = error.reshape(values.shape)
        observed = values + error if target.absolute else values * np.exp(error)
        synthetic.append(dataclasses.replace(target, observed=observed))
    return tuple(synthetic)


def _moved(target: Target, by: Array) -> Callable[[History], Array]:
    def expected(history: History) -> Array:
        assert target.expected is not None
        values = target.expected(history)
        shift = by.reshape(values.shape[1:])
        return np.asarray(values + shift if target.absolute else values * np.exp(shift))

    return expected


def allowed_draws(around: Reference, priors: Priors, count: int, random: np.random.Generator) -> Array:
    """Draws of a Gaussian at a best fit that meet the constraints, (count, draw)."""
    draws = np.empty((0, priors.size))
    for _ in range(50):
        tried = around.mean + around.draw(2 * count, random)
        draws = np.concatenate([draws, tried[priors.allowed(tried)]])
        if len(draws) >= count:
            return draws[:count]
    message = "hardly any draw of the Gaussian at the best fit meets the constraints between parameters"
    raise RuntimeError(message)


def experiment(problem: Problem, seed: int, number: int) -> pd.DataFrame:
    """Draw a truth, observe it, learn from that, and see where the truth lies among the draws.

    One row by quantity: ``kind`` ("learnt", "not learnt" or "projection") and ``rank``, the share of draws below the
    truth.
    """
    random = np.random.default_rng([seed, number])
    truth, history = _truth(problem, random)
    data = dataclasses.replace(problem, targets=planted(problem.targets, history, random))
    fit = best_fit(data, np.zeros(problem.priors.size), ROUNDS)
    around = reference(data, fit)
    draws = allowed_draws(around, problem.priors, DRAWS, random)
    kinds = np.where(around.deviation < LEARNT, "learnt", "not learnt")
    parameters = pd.DataFrame({"quantity": problem.priors.labels, "kind": kinds, "rank": (draws < truth).mean(axis=0)})
    ahead = problem.model.run(
        problem.priors.settings(np.concatenate([truth, draws[:RUN_AHEAD]])),
        outputs=PROJECTIONS,
        final_time=PROJECTED,
        saveper=1.0,
    ).isel(time=-1)
    values = {name: ahead[name].to_numpy() for name in PROJECTIONS}
    projections = pd.DataFrame(
        [(name, "projection", float((runs[1:] < runs[0]).mean())) for name, runs in values.items()],
        columns=parameters.columns,
    )
    return pd.concat([parameters, projections], ignore_index=True).assign(experiment=number)


def _truth(problem: Problem, random: np.random.Generator) -> tuple[Array, History]:
    while True:
        truth = problem.priors.draw(1, random)
        history = run_history(problem.model, problem.priors.settings(truth), keep_non_finite=True)
        if all(np.isfinite(target.deviations(history)).all() for target in problem.targets):
            return truth, history


def covered(ranks: pd.Series, level: float) -> pd.Series:
    """Whether the truth lies within the central interval."""
    return (ranks - 0.5).abs() <= level / 2


def coverage_table(results: pd.DataFrame) -> pd.DataFrame:
    """Shares of intervals that hold the truth: all learnt parameters, all others, and each projection.

    ``low`` and ``high`` are the 95 % interval of the share at 90 %. For one number in each experiment it is the exact
    binomial one (Clopper and Pearson 1934); parameters of one experiment share their data, so for them it is that of
    the mean over experiments.
    """
    rows = []
    for kind, title in (("learnt", "parameters learnt"), ("not learnt", "parameters not learnt")):
        group = results[results["kind"] == kind]
        if group.empty:
            continue
        shares = covered(group["rank"], LEVELS[-1]).groupby(group["experiment"]).mean()
        error = 1.96 * float(shares.std()) / len(shares) ** 0.5
        rows.append([title, len(group), *_shares(group), shares.mean() - error, shares.mean() + error])
    for name, group in results[results["kind"] == "projection"].groupby("quantity", sort=False):
        held = covered(group["rank"], LEVELS[-1])
        ends = binomtest(int(held.sum()), len(held)).proportion_ci(0.95)
        rows.append([name, len(group), *_shares(group), ends.low, ends.high])
    names = [f"{level:.0%}".replace("%", " %") for level in LEVELS]
    return pd.DataFrame(rows, columns=["quantity", "intervals", *names, "low", "high"])


def _shares(group: pd.DataFrame) -> list[float]:
    return [float(covered(group["rank"], level).mean()) for level in LEVELS]


def suspect_parameters(results: pd.DataFrame) -> pd.DataFrame:
    """Parameters learnt in half of the experiments whose share of 90 % intervals chance hardly explains (p < 0.01)."""
    learnt = results[results["kind"] == "learnt"]
    rows = []
    for name, group in learnt.groupby("quantity"):
        if len(group) < results["experiment"].nunique() / 2:
            continue
        held = int(covered(group["rank"], LEVELS[-1]).sum())
        rows.append((name, len(group), held / len(group), binomtest(held, len(group), LEVELS[-1]).pvalue))
    table = pd.DataFrame(rows, columns=["quantity", "experiments", "share", "p"])
    return table[table["p"] < 0.01].sort_values("p", ignore_index=True)
