"""Write a model as one readable module: its loops, addresses and reductions, in the words of one spelling.

All numbers of a run lie in one array `w`; a variable is the stretch that starts at the constant of its name.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .layout import Layout, stored
from .reading.expressions import (
    ActiveInitial,
    Call,
    Expression,
    Index,
    Interpolation,
    Loop,
    Number,
    Position,
    Read,
    Whole,
    walk,
)
from .reading.lowering import Statement
from .reading.ordering import ONCE, OUTPUT, STEP, Plan
from .reading.quantities import RUN_NUMBER, STEP_NUMBER, Pipe
from .reading.scheduling import Block
from .spelling import PYTHON, Calls, Kind, Running, Spelling

DEEPEST = 80
SLOW = {"ln", "log", "power", "^", "sin", "cos", "tan", "modulo", "quantum", "pulse_train", "gamma_ln"}
SLOW |= {"random_uniform", "random_normal", "random_exponential", "random_poisson"}
REDUCED = {"sum": ("plus", 0.0), "prod": ("times", 1.0), "min": ("smaller", math.inf), "max": ("larger", -math.inf)}


@dataclass(frozen=True)
class _Piece:
    """Generated text, what it is, and the innermost loop it depends on (0: none)."""

    text: str
    kind: Kind
    depth: int


@dataclass(frozen=True)
class _Pass:
    """A loop to be written: that of one range, or of several that lie in one row, the innermost named last."""

    names: tuple[str, ...]
    length: int


class Generator:
    """Writes the module of one model."""

    def __init__(
        self, plan: Plan, layout: Layout, pipes: list[Pipe], method: str = "euler", spelling: Spelling = PYTHON
    ) -> None:
        self.plan = plan
        self.spelling = spelling
        self.method = method
        self.layout = layout
        self.pipes = pipes
        self.places: list[int] = []
        self.place_of: dict[tuple[int, ...], int] = {}
        self.constants: set[str] = set()
        self.count = 0

    def module(self, title: str) -> str:
        """Return the source text."""
        blocks = [*self.plan.starting, *self.plan.stepping, *self.plan.updating]
        unique = {block.name: block for block in blocks}
        written = [self._function(block) for block in unique.values()]
        run = self._run(list(unique))
        names = sorted(self.constants, key=lambda key: self.layout.offsets[key])
        offsets = {self.spelling.name(self.layout.names[key]): self.layout.offsets[key] for key in names}
        self.layout.places = np.asarray(self.places, dtype=np.int64)
        return self.spelling.module(title, offsets, written, run)

    # Functions.

    def _function(self, block: Block) -> str:
        self.count = 0
        lines = [line for group in block.groups for line in _Loops(self, group).lines()]
        return self.spelling.block(block.name, lines)

    def _run(self, names: list[str]) -> str:
        position = {name: number for number, name in enumerate(names)}

        def calls(blocks: Iterable[Block], frequency: str | None = None) -> Calls:
            return tuple((position[block.name], block.name) for block in blocks if frequency in (None, block.frequency))

        stepping = self.plan.stepping
        integrals, moved = self._states() if self.method != "euler" else ([], [])
        return self.spelling.run(
            Running(
                inputs=self.layout.inputs,
                time=self.layout.offsets["time"],
                time_step=self.layout.offsets["time_step"],
                run_number=self.layout.offsets.get(RUN_NUMBER),
                step_number=self.layout.offsets.get(STEP_NUMBER),
                starting=calls(self.plan.starting),
                once=calls(stepping, ONCE),
                step=calls(stepping, STEP),
                output=calls(stepping, OUTPUT),
                updating=calls(self.plan.updating),
                method=self.method,
                integrals=integrals,
                moved=moved,
            )
        )

    def _states(self) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """Return where states lie that are integrated, and those that are only set anew after each step."""
        integrals: dict[str, None] = {}
        moved: dict[str, None] = {pipe.state: None for pipe in self.pipes}
        for block in self.plan.updating:
            for statement in block.statements:
                if self.plan.quantities[statement.target].kind == "stock":
                    kept = integrals if _is_integral(statement) else moved
                    kept[statement.target] = None
        segments = [
            [(self.layout.offsets[key], self.plan.quantities[key].size) for key in keys] or [(0, 0)]
            for keys in (integrals, moved)
        ]
        return segments[0], segments[1]

    def number(self) -> int:
        """Return the next number for a local name of the function that is being written."""
        self.count += 1
        return self.count

    def name(self, key: str) -> str:
        """Return the constant that says where a variable starts."""
        self.constants.add(key)
        return self.spelling.name(self.layout.names[key])

    def table(self, places: tuple[int, ...]) -> int:
        """Return where a list of places that follow no straight line is kept."""
        if places not in self.place_of:
            self.place_of[places] = len(self.places)
            self.places.extend(places)
        return self.place_of[places]


class _Loops:
    """Writes one nest of loops with the statements in it; what an inner loop does not change is moved out."""

    def __init__(self, generator: Generator, group: list[Statement]) -> None:
        self.generator = generator
        self.spelling = generator.spelling
        self.group = group
        first = max(group, key=lambda statement: len(statement.loops))
        # Stable: of equally long loops the one stored last stays innermost.
        passes = [_Pass((loop.name,), loop.length) for loop in (*self._stored_order(first), *first.over)]
        self.loops = self._united(sorted(passes, key=lambda one: one.length))
        self.variables: dict[str, str] = {}
        self.level: dict[str, int] = {}
        for number, one in enumerate(self.loops):
            words = re.sub(r"[^0-9a-z]+", "_", " ".join(one.names).lower()).strip("_") or "range"
            self.variables[one.names[-1]] = f"{words}_{number}"
            self.level.update(dict.fromkeys(one.names, number + 1))
        # Lines before, in and after each loop, by how many loops are around them.
        self.body: list[list[str]] = [[] for _ in range(len(self.loops) + 1)]
        self.closing: list[list[str]] = [[] for _ in range(len(self.loops) + 1)]
        self.bound: dict[tuple[int, str], str] = {}
        self.written: dict[tuple[str, tuple[Index, ...]], str] = {}
        self.reads = Counter(
            part for statement in group for part in walk(statement.expression) if isinstance(part, Read)
        )

    def _stored_order(self, statement: Statement) -> list[Loop]:
        quantity = self.generator.plan.quantities[statement.target]
        by_name = {loop.name: loop for loop in statement.loops}
        order = [statement.indices[axis].loop for axis in self.generator.layout.axes[quantity.key]]
        return [by_name[name] for name in order if name is not None]

    def _united(self, passes: list[_Pass]) -> list[_Pass]:
        """Make one loop of two where all that is read or written lies in one row, as long loops suit the processor."""
        united = list(passes)
        for outermost in range(len(passes) - 2, -1, -1):
            outer, inner = united[outermost : outermost + 2]
            if self._in_one_row(outer.names[-1], inner.names[-1], inner.length):
                united[outermost : outermost + 2] = [_Pass((*outer.names, *inner.names), outer.length * inner.length)]
        return united

    def _in_one_row(self, outer: str, inner: str, length: int) -> bool:
        for statement in self.group:
            over = {loop.name for loop in statement.over}
            if (outer in over) != (inner in over):
                return False
            for part in walk(statement.expression):
                if isinstance(part, (Position, Interpolation, Whole)):
                    return False
            reads = [part for part in walk(statement.expression) if isinstance(part, Read)]
            for part in (Read(statement.target, statement.indices), *reads):
                slopes = self._slopes(part)
                if slopes is None or slopes.get(outer, 0) != length * slopes.get(inner, 0):
                    return False
        return True

    def _slopes(self, part: Read) -> dict[str, int] | None:
        """Return how far each loop moves along the work space, or nothing if not evenly."""
        strides = self.generator.layout.strides(self.generator.plan.quantities[part.variable])
        slopes: dict[str, int] = {}
        for index, stride in zip(part.indices, strides, strict=True):
            if index.loop is None:
                continue
            line = _straight(index.places)
            if line is None or index.loop in slopes:
                return None
            slopes[index.loop] = stride * line[1]
        return slopes

    def lines(self) -> list[str]:
        before: list[str] = []
        for statement in self.group:
            quantity = self.generator.plan.quantities[statement.target]
            equation = f" = {quantity.text}" if quantity.text and not quantity.hidden else ""
            before.append(f"    {self.spelling.comment(f'{quantity.name}{equation}')}"[:400])
        depth = len(self.loops)
        for statement in self.group:
            value = self._emit(statement.expression, lazy=depth == 0)
            if statement.operator is not None:
                before += self._reduction(statement, value)
                continue
            name = self._new()
            self.body[depth].append(self.spelling.local("number", name, self._number(value)))
            self.body[depth].append(self.spelling.assign(self._target(statement), name))
            self.written[statement.target, statement.indices] = name
        return [*before, *self._nest()]

    def _reduction(self, statement: Statement, value: _Piece) -> list[str]:
        """Add one value to a total; return the lines that clear the total if it is kept in memory."""
        operator, first = REDUCED[statement.operator or "sum"]
        # What stands alone needs no brackets.
        assign, start = self.spelling.assign, self.spelling.literal(first).strip("()")
        over = {loop.name for loop in statement.over}
        depth = len(self.loops)
        free = [one for one in self.loops if one.names[-1] not in over]
        inner = depth
        while inner and self.loops[inner - 1].names[-1] in over:
            inner -= 1
        target = self._target(statement)
        total = f"total{self.generator.number()}"
        if inner < depth:
            # The innermost loops are summed over: their total stays in a register.
            self.body[inner].append(self.spelling.local("total", total, start))
            self.body[depth].append(assign(total, f"{operator}({total}, {self._number(value)})"))
            if inner == len(free):
                self.closing[inner].append(assign(target, total))
                return []
            self.closing[inner].append(assign(target, f"{operator}({target}, {total})"))
        else:
            self.body[depth].append(assign(target, f"{operator}({target}, {self._number(value)})"))
        clearing = _Loops(
            self.generator, [Statement(statement.target, statement.loops, statement.indices, Number(0.0))]
        )
        clearing.body[-1].append(assign(clearing._target(statement), start))
        return clearing._nest()

    def _target(self, statement: Statement) -> str:
        return f"w[{self._address(statement.target, statement.indices)}]"

    def _number(self, piece: _Piece) -> str:
        return self.spelling.conditional(piece.text, "1.0", "0.0") if piece.kind == "truth" else piece.text

    def _condition(self, piece: _Piece) -> str:
        return piece.text if piece.kind == "truth" else f"({piece.text} != 0.0)"

    def _nest(self) -> list[str]:
        lines: list[str] = []
        for depth, body in enumerate(self.body):
            pad = "    " * (depth + 1)
            lines += [pad + line for line in body]
            if depth < len(self.loops):
                one = self.loops[depth]
                lines.append(pad + self.spelling.loop(self.variables[one.names[-1]], one.length))
        for depth in range(len(self.loops), -1, -1):
            lines += ["    " * (depth + 1) + line for line in self.closing[depth]]
            lines += ["    " * depth + line for line in self.spelling.loop_end if depth]
        return lines

    def _new(self) -> str:
        return f"x{self.generator.number()}"

    def _bind(self, piece: _Piece, depth: int) -> _Piece:
        """Give a value that an inner loop does not change a name outside of that loop."""
        if piece.depth >= depth or re.fullmatch(r"[\w.]+|\(?-?[\d.e+-]+\)?", piece.text):
            return piece
        key = (piece.depth, piece.text)
        if key not in self.bound:
            self.bound[key] = self._new()
            self.body[piece.depth].append(self.spelling.local(piece.kind, self.bound[key], piece.text))
        return _Piece(self.bound[key], piece.kind, piece.depth)

    def _gather(self, arguments: Iterable[Expression], *, lazy: bool) -> tuple[list[_Piece], int]:
        pieces = [self._emit(argument, lazy=lazy) for argument in arguments]
        depth = max((piece.depth for piece in pieces), default=0)
        return [self._bind(piece, depth) for piece in pieces], depth

    def _emit(self, expression: Expression, *, lazy: bool) -> _Piece:
        if isinstance(expression, Number):
            return _Piece(self.spelling.literal(expression.value), "number", 0)
        if isinstance(expression, Read):
            known = self.written.get((expression.variable, expression.indices))
            if known is not None:
                return _Piece(known, "number", len(self.loops))
            text = f"w[{self._address(expression.variable, expression.indices)}]"
            piece = _Piece(text, "number", self._depth(expression.indices))
            return self._bind(piece, piece.depth + 1) if self.reads[expression] > 1 else piece
        if isinstance(expression, Position):
            text = self.spelling.as_number(self._along(expression.index, 1))
            return _Piece(text, "number", self._depth((expression.index,)))
        if isinstance(expression, Interpolation):
            return self._interpolation(expression, lazy=lazy)
        if isinstance(expression, Whole):
            return self._whole(expression, lazy=lazy)
        if isinstance(expression, Call):
            return self._short(self._call(expression, lazy=lazy))
        if isinstance(expression, ActiveInitial):
            return self._emit(expression.running, lazy=lazy)
        message = f"no code for {type(expression).__name__}"
        raise TypeError(message)

    def _short(self, piece: _Piece) -> _Piece:
        """Give what stands in very many brackets a name: Python reads no more than two hundred within each other."""
        if piece.text.count("(") < DEEPEST or _brackets(piece.text) < DEEPEST:
            return piece
        name = self._new()
        self.body[piece.depth].append(self.spelling.local(piece.kind, name, piece.text))
        return _Piece(name, piece.kind, piece.depth)

    def _call(self, call: Call, *, lazy: bool) -> _Piece:
        function = call.function
        pieces, depth = self._gather(call.arguments, lazy=lazy)
        numbers = [self._number(piece) for piece in pieces]
        spelling = self.spelling
        if function == "/" and spelling.divides_by_inverses and pieces[1].depth < depth == len(self.loops):
            inverse = self._bind(_Piece(f"(1.0 / {numbers[1]})", "number", pieces[1].depth), depth)
            return _Piece(f"divide({numbers[0]}, {numbers[1]}, {inverse.text})", "number", depth)
        if function in spelling.arithmetic:
            return _Piece(spelling.arithmetic[function].format(*numbers), "number", depth)
        if function in spelling.comparison:
            return _Piece(spelling.comparison[function].format(*numbers), "truth", depth)
        if (connective := function.strip(":")) in spelling.logic:
            return _Piece(spelling.logic[connective].format(*map(self._condition, pieces)), "truth", depth)
        if function == "same_moment":
            return _Piece(f"same_moment({', '.join(numbers)})", "truth", depth)
        if function == "if_then_else":
            condition = self._condition(pieces[0])
            # Both branches are worked out before one is chosen, which does not pay where one is slow.
            if lazy or any(_is_slow(branch) for branch in call.arguments[1:]):
                return _Piece(spelling.conditional(condition, numbers[1], numbers[2]), "number", depth)
            return _Piece(f"choose({condition}, {numbers[1]}, {numbers[2]})", "number", depth)
        return _Piece(f"{spelling.function(function)}({', '.join(numbers)})", "number", depth)

    def _interpolation(self, expression: Interpolation, *, lazy: bool) -> _Piece:
        quantity = self.generator.plan.quantities[expression.table]
        argument = self._emit(expression.argument, lazy=lazy)
        first = self.generator.name(expression.table)
        table_of = quantity.table_of
        assert table_of is not None
        starts = np.cumsum([0, *(len(stored(x, y)) for x, y in quantity.tables)])
        counts = [len(x) for x, _ in quantity.tables]
        if not expression.indices:
            text = f"{expression.method}(w, {first}, {counts[0]}, {self._number(argument)})"
            return _Piece(text, "number", argument.depth)
        flat = [int(number) for number in table_of.ravel()]
        start_table = self.generator.table(tuple(int(starts[number]) for number in flat))
        count_table = self.generator.table(tuple(counts[number] for number in flat))
        strides = [math.prod(table_of.shape[axis + 1 :]) for axis in range(table_of.ndim)]
        element = " + ".join(
            self._along(index, stride) for index, stride in zip(expression.indices, strides, strict=True)
        )
        depth = max(argument.depth, self._depth(expression.indices))
        argument = self._bind(argument, depth)
        text = (
            f"{expression.method}(w, {first} + places[{start_table} + {element}], "
            f"places[{count_table} + {element}], {self._number(argument)})"
        )
        return _Piece(text, "number", depth)

    def _whole(self, whole: Whole, *, lazy: bool) -> _Piece:
        """Hand a function the first place of each array, and how far apart its elements lie."""
        pieces, depth = self._gather(whole.arguments, lazy=lazy)
        places: list[str] = []
        for read, axes in zip(whole.reads, whole.axes, strict=True):
            strides = self.generator.layout.strides(self.generator.plan.quantities[read.variable])
            depth = max(depth, self._depth(read.indices))
            places += [self._address(read.variable, read.indices), *(str(strides[axis]) for axis in axes)]
        given = [*places, str(whole.size), *(self._number(self._bind(piece, depth)) for piece in pieces)]
        return _Piece(f"{whole.function}(w, {', '.join(given)})", "number", depth)

    # Addresses.

    def _depth(self, indices: Iterable[Index]) -> int:
        return max((self.level[index.loop] for index in indices if index.loop is not None), default=0)

    def _address(self, key: str, indices: tuple[Index, ...]) -> str:
        quantity = self.generator.plan.quantities[key]
        strides = self.generator.layout.strides(quantity)
        fixed = 0
        terms: list[tuple[int, str]] = []
        for index, stride in zip(indices, strides, strict=True):
            if index.loop is None:
                fixed += stride * index.places[0]
                continue
            line = _straight(index.places)
            if index.loop not in self.variables:
                # The loop within runs on through this one.
                fixed += stride * line[0] if line else 0
                continue
            variable = self.variables[index.loop]
            slope = stride * (line[1] if line else 1)
            if line is None:
                variable = f"places[{self.generator.table(index.places)} + {variable}]"
            else:
                fixed += stride * line[0]
            if slope:
                terms.append((self.level[index.loop], variable if slope == 1 else f"{slope} * {variable}"))
        text = self.generator.name(key) + (f" + {fixed}" if fixed else "")
        return f"{text} + {self._row(terms)}" if terms else text

    def _row(self, terms: list[tuple[int, str]]) -> str:
        """Build up a distance loop by loop, so that all arrays of one shape share it."""
        distance = ""
        for level, term in sorted(terms):
            text = f"{distance} + {term}" if distance else term
            distance = text if text.isidentifier() else self._bind(_Piece(text, "place", level), level + 1).text
        return distance

    def _along(self, index: Index, stride: int) -> str:
        if index.loop is None:
            return str(stride * index.places[0])
        line = _straight(index.places)
        if line is None:
            return f"{stride} * places[{self.generator.table(index.places)} + {self.variables[index.loop]}]"
        return f"({stride * line[0]} + {stride * line[1]} * {self.variables[index.loop]})"


def _straight(places: tuple[int, ...]) -> tuple[int, int] | None:
    """Return first place and step if the places follow a straight line that never runs backwards."""
    step = places[1] - places[0] if len(places) > 1 else 0
    if step < 0 or any(right - left != step for left, right in itertools.pairwise(places)):
        return None
    return places[0], step


def _is_integral(statement: Statement) -> bool:
    """Say whether a statement adds to a state what a rate makes within one step."""
    after = statement.expression
    if isinstance(after, Call) and after.function == "max":
        after = after.arguments[0]
    if (
        not isinstance(after, Call)
        or after.function != "+"
        or after.arguments[0] != Read(statement.target, statement.indices)
    ):
        return False
    moved = after.arguments[1]
    return isinstance(moved, Call) and moved.function == "*" and moved.arguments[1] == Read("time_step")


def _is_slow(expression: Expression) -> bool:
    return any(
        isinstance(part, (Interpolation, Whole)) or (isinstance(part, Call) and part.function in SLOW)
        for part in walk(expression)
    )


def _brackets(text: str) -> int:
    """Return how many brackets stand within each other."""
    return max(itertools.accumulate(1 if letter == "(" else -(letter == ")") for letter in text))
