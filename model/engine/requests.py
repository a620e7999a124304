"""Check what a user wants changed in a run, and bring it into one form for both engines."""

from __future__ import annotations

import functools
import hashlib
import numbers
import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from .errors import UserError, listed, near
from .variables import Variable

#: What arrays hold that are no numbers, by numpy's letter for it.
NOT_NUMBERS = {
    "b": "True or False, not a number; write 1 or 0",
    "c": "complex numbers",
    "U": "text, not a number",
    "M": "dates, not numbers",
    "m": "spans of time, not numbers",
}
FIXED_TIMES = "INITIAL TIME, FINAL TIME, TIME STEP and SAVEPER must be the same for all runs and moments"
CONTROLS = ("INITIAL TIME", "FINAL TIME", "TIME STEP", "SAVEPER")


class ChangeError(UserError):
    """Changes or outputs that cannot be run; the message lists every mistake with near matches."""


@dataclass(frozen=True)
class Change:
    """New values of one constant: `values` has axes (run, knot, subscripts); a single knot means no path.

    The run axis has length 1 where all runs share the values.
    """

    name: str
    knots: npt.NDArray[np.float64]
    values: npt.NDArray[np.float64]


@dataclass(frozen=True)
class FirstAbove:
    """Keep of an output the first saved time at which it is above a threshold; NaN if it never is."""

    threshold: float


#: What may be kept of an output instead of its course: the last saved value, the sum of the saved values, or a time.
Reduction = Literal["final", "sum"] | FirstAbove


@dataclass(frozen=True)
class Request:
    """A checked request: changes, run labels (None without a run dim), outputs, time settings, and reductions."""

    changes: tuple[Change, ...]
    runs: npt.NDArray[Any] | None
    outputs: tuple[str, ...]
    controls: dict[str, float]
    reductions: dict[str, Reduction] = field(default_factory=dict)


def time_arguments(
    initial_time: float | None, final_time: float | None, time_step: float | None, saveper: float | None
) -> dict[str, float | None]:
    """Return the time settings given to a call by their names in the model."""
    return dict(zip(CONTROLS, (initial_time, final_time, time_step, saveper), strict=True))


def prepare(
    changes: Mapping[str, Any] | None,
    outputs: Iterable[str] | None,
    variables: Mapping[str, Variable],
    ranges: Mapping[str, list[str]],
    controls: Mapping[str, float | None],
    reduce: Mapping[str, Reduction] | None = None,
) -> Request:
    """Check changes and outputs against a model's variables and the elements of its subscript ranges.

    What may be given is said at `CompiledModel.run`; `controls` are time settings by name, None where not given. A
    `ChangeError` lists every mistake at once.
    """
    mistakes: list[str] = []
    settings = {name: value for name, value in controls.items() if value is not None}
    checked: list[Change] = []
    labels: npt.NDArray[Any] | None = None
    given, drawn = _apart(changes or {})
    mistakes += drawn
    given = _with_elements(given, variables, ranges, mistakes)
    for name, value in given.items():
        if name in CONTROLS and name in variables:
            _take_control(name, value, settings, mistakes)
            continue
        variable = variables.get(name)
        if variable is None:
            mistakes.append(f"{name!r} is not a constant of the model.{near(name, _constants(variables))}")
            continue
        if not variable.changeable:
            mistakes.append(_not_changeable(variable, variables))
            continue
        try:
            change, runs = _normalise(variable, _as_array(name, value), ranges)
        except ChangeError as mistake:
            mistakes.append(str(mistake))
            continue
        checked.append(change)
        if labels is None or runs is None:
            labels = runs if labels is None else labels
        elif not np.array_equal(labels, runs):
            mistakes.append(f"{name!r} has other runs ({len(runs)}) than the changes before it ({len(labels)})")
    mistakes += _check_settings(settings)
    wanted = _outputs(outputs, variables, mistakes)
    mistakes += _check_reductions(reduce or {}, wanted)
    if mistakes:
        message = f"The run cannot be made:\n{listed(mistakes)}"
        raise ChangeError(message)
    return Request(tuple(checked), labels, wanted, settings, dict(reduce or {}))


def _with_elements(
    given: Mapping[str, Any], variables: Mapping[str, Variable], ranges: Mapping[str, list[str]], mistakes: list[str]
) -> dict[str, Any]:
    """Put changes of single elements, such as ``x[north]``, into arrays of their variables."""
    whole = {name: value for name, value in given.items() if name in variables or not name.endswith("]")}
    parts: dict[str, list[tuple[dict[str, str], xr.DataArray]]] = {}
    for name, value in given.items():
        if name in whole:
            continue
        base, _, inside = name[:-1].partition("[")
        variable = variables.get(base.strip())
        elements = [part.strip() for part in inside.split(",")]
        if variable is None or not variable.dims:
            mistakes.append(
                f"{name!r} is not an element of a constant of the model.{near(base, _constants(variables))}"
            )
        elif len(elements) != len(variable.dims):
            mistakes.append(f"{name!r} takes {len(variable.dims)} elements: one of each of {', '.join(variable.dims)}")
        elif wrong := [
            (part, dim) for part, dim in zip(elements, variable.dims, strict=True) if part not in ranges[dim]
        ]:
            mistakes += [f"{name!r}: {part!r} is not in {dim}.{near(part, ranges[dim])}" for part, dim in wrong]
        else:
            try:
                array = _as_array(name, value)
            except ChangeError as mistake:
                mistakes.append(str(mistake))
                continue
            parts.setdefault(variable.name, []).append((dict(zip(variable.dims, elements, strict=True)), array))
    for name, own in parts.items():
        try:
            start = _as_array(name, whole[name]) if name in whole else None
            whole[name] = _filled(variables[name], ranges, own, start)
        except ChangeError as mistake:
            mistakes.append(str(mistake))
    return whole


def _filled(
    variable: Variable,
    ranges: Mapping[str, list[str]],
    parts: list[tuple[dict[str, str], xr.DataArray]],
    start: xr.DataArray | None,
) -> xr.DataArray:
    """Return all elements of a constant: those given, the others as they are; over time, linear in between."""
    name = variable.name
    _require(start is not None or variable.default is not None, f"{name!r} has no plain numbers: give all its elements")
    coordinates = {dim: ranges[dim] for dim in variable.dims}
    if start is None:
        filled = xr.DataArray(variable.default, coordinates, variable.dims)
    else:
        filled = _completed(variable, start, ranges)
    strange = [str(dim) for _, array in parts for dim in array.dims if dim not in ("run", "time")]
    _require(not strange, f"{name!r}: an element takes a number, or one for each run or time")
    times = sorted({float(time) for array in (filled, *(one for _, one in parts)) if "time" in array.dims
                    for time in array["time"].values})  # fmt: skip
    filled = _over(filled, times)
    for place, array in parts:
        chosen = xr.DataArray(np.zeros(variable.shape, dtype=bool), coordinates, variable.dims)
        chosen.loc[place] = True
        filled = _over(array, times).where(chosen, filled)
    return filled


def _over(array: xr.DataArray, times: list[float]) -> xr.DataArray:
    """An array at times, linear in between and held at its ends."""
    if not times or "time" not in array.dims:
        return array
    ordered = array.sortby("time")
    known = ordered["time"].values.astype(float)
    course = np.apply_along_axis(lambda one: np.interp(times, known, one), ordered.get_axis_num("time"), ordered.values)
    kept = {name: value for name, value in ordered.coords.items() if "time" not in value.dims}
    return xr.DataArray(course, {**kept, "time": times}, ordered.dims)


def request_hash(request: Request, model: str, dtype: str) -> str:
    """Return a hash of everything asked for, of the name of the compiled model, and of how values are stored."""
    digest = hashlib.sha256(repr((model, request.outputs, request.controls, dtype)).encode())
    digest.update(repr(sorted(request.reductions.items())).encode())
    digest.update(repr(None if request.runs is None else request.runs.tolist()).encode())
    for change in request.changes:
        digest.update(repr((change.name, change.values.shape)).encode())
        digest.update(change.knots.tobytes())
        digest.update(change.values.tobytes())
    return digest.hexdigest()


def _apart(changes: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Take out what was drawn for the constants but is not yet in the form of a run; say what to do about it."""
    arrays = {name: value for name, value in changes.items() if isinstance(value, xr.DataArray)}
    factors = [str(name) for name, array in arrays.items() if array.attrs.get("role") == "factor"]
    members = [str(name) for name, array in arrays.items() if "member" in array.dims]
    mistakes = []
    if factors:
        mistakes.append(
            f"{_some(factors)}: factors on the model's own tables (attribute role), not values. "
            "calibration.fit.ensemble.read_members() reads the calibrated ensemble and multiplies them out"
        )
    if members:
        mistakes.append(
            f"{_some(members)}: lie along 'member', which is 'run' in a run; rename(member='run'), or pass the "
            "ensemble to a scenario: scenario.settings(read_members())"
        )
    apart = {*factors, *members}
    return {str(name): value for name, value in changes.items() if name not in apart}, mistakes


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(map(repr, names[:3])) + more


def _constants(variables: Mapping[str, Variable]) -> list[str]:
    return [name for name, variable in variables.items() if variable.changeable]


def _not_changeable(variable: Variable, variables: Mapping[str, Variable]) -> str:
    if variable.kind == "constant":
        return f"{variable.name!r} is a constant the model fixes for good"
    article = "an" if variable.kind[0] in "aeiou" else "a"
    hint = near(variable.name, _constants(variables))
    return f"{variable.name!r} is {article} {variable.kind}, only constants can be changed.{hint}"


def _take_control(name: str, value: Any, settings: dict[str, float], mistakes: list[str]) -> None:
    if isinstance(value, (bool, str)) or not np.isscalar(value):
        mistakes.append(f"{name!r} takes one number for all runs")
    elif name in settings:
        mistakes.append(f"{name!r} is given twice, as a change and as an argument")
    else:
        settings[name] = float(value)  # type: ignore[arg-type]


def _check_settings(settings: Mapping[str, float]) -> list[str]:
    mistakes = [f"{name!r} is not finite" for name, value in settings.items() if not np.isfinite(value)]
    for name in ("TIME STEP", "SAVEPER"):
        if settings.get(name, 1.0) <= 0.0:
            mistakes.append(f"{name!r} must be above zero")
    return mistakes


def _as_array(name: str, value: Any) -> xr.DataArray:
    if isinstance(value, xr.DataArray):
        array = value
    elif isinstance(value, pd.Series):
        array = xr.DataArray(value.to_numpy(), coords={"time": value.index.to_numpy()}, dims="time")
    elif np.isscalar(value) or (isinstance(value, np.ndarray) and value.ndim == 0):
        array = xr.DataArray(value)
    else:
        kind = type(value).__name__
        message = f"{name!r} takes a number, a pandas Series over time or an xarray DataArray, not a {kind}"
        raise ChangeError(message)
    # Copies cost more than the model where an ensemble changes hundreds of constants.
    if array.dtype != np.float64:
        array = _as_floats(name, array)
    _require(np.isfinite(array.values).all(), f"{name!r} holds a value that is not finite")
    return array


def _as_floats(name: str, array: xr.DataArray) -> xr.DataArray:
    """Return numbers as floats; text, truth values, dates and complex numbers are none."""
    kind = array.dtype.kind
    if kind == "O" and all(isinstance(one, numbers.Real) and not isinstance(one, bool) for one in array.values.flat):
        kind = "f"
    _require(kind in "iuf", f"{name!r} holds {NOT_NUMBERS.get(kind, 'something that is not a number')}")
    return array.astype(np.float64)


def _require(held: bool | np.bool_, message: str) -> None:
    if not held:
        raise ChangeError(message)


def _normalise(
    variable: Variable, array: xr.DataArray, ranges: Mapping[str, list[str]]
) -> tuple[Change, npt.NDArray[Any] | None]:
    name = variable.name
    allowed = ("run", "time", *variable.dims)
    strange = [str(dim) for dim in array.dims if dim not in allowed]
    _require(not strange, f"{name!r} has the dims {', '.join(strange)}; it may have {', '.join(allowed)}")
    array = _completed(variable, array, ranges)
    for dim in variable.dims:
        if dim in array.dims:
            array = _fit(name, array, dim, ranges[dim])
    _require(array.size > 0, f"{name!r} holds no value")
    knots = np.zeros(1)
    if "time" in array.dims:
        _require("time" in array.coords, f"{name!r} has a time dim without times")
        _require(array["time"].dtype.kind in "iuf", f"{name!r} has times that are not numbers")
        knots = array["time"].values.astype(np.float64)
        order = np.argsort(knots, kind="stable")
        array, knots = array.isel(time=order), knots[order]
        sound = np.isfinite(knots).all() and (np.diff(knots) > 0.0).all()
        _require(sound, f"{name!r} has times that repeat or are not finite")
    runs = None
    if "run" in array.dims:
        runs = array["run"].values if "run" in array.coords else np.arange(array.sizes["run"])
        _require(len(set(runs.tolist())) == len(runs), f"{name!r} has two runs of the same label")
    present = [dim for dim in allowed if dim in array.dims]
    values = array.values if tuple(present) == array.dims else array.transpose(*present).values
    for axis, dim in enumerate(allowed):
        if dim not in array.dims:
            values = np.expand_dims(values, axis)
    shape = (*values.shape[:2], *variable.shape)
    return Change(name, knots, np.ascontiguousarray(np.broadcast_to(values, shape))), runs


def _completed(variable: Variable, array: xr.DataArray, ranges: Mapping[str, list[str]]) -> xr.DataArray:
    """Return an array in which the elements that it lacks are as they are in the model."""
    lacking = [
        dim
        for dim in variable.dims
        if dim in array.coords and array[dim].ndim == 1 and {str(one) for one in array[dim].values} < set(ranges[dim])
    ]
    if not lacking or variable.default is None:
        return array
    array = array.assign_coords({dim: [str(one) for one in array[dim].values] for dim in lacking})
    given = {dim: xr.DataArray(np.isin(ranges[dim], array[dim].values), {dim: ranges[dim]}, (dim,)) for dim in lacking}
    default = xr.DataArray(variable.default, {dim: ranges[dim] for dim in variable.dims}, variable.dims)
    present = functools.reduce(operator.and_, given.values())
    whole: xr.DataArray = array.reindex({dim: ranges[dim] for dim in lacking}).where(present, default)
    return whole


def _fit(name: str, array: xr.DataArray, dim: str, items: list[str]) -> xr.DataArray:
    labels = [str(label) for label in array[dim].values] if dim in array.coords else items[: array.sizes[dim]]
    wanted = ", ".join(items[:4]) + (", ..." if len(items) > 4 else "")
    sound = len(items) == array.sizes[dim] and sorted(labels) == sorted(items)
    _require(sound, f"{name!r} must have all {len(items)} elements of {dim} ({wanted})")
    return array if labels == items else array.isel({dim: [labels.index(item) for item in items]})


def _outputs(outputs: Iterable[str] | None, variables: Mapping[str, Variable], mistakes: list[str]) -> tuple[str, ...]:
    known = [name for name, variable in variables.items() if variable.kind != "lookup"]
    if outputs is None:
        return tuple(known)
    if isinstance(outputs, str):
        mistakes.append(f"outputs takes a list of names, not the single text {outputs!r}")
        return ()
    wanted = tuple(dict.fromkeys(outputs))
    for name in wanted:
        if name not in variables:
            mistakes.append(f"{name!r} is not a variable of the model.{near(str(name), known)}")
        elif variables[name].kind == "lookup":
            mistakes.append(f"{name!r} is a lookup and has no value over time")
    return wanted


def _check_reductions(reduce: Mapping[str, Reduction], outputs: tuple[str, ...]) -> list[str]:
    mistakes = []
    for name, how in reduce.items():
        if name not in outputs:
            mistakes.append(f"{name!r} is to be reduced but is not among the outputs.{near(str(name), outputs)}")
        if isinstance(how, FirstAbove):
            if not np.isscalar(how.threshold) or isinstance(how.threshold, str) or not np.isfinite(how.threshold):
                mistakes.append(f"{name!r} takes a threshold that is one finite number, not {how.threshold!r}")
        elif how not in ("final", "sum"):
            mistakes.append(f"{name!r} can be reduced to 'final', 'sum' or FirstAbove(threshold), not to {how!r}")
    return mistakes
