"""The typed expressions that stand between a parsed model and generated code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

#: Functions that act element by element: the number of arguments each takes, and what generated code calls.
FUNCTIONS: Final[Mapping[str, tuple[int, str]]] = {
    "abs": (1, "abs"),
    "arccos": (1, "math.acos"),
    "arcsin": (1, "math.asin"),
    "arctan": (1, "math.atan"),
    "arctan2": (2, "math.atan2"),
    "cos": (1, "math.cos"),
    "cosh": (1, "math.cosh"),
    "exp": (1, "exponential"),
    "floor": (1, "np.floor"),
    "gamma_ln": (1, "math.lgamma"),
    "if_then_else": (3, "choose"),
    "integer": (1, "np.trunc"),
    "ln": (1, "math.log"),
    "log": (2, "logarithm"),
    "max": (2, "larger"),
    "min": (2, "smaller"),
    "modulo": (2, "modulo"),
    "pi": (0, "np.pi"),
    "power": (2, "power"),
    "quantum": (2, "quantum"),
    "round": (1, "round_half_up"),
    "sin": (1, "math.sin"),
    "sinh": (1, "math.sinh"),
    "sqrt": (1, "np.sqrt"),
    "tan": (1, "math.tan"),
    "tanh": (1, "math.tanh"),
    "xidz": (3, "xidz"),
    "zidz": (2, "zidz"),
}


@dataclass(frozen=True)
class Loop:
    """One pass over (part of) a subscript range.

    `name` is the range (with `!` where a function such as SUM runs over it), `positions` are the places in that range
    that are visited.
    """

    name: str
    positions: tuple[int, ...]

    @property
    def length(self) -> int:
        """Count how many places are visited."""
        return len(self.positions)


@dataclass(frozen=True)
class Index:
    """Where one dimension of an array is read or written.

    With `loop` set, `places[i]` is the place used in the i-th pass of that loop; without it `places` has one entry.
    """

    loop: str | None
    places: tuple[int, ...]


class Expression:
    """Anything that has a value at each place of its loops."""


@dataclass(frozen=True)
class Number(Expression):
    """A literal."""

    value: float


@dataclass(frozen=True)
class Read(Expression):
    """The present value of a variable at one place."""

    variable: str
    indices: tuple[Index, ...] = ()


@dataclass(frozen=True)
class Position(Expression):
    """The number of a subscript within its main range, counted from one."""

    index: Index


@dataclass(frozen=True)
class Call(Expression):
    """An operator or function applied to arguments, element by element."""

    function: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True)
class Interpolation(Expression):
    """A table read at `argument`; the first point and count of each element's table are found at `indices`."""

    table: str
    indices: tuple[Index, ...]
    argument: Expression
    method: str


@dataclass(frozen=True)
class Reduction(Expression):
    """A sum, product, minimum or maximum of `body` over `loops`."""

    operator: str
    loops: tuple[Loop, ...]
    body: Expression


@dataclass(frozen=True)
class Whole(Expression):
    """A function of whole vectors or matrices; `axes` says which dims of each, all of one size, it runs along itself.

    `reads` have the first place along these.
    """

    function: str
    reads: tuple[Read, ...]
    axes: tuple[tuple[int, ...], ...]
    size: int
    arguments: tuple[Expression, ...]


@dataclass(frozen=True)
class ActiveInitial(Expression):
    """One expression while stocks are given their first values, another from then on."""

    running: Expression
    starting: Expression


def children(expression: Expression) -> tuple[Expression, ...]:
    """Return the expressions directly inside another."""
    if isinstance(expression, Call):
        return expression.arguments
    if isinstance(expression, Interpolation):
        return (expression.argument,)
    if isinstance(expression, Whole):
        return (*expression.reads, *expression.arguments)
    if isinstance(expression, Reduction):
        return (expression.body,)
    if isinstance(expression, ActiveInitial):
        return (expression.running, expression.starting)
    return ()


def walk(expression: Expression) -> Iterator[Expression]:
    """Yield an expression and everything inside it."""
    yield expression
    for child in children(expression):
        yield from walk(child)


def rebuild(expression: Expression, change: Callable[[Expression], Expression]) -> Expression:
    """Return a copy in which `change` was applied to every direct child."""
    if isinstance(expression, Call):
        return replace(expression, arguments=tuple(change(argument) for argument in expression.arguments))
    if isinstance(expression, Interpolation):
        return replace(expression, argument=change(expression.argument))
    if isinstance(expression, Whole):
        reads = tuple(read for read in map(change, expression.reads) if isinstance(read, Read))
        return replace(expression, reads=reads, arguments=tuple(map(change, expression.arguments)))
    if isinstance(expression, Reduction):
        return replace(expression, body=change(expression.body))
    if isinstance(expression, ActiveInitial):
        return ActiveInitial(change(expression.running), change(expression.starting))
    return expression


def rename_index(index: Index, names: Mapping[str, str]) -> Index:
    """Return an index that follows a loop of another name."""
    return index if index.loop is None else replace(index, loop=names.get(index.loop, index.loop))


def rename_loops(expression: Expression, names: Mapping[str, str]) -> Expression:
    """Return a copy that depends on loops of other names; loops of reductions inside keep theirs."""
    if isinstance(expression, Position):
        return Position(rename_index(expression.index, names))
    if isinstance(expression, (Read, Interpolation)):
        expression = replace(expression, indices=tuple(rename_index(index, names) for index in expression.indices))
    return rebuild(expression, lambda child: rename_loops(child, names))


def fix_loops(expression: Expression, at: Mapping[str, int]) -> Expression:
    """Return what an expression is in one pass of its loops, the loops of reductions inside it left out."""

    def fixed(index: Index) -> Index:
        return index if index.loop is None or index.loop not in at else Index(None, (index.places[at[index.loop]],))

    if isinstance(expression, Position):
        return Position(fixed(expression.index))
    if isinstance(expression, (Read, Interpolation)):
        expression = replace(expression, indices=tuple(map(fixed, expression.indices)))
    return rebuild(expression, lambda child: fix_loops(child, at))


def stage(expression: Expression, *, starting: bool) -> Expression:
    """Settle every ACTIVE INITIAL for the start of a run or for the steps after it."""
    if isinstance(expression, ActiveInitial):
        return stage(expression.starting if starting else expression.running, starting=starting)
    return rebuild(expression, lambda child: stage(child, starting=starting))


def variables_read(expression: Expression) -> set[str]:
    """Return the keys of all variables that an expression reads."""
    return {part.variable for part in walk(expression) if isinstance(part, Read)}


def loops_used(expression: Expression) -> set[str]:
    """Return the names of the loops an expression depends on, without those it closes itself."""
    if isinstance(expression, Read):
        return {index.loop for index in expression.indices if index.loop is not None}
    if isinstance(expression, Position):
        return {expression.index.loop} if expression.index.loop is not None else set()
    used: set[str] = set()
    if isinstance(expression, Interpolation):
        used |= {index.loop for index in expression.indices if index.loop is not None}
    for child in children(expression):
        used |= loops_used(child)
    if isinstance(expression, Reduction):
        used -= {loop.name for loop in expression.loops}
    return used


def sources(needs: Mapping[str, Iterable[str]], wanted: Iterable[str]) -> set[str]:
    """Return everything the wanted variables depend on, themselves included."""
    seen: set[str] = set()
    waiting = list(wanted)
    while waiting:
        key = waiting.pop()
        if key not in seen:
            seen.add(key)
            waiting.extend(needs.get(key, ()))
    return seen
