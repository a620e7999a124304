"""First parameter values by least squares: the history run against the targets of `calibration.fit.likelihood`.

It is the source that a city pack names for these values; ``python -m calibration first-fit`` prints what it finds
beside the pack's numbers. It is a first fit, not a calibration: one best point, no distribution. It uses no random
number and no clock, and starts from the first judgement of each value, not from the model's present one, so that
fitting twice changes nothing.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import xarray as xr
from scipy.optimize import least_squares

from calibration.fit.likelihood import Array, Target, run_history, targets
from model import load_model
from model.building import kept_file, model_text
from model.city import CONSTANT_COLUMNS, CONSTANTS_FILE, DISTRICTS_FILE, Constant, read_pack
from model.definition import Variable, read_definition
from model.engine import CompiledModel
from model.engine.errors import UserError
from model.files.atomic import replaced

#: Step of the differences behind the Jacobian, in units of the fitted scale.
DIFFERENCE: Final = 1e-4
#: Most evaluations of the Jacobian.
ROUNDS: Final = 60
#: A range that starts at zero ends, on a logarithmic scale, at this share of its upper end.
SMALLEST_SHARE: Final = 1e-3


class FirstFitError(UserError):
    """The model lacks a fitted constant, or changed while the fit was running."""


@dataclass(frozen=True)
class Parameter:
    """A constant to fit within its range in the model, from its first judgement, which the data pull it away from.

    The spread says how far off the judgement may be: in logarithms, or in the constant's unit if not `relative`.
    """

    name: str
    judged: float
    spread: float
    relative: bool = True
    digits: int = 4


PARAMETERS: Final = (
    Parameter("VILLAGE LEAVING RATE", 0.02, 1.5),
    Parameter("DESTINATION WEIGHT", 0.5, 1.5),
    Parameter("RECLASSIFICATION RATE", 0.01, 1.5),
    Parameter("BASE MOVE RATE", 0.03, 1.0),
    Parameter("DEPARTURE RELATIVE", 1.0, 1.0),
    Parameter("STUDENT ARRIVALS RELATIVE", 1.0, 1.5),
    Parameter("GRADUATE DEPARTURES RELATIVE", 1.0, 1.5),
    Parameter("ARRIVAL RATE", 0.02, 0.5),
    Parameter("FERTILITY OF DISTRICT", 1.0, 0.08),
    Parameter("FERTILITY 2010", 1.25, 0.1),
    Parameter("TWO CHILD WAVE", 0.5, 0.4),
    Parameter("WAVE YEAR", 2017.5, 0.7, relative=False, digits=6),
    Parameter("WAVE WIDTH", 3.0, 0.4),
    Parameter("EASE OF SETTLEMENT 2010", 0.1, 1.0),
    Parameter("REGISTRATION FOLLOWS PLACE", 0.5, 0.4),
    Parameter("REGISTERED URBAN SHARE 2010", 0.46, 0.07),
    Parameter("PRODUCTIVITY GROWTH 2010", 0.075, 0.2),
    Parameter("INCOME SHARE TREND 2010", 0.02, 0.6),
    Parameter("INCOME RATIO 2010", 2.99, 0.03),
    Parameter("TREND JOB GROWTH 2010", 0.015, 0.5),
    Parameter("BASE LAND QUOTA 2010", 30.0, 0.3),
    Parameter("INCOME ELASTICITY OF FLOOR AREA", 0.25, 0.3),
    Parameter("PRICE RESPONSE", 0.13, 0.5),
    Parameter("PRICE CORRECTION", 0.12, 0.5),
    Parameter("CAPITAL BUDGET FOR SERVICES 2010", 0.1, 0.7),
    Parameter("DEBT RELATIVE 2010", 0.4, 0.25),
)


@dataclass(frozen=True)
class Space:
    """The fitted scale: every element of every parameter in one vector, logarithms where relative."""

    parameters: tuple[Parameter, ...]
    variables: tuple[Variable, ...]
    elements: tuple[tuple[str, ...], ...]

    @property
    def bounds(self) -> tuple[list[float], list[float]]:
        """Ends of each parameter's range; where a logarithm moves, the lower one lies above zero."""
        lower, upper = ([float(getattr(v, end) or 0) for v in self.variables] for end in ("low", "high"))
        rows = zip(self.parameters, lower, upper, strict=True)
        return [max(low, SMALLEST_SHARE * high) if p.relative else low for p, low, high in rows], upper

    def repeated(self, values: Iterable[float]) -> Array:
        """One value for each parameter, at each of its elements."""
        return np.repeat(np.array(list(values), dtype=float), [max(1, len(names)) for names in self.elements])

    def vector(self, values: list[float]) -> Array:
        """One value for each parameter, on the fitted scale."""
        return self.repeated(np.log(v) if p.relative else v for p, v in zip(self.parameters, values, strict=True))

    def values(self, points: Array) -> dict[str, Array]:
        """Model values of points, (run, element) by parameter."""
        ends = np.cumsum([max(1, len(names)) for names in self.elements])[:-1]
        parts = np.split(points, ends, axis=1)
        return {p.name: np.exp(part) if p.relative else part for p, part in zip(self.parameters, parts, strict=True)}

    def changes(self, points: Array) -> dict[str, xr.DataArray]:
        """The same as changes that the engine takes."""
        values = self.values(points)
        return {
            variable.name: xr.DataArray(values[variable.name], dims=("run", variable.dims[0]))
            if variable.dims
            else xr.DataArray(values[variable.name][:, 0], dims="run")
            for variable in self.variables
        }


def read_space(path: Path, parameters: tuple[Parameter, ...] = PARAMETERS) -> Space:
    """Read the fitted constants with their ranges; a `FirstFitError` names those missing or with an open range."""
    known = {variable.name: variable for variable in read_definition(path)}
    open_ended = {name for name, variable in known.items() if variable.low is None or variable.high is None}
    faults = [p.name for p in parameters if p.name not in known or p.name in open_ended]
    if faults:
        message = f"{path.name} has no constant with a closed range named {', '.join(faults)}"
        raise FirstFitError(message)
    variables = tuple(known[p.name] for p in parameters)
    return Space(parameters, variables, tuple(known[v.dims[0]].elements if v.dims else () for v in variables))


def fit(model: CompiledModel, space: Space, series: tuple[Target, ...]) -> dict[str, Array]:
    """Fit the parameters by robust least squares, each Jacobian as one batch of runs; return rounded values by name."""
    low, high = map(space.vector, space.bounds)
    # The solver needs a start strictly inside.
    margin = 1e-6 * (high - low)
    judged = np.clip(space.vector([p.judged for p in space.parameters]), low + margin, high - margin)
    spread = space.repeated(p.spread for p in space.parameters)

    def residuals(points: Array) -> Array:
        history = run_history(model, space.changes(points))
        parts = [target.residuals(history) for target in series]
        return np.concatenate([*parts, (points - judged) / spread], axis=1)

    def jacobian(point: Array) -> Array:
        steps = np.where(point + DIFFERENCE < high, DIFFERENCE, -DIFFERENCE)
        moved = residuals(np.vstack([point, point + np.diag(steps)]))
        return np.asarray(((moved[1:] - moved[0]) / steps[:, None]).T)

    # A soft loss keeps one cell that the model cannot meet from bending everything else.
    solution = least_squares(
        lambda point: residuals(point[None])[0], judged, jacobian, bounds=(low, high), x_scale=spread, loss="soft_l1",
        max_nfev=ROUNDS,
    )  # fmt: skip
    fitted = space.values(solution.x[None])
    return {p.name: np.array([float(f"{v:.{p.digits}g}") for v in fitted[p.name][0]]) for p in space.parameters}


def number_line(values: Array | np.float64) -> str:
    """Print values as a pack holds them."""
    return ",".join(f"{value:.10g}" for value in np.atleast_1d(values))


def write_fitted(pack: Path, before: Mapping[str, bytes], fitted: Mapping[str, Array]) -> None:
    """Write fitted values into the tables of a pack, each whole or not at all, unless one changed since the fit began.

    Parameters
    ----------
    pack
        The folder of the pack.
    before
        The tables of constants and of districts as they were read, by name.
    fitted
        Values by constant, in the order of its range.

    Raises
    ------
    FirstFitError
        If a table has changed, or has no place for a value.
    """
    tables = {name: list(csv.reader(io.StringIO(content.decode("utf-8-sig")))) for name, content in before.items()}
    districts, constants = tables[DISTRICTS_FILE], tables[CONSTANTS_FILE]
    for name, values in fitted.items():
        rows = [row for row in constants[1:] if row[0] == name]
        if name in districts[0]:
            for row, value in zip(districts[1:], values, strict=True):
                row[districts[0].index(name)] = number_line(value)
        elif len(rows) == 1:
            rows[0][CONSTANT_COLUMNS.index("value")] = number_line(values)
        else:
            message = f"expected one row of {name} in {CONSTANTS_FILE}, found {len(rows)}"
            raise FirstFitError(message)
    for name, content in before.items():
        if (pack / name).read_bytes() != content:
            message = f"{name} changed while the fit was running; nothing written"
            raise FirstFitError(message)
    for name, table in tables.items():
        with replaced(pack / name) as partial, partial.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(table)


def comparison(space: Space, fitted: dict[str, Array], constants: Mapping[str, Constant]) -> str:
    """Print fitted values beside those of the pack, marking what lies at an end of its range."""
    lines = []
    for parameter, variable, low, high in zip(space.parameters, space.variables, *space.bounds, strict=True):
        values = fitted[parameter.name]
        near = 0.01 * (np.abs(values) if parameter.relative else high - low)
        bound = (values - low < near) | (high - values < near)
        mark = f"   at an end of its range: {bound.sum()} of {bound.size}" if bound.any() else ""
        lines.append(f"{parameter.name} [{variable.unit}]{mark}")
        lines.append(f"  fitted {number_line(values)}")
        lines.append(f"  pack   {constants[parameter.name].value}")
    return "\n".join(lines) + "\n"


def update_values(pack: Path, *, write: bool) -> str:
    """Fit the values of a pack of this process's city, put them into it if asked, and return them beside its own."""
    before = {name: (pack / name).read_bytes() for name in (CONSTANTS_FILE, DISTRICTS_FILE)}
    present = read_pack(pack)
    path = kept_file(f"{present.name}.mdl", model_text(present))
    space = read_space(path)
    model = load_model(path=path)
    fitted = fit(model, space, targets(model))
    if write:
        write_fitted(pack, before, fitted)
    return comparison(space, fitted, present.constants)
