"""How generated code is spelt: what every language must say, and how Python says it, for `native` to compile."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import FunctionType
from typing import Final, Literal, Protocol

from . import functions
from .functions import MULTIPLIES_AND_ADDS
from .reading.expressions import FUNCTIONS

#: What a piece of generated code is: a number of the model, a truth value, or a place in the work space.
Kind = Literal["number", "truth", "place"]
#: The number and the name of blocks, in the order in which they are called.
Calls = tuple[tuple[int, str], ...]
#: What generated code may call of `functions`.
HELPERS: Final = frozenset(name for name, value in vars(functions).items() if isinstance(value, FunctionType))


@dataclass(frozen=True)
class Running:
    """What the code that runs a model needs to know of it.

    `time`, `time_step` and, where there are any, `run_number` and `step_number` are places in the work space;
    `integrals` and `moved` are start and size of the states that a Runge-Kutta step integrates, and of those that are
    only set anew after each step.
    """

    inputs: int
    time: int
    time_step: int
    run_number: int | None
    step_number: int | None
    starting: Calls
    once: Calls
    step: Calls
    output: Calls
    updating: Calls
    method: str
    integrals: Sequence[tuple[int, int]]
    moved: Sequence[tuple[int, int]]


class Spelling(Protocol):
    """A language that `Generator` writes in; every method returns text, lines of code without their indentation."""

    #: Templates of operators: numbers made of numbers, truth values of numbers, and truth values of truth values.
    arithmetic: Mapping[str, str]
    comparison: Mapping[str, str]
    logic: Mapping[str, str]
    #: Whether a division by what a loop does not change is a multiplication that comes out the same.
    divides_by_inverses: bool
    #: What ends a loop.
    loop_end: Sequence[str]

    def name(self, variable: str) -> str:
        """Name the constant that says where a variable starts."""

    def literal(self, value: float) -> str:
        """Write a number."""

    def function(self, function: str) -> str:
        """Name what a function of the model language is called."""

    def conditional(self, condition: str, first: str, second: str) -> str:
        """Work out one of two values."""

    def as_number(self, place: str) -> str:
        """Turn a whole number into a number of the model."""

    def comment(self, text: str) -> str:
        """Say something to the reader."""

    def local(self, kind: Kind | Literal["total"], name: str, value: str) -> str:
        """Give a value a name of its own; a total is changed later."""

    def assign(self, target: str, value: str) -> str:
        """Give what is there a new value."""

    def loop(self, variable: str, length: int) -> str:
        """Begin a loop."""

    def block(self, name: str, lines: Sequence[str]) -> str:
        """Write the function of a block of equations."""

    def run(self, running: Running) -> str:
        """Write the function that makes runs."""

    def module(self, title: str, offsets: Mapping[str, int], blocks: Sequence[str], run: str) -> str:
        """Put the parts together."""


#: Operators that Python and C write alike.
ARITHMETIC: Mapping[str, str] = {operator: f"({{}} {operator} {{}})" for operator in "+-*/"} | {"negative": "(-{})"}
COMPARISON: Mapping[str, str] = {"=": "({} == {})", "<>": "({} != {})"} | {
    operator: f"({{}} {operator} {{}})" for operator in (">", "<", ">=", "<=")
}


class PythonSpelling:
    """Python as `native` compiles it."""

    arithmetic: Mapping[str, str] = {**ARITHMETIC, "^": "({} ** {})", "pi": "np.pi"}
    comparison: Mapping[str, str] = COMPARISON
    logic: Mapping[str, str] = {"not": "(not {})", "and": "({} & {})", "or": "({} | {})"}
    divides_by_inverses = MULTIPLIES_AND_ADDS
    loop_end: Sequence[str] = ()

    def name(self, variable: str) -> str:
        """Name a variable as the layout does."""
        return variable

    def literal(self, value: float) -> str:
        """Write a number in the fewest digits that give it back."""
        if math.isnan(value):
            return "np.nan"
        if math.isinf(value):
            return "np.inf" if value > 0 else "(-np.inf)"
        return repr(float(value)) if value >= 0 else f"({float(value)!r})"

    def function(self, function: str) -> str:
        """Name a function of `functions`, of math or of numpy."""
        _, name = FUNCTIONS.get(function, (0, function))
        return name

    def conditional(self, condition: str, first: str, second: str) -> str:
        """Write a conditional expression."""
        return f"({first} if {condition} else {second})"

    def as_number(self, place: str) -> str:
        """Write a conversion."""
        return f"float({place})"

    def comment(self, text: str) -> str:
        """Write a comment."""
        return f"# {text}"

    def local(self, kind: Kind | Literal["total"], name: str, value: str) -> str:
        """Write an assignment, whatever the kind."""
        return f"{name} = {value}"

    def assign(self, target: str, value: str) -> str:
        """Write an assignment."""
        return f"{target} = {value}"

    def loop(self, variable: str, length: int) -> str:
        """Write the head of a loop, which ends with its indentation."""
        return f"for {variable} in range({length}):"

    def block(self, name: str, lines: Sequence[str]) -> str:
        """Write a function of the part of Python that is compiled."""
        return "\n".join([f"def {name}(w: Floats, places: Integers) -> None:", *(lines or ["    pass"]), "", ""])

    def run(self, running: Running) -> str:
        """Write the loops over runs and moments, and between moments a step of the method."""

        def calls(blocks: Calls, indent: int) -> str:
            pad = " " * indent
            lines = [f"{pad}if need[{number}]:\n{pad}    {name}(w, places)" for number, name in blocks]
            return "\n".join(lines) or f"{pad}pass"

        step_number = running.step_number
        parts: dict[str, object] = {
            "time": running.time,
            "time_step": running.time_step,
            "this_run": "" if running.run_number is None else f"\n        w[{running.run_number}] = run",
            "this_step": "" if step_number is None else f"\n            w[{step_number}] = moment",
            "no_step": "" if step_number is None else f"\n        w[{step_number}] = 0.0",
            "starting": calls(running.starting, 8),
            "once": calls(running.once, 16),
            "step": calls(running.step, 12),
            "output": calls(running.output, 16),
        }
        if running.method == "euler":
            move = EULER.format(update=calls(running.updating, 12), **parts)
            return RUN.format(inputs=running.inputs, tables="", released="", move=move, **parts)
        weights, shares, nodes = RUNGE_KUTTA[running.method]
        integrals, moved = ([number for row in rows for number in row] for rows in (running.integrals, running.moved))
        integral_size, moved_size = (sum(size for _, size in rows) for rows in (running.integrals, running.moved))
        tables = STAGE_TABLES.format(integrals=integrals, moved=moved, weights=weights, shares=shares, nodes=nodes)
        arrays = STAGE_ARRAYS.format(integrals=integral_size, moved=moved_size)
        inner = {
            "stages": len(weights),
            "integral_rows": len(running.integrals),
            "moved_rows": len(running.moved),
            "integral_size": integral_size,
            "once_again": calls(running.once, 24),
            "step_again": calls(running.step, 20),
            "update": calls(running.updating, 16),
        }
        run = RUN.format(
            inputs=running.inputs,
            tables=arrays,
            released=STAGE_ARRAYS_RELEASED,
            move=STAGES.format(**inner, **parts),
            **parts,
        )
        return tables + run

    def module(self, title: str, offsets: Mapping[str, int], blocks: Sequence[str], run: str) -> str:
        """Write a module that Python can import."""
        starts = [f"{name} = {offset}" for name, offset in offsets.items()]
        words = set(re.findall(r"\b\w+(?=\()", "".join([*blocks, run])))
        used = "\n".join(f"    {name}," for name in sorted(words & HELPERS))
        head = HEADER.format(title=title, package=__package__, used=used)
        return "\n".join([head, *starts, "", "", *blocks, run])


HEADER = '''"""{title}."""

from __future__ import annotations

import math

import numpy as np

from {package}.functions import (
    Flags,
    Floats,
    Integers,
{used}
)

# Where each variable starts in the work space w.'''

RUN = """def run_block(
    first: int, last: int, sizes: Integers, base: Floats, places: Integers, times: Floats, saved: Flags, labels: Floats,
    need: Flags, changes: Integers, knots: Floats, values: Floats, pipe_table: Integers, segments: Integers,
    reductions: Integers, thresholds: Floats, states: Integers, out: Floats, reduced: Floats, failed: Integers,
) -> None:
    size, moments, change_rows, pipe_rows = sizes[0], sizes[1], sizes[2], sizes[3]
    segment_rows, reduction_rows, state_rows = sizes[4], sizes[5], sizes[6]
    saved_moments, kept, reduced_size = sizes[7], sizes[8], sizes[9]
    moving, keep_going = sizes[10] != 0, sizes[11] != 0
    w = np.empty(size)
    for k in range(size):
        w[k] = base[k]
    pointers = np.empty(3 * pipe_rows, dtype=np.int64){tables}
    for run in range(first, last):
        for k in range({inputs}):
            w[k] = base[k]
        w[{time}] = times[0]{this_run}{no_step}
        put_changes(w, run, times[0], False, changes, change_rows, knots, values)
{starting}
        pipes = np.empty(start_pipes(w, pipe_table, pipe_rows, w[{time_step}], pointers))
        fill_pipes(w, pipe_table, pipe_rows, pointers, pipes)
        count = 0
        for moment in range(moments):
            w[{time}] = times[moment]{this_step}
            if moving and moment > 0:
                put_changes(w, run, times[moment], True, changes, change_rows, knots, values)
            if moving or moment == 0:
{once}
                pass
{step}
            if saved[moment]:
{output}
                good = keep(w, segments, segment_rows, out, ((run - first) * saved_moments + count) * kept)
                good = reduce(
                    w, reductions, reduction_rows, thresholds, labels[count], count == 0, reduced,
                    (run - first) * reduced_size,
                ) and good
                good = all_finite(w, states, state_rows) and good
                count += 1
                if not good and failed[run - first] < 0:
                    failed[run - first] = moment
                    if not keep_going:
                        break
            if moment + 1 == moments:
                break
{move}
        release(pipes)
    release(w)
    release(pointers){released}
"""
EULER = """            move_pipes(w, pipe_table, pipe_rows, pointers, pipes)
{update}"""
#: For each method, how much each stage counts, how far it goes to the next, and at which part of the step it stands.
RUNGE_KUTTA: Final = {
    "rk2": ((0.5, 0.5), (1.0, 0.0), (0.0, 1.0)),
    "rk4": ((1 / 6, 1 / 3, 1 / 3, 1 / 6), (0.5, 0.5, 1.0, 0.0), (0.0, 0.5, 0.5, 1.0)),
}
STAGE_TABLES = """# Start and size of the states that are integrated, and of those that are set anew after each step.
INTEGRALS = {integrals}
MOVED = {moved}
WEIGHTS = {weights}
SHARES = {shares}
NODES = {nodes}


"""
STAGE_ARRAYS = """
    origin, before, total = np.empty({integrals}), np.empty({integrals}), np.empty({integrals})
    held, after = np.empty({moved}), np.empty({moved})"""
STAGE_ARRAYS_RELEASED = "".join(f"\n    release({name})" for name in ("origin", "before", "total", "held", "after"))
STAGES = """            copy_out(w, INTEGRALS, {integral_rows}, origin)
            copy_out(w, MOVED, {moved_rows}, held)
            for k in range({integral_size}):
                total[k] = 0.0
            for stage in range({stages}):
                if stage > 0:
                    w[{time}] = times[moment] + NODES[stage] * w[{time_step}]
                    if moving:
                        put_changes(w, run, w[{time}], True, changes, change_rows, knots, values)
{once_again}
{step_again}
                else:
                    move_pipes(w, pipe_table, pipe_rows, pointers, pipes)
                copy_out(w, INTEGRALS, {integral_rows}, before)
{update}
                if stage == 0:
                    copy_out(w, MOVED, {moved_rows}, after)
                copy_back(w, MOVED, {moved_rows}, held)
                end_stage(w, INTEGRALS, {integral_rows}, origin, before, total, WEIGHTS[stage], SHARES[stage])
            copy_back(w, MOVED, {moved_rows}, after)"""

PYTHON: Final = PythonSpelling()
