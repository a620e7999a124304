"""The typed model that stands between a model file and the code made of it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..errors import UserError
from .expressions import Expression, Index, Loop

#: What random numbers follow from beside their seed.
RUN_NUMBER, STEP_NUMBER = "#run", "#step"
CONTROLS = ("initial_time", "final_time", "time_step", "saveper")


class RefusedModelError(UserError):
    """A model uses something this engine does not know; the message lists every variable and reason."""


@dataclass(frozen=True)
class Equation:
    """One assignment: `target` at `indices`, for every pass of `loops`, becomes `expression`."""

    target: str
    loops: tuple[Loop, ...]
    indices: tuple[Index, ...]
    expression: Expression


@dataclass
class Quantity:
    """A variable of the model, or a hidden one that a delay or a reduction needs.

    `kind` is stock, flow, auxiliary, constant, control, lookup or time for what the modeller wrote; hidden quantities
    are states (kind stock), auxiliaries and counters.
    """

    key: str
    name: str
    kind: str
    dims: tuple[str, ...] = ()
    lengths: tuple[int, ...] = ()
    unit: str = ""
    #: Limits of a reasonable value, as the file states them.
    low: float | None = None
    high: float | None = None
    comment: str = ""
    text: str = ""
    hidden: bool = False
    changeable: bool = False
    equations: list[Equation] = field(default_factory=list)
    starts: list[Equation] = field(default_factory=list)
    value: npt.NDArray[np.float64] | None = None
    tables: list[tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]] = field(default_factory=list)
    table_of: npt.NDArray[np.int64] | None = None
    #: Elements that no equation defines, if there are any.
    missing: npt.NDArray[np.bool_] | None = None
    #: Whether it is a data variable that the file gives no numbers: a run must be given them.
    without_numbers: bool = False

    @property
    def size(self) -> int:
        """Count the elements."""
        return math.prod(self.lengths)


@dataclass(frozen=True)
class Pipe:
    """A DELAY FIXED: the state it feeds, the hidden input it takes and the hidden delay time."""

    state: str
    source: str
    delay: str


@dataclass
class Definition:
    """A whole model in typed form.

    `updates` holds, for each function with memory, the assignments that carry it to the next step; those of one
    function are made one after the other, and no function reads the states of another there. `method` is how the
    file asks for states to be integrated: euler, rk2 or rk4.
    """

    quantities: dict[str, Quantity]
    updates: list[tuple[Equation, ...]]
    pipes: list[Pipe]
    ranges: dict[str, list[str]]
    method: str = "euler"


@contextmanager
def explain_unreadable(path: Path) -> Iterator[None]:
    """Tell what is wrong with a model file in words that start with its name, whatever the parser makes of it."""
    try:
        yield
    except RefusedModelError as error:
        message = f"{path.name}: {error}"
        raise RefusedModelError(message) from None
    except OSError:
        raise
    except Exception as error:
        # A damaged file can fail anywhere in PySD's parser or behind it.
        reason = " ".join(str(error).split()) or type(error).__name__
        message = (
            f"{path.name} cannot be read as a model: {reason[:300]}. Compare it with the last version of the file that "
            "could be read."
        )
        raise RefusedModelError(message) from error
