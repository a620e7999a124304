"""Statistics that could be collected, and the value of each in every ensemble member."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, Final

import numpy as np
import numpy.typing as npt
import xarray as xr
from pydantic import ConfigDict

from model.definition import Variable
from model.engine.errors import UserError
from model.files.schemas import STRICT, Line, Mistakes, Sentences, Title, checked
from model.files.strict_files import Where, read_yaml, refusal, shown

FILE: Final = Path(__file__).parent / "collectable.yaml"

Values = npt.NDArray[np.float64]


class CollectableError(UserError):
    """The file of statistics cannot be used; the message lists every mistake in it."""


@dataclass(frozen=True)
class State:
    """A variable of the model at the end of 2020, over the whole city."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    #: Name of the variable.
    variable: Line
    #: The variable it is divided by, or None.
    per: Line | None = None
    #: Elements of its subscript other than districts; empty where it has none.
    elements: tuple[Line, ...] = ()

    def __str__(self) -> str:
        """Return the state as a table shows it."""
        part = f" [{', '.join(self.elements)}]" if self.elements else ""
        return self.variable + part + (f" / {self.per}" if self.per else "")


@dataclass(frozen=True)
class Collectable:
    """One statistic: its names, its source, and the parameters and states of the model that it measures."""

    __pydantic_config__: ClassVar[ConfigDict] = STRICT

    id: Line
    title: Title
    collected: Sentences
    parameters: tuple[Line, ...] = ()
    states: tuple[State, ...] = ()

    @property
    def measured(self) -> str:
        """Parameters and states, as a table shows them."""
        return "; ".join([*self.parameters, *(f"{state} at the end of 2020" for state in self.states)])

    @property
    def variables(self) -> list[str]:
        """The model variables that its states need."""
        names = [name for state in self.states for name in (state.variable, state.per) if name]
        return list(dict.fromkeys(names))


_KEYS: Final = tuple(field.name for field in fields(Collectable))


def load_collectables(
    variables: Mapping[str, Variable], members: xr.Dataset, file: Path = FILE
) -> dict[str, Collectable]:
    """Read the statistics and check them against the model and the ensemble."""
    document = read_yaml(file)
    mistakes = Mistakes(document)
    entries = document.content if isinstance(document.content, list) else []
    if not entries and not mistakes:
        mistakes.add((), "The file must be a list of statistics.")
    statistics: dict[str, Collectable] = {}
    for number, entry in enumerate(entries):
        name = entry.get("id") if isinstance(entry, dict) else None
        label = name[:80] if isinstance(name, str) else f"statistic no. {number + 1}"
        one, failed = checked(Collectable, entry, mistakes, (number,), what="of a statistic", keys=_KEYS, label=label)
        if not isinstance(entry, dict):
            continue
        if isinstance(name, str) and name in statistics:
            mistakes.add((number, "id"), f"{label!r} is listed twice.")
        if not failed & {"parameters", "states"} and not (entry.get("parameters") or entry.get("states")):
            mistakes.add((number,), f"{label}: it measures nothing of the model: name parameters or states.")
        sound = {key: value for key, value in entry.items() if key not in failed}
        _check(sound, (number,), label, variables, [str(drawn) for drawn in members.data_vars], mistakes)
        if isinstance(name, str):
            statistics[name] = one
    if mistakes:
        raise CollectableError(refusal({file.name: mistakes.listed()}))
    return statistics


def values(statistic: Collectable, members: xr.Dataset, start: xr.Dataset) -> Values:
    """Return the value of a statistic in each member: axes member and component, each in the model's unit.

    Start holds its `Collectable.variables` at the end of 2020, dim ``run`` in the order of the members.

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


def _check(
    entry: Mapping[Any, Any],
    where: Where,
    label: str,
    variables: Mapping[str, Variable],
    drawn: Sequence[str],
    mistakes: Mistakes,
) -> None:
    """Check a statistic's names against the model and the ensemble."""
    for index, name in enumerate(entry.get("parameters", ())):
        if name not in drawn:
            mistakes.add(
                (*where, "parameters", index),
                f"{label}: {shown(name)} is not a parameter of the ensemble.{mistakes.near(name, drawn)}",
            )
    for index, state in enumerate(entry.get("states", ())):
        at = (*where, "states", index)
        names = [state["variable"], *([state["per"]] if state.get("per") is not None else [])]
        unknown = [name for name in names if name not in variables]
        for name in unknown:
            mistakes.add(at, f"{label}: {shown(name)} is not a variable of the model.{mistakes.near(name, variables)}")
        if unknown:
            continue
        variable = variables[state["variable"]]
        others = [axis for dim, axis in zip(variable.dims, variable.axes, strict=True) if dim != "District"]
        elements = state.get("elements") or []
        if len(others) > 1 or bool(others) != bool(elements):
            mistakes.add(
                at, f"{label}: {variable.name!r}: name elements of its one subscript beside districts, if it has one."
            )
            continue
        for element in elements:
            if element not in others[0]:
                hint = mistakes.near(element, others[0])
                mistakes.add(at, f"{label}: {shown(element)} is not an element of {variable.name!r}.{hint}")
