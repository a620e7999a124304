"""Calibrate: best fits, posterior, the ensemble that every later result is made from, the forecast, and the report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr
from scipy.special import ndtri

from calibration.fit.evidence import NEWEST, Evidence
from calibration.fit.forecast import forecast_table, predict, published_table, simulate
from calibration.fit.later_record import later_record
from calibration.fit.likelihood import FIRST_YEAR, Array, calibration_targets, refuse_later
from calibration.fit.priors import changes, priors_hash, read_priors
from calibration.fit.sampler import BestFit, Draws, Problem, best_fit, reference, sample
from calibration.observations import CITY, LAST_YEAR, data_hash
from model import load_model
from model.definition import model_hash, variables_by_name
from model.engine import CompiledModel
from model.engine.results import NonFiniteError
from model.files.atomic import replaced
from model.files.sealed import seal

#: Any other seed gives another, equally good ensemble.
SEED: Final = 2020
#: A parameter counts as learnt when its posterior is narrower than this share of its prior.
LEARNT: Final = 0.8
#: What counts as nought in a stock, relative to its largest element.
ROUNDING: Final = 1e-9
#: Bounds on convergence and size that a learnt parameter has to meet.
CONVERGED: Final = 1.01
ENOUGH: Final = 400

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Effort:
    """Effort of the search: starts and rounds of the best fit, chains, steps kept and thrown away, thinning."""

    starts: int = 4
    rounds: int = 40
    chains: int = 96
    steps: int = 4500
    warm_up: int = 1500
    thin: int = 9


@dataclass(frozen=True)
class Calibration:
    """Results of a calibration."""

    #: What was fitted.
    problem: Problem
    #: Best fits, the best first.
    fits: tuple[BestFit, ...]
    #: The sampled posterior.
    draws: Draws
    #: The ensemble, dim ``member``; factors not multiplied out.
    members: xr.Dataset
    #: Baseline of the members, dims ``member, time``.
    simulated: xr.Dataset
    #: The same with draws of what the model leaves out, of the years after the last seen.
    predicted: xr.Dataset
    #: What has been seen.
    evidence: Evidence


def calibrate(
    count: int = 1000,
    evidence: Evidence = NEWEST,
    *,
    effort: Effort = Effort(),
    seed: int = SEED,
    model: CompiledModel | None = None,
    progress: Progress = lambda task, done, of: None,
) -> Calibration:
    """Fit, sample, draw the ensemble and run its baseline.

    Parameters
    ----------
    count
        Members of the ensemble.
    evidence
        The record that the ensemble sees. For that to 2020 nothing published later is read.
    effort
        Effort of the search.
    seed
        Of all random numbers; the same seed gives the same ensemble.
    model
        The compiled city model; None to load it.
    progress
        Called with the task, the steps done and their total.

    Raises
    ------
    ObservationError, PriorError
        If data or priors cannot be used.
    """
    chosen = load_model() if model is None else model
    problem = problem_of(evidence, chosen)
    priors, later = problem.priors, problem.later
    random = np.random.default_rng(seed)
    starts = [np.zeros(priors.size), *(priors.draw(effort.starts - 1, random) / 2)]
    fits = []
    for done, start in enumerate(starts):
        progress("Best fits", done, len(starts))
        fits.append(best_fit(problem, start, effort.rounds))
    fits.sort(key=lambda fit: fit.cost)
    draws = sample(
        problem,
        reference(problem, fits[0]),
        chains=effort.chains,
        steps=effort.steps,
        warm_up=effort.warm_up,
        thin=effort.thin,
        seed=seed,
        progress=lambda done, of: progress("Posterior", done, of),
    )
    pooled = draws.pooled
    picked = random.choice(len(pooled), count, replace=len(pooled) < count)
    while not (whole := starts_whole(problem, pooled[picked])).all():
        picked[~whole] = random.choice(len(pooled), int((~whole).sum()))
    members = _members(problem, pooled[picked], seed, evidence)
    policies, seen = ({}, ()) if later is None else (later.policies, later.published)

    def run(some: xr.Dataset) -> xr.Dataset:
        return simulate(chosen, changes(some), policies, lambda done, of: progress("Forecast", done, of))

    try:
        simulated = run(members)
    except NonFiniteError:
        # The history run of a member may be sound and its policy run leave what the equations allow.
        members = _sound_members(
            members, run, lambda n: _members(problem, pooled[random.choice(len(pooled), n)], seed, evidence)
        )
        simulated = run(members)
    predicted = predict(simulated, seed, seen).sel(time=slice(evidence.last_year + 1, None))
    return Calibration(problem, tuple(fits), draws, members, simulated, predicted, evidence)


def problem_of(evidence: Evidence, model: CompiledModel) -> Problem:
    """Return what is fitted to a record; that to 2020 holds no value of a later year, and no file of them is read.

    Raises
    ------
    ObservationError, PriorError
        If data or priors cannot be used.
    """
    later = later_record(evidence)
    targets = (*calibration_targets(model), *(() if later is None else later.targets()))
    refuse_later(targets, evidence.last_year)
    return Problem(model, read_priors(events=evidence.events), targets, later)


def _sound_members(
    members: xr.Dataset, run: Callable[[xr.Dataset], xr.Dataset], more: Callable[[int], xr.Dataset]
) -> xr.Dataset:
    """Replace members whose runs do not stay finite by further draws, found by halves."""

    def sound(some: xr.Dataset) -> list[int]:
        count = some.sizes["member"]
        try:
            run(some)
        except NonFiniteError:
            if count == 1:
                return []
            half = count // 2
            first, second = (sound(some.isel(member=part)) for part in (slice(half), slice(half, None)))
            return [*first, *(half + place for place in second)]
        return list(range(count))

    wanted = members.sizes["member"]
    kept = members.isel(member=sound(members))
    while kept.sizes["member"] < wanted:
        fresh = more(wanted - kept.sizes["member"])
        kept = xr.concat([kept, fresh.isel(member=sound(fresh))], dim="member", combine_attrs="override")
    return kept


def _members(problem: Problem, points: Array, seed: int, evidence: Evidence) -> xr.Dataset:
    members = problem.priors.dataset(points)
    # Single precision is what the file keeps, so everything is made from it.
    members = members.map(lambda array: array.astype(np.float32).astype(np.float64), keep_attrs=True)
    return members.assign_attrs(
        title=f"Parameter sets of {CITY.title['en']}'s urbanization model that observations of 2010-{evidence} support",
        model_hash=model_hash(),
        priors_hash=priors_hash(events=evidence.events),
        data_hash=data_hash(evidence.later_files),
        data_vintage=evidence.vintage,
        seed=str(seed),
    )


def starts_whole(problem: Problem, points: Array) -> npt.NDArray[np.bool_]:
    """Whether no stock that cannot be negative starts below zero, of the history run and of the policy run, by point.

    Wide priors may contradict each other, as where more people are registered in the city and live in it than are
    registered at all.
    """
    stocks = [v.name for v in variables_by_name().values() if v.kind == "stock" and v.low == 0]
    settings = problem.priors.settings(points)
    whole = np.ones(len(points), dtype=bool)
    for year in (float(FIRST_YEAR), float(LAST_YEAR)):
        run = problem.model.run(
            settings, outputs=stocks, initial_time=year, final_time=year, saveper=1.0, keep_non_finite=True
        )
        for stock in stocks:
            # A stock that starts alike in every draw has no dim of runs.
            values = run[stock].to_numpy().reshape(len(points) if "run" in run[stock].dims else 1, -1)
            whole &= values.min(axis=1) >= -ROUNDING * np.abs(values).max(axis=1)
    return whole


def write(calibration: Calibration, posterior: Path | None = None, forecast: Path | None = None) -> None:
    """Write the ensemble and the forecast, each whole or not at all; to the files of its evidence if none are named."""
    evidence = calibration.evidence
    write_ensemble(
        calibration.members, calibration.predicted, posterior or evidence.posterior, forecast or evidence.forecast
    )
    if posterior is None:
        evidence.uncalibrated.unlink(missing_ok=True)
    if forecast is None and evidence.published is not None:
        with replaced(evidence.published) as partial:
            published_table(calibration.predicted).to_csv(partial, index=False, lineterminator="\n")


def write_ensemble(members: xr.Dataset, predicted: xr.Dataset, posterior: Path, forecast: Path) -> None:
    """Write members and the quantiles of their predicted baseline, each file whole or not at all."""
    kept = members.astype(np.float32)
    for name, array in members.data_vars.items():
        kept[name].attrs = array.attrs
    packed = {str(name): {"zlib": True, "complevel": 6, "shuffle": True} for name in kept.data_vars}
    with replaced(posterior) as partial:
        kept.to_netcdf(partial, engine="netcdf4", encoding=packed)
        seal(partial)
    with replaced(forecast) as partial:
        forecast_table(predicted).to_csv(partial, index=False, lineterminator="\n")


def learnt_table(calibration: Calibration) -> pd.DataFrame:
    """Every parameter before and after the observations, one row per draw.

    The ratio is that of posterior to prior standard deviation on the standard scale; percentiles are in the unit.
    """
    priors, pooled = calibration.problem.priors, calibration.draws.pooled
    levels = np.array([0.05, 0.5, 0.95])
    before = priors.values(np.repeat(ndtri(levels)[:, None], priors.size, axis=1))
    after = priors.values(np.quantile(pooled, levels, axis=0))
    rows = []
    for parameter in priors.parameters:
        unit = str(calibration.members[parameter.name].attrs["units"])
        for column, label in enumerate(parameter.labels):
            rows.append([label, unit, *before[parameter.name][:, column], *after[parameter.name][:, column]])
    names = [f"{side}_{level}" for side in ("prior", "posterior") for level in ("p05", "median", "p95")]
    table = pd.DataFrame(rows, columns=["parameter", "unit", *names])
    table["ratio"] = pooled.std(axis=0)
    table["learnt"] = table["ratio"] < LEARNT
    table["rhat"] = calibration.draws.convergence
    table["ess"] = calibration.draws.effective_size
    return table


def fit_table(calibration: Calibration) -> pd.DataFrame:
    """How well each series is met: root mean square whitened deviation at the best fit, and median over 100 draws.

    One means as far off as the stated errors; well below one, errors too generous.
    """
    pooled = calibration.draws.pooled
    some = pooled[:: max(1, len(pooled) // 100)][:100]
    best = calibration.problem.deviations(calibration.fits[0].point[None])[0]
    spread = calibration.problem.deviations(some)
    rows = []
    for target in calibration.problem.targets:
        columns = calibration.problem.slices[target.name]
        size = np.sqrt((spread[:, columns] ** 2).mean(axis=1))
        rows.append(
            (target.name, target.observed.size, float(np.sqrt((best[columns] ** 2).mean())), float(np.median(size)))
        )
    return pd.DataFrame(rows, columns=["series", "values", "best fit", "members"])


def prior_ensemble(count: int, seed: int = SEED, model: CompiledModel | None = None) -> tuple[xr.Dataset, xr.Dataset]:
    """Draw an ensemble from the priors alone, for a city whose record has not been fitted, and run its baseline.

    Parameters
    ----------
    count
        Members: draws that meet the constraints, start with no stock below zero and whose runs stay finite.
    seed
        Of all random numbers.

    Returns
    -------
    tuple of xarray.Dataset
        Members as from `calibrate`, whose title says that nothing has been fitted, and their predicted baseline.
    """
    chosen = load_model() if model is None else model
    problem = problem_of(Evidence.TO_2020, chosen)
    random = np.random.default_rng(seed)

    def draw(wanted: int) -> xr.Dataset:
        points = np.empty((0, problem.priors.size))
        while len(points) < wanted:
            tried = problem.priors.draw(max(wanted, 50), random)
            tried = tried[problem.priors.allowed(tried)]
            tried = tried[starts_whole(problem, tried)]
            points = np.concatenate([points, tried[np.isfinite(problem.log_posterior(tried))]])
        return _members(problem, points[:wanted], seed, Evidence.TO_2020)

    members = _sound_members(draw(count), lambda some: simulate(chosen, changes(some)), draw)
    members = members.assign_attrs(
        title="Parameter sets drawn from the priors: the record of the city has not been fitted"
    )
    simulated = simulate(chosen, changes(members))
    return members, predict(simulated, seed).sel(time=slice(Evidence.TO_2020.last_year + 1, None))
