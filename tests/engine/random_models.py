"""Random models over the whole language, each with what it means: worked out by hand, and by PySD and pysimlin.

`python -m tests.engine.random_models --count 2000` makes the study. A model is drawn as a tree that can be written in
Vensim's language and, where XMILE has the words, in XMILE too; an interpreter of that tree, which shares nothing with
the engine, says what every element of every variable is at every step. PySD and pysimlin are asked where they mean the
same as the manuals do (`FLAWS` says where not).
"""

from __future__ import annotations

import argparse
import json
import math
import random
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

import numpy as np
import xarray as xr

from model.engine import compile_model
from model.engine.pysd_model import ReferenceModel
from tests.engine.plain import run_plainly

RANGES: Final = {"Row": ("r1", "r2", "r3"), "Col": ("c1", "c2"), "Rest": ("r2", "r3")}
#: What Alt is called by is what Row is, in order; Next and Before are neighbours within Row.
DECLARED: Final = """{UTF-8}
Row: r1, r2, r3 ~~|
Col: c1, c2 ~~|
Rest: r2, r3 ~~|
Alt <-> Row ~~|
Next: (r2-r3) -> Before ~~|
Before: (r1-r2) -> Next ~~|
"""
BEFORE: Final = {"r2": "r1", "r3": "r2"}
#: Where the other programs part from the manuals: what is not compared with them. PySD is asked only for models in the
#: language it shares, without pulses, random numbers, steps of a tenth and the like.
FLAWS: Final[dict[str, dict[str, str]]] = {
    "pysd": {
        "table of an element": "reads, within an array, the table of each row where that of one element is named",
    },
    "simlin": {
        "random": "draws another stream",
        "integer": "rounds INTEGER and MODULO of negative numbers down",
        "minus power": "raises to a power after the sign",
        "with lookup": "is refused within another formula",
        "pulse": "begins at the first step at or after its start, not at the nearest",
        "extrapolate table": "holds LOOKUP EXTRAPOLATE at the ends",
        "discrete table": "reads discrete graphical functions as continuous in LOOKUP",
        "lookup readers": "holds LOOKUP EXTRAPOLATE at the ends",
        "fixed": "smooths DELAY FIXED of an array",
    },
}
METHODS: Final = {"euler": "0", "rk2": "3", "rk4": "1"}
#: Relative to the largest value of the element: rounding, grown in 20 to 40 steps.
CLOSE: Final = 1e-8
STEPS: Final = 24

Place = tuple[str, ...]
At = dict[str, str]


@dataclass
class Now:
    """A model at one moment, or at one stage of a step: everything is worked out when it is asked for."""

    model: RandomModel
    time: float
    states: dict[Any, float]
    kept: dict[Any, float]
    given: Callable[[str, Place], float]
    starting: bool = False
    known: dict[tuple[str, Place], float] = field(default_factory=dict)

    def value(self, name: str, place: Place) -> float:
        """An element of a variable."""
        if (name, place) not in self.known:
            variable = self.model.variables[name]
            self.known[name, place] = variable.meaning(place)(self, dict(zip(variable.dims, place, strict=True)))
        return self.known[name, place]

    def state(self, key: Any) -> float:
        """A state; before the first step what it starts with."""
        where = self.states if key in self.model.rates else self.kept
        if key not in where:
            where[key] = self.model.starts[key](self)
        return where[key]


Meaning = Callable[[Now, At], float]


@dataclass(frozen=True)
class Node:
    """A formula: in Vensim's language, in XMILE (None if it has no words for it), what it is, and what it needs."""

    vensim: str
    xmile: str | None
    means: Meaning
    reads: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()


@dataclass
class Variable:
    """A variable with its equations as they are written, and the formula of each of its elements."""

    name: str
    dims: tuple[str, ...]
    vensim: list[str]
    xmile: str | None
    formulas: dict[Place, Meaning]
    reads: frozenset[str]
    kinds: frozenset[str]

    def meaning(self, place: Place) -> Meaning:
        """The formula of an element."""
        return self.formulas[place]


def both(text: str, *parts: Node, means: Meaning, xmile: str | None = "", kinds: Sequence[str] = ()) -> Node:
    """Join parts by a template, in XMILE by the same unless another is given, or None."""
    mdl = text.format(*(part.vensim for part in parts))
    inner = [part.xmile for part in parts]
    other = None if xmile is None or None in inner else (xmile or text).format(*inner)
    reads = frozenset().union(*(part.reads for part in parts))
    return Node(mdl, other, means, reads, frozenset(kinds).union(*(part.kinds for part in parts)))


def number(value: float) -> Node:
    """A number, in brackets where it is below nought."""
    text = f"{value:.3f}" if value >= 0 else f"({value:.3f})"
    exact = float(f"{value:.3f}")
    return Node(text, text, lambda now, at: exact)


def read_table(points: Sequence[tuple[float, float]], x: float, how: str = "interpolate") -> float:
    """Read a table as the manuals say."""
    xs, ys = [point[0] for point in points], [point[1] for point in points]
    if how == "hold_forward":
        # The next point at or after x, held at the ends.
        return next((y for px, y in points if px >= x), ys[-1])
    if how == "hold_backward":
        return next((y for px, y in reversed(points) if px <= x), ys[0])
    if how == "extrapolate" and (x < xs[0] or x > xs[-1]):
        (x0, y0), (x1, y1) = points[:2] if x < xs[0] else points[-2:]
        return y0 + (y1 - y0) / (x1 - x0) * (x - x0)
    if how == "area":
        fine = sorted({*[px for px in xs if px < x], xs[0], x})
        if x <= xs[0]:
            return ys[0] * (x - xs[0])
        values = [float(np.interp(px, xs, ys)) for px in fine]
        return float(np.trapezoid(values, fine))
    if how == "first":
        return next((y for px, y in points if px == x), float(np.interp(x, xs, ys)))
    return float(np.interp(x, xs, ys))


class RandomModel:
    """One model: drawn from a number, the same whenever it is drawn again."""

    def __init__(self, number: int, seed: int = 16) -> None:
        self.random = random.Random(f"{seed}/{number}")
        draw = self.random
        self.variables: dict[str, Variable] = {}
        self.stocks: dict[str, Variable] = {}
        self.rates: dict[Any, Callable[[Now], float]] = {}
        self.discrete: dict[Any, Callable[[Now], float]] = {}
        self.starts: dict[Any, Callable[[Now], float]] = {}
        self.pipes: dict[Any, tuple[Callable[[Now], float], int]] = {}
        self.tables: dict[str, tuple[tuple[str, ...], dict[Place, list[tuple[float, float]]], str]] = {}
        self.lines: list[str] = []
        #: "all" is Vensim's whole language; "shared" what PySD means the same by; "xmile" what XMILE has words for.
        self.language = draw.choice(["all", "all", "shared", "shared", "xmile"])
        self.method = draw.choice(["euler", "euler", "rk2", "rk4"]) if self.language != "shared" else "euler"
        self.step = draw.choice([0.25, 0.125, 0.5, 0.1, 1.0]) if self.language != "shared" else draw.choice([0.25, 0.5])
        self.first = float(draw.choice([0, 0, 10, 2000]))
        self.times = self.first + self.step * np.arange(STEPS + 1)
        self._draw()

    # Formulas.

    def _time(self) -> Node:
        # Moved off whole numbers, where rounding alone decides a comparison.
        since, first = f"(Time - {self.first - 0.0137:.4f})", self.first
        return Node(since, since, lambda now, at: now.time - float(f"{first - 0.0137:.4f}"))

    def _read(self, dims: tuple[str, ...]) -> Node:
        draw = self.random
        variable = draw.choice([*self.variables.values(), *self.stocks.values()])
        name, own = variable.name, variable.dims
        reads, given, marked = frozenset([name]), [], []
        choose: dict[str, str] = {}
        for dim in own:
            if dim in dims and draw.random() < 0.7:
                given.append((dim, dim, dim))
                continue
            element = draw.choice(RANGES[dim])
            if draw.random() < 0.5:
                given.append((element, element, ""))
                choose[dim] = element
            else:
                part = draw.choice(["Row", "Rest", "Alt"]) if dim == "Row" and self.language != "xmile" else dim
                given.append((f"{part}!", "*", part))
                marked.append((dim, RANGES.get(part, RANGES[dim])))
        brackets = (
            (f"[{', '.join(one[0] for one in given)}]", f"[{', '.join(one[1] for one in given)}]") if own else ("", "")
        )

        def element_at(now: Now, at: At, picked: At) -> float:
            place = tuple(picked.get(dim, choose.get(dim, at.get(dim, ""))) for dim in own)
            return now.value(name, place)

        if not marked:
            return Node(name + brackets[0], name + brackets[1], lambda now, at: element_at(now, at, {}), reads)
        over = [dim for dim, _ in marked]
        places = [dict(zip(over, picked, strict=True)) for picked in product(*(items for _, items in marked))]
        function = draw.choice(["SUM", "VMIN", "VMAX"])
        folds: dict[str, Callable[[list[float]], float]] = {"SUM": math.fsum, "VMIN": min, "VMAX": max}
        fold = folds[function]
        xml = {"SUM": "SUM", "VMIN": "MIN", "VMAX": "MAX"}[function]
        return Node(
            f"{function}({name}{brackets[0]})",
            # A star stands for the whole range.
            f"{xml}({name}{brackets[1]})" if all(items == RANGES[dim] for dim, items in marked) else None,
            lambda now, at: fold([element_at(now, at, picked) for picked in places]),
            reads,
        )

    def formula(self, dims: tuple[str, ...], depth: int = 2) -> Node:
        """A random formula on the left side of which stand some ranges."""
        draw = self.random
        if depth == 0 or draw.random() < 0.2:
            leaf = draw.random()
            if leaf < 0.25:
                return number(draw.uniform(-3, 3))
            if leaf < 0.4 or not (self.variables or self.stocks):
                return self._time()
            if leaf < 0.5 and "Row" in dims and self.language == "all":
                return Node("Row", None, lambda now, at: float(at["Row"][1:]), kinds=frozenset(["subscript"]))
            return self._read(dims)
        a, b = self.formula(dims, depth - 1), self.formula(dims, depth - 1)
        fa, fb = a.means, b.means
        every: list[Callable[[], Node]] = [
            lambda: both("({0} + {1})", a, b, means=lambda n, t: fa(n, t) + fb(n, t)),
            lambda: both("({0} - {1})", a, b, means=lambda n, t: fa(n, t) - fb(n, t)),
            lambda: both("({0} * {1})", a, b, means=lambda n, t: fa(n, t) * fb(n, t)),
            lambda: both("({0} / (1 + ABS({1})))", a, b, means=lambda n, t: fa(n, t) / (1 + abs(fb(n, t)))),
            lambda: both("MIN({0}, {1})", a, b, means=lambda n, t: min(fa(n, t), fb(n, t))),
            lambda: both("MAX({0}, {1})", a, b, means=lambda n, t: max(fa(n, t), fb(n, t))),
            lambda: both("EXP(-ABS({0}))", a, means=lambda n, t: math.exp(-abs(fa(n, t)))),
            lambda: both("LN(1 + ABS({0}))", a, means=lambda n, t: math.log(1 + abs(fa(n, t)))),
            # Off nought, where a root makes a last digit a large one.
            lambda: both("SQRT(0.01 + ABS({0}))", a, means=lambda n, t: math.sqrt(0.01 + abs(fa(n, t)))),
            lambda: both("SIN({0})", a, means=lambda n, t: math.sin(fa(n, t))),
            lambda: both("ARCTAN({0})", a, means=lambda n, t: math.atan(fa(n, t))),
            lambda: both("(ABS({0}) + 0.1)^0.7", a, means=lambda n, t: (abs(fa(n, t)) + 0.1) ** 0.7),
            lambda: both("-({0} + 0)^2", a, means=lambda n, t: -(fa(n, t) ** 2), kinds=["minus power"]),
            lambda: self._choice(dims, a, b, depth),
            lambda: self._named_lookup(a, dims),
        ]
        if self.language != "xmile":
            every += [
                lambda: self._with_lookup(a),
                lambda: both(
                    "INTEGER({0} * 1.37 + 0.2171)", a, kinds=["integer"],
                    means=lambda n, t: float(math.trunc(fa(n, t) * 1.37 + 0.2171)),
                ),
                lambda: both(
                    "MODULO({0} + 0.00173, 1.7)", a, means=lambda n, t: math.fmod(fa(n, t) + 0.00173, 1.7), xmile=None,
                    kinds=["integer"],
                ),
                lambda: both(
                    "QUANTUM({0} + 0.00173, 0.4)", a,
                    means=lambda n, t: 0.4 * math.trunc((fa(n, t) + 0.00173) / 0.4), xmile=None,
                    kinds=["integer"],
                ),
                lambda: both(
                    "XIDZ({0}, INTEGER({1} * 0.77 + 0.317), 1.5)", a, b, xmile=None, kinds=["integer"],
                    means=lambda n, t: 1.5 if (d := math.trunc(fb(n, t) * 0.77 + 0.317)) == 0 else fa(n, t) / d,
                ),
                lambda: both(
                    "ZIDZ({0}, INTEGER({1} * 0.77 + 0.317))", a, b, xmile=None, kinds=["integer"],
                    means=lambda n, t: 0.0 if (d := math.trunc(fb(n, t) * 0.77 + 0.317)) == 0 else fa(n, t) / d,
                ),
            ]  # fmt: skip
        if self.language == "all":
            every += [lambda: self._pulse(dims), lambda: self._pulse(dims), lambda: self._lookup_reader(a)]
        every += [self._step, self._ramp]
        return draw.choice(every)()

    def _choice(self, dims: tuple[str, ...], a: Node, b: Node, depth: int) -> Node:
        c, d = self.formula(dims, depth - 1), self.formula(dims, depth - 1)
        fa, fb, fc, fd = a.means, b.means, c.means, d.means
        sign = self.random.choice(["<", ">=", ">", "<="])
        compare = {"<": float.__lt__, ">=": float.__ge__, ">": float.__gt__, "<=": float.__le__}[sign]
        # Not equal by chance: two reads of one variable, or numbers that meet.
        first = f"{{0}} {sign} {{1}} + 0.00071"

        def met(n: Now, t: At) -> bool:
            return compare(float(fa(n, t)), fb(n, t) + 0.00071)

        how = self.random.choice(["plain", "and", "or not"])
        if how == "plain":
            return both(
                f"IF THEN ELSE({first}, {{2}}, {{3}})", a, b, c, d,
                xmile=f"(IF {first} THEN {{2}} ELSE {{3}})",
                means=lambda n, t: fc(n, t) if met(n, t) else fd(n, t),
            )  # fmt: skip
        if how == "and":
            return both(
                f"IF THEN ELSE({first} :AND: {{2}} > -0.40013, {{2}}, {{3}})", a, b, c, d,
                xmile=f"(IF ({first}) AND ({{2}} > -0.40013) THEN {{2}} ELSE {{3}})",
                means=lambda n, t: fc(n, t) if met(n, t) and fc(n, t) > -0.40013 else fd(n, t),
            )  # fmt: skip
        return both(
            f"IF THEN ELSE(({first}) :OR: (:NOT: ({{2}} > 0.60013)), {{2}}, {{3}})", a, b, c, d,
            xmile=f"(IF ({first}) OR (NOT ({{2}} > 0.60013)) THEN {{2}} ELSE {{3}})",
            means=lambda n, t: fc(n, t) if met(n, t) or not fc(n, t) > 0.60013 else fd(n, t),
        )  # fmt: skip

    # Lookups.

    def _points(self, *, same: bool = False) -> list[tuple[float, float]]:
        draw = self.random
        xs = sorted(draw.sample(range(-40, 41), draw.randint(2, 6)))
        points = [(x / 10, round(draw.uniform(-3, 3), 2)) for x in xs]
        if same and len(points) > 2:
            points.insert(2, (points[1][0], round(draw.uniform(-3, 3), 2)))
        return points

    def _with_lookup(self, a: Node) -> Node:
        points, fa = self._points(), a.means
        text = ", ".join(f"({x:g}, {y:g})" for x, y in points)
        return both(
            f"WITH LOOKUP({{0}}, ({text}))",
            a,
            xmile=None,
            kinds=["with lookup"],
            means=lambda n, t: read_table(points, fa(n, t)),
        )

    def _named_lookup(self, a: Node, dims: tuple[str, ...]) -> Node:
        draw, fa = self.random, a.means
        if not self.tables or draw.random() < 0.5:
            name = f"table{len(self.tables) + 1}"
            own_dims: tuple[str, ...] = ("Row",) if draw.random() < 0.4 and self.language != "xmile" else ()
            places: list[Place] = [(row,) for row in RANGES["Row"]] if own_dims else [()]
            same = self.language == "all" and draw.random() < 0.2
            kinds = ["continuous", "extrapolate", "discrete"] if self.language == "xmile" else ["continuous"]
            self.tables[name] = own_dims, {place: self._points(same=same) for place in places}, draw.choice(kinds)
        name = draw.choice(list(self.tables))
        by, points, kind = self.tables[name]
        place = draw.choice(list(points))
        own = bool(by) and "Row" in dims and draw.random() < 0.6
        shown = ("[Row]" if own else f"[{place[0]}]") if by else ""
        double = any(len({x for x, _ in one}) < len(one) for one in points.values())
        how = {"extrapolate": "extrapolate", "discrete": "hold_backward"}.get(kind, "first" if double else "")

        def means(n: Now, t: At) -> float:
            return read_table(points[(t["Row"],) if own else place], fa(n, t), how)

        xml = f"LOOKUP({name}, {{0}})" if not by else None
        kinds = ["same x" if double else f"{kind} table"]
        if by and not own:
            kinds.append("table of an element")
        call = f"{name}{shown}({{0}})"
        if kind in ("extrapolate", "discrete"):
            call = f"LOOKUP {'EXTRAPOLATE' if kind == 'extrapolate' else 'BACKWARD'}({name}, {{0}})"
        return both(call, a, xmile=xml, means=means, kinds=kinds)

    def _lookup_reader(self, a: Node) -> Node:
        draw, fa = self.random, a.means
        plain = [
            name
            for name, (by, points, _) in self.tables.items()
            if not by and len({x for x, _ in points[()]}) == len(points[()])
        ]
        if not plain:
            return a
        name = draw.choice(plain)
        points = self.tables[name][1][()]
        word, how = draw.choice(
            [("FORWARD", "hold_forward"), ("BACKWARD", "hold_backward"), ("EXTRAPOLATE", "extrapolate")]
        )
        kinds = ["lookup readers"]
        return both(
            f"LOOKUP {word}({name}, {{0}})", a, xmile=None, means=lambda n, t: read_table(points, fa(n, t), how),
            kinds=kinds,
        )  # fmt: skip

    # Functions of time.

    def _moment(self) -> float:
        return round(self.first + self.random.uniform(-1, STEPS + 1) * self.step, self.random.choice([0, 1, 3]))

    def _step(self) -> Node:
        # Between two steps: PySD compares with Time itself at them.
        k, height = self.random.randint(0, STEPS), round(self.random.uniform(-3, 3), 2)
        start = round(self.first + (k + 0.25) * self.step, 5)
        first = int(np.argmax(self.times + self.step / 2 > start))
        return Node(
            f"STEP({height}, {start})",
            # XMILE compares with the time itself, which is another moment within a step.
            f"STEP({height}, {self.first + first * self.step:g})" if self.method == "euler" else None,
            lambda n, t: height if n.time + self.step / 2 > start else 0.0,
            kinds=frozenset(["step"]),
        )

    def _ramp(self) -> Node:
        slope, start = round(self.random.uniform(-1, 1), 2), round(self._moment(), 3)
        end = round(start + self.random.uniform(0.1, 1) * STEPS * self.step, 3)
        return Node(
            f"RAMP({slope}, {start}, {end})",
            f"RAMP({slope}, {start}, {end})",
            lambda n, t: slope * (min(n.time, end) - start) if n.time > start else 0.0,
            kinds=frozenset(["ramp"]),
        )

    def _pulse(self, dims: tuple[str, ...]) -> Node:
        draw, step = self.random, self.step
        start, width = self._moment(), round(draw.choice([0.0, draw.uniform(0, 6) * step]), 2)
        if draw.random() < 0.5:
            return Node(
                f"PULSE({start}, {width})",
                None,
                lambda n, t: 1.0 if _is_on(n.time, start, width, step) else 0.0,
                kinds=frozenset(["pulse"]),
            )
        every = round(max(width, step) + draw.uniform(0.3, 4) * step, 2)
        end = round(start + draw.uniform(0, STEPS) * step, 2)

        def means(n: Now, t: At) -> float:
            if n.time > end + 1e-6 * step:
                return 0.0
            starts = (start + k * every for k in range(int((n.time - start) / every) + 2))
            return 1.0 if any(_is_on(n.time, one, width, step) for one in starts) else 0.0

        return Node(f"PULSE TRAIN({start}, {width}, {every}, {end})", None, means, kinds=frozenset(["pulse"]))

    # Variables.

    def _dims(self) -> tuple[str, ...]:
        return self.random.choice([(), (), ("Row",), ("Row", "Col"), ("Col",)])

    def _draw(self) -> None:
        draw = self.random
        count = draw.randint(2, 4)
        stocks = [(f"stock{k + 1}", self._dims()) for k in range(count)]
        self._constants()
        for name, dims in stocks:
            # Named before they are defined, so that anything may read them.
            self.stocks[name] = Variable(name, dims, [], None, {}, frozenset(), frozenset())
            for place in _places(dims):
                key = (name, place)
                self.rates[key] = lambda now: 0.0
                self.stocks[name].formulas[place] = lambda now, at, key=key: now.state(key)  # type: ignore[misc]
        everything = dict(self.stocks)
        makers: list[Callable[[str], None]] = [
            self._auxiliary,
            self._auxiliary,
            self._auxiliary,
            self._memory,
            self._memory,
        ]
        if self.language != "xmile":
            makers += [self._by_parts]
        if self.language == "all":
            makers += [self._recurrence, self._partial, self._vector, self._noise]
        for k in range(draw.randint(5, 9)):
            draw.choice(makers)(f"aux{k + 1}")
        for name, _ in stocks:
            self._stock(everything[name])
        self.variables = {**self.variables, **self.stocks}

    def _constants(self) -> None:
        for k, dims in enumerate([(), ("Row",), ("Row", "Col")], 1):
            places = _places(dims)
            values = {place: round(self.random.uniform(-3, 3), 2) for place in places}
            name = f"given{k}"
            if len(dims) == 2:
                rows = "; ".join(", ".join(str(values[row, col]) for col in RANGES["Col"]) for row in RANGES["Row"])
                text = f"{rows};"
            else:
                text = ", ".join(map(str, values.values()))
            left = f"{name}[{', '.join(dims)}]" if dims else name
            xml = _xmile_variable("aux", name, dims, {place: str(value) for place, value in values.items()})
            formulas = {place: number(value).means for place, value in values.items()}
            self._add(Variable(name, dims, [f"{left} = {text} ~~|"], xml, formulas, frozenset(), frozenset()))

    def _add(self, variable: Variable) -> None:
        self.variables[variable.name] = variable

    def _bounded(self, node: Node) -> Node:
        f = node.means
        return both("MAX(-50, MIN(50, {0}))", node, means=lambda n, t: max(-50.0, min(50.0, f(n, t))))

    def _equation(self, name: str, dims: tuple[str, ...], node: Node) -> Variable:
        left = f"{name}[{', '.join(dims)}]" if dims else name
        xml = None if node.xmile is None else _xmile_variable("aux", name, dims, node.xmile)
        return Variable(
            name, dims, [f"{left} = {node.vensim} ~~|"], xml, dict.fromkeys(_places(dims), node.means), node.reads,
            node.kinds,
        )  # fmt: skip

    def _auxiliary(self, name: str) -> None:
        dims = self._dims()
        self._add(self._equation(name, dims, self._bounded(self.formula(dims, 3))))

    def _by_parts(self, name: str) -> None:
        """An array with an equation for some of its elements and another for the rest."""
        one, other = self._bounded(self.formula(())), self._bounded(self.formula(("Row",)))
        formulas: dict[Place, Meaning]
        if self.random.random() < 0.5:
            # `Rest` on the left side: what is said of Row in the formula is said of it.
            rest = self._bounded(self.formula(()))
            lines = [f"{name}[r1] = {one.vensim} ~~|", f"{name}[Rest] = {rest.vensim} * given2[Rest] ~~|"]
            means: Meaning = lambda n, t: rest.means(n, t) * n.value("given2", (t["Row"],))  # noqa: E731
            formulas = {("r1",): one.means, ("r2",): means, ("r3",): means}
            parts = [one, rest]
        else:
            lines = [f"{name}[Row] :EXCEPT: [r1] = {other.vensim} ~~|", f"{name}[r1] = {one.vensim} ~~|"]
            formulas = {("r1",): one.means, ("r2",): other.means, ("r3",): other.means}
            parts = [one, other]
        reads = frozenset(["given2"]).union(*(part.reads for part in parts))
        kinds = frozenset(["parts"]).union(*(part.kinds for part in parts))
        self._add(Variable(name, ("Row",), lines, None, formulas, reads, kinds))

    def _recurrence(self, name: str) -> None:
        """Each element from the one before."""
        first, rest = self._bounded(self.formula(())), self._bounded(self.formula(()))
        lines = [
            f"{name}[r1] = {first.vensim} ~~|",
            f"{name}[Next] = {name}[Before] * 0.5 + {rest.vensim} ~~|",
        ]
        following: Meaning = lambda n, t: n.value(name, (BEFORE[t["Row"]],)) * 0.5 + rest.means(n, t)  # noqa: E731
        formulas: dict[Place, Meaning] = {("r1",): first.means, ("r2",): following, ("r3",): following}
        kinds = first.kinds | rest.kinds | {"recurrence"}
        self._add(Variable(name, ("Row",), lines, None, formulas, first.reads | rest.reads, kinds))

    def _partial(self, name: str) -> None:
        """An array of which one element has no equation and is read nowhere."""
        node = self._bounded(self.formula(()))
        lines = [f"{name}x[Rest] = {node.vensim} ~~|", f"{name} = {name}x[r3] + SUM({name}x[Rest!]) ~~|"]

        def means(now: Now, at: At) -> float:
            return 3 * node.means(now, {})

        self._add(Variable(name, (), lines, None, {(): means}, node.reads, node.kinds | {"partial"}))

    def _vector(self, name: str) -> None:
        draw = self.random
        kinds = frozenset(["vectors"])
        how = draw.choice(["select", "order", "map", "count", "invert"])
        if how == "select":
            mask = [draw.choice([0, 1]) for _ in range(3)]
            mask[draw.randrange(3)] = 1
            lines = [
                f"{name}m[Row] = {', '.join(map(str, mask))} ~~|",
                f"{name} = VECTOR SELECT({name}m[Row!], given2[Row!] * 1.5, 0, 0, 0) ~~|",
            ]
            rows = [row for row, chosen in zip(RANGES["Row"], mask, strict=True) if chosen]
            means: Meaning = lambda n, t: math.fsum(n.value("given2", (row,)) * 1.5 for row in rows)  # noqa: E731
            self._add(Variable(name, (), lines, None, {(): means}, frozenset(["given2"]), kinds))
        elif how == "order":
            node = self.formula(("Row",))
            lines = [
                f"{name}v[Row] = {node.vensim} + Row * 0.00011 ~~|",
                f"{name}[Row] = VECTOR SORT ORDER({name}v[Row], 1) ~~|",
            ]

            def order(n: Now, t: At) -> float:
                values = [node.means(n, {"Row": row}) + int(row[1:]) * 0.00011 for row in RANGES["Row"]]
                return float(np.argsort(values, kind="stable")[int(t["Row"][1:]) - 1])

            self._add(Variable(name, ("Row",), lines, None, dict.fromkeys(_places(("Row",)), order), node.reads,
                               node.kinds | kinds))  # fmt: skip
        elif how == "map":
            lines = [f"{name}[Row] = VECTOR ELM MAP(given2[r1], 3 - Row) ~~|"]
            means = lambda n, t: n.value("given2", (f"r{4 - int(t['Row'][1:])}",))  # noqa: E731
            self._add(Variable(name, ("Row",), lines, None, dict.fromkeys(_places(("Row",)), means),
                               frozenset(["given2"]), kinds))  # fmt: skip
        elif how == "count":
            lines = [f"{name} = ELMCOUNT(Rest) * given1 ~~|"]
            self._add(Variable(name, (), lines, None, {(): lambda n, t: 2 * n.value("given1", ())},
                               frozenset(["given1"]), kinds))  # fmt: skip
        else:
            lines = [
                f"{name}m[Row, Alt] = IF THEN ELSE(Row = 2, 0.3, 0) + given2[Row] * given2[Alt] + 0.5 ~~|",
                f"{name}e[Row, Alt] = {name}m[Row, Alt] ~~|",
            ]
            means = lambda n, t: math.fsum(  # noqa: E731
                (0.3 if row == "r2" else 0.0) + n.value("given2", (row,)) * n.value("given2", (col,)) + 0.5
                for row in RANGES["Row"]
                for col in RANGES["Row"]
            )
            lines.append(f"{name} = SUM({name}e[Row!, Alt!]) ~~|")
            self._add(Variable(name, (), lines, None, {(): means}, frozenset(["given2"]), kinds))

    def _noise(self, name: str) -> None:
        low = round(self.random.uniform(-2, 0), 2)
        text = f"RANDOM UNIFORM({low}, {low + 2}, {self.random.randint(1, 99)})"

        def means(n: Now, t: At) -> float:
            drawn = n.given(name, ())
            assert low < drawn < low + 2, f"{name} leaves its limits"
            return drawn

        self._add(Variable(name, (), [f"{name} = {text} ~~|"], None, {(): means}, frozenset(), frozenset(["random"])))

    def _stock(self, variable: Variable) -> None:
        draw = self.random
        dims, name = variable.dims, variable.name
        inflow = self._bounded(self.formula(dims))
        life = round(draw.uniform(2, 9), 2) * max(self.step, 0.5) * 2
        left = f"{name}[{', '.join(dims)}]" if dims else name
        start = self._start(dims)
        net = f"({inflow.vensim} - {left}) / {life:g}"
        life = float(f"{life:g}")
        variable.vensim.append(f"{left} = INTEG({net}, {start.vensim}) ~~|")
        if inflow.xmile is not None and start.xmile is not None:
            flow = _xmile_variable("flow", f"{name}_net", dims, f"({inflow.xmile} - {left}) / {life:g}")
            stock = _xmile_variable("stock", name, dims, start.xmile, f"<inflow>{name}_net</inflow>")
            variable.xmile = flow + stock
        variable.reads, variable.kinds = inflow.reads | start.reads, inflow.kinds | start.kinds
        for place in _places(dims):
            at = dict(zip(dims, place, strict=True))
            key = (name, place)
            self.starts[key] = lambda now, at=at: start.means(now, at)  # type: ignore[misc]
            self.rates[key] = lambda now, at=at, key=key: (inflow.means(now, at) - now.state(key)) / life  # type: ignore[misc]

    def _start(self, dims: tuple[str, ...]) -> Node:
        if dims[:1] == ("Row",) and self.random.random() < 0.5:
            return Node("given2[Row] + 0.25", "given2[Row] + 0.25", lambda n, t: n.value("given2", (t["Row"],)) + 0.25,
                        frozenset(["given2"]))  # fmt: skip
        return number(self.random.uniform(-3, 3))

    def _memory(self, name: str) -> None:
        """A variable that is a function with memory of a formula."""
        draw = self.random
        dims = draw.choice([(), ("Row",)])
        given = self._bounded(self.formula(dims))
        words = ["smooth", "smooth", "delay", "delay", "trend"]
        if self.language != "xmile":
            words += ["sample", "fixed", "initial", "active"]
        if self.language == "all":
            words += ["forecast", "orders"]
        word = draw.choice(words)
        time = number(round(draw.uniform(3.2, 9), 2) * self.step)
        first = number(draw.uniform(-2, 2))
        getattr(self, f"_make_{word}")(name, dims, given, time, first)

    def _put_memory(self, name: str, dims: tuple[str, ...], vensim: str, xmile: str | None, means: Meaning,
                    parts: Sequence[Node], kinds: Sequence[str] = ()) -> None:  # fmt: skip
        node = Node(vensim, xmile, means, frozenset().union(*(part.reads for part in parts)),
                    frozenset(kinds).union(*(part.kinds for part in parts)))  # fmt: skip
        self._add(self._equation(name, dims, node))

    def _stages(
        self, name: str, dims: tuple[str, ...], count: int, start: Meaning, rate: Callable[[int, Now, At], float]
    ) -> Callable[[int, Now, At], float]:
        """States in a row, for every place; what comes back reads one of them."""
        for place in _places(dims):
            at = dict(zip(dims, place, strict=True))
            for k in range(count):
                self.starts[name, place, k] = lambda now, at=at: start(now, at)  # type: ignore[misc]
                self.rates[name, place, k] = lambda now, at=at, k=k: rate(k, now, at)  # type: ignore[misc]
        return lambda k, now, at: now.state((name, tuple(at[dim] for dim in dims), k))

    def _make_smooth(self, name: str, dims: tuple[str, ...], given: Node, time: Node, first: Node) -> None:
        draw = self.random
        order, own = draw.choice([1, 3]), draw.random() < 0.5
        start = first if own else given
        stage: Callable[[int, Now, At], float]

        def rate(k: int, n: Now, t: At) -> float:
            target = given.means(n, t) if k == 0 else stage(k - 1, n, t)
            return (target - stage(k, n, t)) * order / time.means(n, t)

        stage = self._stages(name, dims, order, start.means, rate)
        word = {1: "SMOOTH", 3: "SMOOTH3"}[order] + ("I" if own else "")
        more = f", {first.vensim}" if own else ""
        xml = f"SMTH{order}({given.xmile}, {time.xmile}{more})" if given.xmile else None
        self._put_memory(name, dims, f"{word}({given.vensim}, {time.vensim}{more})", xml,
                         lambda n, t: stage(order - 1, n, t), [given, time])  # fmt: skip

    def _make_delay(self, name: str, dims: tuple[str, ...], given: Node, time: Node, first: Node) -> None:
        draw = self.random
        order, own = draw.choice([1, 3]), draw.random() < 0.5
        start = first if own else given
        stage: Callable[[int, Now, At], float]

        def rate(k: int, n: Now, t: At) -> float:
            each = time.means(n, t) / order
            entering = given.means(n, t) if k == 0 else stage(k - 1, n, t) / each
            return entering - stage(k, n, t) / each

        def begin(n: Now, t: At) -> float:
            return start.means(n, t) * time.means(n, t) / order

        stage = self._stages(name, dims, order, begin, rate)
        word, more = f"DELAY{order}" + ("I" if own else ""), f", {first.vensim}" if own else ""
        xml = f"DELAY{order}({given.xmile}, {time.xmile}{more})" if given.xmile else None
        self._put_memory(name, dims, f"{word}({given.vensim}, {time.vensim}{more})", xml,
                         lambda n, t: stage(order - 1, n, t) / (time.means(n, t) / order), [given, time])  # fmt: skip

    def _make_orders(self, name: str, dims: tuple[str, ...], given: Node, time: Node, first: Node) -> None:
        """SMOOTH N and DELAY N of any order."""
        order, smooth = self.random.randint(1, 3), self.random.random() < 0.5
        stage: Callable[[int, Now, At], float]

        def rate(k: int, n: Now, t: At) -> float:
            each = time.means(n, t) / order
            if smooth:
                return ((given.means(n, t) if k == 0 else stage(k - 1, n, t)) - stage(k, n, t)) / each
            return (given.means(n, t) if k == 0 else stage(k - 1, n, t) / each) - stage(k, n, t) / each

        def begin(n: Now, t: At) -> float:
            return first.means(n, t) * (1.0 if smooth else time.means(n, t) / order)

        stage = self._stages(name, dims, order, begin, rate)
        text = f"{'SMOOTH' if smooth else 'DELAY'} N({given.vensim}, {time.vensim}, {first.vensim}, {order})"
        self._put_memory(
            name, dims, text, None,
            lambda n, t: stage(order - 1, n, t) / (1.0 if smooth else time.means(n, t) / order),
            [given, time], ["delay n"],
        )  # fmt: skip

    def _average(self, name: str, dims: tuple[str, ...], given: Node, time: Node, begin: Meaning) -> Meaning:
        stage: Callable[[int, Now, At], float]
        stage = self._stages(
            name, dims, 1, begin, lambda k, n, t: (given.means(n, t) - stage(0, n, t)) / time.means(n, t)
        )
        return lambda n, t: stage(0, n, t)

    def _make_trend(self, name: str, dims: tuple[str, ...], given: Node, time: Node, first: Node) -> None:
        growth = number(self.random.uniform(0.01, 0.2))
        # Kept off nought, where a share of growth means nothing.
        base = both("({0} + 60)", given, means=lambda n, t: given.means(n, t) + 60)

        def begin(n: Now, t: At) -> float:
            return base.means(n, t) / (1 + growth.means(n, t) * time.means(n, t))

        average = self._average(name, dims, base, time, begin)

        def means(n: Now, t: At) -> float:
            level = average(n, t)
            return (base.means(n, t) - level) / (time.means(n, t) * abs(level))

        text = "TREND({0}, {1}, {2})"
        xml = None if base.xmile is None else text.format(base.xmile, time.xmile, growth.xmile)
        mdl = text.format(base.vensim, time.vensim, growth.vensim)
        self._put_memory(name, dims, mdl, xml, means, [base, time], ["trend"])

    def _make_forecast(self, name: str, dims: tuple[str, ...], given: Node, time: Node, first: Node) -> None:
        ahead = number(self.random.uniform(0.5, 4))
        base = both("({0} + 60)", given, means=lambda n, t: given.means(n, t) + 60)
        average = self._average(name, dims, base, time, base.means)

        def means(n: Now, t: At) -> float:
            level = average(n, t)
            share = (base.means(n, t) - level) / (time.means(n, t) * level)
            return base.means(n, t) * (1 + share * ahead.means(n, t))

        text = f"FORECAST({base.vensim}, {time.vensim}, {ahead.vensim})"
        self._put_memory(name, dims, text, None, means, [base, time], ["forecast"])

    def _kept(self, name: str, dims: tuple[str, ...], start: Meaning, after: Meaning) -> Meaning:
        """A state that is set anew at each step and moves within none."""
        for place in _places(dims):
            at = dict(zip(dims, place, strict=True))
            self.starts[name, place, "kept"] = lambda now, at=at: start(now, at)  # type: ignore[misc]
            self.discrete[name, place, "kept"] = lambda now, at=at: after(now, at)  # type: ignore[misc]
        return lambda n, t: n.state((name, tuple(t[dim] for dim in dims), "kept"))

    def _make_sample(self, name: str, dims: tuple[str, ...], given: Node, time: Node, first: Node) -> None:
        condition = self.formula(())
        kept: Meaning

        def means(n: Now, t: At) -> float:
            return given.means(n, t) if condition.means(n, {}) > 0.20013 else kept(n, t)

        kept = self._kept(name, dims, first.means, means)
        text = f"SAMPLE IF TRUE({condition.vensim} > 0.20013, {given.vensim}, {first.vensim})"
        self._put_memory(name, dims, text, None, means, [given, condition], ["sample"])

    def _make_initial(self, name: str, dims: tuple[str, ...], given: Node, time: Node, first: Node) -> None:
        kept: Meaning
        kept = self._kept(name, dims, given.means, lambda n, t: kept(n, t))
        self._put_memory(name, dims, f"INITIAL({given.vensim})", None, kept, [given], ["initial"])

    def _make_active(self, name: str, dims: tuple[str, ...], given: Node, time: Node, first: Node) -> None:
        self._put_memory(
            name, dims, f"ACTIVE INITIAL({given.vensim}, {first.vensim})", None,
            lambda n, t: first.means(n, t) if n.starting else given.means(n, t), [given],
            ["active initial"],
        )  # fmt: skip

    def _make_fixed(self, name: str, dims: tuple[str, ...], given: Node, time: Node, first: Node) -> None:
        slots = self.random.randint(1, 7)
        after = number(slots * self.step)
        for place in _places(dims):
            at = dict(zip(dims, place, strict=True))
            self.starts[name, place, "pipe"] = lambda now, at=at: first.means(now, at)  # type: ignore[misc]
            self.pipes[name, place, "pipe"] = (lambda now, at=at: given.means(now, at)), slots  # type: ignore[misc]
        self._put_memory(
            name, dims, f"DELAY FIXED({given.vensim}, {after.vensim}, {first.vensim})", None,
            lambda n, t: n.state((name, tuple(t[dim] for dim in dims), "pipe")), [given], ["fixed"],
        )  # fmt: skip

    # Writing.

    @property
    def vensim(self) -> str:
        """The text of the model in Vensim's language."""
        lines = [DECLARED]
        for name, (by, points, _) in self.tables.items():
            for place, pairs in points.items():
                shown = f"[{', '.join(place)}]" if by else ""
                lines.append(f"{name}{shown}({', '.join(f'({x:g}, {y:g})' for x, y in pairs)}) ~~|")
        equations = [lines[1:], *(variable.vensim for variable in self.variables.values())]
        random.Random(len(equations)).shuffle(equations)
        lines = [lines[0], *(line for one in equations for line in one)]
        lines += [
            f"INITIAL TIME = {self.first:g} ~~|",
            f"FINAL TIME = {self.times[-1]:g} ~~|",
            f"TIME STEP = {self.step:g} ~~|",
            "SAVEPER = TIME STEP ~~|",
        ]
        head = "\\\\\\---/// Sketch information - do not modify anything except names"
        mark = "V300  Do not put anything below this section - it will be ignored"
        sketch = f"{head}\n{mark}\n*View 1\n///---\\\\\\\n:L\x7f<%^E!@\n"
        return "\n".join(lines) + f"\n\n{sketch}15:0,0,0,{METHODS[self.method]},0,0\n"

    @property
    def xmile(self) -> str | None:
        """The text of the model in XMILE, if all of it can be said there."""
        if any(variable.xmile is None for variable in self.variables.values()):
            return None
        tables = []
        for name, (_, points, kind) in self.tables.items():
            xs, ys = (",".join(f"{point[side]:g}" for point in points[()]) for side in (0, 1))
            inside = f'type="{kind}"><xpts>{xs}</xpts><ypts>{ys}</ypts></gf>'
            # By itself, or as a variable that is nothing else.
            alone = name.endswith("2")
            tables.append(f'<gf name="{name}" {inside}' if alone else f'<aux name="{name}"><gf {inside}</aux>')
        ranges = "".join(
            f'<dim name="{name}">' + "".join(f'<elem name="{item}"/>' for item in RANGES[name]) + "</dim>"
            for name in ("Row", "Col")
        )
        parts = [*tables, *(variable.xmile or "" for variable in self.variables.values())]
        random.Random(len(parts)).shuffle(parts)
        body = "".join(parts)
        return (
            '<?xml version="1.0" encoding="utf-8"?>\n<xmile version="1.0" '
            'xmlns="http://docs.oasis-open.org/xmile/ns/XMILE/v1.0"><header><vendor>random</vendor>'
            '<product version="1">random</product></header>'
            f'<sim_specs method="{"Euler" if self.method == "euler" else self.method.upper()}" time_units="Year">'
            f"<start>{self.first:g}</start><stop>{self.times[-1]:g}</stop><dt>{self.step:g}</dt></sim_specs>"
            f"<dimensions>{ranges}</dimensions><model><variables>{body}</variables></model></xmile>\n"
        )

    # Meaning.

    def kinds_of(self, name: str) -> frozenset[str]:
        """What a variable and everything that it reads needs."""
        seen, waiting, kinds = set[str](), [name], set[str]()
        while waiting:
            one = waiting.pop()
            if one not in seen:
                seen.add(one)
                kinds |= self.variables[one].kinds
                waiting += self.variables[one].reads
        return frozenset(kinds)

    def run(self, given: Callable[[str, Place, int], float]) -> dict[str, dict[Place, list[float]]]:
        """Work out every element of every variable at every time; `given` says what was drawn by chance."""
        course: dict[str, dict[Place, list[float]]] = {
            name: {place: [] for place in variable.formulas} for name, variable in self.variables.items()
        }
        states: dict[Any, float] = {}
        kept: dict[Any, float] = {}
        begin = Now(self, float(self.times[0]), states, kept, lambda name, place: given(name, place, 0), starting=True)
        for key in self.starts:
            begin.state(key)
        queues = {key: [kept[key]] * slots for key, (_, slots) in self.pipes.items()}
        for moment, time in enumerate(self.times):
            drawn = lambda name, place, moment=moment: given(name, place, moment)  # noqa: E731
            now = Now(self, float(time), states, kept, drawn)
            for name, places in course.items():
                for place, values in places.items():
                    values.append(now.value(name, place))
            after = {key: change(now) for key, change in self.discrete.items()}
            for key, (entering, _) in self.pipes.items():
                queues[key].append(entering(now))
            states = self._moved(now, drawn)
            kept = {**kept, **after}
            for key, queue in queues.items():
                queue.pop(0)
                kept[key] = queue[0]
        return course

    def _moved(self, now: Now, drawn: Callable[[str, Place], float]) -> dict[Any, float]:
        def slopes(part: float, by: dict[Any, float] | None) -> dict[Any, float]:
            at = now
            if by is not None:
                states = {key: value + part * self.step * by[key] for key, value in now.states.items()}
                at = Now(self, now.time + part * self.step, states, now.kept, drawn)
            return {key: rate(at) for key, rate in self.rates.items()}

        first = slopes(0, None)
        if self.method == "euler":
            weighed = first
        elif self.method == "rk2":
            second = slopes(1.0, first)
            weighed = {key: (first[key] + second[key]) / 2 for key in first}
        else:
            second = slopes(0.5, first)
            third = slopes(0.5, second)
            fourth = slopes(1.0, third)
            weighed = {key: (first[key] + 2 * second[key] + 2 * third[key] + fourth[key]) / 6 for key in first}
        return {key: value + self.step * weighed[key] for key, value in now.states.items()}


def _is_on(time: float, start: float, width: float, step: float) -> bool:
    """Vensim's PULSE: start < Time + TIME STEP / 2 < start + width, for one step at least."""
    near = 1e-6 * step
    since = time + step / 2 - start
    return near < since < max(width, step) - near


def _places(dims: tuple[str, ...]) -> list[Place]:
    return list(product(*(RANGES[dim] for dim in dims)))


def _xmile_variable(kind: str, name: str, dims: tuple[str, ...], text: str | dict[Place, str], more: str = "") -> str:
    inside = more
    if dims:
        inside += "<dimensions>" + "".join(f'<dim name="{dim}"/>' for dim in dims) + "</dimensions>"
    if isinstance(text, str):
        return f'<{kind} name="{name}"><eqn>{escape(text)}</eqn>{inside}</{kind}>'
    if not dims:
        return f'<{kind} name="{name}"><eqn>{escape(text[()])}</eqn>{inside}</{kind}>'
    elements = "".join(
        f'<element subscript="{", ".join(place)}"><eqn>{escape(one)}</eqn></element>' for place, one in text.items()
    )
    return f'<{kind} name="{name}">{inside}{elements}</{kind}>'


# The study.


@dataclass
class Tally:
    """What was compared with whom, and what differs."""

    models: Counter[str] = field(default_factory=Counter)
    values: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)

    def lines(self) -> list[str]:
        """The tally as a table."""
        return [
            f"{who}: {self.models[who]} models, {self.values[who]:,} values alike; refused by it {self.refused[who]}; "
            f"variables left out for its flaws {self.left_out[who]}"
            for who in self.models | self.refused
        ]


Get = Callable[[Variable, Place], Any]


def study(
    numbers: Sequence[int], folder: Path, *, compiled: int = 0, others: Sequence[str] = ("pysd", "simlin")
) -> Tally:
    """Draw models and compare the engine with the rules by hand, and with others where these mean the same.

    Every one of so many `compiled` is compiled too, and must give what its code gives as plain Python.
    """
    tally = Tally()
    asked: list[tuple[int, Path, dict[str, dict[Place, list[float]]]]] = []
    for number in numbers:
        model = RandomModel(number)
        path = folder / f"random{number}.mdl"
        path.write_text(model.vensim, encoding="utf-8")
        mine = run_plainly(path)
        rules = model.run(lambda name, place, moment, mine=mine: float(mine[name].to_numpy()[moment]))  # type: ignore[misc]
        _hold(tally, "rules", number, model, rules, _of_dataset(mine))
        if compiled and number % compiled == 0:
            _hold(tally, "compiled", number, model, rules, _of_dataset(compile_model(path).run(keep_non_finite=True)))
        if not any("random" in variable.kinds for variable in model.variables.values()):
            asked.append((number, path, rules))
        if (text := model.xmile) is not None:
            other = path.with_suffix(".xmile")
            other.write_text(text, encoding="utf-8")
            _hold(tally, "XMILE", number, model, rules, _of_dataset(run_plainly(other)))
            asked.append((number, other, rules))
        if "pysd" in others and model.language == "shared":
            try:
                theirs = ReferenceModel(path).run()
            except Exception:
                tally.refused["pysd"] += 1
            else:
                _hold(tally, "pysd", number, model, rules, _of_dataset(theirs))
    if "simlin" in others:
        # It adds up tenths, and takes one step more or less.
        whole = [one for one in asked if RandomModel(one[0]).step != 0.1]
        for (number, _, rules), series in zip(whole, _simlin([path for _, path, _ in whole]), strict=True):
            if series is None:
                tally.refused["simlin"] += 1
            else:
                _hold(tally, "simlin", number, RandomModel(number), rules, _of_series(series))
    return tally


def _of_dataset(run: xr.Dataset) -> Get:
    def get(variable: Variable, place: Place) -> Any:
        values = run[variable.name]
        chosen = dict(zip(variable.dims, place, strict=True))
        return values.sel({dim: item for dim, item in chosen.items() if dim in values.dims}).to_numpy()

    return get


def _of_series(series: dict[str, list[float]]) -> Get:
    return lambda variable, place: np.array(series[variable.name + (f"[{','.join(place)}]" if place else "")])


def _hold(
    tally: Tally, who: str, number: int, model: RandomModel, rules: dict[str, dict[Place, list[float]]], get: Get
) -> None:
    """Compare all variables that the other means the same by."""
    flaws = set(FLAWS.get(who, ()))
    tally.models[who] += 1
    for variable in model.variables.values():
        if model.kinds_of(variable.name) & flaws:
            tally.left_out[who] += 1
            continue
        for place, course in rules[variable.name].items():
            expected = np.array(course)
            found = np.broadcast_to(get(variable, place), expected.shape)
            apart = float(np.abs(found - expected).max()) / max(float(np.abs(expected).max()), 1e-6)
            tally.values[who] += len(expected)
            if not apart <= CLOSE:
                line = " | ".join(variable.vensim)[:300]
                tally.differences.append(f"{who}, model {number} ({model.method}): {line} at {place} by {apart:.2g}")
                return


#: pysimlin may end the whole process, so it has one of its own, which is begun again behind what ended it.
ASK_SIMLIN: Final = """
import json, sys
import simlin
for path in sys.argv[1:]:
    try:
        run = simlin.load(path).simulate()
        run.run_to_end()
        names = [name for name in run.get_var_names() if not name.startswith("$")]
        print(json.dumps({name: list(map(float, run.get_series(name))) for name in names}), flush=True)
    except Exception:
        print("null", flush=True)
"""


def _simlin(paths: Sequence[Path]) -> list[dict[str, list[float]] | None]:
    found: list[dict[str, list[float]] | None] = []
    while len(found) < len(paths):
        command = [sys.executable, "-c", ASK_SIMLIN, *map(str, paths[len(found) : len(found) + 50])]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        found += [json.loads(line) for line in done.stdout.splitlines()]
        if done.returncode:
            found.append(None)
    return found


def main() -> None:
    """Make the study and say what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000, help="models to draw")
    parser.add_argument("--first", type=int, default=0, help="the number of the first of them")
    parser.add_argument("--others", nargs="*", default=["pysd", "simlin"], help="who else is asked")
    parser.add_argument("--compiled", type=int, default=40, help="every one of so many is compiled too")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        numbers = range(arguments.first, arguments.first + arguments.count)
        tally = study(numbers, Path(folder), compiled=arguments.compiled, others=arguments.others)
    print("\n".join([*tally.lines(), *tally.differences]))
    sys.exit(bool(tally.differences))


if __name__ == "__main__":
    main()
