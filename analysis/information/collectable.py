"""Statistics that could be collected, and what of each member of the ensemble they would tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import xarray as xr

from model.changes import near
from model.definition import Variable
from model.errors import UserError
from scenarios.strict_yaml import read_yaml

FILE: Final = Path(__file__).parent / "collectable.yaml"
_KEYS: Final = ("id", "title", "collected", "parameters", "states")
_STATE_KEYS: Final = ("variable", "per", "elements")

Values = npt.NDArray[np.float64]


class CollectableError(UserError):
    """The file of statistics cannot be used; the message lists every mistake in it."""


@dataclass(frozen=True)
class State:
    """A variable of the model at the end of 2020, over the whole city.

    Attributes
    ----------
    variable
        Its name.
    per
        The variable it is divided by, or None.
    elements
        Those of its subscripts but districts that are told; empty where it has none.
    """

    variable: str
    per: str | None
    elements: tuple[str, ...]

    def __str__(self) -> str:
        """Return what is told, as a table shows it."""
        part = f" [{', '.join(self.elements)}]" if self.elements else ""
        return self.variable + part + (f" / {self.per}" if self.per else "")


@dataclass(frozen=True)
class Collectable:
    """One statistic: its names, where it would come from, and what of the model it tells."""

    id: str
    title: Mapping[str, str]
    collected: Mapping[str, str]
    parameters: tuple[str, ...]
    states: tuple[State, ...]

    @property
    def told(self) -> str:
        """Parameters and states, as a table shows them."""
        return "; ".join([*self.parameters, *(f"{state} at the end of 2020" for state in self.states)])

    @property
    def variables(self) -> list[str]:
        """What a run must return for its states."""
        names = [name for state in self.states for name in (state.variable, state.per) if name]
        return list(dict.fromkeys(names))


def load_collectables(
    variables: Mapping[str, Variable], members: xr.Dataset, file: Path = FILE
) -> dict[str, Collectable]:
    """Read the statistics and check them against the model and the ensemble.

    Parameters
    ----------
    variables
        The model's variables, by name.
    members
        The calibrated ensemble, whose parameters may be named.
    file
        The YAML file.

    Raises
    ------
    CollectableError
        Listing every mistake: an unknown key, parameter, variable or element, or a statistic that tells nothing.

    Examples
    --------
    >>> list(load_collectables(variables_by_name(), read_members(1)))[0]  # doctest: +SKIP
    'registered_share'
    """
    entries, problems = read_yaml(file)
    found: dict[str, Collectable] = {}
    for number, entry in enumerate(entries if isinstance(entries, list) else [], 1):
        if not isinstance(entry, dict) or not {"id", "title", "collected"} <= set(entry) <= set(_KEYS):
            problems.append(f"statistic no. {number} must have id, title, collected, and parameters or states.")
            continue
        wrong = _problems(entry, variables, members)
        problems += [f"{entry['id']}: {problem}" for problem in wrong]
        if not wrong:
            states = tuple(
                State(state["variable"], state.get("per"), tuple(state.get("elements", ())))
                for state in entry.get("states", ())
            )
            known = Collectable(
                entry["id"], entry["title"], entry["collected"], tuple(entry.get("parameters", ())), states
            )
            found[known.id] = known
    if not found and not problems:
        problems = ["The file must be a list of statistics."]
    if problems:
        raise CollectableError(f"{file.name} cannot be used:\n" + "\n".join(f" * {problem}" for problem in problems))
    return found


def values(statistic: Collectable, members: xr.Dataset, start: xr.Dataset) -> Values:
    """Return what a statistic would say in each member.

    Parameters
    ----------
    statistic
        As from `load_collectables`.
    members
        Parameter sets, dim ``member``.
    start
        Its `Collectable.variables` at the end of 2020, dim ``run`` in the order of the members.

    Returns
    -------
    numpy.ndarray
        Axes member and component, each in the model's unit.

    Examples
    --------
    >>> drawn = xr.Dataset({"A": ("member", [1.0, 2.0])})
    >>> values(Collectable("a", {}, {}, ("A",), ()), drawn, xr.Dataset()).tolist()
    [[1.0], [2.0]]
    """
    count = members.sizes["member"]
    columns = [members[name].transpose("member", ...).to_numpy().reshape(count, -1) for name in statistic.parameters]
    for state in statistic.states:
        array = _city(start[state.variable])
        if state.elements:
            dim = next(str(name) for name in array.dims if name != "run")
            array = array.sel({dim: list(state.elements)})
        if state.per:
            array = array / _city(start[state.per])
        columns.append(array.transpose("run", ...).to_numpy().reshape(count, -1))
    return np.hstack(columns).astype(float)


def _city(array: xr.DataArray) -> xr.DataArray:
    return array.sum("District") if "District" in array.dims else array


def _problems(entry: Mapping[str, Any], variables: Mapping[str, Variable], members: xr.Dataset) -> list[str]:
    parameters: Sequence[str] = entry.get("parameters", ())
    states: Sequence[Any] = entry.get("states", ())
    drawn = [str(name) for name in members.data_vars]
    problems = [
        f"{name!r} is not a parameter of the ensemble.{near(name, drawn)}" for name in parameters if name not in drawn
    ]
    if not parameters and not states:
        problems.append("It tells nothing: name parameters or states.")
    for key in ("title", "collected"):
        if not isinstance(entry[key], dict) or set(entry[key]) != {"zh", "en"}:
            problems.append(f"{key!r} must be given in both languages.")
    for state in states:
        if not isinstance(state, dict) or "variable" not in state or not set(state) <= set(_STATE_KEYS):
            problems.append(f"a state must have these keys: variable, and per or elements; it has {state}.")
            continue
        names = [state["variable"], *([state["per"]] if "per" in state else [])]
        unknown = [name for name in names if name not in variables]
        problems += [f"{name!r} is not a variable of the model.{near(name, variables)}" for name in unknown]
        if unknown:
            continue
        variable = variables[state["variable"]]
        others = [axis for dim, axis in zip(variable.dims, variable.axes, strict=True) if dim != "District"]
        if len(others) > 1 or bool(others) != bool(state.get("elements")):
            problems.append(f"{variable.name!r}: name elements of its one subscript beside districts, if it has one.")
        elif others:
            problems += [
                f"{element!r} is not an element of {variable.name!r}.{near(element, others[0])}"
                for element in state["elements"]
                if element not in others[0]
            ]
    return problems
