"""Newer observations against the stored forecast: scores, re-weighted members, and which targets slip since when.

The forecast is scored as it was made. Series are judged one by one (`analysis.assessment.series`), the members are
weighted by how well they agree with the series that fit (`analysis.assessment.reweighting`), and every target's
probability is worked out anew, with all of these observations and with those up to each year. Nothing here runs the
model: results of the members come in as arguments.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from analysis.assessment.observations import AssessmentError, read_stored
from analysis.assessment.reweighting import (
    LEAST_EFFECTIVE,
    ForecastError,
    Reweighting,
    chance,
    draws_of,
    log_likelihood,
    reweight,
    twins,
)
from analysis.assessment.scores import (
    BANDS,
    LEAST_PAST,
    constant_growth,
    crps,
    inside,
    mase,
    pit,
    pit_uniformity,
    random_walk_with_drift,
)
from analysis.assessment.series import chosen_series, judge_series
from analysis.assessment.words import ALL, sentences
from calibration.fit.forecast import BASE_YEAR, FORECAST_FILE, forecast_table
from scenarios import Target, is_reached

Array = npt.NDArray[np.float64]

#: A target that is less likely than this, or lost more than this since the forecast, slips.
LIKELY: Final = 0.5
LOST: Final = 0.2


@dataclass(frozen=True)
class Assessment:
    """Everything that newer observations say, ready to print and to write.

    Attributes
    ----------
    points
        One row per observation: forecast median, 50 and 90 % band, ``z`` (logarithm of the observation over the median,
        in standard deviations of the forecast's logarithm), CRPS, PIT, within which bands, reference forecasts.
    scores
        One row per series, and `ALL`: points, CRPS (in the series' unit and relative to the observation), coverage,
        MASE against both references, PIT's distance from uniform and its p-value; ``note`` says what is not scored.
    series
        One row per series: whether it agrees, is used and why, and what the update becomes when it is left out or put
        in; see `analysis.assessment.series.SeriesJudgement`.
    updates
        Pareto k, effective size, acceptance, and ``chance`` (`analysis.assessment.reweighting.chance`) of the series
        used, with data up to each year; no rows where none is used.
    weights
        Weight of each member after all observations used; no rows when refused.
    targets
        One row per modelled target: probability and standard error before and after, how it fares (``course``), and
        the year from whose data the model could have known (``known_since``).
    by_year
        Probability of each target with data up to each year; NaN where the update is refused.
    sentences
        The findings in plain words, by language ("zh", "en").
    """

    points: pd.DataFrame
    scores: pd.DataFrame
    series: pd.DataFrame
    updates: pd.DataFrame
    weights: pd.DataFrame
    targets: pd.DataFrame
    by_year: pd.DataFrame
    sentences: Mapping[str, tuple[str, ...]]

    @property
    def accepted(self) -> bool:
        """Whether the ensemble could be re-weighted with all observations of the series used."""
        return not self.weights.empty


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
) -> Assessment:
    """Score the forecast, re-weight the members, and say which targets slip.

    Parameters
    ----------
    observations
        As from `read_newer_observations`.
    forecast
        The forecast with its draws of what the model leaves out, dims ``member, time``; this is scored.
    simulated
        The same members without those draws; these are weighted.
    targets_run
        The targets' variables of the same members in the same order, dims ``member`` or ``run``, and ``time``.
    targets
        The plan's targets; those that are not modelled are passed over.
    errors
        For every observed variable; see `forecast_errors`.
    history
        variable, year, value up to 2020, for the reference forecasts; see `past_series`.
    forced_in, forced_out
        Series that are used, or left out, whatever they say.
    scenario
        Title by language of the scenario of the forecast, if it is not the baseline.

    Returns
    -------
    Assessment
        Tables and sentences.

    Raises
    ------
    AssessmentError
        If members differ in number, a variable, year or error is missing, or the history reaches beyond 2020.

    Examples
    --------
    >>> found = assess(observations, forecast=predicted, simulated=simulated, targets_run=run,
    ...                targets=load_targets().values(), errors=forecast_errors(),
    ...                history=past_series())  # doctest: +SKIP
    >>> print(*found.sentences["en"], sep=chr(10))  # doctest: +SKIP
    """
    goals = [target for target in targets if target.modelled]
    forecast, simulated, targets_run = (_by_member(each) for each in (forecast, simulated, targets_run))
    _check_inputs(observations, forecast, simulated, targets_run, goals, errors, history)
    inside, outside = chosen_series(observations["variable"], forced_in, forced_out)
    points, scores = score(observations, forecast, history)
    same = twins(simulated)
    judged = judge_series(
        observations,
        forecast,
        simulated,
        errors,
        same,
        lambda step: _probabilities(goals, targets_run, step),
        inside,
        outside,
    )
    used = observations[observations["variable"].isin(judged.used)]
    steps = {
        int(year): reweight(
            log_likelihood(used[used["year"] <= year], simulated, errors).sum("variable").to_numpy(), same
        )
        for year in sorted(set(used["year"]))
    }
    chances = {year: chance(used[used["year"] <= year], forecast, simulated, errors) for year in steps}
    updates = _updates(steps, chances)
    fates, by_year = judge_targets(goals, targets_run, steps)
    final = steps[max(steps)] if steps else None
    members = simulated["member"].to_numpy()
    weights = pd.DataFrame({"member": members, "weight": np.nan if final is None else final.weights})
    found = (points, scores, judged.table, updates, fates, len(members), scenario)
    return Assessment(
        points=points,
        scores=scores,
        series=judged.table,
        updates=updates,
        weights=weights if final is not None and final.accepted else weights.iloc[:0],
        targets=fates,
        by_year=by_year,
        sentences={"zh": sentences("zh", *found), "en": sentences("en", *found)},
    )


def score(observations: pd.DataFrame, forecast: xr.Dataset, history: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Score the forecast by observation and by series.

    Parameters
    ----------
    observations, forecast, history
        As for `assess`.

    Returns
    -------
    tuple of pandas.DataFrame
        ``points`` and ``scores`` of an `Assessment`.

    Examples
    --------
    >>> draws = xr.Dataset({"residents": (("member", "time"), [[1.0], [3.0]])}, {"time": [2021.0]})
    >>> newer = pd.DataFrame({"variable": ["residents"], "year": [2021], "value": [2.0], "unit": ["person"]})
    >>> score(newer, draws, pd.DataFrame(columns=["variable", "year", "value"]))[0]["pit"].tolist()
    [0.5]
    """
    rows = observations.groupby("variable", sort=False)
    tables = {str(name): _points_of_series(str(name), table, forecast, history) for name, table in rows}
    points = pd.concat(tables.values(), ignore_index=True)
    draws = {name: draws_of(forecast, name, table["year"]) for name, table in tables.items()}
    scores = [_score_of(name, table, draws[name]) for name, table in tables.items()]
    scores.append(_score_of(ALL, points, np.hstack(list(draws.values()))))
    return points, pd.DataFrame(scores)


def judge_targets(
    targets: Iterable[Target], run: xr.Dataset, steps: Mapping[int, Reweighting]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Probability of each target before and after newer observations, and since when it slips.

    Parameters
    ----------
    targets
        Modelled targets.
    run
        Their variables, dims ``member, time``.
    steps
        Weights with observations up to each year.

    Returns
    -------
    tuple of pandas.DataFrame
        ``targets`` and ``by_year`` of an `Assessment`. A target slips in a year when its probability is below `LIKELY`
        or lower than in the forecast by more than `LOST`. ``known_since`` is the first year from which on it slips in
        every year with an accepted update, up to the last; 2020 when the forecast itself says so.

    Examples
    --------
    >>> goal = Target("t", {}, "1.4", "core", 2025, 78.5, "at least", "percent", "rate", 0.01)
    >>> rate = xr.Dataset({"rate": (("member", "time"), [[0.8], [0.8], [0.7]])}, {"time": [2025.0]})
    >>> steps = {2021: Reweighting(np.array([0.2, 0.2, 0.6]), 0.1, 60.0)}
    >>> judge_targets([goal], rate, steps)[0][["course", "known_since"]].values.tolist()
    [['slipping', 2021]]
    """
    fates, yearly = [], []
    used = [year for year, step in steps.items() if step.accepted]
    for target in targets:
        reached = _reached(target, run)
        before, before_error = _probability(reached, np.full(len(reached), 1 / len(reached)))
        path = {year: _probability(reached, steps[year].weights) for year in used}
        after, after_error = path[used[-1]] if used else (np.nan, np.nan)
        known = _known_since(before, {year: probability for year, (probability, _) in path.items()})
        fates.append(
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
                "data_to": used[-1] if used else BASE_YEAR,
                "course": _course(before, after, after_error, known),
                "known_since": known,
            }
        )
        yearly += [
            {
                "target": target.id,
                "data_to": year,
                "probability": path.get(year, (np.nan, np.nan))[0],
                "probability_se": path.get(year, (np.nan, np.nan))[1],
                "accepted": step.accepted,
            }
            for year, step in steps.items()
        ]
    table = pd.DataFrame(fates)
    if fates:
        table["known_since"] = table["known_since"].astype("Int64")
    return table, pd.DataFrame(yearly, columns=["target", "data_to", "probability", "probability_se", "accepted"])


def check_stored(forecast: xr.Dataset, file: Path = FORECAST_FILE) -> None:
    """Make sure that what is scored is the forecast that was stored.

    Parameters
    ----------
    forecast
        Members of the forecast, made again.
    file
        The stored quantiles.

    Raises
    ------
    AssessmentError
        If the file is missing or its quantiles differ from those of `forecast`.
    """
    keys = ["variable", "unit", "year"]
    stored, made = read_stored(file).set_index(keys), forecast_table(forecast).set_index(keys)
    same = stored.index.sort_values().equals(made.index.sort_values())
    # The file holds six digits.
    if not same or not np.allclose(stored.sort_index(), made.sort_index(), rtol=2e-5, atol=0.0):
        message = (
            f"{file.name} is not the forecast of the present model and ensemble, so scoring it would mean nothing. "
            "Take both from the same commit, or make both anew with: python run_scenarios.py calibrate"
        )
        raise AssessmentError(message)


def _reached(target: Target, run: xr.Dataset) -> Array:
    margin = target.margin(run[str(target.variable)].sel(time=target.year)).to_numpy()
    return is_reached(margin).astype(float)


def _probabilities(targets: Iterable[Target], run: xr.Dataset, step: Reweighting | None) -> pd.Series:
    usable = step is not None and step.accepted
    return pd.Series(
        {
            target.id: _probability(_reached(target, run), step.weights)[0] if step is not None and usable else np.nan
            for target in targets
        },
        dtype=float,
    )


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
    late = history[history["year"] > BASE_YEAR]
    mistakes += [f"the history holds {row.variable!r} of {row.year}, after {BASE_YEAR}" for row in late.itertuples()]
    if mistakes:
        message = "The assessment cannot be made:\n" + "\n".join(f" * {mistake}" for mistake in mistakes)
        raise AssessmentError(message)


def _points_of_series(name: str, table: pd.DataFrame, forecast: xr.Dataset, history: pd.DataFrame) -> pd.DataFrame:
    draws, observed = draws_of(forecast, name, table["year"]), table["value"].to_numpy(dtype=float)
    past = history[history["variable"] == name].sort_values("year")
    ahead = table["year"].to_numpy(dtype=float)
    years, values = past["year"].to_numpy(dtype=float), past["value"].to_numpy(dtype=float)
    enough = len(past) >= LEAST_PAST
    nothing = np.full(observed.size, np.nan)
    low, quarter, middle, three_quarters, high = np.quantile(draws, [0.05, 0.25, 0.5, 0.75, 0.95], axis=0)
    return pd.DataFrame(
        {
            "variable": name,
            "year": table["year"].to_numpy(),
            "value": observed,
            "unit": table["unit"].to_numpy(),
            "median": middle,
            "p05": low,
            "p25": quarter,
            "p75": three_quarters,
            "p95": high,
            "z": np.log(observed / middle) / np.log(draws).std(axis=0, ddof=1),
            "crps": crps(draws, observed),
            "pit": pit(draws, observed),
            **{f"inside_{100 * band:.0f}": inside(draws, observed, band) for band in BANDS},
            "random_walk": random_walk_with_drift(years, values, ahead) if enough else nothing,
            "constant_growth": constant_growth(years, values, ahead) if enough else nothing,
        }
    )


def _score_of(name: str, points: pd.DataFrame, draws: Array) -> dict[str, object]:
    observed = points["value"].to_numpy()
    together = name == ALL
    compared = points["random_walk"].notna().to_numpy() & (not together)
    distance, probability = pit_uniformity(draws, observed)
    note = f"MASE not scored: fewer than {LEAST_PAST} values up to {BASE_YEAR}"
    return {
        "variable": name,
        "points": len(points),
        "first_year": int(points["year"].min()),
        "last_year": int(points["year"].max()),
        "unit": "" if together else points["unit"].iloc[0],
        "crps": np.nan if together else float(points["crps"].mean()),
        "crps_relative": float((points["crps"] / points["value"]).mean()),
        **{f"coverage_{100 * band:.0f}": float(points[f"inside_{100 * band:.0f}"].mean()) for band in BANDS},
        **{
            f"mase_{reference}": mase(
                points["median"].to_numpy()[compared], points[reference].to_numpy()[compared], observed[compared]
            )
            if compared.any()
            else np.nan
            for reference in ("random_walk", "constant_growth")
        },
        "pit_distance": distance,
        "pit_p_value": probability,
        "note": note if not together and not compared.any() else "",
    }


def _probability(reached: Array, weights: Array) -> tuple[float, float]:
    probability = float(weights @ reached)
    error = float(np.sqrt((weights**2) @ (reached - probability) ** 2))
    # Weights sum to 1 up to rounding.
    return min(max(probability, 0.0), 1.0), error


def _known_since(before: float, path: Mapping[int, float]) -> int | None:
    """First year from which on a target slips up to the last."""
    known = None
    for year, probability in {BASE_YEAR: before, **path}.items():
        slips = probability < LIKELY or before - probability > LOST
        known = (year if known is None else known) if slips else None
    return known


def _course(before: float, after: float, after_error: float, known: int | None) -> str:
    if np.isnan(after):
        return "not updated"
    if known is not None:
        return "unlikely from the start" if known == BASE_YEAR else "slipping"
    if before >= LIKELY:
        return "on course"
    # From 49 to 50 % is no news: two standard errors tell a change from the draw of the members.
    return "now likely" if after - LIKELY > 2 * after_error else "about even"


def _updates(steps: Mapping[int, Reweighting], chances: Mapping[int, float]) -> pd.DataFrame:
    columns = ["data_to", "pareto_k", "effective_size", "accepted", "chance"]
    rows = [(year, step.pareto_k, step.effective_size, step.accepted, chances[year]) for year, step in steps.items()]
    return pd.DataFrame(rows, columns=columns)
