"""The model file as a table: what each variable is, in what unit, and where it comes from.

Nothing here simulates. The text is cut into entries by the marks of the Vensim format, and PySD's parser
reads each equation, so that a variable means here what it means when it runs.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from parsimonious.exceptions import ParseError, VisitationError
from pysd.translators.structures.abstract_expressions import (
    CallStructure,
    IntegStructure,
    LookupsStructure,
    ReferenceStructure,
)
from pysd.translators.vensim.vensim_element import Element, Lookup, SubscriptRange

from model.engine.errors import UserError, listed

MODEL_FILE = Path(__file__).with_name("jinan.mdl")

Kind = Literal["stock", "flow", "auxiliary", "constant", "table", "control", "subscript"]

#: Endings of the names of variables that are nil in every run, or something was created or lost.
BALANCES = (" balance error", " account error")
CONTROLS = ("INITIAL TIME", "FINAL TIME", "TIME STEP", "SAVEPER")
SKETCH = "\\\\\\---///"
CHINESE = r"[\u4e00-\u9fff]"
# Large tables of numbers need no grammar; reading them with one takes seconds.
NUMBERS = re.compile(r"[-+.,;\d\seE]+")
TERM = re.compile(rf"([^.。]*{CHINESE}[^.。]*)[.。]\s*")
SUM_OF_ONE = re.compile(r"\bsums? to (1|one)\b")
LABEL = re.compile(r"\b(Source|Grade|Loops?):\s*")


class DefinitionError(UserError):
    """The model file is missing or cannot be read; the message lists every fault found."""


@dataclass(frozen=True)
class Variable:
    """One variable of the model file, or one subscript range.

    Attributes
    ----------
    name
        Name as written in the file.
    kind
        ``stock`` (an ``INTEG``), ``flow`` (computed, appears in the rate of a stock, in a unit per year),
        ``constant`` (numbers only), ``table`` (a table function), ``control`` (time settings),
        ``subscript`` (a range of elements) or ``auxiliary`` (all others).
    sector
        Name of the sector header it stands under.
    unit
        Unit as written.
    low, high
        Limits of a reasonable value; None where the file leaves them open.
    dims
        Subscript ranges, in order.
    axes
        Elements along each of ``dims``.
    elements
        Elements of a subscript range; empty for a variable.
    default
        Numbers of a constant in the shape of ``axes``, read-only; None for other kinds and for several entries.
    equation
        Text of the equation or equations, left side included.
    comment
        Whole comment, in one line.
    uses
        Names of the variables that the equation reads, in order of appearance.
    inflows, outflows
        For a stock, the names that enter its rate with a plus and with a minus; a transfer stands in both.
    numbers
        Numbers written inside the formula; empty for constants and tables.
    line
        Line of the file where the first equation starts.
    why_fixed
        Why a scenario may not change a constant, as the end of a sentence that starts with its name; empty where it
        may. Calibration may set any constant.
    """

    name: str
    kind: Kind
    sector: str
    unit: str
    low: float | None
    high: float | None
    dims: tuple[str, ...]
    axes: tuple[tuple[str, ...], ...]
    elements: tuple[str, ...]
    default: npt.NDArray[np.float64] | None = field(compare=False)
    equation: str
    comment: str
    uses: tuple[str, ...]
    inflows: tuple[str, ...]
    outflows: tuple[str, ...]
    numbers: tuple[float, ...]
    line: int
    why_fixed: str = ""

    @property
    def term(self) -> str:
        """Chinese term: what stands before the first full stop of the comment."""
        match = TERM.match(self.comment)
        return match[1].strip() if match else ""

    @property
    def meaning(self) -> str:
        """What the variable means, in English: the comment without its Chinese term and its labels."""
        text = LABEL.split(self.comment, maxsplit=1)[0]
        return TERM.sub("", text, count=1).strip()

    @property
    def sources(self) -> tuple[str, ...]:
        """Where the equation or the number comes from."""
        parts = (part.strip().removesuffix(".") for part in self._label("Source").split(";"))
        return tuple(part for part in parts if part)

    @property
    def grade(self) -> str:
        """Letter A (official) to E (assumption), or an empty string."""
        match = re.match(r"[A-E]\b", self._label("Grade"))
        return match[0] if match else ""

    @property
    def loops(self) -> tuple[str, ...]:
        """Feedback loops that this variable is a link of, such as ``("R1", "B2")``."""
        return tuple(re.findall(r"\b[RB]\d+\b", self._label("Loop") + " " + self._label("Loops")))

    def _label(self, label: str) -> str:
        pieces = LABEL.split(self.comment)
        return " ".join(text for found, text in zip(pieces[1::2], pieces[2::2], strict=True) if found == label)


@dataclass(frozen=True)
class Sector:
    """One sector of the model file: its header and the variables under it, in the order of the file."""

    name: str
    header: str
    variables: tuple[Variable, ...]


@dataclass(frozen=True)
class _Entry:
    """One equation of the file, after PySD's grammar: ``component`` holds its left side and its syntax tree."""

    component: Any
    equation: str
    unit: str
    comment: str
    line: int
    sector: str


def read_definition(path: Path = MODEL_FILE) -> tuple[Variable, ...]:
    """Every variable and subscript range of a Vensim text file, in the order of the file.

    Parameters
    ----------
    path
        A ``.mdl`` file in UTF-8.

    Returns
    -------
    tuple of Variable
        Without time itself, which the file does not define.

    Raises
    ------
    DefinitionError
        If the file is missing, is not UTF-8, is cut off, holds an equation that PySD cannot read, or reads a
        variable that it does not define.

    Examples
    --------
    >>> table = {variable.name: variable for variable in read_definition()}
    >>> table["TIME STEP"].unit
    'Year'
    """
    return tuple(variable for sector in read_sectors(path) for variable in sector.variables)


def variables_by_name(path: Path = MODEL_FILE) -> Mapping[str, Variable]:
    """The variables of a model file by name, without its subscript ranges; each file is read once.

    Examples
    --------
    >>> variables_by_name(Path("tests/models/small_town.mdl"))["HOMES"].default
    array([40., 50.])
    """
    # A default left out and the same path given would be two entries of a cache.
    return _read_by_name(path)


@cache
def _read_by_name(path: Path) -> Mapping[str, Variable]:
    return {variable.name: variable for variable in read_definition(path) if variable.kind != "subscript"}


def read_sectors(path: Path = MODEL_FILE) -> tuple[Sector, ...]:
    """The sectors of a Vensim text file with their headers; see `read_definition` for what it raises."""
    headers, entries = _read_entries(_read_text(path), path)
    variables = _join(entries, path)
    return tuple(
        Sector(name, header, tuple(variable for variable in variables if variable.sector == name))
        for name, header in headers.items()
    )


def _read_text(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        msg = f"{path.name} cannot be read: {error.strerror}"
        raise DefinitionError(msg) from error
    except UnicodeDecodeError as error:
        msg = f"{path.name} cannot be read: byte {error.start} is not UTF-8 text"
        raise DefinitionError(msg) from error
    return text.partition(SKETCH)[0].removeprefix("{UTF-8}")


def _read_entries(text: str, path: Path) -> tuple[dict[str, str], list[_Entry]]:
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
                entries.append(_Entry(component, _tidy(head), component.units, _flat(fields[1]), start, sector))
        else:
            faults.append(f"line {start}: '{_start(head)}' is not of the form 'equation ~ unit ~ comment |'")
    if not entries and not faults:
        faults.append("the file holds no equation")
    _raise(path, faults)
    return headers, entries


def _parse(equation: str, unit: str, comment: str) -> Any:
    component = Element(_flat(equation), _flat(unit), _flat(comment)).parse()
    if not isinstance(component, SubscriptRange) and not NUMBERS.fullmatch(component.expression):
        component.parse()
    return component


def _join(entries: Iterable[_Entry], path: Path) -> list[Variable]:
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
    _raise(path, faults)
    variables = []
    for key, same in parts.items():
        try:
            variables.append(_variable(same, key in rates, names, ranges))
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            faults.append(f"line {same[0].line}: '{_start(same[0].equation)}' cannot be read: {error}")
    _raise(path, faults)
    starting = _only_at_start({key: [_tree(entry) for entry in same] for key, same in parts.items()})
    yardsticks = {name for variable in variables if variable.name.endswith(BALANCES) for name in variable.uses}
    return [
        dataclasses.replace(variable, why_fixed=_why_fixed(variable, key in starting, variable.name in yardsticks))
        for key, variable in zip(parts, variables, strict=True)
    ]


def _only_at_start(trees: Mapping[str, list[Any]]) -> set[str]:
    """Keys of what is read for the start of stocks, directly or not, and for no rate."""
    stocks = [tree for parts in trees.values() for tree in parts if isinstance(tree, IntegStructure)]
    reads = {
        key: _references([tree for tree in parts if not isinstance(tree, IntegStructure)])
        for key, parts in trees.items()
    }

    def reached(first: Iterable[str]) -> set[str]:
        found, waiting = set[str](), list(first)
        while waiting:
            key = waiting.pop()
            if key not in found:
                found.add(key)
                waiting += reads.get(key, ())
        return found

    return reached(_references([stock.initial for stock in stocks])) - reached(
        _references([stock.flow for stock in stocks])
    )


def _why_fixed(variable: Variable, only_at_start: bool, measures_a_balance: bool) -> str:
    """Tell a table of the model from a policy or an assumption that a scenario may change."""
    values = variable.default
    if variable.kind != "constant" or values is None or variable.meaning.startswith("Lever"):
        return ""
    if variable.sector == "Derived tables":
        return "is derived from observations"
    if not variable.dims:
        return ""
    if "Age" in variable.dims:
        return "is a profile by age"
    if len(set(values.flat)) > 1 and set(values.flat) <= {-1.0, 0.0, 1.0}:
        return "says what belongs where"
    if SUM_OF_ONE.search(variable.comment) or np.isclose(values.sum(), 1):
        return "holds shares that add up to one"
    if "WEIGHT" in variable.name.split():
        return "holds weights that only count beside each other"
    if measures_a_balance:
        return "is what a balance of the model is measured by"
    if only_at_start and variable.unit == "Dmnl":
        return "spreads over its elements what there is at the start"
    return ""


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


def _references(tree: Any) -> list[str]:
    """Keys of the variables and functions that a syntax tree names, each once."""
    return list(dict.fromkeys(node.reference for node in _walk(tree) if isinstance(node, ReferenceStructure)))


def _numbers(tree: Any) -> Iterator[float]:
    return (node for node in _walk(tree) if isinstance(node, int | float) and not isinstance(node, bool))


def _walk(node: Any) -> Iterator[Any]:
    yield node
    if isinstance(node, list | tuple):
        children: Iterable[Any] = node
    elif dataclasses.is_dataclass(node) and not isinstance(node, LookupsStructure):
        # The order of a SMOOTH or DELAY is part of the function's name, not a number of the formula.
        children = [getattr(node, field.name) for field in dataclasses.fields(node) if field.name != "order"]
    else:
        children = ()
    for child in children:
        yield from _walk(child)


def _key(name: str) -> str:
    """PySD's spelling of a reference: Vensim ignores case, and reads blanks and underscores alike."""
    return name.lower().replace(" ", "_")


def _flat(text: str) -> str:
    return " ".join(text.replace("\\\n", " ").split())


def _tidy(text: str) -> str:
    """The text with its own line breaks, without the tabs of the file."""
    return "\n".join(line.strip() for line in text.replace("\\\n", "\n").splitlines() if line.strip())


def _start(text: str) -> str:
    flat = _flat(text)
    return flat if len(flat) <= 40 else flat[:40].rstrip() + "..."


def _raise(path: Path, faults: list[str]) -> None:
    if faults:
        msg = f"{path.name} cannot be read:\n{listed(faults)}"
        raise DefinitionError(msg)


def model_hash(model_file: Path = MODEL_FILE) -> str:
    """Return twelve hexadecimal digits that change with any change of the model file.

    Examples
    --------
    >>> len(model_hash(Path("tests/models/small_town.mdl")))
    12
    """
    return hashlib.sha256(model_file.read_bytes()).hexdigest()[:12]
