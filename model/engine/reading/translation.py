"""From the trees of equations to typed expressions; refuses whatever has no known meaning."""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

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
    Whole,
    rename_loops,
)
from .quantities import RUN_NUMBER, STEP_NUMBER, Equation, Pipe, Quantity
from .subscripts import Subscripts
from .syntax import (
    NOT_AVAILABLE,
    Application,
    Literal,
    Macro,
    ModelText,
    Name,
    Nothing,
    Numbers,
    Operation,
    Table,
    Text,
    Tree,
)

REDUCTIONS: Final = {"sum": "sum", "prod": "prod", "vmin": "min", "vmax": "max"}
#: How a lookup is read by the functions that say it: what a Vensim function stands for.
LOOKUP_READERS: Final = {
    "lookup_forward": "hold_forward",
    "lookup_backward": "hold_backward",
    "lookup_extrapolate": "extrapolate",
    "lookup_invert": "invert",
    "lookup_area": "area",
}

TIME, TIME_STEP = Read("time"), Read("time_step")


@dataclass(frozen=True)
class Scope:
    """Where an equation is being read: the quantity, its loops by range, and the names in scope."""

    quantity: Quantity
    loops: dict[str, Loop]
    names: dict[str, str]
    reduced_ranges: dict[str, Loop] | None = None

    @property
    def loop_list(self) -> tuple[Loop, ...]:
        """Return the loops in the order the left side names them."""
        return tuple(self.loops.values())


@dataclass
class Drafts:
    """What a model consists of while it is being read."""

    quantities: dict[str, Quantity] = field(default_factory=dict)
    updates: list[tuple[Equation, ...]] = field(default_factory=list)
    pipes: list[Pipe] = field(default_factory=list)
    flows: set[str] = field(default_factory=set)
    structural: set[str] = field(default_factory=set)
    refusals: dict[str, list[str]] = field(default_factory=dict)


class Translator:
    """Translates equations without memory; `Memory` adds those with it."""

    def __init__(self, text: ModelText, subscripts: Subscripts) -> None:
        self.text = text
        self.subscripts = subscripts
        self.drafts = Drafts()
        self.quantities = self.drafts.quantities
        self.counter = itertools.count(1)
        self.draws = itertools.count(1)

    def refuse(self, name: str, reason: str) -> Expression:
        """Note why a variable has no meaning here; the number that comes back is never used."""
        reasons = self.drafts.refusals.setdefault(name, [])
        if reason not in reasons:
            reasons.append(reason)
        return Number(math.nan)

    # Hidden quantities.

    def hidden(self, what: str, scope: Scope, kind: str = "auxiliary") -> Quantity:
        """Return a new variable that the modeller does not see."""
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
    def along(scope: Scope) -> tuple[Index, ...]:
        """Return the indices of a hidden variable, which has the loops of its equation as dims."""
        return tuple(Index(loop.name, tuple(range(loop.length))) for loop in scope.loop_list)

    def read_hidden(self, hidden: Quantity, scope: Scope) -> Read:
        """Return the value of a hidden variable where the loops are."""
        return Read(hidden.key, self.along(scope))

    def hold(self, what: str, expression: Expression, scope: Scope) -> Read:
        """Give an expression a hidden variable of its own."""
        hidden = self.hidden(what, scope)
        hidden.equations.append(Equation(hidden.key, scope.loop_list, self.along(scope), expression))
        return self.read_hidden(hidden, scope)

    def put_table(self, quantity: Quantity, table: Table, indices: Sequence[Index]) -> None:
        """Give (some elements of) a lookup its points."""
        if quantity.table_of is None:
            quantity.table_of = np.full(quantity.lengths, -1, dtype=np.int64)
        quantity.table_of[np.ix_(*[index.places for index in indices])] = len(quantity.tables)
        quantity.tables.append((np.asarray(table.x, dtype=float), np.asarray(table.y, dtype=float)))
        method = table.method
        if method == "interpolate" and len(set(table.x)) != len(table.x):
            # Where two points have the same x, the first counts at it.
            method = "interpolate_first"
        methods = {quantity.text, method} - {""}
        if len(methods) > 1 and not methods <= {"interpolate", "interpolate_first"}:
            self.refuse(quantity.name, "its elements are read in different ways (continuous, extrapolate, discrete)")
        quantity.text = max(methods)

    # Expressions.

    def translate(self, tree: Tree, scope: Scope) -> Expression:
        """Return the expression of a tree."""
        name = scope.quantity.name
        if isinstance(tree, Literal):
            return Number(tree.value)
        if isinstance(tree, Name):
            return self._reference(tree, scope)
        if isinstance(tree, Operation):
            return self._operation(tree, scope)
        if isinstance(tree, Application):
            return self._application(tree, scope)
        if isinstance(tree, Numbers):
            return self._listed(tree, scope)
        if isinstance(tree, Table):
            return self.refuse(name, "the points of a lookup outside of WITH LOOKUP")
        if isinstance(tree, Text):
            return self.refuse(name, f"the text {tree.value!r} stands where a number is needed")
        if isinstance(tree, Nothing):
            return self.refuse(
                name, "has no equation; its data from outside the model file is not known. Write the numbers in"
            )
        message = f"no meaning of {type(tree).__name__}"
        raise TypeError(message)

    def _listed(self, tree: Numbers, scope: Scope) -> Expression:
        """Return the numbers of a list by the loops of an equation, which it must have one for each place of."""
        full = [len(self.subscripts.ranges[loop.name]) for loop in scope.loop_list]
        if scope.reduced_ranges is not None or tree.values.size != math.prod(full):
            return self.refuse(scope.quantity.name, f"{tree.values.size} numbers for {math.prod(full)} elements")
        hidden = self.hidden("numbers", scope, "constant")
        whole = tree.values.reshape(full)
        hidden.value = np.array(whole[np.ix_(*(loop.positions for loop in scope.loop_list))] if full else whole)
        return self.read_hidden(hidden, scope)

    def _operation(self, tree: Operation, scope: Scope) -> Expression:
        parts = tuple(self.translate(part, scope) for part in tree.arguments)
        operator = tree.operator
        if operator in ("=", "<>") and TIME in parts:
            # Steps of a tenth never add up to a whole number: a moment is met where no other step is nearer.
            other = parts[1] if parts[0] == TIME else parts[0]
            met = Call("same_moment", (TIME, other, TIME_STEP))
            return met if operator == "=" else Call("not", (met,))
        if operator == "mod":
            return Call("floor_modulo", parts)
        return Call(operator, parts)

    def _reference(self, tree: Name, scope: Scope) -> Expression:
        key = self._key_in_scope(tree.key, scope)
        if key is None:
            return self._subscript_number(tree, scope)
        quantity = self.quantities[key]
        if quantity.kind == "lookup":
            return self.refuse(scope.quantity.name, f"the lookup {quantity.name} is used without an argument")
        if quantity.hidden:
            return Read(key, self.along(scope) if quantity.dims else ())
        if any(_is_worked_out(one) for one in tree.subscripts):
            return self._element_at(quantity, tree, scope)
        indices = self.indices(quantity, tree.subscripts, scope)
        return Number(math.nan) if indices is None else Read(key, indices)

    def _element_at(self, quantity: Quantity, tree: Name, scope: Scope) -> Expression:
        """Return the element at a place that is worked out; nought where there is none of that number."""
        if len(tree.subscripts) != len(quantity.dims):
            return self.refuse(
                scope.quantity.name,
                f"{quantity.name} needs {len(quantity.dims)} subscripts, not {len(tree.subscripts)}",
            )
        inner = replace(scope, reduced_ranges={} if scope.reduced_ranges is None else scope.reduced_ranges)
        fixed = [
            self.subscripts.ranges[dim][0] if _is_worked_out(one) else one
            for one, dim in zip(tree.subscripts, quantity.dims, strict=True)
        ]
        indices = self.indices(quantity, fixed, inner)
        if indices is None:
            return Number(math.nan)
        loops: list[Loop] = []
        met: Expression | None = None
        for axis, one in enumerate(tree.subscripts):
            if not isinstance(one, Tree) or not _is_worked_out(one):
                continue
            nearest = Call("floor", (Call("+", (self.translate(one, scope), Number(0.5))),))
            size = quantity.lengths[axis]
            loop = Loop(f"{quantity.dims[axis]}!{next(self.counter)}", tuple(range(size)))
            here = Call("=", (Position(Index(loop.name, tuple(range(1, size + 1)))), nearest))
            met = here if met is None else Call(":and:", (met, here))
            loops.append(loop)
            indices = (*indices[:axis], Index(loop.name, loop.positions), *indices[axis + 1 :])
        assert met is not None
        return Reduction("sum", tuple(loops), Call("if_then_else", (met, Read(quantity.key, indices), Number(0.0))))

    def _key_in_scope(self, key: str, scope: Scope) -> str | None:
        if key not in scope.names and key.endswith("$"):
            # In a macro, the model's own variable of that name.
            return key.removesuffix("$") if key.removesuffix("$") in self.quantities else None
        return scope.names.get(key)

    def _subscript_number(self, tree: Name, scope: Scope) -> Expression:
        numbers = self.subscripts.numbers
        if tree.key not in numbers or tree.subscripts:
            return self.refuse(scope.quantity.name, f"{tree.written.strip(chr(34))!r} is not defined in the model")
        name, places = numbers[tree.key]
        if name is None:
            return Number(float(places[0]))
        marked = f"{name}!"
        if scope.reduced_ranges is not None and marked in scope.reduced_ranges and name not in scope.loops:
            return Position(Index(marked, places))
        if name not in scope.loops:
            return self.refuse(scope.quantity.name, f"the range {name} is used as a number but is not on the left side")
        loop = scope.loops[name]
        return Position(Index(name, tuple(places[position] for position in loop.positions)))

    def indices(self, quantity: Quantity, given: Sequence[str | Tree], scope: Scope) -> tuple[Index, ...] | None:
        """Return where an array is read; None, and a refusal, where that is not known."""
        name = scope.quantity.name
        if quantity.name in self.drafts.refusals:
            # Refused itself; what reads it need not be told.
            return None
        if len(given) != len(quantity.dims):
            self.refuse(name, f"{quantity.name} needs {len(quantity.dims)} subscripts, not {len(given)}")
            return None
        subscripts: list[str] = []
        for one, dim in zip(given, quantity.dims, strict=True):
            if isinstance(one, Literal) and one.value == int(one.value) and one.value >= 1:
                items = self.subscripts.ranges[dim]
                one = items[int(one.value) - 1] if one.value <= len(items) else str(int(one.value))
            if not isinstance(one, str):
                self.refuse(name, f"a subscript of {quantity.name} that is worked out at each step")
                return None
            subscripts.append(self.subscripts.canonical(one))
        indices: list[Index] = []
        for subscript, dim in zip(subscripts, quantity.dims, strict=True):
            order = self.subscripts.ranges[dim]
            loop, items_met = self._loop(subscript, subscripts, scope)
            if items_met is None:
                self.refuse(name, f"subscript {subscript} of {quantity.name} is not on the left side, nor mapped to it")
                return None
            if not set(items_met) <= set(order):
                self.refuse(name, f"subscript {subscript} does not fit {quantity.name}[{dim}]")
                return None
            indices.append(Index(loop, tuple(order.index(item) for item in items_met)))
        return tuple(indices)

    def _loop(self, subscript: str, others: list[str], scope: Scope) -> tuple[str | None, list[str] | None]:
        """Return the loop a subscript follows and the elements met along it."""
        ranges = self.subscripts.ranges
        if self.subscripts.is_element(subscript):
            return None, [subscript]
        if subscript.endswith("!"):
            items = ranges.get(subscript[:-1].strip())
            if items is None or scope.reduced_ranges is None:
                return None, None
            scope.reduced_ranges.setdefault(subscript, Loop(subscript, tuple(range(len(items)))))
            return subscript, items
        if subscript not in ranges:
            return None, None
        items = ranges[subscript]
        if subscript in scope.loops:
            return subscript, [items[position] for position in scope.loops[subscript].positions]
        for mapped, loop in scope.loops.items():
            pairs = self.subscripts.standing_for(subscript, mapped)
            met = [ranges[mapped][position] for position in loop.positions]
            if pairs is not None and mapped not in others and set(met) <= set(pairs):
                return mapped, [pairs[item] for item in met]
        return None, None

    # Functions.

    def _application(self, tree: Application, scope: Scope) -> Expression:
        name = scope.quantity.name
        macro = self.text.macros.get(tree.key)
        if macro is not None:
            return self.macro(macro, tree, scope)
        key = self._key_in_scope(tree.key, scope)
        if key is not None and self.quantities[key].kind == "lookup":
            return self._lookup_call(self.quantities[key], tree, scope)
        if tree.key in REDUCTIONS:
            return self._reduction(tree, scope)
        if tree.key in LOOKUP_READERS:
            return self._lookup_reader(tree, scope)
        if tree.key in RANDOM:
            return self._random(tree, scope)
        special = SPECIAL.get(tree.key)
        if special is not None:
            wanted, translate = special
            if len(tree.arguments) != wanted:
                return self._miscounted(tree, wanted, name)
            return translate(self, tree, scope)
        with_memory = self.translate_memory(tree, scope)
        if with_memory is not None:
            return with_memory
        if tree.key in FUNCTIONS:
            wanted, make = FUNCTIONS[tree.key][0], call_of(tree.key)
        elif tree.key in MADE:
            wanted, make = MADE[tree.key]
        elif key is not None:
            return self.refuse(name, f"{self.quantities[key].name} is called like a function but is no lookup")
        else:
            return self.refuse(name, f"the function {tree.written.upper()} is not known")
        if len(tree.arguments) != wanted:
            return self._miscounted(tree, wanted, name)
        return make(*(self.translate(argument, scope) for argument in tree.arguments))

    def translate_memory(self, tree: Application, scope: Scope) -> Expression | None:
        """Translate a function with memory; None for any other."""
        raise NotImplementedError

    def macro(self, macro: Macro, tree: Application, scope: Scope) -> Expression:
        """Translate the call of a macro."""
        raise NotImplementedError

    def _miscounted(self, tree: Application, wanted: int, name: str) -> Expression:
        return self.refuse(name, f"{tree.written.upper()} takes {wanted} arguments, not {len(tree.arguments)}")

    def _reduction(self, tree: Application, scope: Scope) -> Expression:
        if len(tree.arguments) != 1:
            return self._miscounted(tree, 1, scope.quantity.name)
        # Ranges marked with ! are collected in it.
        inner = replace(scope, reduced_ranges={})
        body = self.translate(tree.arguments[0], inner)
        if not inner.reduced_ranges:
            return self.refuse(scope.quantity.name, f"{tree.key.upper()} without a subscript marked with !")
        return Reduction(REDUCTIONS[tree.key], tuple(inner.reduced_ranges.values()), body)

    def _lookup_call(
        self, quantity: Quantity, tree: Application, scope: Scope, method: str | None = None
    ) -> Expression:
        arguments = tree.arguments[-1:] if method else tree.arguments
        indices = self.indices(quantity, tree.subscripts, scope)
        if indices is None or len(arguments) != 1:
            return self.refuse(scope.quantity.name, f"{quantity.name} is a lookup of one argument")
        argument = self.translate(arguments[0], scope)
        return Interpolation(quantity.key, indices, argument, method or quantity.text or "interpolate")

    def _lookup_reader(self, tree: Application, scope: Scope) -> Expression:
        """Translate functions that say how a lookup is to be read, such as LOOKUP FORWARD(table, x)."""
        method = LOOKUP_READERS[tree.key]
        spoken = tree.written.upper()
        if method == "area" and len(tree.arguments) == 3:
            ends = [replace(tree, arguments=(tree.arguments[0], end)) for end in tree.arguments[1:]]
            start, stop = (self._lookup_reader(end, scope) for end in ends)
            return Call("-", (stop, start))
        if len(tree.arguments) != 2:
            return self._miscounted(tree, 2, scope.quantity.name)
        table = tree.arguments[0]
        if isinstance(table, Table):
            hidden = self._hidden_table(table, scope)
            return Interpolation(hidden.key, (), self.translate(tree.arguments[1], scope), method)
        key = self._key_in_scope(table.key, scope) if isinstance(table, Name) else None
        if key is None or self.quantities[key].kind != "lookup":
            return self.refuse(scope.quantity.name, f"the first argument of {spoken} must be a lookup")
        assert isinstance(table, Name)
        return self._lookup_call(self.quantities[key], replace(tree, subscripts=table.subscripts), scope, method)

    def _hidden_table(self, table: Table, scope: Scope) -> Quantity:
        hidden = self.hidden("table", Scope(scope.quantity, {}, scope.names), "lookup")
        self.put_table(hidden, table, ())
        return hidden

    def _with_lookup(self, tree: Application, scope: Scope) -> Expression:
        argument, table = tree.arguments
        if not isinstance(table, Table):
            return self.refuse(scope.quantity.name, "the second argument of WITH LOOKUP must be the points of a lookup")
        hidden = self._hidden_table(table, scope)
        return Interpolation(hidden.key, (), self.translate(argument, scope), hidden.text)

    def _element_count(self, tree: Application, scope: Scope) -> Expression:
        called = tree.arguments[0]
        items = (
            self.subscripts.ranges.get(self.subscripts.canonical(called.written)) if isinstance(called, Name) else None
        )
        if items:
            return Number(float(len(items)))
        return self.refuse(scope.quantity.name, "ELMCOUNT of something that is no range")

    # Random numbers: each call has a stream of its own, and each element, run and step its own place in it.

    def _random(self, tree: Application, scope: Scope) -> Expression:
        function, counts, defaults = RANDOM[tree.key]
        if len(tree.arguments) not in counts:
            return self._miscounted(tree, counts[-1], scope.quantity.name)
        given = [self.translate(argument, scope) for argument in tree.arguments]
        arguments = defaults(*given)
        for key, name in ((RUN_NUMBER, "run"), (STEP_NUMBER, "step")):
            self.quantities.setdefault(key, Quantity(key, name, "counter", hidden=True, value=np.asarray(0.0)))
        own = f"{scope.quantity.key} {next(self.draws)}"
        stream = Number(float(int.from_bytes(hashlib.sha256(own.encode()).digest()[:4], "big")))
        element: Expression = Number(0.0)
        for loop in (*scope.loop_list, *(scope.reduced_ranges or {}).values()):
            place = Position(Index(loop.name, loop.positions))
            element = Call("+", (Call("*", (element, Number(float(1 + max(loop.positions))))), place))
        drawn = Call(function, (*arguments, stream, element, Read(RUN_NUMBER), Read(STEP_NUMBER)))
        if scope.reduced_ranges is not None:
            return drawn
        # Kept in a variable, so that it is drawn once for all who read it.
        return self.hold("random number", drawn, scope)

    # Functions of vectors, which look at every element of a range.

    def fixed_number(self, tree: Tree, scope: Scope, above: tuple[str, ...] = ()) -> float | None:
        """Return what an expression of literals and constants comes to; those constants are fixed from then on."""
        if isinstance(tree, Literal):
            return tree.value
        if isinstance(tree, Name) and not tree.subscripts:
            element = self.text.elements.get(tree.key)
            key = scope.names.get(tree.key)
            held = self.quantities[key].equations if key is not None and self.quantities[key].hidden else []
            if len(held) == 1:
                return self._fixed_value(held[0].expression)
            if tree.key in above:
                return None
            if element is None or key != tree.key or len(element.parts) != 1 or element.parts[0].subscripts:
                return None
            value = self.fixed_number(element.parts[0].tree, scope, (*above, tree.key))
            if value is not None:
                self.drafts.structural.add(key)
            return value
        if isinstance(tree, Operation) and tree.operator in FIXED_ARITHMETIC:
            values = [self.fixed_number(part, scope, above) for part in tree.arguments]
            known = [value for value in values if value is not None]
            return FIXED_ARITHMETIC[tree.operator](*known) if len(known) == len(values) else None
        return None

    def _fixed_value(self, expression: Expression) -> float | None:
        """Return the same of what a macro is given, which is an expression already."""
        if isinstance(expression, Number):
            return expression.value
        if isinstance(expression, Read) and not expression.indices:
            source = self.text.elements.get(expression.variable)
            written = source.parts[0].tree if source is not None and len(source.parts) == 1 else None
            if isinstance(written, Literal):
                self.drafts.structural.add(expression.variable)
                return written.value
        if isinstance(expression, Call) and expression.function in FIXED_ARITHMETIC:
            values = [self._fixed_value(part) for part in expression.arguments]
            known = [value for value in values if value is not None]
            return FIXED_ARITHMETIC[expression.function](*known) if len(known) == len(values) else None
        return None

    def _vector_select(self, tree: Application, scope: Scope) -> Expression:
        chosen, values, missing, action, _ = tree.arguments
        number = self.fixed_number(action, scope)
        how = None if number is None else SELECTIONS.get(number)
        if how is None:
            return self.refuse(scope.quantity.name, "VECTOR SELECT with an action that is none of 0, 1, 2 and 3")
        inner = replace(scope, reduced_ranges={})
        selected = Call("<>", (self.translate(chosen, inner), Number(0.0)))
        value = self.translate(values, inner)
        if not inner.reduced_ranges:
            return self.refuse(scope.quantity.name, "VECTOR SELECT without a subscript marked with !")
        loops = tuple(inner.reduced_ranges.values())
        operator, nothing = how
        count = Reduction("sum", loops, Call("if_then_else", (selected, Number(1.0), Number(0.0))))
        total = Reduction(operator, loops, Call("if_then_else", (selected, value, Number(nothing))))
        none = Call("=", (self.hold("selected elements", count, scope), Number(0.0)))
        held = self.hold("selection", total, scope)
        return Call("if_then_else", (none, self.translate(missing, scope), held))

    def _along_vector(self, tree: Tree, scope: Scope) -> tuple[Expression, Loop, str] | None:
        """Return a vector read along a loop of its own over the last of its subscripts that the left side has."""
        if not isinstance(tree, Name):
            return None
        named = [self.subscripts.canonical(one) for one in tree.subscripts if isinstance(one, str)]
        over = next((one for one in reversed(named) if one in scope.loops), None)
        if over is None:
            return None
        whole = Loop(over, tuple(range(len(self.subscripts.ranges[over]))))
        inner = replace(scope, loops={**scope.loops, over: whole})
        own = f"{over}!{next(self.counter)}"
        return rename_loops(self.translate(tree, inner), {over: own}), Loop(own, whole.positions), over

    def _rank(self, tree: Application, scope: Scope) -> Read | None:
        """Return how many elements of a vector come before each, in a variable over the whole of its range."""
        found = self._along_vector(tree.arguments[0], scope)
        if found is None:
            return None
        other, loop, over = found
        whole = Loop(over, loop.positions)
        inner = replace(scope, loops={**scope.loops, over: whole})
        mine = self.translate(tree.arguments[0], inner)
        rising = Call(">", (self.translate(tree.arguments[1], scope), Number(0.0)))
        here, there = Position(Index(over, loop.positions)), Position(Index(loop.name, loop.positions))
        before = Call("if_then_else", (rising, Call("<", (other, mine)), Call(">", (other, mine))))
        tied = Call(":and:", (Call("=", (other, mine)), Call("<", (there, here))))
        ahead = Call(":or:", (Call("<>", (before, Number(0.0))), tied))
        one = Call("if_then_else", (ahead, Number(1.0), Number(0.0)))
        return self.hold("elements before", Reduction("sum", (loop,), one), inner)

    def _vector_rank(self, tree: Application, scope: Scope) -> Expression:
        rank = self._rank(tree, scope)
        if rank is None:
            return self.refuse(scope.quantity.name, f"{tree.written.upper()} takes an array of the left side")
        narrowed = self._narrowed(rank, scope)
        return Call("+", (narrowed, Number(1.0)))

    def _vector_sort_order(self, tree: Application, scope: Scope) -> Expression:
        rank = self._rank(tree, scope)
        if rank is None:
            return self.refuse(scope.quantity.name, f"{tree.written.upper()} takes an array of the left side")
        assert isinstance(tree.arguments[0], Name)
        over = next(
            one
            for one in reversed([self.subscripts.canonical(str(one)) for one in tree.arguments[0].subscripts])
            if one in scope.loops
        )
        places = tuple(range(len(self.subscripts.ranges[over])))
        own = f"{over}!{next(self.counter)}"
        ranks = rename_loops(rank, {over: own})
        there, here = Position(Index(own, places)), Position(Index(over, scope.loops[over].positions))
        found = Call("if_then_else", (Call("=", (ranks, here)), there, Number(0.0)))
        return Reduction("sum", (Loop(own, places),), found)

    @staticmethod
    def _narrowed(read: Read, scope: Scope) -> Read:
        """Return a variable over whole ranges as read where the loops of an equation are."""
        return Read(
            read.variable,
            tuple(
                Index(index.loop, scope.loops[index.loop].positions) if index.loop else index for index in read.indices
            ),
        )

    def _vector_element(self, tree: Application, scope: Scope) -> Expression:
        """Translate VECTOR ELM MAP(vector[first], offset): the element so many places behind the one named."""
        vector, offset = tree.arguments
        if not isinstance(vector, Name) or not vector.subscripts or not isinstance(vector.subscripts[-1], str):
            return self.refuse(scope.quantity.name, f"{tree.written.upper()} takes an array and an offset")
        key = self._key_in_scope(vector.key, scope)
        quantity = self.quantities[key] if key is not None else None
        if quantity is None or len(vector.subscripts) != len(quantity.dims):
            return self.refuse(scope.quantity.name, f"{vector.written!r} is no array of so many subscripts")
        indices = self.indices(quantity, vector.subscripts, scope)
        if indices is None:
            return Number(math.nan)
        first = indices[-1]
        start: Expression = Number(float(first.places[0])) if first.loop is None else Position(first)
        target = Call("+", (start, Call("floor", (Call("+", (self.translate(offset, scope), Number(0.5))),))))
        size = quantity.lengths[-1]
        loop = Loop(f"{quantity.dims[-1]}!{next(self.counter)}", tuple(range(size)))
        there = Position(Index(loop.name, loop.positions))
        value = Read(quantity.key, (*indices[:-1], Index(loop.name, loop.positions)))
        found = Reduction("sum", (loop,), Call("if_then_else", (Call("=", (there, target)), value, Number(0.0))))
        held = self.hold("element found", found, scope)
        inside = Call(":and:", (Call(">=", (target, Number(0.0))), Call("<", (target, Number(float(size))))))
        return Call("if_then_else", (inside, held, Number(NOT_AVAILABLE)))

    # Functions of data variables, which read a series at another time than now.

    def _data_at(self, tree: Application, scope: Scope) -> Expression:
        """Translate GET DATA AT TIME(data, time) and GET DATA BETWEEN TIMES(data, time, how)."""
        given, at, *how = tree.arguments
        method: str | None = "interpolate"
        if how:
            number = self.fixed_number(how[0], scope)
            method = None if number is None else BETWEEN_TIMES.get(number)
        series = self._series(given, scope)
        if series is None or method is None or not isinstance(given, Name):
            return self.refuse(
                scope.quantity.name,
                f"{tree.written.upper()} takes a data variable with numbers, a time, and -1, 0 or 1",
            )
        indices = self.indices(series, given.subscripts, scope)
        if indices is None:
            return Number(math.nan)
        return Interpolation(series.key, indices, self.translate(at, scope), method)

    def _data_end(self, tree: Application, scope: Scope) -> Expression:
        """Translate GET DATA FIRST TIME(data) and GET DATA LAST TIME(data)."""
        series = self._series(tree.arguments[0], scope)
        ends = {0 if "first" in tree.key else -1} if series is not None else set()
        times = {float(x[end]) for end in ends for x, _ in (series.tables if series is not None else [])}
        if len(times) != 1:
            return self.refuse(scope.quantity.name, f"{tree.written.upper()} takes one data variable with numbers")
        return Number(times.pop())

    def _series(self, given: Tree, scope: Scope) -> Quantity | None:
        """Return the points of a data variable as a lookup of its own, made once."""
        key = self._key_in_scope(given.key, scope) if isinstance(given, Name) else None
        element = self.text.elements.get(key or "")
        if key is None or element is None:
            return None
        if self.quantities[key].kind == "lookup":
            return self.quantities[key]
        hidden_key = f"{key}#series"
        if hidden_key in self.quantities:
            return self.quantities[hidden_key]
        own = self.quantities[key]
        series = Quantity(hidden_key, f"series of {own.name}", "lookup", own.dims, own.lengths, hidden=True)
        for part in element.parts:
            tree = part.tree
            if not isinstance(tree, Application) or tree.key != "with_lookup" or part.sign not in (":=", ""):
                return None
            table = tree.arguments[1]
            assert isinstance(table, Table)
            names = [self.subscripts.canonical(name) for name in part.subscripts]
            places = [
                Index(None, (self.subscripts.ranges[dim].index(name),))
                for name, dim in zip(names, own.dims, strict=True)
            ]
            self.put_table(series, replace(table, method="interpolate"), places)
        self.quantities[hidden_key] = series
        return series

    def _time_value(self, tree: Application, scope: Scope) -> Expression:
        """Translate GET TIME VALUE(from what, offset, in what), where it asks for the model's own time."""
        start, offset, measure = tree.arguments
        since_what = self.fixed_number(start, scope)
        if since_what not in (0.0, 1.0) or self.fixed_number(measure, scope) != 0.0:
            return self.refuse(scope.quantity.name, "GET TIME VALUE by the calendar or the computer's clock")
        since = TIME if since_what == 0.0 else Read("initial_time")
        return Call("+", (since, self.translate(offset, scope)))

    # Functions of whole arrays.

    def _whole_loops(self, tree: Tree, count: int, scope: Scope) -> list[Loop] | None:
        """Return the loops over the last subscripts of an array, if each visits the whole of its range."""
        if not isinstance(tree, Name):
            return None
        named = [self.subscripts.canonical(one) for one in tree.subscripts if isinstance(one, str)]
        loops = [scope.loops[one] for one in named if one in scope.loops][-count:]
        whole = all(len(self.subscripts.ranges[loop.name]) == loop.length for loop in loops)
        return loops if whole and len(loops) == count else None

    def _first_of(self, held: Read, loops: Sequence[Loop]) -> tuple[Read, tuple[int, ...]]:
        """Return a variable with the first place along some loops, and its axes along them."""
        names = [loop.name for loop in loops]
        axes = tuple(next(axis for axis, index in enumerate(held.indices) if index.loop == name) for name in names)
        indices = (Index(None, (0,)) if index.loop in names else index for index in held.indices)
        return Read(held.variable, tuple(indices)), axes

    def _allocate(self, tree: Application, scope: Scope) -> Expression:
        by_priority = tree.key == "allocate_by_priority"
        request, second, *rest = tree.arguments
        loops = self._whole_loops(request, 1, scope)
        if loops is None or not isinstance(second, Name):
            return self.refuse(
                scope.quantity.name, f"{tree.written.upper()} takes arrays over a whole range of the left side"
            )
        vectors: list[Tree] = [request, second]
        if not by_priority:
            profile = self._profile(second)
            if profile is None:
                return self.refuse(
                    scope.quantity.name, f"{tree.written.upper()} takes priorities with the first element of a profile"
                )
            vectors = [request, *profile[:3]]
        held = [self.hold("to be allocated", self.translate(vector, scope), scope) for vector in vectors]
        firsts = [self._first_of(one, loops) for one in held]
        scalars = [self.translate(one, scope) for one in (rest[1:] if by_priority else rest)]
        place = Position(Index(loops[0].name, loops[0].positions))
        return Whole(
            tree.key,
            tuple(read for read, _ in firsts),
            tuple(axes for _, axes in firsts),
            loops[0].length,
            (*scalars, place),
        )

    def _profile(self, priorities: Name) -> list[Tree] | None:
        """Return an array of priorities at the four elements of its profile: kind, priority, width and extra."""
        if not priorities.subscripts or not isinstance(priorities.subscripts[-1], str):
            return None
        first = self.subscripts.canonical(priorities.subscripts[-1])
        items = next((items for items in self.subscripts.ranges.values() if first in items), [])
        place = items.index(first) if first in items else 0
        kept = priorities.subscripts[:-1]
        profile: list[Tree] = [replace(priorities, subscripts=(*kept, item)) for item in items[place : place + 4]]
        return profile if len(profile) == 4 else None

    def _invert_matrix(self, tree: Application, scope: Scope) -> Expression:
        loops = self._whole_loops(tree.arguments[0], 2, scope)
        if loops is None or loops[0].length != loops[1].length:
            return self.refuse(scope.quantity.name, f"{tree.written.upper()} takes a square array of the left side")
        held = self.hold("matrix", self.translate(tree.arguments[0], scope), scope)
        first, axes = self._first_of(held, loops)
        places = tuple(Position(Index(loop.name, loop.positions)) for loop in loops)
        return Whole("inverted_element", (first,), (axes,), loops[0].length, places)

    def _same(self, tree: Application, scope: Scope) -> Expression:
        return self.translate(tree.arguments[0], scope)


def call_of(function: str, *before: Expression, after: Sequence[Expression] = ()) -> Callable[..., Expression]:
    """Return what makes the call of a function, with what stands before and behind the arguments given."""
    return lambda *given: Call(function, (*before, *given, *after))


def _is_worked_out(subscript: str | Tree) -> bool:
    """Say whether a subscript is a number that only a run tells, as XMILE allows."""
    return isinstance(subscript, Tree) and not isinstance(subscript, Literal)


def _height(size: Expression) -> Expression:
    return Call("/", (size, TIME_STEP))


FIXED_ARITHMETIC: Final[Mapping[str, Callable[..., float]]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b if b else float("nan"),
    "negative": lambda a: -a,
}
#: Functions that are more than the call of one, with the number of arguments each takes.
MADE: Final[Mapping[str, tuple[int, Callable[..., Expression]]]] = {
    "active_initial": (2, ActiveInitial),
    "step": (2, call_of("step", TIME, TIME_STEP)),
    "ramp": (3, call_of("ramp", TIME)),
    "ramp_without_end": (2, call_of("ramp", TIME, after=[Number(math.inf)])),
    "pulse": (2, call_of("pulse", TIME, TIME_STEP, after=[Number(1.0)])),
    "pulse_train": (4, call_of("pulse_train", TIME, TIME_STEP, after=[Number(1.0)])),
    # XMILE's PULSE gives an amount within one step: size, first time, and the time between two.
    "pulse_of_amount": (
        2,
        lambda size, start: Call("pulse", (TIME, TIME_STEP, start, Number(0.0), _height(size))),
    ),
    "pulses_of_amount": (
        3,
        lambda size, start, interval: Call(
            "pulse_train",
            (TIME, TIME_STEP, start, Number(0.0), interval, Number(math.inf), _height(size)),
        ),
    ),
    "time_base": (2, lambda base, slope: Call("+", (base, Call("*", (slope, TIME))))),
    "is_missing": (1, lambda value: Call("=", (value, Number(NOT_AVAILABLE)))),
}
#: Functions whose arguments are no plain numbers, with how many they take.
SPECIAL: Final[Mapping[str, tuple[int, Callable[[Translator, Application, Scope], Expression]]]] = {
    "elmcount": (1, Translator._element_count),
    "with_lookup": (2, Translator._with_lookup),
    "game": (1, Translator._same),
    "get_data_at_time": (2, Translator._data_at),
    "get_data_between_times": (3, Translator._data_at),
    "get_data_first_time": (1, Translator._data_end),
    "get_data_last_time": (1, Translator._data_end),
    "get_time_value": (3, Translator._time_value),
    "allocate_available": (3, Translator._allocate),
    "allocate_by_priority": (5, Translator._allocate),
    "invert_matrix": (2, Translator._invert_matrix),
    "vector_select": (5, Translator._vector_select),
    "vector_sort_order": (2, Translator._vector_sort_order),
    "vector_rank": (2, Translator._vector_rank),
    "vector_elm_map": (2, Translator._vector_element),
}
#: How GET DATA BETWEEN TIMES reads between two points, by its number.
BETWEEN_TIMES: Final = {-1.0: "hold_backward", 0.0: "interpolate", 1.0: "hold_forward"}
#: What VECTOR SELECT does with the elements it selects, by its number, and what takes the place of the others.
SELECTIONS: Final = {0.0: ("sum", 0.0), 1.0: ("prod", 1.0), 2.0: ("min", math.inf), 3.0: ("max", -math.inf)}
NO_SEED: Final = Number(0.0)
#: Random functions of both languages: what draws, how many arguments each may have, and those it is given in turn.
RANDOM: Final[Mapping[str, tuple[str, tuple[int, ...], Callable[..., tuple[Expression, ...]]]]] = {
    "random_uniform": ("random_uniform", (3,), lambda low, high, seed: (low, high, seed)),
    "random_0_1": ("random_uniform", (0,), lambda: (Number(0.0), Number(1.0), NO_SEED)),
    "random_normal": ("random_normal", (5,), lambda low, high, mean, spread, seed: (low, high, mean, spread, seed)),
    "random_exponential": (
        "random_exponential",
        (5,),
        lambda low, high, shift, stretch, seed: (low, high, shift, stretch, seed),
    ),
    "random_poisson": (
        "random_poisson",
        (6,),
        lambda low, high, mean, shift, stretch, seed: (low, high, mean, shift, stretch, seed),
    ),
    # XMILE.
    "random": ("random_uniform", (2, 3), lambda low, high, seed=NO_SEED: (low, high, seed)),
    "uniform": ("random_uniform", (2, 3), lambda low, high, seed=NO_SEED: (low, high, seed)),
    "normal": (
        "random_normal",
        (2, 3),
        lambda mean, spread, seed=NO_SEED: (Number(-math.inf), Number(math.inf), mean, spread, seed),
    ),
    "exprnd": (
        "random_exponential",
        (1, 2),
        lambda mean, seed=NO_SEED: (Number(-math.inf), Number(math.inf), Number(0.0), mean, seed),
    ),
    "poisson": (
        "random_poisson",
        (1, 2),
        lambda mean, seed=NO_SEED: (
            Number(-math.inf),
            Number(math.inf),
            Call("*", (mean, TIME_STEP)),
            Number(0.0),
            Number(1.0),
            seed,
        ),
    ),
}
