"""Put a model's equations into the order in which they can be worked out, and into blocks worked out together."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .circles import elements_apart, nodes_in_circles, places_read
from .expressions import ActiveInitial, sources, stage, variables_read, walk
from .lowering import lower, share_reductions
from .quantities import STEP_NUMBER, Definition, Equation, Quantity
from .scheduling import Block, Node, schedule, schedule_updates

# When a block is worked out: once a run, at every step, or only where results are kept.
ONCE, STEP, OUTPUT = "once", "step", "output"
START = "start"


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
    share_reductions(definition)
    quantities = definition.quantities
    updates = [[piece for move in group for piece in lower(move, quantities)] for group in definition.updates]
    needs = _needs(definition)
    moving = {statement.target for group in updates for statement in group}
    driving = {key for group in definition.updates for move in group for key in variables_read(move.expression)}
    driving |= {pipe.source for pipe in definition.pipes}
    moving |= {pipe.state for pipe in definition.pipes}
    changing = _followers(needs, moving | {"time", STEP_NUMBER})
    dynamic = sources(_needs_when(definition, starting=False), driving)
    for_start = sources(
        _needs_when(definition, starting=True), {key for key, item in quantities.items() if item.starts}
    )

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
    if active:
        first = _nodes(quantities, frequency, for_start, starting=True)
        first = {name: node for name, node in first.items() if node.at_start}
        starting = schedule(first, "the first values of", 1)
        later = _nodes(quantities, frequency, set(), starting=False)
        later = {name: node for name, node in later.items() if node.frequency != START}
        stepping = schedule(later, "the equations of", 1 + len(starting))
        made = len(starting) + len(stepping)
    else:
        nodes = _nodes(quantities, frequency, for_start, starting=False)
        blocks = schedule(nodes, "the equations of", 1)
        starting = [block for block in blocks if block.at_start]
        stepping = [block for block in blocks if block.frequency != START]
        made = len(blocks)
    order = {ONCE: 0, STEP: 1, OUTPUT: 2}
    stepping.sort(key=lambda block: order[block.frequency])
    return Plan(quantities, starting, stepping, schedule_updates(updates, 1 + made), needs)


def _reads(equations: Iterable[Equation]) -> set[str]:
    return {key for equation in equations for key in variables_read(equation.expression)}


def _staged(equation: Equation, *, starting: bool) -> Equation:
    expression = stage(equation.expression, starting=starting)
    return Equation(equation.target, equation.loops, equation.indices, expression)


def _needs_when(definition: Definition, *, starting: bool) -> dict[str, set[str]]:
    return {
        key: _reads(
            _staged(equation, starting=starting) for equation in (*item.equations, *(item.starts if starting else ()))
        )
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


def _followers(needs: dict[str, set[str]], changing: set[str]) -> set[str]:
    """Return every variable that depends on one that changes in time."""
    followers: dict[str, set[str]] = {}
    for key, read in needs.items():
        for source in read:
            followers.setdefault(source, set()).add(key)
    return sources(followers, changing)


def _nodes(
    quantities: dict[str, Quantity], frequency: Callable[[str], str], for_start: set[str], *, starting: bool
) -> dict[str, Node]:
    written: dict[str, tuple[str, list[Equation]]] = {}
    for key, item in quantities.items():
        if item.equations:
            written[key] = key, [_staged(equation, starting=starting) for equation in item.equations]
        if item.starts:
            written[f"start of {key}"] = key, [_staged(equation, starting=True) for equation in item.starts]
    writer = {key: name for name, (key, _) in written.items()}
    writer |= {key: f"start of {key}" for key, item in quantities.items() if item.starts}
    before = {
        name: {writer[key] for key in _reads(equations) if key in writer} for name, (_, equations) in written.items()
    }
    circles = nodes_in_circles(before)
    nodes: dict[str, Node] = {}
    apart: dict[str, list[str]] = {}
    for name, (key, equations) in written.items():
        often, at_start = (START, True) if name != key else (frequency(key), key in for_start)
        if name not in circles:
            statements = [piece for equation in equations for piece in lower(equation, quantities)]
            nodes[name] = Node(name, key, often, statements, before[name], at_start)
            continue
        for place, single in elements_apart(equations, quantities[key]):
            own = f"{name}[{', '.join(map(str, place))}]" if place else name
            within = {
                f"{writer[source]}[{', '.join(map(str, there))}]" if there else writer[source]
                for source, there in places_read(single.expression, {key for key in writer if writer[key] in circles})
            }
            outside = before[name] - circles
            nodes[own] = Node(own, key, often, lower(single, quantities), within | outside, at_start)
            apart.setdefault(name, []).append(own)
    for node in nodes.values():
        node.before = {
            one for name in node.before for one in (apart.get(name, [name]) if name not in nodes else [name])
        } & nodes.keys()
    return nodes
