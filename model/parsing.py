"""Parse a Vensim text file: cut it into entries by the marks of the format, and read equations with PySD's grammar.

A variable therefore means here what it means when it runs. Nothing here simulates.
"""

from __future__ import annotations

import dataclasses
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from parsimonious.exceptions import ParseError, VisitationError
from pysd.translators.structures.abstract_expressions import (
    CallStructure,
    InitialStructure,
    IntegStructure,
    LookupsStructure,
    ReferenceStructure,
)
from pysd.translators.vensim.vensim_element import Element, Lookup, SubscriptRange

from .engine.errors import listed
from .engine.reading.expressions import sources
from .variables import BALANCES, DefinitionError, Kind, Sector, Variable, one_line

CONTROLS = ("INITIAL TIME", "FINAL TIME", "TIME STEP", "SAVEPER")
# Large tables of numbers need no grammar; reading them with one takes seconds.
NUMBERS = re.compile(r"[-+.,;\d\seE]+")
SUM_OF_ONE = re.compile(r"\bsums? to (1|one)\b")


@dataclass(frozen=True)
class _Entry:
    """One equation of the file, after PySD's grammar: ``component`` holds its left side and its syntax tree."""

    component: Any
    equation: str
    unit: str
    comment: str
    line: int
    sector: str


def parse_sectors(text: str, file: str) -> tuple[Sector, ...]:
    """Return the sectors of a model, given without its sketch; the file's name is for messages."""
    headers, entries = _read_entries(text, file)
    variables = _join(entries, file)
    return tuple(
        Sector(name, header, tuple(variable for variable in variables if variable.sector == name))
        for name, header in headers.items()
    )


def _read_entries(text: str, file: str) -> tuple[dict[str, str], list[_Entry]]:
    """Headers by sector, and the entries under them; raises once, with every fault."""
    headers: dict[str, str] = {}
    entries: list[_Entry] = []
    faults: list[str] = []
    *blocks, rest = text.split("|")
    if rest.strip():
        faults.append(f"the file is cut off: no '|' closes '{_start(rest)}'")
    line = 1
    for block in blocks:
        start = line + block[: len(block) - len(block.lstrip())].count("\n")
        line += block.count("\n")
        head, *fields = block.split("~")
        if "***" in head and len(fields) == 1:
            headers[head.strip("* \t\r\n.")] = _tidy(fields[0])
        elif len(fields) in (2, 3):
            sector = next(reversed(headers), "")
            headers.setdefault(sector, "")
            try:
                component = _parse(head, *fields[:2])
            except (ParseError, VisitationError, ValueError, IndexError) as error:
                reason = str(error).strip().splitlines()[0]
                faults.append(f"line {start}: '{_start(head)}' cannot be read: {reason}")
            else:
                entries.append(_Entry(component, _tidy(head), component.units, one_line(fields[1]), start, sector))
        else:
            faults.append(f"line {start}: '{_start(head)}' is not of the form 'equation ~ unit ~ comment |'")
    if not entries and not faults:
        faults.append("the file holds no equation")
    _raise(file, faults)
    return headers, entries


def _parse(equation: str, unit: str, comment: str) -> Any:
    component = Element(one_line(equation), one_line(unit), one_line(comment)).parse()
    if not isinstance(component, SubscriptRange) and not NUMBERS.fullmatch(component.expression):
        component.parse()
    return component


def _join(entries: Iterable[_Entry], file: str) -> list[Variable]:
    """One variable for each name: Vensim lets several entries define parts of one array."""
    parts: dict[str, list[_Entry]] = defaultdict(list)
    for entry in entries:
        parts[_key(entry.component.name)].append(entry)
    ranges = _ranges(entry.component for entry in entries)
    names = {key: same[0].component.name for key, same in parts.items()}
    elements = {_key(element) for members in ranges.values() for element in members}
    rates = set[str]()
    faults: list[str] = []
    for key, same in parts.items():
        trees = [_tree(entry) for entry in same]
        functions = {node.function.reference for node in _walk(trees) if isinstance(node, CallStructure)}
        known = names.keys() | elements | functions | {"time"}
        unknown = [read for read in _references(trees) if read not in known]
        faults += [f"'{names[key]}' reads '{read}', which the file does not define" for read in unknown]
        rates |= {read for tree in trees if isinstance(tree, IntegStructure) for read in _references(tree.flow)}
    _raise(file, faults)
    variables = []
    for key, same in parts.items():
        try:
            variables.append(_variable(same, key in rates, names, ranges))
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            faults.append(f"line {same[0].line}: '{_start(same[0].equation)}' cannot be read: {error}")
    _raise(file, faults)
    starting = _only_at_start({key: [_tree(entry) for entry in same] for key, same in parts.items()})
    yardsticks = {name for variable in variables if variable.name.endswith(BALANCES) for name in variable.uses}
    return [
        dataclasses.replace(
            variable,
            only_at_start=key in starting,
            why_fixed=_why_fixed(variable, key in starting, variable.name in yardsticks),
        )
        for key, variable in zip(parts, variables, strict=True)
    ]


def _only_at_start(trees: Mapping[str, list[Any]]) -> set[str]:
    """Keys of what is read for the start of stocks or by an INITIAL, directly or not, and for no rate."""
    stocks = [tree for parts in trees.values() for tree in parts if isinstance(tree, IntegStructure)]
    reads = {
        key: _references([tree for tree in parts if not isinstance(tree, IntegStructure)], leave_out=InitialStructure)
        for key, parts in trees.items()
    }
    starts = [
        node.initial for node in _walk(list(trees.values())) if isinstance(node, IntegStructure | InitialStructure)
    ]
    rates = _references([stock.flow for stock in stocks], leave_out=InitialStructure)
    return sources(reads, _references(starts)) - sources(reads, rates)


def _why_fixed(variable: Variable, only_at_start: bool, measures_a_balance: bool) -> str:
    """Tell a table of the model from a policy or an assumption that a scenario may change."""
    values = variable.default
    if variable.kind != "constant" or values is None or variable.meaning.startswith("Lever"):
        return ""
    numbers = set(values.flat)
    shares = SUM_OF_ONE.search(variable.comment) or np.isclose(values.sum(), 1)
    reasons = (
        (variable.sector == "Derived tables", "is derived from observations"),
        (not variable.dims, ""),
        ("Age" in variable.dims, "is a profile by age"),
        (len(numbers) > 1 and numbers <= {-1.0, 0.0, 1.0}, "says what belongs where"),
        (shares, "holds shares that add up to one"),
        ("WEIGHT" in variable.name.split(), "holds weights that only count beside each other"),
        (measures_a_balance, "is what a balance of the model is measured by"),
        (only_at_start and variable.unit == "Dmnl", "spreads over its elements what there is at the start"),
    )
    return next((reason for holds, reason in reasons if holds), "")


def _variable(same: list[_Entry], in_rate: bool, names: dict[str, str], ranges: dict[str, list[str]]) -> Variable:
    first = same[0]
    trees = [_tree(entry) for entry in same]
    unit = next((entry.unit for entry in same if entry.unit), "")
    kind = _kind(first.component, trees, is_flow=in_rate and "Year" in unit.partition("/")[2])
    low, high = next((entry.component.limits for entry in same if entry.component.limits), (None, None))
    is_range = isinstance(first.component, SubscriptRange)
    dims = () if is_range else _dims([entry.component.subscripts[0] for entry in same], ranges)
    axes = tuple(tuple(ranges.get(dim, [dim])) for dim in dims)
    rate = [term for tree in trees if isinstance(tree, IntegStructure) for term in _terms(tree.flow)]
    return Variable(
        name=first.component.name,
        kind=kind,
        sector=first.sector,
        unit=unit,
        low=low,
        high=high,
        dims=dims,
        axes=axes,
        elements=tuple(ranges[first.component.name]) if is_range else (),
        default=_default(same, axes) if kind == "constant" else None,
        equation="\n\n".join(entry.equation for entry in same),
        comment=next((entry.comment for entry in same if entry.comment), ""),
        uses=_names(trees, names),
        inflows=_names((term for term, sign in rate if sign > 0), names),
        outflows=_names((term for term, sign in rate if sign < 0), names),
        numbers=tuple(_numbers(trees)) if kind in ("stock", "flow", "auxiliary") else (),
        line=first.line,
    )


def _default(same: list[_Entry], axes: tuple[tuple[str, ...], ...]) -> npt.NDArray[np.float64] | None:
    text = same[0].component.expression
    if len(same) > 1 or not NUMBERS.fullmatch(text):
        return None
    numbers = np.array([float(number) for number in re.split(r"[\s,;]+", text) if number])
    shape = tuple(map(len, axes))
    shaped = np.full(shape, numbers[0]) if numbers.size == 1 else numbers.reshape(shape)
    # All who ask share this array.
    shaped.setflags(write=False)
    return shaped


def _kind(component: Any, trees: list[Any], *, is_flow: bool) -> Kind:
    if isinstance(component, SubscriptRange):
        return "subscript"
    if component.name in CONTROLS:
        return "control"
    if isinstance(component, Lookup):
        return "table"
    if any(isinstance(tree, IntegStructure) for tree in trees):
        return "stock"
    if not _references(trees):
        return "constant"
    return "flow" if is_flow else "auxiliary"


def _dims(subscripts: list[list[str]], ranges: dict[str, list[str]]) -> tuple[str, ...]:
    """For each position, the range that holds exactly the elements which the entries define together."""
    dims = []
    for position in zip(*subscripts, strict=True):
        written = list(dict.fromkeys(position))
        covered = {element for name in written for element in ranges.get(name, [name])}
        same = [name for name, members in ranges.items() if set(members) == covered]
        dims.append(next((name for name in written if name in same), (same or [" + ".join(written)])[0]))
    return tuple(dims)


def _ranges(components: Iterable[Any]) -> dict[str, list[str]]:
    """Elements of each subscript range, with ranges inside ranges written out."""
    ranges: dict[str, list[str]] = {}
    for component in components:
        if isinstance(component, SubscriptRange):
            listed = [component.definition] if isinstance(component.definition, str) else component.definition
            ranges[component.name] = [element for name in listed for element in ranges.get(name, [name])]
    return ranges


def _tree(entry: _Entry) -> Any:
    return getattr(entry.component, "ast", None)


def _names(trees: Iterable[Any], names: dict[str, str]) -> tuple[str, ...]:
    return tuple(names[read] for read in _references(list(trees)) if read in names)


def _terms(rate: Any, sign: int = 1) -> Iterator[tuple[Any, int]]:
    """The terms of a sum, each with its sign; a product or a function is one term."""
    operators = getattr(rate, "operators", None)
    if operators == ["negative"]:
        yield from _terms(rate.arguments[0], -sign)
    elif operators and set(operators) <= {"+", "-"}:
        for operator, term in zip(["+", *operators], rate.arguments, strict=True):
            yield from _terms(term, -sign if operator == "-" else sign)
    else:
        yield rate, sign


def _references(tree: Any, leave_out: type | tuple[()] = ()) -> list[str]:
    """Keys of the variables and functions that a syntax tree names, each once."""
    return list(
        dict.fromkeys(node.reference for node in _walk(tree, leave_out) if isinstance(node, ReferenceStructure))
    )


def _numbers(tree: Any) -> Iterator[float]:
    return (node for node in _walk(tree) if isinstance(node, int | float) and not isinstance(node, bool))


def _walk(node: Any, leave_out: type | tuple[()] = ()) -> Iterator[Any]:
    if isinstance(node, leave_out):
        return
    yield node
    if isinstance(node, list | tuple):
        children: Iterable[Any] = node
    elif dataclasses.is_dataclass(node) and not isinstance(node, LookupsStructure):
        # The order of a SMOOTH or DELAY is part of the function's name, not a number of the formula.
        children = [getattr(node, field.name) for field in dataclasses.fields(node) if field.name != "order"]
    else:
        children = ()
    for child in children:
        yield from _walk(child, leave_out)


def _key(name: str) -> str:
    """PySD's spelling of a reference: Vensim ignores case, and reads blanks and underscores alike."""
    return name.lower().replace(" ", "_")


def _tidy(text: str) -> str:
    """The text with its own line breaks, without the tabs of the file."""
    return "\n".join(line.strip() for line in text.replace("\\\n", "\n").splitlines() if line.strip())


def _start(text: str) -> str:
    flat = one_line(text)
    return flat if len(flat) <= 40 else flat[:40].rstrip() + "..."


def _raise(file: str, faults: list[str]) -> None:
    if faults:
        msg = f"{file} cannot be read:\n{listed(faults)}"
        raise DefinitionError(msg)
