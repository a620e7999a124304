"""What scenarios, levers and targets need to know about the model's variables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from model.definition import MODEL_FILE, read_definition


@dataclass(frozen=True)
class Variable:
    """One variable of the model, with its subscripts written out."""

    name: str
    kind: str
    unit: str
    term: str
    meaning: str
    dims: tuple[str, ...]
    elements: tuple[tuple[str, ...], ...]
    lowest: float | None
    highest: float | None
    #: The numbers in the model file; None unless the variable is a constant.
    default: npt.NDArray[np.float64] | None

    @property
    def changeable(self) -> bool:
        """Say whether a scenario may set the variable."""
        return self.kind == "constant"


@cache
def variables_of(model_file: Path = MODEL_FILE) -> Mapping[str, Variable]:
    """Return every variable of a model file by name, in the order of the file.

    Raises
    ------
    model.definition.DefinitionError
        If the file is missing or cannot be read.

    Examples
    --------
    >>> variables_of(Path("tests/models/small_town.mdl"))["HOMES"].default
    array([40., 50.])
    """
    definition = read_definition(model_file)
    ranges = {variable.name: variable.elements for variable in definition if variable.kind == "subscript"}
    variables = {}
    for variable in definition:
        if variable.kind == "subscript":
            continue
        elements = tuple(ranges.get(dim, (dim,)) for dim in variable.dims)
        variables[variable.name] = Variable(
            name=variable.name,
            kind=variable.kind,
            unit=variable.unit,
            term=variable.term,
            meaning=variable.meaning,
            dims=variable.dims,
            elements=elements,
            lowest=variable.low,
            highest=variable.high,
            default=_numbers(variable.equation, elements) if variable.kind == "constant" else None,
        )
    return variables


def _numbers(equation: str, elements: tuple[tuple[str, ...], ...]) -> npt.NDArray[np.float64] | None:
    """Return the numbers right of the equals sign in the constant's shape; None where they are not plain numbers."""
    _, _, text = equation.partition("=")
    shape = tuple(map(len, elements))
    try:
        numbers = np.array([float(number) for number in re.split(r"[\s,;]+", text) if number])
        shaped = np.full(shape, numbers[0]) if numbers.size == 1 else numbers.reshape(shape)
    except ValueError:
        return None
    # All who ask share this array.
    shaped.setflags(write=False)
    return shaped


def near(name: str, names: Iterable[str]) -> str:
    """Return " Did you mean ...?" when one of the names resembles the given one, else nothing.

    Examples
    --------
    >>> near("fertilty support", ["FERTILITY SUPPORT", "RENT SUBSIDY SHARE"])
    " Did you mean 'FERTILITY SUPPORT'?"
    """
    by_folded = {other.casefold(): other for other in names}
    match = get_close_matches(name.casefold(), by_folded, n=1)
    return f" Did you mean {by_folded[match[0]]!r}?" if match else ""
