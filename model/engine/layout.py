"""Where each variable of a model lies in the work space, and what it is called in generated code."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from . import functions
from .reading.ordering import Plan
from .reading.quantities import Quantity

GIVEN = {"time", "counter", "control", "constant", "lookup"}
RESERVED = {"math", "np", "njit", "places", "w", *vars(functions)}


@dataclass
class Layout:
    """Where each variable lies in the work space; dims are stored with the longest last.

    `axes[key]` gives, for each stored axis, the axis of the model; `inputs` is the part a run copies from `base`.
    """

    offsets: dict[str, int] = field(default_factory=dict)
    axes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    inputs: int = 0
    size: int = 0
    base: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    places: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def strides(self, quantity: Quantity) -> tuple[int, ...]:
        """Return the distance in `w` between neighbours along each of the model's dims."""
        strides = [0] * len(quantity.lengths)
        distance = 1
        for axis in reversed(self.axes[quantity.key]):
            strides[axis] = distance
            distance *= quantity.lengths[axis]
        return tuple(strides)


def lay_out(plan: Plan) -> Layout:
    """Give every variable its place: first what a run is given, then what it works out."""
    layout = Layout()
    used: set[str] = set()
    given = [item for item in plan.quantities.values() if item.kind in GIVEN]
    others = [item for item in plan.quantities.values() if item.kind not in GIVEN]
    for item in (*given, *others):
        layout.axes[item.key] = tuple(sorted(range(len(item.lengths)), key=lambda axis: item.lengths[axis]))
        layout.offsets[item.key] = layout.size
        layout.names[item.key] = _identifier(item, used)
        numbers = sum(len(stored(x, y)) for x, y in item.tables)
        layout.size += numbers if item.kind == "lookup" else item.size
        if item in given:
            layout.inputs = layout.size
    layout.base = np.full(layout.inputs, np.nan)
    for item in given:
        first = layout.offsets[item.key]
        if item.kind == "lookup":
            for x, y in item.tables:
                stretch = stored(x, y)
                layout.base[first : first + len(stretch)] = stretch
                first += len(stretch)
        elif item.value is not None:
            value = item.value if item.missing is None else np.where(item.missing, 0.0, item.value)
            layout.base[first : first + item.size] = value.transpose(layout.axes[item.key]).ravel()
    return layout


def stored(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return a table as it lies in the work space: its x, its y, and the slope behind each point.

    Examples
    --------
    >>> stored(np.array([0.0, 2.0]), np.array([1.0, 5.0])).tolist()
    [0.0, 2.0, 1.0, 5.0, 2.0, 0.0]
    """
    # Between points with the same x there is nothing to read.
    with np.errstate(divide="ignore", invalid="ignore"):
        slopes = np.diff(y) / np.diff(x)
    return np.concatenate([x, y, slopes, [0.0]])


def _identifier(item: Quantity, used: set[str]) -> str:
    words = re.sub(r"[^0-9a-z]+", "_", item.name.lower()).strip("_") or "variable"
    # Generated local names end in a digit, so that no variable may.
    if words[0].isdigit() or keyword.iskeyword(words) or words in RESERVED:
        words = f"the_{words}"
    if words[-1].isdigit():
        words += "_"
    name, number = words, 1
    while name in used:
        number += 1
        name = f"{words}_{number}_"
    used.add(name)
    return name
