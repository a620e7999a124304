"""From a file of newer observations to an assessment: the stored forecast is made again, checked and scored."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from analysis.assessment.observations import past_series, read_newer_observations, read_stored
from analysis.assessment.reweighting import forecast_errors
from analysis.assessment.study import Assessment, assess, check_stored
from calibration.fit.forecast import FORECAST_FILE, YEARS, predict, simulate
from model.engine import CompiledModel
from scenarios import Scenario, Target

#: Members run at a time.
BATCH = 200
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class AssessedForecast:
    """An assessment, the observations as read, and the forecast they were held against, dims ``member, time``."""

    found: Assessment
    observations: pd.DataFrame
    forecast: xr.Dataset


def read_observations_file(path: Path, forecast_file: Path = FORECAST_FILE) -> pd.DataFrame:
    """Read newer observations, checked against the stored forecast, without running the model.

    Parameters
    ----------
    path
        As for `read_newer_observations`.
    forecast_file
        The stored forecast, whose names, units and medians the observations are checked against.

    Raises
    ------
    AssessmentError
        With every mistake, or if there is no stored forecast.
    """
    stored = read_stored(forecast_file)
    medians = {
        str(name): (("member", "time"), table["median"].to_numpy()[None], {"units": table["unit"].iloc[0]})
        for name, table in stored.groupby("variable", sort=False)
    }
    years = np.sort(stored["year"].unique()).astype(float)
    return read_newer_observations(path, xr.Dataset(medians, {"time": years}))


def assess_ensemble(
    observations: pd.DataFrame,
    model: CompiledModel,
    members: xr.Dataset,
    targets: Mapping[str, Target],
    progress: Progress = lambda task, done, of: None,
    scenario: Scenario | None = None,
    forced_in: Sequence[str] = (),
    forced_out: Sequence[str] = (),
) -> AssessedForecast:
    """Make the stored forecast again, member by member, and assess it, or the forecast under another scenario.

    Parameters
    ----------
    observations
        As from `read_observations_file`.
    model, members
        The city model and its whole calibrated ensemble.
    targets
        The plan's targets, by id.
    progress
        Told the task, the members done and of how many.
    scenario
        Policies of the forecast; None for the baseline, whose forecast was stored.
    forced_in, forced_out
        Series that are used, or left out, whatever they say.

    Raises
    ------
    AssessmentError
        If the stored forecast is not that of this model and ensemble.
    """
    simulated = simulate(model, members, progress=lambda done, of: progress("Forecast", done, of))
    forecast = predict(simulated, seed=int(members.attrs["seed"]))
    check_stored(forecast)
    changes: Mapping[str, object] = {}
    if scenario is not None:
        # The same members with the same draws of what the model leaves out: only the policies differ.
        changes = scenario.settings()
        simulated = simulate(
            model, members, changes, lambda done, of: progress("Forecast under the scenario", done, of)
        )
        forecast = predict(simulated, seed=int(members.attrs["seed"]))
    found = assess(
        observations,
        forecast=forecast,
        simulated=simulated,
        targets_run=_targets_run(model, members, changes, targets, lambda done, of: progress("Targets", done, of)),
        targets=targets.values(),
        errors=forecast_errors(),
        history=past_series(),
        forced_in=forced_in,
        forced_out=forced_out,
        scenario=None if scenario is None else scenario.title,
    )
    return AssessedForecast(found, observations, forecast)


def fingerprint(observations: pd.DataFrame) -> str:
    """Return twelve hexadecimal digits that change whenever an observation does.

    Examples
    --------
    >>> len(fingerprint(pd.DataFrame({"value": [1.0]})))
    12
    """
    return hashlib.sha256(observations.to_csv(index=False).encode()).hexdigest()[:12]


def _targets_run(
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
