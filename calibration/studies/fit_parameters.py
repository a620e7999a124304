"""The constants of the first fit: first judgement, spread, and the scale on which they move."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import xarray as xr

from calibration.fit.likelihood import Array
from model.definition import Variable, read_definition
from model.engine.errors import UserError

#: A range that starts at zero ends, on a logarithmic scale, at this share of its upper end.
SMALLEST_SHARE: Final = 1e-3


class FirstFitError(UserError):
    """The model lacks a fitted constant, or changed while the fit was running."""


@dataclass(frozen=True)
class Parameter:
    """A constant to fit.

    Attributes
    ----------
    name
        As in the model; its range there bounds the fit.
    judged
        First judgement: where the fit starts and what the data pull it away from.
    spread
        How far off the judgement may be: relative (logarithm), or in the constant's unit if not `relative`.
    relative
        Whether the fit moves the logarithm.
    digits
        Significant digits written.
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
    Parameter("TALENT ARRIVALS 2010", 5000.0, 1.0),
    Parameter("REGISTRATION FOLLOWS PLACE", 0.5, 0.4),
    Parameter("REGISTERED URBAN SHARE 2010", 0.46, 0.07),
    Parameter("PRODUCTIVITY GROWTH 2010", 0.075, 0.2),
    Parameter("INCOME SHARE TREND 2010", 0.02, 0.6),
    Parameter("RURAL WAGE CATCH UP", -0.005, 0.01, relative=False),
    Parameter("TREND JOB GROWTH 2010", 0.015, 0.5),
    Parameter("BASE LAND QUOTA 2010", 30.0, 0.3),
    Parameter("INCOME ELASTICITY OF FLOOR AREA", 0.4, 0.3),
    Parameter("PRICE RESPONSE", 0.5, 0.5),
    Parameter("PRICE FOLLOWS INCOME", 0.8, 0.3),
    Parameter("CAPITAL BUDGET FOR SERVICES 2010", 0.1, 0.7),
)


@dataclass(frozen=True)
class Space:
    """The fitted scale: every element of every parameter in one vector, logarithms where relative."""

    parameters: tuple[Parameter, ...]
    variables: tuple[Variable, ...]
    elements: tuple[tuple[str, ...], ...]

    @property
    def sizes(self) -> list[int]:
        """Number of elements of each parameter."""
        return [max(1, len(names)) for names in self.elements]

    def vector(self, values: list[float]) -> Array:
        """One value for each parameter, on the fitted scale."""
        scaled = [np.log(v) if p.relative else v for p, v in zip(self.parameters, values, strict=True)]
        return np.repeat(np.array(scaled, dtype=float), self.sizes)

    def values(self, points: Array) -> dict[str, Array]:
        """Model values of points, (run, element) by parameter."""
        parts = np.split(points, np.cumsum(self.sizes)[:-1], axis=1)
        return {p.name: np.exp(part) if p.relative else part for p, part in zip(self.parameters, parts, strict=True)}

    def changes(self, points: Array) -> dict[str, xr.DataArray]:
        """The same as changes that the engine takes."""
        found = {}
        for variable, names, values in zip(self.variables, self.elements, self.values(points).values(), strict=True):
            if names:
                dim = variable.dims[0]
                found[variable.name] = xr.DataArray(values, dims=("run", dim), coords={dim: list(names)})
            else:
                found[variable.name] = xr.DataArray(values[:, 0], dims="run")
        return found


def read_space(path: Path, parameters: tuple[Parameter, ...] = PARAMETERS) -> Space:
    """Read the fitted constants with their ranges.

    Raises
    ------
    FirstFitError
        If a constant is missing or its range is open.
    """
    known = {variable.name: variable for variable in read_definition(path)}
    faults = [
        p.name for p in parameters if p.name not in known or known[p.name].low is None or known[p.name].high is None
    ]
    if faults:
        message = f"{path.name} has no constant with a closed range named {', '.join(faults)}"
        raise FirstFitError(message)
    variables = tuple(known[p.name] for p in parameters)
    return Space(parameters, variables, tuple(known[v.dims[0]].elements if v.dims else () for v in variables))


def lowest(parameter: Parameter, variable: Variable) -> float:
    """Lower end of the fit: of the range, or a small share of its upper end where a logarithm moves."""
    low, high = float(variable.low or 0), float(variable.high or 0)
    return max(low, SMALLEST_SHARE * high) if parameter.relative else low
