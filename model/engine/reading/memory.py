"""Functions with memory, and macros: each gets states of its own, and what carries them to the next step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from .expressions import Call, Expression, Index, Number, Read, loops_used, walk
from .quantities import CONTROLS, Equation, Pipe, Quantity
from .syntax import (
    Application,
    Element,
    Literal,
    Macro,
    Name,
    Nothing,
    Numbers,
    Table,
    Tree,
    key_of,
    subtrees,
)
from .translation import TIME_STEP, Scope, Translator


class Memory(Translator):
    """Translates functions with memory."""

    def translate_memory(self, tree: Application, scope: Scope) -> Expression | None:
        """Translate a function with memory; None for any other."""
        found = WITH_MEMORY.get(tree.key)
        if found is None:
            return None
        if scope.reduced_ranges is not None:
            return self.refuse(
                scope.quantity.name, "a function with memory inside SUM, PROD, VMIN or VMAX; give it its own variable"
            )
        counts, translate = found
        if len(tree.arguments) not in counts:
            wanted = " or ".join(map(str, counts))
            return self.refuse(
                scope.quantity.name, f"{tree.written.upper()} takes {wanted} arguments, not {len(tree.arguments)}"
            )
        return translate(self, tree, scope)

    def _state(self, what: str, scope: Scope, start: Expression) -> tuple[Quantity, Read]:
        state = self.hidden(what, scope, "stock")
        state.starts.append(Equation(state.key, scope.loop_list, self.along(scope), start))
        return state, self.read_hidden(state, scope)

    def _next(self, state: Quantity, scope: Scope, expression: Expression) -> Equation:
        return Equation(state.key, scope.loop_list, self.along(scope), expression)

    def _settled(self, what: str, tree: Tree, scope: Scope, own: Read | None = None) -> Expression:
        """Translate what drives a state; whatever reads other states is kept in a variable, worked out beforehand."""
        expression = self.translate(tree, scope)
        for part in walk(expression):
            if isinstance(part, Read) and part != own and self.quantities[part.variable].kind == "stock":
                return self.hold(what, expression, scope)
        return expression

    # Stocks.

    def stock(self, quantity: Quantity, tree: Application, scope: Scope, indices: tuple[Index, ...]) -> None:
        """Give (some elements of) a stock its first value and what moves it on."""
        flow, initial = tree.arguments[:2]
        for name in flow_names(flow):
            if scope.names.get(name) in self.quantities:
                self.drafts.flows.add(scope.names[name])
        own = Read(quantity.key, indices)
        after = _integrated(own, self._settled("flow", flow, scope, own), tree)
        start = self.translate(initial, scope)
        quantity.starts.append(Equation(quantity.key, scope.loop_list, indices, start))
        self.drafts.updates.append((Equation(quantity.key, scope.loop_list, indices, after),))

    def _integral(self, tree: Application, scope: Scope) -> Expression:
        state, own = self._state("INTEG", scope, self.translate(tree.arguments[1], scope))
        after = _integrated(own, self._settled("flow", tree.arguments[0], scope), tree)
        self.drafts.updates.append((self._next(state, scope, after),))
        return own

    # Smooths and delays.

    def _order(self, tree: Tree, scope: Scope) -> int:
        value = self.fixed_number(tree, scope)
        if value is not None and int(value) == value and value >= 1:
            return int(value)
        self.refuse(scope.quantity.name, "the order of a delay or smooth must be a whole number from 1 on")
        return 1

    def _smooth(self, tree: Application, scope: Scope) -> Expression:
        given, smoothing, *rest = tree.arguments
        order, first = self._order_and_start(tree, rest, given, scope)
        source = self._settled("input", given, scope)
        time = self._settled("smoothing time", smoothing, scope)
        start = self.translate(first, scope)
        stages = [self._state(f"SMOOTH stage {number + 1}", scope, start) for number in range(order)]
        moves = []
        for number in reversed(range(order)):
            state, own = stages[number]
            target = source if number == 0 else stages[number - 1][1]
            rate = Call("/", (Call("*", (Call("-", (target, own)), Number(float(order)))), time))
            moves.append(self._next(state, scope, _advance(own, rate)))
        self.drafts.updates.append(tuple(moves))
        return stages[-1][1]

    def _order_and_start(self, tree: Application, rest: list[Tree], given: Tree, scope: Scope) -> tuple[int, Tree]:
        """Return order and first value of a smooth or delay; the order is in its name, or its last argument."""
        order = ORDERS.get(tree.key)
        if order is None:
            return self._order(rest[-1], scope), rest[0] if len(rest) == 2 else given
        return order, rest[0] if rest else given

    def _delay(self, tree: Application, scope: Scope) -> Expression:
        given, delay, *rest = tree.arguments
        order, first = self._order_and_start(tree, rest, given, scope)
        source = self._settled("input", given, scope)
        time = self._settled("delay time", delay, scope)
        start = Call("*", (self.translate(first, scope), time))
        stages = [self._state(f"DELAY stage {number + 1}", scope, start) for number in range(order)]
        # DELAY N alone lowers its order where a stage would be shorter than a step, and remembers with what delay
        # time each stage was entered.
        is_delay_n = tree.key not in ORDERS
        used: Expression = Number(float(order))
        if is_delay_n:
            lowered = Call("delay_order", (Number(float(order)), TIME_STEP, time))
            count, used = self._state("DELAY order", scope, lowered)
            count.text = "fixed at the start"

        def entering(number: int, new: Expression, before: Expression) -> Expression:
            """Return what enters a stage: what is new into the first that is in use, then what the one before holds."""
            if not number:
                return new
            if not is_delay_n:
                return before
            return Call("if_then_else", (Call("=", (used, Number(float(order - number)))), new, before))

        moves = []
        spent: list[Expression] = [time] * order
        latest: Expression = time
        if is_delay_n:
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
        if is_delay_n:
            moves.append(self._next(newest, scope, time))
        self.drafts.updates.append(tuple(moves))
        return Call("/", (stages[-1][1], latest))

    def _delay_fixed(self, tree: Application, scope: Scope) -> Expression:
        given, delay, *rest = tree.arguments
        first = rest[0] if rest else given
        state, own = self._state("DELAY FIXED", scope, self.translate(first, scope))
        source = self.hold("DELAY FIXED input", self.translate(given, scope), scope)
        time = self.translate(delay, scope)
        # One pipe for all elements, or one for each where their delays differ.
        where = scope if loops_used(time) else Scope(scope.quantity, {}, scope.names)
        length, _ = self._state("DELAY FIXED time", where, time)
        self.drafts.pipes.append(Pipe(state.key, source.variable, length.key))
        return own

    # Other functions with memory.

    def _sample(self, tree: Application, scope: Scope) -> Expression:
        sampled, given, initial = tree.arguments
        state, own = self._state("SAMPLE IF TRUE", scope, self.translate(initial, scope))
        condition, source = self.translate(sampled, scope), self.translate(given, scope)
        value = self.hold("sampled value", Call("if_then_else", (condition, source, own)), scope)
        self.drafts.updates.append((self._next(state, scope, value),))
        return value

    def _initial(self, tree: Application, scope: Scope) -> Expression:
        return self._state("INITIAL", scope, self.translate(tree.arguments[0], scope))[1]

    def _trend(self, tree: Application, scope: Scope) -> Expression:
        given, averaging, *rest = tree.arguments
        source = self._settled("input", given, scope)
        time = self._settled("averaging time", averaging, scope)
        growth = self.translate(rest[0], scope) if rest else Number(0.0)
        own = self._average(source, Call("+", (Number(1.0), Call("*", (growth, time)))), time, scope)
        return Call("zidz", (Call("-", (source, own)), Call("*", (time, Call("abs", (own,))))))

    def _forecast(self, tree: Application, scope: Scope) -> Expression:
        given, averaging, ahead, *rest = tree.arguments
        source = self._settled("input", given, scope)
        time = self._settled("averaging time", averaging, scope)
        growth = self.translate(rest[0], scope) if rest else Number(0.0)
        own = self._average(source, Call("+", (Number(1.0), growth)), time, scope)
        slope = Call("zidz", (Call("-", (source, own)), Call("*", (time, own))))
        return Call("*", (source, Call("+", (Number(1.0), Call("*", (slope, self.translate(ahead, scope)))))))

    def _present_value(self, tree: Application, scope: Scope) -> Expression:
        """Translate NPV(stream, rate, first value, factor), as the manual writes it with two stocks."""
        given, discount, initial, factor = tree.arguments
        stream, rate = self._settled("stream", given, scope), self._settled("discount rate", discount, scope)
        worth, now = self._state("discount factor", scope, Number(1.0))
        total, sum_of = self._state("discounted sum", scope, self.translate(initial, scope))
        flow = Call("*", (stream, now))
        self.drafts.updates.append(
            (
                self._next(total, scope, _advance(sum_of, flow)),
                self._next(worth, scope, _advance(now, Call("negative", (Call("*", (now, rate)),)))),
            )
        )
        so_far = Call("+", (sum_of, Call("*", (flow, TIME_STEP))))
        return Call("*", (so_far, self.translate(factor, scope)))

    def _average(self, source: Expression, past: Expression, time: Expression, scope: Scope) -> Read:
        state, own = self._state("average", scope, Call("/", (source, past)))
        moved = _advance(own, Call("/", (Call("-", (source, own)), time)))
        self.drafts.updates.append((self._next(state, scope, moved),))
        return own

    # Macros: every call gets its own copy of the macro's variables.

    def macro(self, macro: Macro, tree: Application, scope: Scope) -> Expression:
        """Translate the call of a macro."""
        if scope.quantity.key.count(f"#{macro.name}") > DEEPEST_MACROS:
            return self.refuse(scope.quantity.name, f"the macro {macro.name} calls itself")
        if scope.reduced_ranges is not None:
            return self.refuse(scope.quantity.name, "a macro inside SUM, PROD, VMIN or VMAX")
        if len(tree.arguments) != len(macro.parameters):
            return self.refuse(
                scope.quantity.name,
                f"the macro {macro.name} takes {len(macro.parameters)} arguments, not {len(tree.arguments)}",
            )
        number = next(self.counter)
        names = {key: key for key in ("time", *CONTROLS)}
        for parameter, argument in zip(macro.parameters, tree.arguments, strict=True):
            if isinstance(argument, Name):
                called = scope.names.get(argument.key)
                if called is not None and self.quantities[called].kind == "lookup":
                    # A lookup is handed on as it is.
                    names[parameter] = called
                    continue
            held = self.hold(f"{macro.name} {parameter}", self.translate(argument, scope), scope)
            names[parameter] = held.variable
        for key, element in macro.elements.items():
            if any(part.subscripts for part in element.parts):
                return self.refuse(scope.quantity.name, f"the macro {macro.name} has subscripts of its own")
            kind = kind_of(key, element)
            dims = () if kind in {"constant", "lookup"} else tuple(scope.loops)
            lengths = tuple(loop.length for loop in scope.loop_list) if dims else ()
            label = f"{element.name} of {macro.name} in {scope.quantity.name}"
            inner_key = f"{scope.quantity.key}#{macro.name}{number}#{key}"
            self.quantities[inner_key] = Quantity(inner_key, label, kind, dims, lengths, hidden=True)
            names[key] = inner_key
        # Lookups first: what calls one must know how it is read.
        for key, element in sorted(macro.elements.items(), key=lambda item: kind_of(*item) != "lookup"):
            quantity = self.quantities[names[key]]
            body = element.parts[0].tree
            inner = Scope(quantity, scope.loops, names)
            if isinstance(body, Literal):
                quantity.value = np.asarray(body.value)
            elif isinstance(body, Table):
                self.put_table(quantity, body, ())
            elif quantity.kind == "stock":
                assert isinstance(body, Application)
                self.stock(quantity, body, inner, self.along(scope))
            else:
                expression = self.translate(body, inner)
                quantity.equations.append(Equation(quantity.key, scope.loop_list, self.along(scope), expression))
        own = names.get(key_of(macro.name))
        if own is None:
            return self.refuse(scope.quantity.name, f"the macro {macro.name} gives no value of its own name")
        return Read(own, self.along(scope))


def kind_of(key: str, element: Element) -> str:
    """Return what an element is by the form of its equations."""
    trees = [part.tree for part in element.parts if not is_undefined(part.tree)]
    if not trees:
        return "constant"
    if key in CONTROLS:
        return "control"
    if all(isinstance(tree, (Literal, Numbers)) for tree in trees):
        return "constant"
    if all(isinstance(tree, Table) for tree in trees):
        return "lookup"
    if all(isinstance(tree, Application) and tree.key in STOCKS for tree in trees):
        return "stock"
    return "auxiliary"


def is_undefined(tree: Tree) -> bool:
    """Say whether a variable stands in the file without an equation."""
    return isinstance(tree, Nothing) or (isinstance(tree, Application) and tree.key == "a_function_of")


def flow_names(tree: Tree) -> list[str]:
    """Return the keys of variables in what moves a stock, but not of those within functions with memory."""
    hidden: set[int] = set()
    names: list[str] = []
    for part in subtrees(tree):
        if isinstance(part, Application) and (part.key in WITH_MEMORY or part.key == "with_lookup"):
            hidden.update(map(id, subtrees(part)))
        if isinstance(part, Name) and id(part) not in hidden and part.key not in names:
            names.append(part.key)
    return names


def _advance(own: Expression, rate: Expression) -> Expression:
    return Call("+", (own, Call("*", (rate, TIME_STEP))))


def _integrated(own: Expression, flow: Expression, tree: Application) -> Expression:
    after = _advance(own, flow)
    return Call("max", (after, Number(0.0))) if tree.key == "integ_from_zero" else after


#: How deep macros may stand within each other.
DEEPEST_MACROS: Final = 20
#: What is an INTEG at the top of an equation; the second is XMILE's, of a stock that is not to fall below zero.
STOCKS: Final = frozenset({"integ", "integ_from_zero"})
ORDERS: Final[Mapping[str, int]] = {
    **dict.fromkeys(("smooth", "smoothi", "delay1", "delay1i"), 1),
    **dict.fromkeys(("smooth3", "smooth3i", "delay3", "delay3i"), 3),
}
#: Functions with memory: how many arguments each may have, and what translates it.
WITH_MEMORY: Final[Mapping[str, tuple[tuple[int, ...], Callable[[Memory, Application, Scope], Expression]]]] = {
    "integ": ((2,), Memory._integral),
    "integ_from_zero": ((2,), Memory._integral),
    "smooth": ((2,), Memory._smooth),
    "smooth3": ((2,), Memory._smooth),
    "smoothi": ((3,), Memory._smooth),
    "smooth3i": ((3,), Memory._smooth),
    "smooth_n": ((3, 4), Memory._smooth),
    "delay1": ((2,), Memory._delay),
    "delay3": ((2,), Memory._delay),
    "delay1i": ((3,), Memory._delay),
    "delay3i": ((3,), Memory._delay),
    "delay_n": ((3, 4), Memory._delay),
    "delay_fixed": ((2, 3), Memory._delay_fixed),
    "sample_if_true": ((3,), Memory._sample),
    "initial": ((1,), Memory._initial),
    "reinitial": ((1,), Memory._initial),
    "trend": ((2, 3), Memory._trend),
    "forecast": ((3, 4), Memory._forecast),
    "npv": ((4,), Memory._present_value),
}
