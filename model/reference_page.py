"""Print ``docs/model.md`` from the model file: ``python -m analysis.pages model [--check]``.

Every sentence about a variable comes from ``model/urbanization.mdl``; this file only lays it out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from model.city import city
from model.definition import MODEL_FILE, Kind, Sector, Variable, read_sectors
from model.files.atomic import update_text
from model.files.repository import ROOT

#: Of the city that the project's documentation tells of; of another in its pack.
PAGE = (ROOT / "docs" if city().is_usual else city().folder) / "model.md"
#: What prints it.
PRINTED_BY = "make docs" if city().is_usual else f"python -m analysis.pages model` for the city `{city().name}"
KINDS: dict[Kind, str] = {
    "stock": "Stocks",
    "flow": "Flows",
    "auxiliary": "Auxiliaries",
    "constant": "Constants",
    "table": "Tables",
}
GRADES = {
    "A": "official",
    "B": "secondary",
    "C": "derived",
    "D": "recalled",
    "E": "assumption",
}
LONGEST_EQUATION = 24
LONGEST_VALUE = 24
LONGEST_RANGE = 12
LOOP_TITLE = re.compile(r"\b([RB]\d+) ([a-z].*?)(?=, [RB]\d|[.;]|$)")

OPENING = """\
# The model, variable by variable

Printed by `{printed_by}` from `model/urbanization.mdl` and the pack of {city} in `cities/`: equations, units, ranges,
meanings and sources stand there and nowhere else. Change the model, not this page.

**How to read it.** A *stock* is what has piled up (Capitalised), a *flow* is what fills or empties it in a year,
an *auxiliary* is computed on the way, a CONSTANT is given from outside, a *table* is a function drawn point by
point. A range is what a reasonable value lies in, not what it is known to be. A grade says how good the source is:
{grades}.
"""


def print_page(path: Path = MODEL_FILE) -> str:
    """The reference page of a model file, as Markdown; the same file always gives the same text."""
    sectors = read_sectors(path)
    variables = [variable for sector in sectors for variable in sector.variables]
    described = [sector for sector in sectors if any(variable.kind in KINDS for variable in sector.variables)]
    grades = ", ".join(f"{letter} {word}" for letter, word in GRADES.items())
    chapters = [
        OPENING.format(city=city().title["en"], grades=grades, printed_by=PRINTED_BY),
        _contents(described),
        _counts(described),
        _dimensions(variables),
        _loops(sectors),
        _boundary(sectors),
        _assumptions(variables),
        *(_sector(sector, variables) for sector in described),
        _controls(variables),
    ]
    return "\n".join(chapter.rstrip() + "\n" for chapter in chapters if chapter)


def _contents(sectors: Iterable[Sector]) -> str:
    titles = ["Size", "Dimensions", "Feedback loops", "Boundary", "Assumptions to doubt first"]
    titles += [sector.name for sector in sectors]
    titles.append("Time settings")
    return "\n".join(f"- [{title}](#{_anchor(title)})" for title in titles)


def _counts(sectors: Iterable[Sector]) -> str:
    rows = []
    total: Counter[Kind] = Counter()
    for sector in sectors:
        count = Counter(variable.kind for variable in sector.variables)
        total += count
        rows.append([sector.name, *(str(count[kind] or "") for kind in KINDS)])
    rows.append(["**all**", *(f"**{total[kind]}**" for kind in KINDS)])
    return "## Size\n\n" + _table(["Sector", *KINDS.values()], rows)


def _dimensions(variables: Iterable[Variable]) -> str:
    rows = [
        [variable.name, variable.term, str(len(variable.elements)), _listed(variable.elements), variable.meaning]
        for variable in variables
        if variable.kind == "subscript"
    ]
    return "## Dimensions\n\n" + _table(["Name", "中文", "Size", "Elements", "Meaning"], rows)


def _loops(sectors: Iterable[Sector]) -> str:
    links: dict[str, dict[str, list[str]]] = {}
    titles: dict[str, str] = {}
    for sector in sectors:
        for loop, title in re.findall(LOOP_TITLE, " ".join(sector.header.split())):
            titles.setdefault(loop, title)
        for variable in sector.variables:
            for loop in variable.loops:
                links.setdefault(loop, {}).setdefault(sector.name, []).append(f"`{variable.name}`")
    order = sorted(links, key=lambda loop: (loop[0] != "R", int(loop[1:])))
    rows = [
        [
            loop,
            titles.get(loop, ""),
            "<br>".join(f"*{sector}:* {', '.join(names)}" for sector, names in links[loop].items()),
        ]
        for loop in order
    ]
    intro = "R loops reinforce a change, B loops balance it. The links are the variables whose comment names the loop."
    return f"## Feedback loops\n\n{intro}\n\n" + _table(["Loop", "What it is", "Links"], rows)


def _boundary(sectors: Iterable[Sector]) -> str:
    rows = []
    excluded = []
    for sector in sectors:
        excluded += re.findall(r"Excluded[^:]*:\s*([^.]+)\.", " ".join(sector.header.split()))
        stocks = [variable.name for variable in sector.variables if variable.kind == "stock"]
        computed = sum(variable.kind in ("flow", "auxiliary") for variable in sector.variables)
        given = [variable.name for variable in sector.variables if variable.kind in ("constant", "table")]
        if stocks or computed or given:
            rows.append([sector.name, ", ".join(stocks), str(computed), ", ".join(given)])
    columns = ["Sector", "Endogenous: stocks", "Endogenous: computed on the way", "Exogenous: given from outside"]
    left_out = f"\n**Left out:** {'; '.join(excluded)}.\n" if excluded else ""
    return "## Boundary\n\n" + _table(columns, rows) + left_out


def _assumptions(variables: list[Variable]) -> str:
    inputs = [variable for variable in variables if variable.kind in ("constant", "table")]
    doubted = [variable for variable in inputs if variable.grade in ("D", "E")]
    doubted.sort(key=lambda variable: variable.grade, reverse=True)
    intro = (
        f"{len(doubted)} of {len(inputs)} inputs rest on memory (D) or on judgement (E). "
        "A result that turns on one of them is a question, not an answer."
    )
    columns = ("Input", "Grade", "Value", "Unit", "Range", "Source")
    return f"## Assumptions to doubt first\n\n{intro}\n\n" + _variable_table(columns, doubted)


def _sector(sector: Sector, variables: Iterable[Variable]) -> str:
    own = [variable for variable in sector.variables if variable.kind in KINDS]
    columns = ("Name", "中文", "Kind", "Unit", "Range", "Dims", "Meaning", "Source", "Grade", "Loops")
    equations = "\n\n".join(map(_equation, own))
    return "\n\n".join(
        part
        for part in (
            f"## {sector.name}",
            _header(sector),
            _diagram(sector, {variable.name: variable for variable in variables}),
            _variable_table(columns, own),
            f"<details><summary>Equations</summary>\n\n```text\n{equations}\n```\n\n</details>",
        )
        if part
    )


def _header(sector: Sector) -> str:
    """The header with its labelled lines (Owns, Reads, Feeds, ...) as a list."""
    text = re.sub(r"^([A-Z][a-z]+):\s*", r"- **\1:** ", sector.header, flags=re.MULTILINE)
    return re.sub(r"\n(?=- )", "\n\n", text, count=1)


def _controls(variables: Iterable[Variable]) -> str:
    controls = [variable for variable in variables if variable.kind == "control"]
    return "## Time settings\n\n" + _variable_table(("Name", "中文", "Value", "Unit", "Meaning", "Source"), controls)


def _diagram(sector: Sector, variables: dict[str, Variable]) -> str:
    """Stocks, the flows that fill and empty them, and what drives the flows, as a Mermaid chart."""
    stocks = [variable for variable in sector.variables if variable.kind == "stock"]
    edges = list(dict.fromkeys(edge for stock in stocks for edge in _edges(stock, variables)))
    if not edges:
        return ""
    nodes = list(dict.fromkeys(name for source, _, target in edges for name in (source, target)))
    ids = {name: f"n{number}" for number, name in enumerate(nodes)}
    lines = [f"  {ids[name]}{_shape(variables[name], sector)}" for name in nodes]
    lines += [f"  {ids[source]} {arrow} {ids[target]}" for source, arrow, target in edges]
    chart = "\n".join(["```mermaid", "flowchart LR", *lines, "```"])
    key = "Boxes are stocks, rounded boxes flows, thick arrows what flows; dotted arrows are what decides a flow."
    return f"{chart}\n\n{key}"


def _edges(stock: Variable, variables: dict[str, Variable]) -> Iterator[tuple[str, str, str]]:
    for name in dict.fromkeys(stock.inflows + stock.outflows):
        flow = variables[name]
        if flow.kind != "flow":
            continue
        if name in stock.inflows:
            yield name, "==>", stock.name
        if name in stock.outflows:
            yield stock.name, "==>", name
        for driver in flow.uses:
            if variables[driver].kind in ("stock", "flow", "auxiliary") and driver != stock.name:
                yield driver, "-.->", name


def _shape(variable: Variable, sector: Sector) -> str:
    label = variable.name if variable.sector == sector.name else f"{variable.name}<br/>{variable.sector}"
    text = '"' + label.replace('"', "") + '"'
    return {"stock": f"[{text}]", "flow": f"({text})"}.get(variable.kind, f"[/{text}/]")


def _equation(variable: Variable) -> str:
    lines = variable.equation.splitlines()
    if len(lines) > LONGEST_EQUATION:
        return "\n".join([*lines[:3], f"... {len(lines) - 3} more lines in the model file"])
    return variable.equation


def _value(variable: Variable) -> str:
    """What stands right of the equals sign, where that is short."""
    text = " ".join(variable.equation.partition("=")[2].split())
    if variable.kind == "table":
        return "drawn curve"
    if re.fullmatch(r"[-+.\de]+", text):
        return _number(float(text))
    return text if len(text) <= LONGEST_VALUE else "table of numbers"


def _range(variable: Variable) -> str:
    if variable.low is None and variable.high is None:
        return ""
    low, high = ("" if limit is None else _number(limit) for limit in (variable.low, variable.high))
    return f"≥ {low}" if not high else f"≤ {high}" if not low else f"{low} to {high}"


def _number(value: float) -> str:
    # No comma in a year.
    return f"{value:,.10g}" if abs(value) >= 10_000 else f"{value:.10g}"


def _listed(names: tuple[str, ...]) -> str:
    """The elements of a range; single years of age only by their ends."""
    return ", ".join(names if len(names) <= LONGEST_RANGE else (names[0], "...", names[-1]))


def _table(columns: list[str], rows: Iterable[list[str]]) -> str:
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def _variable_table(columns: Sequence[str], variables: Iterable[Variable]) -> str:
    return _table(list(columns), ([CELLS[column](variable) for column in columns] for variable in variables))


#: What stands in each column of a table of variables.
CELLS: Mapping[str, Callable[[Variable], str]] = {
    "Name": lambda variable: f"`{variable.name}`",
    "Input": lambda variable: f"`{variable.name}`",
    "中文": lambda variable: variable.term,
    "Kind": lambda variable: variable.kind,
    "Unit": lambda variable: variable.unit,
    "Range": _range,
    "Value": _value,
    "Dims": lambda variable: ", ".join(variable.dims),
    "Meaning": lambda variable: variable.meaning,
    "Source": lambda variable: "; ".join(variable.sources),
    "Grade": lambda variable: variable.grade,
    "Loops": lambda variable: ", ".join(variable.loops),
}


def _anchor(title: str) -> str:
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def update_page(*, write: bool) -> list[Path]:
    """Compare the page with the model file, and write it if it differs.

    Parameters
    ----------
    write
        Write the page if it is out of date.

    Returns
    -------
    list of pathlib.Path
        The page, if it was out of date.
    """
    return update_text(PAGE, print_page(), write=write)
