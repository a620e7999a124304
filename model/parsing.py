"""Parse the city's Vensim text file with the engine's reader, into what is known of every variable.

A variable therefore means here what it means when it runs. Nothing here simulates.
"""

from __future__ import annotations

import dataclasses
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .engine.errors import listed
from .engine.reading.expressions import sources
from .engine.reading.formulas import FormulaError
from .engine.reading.syntax import (
    Application,
    Literal,
    Name,
    Numbers,
    Operation,
    Part,
    Range,
    Table,
    Tree,
    key_of,
    subtrees,
)
from .engine.reading.vensim import Entry, parse_entry, read_entries, split_unit
from .variables import BALANCES, DefinitionError, Kind, Sector, Variable, one_line

CONTROLS = ("INITIAL TIME", "FINAL TIME", "TIME STEP", "SAVEPER")
NUMBERS = re.compile(r"[-+.,;\d\seE]+")
SUM_OF_ONE = re.compile(r"\bsums? to (1|one)\b")


@dataclass(frozen=True)
class _Entry:
    """One entry of the file: the part of a variable it defines, or a range of subscripts."""

    name: str
    part: Part | None
    members: tuple[str, ...]
    equation: str
    unit: str
    low: float | None
    high: float | None
    comment: str
    line: int
    sector: str

    @property
    def tree(self) -> Tree | None:
        """The right side, where it is more than numbers."""
        return None if self.part is None or NUMBERS.fullmatch(self.part.text) else self.part.tree


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
    found = read_entries(text)
    while True:
        try:
            entry = next(found, None)
        except FormulaError as error:
            faults.append(str(error))
            break
        if entry is None:
            break
        if entry.is_banner:
            headers[entry.group] = _tidy(entry.unit)
            continue
        sector = next(reversed(headers), "")
        headers.setdefault(sector, "")
        if entry.fields < 3:
            faults.append(
                f"line {entry.line}: '{_start(entry.equation)}' is not of the form 'equation ~ unit ~ comment |'"
            )
            continue
        try:
            entries.append(_parse(entry, sector))
        except FormulaError as error:
            faults.append(f"line {entry.line}: '{_start(entry.equation)}' cannot be read: {error}")
    if not entries and not faults:
        faults.append("the file holds no equation")
    _raise(file, faults)
    return headers, entries


def _parse(entry: Entry, sector: str) -> _Entry:
    said = parse_entry(entry.equation)
    unit, low, high = split_unit(entry.unit, strict=True)
    rest = (_tidy(entry.equation), unit, low, high, one_line(entry.comment), entry.line, sector)
    if isinstance(said, Range):
        return _Entry(said.name, None, (said.alias_of,) if said.alias_of else said.members, *rest)
    if isinstance(said, str):
        message = "constraints and test inputs have no place in this model"
        raise FormulaError(message)
    name, part = said
    return _Entry(name, part, (), *rest)


def _join(entries: Iterable[_Entry], file: str) -> list[Variable]:
    """One variable for each name: Vensim lets several entries define parts of one array."""
    parts: dict[str, list[_Entry]] = defaultdict(list)
    for entry in entries:
        parts[key_of(entry.name)].append(entry)
    ranges = _ranges(entries)
    names = {key: same[0].name for key, same in parts.items()}
    elements = {key_of(element) for members in ranges.values() for element in members}
    rates = set[str]()
    faults: list[str] = []
    for key, same in parts.items():
        trees = [entry.tree for entry in same]
        functions = {node.key for node in _walk(trees) if isinstance(node, Application)}
        known = names.keys() | elements | functions | {"time"}
        unknown = [read for read in _references(trees) if read not in known]
        faults += [f"'{names[key]}' reads '{read}', which the file does not define" for read in unknown]
        rates |= {read for tree in trees if (stock := _stock(tree)) for read in _references([stock.arguments[0]])}
    _raise(file, faults)
    variables = []
    for key, same in parts.items():
        try:
            variables.append(_variable(same, key in rates, names, ranges))
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            faults.append(f"line {same[0].line}: '{_start(same[0].equation)}' cannot be read: {error}")
    _raise(file, faults)
    starting = _only_at_start({key: [entry.tree for entry in same] for key, same in parts.items()})
    yardsticks = {name for variable in variables if variable.name.endswith(BALANCES) for name in variable.uses}
    return [
        dataclasses.replace(
            variable,
            only_at_start=key in starting,
            why_fixed=_why_fixed(variable, key in starting, variable.name in yardsticks),
        )
        for key, variable in zip(parts, variables, strict=True)
    ]


def _stock(tree: Tree | None) -> Application | None:
    """Return a tree that is an INTEG, of a rate and a first value."""
    return tree if isinstance(tree, Application) and tree.key == "integ" and len(tree.arguments) == 2 else None


def _only_at_start(trees: Mapping[str, list[Tree | None]]) -> set[str]:
    """Keys of what is read for the start of stocks or by an INITIAL, directly or not, and for no rate."""
    stocks = [stock for parts in trees.values() for tree in parts if (stock := _stock(tree))]
    initials = [node for parts in trees.values() for node in _walk(parts) if _is_initial(node)]
    reads = {
        key: _references([tree for tree in parts if not _stock(tree)], leave_out=_is_initial)
        for key, parts in trees.items()
    }
    starts = [stock.arguments[1] for stock in stocks]
    starts += [argument for node in initials if isinstance(node, Application) for argument in node.arguments]
    rates = _references([stock.arguments[0] for stock in stocks], leave_out=_is_initial)
    return sources(reads, _references(starts)) - sources(reads, rates)


def _is_initial(tree: Tree) -> bool:
    return isinstance(tree, Application) and tree.key == "initial"


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
    trees = [entry.tree for entry in same if entry.tree is not None]
    unit = next((entry.unit for entry in same if entry.unit), "")
    kind = _kind(first, trees, is_flow=in_rate and "Year" in unit.partition("/")[2])
    limited = next((entry for entry in same if entry.low is not None or entry.high is not None), first)
    dims = () if first.part is None else _dims([entry.part.subscripts for entry in same if entry.part], ranges)
    axes = tuple(tuple(ranges.get(dim, [dim])) for dim in dims)
    rate = [term for tree in trees if (stock := _stock(tree)) for term in _terms(stock.arguments[0])]
    return Variable(
        name=first.name,
        kind=kind,
        sector=first.sector,
        unit=unit,
        low=limited.low,
        high=limited.high,
        dims=dims,
        axes=axes,
        elements=tuple(ranges[first.name]) if first.part is None else (),
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
    part = same[0].part
    if len(same) > 1 or part is None or not NUMBERS.fullmatch(part.text):
        return None
    if not isinstance(part.tree, (Literal, Numbers)):
        return None
    numbers = np.atleast_1d(part.tree.value if isinstance(part.tree, Literal) else part.tree.values).astype(float)
    shape = tuple(map(len, axes))
    shaped = np.full(shape, numbers[0]) if numbers.size == 1 else numbers.reshape(shape)
    # All who ask share this array.
    shaped.setflags(write=False)
    return shaped


def _kind(entry: _Entry, trees: list[Tree], *, is_flow: bool) -> Kind:
    if entry.part is None:
        return "subscript"
    if entry.name in CONTROLS:
        return "control"
    if isinstance(entry.tree, Table):
        return "table"
    if any(_stock(tree) for tree in trees):
        return "stock"
    if not _references(trees):
        return "constant"
    return "flow" if is_flow else "auxiliary"


def _dims(subscripts: list[tuple[str, ...]], ranges: dict[str, list[str]]) -> tuple[str, ...]:
    """For each position, the range that holds exactly the elements which the entries define together."""
    dims = []
    for position in zip(*subscripts, strict=True):
        written = list(dict.fromkeys(position))
        covered = {element for name in written for element in ranges.get(name, [name])}
        same = [name for name, members in ranges.items() if set(members) == covered]
        dims.append(next((name for name in written if name in same), (same or [" + ".join(written)])[0]))
    return tuple(dims)


def _ranges(entries: Iterable[_Entry]) -> dict[str, list[str]]:
    """Elements of each subscript range, with ranges inside ranges written out."""
    ranges: dict[str, list[str]] = {}
    for entry in entries:
        if entry.part is None:
            ranges[entry.name] = [element for name in entry.members for element in ranges.get(name, [name])]
    return ranges


def _names(trees: Iterable[Tree], names: dict[str, str]) -> tuple[str, ...]:
    return tuple(names[read] for read in _references(list(trees)) if read in names)


def _terms(rate: Tree, sign: int = 1) -> Iterator[tuple[Tree, int]]:
    """The terms of a sum, each with its sign; a product or a function is one term."""
    if isinstance(rate, Operation) and rate.operator == "negative":
        yield from _terms(rate.arguments[0], -sign)
    elif isinstance(rate, Operation) and rate.operator in "+-":
        left, right = rate.arguments
        yield from _terms(left, sign)
        yield from _terms(right, -sign if rate.operator == "-" else sign)
    else:
        yield rate, sign


def _references(trees: Iterable[Tree | None], leave_out: Callable[[Tree], bool] | None = None) -> list[str]:
    """Keys of the variables and functions that trees name, each once."""
    nodes = _walk(trees, leave_out)
    return list(dict.fromkeys(node.key for node in nodes if isinstance(node, (Name, Application))))


def _numbers(trees: Iterable[Tree | None]) -> Iterator[float]:
    return (node.value for node in _walk(trees) if isinstance(node, Literal))


def _walk(trees: Iterable[Tree | None], leave_out: Callable[[Tree], bool] | None = None) -> Iterator[Tree]:
    for tree in trees:
        if tree is not None:
            yield from subtrees(tree, leave_out)


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
