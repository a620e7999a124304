"""From a request to the arrays that the compiled code takes, and from those it fills to results by name."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .functions import FINAL, FIRST_ABOVE, LARGEST, SUM
from .prepared import PreparedModel
from .reading.expressions import Call, Expression, Number, Read
from .reading.quantities import CONTROLS, Pipe
from .requests import FIXED_TIMES, Change, ChangeError, Reduction, Request
from .results import time_grid

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.uint8]


class RunInputs(NamedTuple):
    """What the compiled code is given: the same for all runs of a request."""

    base: Floats  # The work space with the model's own numbers and time settings.
    places: Integers  # Lists of places in the work space that follow no straight line.
    times: Floats  # Times a run passes through.
    saved: Flags  # Whether each of these is saved.
    labels: Floats  # The saved ones as written on results.
    needed_blocks: Flags  # Whether each generated function is needed for what is asked for.
    moving: bool  # Whether a change is a path over time.
    changes: Integers  # Changed constants, row by row; see `functions.put_changes` for these three.
    knots: Floats
    values: Floats
    pipes: Integers  # Fixed delays, row by row; see `functions.start_pipes`.
    segments: Integers  # Start and size of the outputs kept over time, row by row.
    reductions: Integers  # Start, size and kind of the outputs that are reduced; see `functions.reduce`.
    thresholds: Floats
    states: Integers  # Start and size of the states that must stay finite.
    keep_going: bool = False  # Whether a run goes on after a value that is not finite.

    def arrays(self, out: Floats, reduced: Floats) -> list[npt.NDArray[Any]]:
        """Return the arrays that `run_block` takes behind the numbers of the runs, but for those that it fills."""
        sizes = np.array(
            [
                len(self.base), len(self.times), len(self.changes), len(self.pipes), len(self.segments),
                len(self.reductions), len(self.states), out.shape[1], out.shape[2], reduced.shape[1],
                self.moving, self.keep_going,
            ],
            dtype=np.int64,
        )  # fmt: skip
        return [
            sizes, self.base, self.places, self.times, self.saved, self.labels, self.needed_blocks, self.changes,
            self.knots, self.values, self.pipes, self.segments, self.reductions, self.thresholds, self.states,
        ]  # fmt: skip


_CODES = {"final": FINAL, "sum": SUM}
_ARITHMETIC: dict[str, Any] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": operator.pow,
    "negative": operator.neg,
    "min": min,
    "max": max,
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    ":and:": lambda left, right: bool(left) and bool(right),
    ":or:": lambda left, right: bool(left) or bool(right),
    "not": operator.not_,
    "if_then_else": lambda condition, left, right: left if condition else right,
    "integer": math.trunc,
    "floor": math.floor,
    "abs": abs,
}


def make_inputs(
    prepared: PreparedModel, request: Request, balances: Iterable[str] = (), *, every_step: bool = False
) -> RunInputs:
    """Return the arrays of a request; the largest sizes of the balances stand behind what is asked for."""
    layout = prepared.layout
    base = np.zeros(layout.size)
    base[: layout.inputs] = layout.base
    settings = time_settings(prepared, request)
    for key, value in settings.items():
        base[layout.offsets[key]] = value
    times, saved, labels = time_grid(*(settings[key] for key in CONTROLS))
    if every_step:
        saved = np.ones_like(saved)
    watched = [prepared.keys[name] for name in balances]
    needed = prepared.needed([*(prepared.keys[name] for name in request.outputs), *watched])
    reduced = [name for name in request.outputs if name in request.reductions]
    kinds = [*(_code(request.reductions[name]) for name in reduced), *[(LARGEST, np.nan)] * len(watched)]
    changes, knots, values = _change_tables(prepared, request.changes)
    pipes = [
        row
        for pipe, size in zip(prepared.pipes, prepared.pipe_sizes, strict=True)
        for row in _pipe(prepared, pipe, size)
    ]
    ends = prepared.segments([*(prepared.keys[name] for name in reduced), *watched])
    return RunInputs(
        base=base,
        places=layout.places,
        times=times,
        saved=saved.astype(np.uint8),
        labels=labels,
        needed_blocks=np.asarray([bool(keys & needed) for keys in prepared.blocks], dtype=np.uint8),
        moving=any(len(change.knots) > 1 for change in request.changes),
        changes=changes,
        knots=knots,
        values=values,
        pipes=np.asarray(pipes, dtype=np.int64).reshape(-1, 4),
        segments=prepared.segments([prepared.keys[name] for name in request.outputs if name not in request.reductions]),
        reductions=np.column_stack([ends, np.asarray([code for code, _ in kinds], dtype=np.int64)]),
        thresholds=np.asarray([threshold for _, threshold in kinds], dtype=np.float64),
        states=prepared.segments([key for key in prepared.states if key in needed]),
    )


def allocate_outputs(inputs: RunInputs, count: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return arrays for courses, with axes (run, time, element), and for reduced outputs, (run, element)."""
    courses, reduced = (int(table[:, 1].sum()) for table in (inputs.segments, inputs.reductions))
    return np.empty((count, int(inputs.saved.sum()), courses)), np.empty((count, reduced))


def refuse_more_than_there_is(inputs: RunInputs, count: int) -> None:
    """Refuse runs whose outputs are larger than the free memory, where the system says how much that is.

    Raises
    ------
    ChangeError
        Saying how much is needed, how much there is, and what to do.
    """
    courses, reduced = (int(table[:, 1].sum()) for table in (inputs.segments, inputs.reductions))
    needed, free = 8 * count * (int(inputs.saved.sum()) * courses + reduced), free_memory()
    if free is not None and needed > free:
        message = (
            f"The results of {count:,} runs take {needed / 2**30:,.1f} GiB of memory, and {free / 2**30:,.1f} GiB "
            "are free. Ask for fewer variables with outputs=, for less of each with reduce= or saveper=, or write to a "
            "folder with run_to_store"
        )
        raise ChangeError(message)


def free_memory() -> int | None:
    """Return the bytes of memory that are free, or None where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    sizes = dict(line.partition(":")[::2] for line in lines)
    return int(sizes["MemAvailable"].split()[0]) * 1024 if "MemAvailable" in sizes else None


def split_outputs(
    prepared: PreparedModel, request: Request, courses: npt.NDArray[np.float64], reduced: npt.NDArray[np.float64]
) -> dict[str, npt.NDArray[np.float64]]:
    """Return the results of each variable with axes (run, time, subscripts), as views."""
    arrays: dict[str, npt.NDArray[np.float64]] = {}
    next_course = next_reduced = 0
    for name in request.outputs:
        key = prepared.keys[name]
        lengths, axes, size = prepared.lengths[key], prepared.layout.axes[key], prepared.size(key)
        if name in request.reductions:
            flat = reduced[:, next_reduced : next_reduced + size]
            next_reduced += size
        else:
            flat = courses[:, :, next_course : next_course + size]
            next_course += size
        leading = flat.shape[:-1]
        stored = flat.reshape(*leading, *(lengths[axis] for axis in axes))
        order = (len(leading) + axes.index(axis) for axis in range(len(axes)))
        arrays[name] = stored.transpose(*range(len(leading)), *order)
        if key in prepared.missing:
            arrays[name][..., prepared.missing[key]] = np.nan
    return arrays


def time_settings(prepared: PreparedModel, request: Request) -> dict[str, float]:
    """Work out the time settings of a request, by key; a `ChangeError` if they differ between runs or times."""
    settings: dict[str, float] = {}
    constants = {change.name: change for change in request.changes}
    names = {key: name for name, key in prepared.keys.items()}
    waiting: set[str] = set()

    def value(expression: Expression) -> float:
        if isinstance(expression, Number):
            return expression.value
        if isinstance(expression, Read) and expression.variable in CONTROLS:
            return setting(expression.variable)
        if isinstance(expression, Read) and all(index.loop is None for index in expression.indices):
            name = names.get(expression.variable, "")
            variable = prepared.variables.get(name)
            place = tuple(index.places[0] for index in expression.indices)
            if variable is not None and variable.default is not None:
                change = constants.get(name)
                if change is None:
                    return float(variable.default[place])
                if change.values.shape[:2] == (1, 1):
                    return float(change.values[0, 0][place])
        if isinstance(expression, Call) and expression.function in _ARITHMETIC:
            return float(_ARITHMETIC[expression.function](*(value(part) for part in expression.arguments)))
        raise ChangeError(FIXED_TIMES)

    def setting(key: str) -> float:
        if key not in settings:
            given = request.controls.get(key.upper().replace("_", " "))
            if given is None and key in waiting:
                message = f"{key.upper().replace('_', ' ')} depends on itself"
                raise ChangeError(message)
            waiting.add(key)
            settings[key] = value(prepared.controls[key]) if given is None else given
        return settings[key]

    for key in CONTROLS:
        setting(key)
    return settings


def _pipe(prepared: PreparedModel, pipe: Pipe, size: int) -> list[tuple[int, int, int, int]]:
    """Return the pipe of a fixed delay, or one for each element where each has a delay time of its own."""
    state, source, delay = (prepared.layout.offsets[key] for key in (pipe.state, pipe.source, pipe.delay))
    if prepared.size(pipe.delay) == 1:
        return [(state, source, size, delay)]
    return [(state + place, source + place, 1, delay + place) for place in range(size)]


def _code(reduction: Reduction) -> tuple[int, float]:
    return (_CODES[reduction], np.nan) if isinstance(reduction, str) else (FIRST_ABOVE, float(reduction.threshold))


def _change_tables(
    prepared: PreparedModel, changes: tuple[Change, ...]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    layout = prepared.layout
    rows: list[tuple[int, ...]] = []
    knots: list[npt.NDArray[np.float64]] = [np.zeros(0)]
    values: list[npt.NDArray[np.float64]] = [np.zeros(0)]
    first_knot = first_value = 0
    for change in changes:
        key = prepared.keys[change.name]
        stored = change.values.transpose(0, 1, *(2 + axis for axis in layout.axes[key]))
        size, count = prepared.size(key), len(change.knots)
        stride = count * size if stored.shape[0] > 1 else 0
        rows.append((layout.offsets[key], size, first_knot, count, first_value, stride))
        knots.append(change.knots)
        values.append(stored.ravel())
        first_knot += count
        first_value += stored.size
    return np.asarray(rows, dtype=np.int64).reshape(-1, 6), np.concatenate(knots), np.concatenate(values)
