"""What a user sees of the runs of a model, whichever engine made them."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from .errors import UserError, listed
from .requests import ChangeError, Reduction, Request
from .variables import Variable


class NonFiniteError(UserError):
    """A run produced a value that is not a number or is infinite."""


class BalanceError(UserError):
    """A run created or lost something: a balance of the model is not zero; the message names it, its size and time."""


#: Steps of the longest run; more are a mistake in a time setting.
MOST_STEPS = 1_000_000
#: How far from a whole number of steps a span may be, as a share of one.
ROUNDING = 1e-5
#: How far from zero a balance may be: rounding of sums over thousands of cells; any true leak is larger.
BALANCE_TOLERANCE = 1e-9
#: Constants named in a message.
MOST_NAMED = 8


def balance_message(request: Request, course: xr.Dataset, worst_run: int, wrong: int, runs: int) -> str:
    """Say how far the balances of the worst run are from zero, when, and what was changed alike in all runs."""
    labels = request.runs
    if labels is None:
        message = "This run created or lost something, so no result is given. Balances that must be zero:\n"
    else:
        message = (
            f"{wrong} of {runs} runs, worst run {labels[worst_run]}, created or lost something, so no result is given. "
            "Balances that must be zero:\n"
        )
    lines = []
    for name, errors in course.data_vars.items():
        size = abs(errors)
        if float(size.max()) > BALANCE_TOLERANCE:
            worst = errors.isel(size.argmax(list(size.dims)))
            element = ", ".join(str(worst[dim].item()) for dim in errors.dims if dim != "time")
            where = f" [{element}]" if element else ""
            lines.append(f"{name}{where} reaches {float(worst):.3g} at time {float(worst['time']):g}")
    message += listed(lines)
    shared = [change.name for change in request.changes if len(change.values) == 1]
    if shared:
        rest = f" and {len(shared) - MOST_NAMED} more" if len(shared) > MOST_NAMED else ""
        message += f"\nLook at what was changed: {', '.join(shared[:MOST_NAMED])}{rest}."
    return message


def build_dataset(
    variables: Mapping[str, Variable],
    ranges: Mapping[str, list[str]],
    arrays: Mapping[str, npt.NDArray[np.float64]],
    time: npt.NDArray[np.float64],
    runs: npt.NDArray[Any] | None,
    reductions: Mapping[str, Reduction],
) -> xr.Dataset:
    """Return arrays with axes (run, time, subscripts) as a Dataset.

    Without `runs` the first axis is absent; what is reduced has no axis time.
    """
    leading = () if runs is None else ("run",)
    data = {}
    for name, values in arrays.items():
        over_time = () if name in reductions else ("time",)
        attributes = describe(variables, name, reductions.get(name))
        data[name] = ((*leading, *over_time, *variables[name].dims), values, attributes)
    coordinates: dict[str, Any] = {"time": time}
    if runs is not None:
        coordinates["run"] = runs
    for name in arrays:
        for dim in variables[name].dims:
            coordinates[dim] = ranges[dim]
    return xr.Dataset(data, coords=coordinates)


def describe(variables: Mapping[str, Variable], name: str, reduction: Reduction | None) -> dict[str, str]:
    """Return the attributes of an output: unit, comment, and what was kept of it if not its course."""
    unit = variables[name].unit
    if reduction is None:
        kept = {}
    elif reduction == "final":
        kept = {"reduced": "value at the last saved time"}
    elif reduction == "sum":
        kept = {"reduced": "sum over the saved times"}
    else:
        kept = {"reduced": f"first saved time above {reduction.threshold!r} {unit}".rstrip()}
        unit = variables["TIME STEP"].unit if "TIME STEP" in variables else ""
    return {"units": unit, "comment": variables[name].comment, **kept}


def time_grid(
    initial_time: float, final_time: float, time_step: float, saveper: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
    """Return the times a run passes through, which of them are saved, and the saved ones as written on results.

    A SAVEPER or a run that is no multiple of the time step warns: the steps nearest to it are saved, and the run ends
    with the last step that is not past its end.
    """
    if not (np.isfinite([initial_time, final_time]).all() and 0 < time_step < np.inf and 0 < saveper < np.inf):
        message = (
            f"A run from {initial_time:g} to {final_time:g} in steps of {time_step:g}, saved every {saveper:g}, is "
            "impossible: times are finite, TIME STEP and SAVEPER above zero"
        )
        raise ChangeError(message)
    span = f"from {initial_time:g} to {final_time:g} in steps of {time_step:g}"
    if final_time < initial_time:
        message = f"A run {span} is impossible: it ends before it starts"
        raise ChangeError(message)
    count = (final_time - initial_time) / time_step
    if count > MOST_STEPS:
        message = f"A run {span} is longer than {MOST_STEPS:,} steps"
        raise ChangeError(message)
    steps = int(np.floor(count + ROUNDING))
    if abs(count - round(count)) > ROUNDING:
        warnings.warn(f"A run {span} ends at {initial_time + steps * time_step:g}, its last whole step", stacklevel=2)
    numbers = np.arange(steps + 1)
    counted = np.asarray(initial_time + numbers * time_step, dtype=np.float64)
    times = _tidy(counted, max(abs(initial_time), time_step))
    ratio = saveper / time_step
    if abs(ratio - round(ratio)) <= ROUNDING * ratio and round(ratio) >= 1:
        saved = np.asarray(numbers % round(ratio) == 0)
    else:
        text = f"SAVEPER {saveper:g} is no multiple of TIME STEP {time_step:g}: the steps nearest to it are saved"
        warnings.warn(text, stacklevel=2)
        nearest = np.floor(np.arange(int(steps / ratio) + 1) * ratio + 0.5).astype(int)
        saved = np.isin(numbers, nearest)
    return times, saved, times[saved]


def _tidy(times: npt.NDArray[np.float64], scale: float) -> npt.NDArray[np.float64]:
    """Return times without the last digits that steps such as a tenth leave behind; all others as they are."""
    rounded = np.round(times, 10)
    return np.where(np.abs(rounded - times) <= 4 * np.spacing(np.maximum(np.abs(times), scale)), rounded, times)
