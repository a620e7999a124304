"""Factors: what a study varies. Each turns a share between 0 and 1, a quantile of its distribution, into constants.

Levers and structure switches are made here; those of uncertain parameters come from calibration, which owns priors.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import numpy.typing as npt

from model.definition import Variable, variables_by_name
from scenarios.levers import load_levers

if TYPE_CHECKING:
    import xarray as xr

Array = npt.NDArray[np.float64]
Group = Literal["structure", "parameters", "policy"]

GROUPS: Final[tuple[Group, ...]] = ("structure", "parameters", "policy")
#: How the meaning of a constant begins that chooses between two forms of a decision rule.
SWITCH: Final = "Structure switch:"


@dataclass(frozen=True)
class Input:
    """One number that distinguishes runs in an analysis: a constant or one element of it."""

    name: str
    group: Group
    constant: str
    element: str = ""
    #: Index of its number among those that its factor gives the constant.
    index: int = 0


@dataclass(frozen=True)
class Factor:
    """One independent input of a study."""

    name: str
    group: Group
    #: What it stands for: itself, or, of a factor that draws whole parameter sets, every parameter.
    inputs: tuple[Input, ...]
    #: By constant, the flat indices of its table that this factor fills.
    cells: Mapping[str, tuple[int, ...]]
    #: Turns shares, one a run, into the numbers for these cells, dims ``run, cell``, by constant.
    values: Callable[[Array], Mapping[str, Array]]
    #: Number of values of a discrete factor; 0 for a continuous one.
    levels: int = 0

    def input_values(self, shares: Array) -> Array:
        """Return what an analysis relates outcomes to, dims ``run, input``: the share, unless it stands for many."""
        if len(self.inputs) == 1:
            return shares[:, None]
        values = self.values(shares)
        return np.stack([values[item.constant][:, item.index] for item in self.inputs], axis=1)


def _between(constant: str, lowest: float, highest: float, size: int, shares: Array) -> dict[str, Array]:
    """Return values uniform between two ends, the same for every cell."""
    values = lowest + shares * (highest - lowest)
    return {constant: np.repeat(values[:, None], size, axis=1)}


@dataclass(frozen=True)
class OneOf:
    """One of some values, all equally likely."""

    constant: str
    options: tuple[float, ...]

    def __call__(self, shares: Array) -> dict[str, Array]:
        """Return the chosen values."""
        index = np.minimum((shares * len(self.options)).astype(int), len(self.options) - 1)
        return {self.constant: np.asarray(self.options)[index][:, None]}


def lever_factors() -> list[Factor]:
    """Every lever over the range of ``levers.yaml``; one with subscripts takes the same value everywhere.

    Examples
    --------
    >>> lever_factors()[0].values(np.array([0.25]))["EASE OF SETTLEMENT"].item()
    0.25
    """
    known = variables_by_name()
    factors = []
    for name, lever in load_levers().items():
        size = int(np.prod([len(axis) for axis in known[name].axes], dtype=int))
        uniform = partial(_between, name, float(lever.lowest), float(lever.highest), size)
        factors.append(Factor(name, "policy", (Input(name, "policy", name),), {name: tuple(range(size))}, uniform))
    return factors


def structure_factors() -> list[Factor]:
    """Every structure switch of the model, with either form equally likely.

    Examples
    --------
    >>> [factor.name for factor in structure_factors()][:2]
    ['MIGRATION RESPONSE FORM', 'WILLINGNESS FORM']
    """
    return [
        Factor(name, "structure", (Input(name, "structure", name),), {name: (0,)}, OneOf(name, (0.0, 1.0)), levels=2)
        for name, variable in variables_by_name().items()
        if variable.kind == "constant" and variable.meaning.startswith(SWITCH)
    ]


def settings(factors: Sequence[Factor], cube: Array, variables: Mapping[str, Variable]) -> dict[str, xr.DataArray]:
    """Return what the model's ``run`` takes for points of the unit cube.

    Parameters
    ----------
    factors
        One for each column.
    cube
        Dims run and factor, each between 0 and 1.
    variables
        The model's variables, which own defaults and shapes.

    Returns
    -------
    dict
        Constant to an array with dim ``run`` and the constant's subscripts; cells that no factor fills keep the
        value of the model file.

    Examples
    --------
    >>> settings(structure_factors(), np.full((2, 3), 0.9), variables_by_name())["WILLINGNESS FORM"].values
    array([1., 1.])
    """
    import xarray as xr

    tables: dict[str, Array] = {}
    for column, factor in enumerate(factors):
        for constant, values in factor.values(cube[:, column]).items():
            if constant not in tables:
                own = np.asarray(variables[constant].default, dtype=float).ravel()
                tables[constant] = np.repeat(own[None, :], len(cube), axis=0)
            tables[constant][:, list(factor.cells[constant])] = values
    return {
        name: xr.DataArray(
            table.reshape(len(cube), *(len(axis) for axis in variables[name].axes)), dims=("run", *variables[name].dims)
        )
        for name, table in tables.items()
    }


def without(factors: Sequence[Factor], constants: Collection[str]) -> list[Factor]:
    """Return the factors that set none of these constants, and the others without them if they stand for many.

    Examples
    --------
    >>> len(without(structure_factors(), ["WILLINGNESS FORM"]))
    1
    """
    kept_factors: list[Any] = []
    for factor in factors:
        kept = {name: cells for name, cells in factor.cells.items() if name not in constants}
        if not kept:
            continue
        if len(kept) < len(factor.cells):
            inputs = tuple(item for item in factor.inputs if item.constant in kept)
            factor = Factor(
                factor.name, factor.group, inputs, kept, partial(_only, factor.values, tuple(kept)), factor.levels
            )
        kept_factors.append(factor)
    return kept_factors


def _only(values: Callable[[Array], Mapping[str, Array]], kept: tuple[str, ...], shares: Array) -> dict[str, Array]:
    """Return what a factor gives some of the constants that it sets."""
    given = values(shares)
    return {name: given[name] for name in kept}
