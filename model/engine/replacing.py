"""Runs that are given what the model would work out itself: computed variables, first values of stocks, lookups."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from .errors import listed, near
from .reading.expressions import Index, Loop, Read
from .reading.quantities import Definition, Equation, Quantity
from .requests import ChangeError
from .variables import Variable

#: Kinds of variables that a run may be given instead of working them out.
COMPUTED: Final = ("auxiliary", "flow", "constant")
#: What a stock's first value is called.
AT_START: Final = "{} at the start"

Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Replaced:
    """What of a model a run is given, by name; a model is compiled anew for each of these."""

    #: Computed variables.
    inputs: tuple[str, ...] = ()
    #: Stocks whose first value is given.
    starts: tuple[str, ...] = ()
    #: Lookups and their points.
    lookups: tuple[tuple[str, Points], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.inputs or self.starts or self.lookups)

    def apply(self, definition: Definition) -> None:
        """Take the equations of what is given out of a model."""
        by_name = {item.name: item for item in definition.quantities.values() if not item.hidden}
        for name in self.inputs:
            item = by_name[name]
            item.kind, item.changeable, item.value, item.without_numbers = "constant", True, None, True
            item.equations.clear()
            item.starts.clear()
        for name in self.starts:
            _give_start(by_name[name], definition)
        for name, points in self.lookups:
            x, y = (np.asarray(numbers, dtype=float) for numbers in zip(*points, strict=True))
            item = by_name[name]
            item.tables = [(x, y)] * len(item.tables)


NOTHING: Final = Replaced()


def take_apart(
    changes: Mapping[str, Any], initial: Mapping[str, Any], variables: Mapping[str, Variable]
) -> tuple[Replaced, dict[str, Any]]:
    """Return what a run is given in place of the model's own, and its changes with what remains to be checked.

    Parameters
    ----------
    changes
        As for a run.
    initial
        First values by name of the stock.

    Raises
    ------
    ChangeError
        Naming every stock that there is not, and every lookup whose points cannot be used.
    """
    mistakes: list[str] = []
    given = dict(changes)
    stocks = [name for name, variable in variables.items() if variable.kind == "stock"] if initial else []
    for name, value in initial.items():
        if name not in stocks:
            mistakes.append(f"{name!r} is not a stock of the model.{near(str(name), stocks)}")
        else:
            given[AT_START.format(name)] = value
    lookups = {}
    for name in [name for name in given if name in variables and variables[name].kind == "lookup"]:
        points = _points(name, given.pop(name), variables[name], mistakes)
        if points:
            lookups[name] = points
    if mistakes:
        message = f"The run cannot be made:\n{listed(mistakes)}"
        raise ChangeError(message)
    inputs = [name for name in given if name in variables and _is_computed(variables[name])]
    return Replaced(tuple(sorted(inputs)), tuple(sorted(initial)), tuple(sorted(lookups.items()))), given


def _is_computed(variable: Variable) -> bool:
    return variable.kind in COMPUTED and not variable.changeable


def _points(name: str, value: object, variable: Variable, mistakes: list[str]) -> Points:
    """The points of a lookup, or none where they cannot be used."""
    try:
        if variable.dims or not isinstance(value, Iterable):
            raise TypeError
        points = tuple((float(x), float(y)) for x, y in value)
    except (TypeError, ValueError):
        what = (
            "has subscripts, so it cannot be replaced" if variable.dims else "is a lookup: give it pairs [(x, y), ...]"
        )
        mistakes.append(f"{name!r} {what}")
        return ()
    places = [x for x, _ in points]
    if (
        len(points) < 2
        or not np.isfinite(points).all()
        or any(later <= one for one, later in itertools.pairwise(places))
    ):
        mistakes.append(f"{name!r} needs two points at least, all finite, each x above the one before")
        return ()
    return points


def _give_start(stock: Quantity, definition: Definition) -> None:
    key = f"{stock.key}_at_the_start"
    # Two dims of one range would need two loops of one name; numbers tell them apart.
    loops = tuple(Loop(f"{dim}{place}", tuple(range(length))) for place, (dim, length) in
                  enumerate(zip(stock.dims, stock.lengths, strict=True)))  # fmt: skip
    indices = tuple(Index(loop.name, loop.positions) for loop in loops)
    definition.quantities[key] = Quantity(
        key,
        AT_START.format(stock.name),
        "constant",
        stock.dims,
        stock.lengths,
        unit=stock.unit,
        comment=f"First value of {stock.name}.",
        changeable=True,
        without_numbers=True,
    )
    stock.starts[:] = [Equation(stock.key, loops, indices, Read(key, indices))]
