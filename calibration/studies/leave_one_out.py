"""Leave-one-series-out: how far each observed series moves what the model says of the plan's headline targets.

Series overlap, so that one alone may be left out without a loss; whole groups of them are left out too.

Members are re-weighted by one over their likelihood of the series, with Pareto-smoothed weights (Vehtari et al. 2024).
Where few members would carry all weight (k above 0.7), the model is fitted anew without the series, and what is
compared are draws of the Gaussians at both best fits, made with the same random numbers.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import pandas as pd
import xarray as xr
from arviz_stats.base import array_stats

from calibration.fit.ensemble_runs import Headline, headline_values, headlines, squared_deviations
from calibration.fit.likelihood import Array, Target
from calibration.fit.priors import changes
from calibration.fit.sampler import BestFit, Problem, best_fit, reference
from calibration.studies.synthetic_truth import allowed_draws

SCENARIOS: Final = ("baseline", "plan")
#: Above this the Pareto-smoothed weights are not to be trusted (Vehtari et al. 2024).
GREATEST_K: Final = 0.7
#: Draws of a Gaussian where a refit is needed.
DRAWS: Final = 1000


def left_out(targets: Sequence[Target]) -> dict[str, tuple[str, ...]]:
    """What is left out in turn, names of series by title: each series, then groups on one subject, which hold all.

    Examples
    --------
    >>> from calibration.fit.likelihood import further_targets
    >>> left_out(further_targets())["all on incomes, output and revenue"][0]
    'growth of gross domestic product, 2012-2016 [Dmnl]'
    """
    grouped: dict[str, list[str]] = {}
    for target in targets:
        grouped.setdefault(_group(target), []).append(target.name)
    alone = {target.name: (target.name,) for target in targets}
    return alone | {f"all on {title}": tuple(names) for title, names in grouped.items()}


def _group(target: Target) -> str:
    if target.expected is not None:
        return "the joint of both runs, which is not observed"
    words = target.name
    if words.startswith("residents"):
        return "residents by place and age"
    if words.startswith("urban residents"):
        return "urban residents"
    if "registered" in words or "births" in words:
        return "registered population, births and deaths"
    if any(word in words for word in ("income", "gross domestic product", "budget")):
        return "incomes, output and revenue"
    return "homes and land"


def smoothed_weights(log_weights: Array) -> tuple[Array, float]:
    """Pareto-smoothed weights that sum to one, and the shape k of their tail."""
    # ArviZ takes the log likelihood to be left out, that is minus the logarithm of the weights.
    logarithms, k = array_stats.psislw(-log_weights)
    weights = np.exp(np.asarray(logarithms, dtype=np.float64) - float(np.max(logarithms)))
    return weights / weights.sum(), float(k)


def summary(values: Array, weights: Array, headline: Headline) -> tuple[float, float]:
    """Weighted median, and weighted share that reaches the threshold; not a number where the plan states none."""
    middle = float(np.quantile(values, 0.5, weights=weights, method="inverted_cdf"))
    if not headline.has_threshold:
        return middle, float("nan")
    reached = headline.target.margin(xr.DataArray(values)).to_numpy() >= 0
    return middle, round(float(weights[reached].sum()), 12)


def shifts(
    problem: Problem,
    members: xr.Dataset,
    fit: BestFit,
    seed: int,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> pd.DataFrame:
    """How medians and probabilities move when a series, or a group of them, is left out.

    One row by what is left out (``series``), scenario and headline: ``k``, ``way`` ("weights" or "refit"), ``median``
    and ``probability`` with all series, ``moved`` and ``probability_moved`` without this one less with all, and
    ``deviations``: the move in standard deviations over the members.
    """
    chosen = headlines()
    squares = squared_deviations(problem.model, members, problem.targets)
    values = headline_values(problem.model, members, SCENARIOS)
    spread = values.std("member")
    even = np.full(members.sizes["member"], 1 / members.sizes["member"])
    from_gaussian: xr.DataArray | None = None
    rows = []
    cases = left_out(problem.targets)
    for done, (title, names) in enumerate(cases.items()):
        progress(done, len(cases))
        weights, k = smoothed_weights(squares.sel(series=list(names)).sum("series").to_numpy() / 2)
        way, before, after = "weights", values, values
        if not k <= GREATEST_K:
            if from_gaussian is None:
                from_gaussian = _gaussian_values(problem, fit, seed)
            rest = tuple(other for other in problem.targets if other.name not in names)
            without = dataclasses.replace(problem, targets=rest)
            way, before = "refit", from_gaussian
            after = _gaussian_values(without, best_fit(without, fit.point), seed)
            weights = np.full(DRAWS, 1 / DRAWS)
        for scenario in SCENARIOS:
            for item in chosen:
                selection = {"scenario": scenario, "headline": item.label}
                equal = even if way == "weights" else weights
                middle, share = summary(before.sel(selection).to_numpy(), equal, item)
                new_middle, new_share = summary(after.sel(selection).to_numpy(), weights, item)
                by = new_middle - middle
                rows.append((title, scenario, item.label, k, way, middle, share, by, new_share - share,
                             by / float(spread.sel(selection))))  # fmt: skip
    columns = ["series", "scenario", "headline", "k", "way", "median", "probability", "moved", "probability_moved",
               "deviations"]  # fmt: skip
    return pd.DataFrame(rows, columns=columns)


def _gaussian_values(problem: Problem, fit: BestFit, seed: int) -> xr.DataArray:
    random = np.random.default_rng(seed)
    points = allowed_draws(reference(problem, fit), problem.priors, DRAWS, random)
    return headline_values(problem.model, changes(problem.priors.dataset(points)), SCENARIOS)


def largest(moves: pd.DataFrame, count: int) -> pd.DataFrame:
    """The largest moves in standard deviations, one for each series and headline."""
    order = moves.iloc[moves["deviations"].abs().to_numpy().argsort()[::-1]]
    return order.drop_duplicates(["series", "headline"]).head(count)
