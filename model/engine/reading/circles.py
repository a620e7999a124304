"""Variables that depend on each other, but not element by element: their equations are put in order one by one."""

from __future__ import annotations

import graphlib
import itertools
from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from .expressions import Expression, Index, Read, fix_loops, walk
from .quantities import Equation, Quantity, RefusedModelError

#: Elements put in order one by one; each is a line of its own in the generated code.
MOST_APART = 5_000


def nodes_in_circles(before: Mapping[str, set[str]]) -> set[str]:
    """Return the names that come, by some way, before themselves.

    Examples
    --------
    >>> sorted(nodes_in_circles({"a": {"b"}, "b": {"a"}, "c": {"a"}, "d": set()}))
    ['a', 'b']
    """
    try:
        graphlib.TopologicalSorter(before).prepare()
    except graphlib.CycleError:
        pass
    else:
        return set()
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    names = list(before)
    number = {name: place for place, name in enumerate(names)}
    pairs = [(number[name], number[source]) for name, sources in before.items() for source in sources]
    rows, columns = np.array(pairs).T
    graph = coo_array((np.ones(len(pairs)), (rows, columns)), shape=(len(names), len(names)))
    _, label = connected_components(graph, connection="strong")
    sizes = np.bincount(label)
    return {name for name in names if sizes[label[number[name]]] > 1 or name in before[name]}


def elements_apart(equations: Iterable[Equation], quantity: Quantity) -> Iterator[tuple[tuple[int, ...], Equation]]:
    """Yield, for each element of a variable, its place and its own equation.

    Raises
    ------
    RefusedModelError
        If there are more than can be put in order one by one.
    """
    if quantity.size > MOST_APART:
        message = (
            f"The model cannot be compiled: {quantity.name} depends on itself, and its {quantity.size:,} elements are "
            f"more than the {MOST_APART:,} that can be put in order one by one"
        )
        raise RefusedModelError(message)
    for equation in equations:
        passes = [range(loop.length) for loop in equation.loops]
        for positions in itertools.product(*passes):
            at = {loop.name: position for loop, position in zip(equation.loops, positions, strict=True)}
            place = tuple(index.places[0 if index.loop is None else at[index.loop]] for index in equation.indices)
            indices = tuple(Index(None, (one,)) for one in place)
            yield place, Equation(equation.target, (), indices, fix_loops(equation.expression, at))


def places_read(expression: Expression, variables: set[str]) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield the elements of some variables that an expression reads, wherever the loops of its reductions are."""
    for part in walk(expression):
        if not isinstance(part, Read) or part.variable not in variables:
            continue
        loops = {index.loop: len(index.places) for index in part.indices if index.loop is not None}
        for positions in itertools.product(*(range(length) for length in loops.values())):
            at = dict(zip(loops, positions, strict=True))
            yield (
                part.variable,
                tuple(index.places[0 if index.loop is None else at[index.loop]] for index in part.indices),
            )
