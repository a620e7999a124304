"""Turn equations into assignments that plain loops can make: what loops would repeat is worked out once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from .expressions import (
    Call,
    Expression,
    Index,
    Loop,
    Read,
    Reduction,
    children,
    loops_used,
    rebuild,
    rename_index,
    rename_loops,
    variables_read,
)
from .quantities import Definition, Equation, Quantity

# Functions worth an array of their own where loops would call them again with the same arguments.
REPEATED = {"exp", "ln", "log", "power", "^", "sin", "cos", "tan"}


@dataclass(frozen=True)
class Statement:
    """One assignment without inner reductions; with `operator`, the expression is reduced over `over`."""

    target: str
    loops: tuple[Loop, ...]
    indices: tuple[Index, ...]
    expression: Expression
    operator: str | None = None
    over: tuple[Loop, ...] = ()

    @property
    def shape(self) -> frozenset[Loop]:
        """Return the loops that two statements must share to stand together."""
        return frozenset((*self.loops, *self.over))


def share_reductions(definition: Definition) -> None:
    """Give every reduction that stands in several equations, or moves a state, a hidden variable of its own."""
    quantities = definition.quantities
    counts: Counter[tuple[Expression, tuple[Loop, ...]]] = Counter()
    for equation in _equations(definition):
        counts.update(_reductions(equation.expression, equation.loops))
    for group in definition.updates:
        moved = {move.target for move in group}
        for move in group:
            for key in _reductions(move.expression, move.loops):
                # What moves a state is a sum over flows, best made where the flows are.
                counts[key] += 1 if variables_read(key[0]) & moved else 2
    shared: dict[tuple[Expression, tuple[Loop, ...]], Quantity] = {}

    def shared_out(expression: Expression, around: tuple[Loop, ...], name: str) -> Expression:
        if not isinstance(expression, Reduction):
            return rebuild(expression, lambda child: shared_out(child, around, name))
        free = _free_loops(expression, around)
        inside = (*around, *expression.loops)
        body = rebuild(expression, lambda child: shared_out(child, inside, name))
        if counts[expression, free] < 2:
            return body
        indices = tuple(Index(loop.name, tuple(range(loop.length))) for loop in free)
        if (expression, free) not in shared:
            key = f"#shared{len(shared) + 1}"
            dims, lengths = tuple(loop.name for loop in free), tuple(loop.length for loop in free)
            hidden = Quantity(key, f"{expression.operator} in {name}", "auxiliary", dims, lengths, hidden=True)
            hidden.equations.append(Equation(key, free, indices, body))
            shared[expression, free] = hidden
        return Read(shared[expression, free].key, indices)

    def rewritten(equation: Equation) -> Equation:
        name = quantities[equation.target].name
        expression = shared_out(equation.expression, equation.loops, name)
        return Equation(equation.target, equation.loops, equation.indices, expression)

    for item in quantities.values():
        item.equations[:] = [rewritten(equation) for equation in item.equations]
        item.starts[:] = [rewritten(equation) for equation in item.starts]
    definition.updates[:] = [tuple(rewritten(move) for move in group) for group in definition.updates]
    quantities.update({item.key: item for item in shared.values()})


def _equations(definition: Definition) -> Iterator[Equation]:
    for item in definition.quantities.values():
        yield from item.equations
        yield from item.starts


def _reductions(expression: Expression, around: tuple[Loop, ...]) -> Iterator[tuple[Expression, tuple[Loop, ...]]]:
    if isinstance(expression, Reduction):
        yield expression, _free_loops(expression, around)
        around = (*around, *expression.loops)
    for child in children(expression):
        yield from _reductions(child, around)


def _free_loops(reduction: Reduction, around: tuple[Loop, ...]) -> tuple[Loop, ...]:
    used = loops_used(reduction)
    return tuple(loop for loop in around if loop.name in used)


def lower(equation: Equation, quantities: dict[str, Quantity]) -> list[Statement]:
    """Take out of an equation what need not be worked out in every pass of its loops: reductions, slow functions."""
    before: list[Statement] = []

    def take_out(
        what: str, body: Expression, loops: tuple[Loop, ...], operator: str | None, over: tuple[Loop, ...]
    ) -> Read:
        key = f"{equation.target}#part{sum('#part' in name for name in quantities) + 1}"
        name = f"{what} in {quantities[equation.target].name}"
        dims, lengths = tuple(loop.name for loop in loops), tuple(loop.length for loop in loops)
        quantities[key] = Quantity(key, name, "auxiliary", dims, lengths, hidden=True)
        indices = tuple(Index(loop.name, tuple(range(loop.length))) for loop in loops)
        before.append(Statement(key, loops, indices, body, operator, over))
        return Read(key, indices)

    def lift(expression: Expression, around: tuple[Loop, ...]) -> Expression:
        used = loops_used(expression)
        if isinstance(expression, Reduction):
            body = lift(expression.body, (*around, *expression.loops))
            return take_out(
                expression.operator, body, _free_loops(expression, around), expression.operator, expression.loops
            )
        if isinstance(expression, Call) and expression.function == "if_then_else":
            # A branch not taken must not be worked out before the condition is known.
            return rebuild(expression, lambda child: lift_reductions(child, around))
        if isinstance(expression, Call) and expression.function in REPEATED and _is_repeated(used, around):
            body = rebuild(expression, lambda child: lift(child, around))
            return take_out(expression.function, body, tuple(loop for loop in around if loop.name in used), None, ())
        return rebuild(expression, lambda child: lift(child, around))

    def lift_reductions(expression: Expression, around: tuple[Loop, ...]) -> Expression:
        if isinstance(expression, Reduction):
            return lift(expression, around)
        return rebuild(expression, lambda child: lift_reductions(child, around))

    whole = equation.expression
    if isinstance(whole, Reduction) and {loop.name for loop in equation.loops} <= loops_used(whole):
        body = lift(whole.body, (*equation.loops, *whole.loops))
        last = Statement(equation.target, equation.loops, equation.indices, body, whole.operator, whole.loops)
    else:
        last = Statement(equation.target, equation.loops, equation.indices, lift(whole, equation.loops))
    return [_plainly_named(statement) for statement in (*before, last)]


def _plainly_named(statement: Statement) -> Statement:
    """Call the loops of a reduction what other statements call them, so that all can stand in the same loops."""
    loops = (*statement.loops, *statement.over)
    taken = {loop.name for loop in loops}
    names = {loop.name: loop.name.rstrip("!") for loop in loops if loop.name.rstrip("!") not in taken}

    def named(group: tuple[Loop, ...]) -> tuple[Loop, ...]:
        return tuple(replace(loop, name=names.get(loop.name, loop.name)) for loop in group)

    return replace(
        statement,
        loops=named(statement.loops),
        indices=tuple(rename_index(index, names) for index in statement.indices),
        expression=rename_loops(statement.expression, names),
        over=named(statement.over),
    )


def _is_repeated(used: set[str], around: tuple[Loop, ...]) -> bool:
    """Say whether the innermost (longest) of several loops is used without all others."""
    if len(around) < 2 or len(used) == len({loop.name for loop in around}):
        return False
    return max(around, key=lambda loop: loop.length).name in used
