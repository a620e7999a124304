"""Put statements into groups that share loops, each after what it reads, and groups into blocks."""

from __future__ import annotations

import functools
import graphlib
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from .expressions import Index, Loop, Read, variables_read, walk
from .lowering import Statement
from .quantities import RefusedModelError

UPDATE = "update"
# Statements in a generated function, and in the same loops, where more would run out of registers.
BLOCK_SIZE = 24
GROUP_SIZE = 8
# What takes fewer passes than this is not worth waiting for company.
SMALL = 500


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
    """Groups of statements that form one generated function; those of a group stand in the same loops."""

    name: str
    frequency: str
    at_start: bool
    groups: list[list[Statement]] = field(default_factory=list)
    variables: set[str] = field(default_factory=set)

    @property
    def statements(self) -> list[Statement]:
        """Return all statements in working order."""
        return [statement for group in self.groups for statement in group]


class _Kind(NamedTuple):
    """What the statements of a group have in common."""

    frequency: str
    at_start: bool
    shape: frozenset[Loop]


@dataclass(eq=False)
class _Member:
    """A statement of a node, and the statements that write what it reads."""

    statement: Statement
    node: Node
    after: set[_Member] = field(default_factory=set)

    @property
    def kind(self) -> _Kind:
        return _Kind(self.node.frequency, self.node.at_start, self.statement.shape)


def schedule(nodes: dict[str, Node], what: str, first_number: int) -> list[Block]:
    """Sort so that everything comes after what it reads, and statements with the same loops stand together."""
    _refuse_circles({name: node.before & set(nodes) for name, node in nodes.items()}, what)
    left: dict[_Kind, list[_Member]] = {}
    for member in _members(nodes):
        left.setdefault(member.kind, []).append(member)
    blocks: list[Block] = []
    last: _Kind | None = None
    while left:
        ready = {kind: group for kind, members in left.items() if (group := _together(members))}
        last = min(ready, key=functools.partial(_rank, left, ready, last))
        group = ready[last]
        left[last] = [member for member in left[last] if member not in group]
        left = {kind: members for kind, members in left.items() if members}
        for members in left.values():
            for member in members:
                member.after.difference_update(group)
        if not blocks or (blocks[-1].frequency, blocks[-1].at_start) != last[:2] or _is_full(blocks[-1], group):
            name = f"block_{first_number + len(blocks)}_{last.frequency}"
            blocks.append(Block(name, last.frequency, last.at_start))
        blocks[-1].groups.append([member.statement for member in group])
        blocks[-1].variables.update(member.node.variable for member in group)
    return blocks


def _rank(
    left: dict[_Kind, list[_Member]], ready: dict[_Kind, list[_Member]], last: _Kind | None, kind: _Kind
) -> tuple[bool, bool, int, int]:
    """Rank what can come next: long loops wait until as many of their kind as possible can join them."""
    size = math.prod(loop.length for loop in kind.shape)
    waiting = len(left[kind]) - len(ready[kind])
    return (last is not None and kind[:2] != last[:2], size > SMALL, waiting if size > SMALL else 0, -size)


def schedule_updates(updates: list[list[Statement]], first_number: int) -> list[Block]:
    """Keep each function's assignments in their order; neighbours with the same loops stand together."""
    blocks: list[Block] = []
    for statements in sorted(updates, key=lambda group: str(sorted(loop.name for loop in group[0].loops))):
        if not blocks or _is_full(blocks[-1], statements):
            blocks.append(Block(f"block_{first_number + len(blocks)}_{UPDATE}", UPDATE, at_start=False))
        groups = blocks[-1].groups
        for statement in statements:
            if groups and statement.shape == groups[-1][0].shape and _may_join(groups[-1], statement):
                groups[-1].append(statement)
            else:
                groups.append([statement])
        blocks[-1].variables.update(statement.target for statement in statements)
    return blocks


def _is_full(block: Block, group: Iterable[object]) -> bool:
    return len(block.statements) + len(list(group)) > BLOCK_SIZE


def _members(nodes: dict[str, Node]) -> list[_Member]:
    members = [_Member(statement, node) for node in nodes.values() for statement in node.statements]
    writers: dict[tuple[str, str], set[_Member]] = {}
    for member in members:
        writers.setdefault((member.node.name, member.statement.target), set()).add(member)
    for member in members:
        # What a node reads is its own parts, or the variables of the nodes before it.
        sources: dict[str, list[str]] = {}
        for name in member.node.before & nodes.keys():
            sources.setdefault(nodes[name].variable, []).append(name)
        for variable in variables_read(member.statement.expression):
            for name in sources.get(variable, [member.node.name]):
                member.after |= writers.get((name, variable), set())
        member.after.discard(member)
    return members


def _together(candidates: list[_Member]) -> list[_Member]:
    """Return those statements of one kind that can be worked out now in the same loops."""
    group: dict[_Member, None] = {}
    growing = True
    while growing:
        growing = False
        for member in candidates:
            if (
                member not in group
                and len(group) < GROUP_SIZE
                and member.after <= group.keys()
                and _may_join([other.statement for other in group], member.statement)
            ):
                group[member] = None
                growing = True
    return list(group)


def _may_join(group: list[Statement], new: Statement) -> bool:
    """Say whether a statement may stand in the loops of others: it must meet their results element by element."""
    totals = {statement.target for statement in group if statement.operator is not None}
    written: dict[str, set[tuple[Index, ...]]] = {}
    for statement in group:
        written.setdefault(statement.target, set()).add(statement.indices)
    for part in _parts_read(new):
        if part.variable in totals or part.indices not in written.get(part.variable, {part.indices}):
            return False
    return all(
        part.variable != new.target or (new.operator is None and part.indices == new.indices)
        for statement in group
        for part in _parts_read(statement)
    )


def _parts_read(statement: Statement) -> list[Read]:
    return [part for part in walk(statement.expression) if isinstance(part, Read)]


def _refuse_circles(waiting: dict[str, set[str]], what: str) -> None:
    try:
        graphlib.TopologicalSorter(waiting).prepare()
    except graphlib.CycleError as error:
        circle = " <- ".join(reversed(error.args[1]))
        message = f"The model cannot be compiled: {what} these variables depend on each other: {circle}"
        raise RefusedModelError(message) from None
