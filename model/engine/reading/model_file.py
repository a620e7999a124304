"""Read what PySD has parsed into typed quantities and equations; refuse whatever has no known meaning."""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from pysd.builders.python.subscripts import SubscriptManager
from pysd.translators.structures import abstract_expressions as parsed
from pysd.translators.structures.abstract_model import AbstractUnchangeableConstant
from pysd.translators.vensim.vensim_file import VensimFile
from pysd.translators.xmile.xmile_file import XmileFile

from ..errors import listed
from .expressions import (
    FUNCTIONS,
    ActiveInitial,
    Call,
    Expression,
    Index,
    Interpolation,
    Loop,
    Number,
    Position,
    Read,
    Reduction,
    walk,
)
from .quantities import CONTROLS, Definition, Equation, Pipe, Quantity, RefusedModelError

REDUCTIONS = {"sum": "sum", "prod": "prod", "vmin": "min", "vmax": "max"}
EXTERNAL = (parsed.GetConstantsStructure, parsed.GetDataStructure, parsed.GetLookupsStructure, parsed.DataStructure)
#: The only functions that are not known and have no memory.
ALLOCATIONS = (parsed.AllocateAvailableStructure, parsed.AllocateByPriorityStructure)


TIME, TIME_STEP = Read("time"), Read("time_step")
HALF_STEP = Call("*", (Number(0.5), TIME_STEP))


def read_model(path: Path) -> Definition:
    """Read a Vensim (.mdl) or XMILE file, or refuse it with every variable whose meaning this engine does not know."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        source: Any = VensimFile(path) if path.suffix.lower() == ".mdl" else XmileFile(path)
        source.parse()
        abstract = source.get_abstract_model()
    texts: dict[str, list[str]] = {}
    for component in getattr(source.sections[0], "components", None) or ():
        if hasattr(component, "expression"):
            texts.setdefault(_key(component.name), []).append(" ".join(str(component.expression).split()))
    return _Reader(abstract, texts, path.parent).read()


def _key(name: str) -> str:
    return name.lower().replace(" ", "_")


@dataclass(frozen=True)
class _Scope:
    """Where an equation is being read: the quantity, its loops by range, and the names in scope."""

    quantity: Quantity
    loops: dict[str, Loop]
    names: dict[str, str]
    reduced_ranges: dict[str, Loop] | None = None

    @property
    def loop_list(self) -> tuple[Loop, ...]:
        """Return the loops in the order the left side names them."""
        return tuple(self.loops.values())


class _Reader:
    def __init__(self, abstract: Any, texts: dict[str, list[str]], folder: Path) -> None:
        main = abstract.sections[0]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.subscripts = SubscriptManager(main.subscripts, folder)
        self.ranges: dict[str, list[str]] = {name: list(items) for name, items in self.subscripts.subscripts.items()}
        self.element_names = {item for items in self.ranges.values() for item in items}
        self.numbers = self._subscript_numbers()
        self.main = main
        self.macros = {section.name: section for section in abstract.sections[1:]}
        self.texts = texts
        self.refusals: dict[str, list[str]] = {}
        self.quantities: dict[str, Quantity] = {}
        self.updates: list[tuple[Equation, ...]] = []
        self.pipes: list[Pipe] = []
        self.flows: set[str] = set()
        self.structural: set[str] = set()
        self.counter = itertools.count(1)

    def read(self) -> Definition:
        self.quantities["time"] = Quantity("time", "Time", "time")
        for element in self.main.elements:
            self._declare(element)
        names = {key: key for key in self.quantities}
        for element in self.main.elements:
            self._define(element, names)
        for key in CONTROLS:
            if key not in self.quantities:
                self._refuse(key.upper().replace("_", " "), "the model does not define it")
        for constraint in (*self.main.constraints, *self.main.test_inputs):
            self._refuse(constraint.name, "constraints and test inputs are not simulated")
        if self.refusals:
            lines = [f"{name}: {reason}" for name, reasons in self.refusals.items() for reason in reasons]
            message = f"The model cannot be compiled:\n{listed(lines)}"
            raise RefusedModelError(message)
        for key in self.flows:
            if self.quantities[key].kind == "auxiliary":
                self.quantities[key].kind = "flow"
        for key in self.structural:
            self.quantities[key].changeable = False
        return Definition(self.quantities, self.updates, self.pipes, self.ranges)

    def _refuse(self, name: str, reason: str) -> Expression:
        reasons = self.refusals.setdefault(name, [])
        if reason not in reasons:
            reasons.append(reason)
        return Number(math.nan)

    def _subscript_numbers(self) -> dict[str, tuple[str | None, tuple[int, ...]]]:
        numbers: dict[str, tuple[str | None, tuple[int, ...]]] = {}
        for main, parts in self.subscripts.subranges.items():
            items = self.ranges[main]
            numbers[_key(main)] = (main, tuple(range(1, len(items) + 1)))
            for position, item in enumerate(items, start=1):
                numbers[_key(item)] = (None, (position,))
            for part in parts:
                numbers[_key(part)] = (part, tuple(items.index(item) + 1 for item in self.ranges[part]))
        return numbers

    # Declaring: names, dims and kinds, before any equation is read.

    def _declare(self, element: Any) -> None:
        key = _key(element.name)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                dims = tuple(
                    self.subscripts.make_merge_list([part.subscripts[0] for part in element.components], element.name)
                )
            except (KeyError, IndexError) as error:
                self._refuse(element.name, f"its subscripts are not known ({error})")
                dims = ()
        if None in dims:
            self._refuse(element.name, "its subscripts belong to no common range")
            dims = ()
        for name, items in self.subscripts.subscripts.items():
            self.ranges.setdefault(name, list(items))
        self.quantities[key] = Quantity(
            key,
            element.name,
            self._kind(key, element),
            dims,
            tuple(len(self.ranges[dim]) for dim in dims),
            element.units or "",
            " ".join((element.documentation or "").split()),
            " | ".join(self.texts.get(key, ())),
        )
        quantity = self.quantities[key]
        quantity.changeable = quantity.kind == "constant" and not any(
            isinstance(part, AbstractUnchangeableConstant) for part in element.components
        )

    @staticmethod
    def _kind(key: str, element: Any) -> str:
        trees = [part.ast for part in element.components]
        if key in CONTROLS:
            return "control"
        if all(isinstance(tree, (int, float, np.ndarray)) for tree in trees):
            return "constant"
        if all(isinstance(tree, parsed.LookupsStructure) for tree in trees):
            return "lookup"
        if all(isinstance(tree, parsed.IntegStructure) for tree in trees):
            return "stock"
        return "auxiliary"

    # Defining: every component becomes equations over rectangular boxes of its subscripts.

    def _define(self, element: Any, names: dict[str, str]) -> None:
        quantity = self.quantities[_key(element.name)]
        if element.name in self.refusals:
            return
        if quantity.kind in {"constant", "lookup"}:
            quantity.value = np.full(quantity.lengths, np.nan)
        defined = np.zeros(quantity.lengths, dtype=int)
        for component in element.components:
            box = self._box(component.subscripts[0], quantity)
            if box is None:
                return
            excluded = [self._items(subscripts) for subscripts in component.subscripts[1]]
            for part in _without(box, excluded):
                self._component(quantity, component.ast, component.subscripts[0], part, names)
                orders = [self.ranges[dim] for dim in quantity.dims]
                places = [[order.index(item) for item in items] for order, items in zip(orders, part, strict=True)]
                defined[np.ix_(*places)] += 1
        for reason, wrong in (("no equation", defined == 0), ("more than one equation", defined > 1)):
            if wrong.any():
                self._refuse(element.name, self._named_elements(quantity, wrong) + reason)

    def _named_elements(self, quantity: Quantity, wrong: npt.NDArray[np.bool_]) -> str:
        """Name the first few elements, for a message."""
        if not quantity.dims:
            return ""
        named = [
            ", ".join(self.ranges[dim][position] for dim, position in zip(quantity.dims, places, strict=True))
            for places in np.argwhere(wrong)[:3]
        ]
        more = f" and {int(wrong.sum()) - 3} more" if wrong.sum() > 3 else ""
        return "; ".join(f"[{name}]" for name in named) + f"{more}: "

    def _items(self, subscripts: Iterable[str]) -> list[list[str]]:
        return [[name] if name in self.element_names else self.ranges.get(name, []) for name in subscripts]

    def _box(self, subscripts: Sequence[str], quantity: Quantity) -> list[list[str]] | None:
        unknown = [name for name in subscripts if name not in self.element_names and name not in self.ranges]
        if unknown:
            self._refuse(quantity.name, f"unknown subscript {', '.join(unknown)}")
            return None
        if len(set(subscripts)) != len(subscripts):
            self._refuse(quantity.name, "the same subscript twice on the left side")
            return None
        return self._items(subscripts)

    def _component(
        self, quantity: Quantity, tree: Any, subscripts: Sequence[str], box: list[list[str]], names: dict[str, str]
    ) -> None:
        loops: dict[str, Loop] = {}
        indices: list[Index] = []
        full: list[int] = []
        for subscript, items, dim in zip(subscripts, box, quantity.dims, strict=True):
            order = self.ranges[dim]
            if subscript in self.element_names:
                indices.append(Index(None, (order.index(items[0]),)))
                continue
            everything = self.ranges[subscript]
            full.append(len(everything))
            loops[subscript] = Loop(subscript, tuple(everything.index(item) for item in items))
            indices.append(Index(subscript, tuple(order.index(item) for item in items)))
        scope = _Scope(quantity, loops, names)
        if quantity.kind == "constant" or isinstance(tree, np.ndarray):
            values = np.asarray(tree, dtype=float)
            if values.ndim and values.size != math.prod(full):
                self._refuse(quantity.name, f"{values.size} numbers for {math.prod(full)} elements")
                return
            table = np.broadcast_to(values.reshape(full) if values.ndim else values, full)
            chosen = table[np.ix_(*[loop.positions for loop in loops.values()])] if loops else table
            if quantity.kind == "constant":
                assert quantity.value is not None
                shape = [len(index.places) for index in indices]
                quantity.value[np.ix_(*[index.places for index in indices])] = np.reshape(chosen, shape)
                return
            hidden = self._hidden("numbers", scope, "constant")
            hidden.value = np.array(chosen)
            expression: Expression = self._read_hidden(hidden, scope)
        elif quantity.kind == "lookup":
            self._put_table(quantity, tree, indices)
            return
        elif quantity.kind == "stock":
            self._stock(quantity, tree, scope, tuple(indices))
            return
        else:
            expression = self._translate(tree, scope)
        quantity.equations.append(Equation(quantity.key, scope.loop_list, tuple(indices), expression))

    def _put_table(self, quantity: Quantity, tree: Any, indices: Sequence[Index]) -> None:
        if quantity.table_of is None:
            quantity.table_of = np.full(quantity.lengths, -1, dtype=np.int64)
        quantity.table_of[np.ix_(*[index.places for index in indices])] = len(quantity.tables)
        points, values = np.asarray(tree.x, dtype=float), np.asarray(tree.y, dtype=float)
        if len(set(tree.x)) != len(tree.x):
            self._refuse(quantity.name, "a lookup with the same x twice")
        quantity.tables.append((points, values))
        quantity.text = tree.type

    # Hidden quantities.

    def _hidden(self, what: str, scope: _Scope, kind: str = "auxiliary") -> Quantity:
        number = next(self.counter)
        hidden = Quantity(
            f"{scope.quantity.key}#{what.replace(' ', '_')}{number}",
            f"{what} in {scope.quantity.name}",
            kind,
            tuple(scope.loops),
            tuple(loop.length for loop in scope.loop_list),
            hidden=True,
        )
        self.quantities[hidden.key] = hidden
        return hidden

    @staticmethod
    def _along(scope: _Scope) -> tuple[Index, ...]:
        return tuple(Index(loop.name, tuple(range(loop.length))) for loop in scope.loop_list)

    def _read_hidden(self, hidden: Quantity, scope: _Scope) -> Read:
        return Read(hidden.key, self._along(scope))

    def _hold(self, what: str, expression: Expression, scope: _Scope) -> Read:
        hidden = self._hidden(what, scope)
        hidden.equations.append(Equation(hidden.key, scope.loop_list, self._along(scope), expression))
        return self._read_hidden(hidden, scope)

    def _state(self, what: str, scope: _Scope, start: Expression) -> tuple[Quantity, Read]:
        state = self._hidden(what, scope, "stock")
        state.starts.append(Equation(state.key, scope.loop_list, self._along(scope), start))
        return state, self._read_hidden(state, scope)

    def _next(self, state: Quantity, scope: _Scope, expression: Expression) -> Equation:
        return Equation(state.key, scope.loop_list, self._along(scope), expression)

    def _settled(self, what: str, tree: Any, scope: _Scope, own: Read | None = None) -> Expression:
        """Translate what drives a state; whatever reads other states is kept in a variable, worked out beforehand."""
        expression = self._translate(tree, scope)
        for part in walk(expression):
            if isinstance(part, Read) and part != own and self.quantities[part.variable].kind == "stock":
                return self._hold(what, expression, scope)
        return expression

    # Stocks, delays and other functions with memory.

    def _stock(self, quantity: Quantity, tree: Any, scope: _Scope, indices: tuple[Index, ...]) -> None:
        for part in _references(tree.flow):
            if part in self.quantities:
                self.flows.add(scope.names.get(part, part))
        own = Read(quantity.key, indices)
        after = _integrated(own, self._settled("flow", tree.flow, scope, own), tree)
        start = self._translate(tree.initial, scope)
        quantity.starts.append(Equation(quantity.key, scope.loop_list, indices, start))
        self.updates.append((Equation(quantity.key, scope.loop_list, indices, after),))

    def _integral(self, tree: Any, scope: _Scope) -> Expression:
        state, own = self._state("INTEG", scope, self._translate(tree.initial, scope))
        after = _integrated(own, self._settled("flow", tree.flow, scope), tree)
        self.updates.append((self._next(state, scope, after),))
        return own

    def _order(self, tree: Any, scope: _Scope) -> int:
        value = tree
        if isinstance(tree, parsed.ReferenceStructure) and tree.reference in scope.names:
            constant = self.quantities[scope.names[tree.reference]]
            element = next((item for item in self.main.elements if _key(item.name) == constant.key), None)
            if constant.kind == "constant" and element is not None and not constant.dims:
                value = element.components[0].ast
                self.structural.add(constant.key)
        if isinstance(value, (int, float)) and int(value) == value and value >= 1:
            return int(value)
        self._refuse(scope.quantity.name, "the order of a delay or smooth must be a whole number from 1 on")
        return 1

    def _smooth(self, tree: Any, scope: _Scope) -> Expression:
        order = self._order(tree.order, scope)
        source = self._settled("input", tree.input, scope)
        time = self._settled("smoothing time", tree.smooth_time, scope)
        start = self._translate(tree.initial, scope)
        stages = [self._state(f"SMOOTH stage {number + 1}", scope, start) for number in range(order)]
        moves = []
        for number in reversed(range(order)):
            state, own = stages[number]
            target = source if number == 0 else stages[number - 1][1]
            rate = Call("/", (Call("*", (Call("-", (target, own)), Number(float(order)))), time))
            moves.append(self._next(state, scope, _advance(own, rate)))
        self.updates.append(tuple(moves))
        return stages[-1][1]

    def _delay(self, tree: Any, scope: _Scope) -> Expression:
        order = self._order(tree.order, scope)
        source = self._settled("input", tree.input, scope)
        time = self._settled("delay time", tree.delay_time, scope)
        start = Call("*", (self._translate(tree.initial, scope), time))
        stages = [self._state(f"DELAY stage {number + 1}", scope, start) for number in range(order)]
        shortest = Reduction("min", scope.loop_list, time) if scope.loops else time
        used_now = Call("delay_order", (Number(float(order)), Read("time_step"), shortest))
        count, used = self._state("DELAY order", _Scope(scope.quantity, {}, scope.names), used_now)
        count.text = "fixed at the start"

        def entering(number: int, new: Expression, before: Expression) -> Expression:
            """Return what enters a stage: what is new into the first that is in use, then what the one before holds."""
            if not number:
                return new
            return Call("if_then_else", (Call("=", (used, Number(float(order - number)))), new, before))

        moves = []
        spent: list[Expression] = [time] * order
        latest: Expression = time
        # DELAY N remembers with what delay time each stage was entered.
        if remembers_times := isinstance(tree, parsed.DelayNStructure):
            times = [self._state(f"DELAY time of stage {number + 1}", scope, time) for number in range(order)]
            newest, latest = self._state("DELAY newest time", scope, time)
            spent = [own for _, own in times]
            for number in reversed(range(order)):
                moves.append(self._next(times[number][0], scope, entering(number, time, spent[number - 1])))
        for number in reversed(range(order)):
            state, own = stages[number]
            # Remembered delay times have moved on one stage by now.
            inflow = entering(number, source, Call("/", (stages[number - 1][1], spent[number - 1])))
            rate = Call("*", (Call("-", (inflow, Call("/", (own, spent[number])))), used))
            moves.append(self._next(state, scope, _advance(own, rate)))
        if remembers_times:
            moves.append(self._next(newest, scope, time))
        self.updates.append(tuple(moves))
        return Call("/", (stages[-1][1], latest))

    def _delay_fixed(self, tree: Any, scope: _Scope) -> Expression:
        state, own = self._state("DELAY FIXED", scope, self._translate(tree.initial, scope))
        source = self._hold("DELAY FIXED input", self._translate(tree.input, scope), scope)
        bare = _Scope(scope.quantity, {}, scope.names)
        delay, _ = self._state("DELAY FIXED time", bare, self._translate(tree.delay_time, bare))
        self.pipes.append(Pipe(state.key, source.variable, delay.key))
        return own

    def _sample(self, tree: Any, scope: _Scope) -> Expression:
        state, own = self._state("SAMPLE IF TRUE", scope, self._translate(tree.initial, scope))
        condition, source = self._translate(tree.condition, scope), self._translate(tree.input, scope)
        value = self._hold("sampled value", Call("if_then_else", (condition, source, own)), scope)
        self.updates.append((self._next(state, scope, value),))
        return value

    def _initial(self, tree: Any, scope: _Scope) -> Expression:
        return self._state("INITIAL", scope, self._translate(tree.initial, scope))[1]

    def _trend(self, tree: Any, scope: _Scope) -> Expression:
        forecast = isinstance(tree, parsed.ForecastStructure)
        source = self._settled("input", tree.input, scope)
        time = self._settled("averaging time", tree.average_time, scope)
        growth = self._translate(tree.initial_trend, scope)
        past = Call("+", (Number(1.0), growth if forecast else Call("*", (growth, time))))
        state, own = self._state("average", scope, Call("/", (source, past)))
        self.updates.append((self._next(state, scope, _advance(own, Call("/", (Call("-", (source, own)), time)))),))
        gap = Call("-", (source, own))
        if not forecast:
            return Call("zidz", (gap, Call("*", (time, Call("abs", (own,))))))
        horizon = self._translate(tree.horizon, scope)
        slope = Call("zidz", (gap, Call("*", (time, own))))
        return Call("*", (source, Call("+", (Number(1.0), Call("*", (slope, horizon))))))

    # Expressions.

    def _translate(self, tree: Any, scope: _Scope) -> Expression:
        name = scope.quantity.name
        if isinstance(tree, (int, float, np.floating, np.integer)):
            return Number(float(tree))
        translate = PLAIN.get(type(tree))
        if translate is None and isinstance(tree, EXTERNAL):
            return self._refuse(name, "data from outside the model file is not read; write the numbers into the model")
        if translate is None and scope.reduced_ranges is not None and not isinstance(tree, ALLOCATIONS):
            return self._refuse(name, "a function with memory inside SUM, PROD, VMIN or VMAX; give it its own variable")
        translate = translate or WITH_MEMORY.get(type(tree))
        if translate is None:
            return self._refuse(name, f"{type(tree).__name__.removesuffix('Structure')} is not known")
        return translate(self, tree, scope)

    def _arithmetic(self, tree: Any, scope: _Scope) -> Expression:
        parts = [self._translate(part, scope) for part in tree.arguments]
        if tree.operators == ["negative"]:
            return Call("negative", (parts[0],))
        if tree.operators[0] == "^":
            if any(isinstance(part, (int, float)) and part < 0 for part in tree.arguments[:-1]):
                # PySD's parser keeps no brackets: -2^2 and (-2)^2 are the same to it.
                return self._refuse(
                    scope.quantity.name,
                    "a negative number as the base of ^ can be read in two ways; write 0 - 2^2, or POWER(-2, 2)",
                )
            value = parts[-1]
            for left in reversed(parts[:-1]):
                value = Call("^", (left, value))
            return value
        value = parts[0]
        for operator, right in zip(tree.operators, parts[1:], strict=True):
            value = Call(operator, (value, right))
        return value

    def _logic(self, tree: Any, scope: _Scope) -> Expression:
        parts = [self._translate(part, scope) for part in tree.arguments]
        operators = [operator.lower() for operator in tree.operators]
        if len(parts) == 1:
            return Call(":not:", (parts[0],))
        # PySD joins :AND: and :OR: from the right without precedence.
        value = parts[-1]
        for operator, left in zip(reversed(operators), reversed(parts[:-1]), strict=True):
            value = Call(operator, (left, value))
        return value

    def _reference(self, tree: Any, scope: _Scope) -> Expression:
        subscripts = list(getattr(tree.subscripts, "subscripts", ()))
        key = scope.names.get(tree.reference)
        if key is None:
            return self._subscript_number(tree.reference, scope)
        quantity = self.quantities[key]
        if quantity.kind == "lookup":
            return self._refuse(scope.quantity.name, f"the lookup {quantity.name} is used without an argument")
        if quantity.hidden:
            return Read(key, self._along(scope) if quantity.dims else ())
        indices = self._indices(quantity, subscripts, scope)
        return Number(math.nan) if indices is None else Read(key, indices)

    def _subscript_number(self, reference: str, scope: _Scope) -> Expression:
        if reference not in self.numbers:
            return self._refuse(scope.quantity.name, f"{reference.replace('_', ' ')!r} is not defined in the model")
        name, places = self.numbers[reference]
        if name is None:
            return Number(float(places[0]))
        if name not in scope.loops:
            return self._refuse(
                scope.quantity.name, f"the range {name} is used as a number but is not on the left side"
            )
        loop = scope.loops[name]
        return Position(Index(name, tuple(places[position] for position in loop.positions)))

    def _indices(self, quantity: Quantity, subscripts: list[str], scope: _Scope) -> tuple[Index, ...] | None:
        name = scope.quantity.name
        if len(subscripts) != len(quantity.dims):
            self._refuse(name, f"{quantity.name} needs {len(quantity.dims)} subscripts, not {len(subscripts)}")
            return None
        indices: list[Index] = []
        for subscript, dim in zip(subscripts, quantity.dims, strict=True):
            order = self.ranges[dim]
            loop, items = self._loop(subscript, subscripts, scope)
            if items is None:
                self._refuse(
                    name, f"subscript {subscript} of {quantity.name} is not on the left side, nor mapped to it"
                )
                return None
            if not set(items) <= set(order):
                self._refuse(name, f"subscript {subscript} does not fit {quantity.name}[{dim}]")
                return None
            indices.append(Index(loop, tuple(order.index(item) for item in items)))
        return tuple(indices)

    def _loop(self, subscript: str, others: list[str], scope: _Scope) -> tuple[str | None, list[str] | None]:
        """Return the loop a subscript follows and the elements met along it."""
        if subscript in self.element_names:
            return None, [subscript]
        if subscript.endswith("!"):
            items = self.ranges.get(subscript[:-1].strip())
            if items is None or scope.reduced_ranges is None:
                return None, None
            scope.reduced_ranges.setdefault(subscript, Loop(subscript, tuple(range(len(items)))))
            return subscript, items
        if subscript not in self.ranges:
            return None, None
        items = self.ranges[subscript]
        if subscript in scope.loops:
            return subscript, [items[position] for position in scope.loops[subscript].positions]
        for mapped in self.subscripts.mapping.get(subscript, ()):
            if mapped in scope.loops and mapped not in others and len(self.ranges[mapped]) == len(items):
                return mapped, [items[position] for position in scope.loops[mapped].positions]
        return None, None

    def _call(self, tree: Any, scope: _Scope) -> Expression:
        function = tree.function.reference
        if function in self.macros:
            return self._macro(self.macros[function], tree, scope)
        key = scope.names.get(function)
        if key is not None:
            return self._lookup_call(self.quantities[key], tree, scope)
        if function in REDUCTIONS:
            return self._reduction(function, tree, scope)
        name, spoken = scope.quantity.name, function.upper().replace("_", " ")
        if function == "elmcount":
            called = tree.arguments[0].reference
            items = next((items for name, items in self.ranges.items() if _key(name) == called), None)
            return Number(float(len(items))) if items else self._refuse(name, "ELMCOUNT of something that is no range")
        if function.startswith("random"):
            return self._refuse(
                name, f"{spoken}: random functions are refused; draw the numbers outside and pass them in"
            )
        if function in FUNCTIONS:
            wanted, make = FUNCTIONS[function][0], _call_of(function)
        elif function in MADE:
            wanted, make = MADE[function]
        else:
            return self._refuse(name, f"the function {spoken} is not known")
        if len(tree.arguments) != wanted:
            return self._refuse(name, f"{spoken} takes {wanted} arguments, not {len(tree.arguments)}")
        return make(*(self._translate(argument, scope) for argument in tree.arguments))

    def _reduction(self, function: str, tree: Any, scope: _Scope) -> Expression:
        # Ranges marked with ! are collected in it.
        inner = replace(scope, reduced_ranges={})
        body = self._translate(tree.arguments[0], inner)
        if not inner.reduced_ranges:
            spoken = function.upper()
            return self._refuse(scope.quantity.name, f"{spoken} without a subscript marked with !")
        return Reduction(REDUCTIONS[function], tuple(inner.reduced_ranges.values()), body)

    def _lookup_call(self, quantity: Quantity, tree: Any, scope: _Scope) -> Expression:
        if quantity.kind != "lookup":
            return self._refuse(scope.quantity.name, f"{quantity.name} is called like a function but is no lookup")
        subscripts = list(getattr(tree.function.subscripts, "subscripts", ()))
        indices = self._indices(quantity, subscripts, scope)
        if indices is None or len(tree.arguments) != 1:
            return self._refuse(scope.quantity.name, f"{quantity.name} is a lookup of one argument")
        method = next(part.ast.type for part in self._element(quantity.key).components)
        return Interpolation(quantity.key, indices, self._translate(tree.arguments[0], scope), method)

    def _element(self, key: str) -> Any:
        sections = (self.main, *self.macros.values())
        base = key.rpartition("#")[2] if "#" in key else key
        return next(item for section in sections for item in section.elements if _key(item.name) == base)

    def _inline_lookup(self, tree: Any, scope: _Scope) -> Expression:
        table = self._hidden("table", _Scope(scope.quantity, {}, scope.names), "lookup")
        self._put_table(table, tree.lookups, ())
        return Interpolation(table.key, (), self._translate(tree.argument, scope), "interpolate")

    # Macros: every call gets its own copy of the macro's variables.

    def _macro(self, section: Any, tree: Any, scope: _Scope) -> Expression:
        if scope.reduced_ranges is not None:
            return self._refuse(scope.quantity.name, "a macro inside SUM, PROD, VMIN or VMAX")
        number = next(self.counter)
        names = {key: key for key in ("time", *CONTROLS)}
        for parameter, argument in zip(section.params, tree.arguments, strict=False):
            held = self._hold(f"{section.name} {parameter}", self._translate(argument, scope), scope)
            names[_key(parameter)] = held.variable
        for element in section.elements:
            key = f"{scope.quantity.key}#{section.name}{number}#{_key(element.name)}"
            kind = self._kind(_key(element.name), element)
            if any(part.subscripts[0] for part in element.components):
                return self._refuse(scope.quantity.name, f"the macro {section.name} has subscripts of its own")
            dims = () if kind in {"constant", "lookup"} else tuple(scope.loops)
            lengths = tuple(loop.length for loop in scope.loop_list) if dims else ()
            label = f"{element.name} of {section.name} in {scope.quantity.name}"
            self.quantities[key] = Quantity(key, label, kind, dims, lengths, hidden=True)
            names[_key(element.name)] = key
        for element in section.elements:
            quantity = self.quantities[names[_key(element.name)]]
            tree_of = element.components[0].ast
            inner = _Scope(quantity, scope.loops, names)
            if quantity.kind == "constant":
                quantity.value = np.asarray(float(tree_of))
            elif quantity.kind == "lookup":
                self._put_table(quantity, tree_of, ())
            elif quantity.kind == "stock":
                self._stock(quantity, tree_of, inner, self._along(scope))
            else:
                expression = self._translate(tree_of, inner)
                quantity.equations.append(Equation(quantity.key, scope.loop_list, self._along(scope), expression))
        return Read(names[_key(section.name)], self._along(scope))


def _advance(own: Expression, rate: Expression) -> Expression:
    return Call("+", (own, Call("*", (rate, Read("time_step")))))


def _integrated(own: Expression, flow: Expression, tree: Any) -> Expression:
    after = _advance(own, flow)
    return Call("max", (after, Number(0.0))) if tree.non_negative else after


def _call_of(function: str, *before: Expression, after: Sequence[Expression] = ()) -> Callable[..., Expression]:
    """Return what makes the call of a function, with what stands before and behind the arguments given."""
    return lambda *given: Call(function, (*before, *given, *after))


def _height(size: Expression) -> Expression:
    return Call("/", (size, TIME_STEP))


def _references(tree: Any) -> set[str]:
    if isinstance(tree, parsed.ReferenceStructure):
        return {tree.reference}
    if isinstance(tree, (parsed.ArithmeticStructure, parsed.LogicStructure, parsed.CallStructure)):
        return set().union(*(_references(part) for part in tree.arguments))
    return set()


def _without(box: list[list[str]], excluded: list[list[list[str]]]) -> list[list[list[str]]]:
    """Cut the excluded boxes out of a box, leaving boxes."""
    remaining = [box]
    for hole in excluded:
        pieces: list[list[list[str]]] = []
        for piece in remaining:
            inside = [[item for item in side if item in cut] for side, cut in zip(piece, hole, strict=True)]
            if not all(inside):
                pieces.append(piece)
                continue
            for k, (side, cut) in enumerate(zip(piece, hole, strict=True)):
                outside = [item for item in side if item not in cut]
                if outside:
                    pieces.append([*inside[:k], outside, *piece[k + 1 :]])
        remaining = pieces
    return remaining


#: Functions that are more than the call of one, with the number of arguments each takes.
MADE: Final[Mapping[str, tuple[int, Callable[..., Expression]]]] = {
    "active_initial": (2, ActiveInitial),
    "step": (2, _call_of("step", TIME, TIME_STEP)),
    "ramp": (3, _call_of("ramp", TIME)),
    "Xramp": (2, _call_of("ramp", TIME, after=[Number(math.inf)])),
    "pulse": (2, _call_of("pulse", TIME, after=[Number(1.0)])),
    "Xpulse": (2, lambda start, size: Call("pulse", (TIME, start, HALF_STEP, _height(size)))),
    "pulse_train": (4, _call_of("pulse_train", TIME, after=[Number(1.0)])),
    "Xpulse_train": (
        3,
        lambda start, interval, size: Call(
            "pulse_train", (TIME, start, interval, HALF_STEP, Number(math.inf), _height(size))
        ),
    ),
}
#: What translates each kind of expression, without and with memory.
PLAIN: Final[Mapping[type, Callable[[_Reader, Any, _Scope], Expression]]] = {
    parsed.ArithmeticStructure: _Reader._arithmetic,
    parsed.LogicStructure: _Reader._logic,
    parsed.GameStructure: lambda reader, tree, scope: reader._translate(tree.expression, scope),
    parsed.ReferenceStructure: _Reader._reference,
    parsed.CallStructure: _Reader._call,
    parsed.InlineLookupsStructure: _Reader._inline_lookup,
}
WITH_MEMORY: Final[Mapping[type, Callable[[_Reader, Any, _Scope], Expression]]] = {
    parsed.IntegStructure: _Reader._integral,
    parsed.SmoothStructure: _Reader._smooth,
    parsed.SmoothNStructure: _Reader._smooth,
    parsed.DelayStructure: _Reader._delay,
    parsed.DelayNStructure: _Reader._delay,
    parsed.DelayFixedStructure: _Reader._delay_fixed,
    parsed.SampleIfTrueStructure: _Reader._sample,
    parsed.TrendStructure: _Reader._trend,
    parsed.ForecastStructure: _Reader._trend,
    parsed.InitialStructure: _Reader._initial,
}
