"""What moved a variable from one run to another: the difference is followed back along the equations.

Between two runs every input of an equation goes from one value to another; the equation's result is followed along the
straight line between them, and each input is given what it adds on the way (integrated gradients: Sundararajan, Taly
and Yan 2017, Axiomatic attribution for deep networks; Aumann and Shapley 1974). What is added sums to the difference.
A stock's difference is that of its first value and of everything that has flowed since.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from . import functions
from .errors import UserError
from .reading.expressions import (
    FUNCTIONS,
    Call,
    Expression,
    Index,
    Interpolation,
    Loop,
    Number,
    Position,
    Read,
    Reduction,
    stage,
    walk,
)
from .reading.quantities import Definition, Equation, Quantity

Array = npt.NDArray[np.float64]
Course = Mapping[str, Array]
#: A read and the loops around it.
Spot = tuple[Read, tuple[Loop, ...]]
#: Points on the way from one run to the other, at most: exact where up to twice as many factors are multiplied.
MOST_POINTS: Final = 8
#: Inputs of a variable that are followed further, and the smallest part of the difference that is worth a row.
FOLLOWED: Final = 4
LEAST: Final = 0.01
#: Less than this part of the difference is rounding.
ROUNDING: Final = 1e-12
#: What the inputs that are worth no row are called together.
OTHERS: Final = "others"
#: Two inputs of a stock are a transfer within it if what is left of them is a smaller part of either than this.
TRANSFER: Final = 0.1
#: Rounds in which hidden variables, such as those of a delay, are seen through.
ROUNDS: Final = 40


class ExplanationError(UserError):
    """A difference cannot be explained; the message says why."""


class _OpaqueError(Exception):
    """An equation holds something that is not followed."""


@dataclass(frozen=True)
class Cause:
    """What one input adds to the difference of the variable that is explained."""

    path: tuple[str, ...]
    contribution: float
    #: Whether it is a constant, or a variable whose equation is not followed further.
    end: bool
    causes: tuple[Cause, ...] = ()


@dataclass(frozen=True)
class Explanation:
    """Why a variable differs between two runs at a time."""

    variable: str
    time: float
    unit: str
    first: float
    second: float
    causes: tuple[Cause, ...]

    @property
    def difference(self) -> float:
        """Second minus first."""
        return self.second - self.first

    @property
    def table(self) -> pd.DataFrame:
        """One row a cause: ``level``, ``input``, ``path`` from the variable, ``contribution``, ``share``, ``end``."""
        rows = []

        def add(causes: Sequence[Cause]) -> None:
            for cause in causes:
                share = cause.contribution / self.difference if self.difference else math.nan
                name, level = cause.path[-1], len(cause.path) - 1
                rows.append((level, name, " < ".join(cause.path), cause.contribution, share, cause.end))
                add(cause.causes)

        add(self.causes)
        return pd.DataFrame(rows, columns=["level", "input", "path", "contribution", "share", "end"])

    @property
    def sentence(self) -> str:
        """The difference and what it comes from, in a sentence."""
        direction = "higher" if self.difference > 0 else "lower"
        if not self.difference:
            return f"{self.variable} is the same in both runs at {self.time:g}."
        parts = []
        for cause in self.causes[:FOLLOWED]:
            through = f" (there mostly {cause.causes[0].path[-1]})" if cause.causes else ""
            parts.append(f"{cause.path[-1]} {cause.contribution:+.3g}{through}")
        return (
            f"{self.variable} is {abs(self.difference):.3g} {self.unit} {direction} at {self.time:g} "
            f"({self.first:.4g} to {self.second:.4g}), through {', '.join(parts)}."
        )


def explain(
    definition: Definition, first: Course, second: Course, key: str, step: int, element: tuple[int, ...], levels: int
) -> tuple[Cause, ...]:
    """Return what moved an element of a variable at a step, down to so many levels; all in the model's keys.

    Parameters
    ----------
    definition
        The model.
    first, second
        Value of every variable at every step, axes (step, subscripts), of one run each.
    """
    tracer = _Tracer(definition, first, second)
    seeds = np.zeros_like(second[key])
    seeds[(step, *element)] = second[key][(step, *element)] - first[key][(step, *element)]
    whole = abs(float(seeds.sum()))
    return tracer.causes(key, seeds, (tracer.quantities[key].name,), levels, whole)


@dataclass
class _Tracer:
    """Follows contributions, arrays of (step, subscripts), from a variable to what it is worked out from."""

    definition: Definition
    first: Course
    second: Course
    quantities: dict[str, Quantity] = field(init=False)
    moves: dict[str, list[tuple[tuple[Equation, ...], int]]] = field(init=False)

    def __post_init__(self) -> None:
        self.quantities = self.definition.quantities
        self.moves = {}
        for group in self.definition.updates:
            for place, move in enumerate(group):
                self.moves.setdefault(move.target, []).append((group, place))

    def causes(self, key: str, seeds: Array, path: tuple[str, ...], levels: int, whole: float) -> tuple[Cause, ...]:
        """Return the inputs of a variable with what each contributes, the largest first, and their causes."""
        parts = self._inputs(key, seeds)
        amounts = {source: float(array.sum()) for source, array in parts.items()}
        causes: list[Cause] = []
        small = {source for source, amount in amounts.items() if abs(amount) < LEAST * whole}
        rest = sum(amounts[source] for source in small)
        large = sorted(set(parts) - small, key=lambda one: -abs(amounts[one]))
        # One cause that hands all on, as a total does, explains nothing: it is no level.
        alone = len(large) == 1 and abs(rest) < LEAST * whole and self.quantities[large[0]].name not in path
        left = levels if alone else levels - 1
        for place, source in enumerate(large):
            here = (*path, self.quantities[source].name)
            followed = left > 0 and place < FOLLOWED
            below = self.causes(source, parts[source], here, left, whole) if followed else ()
            causes.append(Cause(here, amounts[source], self._is_end(source), below))
        if abs(rest) > ROUNDING * whole:
            causes.append(Cause((*path, OTHERS), rest, True))
        return tuple(causes)

    def _is_end(self, key: str) -> bool:
        item = self.quantities[key]
        return not (item.equations or item.starts)

    def _inputs(self, key: str, seeds: Array) -> dict[str, Array]:
        """Contributions of what a variable is worked out from; hidden variables and transfers are seen through."""
        found = self._seen_through(key, {key: seeds}, {})
        transfers = self._transfers(key, found)
        if not transfers:
            return found
        moved = max(abs(float(found[source].sum())) for source in transfers)
        rest = {source: array for source, array in found.items() if source not in transfers}
        behind = self._seen_through(key, {source: found[source] for source in transfers}, rest, transfers)
        # What a transfer leaves to the stock itself is nothing, or it was none.
        if abs(float(np.sum(behind.get(key, 0.0)))) >= TRANSFER * moved:
            return found
        return behind

    def _transfers(self, key: str, found: Mapping[str, Array]) -> set[str]:
        """Inputs of a stock that take from it what they add to it, as ageing does from one year of age to the next."""
        if not self.quantities[key].starts:
            return set()
        amounts = {source: float(array.sum()) for source, array in found.items() if not self._is_end(source)}
        return {
            source
            for source, amount in amounts.items()
            if any(abs(amount + other) < TRANSFER * abs(amount) for other in amounts.values())
        }

    def _seen_through(
        self, key: str, waiting: Mapping[str, Array], found: Mapping[str, Array], also: Container[str] = ()
    ) -> dict[str, Array]:
        """Hand on what waits, and what is hidden behind it or is `also` seen through; add the rest to what is found."""
        firsts, waiting, found = set(waiting), dict(waiting), dict(found)
        for _ in range(ROUNDS):
            if not waiting:
                break
            here, own = waiting.popitem()
            try:
                parts = self._distribute(here, own)
            except _OpaqueError:
                parts = {}
            if not parts and here not in firsts:
                found[here] = found.get(here, 0.0) + own
            for source, array in parts.items():
                if not np.any(array):
                    continue
                # A stock that its own flow reads is among its causes.
                through = source in also or (self.quantities[source].hidden and not self._is_end(source))
                target = waiting if through and source != key else found
                target[source] = target.get(source, 0.0) + array
        for here, own in waiting.items():
            found[here] = found.get(here, 0.0) + own
        return found

    def _distribute(self, key: str, seeds: Array) -> dict[str, Array]:
        """Hand the contributions of a variable on to what its equations read."""
        item = self.quantities[key]
        out: dict[str, Array] = {}
        if not item.starts:
            for equation in item.equations:
                self._hand_on(_staged(equation, starting=False), seeds, out, slice(1, None), 0)
                self._hand_on(_staged(equation, starting=True), seeds, out, slice(0, 1), 0)
            return out
        if any(pipe.state == key for pipe in self.definition.pipes):
            raise _OpaqueError
        carried = seeds.copy()
        moves = self.moves.get(key, [])
        if any(len(group) > 1 and self._in_turn(group) for group, _ in moves):
            raise _OpaqueError
        if not moves:
            # What never moves has its first value all along.
            carried[0] = carried.sum(axis=0)
        for step in range(len(carried) - 1, 0, -1) if moves else ():
            for group, place in moves:
                parts: dict[str, Array] = {}
                self._hand_on(_staged(group[place], starting=False), carried, parts, slice(step, step + 1), -1)
                for source, array in parts.items():
                    if source == key:
                        carried[: len(array)] += array
                    else:
                        out[source] = out.get(source, np.zeros_like(array)) + array
        for equation in item.starts:
            self._hand_on(_staged(equation, starting=True), carried, out, slice(0, 1), 0)
        return out

    def _in_turn(self, group: tuple[Equation, ...]) -> bool:
        """Whether an assignment reads a state that one before it has moved."""
        moved: set[str] = set()
        for move in group:
            if moved & {part.variable for part in _reads(move.expression)}:
                return True
            moved.add(move.target)
        return False

    def _hand_on(self, equation: Equation, seeds: Array, out: dict[str, Array], steps: slice, lag: int) -> None:
        """Split contributions at some steps among the reads of an equation, which are of the steps `lag` from there."""
        rows = np.arange(len(seeds))[steps]
        if not len(rows):
            return
        loops = equation.loops
        place = _places(equation.indices, loops)
        at = rows.reshape(-1, *(1 for _ in loops))
        own = seeds[(at, *place)]
        if not np.any(own):
            return
        target = self.quantities[equation.target].key
        change = self.second[target][(at, *place)] - self.first[target][(at, *place)]
        reads: dict[Spot, Array] = {}
        before = _Values(self.quantities, self.first, self.second, rows + lag)
        for point, weight in _points(_degree(equation.expression)):
            before.point = point
            node = before.forward(equation.expression, loops)
            gradients: dict[Spot, Array] = {}
            node.backward(np.ones(np.broadcast_shapes(node.value.shape, own.shape)), gradients)
            for spot, gradient in gradients.items():
                reads[spot] = reads.get(spot, 0.0) + weight * gradient
        differences = {spot: gradient * before.change(spot) for spot, gradient in reads.items()}
        total = sum((_summed(part, own.shape) for part in differences.values()), np.zeros(own.shape))
        # What jumps and bends leave over is shared as the rest is.
        size = sum((_summed(abs(part), own.shape) for part in differences.values()), np.zeros(own.shape))
        left = change - total
        with np.errstate(divide="ignore", invalid="ignore"):
            scale = np.where(change != 0, own / change, 0.0)
            spread = np.where(size > 0, left / size, 0.0)
        for spot, part in differences.items():
            read, inner = spot
            shaped = _widened(scale, part) * (part + _widened(spread, part) * abs(part))
            array = out.setdefault(read.variable, np.zeros_like(self.second[read.variable]))
            index = _places(read.indices, inner)
            when = (rows + lag).reshape(-1, *(1 for _ in inner))
            where = np.broadcast_arrays(np.broadcast_to(when, np.broadcast_shapes(when.shape, shaped.shape)),
                                        *(np.broadcast_to(one, shaped.shape) for one in index))  # fmt: skip
            np.add.at(array, tuple(where), np.broadcast_to(shaped, where[0].shape))


@dataclass
class _Node:
    """A value, and how a gradient of it is handed to what it is made of."""

    value: Array
    backward: Callable[[Array, dict[Spot, Array]], None]


class _Values:
    """The values that an expression has at a point between two runs, at some steps."""

    def __init__(self, quantities: Mapping[str, Quantity], first: Course, second: Course, steps: Any) -> None:
        self.quantities, self.first, self.second, self.steps = quantities, first, second, steps
        self.point = 0.0
        self._kept: dict[tuple[Spot, bool], Array] = {}

    def change(self, spot: Spot) -> Array:
        """Second minus first of what is read."""
        return self._read(spot, later=True) - self._read(spot, later=False)

    def _read(self, spot: Spot, *, later: bool) -> Array:
        if (spot, later) not in self._kept:
            read, loops = spot
            course = self.second if later else self.first
            at = np.asarray(self.steps).reshape(-1, *(1 for _ in loops))
            self._kept[spot, later] = np.asarray(course[read.variable][(at, *_places(read.indices, loops))])
        return self._kept[spot, later]

    def forward(self, expression: Expression, loops: tuple[Loop, ...]) -> _Node:
        """Work out an expression, with axes (step, loops)."""
        if isinstance(expression, Number):
            return _constant(expression.value, loops)
        if isinstance(expression, Position):
            (place,) = _places((expression.index,), loops)
            return _Node(np.asarray(place, dtype=float) + 1, lambda *_: None)
        if isinstance(expression, Read):
            return self._read_node(expression, loops)
        if isinstance(expression, Reduction):
            return self._reduced(expression, loops)
        if isinstance(expression, Interpolation):
            return self._interpolated(expression, loops)
        if isinstance(expression, Call):
            return self._called(expression, loops)
        raise _OpaqueError

    def _read_node(self, read: Read, loops: tuple[Loop, ...]) -> _Node:
        low, high = (self._read((read, loops), later=later) for later in (False, True))

        def backward(seed: Array, into: dict[Spot, Array]) -> None:
            into[read, loops] = into.get((read, loops), 0.0) + seed

        return _Node(low + self.point * (high - low), backward)

    def _reduced(self, expression: Reduction, loops: tuple[Loop, ...]) -> _Node:
        inner = (*loops, *expression.loops)
        axes = tuple(range(1 + len(loops), 1 + len(inner)))
        lengths = tuple(loop.length for loop in expression.loops)
        body = self.forward(expression.body, inner)
        whole = np.broadcast_to(body.value, (*body.value.shape[: 1 + len(loops)], *lengths))
        if expression.operator in ("sum", "+"):
            value = whole.sum(axis=axes)
            slope = np.ones_like(whole)
        elif expression.operator in ("prod", "*"):
            value = whole.prod(axis=axes)
            with np.errstate(divide="ignore", invalid="ignore"):
                slope = np.where(whole != 0, np.expand_dims(value, axes) / whole, 0.0)
        elif expression.operator in ("min", "max"):
            value = (whole.min if expression.operator == "min" else whole.max)(axis=axes)
            slope = (whole == np.expand_dims(value, axes)).astype(float)
            slope /= slope.sum(axis=axes, keepdims=True)
        else:
            raise _OpaqueError

        def backward(seed: Array, into: dict[Spot, Array]) -> None:
            body.backward(np.expand_dims(seed, axes) * slope, into)

        return _Node(value, backward)

    def _interpolated(self, expression: Interpolation, loops: tuple[Loop, ...]) -> _Node:
        table = self.quantities[expression.table]
        if expression.method != "interpolate" or len(table.tables) != 1:
            raise _OpaqueError
        (x, y) = table.tables[0]
        argument = self.forward(expression.argument, loops)
        slopes = np.append(np.diff(y) / np.diff(x), 0.0)
        piece = np.searchsorted(x, argument.value, side="right") - 1
        inside = (argument.value >= x[0]) & (argument.value < x[-1])
        slope = np.where(inside, slopes[np.clip(piece, 0, len(slopes) - 1)], 0.0)
        value = np.interp(argument.value, x, y)
        return _Node(value, lambda seed, into: argument.backward(seed * slope, into))

    def _called(self, expression: Call, loops: tuple[Loop, ...]) -> _Node:
        nodes = [self.forward(argument, loops) for argument in expression.arguments]
        values = [node.value for node in nodes]
        with np.errstate(all="ignore"):
            value = np.asarray(_apply(expression.function, values), dtype=float)
            slopes = _slopes(expression.function, values, value)

        def backward(seed: Array, into: dict[Spot, Array]) -> None:
            for node, slope in zip(nodes, slopes, strict=True):
                if slope is not None:
                    node.backward(seed * slope, into)

        return _Node(value, backward)


@cache
def _points(degree: int) -> tuple[tuple[float, float], ...]:
    """Points on the way, from 0 to 1, and their weights: as many as the slopes of a product of so many factors take."""
    places, weights = np.polynomial.legendre.leggauss(min(max(1, math.ceil(degree / 2)), MOST_POINTS))
    return tuple((float(place) / 2 + 0.5, float(weight) / 2) for place, weight in zip(places, weights, strict=True))


@cache
def _degree(expression: Expression) -> int:
    """How many factors that move are multiplied at most; as many as `MOST_POINTS` hold for what is no product."""
    if isinstance(expression, Number | Position):
        return 0
    if isinstance(expression, Read):
        return 1
    if isinstance(expression, Reduction) and expression.operator in ("sum", "+"):
        return _degree(expression.body)
    if isinstance(expression, Call):
        degrees = [_degree(argument) for argument in expression.arguments]
        if expression.function in ("+", "-", "negative"):
            return max(degrees)
        if expression.function == "*":
            return sum(degrees)
    return 2 * MOST_POINTS


def _constant(value: float, loops: tuple[Loop, ...]) -> _Node:
    return _Node(np.full((1,) * (1 + len(loops)), value), lambda *_: None)


def _staged(equation: Equation, *, starting: bool) -> Equation:
    expression = stage(equation.expression, starting=starting)
    return Equation(equation.target, equation.loops, equation.indices, expression)


def _reads(expression: Expression) -> Iterator[Read]:
    return (part for part in walk(expression) if isinstance(part, Read))


def _places(indices: Sequence[Index], loops: Sequence[Loop]) -> tuple[npt.NDArray[np.int64], ...]:
    """Return, for each dim, the place read in each pass of the loops, with an axis for the step in front."""
    names = [loop.name for loop in loops]
    rank = 1 + len(loops)
    found = []
    for index in indices:
        shape = [1] * rank
        if index.loop is not None:
            shape[1 + names.index(index.loop)] = len(index.places)
        found.append(np.asarray(index.places, dtype=np.int64).reshape(shape))
    return tuple(found)


def _summed(part: Array, shape: tuple[int, ...]) -> Array:
    """A part with further axes of inner loops, summed to those of the equation."""
    extra = tuple(range(len(shape), part.ndim))
    return np.asarray(part.sum(axis=extra) if extra else part)


def _widened(array: Array, part: Array) -> Array:
    return array.reshape(*array.shape, *(1 for _ in range(part.ndim - array.ndim)))


def _apply(name: str, values: Sequence[Array]) -> Any:
    """A function of the model language, element by element."""
    known = _OPERATIONS.get(name)
    if known is not None:
        return known(*values)
    if name not in FUNCTIONS:
        raise _OpaqueError
    code = FUNCTIONS[name][1]
    space: Any = math if code.startswith("math.") else np if code.startswith("np.") else functions
    found = getattr(space, code.rpartition(".")[2])
    return np.vectorize(getattr(found, "py_func", found), otypes=[float])(*values)


def _slopes(name: str, values: Sequence[Array], value: Array) -> list[Array | None]:
    """How fast a function grows with each of its arguments; None for one that only decides between others."""
    known = _DERIVATIVES.get(name)
    if known is not None:
        return list(known(*values))
    found: list[Array | None] = []
    for place, one in enumerate(values):
        step = 1e-6 * np.maximum(1.0, abs(one))
        high, low = ([*values[:place], one + sign * step, *values[place + 1 :]] for sign in (1, -1))
        found.append((np.asarray(_apply(name, high)) - np.asarray(_apply(name, low))) / (2 * step))
    return found


_SMALL: Final = functions.SMALL
_OPERATIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "^": np.power,
    "power": np.power,
    "negative": np.negative,
    "min": np.minimum,
    "max": np.maximum,
    "=": np.equal,
    "<>": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    ":and:": np.logical_and,
    ":or:": np.logical_or,
    "not": np.logical_not,
    "if_then_else": np.where,
    "abs": np.abs,
    "exp": np.exp,
    "ln": np.log,
    "sqrt": np.sqrt,
    "zidz": lambda a, b: np.where(abs(b) < _SMALL, 0.0, a / np.where(b == 0, 1.0, b)),
    "xidz": lambda a, b, c: np.where(abs(b) < _SMALL, c, a / np.where(b == 0, 1.0, b)),
}


def _no_slope(*values: Array) -> list[None]:
    return [None] * len(values)


def _power_slopes(a: Array, b: Array) -> list[Array]:
    return [b * np.power(a, b - 1), np.where(a > 0, np.power(a, b) * np.log(np.where(a > 0, a, 1.0)), 0.0)]


_DERIVATIVES: Final[Mapping[str, Callable[..., Sequence[Array | None]]]] = {
    "+": lambda a, b: [np.ones_like(a), np.ones_like(b)],
    "-": lambda a, b: [np.ones_like(a), -np.ones_like(b)],
    "*": lambda a, b: [b, a],
    "/": lambda a, b: [1 / b, -a / b**2],
    "^": _power_slopes,
    "power": _power_slopes,
    "negative": lambda a: [-np.ones_like(a)],
    "min": lambda a, b: [(a < b).astype(float), (a >= b).astype(float)],
    "max": lambda a, b: [(a > b).astype(float), (a <= b).astype(float)],
    "if_then_else": lambda c, a, b: [None, (c != 0) * np.ones_like(a), (c == 0) * np.ones_like(b)],
    "abs": lambda a: [np.sign(a)],
    "exp": lambda a: [np.exp(a)],
    "ln": lambda a: [1 / a],
    "sqrt": lambda a: [0.5 / np.sqrt(a)],
    "zidz": lambda a, b: [
        np.where(abs(b) < _SMALL, 0.0, 1 / np.where(b == 0, 1.0, b)),
        np.where(abs(b) < _SMALL, 0.0, -a / np.where(b == 0, 1.0, b) ** 2),
    ],
    "xidz": lambda a, b, c: [
        np.where(abs(b) < _SMALL, 0.0, 1 / np.where(b == 0, 1.0, b)),
        np.where(abs(b) < _SMALL, 0.0, -a / np.where(b == 0, 1.0, b) ** 2),
        np.where(abs(b) < _SMALL, 1.0, 0.0) * np.ones_like(c),
    ],
    **dict.fromkeys(
        ("=", "<>", "<", "<=", ">", ">=", ":and:", ":or:", "not", "integer", "floor", "quantum", "round"), _no_slope
    ),
}
