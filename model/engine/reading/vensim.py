"""Vensim's text files: cut into entries by the marks of the format, each read with the grammar of its equation."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from parsimonious.nodes import Node

from .formulas import LETTER, NUMBER, SIGNED, Formula, FormulaError, match, numbers_of
from .syntax import Application, Element, Literal, Macro, ModelText, Nothing, Part, Range, Text, Tree, key_of

SKETCH: Final = "\\\\\\---///"
MARKS: Final = re.compile(r'"(?:\\.|[^"\\|~]){0,400}"|"(?:\\.|[^"\\\n]){0,200}"|[{}~|]')
BANNER: Final = re.compile(r"\s*\*{3,}")
MACRO: Final = re.compile(r"\s*:MACRO:\s*(?P<name>[^(]+?)\s*\((?P<inputs>[^):]*)(?::(?P<outputs>[^)]*))?\)", re.I)
END_OF_MACRO: Final = re.compile(r"\s*:END\s+OF\s+MACRO:", re.I)
SUPPLEMENTARY: Final = re.compile(r"\s*:SUP\w*\s*", re.I)
ALL_NUMBERS: Final = re.compile(rf"\s*{SIGNED}(?:\s*[,;]\s*{SIGNED})*\s*[,;]?\s*")
NUMBERED: Final = re.compile(rf"\(\s*(?P<start>{LETTER}.*?)(?P<low>\d+)\s*-\s*(?P<end>.*?)(?P<high>\d+)\s*\)", re.S)
#: The number of the line of settings that tells how to integrate, and what its fourth figure stands for.
SETTINGS: Final = re.compile(r"^15:(?:\d+,){3}(\d+)", re.M)
METHODS: Final = {"1": "rk4", "5": "rk4", "3": "rk2", "4": "rk2"}


@dataclass(frozen=True)
class Entry:
    """One entry: what stands between two bars, with the line it starts at and the fields between its tildes.

    Comments in braces are blanked out of `equation`, in which every letter keeps its line.
    """

    equation: str
    unit: str
    comment: str
    line: int
    fields: int

    @property
    def is_banner(self) -> bool:
        """Say whether this is the heading of a group."""
        return bool(BANNER.match(self.equation)) and self.fields < 3

    @property
    def group(self) -> str:
        """Return the name in a heading."""
        return self.equation.strip("* \t\n.")


def read_entries(text: str) -> Iterator[Entry]:
    """Yield the entries of a file in their order.

    Raises
    ------
    FormulaError
        If the last one is not closed.
    """
    body = text.partition(SKETCH)[0]
    start = 0
    cuts: list[int] = []
    blanks: list[tuple[int, int]] = []
    depth = 0
    opened = 0
    for found in MARKS.finditer(body):
        mark = found.group()
        if mark == "{" and not cuts:
            depth, opened = depth + 1, opened if depth else found.start()
        elif mark == "}" and not cuts and depth:
            depth -= 1
            if not depth:
                blanks.append((opened, found.end()))
        elif depth or mark in "{}":
            continue
        elif mark == "~":
            cuts.append(found.start())
        elif mark == "|":
            yield _entry(body, start, cuts, found.start(), blanks)
            start, cuts, blanks = found.end(), [], []
        elif cuts:
            # In units and comments quotes are letters like others.
            for place, letter in enumerate(mark, start=found.start()):
                if letter == "~":
                    cuts.append(place)
                elif letter == "|":
                    yield _entry(body, start, cuts, place, blanks)
                    start, cuts, blanks = place + 1, [], []
    rest = _blanked(body, start, len(body), blanks)
    if depth or END_OF_MACRO.sub("", rest).strip():
        message = f"the file is cut off: no '|' closes '{' '.join(body[start:].split())[:40]}'"
        raise FormulaError(message, len(body) - len(body[start:].lstrip()))


def _entry(body: str, start: int, cuts: Sequence[int], end: int, blanks: Sequence[tuple[int, int]]) -> Entry:
    places = [*cuts, end]
    equation = _blanked(body, start, places[0], blanks)
    fields = [body[left + 1 : right] for left, right in itertools.pairwise(places)]
    if len(fields) > 2 and SUPPLEMENTARY.fullmatch(fields[-1]):
        fields.pop()
    lead = len(equation) - len(equation.lstrip())
    line = body.count("\n", 0, start + lead) + 1
    return Entry(equation, fields[0] if fields else "", "~".join(fields[1:]), line, 1 + len(fields))


def _blanked(body: str, start: int, end: int, blanks: Sequence[tuple[int, int]]) -> str:
    """Return a stretch of the file with its comments as blanks, so that all else keeps its place."""
    pieces: list[str] = []
    for left, right in blanks:
        pieces += [body[start:left], re.sub(r"[^\n]", " ", body[left:right])]
        start = right
    # A backslash at the end of a line says that the equation goes on.
    return re.sub(r"\\(?=[ \t]*\n)", " ", "".join(pieces) + body[start:end])


def parse_vensim(text: str) -> ModelText:
    """Return what a Vensim file says; what could not be read stands in its `faults`, each with its line."""
    model = ModelText()
    setting = SETTINGS.search(text.partition(SKETCH)[2])
    model.method = METHODS.get(setting.group(1), "euler") if setting else "euler"
    elements = model.elements
    group = ""
    try:
        for entry in read_entries(text):
            model.entries += 1
            if entry.is_banner:
                group = entry.group
                continue
            equation = entry.equation
            while opened := (END_OF_MACRO.match(equation) or MACRO.match(equation)):
                equation = _blanked(equation, 0, len(equation), [(0, opened.end())])
                elements = model.elements
                if opened.re is MACRO:
                    macro = _macro(opened)
                    model.macros[key_of(macro.name)] = macro
                    elements = macro.elements
            if not equation.strip():
                continue
            try:
                _take(model, elements, equation, entry, group)
            except FormulaError as error:
                line = entry.line + equation[: error.position].lstrip().count("\n")
                shown = " ".join(equation.partition("=")[0].split())[:60]
                model.faults.append(f"line {line}: {shown!r} cannot be read: {error}")
    except FormulaError as error:
        model.faults.append(f"line {text.count(chr(10), 0, error.position) + 1}: {error}")
    return model


def _macro(found: re.Match[str]) -> Macro:
    inputs, outputs = (
        tuple(key_of(name) for name in (found[part] or "").split(",") if name.strip()) for part in ("inputs", "outputs")
    )
    return Macro(found["name"], inputs, outputs, {})


def _take(model: ModelText, elements: dict[str, Element], equation: str, entry: Entry, group: str) -> None:
    """Put one entry where it belongs."""
    said = parse_entry(equation)
    if isinstance(said, str):
        model.aside.append(said)
        return
    unit, low, high = split_unit(entry.unit)
    comment = entry.comment.strip()
    line = entry.line
    if isinstance(said, Range):
        said.unit, said.comment, said.line, said.group = unit, comment, line, group
        if key_of(said.name) in model.ranges:
            message = "this range of subscripts is defined twice"
            raise FormulaError(message)
        model.ranges[key_of(said.name)] = said
        return
    name, part = said
    element = elements.setdefault(key_of(name), Element(name, group=group))
    element.parts.append(Part(part.tree, part.subscripts, part.excepted, part.sign, part.keyword, part.text, line))
    element.unit = element.unit or unit
    element.comment = element.comment or comment
    if element.low is None and element.high is None:
        element.low, element.high = low, high


def parse_entry(equation: str) -> tuple[str, Part] | Range | str:
    """Return what the equation of an entry defines: a variable, a range of subscripts, or a name that is left aside.

    Examples
    --------
    >>> name, part = parse_entry("birth rate[Town] = births[Town] / people")
    >>> name, part.subscripts, part.text
    ('birth rate', ('Town',), 'births[Town] / people')
    """
    left, sign, right = equation.partition("=")
    if sign and not left.endswith(":") and not right.startswith("=") and ALL_NUMBERS.fullmatch(right):
        # Large tables need no grammar; reading them with one takes seconds.
        name, subscripts, excepted = match(left + "=", "vensim", "numbers_of_target", Statement())
        numbers = numbers_of(right)
        tree: Tree = numbers if re.search(r"[,;]", right) else Literal(float(numbers.values[0]))
        return name, Part(tree, subscripts, excepted, "=", "", " ".join(right.split()))
    statement = Statement()
    said: tuple[str, Part] | Range | str = match(equation, "vensim", "left", statement)
    return said


def split_unit(text: str, *, strict: bool = False) -> tuple[str, float | None, float | None]:
    """Return a unit, and the limits that stand behind it; strictly, limits are numbers or question marks.

    Examples
    --------
    >>> split_unit("person/Year [0,?,0.1]")
    ('person/Year', 0.0, None)
    """
    flat = " ".join(text.split())
    limits = re.search(r"\[([^\[\]]*)\]$", flat)
    if limits is None:
        return flat, None, None
    texts = limits.group(1).split(",")
    numbers = [_limit(number) for number in texts]
    if strict and any(number is None and text.strip() != "?" for number, text in zip(numbers, texts, strict=True)):
        message = f"the limits [{limits.group(1)}] are no numbers"
        raise FormulaError(message)
    low, high = (*numbers, None, None)[:2]
    return flat[: limits.start()].strip(), low, high


def _limit(text: str) -> float | None:
    return float(text) if re.fullmatch(rf"\s*[-+]?{NUMBER}\s*", text) else None


class Statement(Formula):
    """Makes of an entry's equation what `parse_entry` returns."""

    def __init__(self) -> None:
        super().__init__("vensim")

    def visit_left(self, _: Node, visited: Sequence[Any]) -> Any:
        return visited[1][0]

    def visit_numbers_of_target(self, _: Node, visited: Sequence[Any]) -> Any:
        return visited[1]

    def visit_target(self, _: Node, visited: Sequence[Any]) -> tuple[str, tuple[str, ...], tuple[tuple[str, ...], ...]]:
        name, _space, subscripts, _gap, exceptions = visited
        excepted: tuple[tuple[str, ...], ...] = ()
        for group in exceptions if isinstance(exceptions, list) else ():
            excepted = (group[2], *(more[2] for more in group[4] if not isinstance(group[4], str)))
        return name, subscripts[0] if isinstance(subscripts, list) else (), excepted

    def visit_statement(self, node: Node, visited: Sequence[Any]) -> tuple[str, Part]:
        (name, subscripts, excepted), _space, keyword, _gap, sign, _rest, right = visited
        tree = right[0] if isinstance(right, list) else Nothing()
        text = " ".join(node.children[6].text.split())
        return name, Part(tree, subscripts, excepted, sign, _keyword(keyword), text)

    def visit_right(self, _: Node, visited: Sequence[Any]) -> Tree:
        tree: Tree = visited[0]
        return tree

    def visit_lookup(self, node: Node, visited: Sequence[Any]) -> tuple[str, Part]:
        (name, subscripts, excepted), _space, _open, _gap, inner, _rest, _close = visited
        text = " ".join(node.text[len(node.children[0].text) :].split())
        return name, Part(inner[0], subscripts, excepted, "(", "", text)

    def visit_name_alone(self, _: Node, visited: Sequence[Any]) -> tuple[str, Part]:
        (name, subscripts, excepted), _space, keyword = visited
        return name, Part(Nothing(), subscripts, excepted, "", _keyword(keyword))

    def visit_keyword(self, node: Node, _: Sequence[Any]) -> str:
        return " ".join(node.text.strip(":").lower().split())

    def visit_aside(self, node: Node, _: Sequence[Any]) -> str:
        return " ".join(node.text.partition(":")[0].split())

    def visit_alias(self, _: Node, visited: Sequence[Any]) -> Range:
        return Range(visited[0], (), alias_of=visited[4])

    def visit_range(self, _: Node, visited: Sequence[Any]) -> Range:
        name, members, mappings = visited[0], visited[5], visited[7]
        given = mappings[0] if isinstance(mappings, list) else ()
        if isinstance(members, Application):
            return Range(name, (), given, source=members)
        return Range(name, members, given)

    def visit_members(self, _: Node, visited: Sequence[Any]) -> Application | tuple[str, ...]:
        if isinstance(visited[0], Application):
            return visited[0]
        return _all_members(*visited[0])

    def visit_source(self, node: Node, _: Sequence[Any]) -> Application:
        texts = tuple(Text(text) for text in re.findall(r"'([^']*)'", node.text))
        written = " ".join(node.text.partition("(")[0].split())
        return Application(key_of(written), written, texts)

    def visit_member(self, node: Node, _: Sequence[Any]) -> tuple[str, ...]:
        found = NUMBERED.fullmatch(node.text.strip())
        if found is None:
            return (" ".join(node.text.split()),)
        start, low, high = " ".join(found["start"].split(" ")), int(found["low"]), int(found["high"])
        if found["end"].strip() != start.strip() or high < low:
            message = f"{' '.join(node.text.split())} is no row of numbered subscripts"
            raise FormulaError(message, node.start)
        return tuple(f"{start}{number}" for number in range(low, high + 1))

    def visit_mappings(self, _: Node, visited: Sequence[Any]) -> tuple[tuple[str, tuple[str, ...]], ...]:
        return (visited[2], *(more[3] for more in visited[3] if not isinstance(visited[3], str)))

    def visit_mapping(self, _: Node, visited: Sequence[Any]) -> tuple[str, tuple[str, ...]]:
        said = visited[0]
        return (said, ()) if isinstance(said, str) else said

    def visit_pairs(self, _: Node, visited: Sequence[Any]) -> tuple[str, tuple[str, ...]]:
        return visited[2], _all_members(visited[6], visited[7])


def _all_members(first: tuple[str, ...], more: Any) -> tuple[str, ...]:
    others = [member for each in more for member in each[3]] if isinstance(more, list) else []
    return (*first, *others)


def _keyword(found: Any) -> str:
    return found[0] if isinstance(found, list) else ""
