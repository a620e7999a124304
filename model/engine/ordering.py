"""Put a model's equations into the order in which they can be worked out, and into blocks worked out together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from .expressions import (
    ActiveInitial,
    Call,
    Expression,
    Index,
    Loop,
    Read,
    Reduction,
    loops_used,
    rebuild,
    stage,
    variables_read,
    walk,
)
from .reading import Definition, Equation, Quantity, RefusedModelError

# When a block is worked out: once a run, at every step, or only where results are kept.
ONCE, STEP, OUTPUT = "once", "step", "output"
START, UPDATE = "start", "update"
BLOCK_SIZE = 24
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
    def shape(self) -> tuple[object, ...]:
        """Return what two statements must share to stand in the same loops."""
        return (frozenset(self.loops), self.operator is None, frozenset(self.over))


@dataclass
class Node:
    """A variable (or the first value of a state) with its statements and the nodes that must come before."""

    name: str
    variable: str
    frequency: str
    statements: list[Statement]
    before: set[str]
    at_start: bool = False


@dataclass
class Block:
    """Statements that form one generated function."""

    name: str
    frequency: str
    at_start: bool
    statements: list[Statement] = field(default_factory=list)
    variables: set[str] = field(default_factory=set)


@dataclass
class Plan:
    """Blocks in working order.

    `starting` gives every state its first value, `stepping` works out one moment, `updating` moves the states on;
    `needs` maps each variable to those it depends on, at any moment.
    """

    quantities: dict[str, Quantity]
    starting: list[Block]
    stepping: list[Block]
    updating: list[Block]
    needs: dict[str, set[str]]


def plan(definition: Definition) -> Plan:
    """Order a model.

    Raises
    ------
    RefusedModelError
        If variables, or first values of stocks, depend on each other in a circle.
    """
    quantities = definition.quantities
    updates = [[piece for move in group for piece in _lower(move, quantities)] for group in definition.updates]
    needs = _needs(definition)
    moving = {statement.target for group in updates for statement in group}
    driving = {key for group in definition.updates for move in group for key in variables_read(move.expression)}
    driving |= {pipe.source for pipe in definition.pipes}
    moving |= {pipe.state for pipe in definition.pipes}
    changing = _followers(needs, moving | {"time"})
    dynamic = _sources(_running_needs(definition), driving)
    for_start = _sources(_starting_needs(definition), {key for key, item in quantities.items() if item.starts})

    def frequency(key: str) -> str:
        if key not in changing:
            return ONCE
        return STEP if key in dynamic else OUTPUT

    active = any(
        isinstance(part, ActiveInitial)
        for item in quantities.values()
        for equation in (*item.equations, *item.starts)
        for part in walk(equation.expression)
    )
    counter = _Counter()
    if active:
        first = _nodes(quantities, frequency, for_start, starting=True)
        first = {name: node for name, node in first.items() if node.at_start}
        starting = _blocks(_schedule(first, "the first values of"), counter)
        later = _nodes(quantities, frequency, set(), starting=False)
        later = {name: node for name, node in later.items() if node.frequency != START}
        stepping = _blocks(_schedule(later, "the equations of"), counter)
    else:
        nodes = _nodes(quantities, frequency, for_start, starting=False)
        blocks = _blocks(_schedule(nodes, "the equations of"), counter)
        starting = [block for block in blocks if block.at_start]
        stepping = [block for block in blocks if block.frequency != START]
    order = {ONCE: 0, STEP: 1, OUTPUT: 2}
    stepping.sort(key=lambda block: order[block.frequency])
    return Plan(quantities, starting, stepping, _update_blocks(updates, counter), needs)


class _Counter:
    def __init__(self) -> None:
        self.number = 0

    def next(self) -> int:
        self.number += 1
        return self.number


def _lower(equation: Equation, quantities: dict[str, Quantity]) -> list[Statement]:
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
            loops = tuple(loop for loop in equation.loops if loop.name in used)
            return take_out(expression.operator, body, loops, expression.operator, expression.loops)
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
    return [*before, last]


def _is_repeated(used: set[str], around: tuple[Loop, ...]) -> bool:
    """Say whether the innermost (longest) of several loops is used without all others."""
    if len(around) < 2 or len(used) == len({loop.name for loop in around}):
        return False
    return max(around, key=lambda loop: loop.length).name in used


def _reads(equations: Iterable[Equation]) -> set[str]:
    return {key for equation in equations for key in variables_read(equation.expression)}


def _staged(equation: Equation, *, starting: bool) -> Equation:
    expression = stage(equation.expression, starting=starting)
    return Equation(equation.target, equation.loops, equation.indices, expression)


def _running_needs(definition: Definition) -> dict[str, set[str]]:
    return {
        key: _reads(_staged(equation, starting=False) for equation in item.equations)
        for key, item in definition.quantities.items()
    }


def _starting_needs(definition: Definition) -> dict[str, set[str]]:
    return {
        key: _reads(_staged(equation, starting=True) for equation in (*item.equations, *item.starts))
        for key, item in definition.quantities.items()
    }


def _needs(definition: Definition) -> dict[str, set[str]]:
    needs = {key: _reads((*item.equations, *item.starts)) for key, item in definition.quantities.items()}
    for group in definition.updates:
        members = {move.target for move in group}
        for key in members:
            needs[key] = needs[key] | _reads(group) | members
    for pipe in definition.pipes:
        needs[pipe.state] = needs[pipe.state] | {pipe.source, pipe.delay}
    return needs


def _sources(needs: dict[str, set[str]], wanted: Iterable[str]) -> set[str]:
    """Return everything the wanted variables depend on, themselves included."""
    found: set[str] = set()
    waiting = list(wanted)
    while waiting:
        key = waiting.pop()
        if key not in found:
            found.add(key)
            waiting.extend(needs.get(key, ()))
    return found


def _followers(needs: dict[str, set[str]], changing: set[str]) -> set[str]:
    """Return every variable that depends on one that changes in time."""
    followers: dict[str, list[str]] = {}
    for key, sources in needs.items():
        for source in sources:
            followers.setdefault(source, []).append(key)
    found: set[str] = set()
    waiting = list(changing)
    while waiting:
        key = waiting.pop()
        if key not in found:
            found.add(key)
            waiting.extend(followers.get(key, ()))
    return found


def _nodes(
    quantities: dict[str, Quantity], frequency: Callable[[str], str], for_start: set[str], *, starting: bool
) -> dict[str, Node]:
    states = {key for key, item in quantities.items() if item.starts}
    nodes: dict[str, Node] = {}
    for key, item in list(quantities.items()):
        if item.equations:
            equations = [_staged(equation, starting=starting) for equation in item.equations]
            statements = [piece for equation in equations for piece in _lower(equation, quantities)]
            nodes[key] = Node(key, key, frequency(key), statements, _reads(equations), key in for_start)
        if item.starts:
            equations = [_staged(equation, starting=True) for equation in item.starts]
            statements = [piece for equation in equations for piece in _lower(equation, quantities)]
            nodes[f"start of {key}"] = Node(f"start of {key}", key, START, statements, _reads(equations), True)
    for node in nodes.values():
        before = {f"start of {key}" if key in states else key for key in node.before}
        node.before = {name for name in before if name in nodes}
    return nodes


def _schedule(nodes: dict[str, Node], what: str) -> list[Node]:
    """Sort so that everything comes after what it reads, keeping like with like where there is a choice."""
    waiting = {name: set(node.before) & set(nodes) for name, node in nodes.items()}
    _refuse_circles(waiting, what)
    rank = {START: 0, ONCE: 1, STEP: 2, OUTPUT: 3}
    followers: dict[str, list[str]] = {name: [] for name in nodes}
    for name, sources in waiting.items():
        for source in sources:
            followers[source].append(name)
    ready = [name for name, sources in waiting.items() if not sources]
    order: list[Node] = []
    while ready:
        last = order[-1] if order else None

        def preference(name: str, last: Node | None = last) -> tuple[bool, bool, int, bool]:
            node = nodes[name]
            if last is None:
                return (False, False, rank[node.frequency], not node.at_start)
            other_kind = (node.frequency, node.at_start) != (last.frequency, last.at_start)
            other_shape = node.statements[0].shape != last.statements[-1].shape
            return (other_kind, other_shape, rank[node.frequency], not node.at_start)

        name = min(ready, key=preference)
        ready.remove(name)
        order.append(nodes[name])
        for follower in followers[name]:
            waiting[follower].discard(name)
            if not waiting[follower]:
                ready.append(follower)
    return order


def _refuse_circles(waiting: dict[str, set[str]], what: str) -> None:
    left = {name: set(sources) for name, sources in waiting.items()}
    while True:
        free = [name for name, sources in left.items() if not sources]
        if not free:
            break
        for name in free:
            del left[name]
        gone = set(free)
        for sources in left.values():
            sources -= gone
    if not left:
        return
    name = next(iter(left))
    path: list[str] = []
    while name not in path:
        path.append(name)
        name = next(iter(left[name]))
    circle = [*path[path.index(name) :], name]
    message = f"The model cannot be compiled: {what} these variables depend on each other: " + " <- ".join(circle)
    raise RefusedModelError(message)


def _blocks(order: list[Node], counter: _Counter) -> list[Block]:
    blocks: list[Block] = []
    for node in order:
        last = blocks[-1] if blocks else None
        if (
            last is None
            or (last.frequency, last.at_start) != (node.frequency, node.at_start)
            or len(last.statements) + len(node.statements) > BLOCK_SIZE
        ):
            last = Block(f"block_{counter.next()}_{node.frequency}", node.frequency, node.at_start)
            blocks.append(last)
        last.statements.extend(node.statements)
        last.variables.add(node.variable)
    return blocks


def _update_blocks(updates: list[list[Statement]], counter: _Counter) -> list[Block]:
    blocks: list[Block] = []
    for group in sorted(updates, key=lambda group: str(sorted(loop.name for loop in group[0].loops))):
        last = blocks[-1] if blocks else None
        if last is None or len(last.statements) + len(group) > BLOCK_SIZE:
            last = Block(f"block_{counter.next()}_{UPDATE}", UPDATE, at_start=False)
            blocks.append(last)
        last.statements.extend(group)
        last.variables.update(statement.target for statement in group)
    return blocks
