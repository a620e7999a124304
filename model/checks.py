"""What can be checked of the model itself, without any observation: documentation, units, balances, equal engines."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import xarray as xr

from model import load_model
from model.definition import BALANCES, MODEL_FILE, Variable, read_definition
from model.engine import compile_model

try:
    import simlin
except ImportError:
    # It has no release for Windows.
    simlin = None

#: Whether pysimlin, which reads the units, is there.
UNITS_CAN_BE_READ = simlin is not None
#: Rounding of sums over some five thousand cells in double precision; any true leak is larger.
ROUNDING = 1e-9
#: A variable may pass its limit by this share of its largest value.
EMPTIED = 1e-6
#: Runs at a time, so that the whole population of all of them fits in memory.
BATCH = 40
#: What pysimlin says of itself when a model is too large for it to run; it has checked the units before.
SIZE_LIMIT = re.compile(r"result slots, which exceeds the bytecode VM's addressable limit of 65536 ")
#: PySD needs seconds a step for the whole city, so the engines are compared over one year.
YEARS_COMPARED = 1.0
HEADLINES = ("residents", "resident urbanization rate", "registered urbanization rate", "urban rural income ratio")


def check_documentation(model_file: Path = MODEL_FILE) -> list[str]:
    """Return the variables that lack a unit, a Chinese term, a meaning, a source or a grade, with what they lack.

    Examples
    --------
    >>> check_documentation(Path("tests/models/small_town.mdl"))
    []
    """
    problems = []
    for variable in read_definition(model_file):
        parts = {"Chinese term": variable.term, "meaning": variable.meaning, "source": variable.sources}
        if variable.kind != "subscript":
            parts |= {"unit": variable.unit, "grade": variable.grade}
        lacking = [name for name, part in parts.items() if not part]
        if lacking:
            problems.append(f"{variable.name} (line {variable.line}) has no {', '.join(lacking)}")
    return problems


def check_units(model_file: Path = MODEL_FILE) -> list[str]:
    """Return what pysimlin, a second reader of the file, says against it: units first of all, and equations.

    Left out is only what it says of itself: that it is too small to run the whole city.

    Examples
    --------
    >>> check_units(Path("tests/models/small_town.mdl"))
    []
    """
    try:
        messages = [str(issue.message) for issue in simlin.load(str(model_file)).check()]
    except simlin.SimlinError as error:
        return [f"pysimlin cannot read {model_file.name}: {' '.join(str(error).split())[:300]}"]
    return [message for message in messages if not SIZE_LIMIT.search(message)]


def check_conservation(model_file: Path = MODEL_FILE) -> list[str]:
    """Return the balances that a run of the model breaks: people add up, and the model's own balance errors are nil.

    Examples
    --------
    >>> check_conservation()
    []
    """
    parts = ("Population", "residents by district", "residents by group", "residents by zone")
    errors = [variable.name for variable in read_definition(model_file) if variable.name.endswith(BALANCES)]
    run = compile_model(model_file).run(outputs=["residents", *parts, *errors])
    problems = []
    for part in parts:
        total = run[part].sum([dim for dim in run[part].dims if dim != "time"])
        worst = float(abs(total / run["residents"] - 1).max())
        if worst > ROUNDING:
            problems.append(f"{part} does not add up to residents: off by {worst:.1e} of them")
    for name in errors:
        worst = float(abs(run[name]).max())
        if worst > ROUNDING:
            problems.append(f"{name} reaches {worst:.1e}")
    return problems


def check_extremes(model_file: Path = MODEL_FILE) -> list[str]:
    """Return what a constant at an end of its range breaks: limits of variables and balances of the model.

    Every constant that a scenario may change is put to either end of its range in turn, the others as they are; one
    with subscripts as a whole, and element by element.

    Examples
    --------
    >>> check_extremes(Path("tests/models/small_town.mdl"))
    []
    """
    variables = [variable for variable in read_definition(model_file) if variable.kind != "subscript"]
    computed = [variable for variable in variables if variable.kind in ("stock", "flow", "auxiliary")]
    limited = [variable for variable in computed if not variable.low is variable.high is None]
    balances = [
        dataclasses.replace(variable, low=-ROUNDING, high=ROUNDING)
        for variable in computed
        if variable.name.endswith(BALANCES)
    ]
    watched = {variable.name: variable for variable in (*limited, *balances)}
    ends = list(_ends(variables))
    if not watched or not ends:
        return []
    # Bare of the model's own guards, so that all that breaks is reported and not only the first.
    city, problems = compile_model(model_file), []
    for first in range(0, len(ends), BATCH):
        part = ends[first : first + BATCH]
        changes = {
            variable.name: xr.DataArray(
                [values if other is variable else variable.default for other, _, values in part],
                dims=("run", *variable.dims),
            )
            for variable, _, _ in part
        }
        run = city.run(changes, outputs=watched, keep_non_finite=True)
        for name, variable in watched.items():
            problems += [
                f"{name} {how} with {what}"
                for (_, what, _), how in zip(part, _left(variable, run[name]), strict=True)
                if how
            ]
    return problems


def _ends(variables: list[Variable]) -> Iterator[tuple[Variable, str, npt.NDArray[np.float64]]]:
    """Yield each constant that may be changed, what it is set to, and its values."""
    for variable in variables:
        if variable.kind != "constant" or variable.default is None or variable.why_fixed:
            continue
        for end in sorted({end for end in (variable.low, variable.high) if end is not None}):
            yield variable, f"{variable.name} = {end:g}", np.full_like(variable.default, end)
            for position in np.ndindex(*variable.default.shape) if variable.dims else ():
                values = variable.default.copy()
                values[position] = end
                element = ", ".join(axis[number] for axis, number in zip(variable.axes, position, strict=True))
                yield variable, f"{variable.name} [{element}] = {end:g}", values


def _left(variable: Variable, course: xr.DataArray) -> list[str]:
    """Say for each run how a variable leaves its limits; nothing where it does not."""
    values = course.transpose("run", ...).to_numpy().reshape(course.sizes["run"], -1)
    # Emptying a stock exactly leaves rounding of either sign.
    slack = EMPTIED * np.maximum(abs(values).max(axis=1), 1.0)
    low = -np.inf if variable.low is None else variable.low - slack
    high = np.inf if variable.high is None else variable.high + slack
    least, most = values.min(axis=1), values.max(axis=1)
    verdicts = np.select(
        [~np.isfinite(values).all(axis=1), least < low, most > high],
        ["is not finite", "falls below", "rises above"],
        "",
    )
    ends = np.select([least < low, most > high], [least, most], np.nan)
    limits = {"falls below": variable.low, "rises above": variable.high}
    return [
        f"{how} {limits[how]:g}, to {end:.6g}," if how in limits else str(how)
        for how, end in zip(verdicts, ends, strict=True)
    ]


def check_engines(model_file: Path = MODEL_FILE) -> list[str]:
    """Return the headline variables in which the compiled engine differs from PySD over one year."""
    fast = load_model(path=model_file)
    last = float(fast.run(outputs=HEADLINES)["time"][0]) + YEARS_COMPARED
    slow = load_model("pysd", path=model_file)
    return differences(fast.run(outputs=HEADLINES, final_time=last), slow.run(outputs=HEADLINES, final_time=last))


def differences(ours: xr.Dataset, theirs: xr.Dataset, tolerance: float = ROUNDING) -> list[str]:
    """Return the variables of two runs that differ by more than a relative tolerance, and by how much.

    Examples
    --------
    >>> run = xr.Dataset({"residents": ("time", [100.0, 101.0])})
    >>> differences(run, run * 1.001)
    ['residents differs by 1.0e-03 between the engines']
    """
    problems = []
    for name in theirs.data_vars:
        a, b = ours[name].to_numpy(), theirs[name].to_numpy()
        apart = float(np.max(np.abs(a - b) / np.maximum(np.abs(b), np.finfo(float).tiny)))
        if not apart <= tolerance:
            problems.append(f"{name} differs by {apart:.1e} between the engines")
    return problems


#: The checks by what they ask, in the order of their cost.
CHECKS: Mapping[str, Callable[[Path], list[str]]] = {
    "every variable is documented": check_documentation,
    "units are consistent": check_units,
    "people and accounts add up": check_conservation,
    "limits and balances hold at both ends of every constant's range": check_extremes,
    "the engines agree over one year": check_engines,
}
