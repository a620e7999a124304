"""Newer observations against the stored forecast: scores, re-weighted members, and which targets slip since when.

The forecast is scored as it was made. Series are judged one by one (`analysis.assessment.series`), the members are
weighted by how well they agree with the series that fit (`analysis.assessment.reweighting`), and every target's
probability is worked out anew, with all of these observations and with those up to each year.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from analysis.assessment.observations import AssessmentError, past_series, read_stored_forecast
from analysis.assessment.reweighting import (
    LEAST_EFFECTIVE,
    ForecastError,
    Reweighting,
    duplicate_members,
    forecast_errors,
    log_likelihood,
    reweight,
    tail_probability,
)
from analysis.assessment.scores import score
from analysis.assessment.series import chosen_series, select_series
from analysis.assessment.words import sentences
from calibration.fit.evidence import Evidence
from calibration.fit.forecast import BASE_YEAR, YEARS, expected, forecast_table, predict, simulate
from calibration.fit.later_record import later_record
from model.city import city
from model.engine import CompiledModel
from scenarios import Scenario, Target, is_reached

Array = npt.NDArray[np.float64]
Progress = Callable[[str, int, int], None]

#: Members run at a time.
BATCH: Final = 200
#: A target that is less likely than this, or lost more than this since the forecast, slips.
LIKELY: Final = 0.5
LOST: Final = 0.2


@dataclass(frozen=True)
class Assessment:
    """Everything that newer observations say about the forecast, ready to print and to write."""

    #: One row per observation: forecast median, 50 and 90 % band, ``z`` (logarithm of the observation over the median,
    #: in standard deviations of the forecast's logarithm), CRPS, PIT, within which bands, reference forecasts.
    points: pd.DataFrame
    #: One row per series, and `ALL`: points, CRPS (in the series' unit and relative to the observation), coverage, MASE
    #: against both references, PIT's distance from uniform and its p-value; ``note`` says what is not scored.
    scores: pd.DataFrame
    #: One row per series: whether it agrees, is used and why, and what the update becomes when it is left out or put
    #: in; see `analysis.assessment.series.SeriesSelection`.
    series: pd.DataFrame
    #: Pareto k, effective size, acceptance, and ``chance`` (`analysis.assessment.reweighting.tail_probability`) of the
    #: series used, with data up to each year; no rows where none is used.
    updates: pd.DataFrame
    #: Weight of each member after all observations used; no rows when refused.
    weights: pd.DataFrame
    #: One row per modelled target: probability and standard error before and after, how it fares (``course``), and the
    #: year from whose data the model could have known (``known_since``).
    targets: pd.DataFrame
    #: Probability of each target with data up to each year; NaN where the update is refused.
    by_year: pd.DataFrame
    #: The forecast that the observations are compared with, dims ``member, time``.
    forecast: xr.Dataset
    #: The results in plain words, by language ("zh", "en").
    sentences: Mapping[str, tuple[str, ...]]

    @property
    def accepted(self) -> bool:
        """Whether the ensemble could be re-weighted with all observations of the series used."""
        return not self.weights.empty


def assess_stored_forecast(
    observations: pd.DataFrame,
    model: CompiledModel,
    members: xr.Dataset,
    targets: Mapping[str, Target],
    progress: Progress = lambda task, done, of: None,
    scenario: Scenario | None = None,
    forced_in: Sequence[str] = (),
    forced_out: Sequence[str] = (),
) -> Assessment:
    """Make the stored forecast again, member by member, and assess it, or the forecast under another scenario.

    Parameters
    ----------
    scenario
        Policies of the forecast; None for the baseline, whose forecast was stored.
    forced_in, forced_out
        Series that are used, or left out, whatever they say.
    """
    seed, evidence = int(members.attrs["seed"]), Evidence(members.attrs["evidence"])
    later = later_record(evidence)
    changes, seen = (dict[str, object](), ()) if later is None else (dict(later.policies), later.published)
    to_come = slice(evidence.last_year + 1, None)
    simulated = simulate(model, members, changes, lambda done, of: progress("Forecast", done, of))
    forecast = predict(simulated, seed, seen).sel(time=to_come)
    check_stored(forecast, evidence.forecast)
    if scenario is not None:
        # The same members with the same draws of what the model leaves out: only the policies differ.
        changes |= scenario.settings()
        simulated = simulate(
            model, members, changes, lambda done, of: progress("Forecast under the scenario", done, of)
        )
        forecast = predict(simulated, seed, seen).sel(time=to_come)
    return assess(
        observations,
        forecast=forecast,
        simulated=expected(simulated, seen).sel(time=to_come),
        targets_run=_run_targets(model, members, changes, targets, lambda done, of: progress("Targets", done, of)),
        targets=targets.values(),
        errors=forecast_errors(seen),
        history=past_series(evidence),
        forced_in=forced_in,
        forced_out=forced_out,
        scenario=None if scenario is None else scenario.title,
        base=evidence.last_year,
    )


def assess(
    observations: pd.DataFrame,
    *,
    forecast: xr.Dataset,
    simulated: xr.Dataset,
    targets_run: xr.Dataset,
    targets: Iterable[Target],
    errors: Mapping[str, ForecastError],
    history: pd.DataFrame,
    forced_in: Sequence[str] = (),
    forced_out: Sequence[str] = (),
    scenario: Mapping[str, str] | None = None,
    base: int = BASE_YEAR,
) -> Assessment:
    """Score the forecast, re-weight the members, and say which targets slip.

    Parameters
    ----------
    forecast, simulated
        The members with draws of what the model leaves out, which are scored, and without, which are weighted.
    targets_run, targets
        Variables of the targets by the same members; targets that are not modelled are passed over.
    forced_in, forced_out
        Series that are used, or left out, whatever they say.
    scenario
        Title by language of the scenario of the forecast, if it is not the baseline.
    base
        The last year that the members have seen.

    Raises
    ------
    AssessmentError
        If members differ in number, a variable, year or error is missing, or the history reaches beyond what
        the members have seen.
    """
    goals = [target for target in targets if target.modelled]
    forecast, simulated, targets_run = (_by_member(each) for each in (forecast, simulated, targets_run))
    _check_inputs(observations, forecast, simulated, targets_run, goals, errors, history, base)
    inside, outside = chosen_series(observations["variable"], forced_in, forced_out)
    points, scores = score(observations, forecast, history, base)
    duplicates = duplicate_members(simulated)
    selection = select_series(
        observations,
        forecast,
        simulated,
        errors,
        duplicates,
        lambda step: _probabilities(goals, targets_run, step),
        inside,
        outside,
    )
    used = observations[observations["variable"].isin(selection.used)]
    steps = {
        int(year): reweight(
            log_likelihood(used[used["year"] <= year], simulated, errors).sum("variable").to_numpy(), duplicates
        )
        for year in sorted(set(used["year"]))
    }
    probabilities = {year: tail_probability(used[used["year"] <= year], forecast, simulated, errors) for year in steps}
    updates = pd.DataFrame(
        [
            (year, step.pareto_k, step.effective_size, step.accepted, probabilities[year])
            for year, step in steps.items()
        ],
        columns=["data_to", "pareto_k", "effective_size", "accepted", "chance"],
    )
    table, by_year = judge_targets(goals, targets_run, steps, base)
    final = steps[max(steps)] if steps else None
    members = simulated["member"].to_numpy()
    weights = pd.DataFrame({"member": members, "weight": np.nan if final is None else final.weights})
    tables = (points, scores, selection.table, updates, table, len(members), scenario, base)
    return Assessment(
        points=points,
        scores=scores,
        series=selection.table,
        updates=updates,
        weights=weights if final is not None and final.accepted else weights.iloc[:0],
        targets=table,
        by_year=by_year,
        forecast=forecast,
        sentences={"zh": sentences("zh", *tables), "en": sentences("en", *tables)},
    )


def judge_targets(
    targets: Iterable[Target], run: xr.Dataset, steps: Mapping[int, Reweighting], base: int = BASE_YEAR
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the probability of each target before and after newer observations, and since when it slips.

    The result is ``targets`` and ``by_year`` of an `Assessment`. A target slips in a year when its probability is below
    `LIKELY` or lower than in the forecast by more than `LOST`. ``known_since`` is the first year from which on it slips
    in every year with an accepted update, up to the last; `base`, the last year that the members have
    seen, when the forecast itself says so.
    """
    rows, yearly = [], []
    used = [year for year, step in steps.items() if step.accepted]
    for target in targets:
        reached = _reached(target, run)
        before, before_error = _probability(reached, np.full(len(reached), 1 / len(reached)))
        path = {year: _probability(reached, steps[year].weights) for year in used}
        after, after_error = path[used[-1]] if used else (np.nan, np.nan)
        known = _known_since(base, before, {year: probability for year, (probability, _) in path.items()})
        rows.append(
            {
                "target": target.id,
                "title_zh": target.title.get("zh", target.id),
                "title_en": target.title.get("en", target.id),
                "year": target.year,
                "threshold": target.threshold,
                "unit": target.unit,
                "probability_before": before,
                "probability_before_se": before_error,
                "probability_after": after,
                "probability_after_se": after_error,
                "data_to": used[-1] if used else base,
                "course": _course(base, before, after, after_error, known),
                "known_since": known,
            }
        )
        yearly += [(target.id, year, *path.get(year, (np.nan, np.nan)), step.accepted) for year, step in steps.items()]
    table = pd.DataFrame(rows)
    if rows:
        table["known_since"] = table["known_since"].astype("Int64")
    return table, pd.DataFrame(yearly, columns=["target", "data_to", "probability", "probability_se", "accepted"])


def check_stored(forecast: xr.Dataset, file: Path) -> None:
    """Check that the forecast, made again, is the one whose quantiles were stored, and refuse to go on if not."""
    keys = ["variable", "unit", "year"]
    stored, made = read_stored_forecast(file).set_index(keys), forecast_table(forecast).set_index(keys)
    same = stored.index.sort_values().equals(made.index.sort_values())
    # The file holds six digits.
    if not same or not np.allclose(stored.sort_index(), made.sort_index(), rtol=2e-5, atol=0.0):
        message = (
            f"{file.name} is not the forecast of the present model and ensemble, so scoring it would mean nothing. "
            f"Take both from the same commit, or make both anew with: python run_scenarios.py calibrate{city().option}"
        )
        raise AssessmentError(message)


def _reached(target: Target, run: xr.Dataset) -> Array:
    margin = target.margin(run[str(target.variable)].sel(time=target.year)).to_numpy()
    return is_reached(margin).astype(float)


def _probabilities(targets: Iterable[Target], run: xr.Dataset, step: Reweighting | None) -> pd.Series:
    weights = step.weights if step is not None and step.accepted else None
    probabilities = {
        target.id: np.nan if weights is None else _probability(_reached(target, run), weights)[0] for target in targets
    }
    return pd.Series(probabilities, dtype=float)


def _by_member(run: xr.Dataset) -> xr.Dataset:
    named = run.rename(run="member") if "run" in run.dims else run
    return named if "member" in named.coords else named.assign_coords(member=np.arange(named.sizes["member"]))


def _check_inputs(
    observations: pd.DataFrame,
    forecast: xr.Dataset,
    simulated: xr.Dataset,
    targets_run: xr.Dataset,
    targets: Iterable[Target],
    errors: Mapping[str, ForecastError],
    history: pd.DataFrame,
    base: int,
) -> None:
    mistakes = []
    if observations.empty:
        mistakes.append("there are no observations")
    sizes = [each.sizes["member"] for each in (forecast, simulated, targets_run)]
    if len(set(sizes)) > 1:
        mistakes.append(f"forecast, simulated and targets_run must hold the same members; they hold {sizes}")
    if min(sizes) < LEAST_EFFECTIVE:
        mistakes.append(f"at least {LEAST_EFFECTIVE:.0f} members are needed, there are {min(sizes)}")
    for name in dict.fromkeys(observations["variable"]):
        years = observations.loc[observations["variable"] == name, "year"]
        for what, run in (("forecast", forecast), ("simulated", simulated)):
            if name not in run:
                mistakes.append(f"{what} lacks {name!r}")
            elif not np.isin(years, run["time"].to_numpy()).all():
                mistakes.append(f"{what} lacks a year of {name!r}")
        if name not in errors:
            mistakes.append(f"there is no error for {name!r}")
    for target in targets:
        if target.variable not in targets_run or target.year not in targets_run["time"].to_numpy():
            mistakes.append(f"targets_run lacks {target.variable!r} of {target.year}")
    late = history[history["year"] > base]
    mistakes += [f"the history holds {row.variable!r} of {row.year}, after {base}" for row in late.itertuples()]
    if mistakes:
        message = "The assessment cannot be made:\n" + "\n".join(f" * {mistake}" for mistake in mistakes)
        raise AssessmentError(message)


def _probability(reached: Array, weights: Array) -> tuple[float, float]:
    probability = float(weights @ reached)
    error = float(np.sqrt((weights**2) @ (reached - probability) ** 2))
    # Weights sum to 1 up to rounding.
    return min(max(probability, 0.0), 1.0), error


def _known_since(base: int, before: float, path: Mapping[int, float]) -> int | None:
    """First year from which on a target slips up to the last."""
    known = None
    for year, probability in {base: before, **path}.items():
        slips = probability < LIKELY or before - probability > LOST
        known = (year if known is None else known) if slips else None
    return known


def _course(base: int, before: float, after: float, after_error: float, known: int | None) -> str:
    if np.isnan(after):
        return "not updated"
    if known is not None:
        return "unlikely from the start" if known == base else "slipping"
    if before >= LIKELY:
        return "on course"
    # From 49 to 50 % is no change: two standard errors tell one from the draw of the members.
    return "now likely" if after - LIKELY > 2 * after_error else "about even"


def _run_targets(
    model: CompiledModel,
    members: xr.Dataset,
    changes: Mapping[str, object],
    targets: Mapping[str, Target],
    progress: Callable[[int, int], None],
) -> xr.Dataset:
    names = list(dict.fromkeys(str(target.variable) for target in targets.values() if target.modelled))
    drawn = {str(name): array.rename(member="run") for name, array in members.data_vars.items()}
    count, parts = members.sizes["member"], []
    for first in range(0, count, BATCH):
        part = {name: array.isel(run=slice(first, first + BATCH)) for name, array in drawn.items()}
        parts.append(model.run({**part, **changes}, outputs=names, final_time=float(YEARS[-1])))
        progress(min(first + BATCH, count), count)
    return xr.concat(parts, "run").assign_coords(run=np.arange(count))
