"""What a model file says, before any of it is given a meaning: ranges, equations as trees, and where each stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

#: Vensim's :NA:, a number like any other: equal to itself, and below all that a model computes.
NOT_AVAILABLE = -(2.0**109)


class Tree:
    """Any part of an equation."""


@dataclass(frozen=True)
class Literal(Tree):
    """A number."""

    value: float


@dataclass(frozen=True, eq=False)
class Numbers(Tree):
    """A list of numbers, by rows where the file has rows."""

    values: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Text(Tree):
    """Something in quotes, such as the name of a file."""

    value: str


@dataclass(frozen=True)
class Name(Tree):
    """A variable, or a subscript, by its key; indices are names, or trees where they are worked out."""

    key: str
    written: str
    subscripts: tuple[str | Tree, ...] = ()


@dataclass(frozen=True)
class Application(Tree):
    """A function, macro or lookup applied to arguments; `outputs` names what a macro gives beside its own value."""

    key: str
    written: str
    arguments: tuple[Tree, ...]
    subscripts: tuple[str | Tree, ...] = ()
    outputs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Operation(Tree):
    """An operator applied to one or two trees."""

    operator: str
    arguments: tuple[Tree, ...]


@dataclass(frozen=True)
class Table(Tree):
    """Points of a lookup in the order of x, and how it is read between and beyond them."""

    x: tuple[float, ...]
    y: tuple[float, ...]
    method: str = "interpolate"


@dataclass(frozen=True)
class Nothing(Tree):
    """No equation: what the file leaves to data from elsewhere."""


@dataclass(frozen=True)
class Part:
    """One equation of a variable, for all of it or some of its elements.

    `sign` is "=", "==" for what is fixed for good, ":=" for data, "(" for a lookup, or "" for a name alone.
    """

    tree: Tree
    subscripts: tuple[str, ...] = ()
    excepted: tuple[tuple[str, ...], ...] = ()
    sign: str = "="
    keyword: str = ""
    text: str = ""
    line: int = 0


@dataclass
class Element:
    """A variable of the file with all its equations."""

    name: str
    parts: list[Part] = field(default_factory=list)
    unit: str = ""
    comment: str = ""
    low: float | None = None
    high: float | None = None
    group: str = ""
    #: The ranges it spreads over, where the file says so itself.
    dims: tuple[str, ...] | None = None

    @property
    def line(self) -> int:
        """Return the line of the first equation."""
        return self.parts[0].line if self.parts else 0


@dataclass
class Range:
    """A subscript range: members are elements or other ranges.

    A mapping names another range, and the members of it that ours stand for, one by one; none if all in order.
    """

    name: str
    members: tuple[str, ...]
    mappings: tuple[tuple[str, tuple[str, ...]], ...] = ()
    alias_of: str = ""
    source: Application | None = None
    unit: str = ""
    comment: str = ""
    line: int = 0
    group: str = ""


@dataclass
class Macro:
    """A macro: parameters by key, further outputs by key, and its own variables."""

    name: str
    parameters: tuple[str, ...]
    outputs: tuple[str, ...]
    elements: dict[str, Element]


@dataclass
class ModelText:
    """A whole file; `entries` counts what stands in it, and `aside` tells what is read and has no part in a run."""

    ranges: dict[str, Range] = field(default_factory=dict)
    elements: dict[str, Element] = field(default_factory=dict)
    macros: dict[str, Macro] = field(default_factory=dict)
    method: str = "euler"
    entries: int = 0
    aside: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def key_of(name: str) -> str:
    """Return the one spelling of a name: languages ignore case, read blanks and underscores alike, and quotes not.

    Examples
    --------
    >>> key_of('Room  Temperature'), key_of('"GDP > 0"')
    ('room_temperature', 'gdp_>_0')
    """
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = name[1:-1]
    return re.sub(r"(?:[\s_]|\\n)+", "_", name.strip()).lower()


def subtrees(tree: Tree, leave_out: Callable[[Tree], bool] | None = None) -> Iterator[Tree]:
    """Yield a tree and everything inside it, without the trees that are left out and what is inside them."""
    if leave_out is not None and leave_out(tree):
        return
    yield tree
    inner: tuple[Tree, ...] = ()
    if isinstance(tree, (Application, Operation)):
        inner = tree.arguments
    if isinstance(tree, (Application, Name)):
        inner = (*inner, *(index for index in tree.subscripts if isinstance(index, Tree)))
    for child in inner:
        yield from subtrees(child, leave_out)
