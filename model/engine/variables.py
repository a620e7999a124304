"""What a user sees of the variables of a model, whichever engine runs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from .limits import outside_limits
from .reading.quantities import Definition


@dataclass(frozen=True)
class Variable:
    """A variable of a model.

    `kind` is stock, flow, auxiliary, constant, control or lookup; `dims` are its subscript ranges; `default` is the
    value written in the model, for constants. `changeable` says whether a run may be given another value; `low` and
    `high` are the limits of a reasonable one, where the file states them.
    """

    name: str
    kind: str
    unit: str
    comment: str
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    changeable: bool
    default: npt.NDArray[np.float64] | None
    low: float | None = None
    high: float | None = None


def list_variables(definition: Definition) -> dict[str, Variable]:
    """Return the model's variables by name, in the order of the file."""
    return {
        item.name: Variable(
            item.name,
            item.kind,
            item.unit,
            item.comment,
            item.dims,
            item.lengths,
            item.changeable,
            item.value,
            item.low,
            item.high,
        )
        for item in definition.quantities.values()
        if not item.hidden and item.kind != "time"
    }


class DescribedModel:
    """What both engines say of a model: its variables, its subscripts, and which balances are zero in every run."""

    def __init__(
        self,
        variables: Mapping[str, Variable],
        ranges: Mapping[str, list[str]],
        balances: tuple[str, ...],
        lookups: tuple[tuple[str, str, float, float], ...],
    ) -> None:
        self._variables, self._ranges, self._lookups = variables, ranges, lookups
        self._balances = tuple(name for name in variables if name.endswith(balances))

    @property
    def variables(self) -> pd.DataFrame:
        """Name, kind, unit, comment, dims and default value of every variable, as a table."""
        rows = [
            {
                "kind": item.kind,
                "unit": item.unit,
                "comment": item.comment,
                "dims": item.dims,
                "default": None if item.default is None else item.default if item.dims else float(item.default),
            }
            for item in self._variables.values()
        ]
        return pd.DataFrame(rows, index=pd.Index(list(self._variables), name="name"))

    @property
    def subscripts(self) -> dict[str, list[str]]:
        """The elements of every subscript range."""
        return {name: list(items) for name, items in self._ranges.items()}

    def outside_limits(self, run: xr.Dataset) -> pd.DataFrame:
        """Say which variables of a run leave the limits that the file states, and which lookups are read past an end.

        Parameters
        ----------
        run
            Results of this model; what is not among them is not looked at.

        Returns
        -------
        pandas.DataFrame
            One row for each variable, or lookup and the variable that it is read at: ``lookup`` (empty for a
            variable), ``variable``, ``low``, ``high``, ``lowest`` and ``highest`` value, ``first_time`` outside (NaN
            without a time dim) and ``runs`` outside at some time. A lookup read by an expression is not looked at.

        Examples
        --------
        >>> from model.engine import compile_model
        >>> tea = compile_model("tests/engine/models/teacup.mdl")
        >>> tea.outside_limits(tea.run()).empty
        True
        """
        return outside_limits(self._variables, self._lookups, run)
