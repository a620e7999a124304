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
    """A compiled model without its code; `order` is that in which all variables are worked out, by key."""

    name: str  # Of the model file.
    variables: dict[str, Variable]  # What a user sees.
    ranges: dict[str, list[str]]
    layout: Layout
    keys: dict[str, str]  # Key of each variable by its name.
    lengths: dict[str, tuple[int, ...]]  # Of the dims, by key.
    states: tuple[str, ...]
    order: tuple[str, ...]
    needs: dict[str, set[str]]  # What each variable depends on.
    blocks: tuple[frozenset[str], ...]  # Keys of the variables that each generated function works out.
    pipes: tuple[Pipe, ...]  # Fixed delays, each with so many elements:
    pipe_sizes: tuple[int, ...]
    controls: dict[str, Expression]  # Time settings.
    missing: dict[str, npt.NDArray[np.bool_]]  # Elements that no equation defines, by key.
    without_numbers: frozenset[str]  # Keys of data variables whose numbers a run must be given.
    lookups: tuple[tuple[str, str, float, float], ...]  # Lookup, variable it is read at, first and last x.

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
