"""What is kept of a compiled model beside its code, so that the model file is not read again."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .layout import Layout
from .reading.expressions import Expression, sources
from .reading.quantities import Pipe
from .variables import Variable

#: The file of a prepared model within an entry of the cache.
PREPARED = "prepared.pickle"


@dataclass(frozen=True)
class PreparedModel:
    """A compiled model without its code.

    Attributes
    ----------
    name
        Of the model file.
    variables, ranges
        What a user sees, and the elements of the subscript ranges.
    layout
        Where each variable lies in the work space.
    keys, lengths
        Key of each variable by its name, and lengths of its dims by key.
    states, order
        Keys of states, and of all variables in the order in which they are worked out.
    needs
        What each variable depends on.
    blocks
        Keys of the variables that each generated function works out.
    pipes, pipe_sizes
        The fixed delays, and the number of elements of each.
    controls
        Expressions of the time settings.
    """

    name: str
    variables: dict[str, Variable]
    ranges: dict[str, list[str]]
    layout: Layout
    keys: dict[str, str]
    lengths: dict[str, tuple[int, ...]]
    states: tuple[str, ...]
    order: tuple[str, ...]
    needs: dict[str, set[str]]
    blocks: tuple[frozenset[str], ...]
    pipes: tuple[Pipe, ...]
    pipe_sizes: tuple[int, ...]
    controls: dict[str, Expression]

    def size(self, key: str) -> int:
        """Count the elements of a variable."""
        return math.prod(self.lengths[key])

    def segments(self, keys: Iterable[str]) -> npt.NDArray[np.int64]:
        """Return start and size of variables in the work space, one row each."""
        rows = [(self.layout.offsets[key], self.size(key)) for key in keys]
        return np.asarray(rows, dtype=np.int64).reshape(-1, 2)

    def needed(self, keys: Iterable[str]) -> set[str]:
        """Return the keys of all that some variables depend on, themselves included."""
        return sources(self.needs, keys)
