"""The command that lists what can be asked about: targets, levers, scenarios, indicators."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.markup import escape

from analysis.command_line import make_console
from analysis.outcome.screen import screen_language
from analysis.outcome.words import screen_text
from calibration.fit.evidence import Evidence
from model.city import PACKS, pack_names, read_pack
from model.definition import variables_by_name
from model.engine.errors import UserError, near
from scenarios import load_levers, load_scenarios, load_targets, shipped_scenarios
from scenarios.scenario import LATER_FOLDERS
from scenarios.scenario_workbook import file_unit
from scenarios.start import FIRST_YEAR as FIRST_START

Kind = Literal["targets", "levers", "scenarios", "indicators", "cities"]
#: A row: what is searched besides what is shown, and the cells.
Row = tuple[str, tuple[str, ...]]


def list_(
    what: Annotated[
        Kind, typer.Argument(help="targets, levers, scenarios, indicators (all computed variables) or cities.")
    ],
    search: Annotated[
        str | None, typer.Argument(help="Only what holds this in its name or title, Chinese or English.")
    ] = None,
) -> None:
    """List targets, levers, scenarios, indicators or cities by the names that other commands take."""
    kinds = {
        "targets": _targets,
        "levers": _levers,
        "scenarios": _scenarios,
        "indicators": _indicators,
        "cities": _cities,
    }
    headings, rows = kinds[what]()
    found = rows if search is None else [row for row in rows if search.casefold() in row[0].casefold()]
    if not found:
        titles = {part: row[1][0] for row in rows for part in row[0].split("\n")}
        hint = near(str(search), [row[1][0] for row in rows], titles)
        message = screen_text("list nothing", search=search, what=screen_text(f"list {what}")) + (
            hint or screen_text("list all")
        )
        raise UserError(message)
    _print(make_console(), headings, (cells for _, cells in found))


def _print(console: Console, headings: Iterable[str], rows: Iterable[tuple[str, ...]]) -> None:
    # Not above, as the libraries that it loads take seconds, and a mistake is told without them.
    from analysis.outcome.printing import make_table

    table = make_table("")
    rows = list(rows)
    for place, heading in enumerate(headings):
        # A name without spaces is to be copied into a command: it is not broken.
        whole = place == 0 and not any(" " in cells[0] for cells in rows)
        table.add_column(screen_text(heading), overflow="fold", no_wrap=whole)
    for cells in rows:
        table.add_row(*map(escape, cells))
    console.print(table)


def _targets() -> tuple[tuple[str, ...], list[Row]]:
    from analysis.outcome.printing import wanted

    language = screen_language()
    rows: list[Row] = []
    for name, target in load_targets(milestones=True).items():
        how = str(target.variable) if target.modelled else screen_text("not modelled")
        goal = wanted(target).replace(" ", "") if language == "zh" else wanted(target)
        cells = (name.removeprefix("target."), target.title[language], str(target.year), goal, how)
        rows.append(("\n".join([name, *target.title.values(), str(target.year)]), cells))
    return ("list name", "target", "year", "wanted", "list variable"), rows


def _levers() -> tuple[tuple[str, ...], list[Row]]:
    language = screen_language()
    rows: list[Row] = [
        (
            "\n".join([name, *lever.title.values()]),
            (
                name,
                lever.title[language],
                file_unit(lever.unit, language),
                f"{lever.lowest:,.10g} – {lever.highest:,.10g}",
                lever.meaning[language],
            ),
        )
        for name, lever in load_levers().items()
    ]
    return ("list name", "list title", "list unit", "list range", "list meaning"), rows


def _scenarios() -> tuple[tuple[str, ...], list[Row]]:
    language = screen_language()
    starts = (FIRST_START, *LATER_FOLDERS)
    chosen = load_scenarios(dict.fromkeys(name for year in starts for name in shipped_scenarios(year)))
    rows: list[Row] = [
        (
            "\n".join([one.name, *one.title.values(), *one.question.values()]),
            (one.name, one.title[language], str(one.starts) if one.changes else "—", one.question[language]),
        )
        for one in chosen
    ]
    return ("list name", "list title", "list starts", "list question"), rows


def _indicators() -> tuple[tuple[str, ...], list[Row]]:
    # A variable has a term in Chinese, and a meaning in English.
    chinese = screen_language() == "zh"
    rows: list[Row] = [
        (
            "\n".join(filter(None, [name, known.term, known.meaning])),
            (name, known.term or "—", file_unit(known.unit, "zh")) if chinese else (name, known.unit, known.meaning),
        )
        for name, known in variables_by_name().items()
        if known.kind in ("stock", "flow", "auxiliary")
    ]
    return ("list name", "list title", "list unit") if chinese else ("list name", "list unit", "list meaning"), rows


def _cities() -> tuple[tuple[str, ...], list[Row]]:
    language = screen_language()
    packs = [read_pack(PACKS / name) for name in pack_names()]
    rows: list[Row] = [
        (
            "\n".join([pack.name, *pack.title.values(), *pack.formal.values()]),
            (
                pack.name,
                pack.formal[language],
                pack.province[language],
                str(len(pack.districts)),
                _seen(pack.folder / "calibration"),
            ),
        )
        for pack in packs
    ]
    return ("list name", "list title", "list province", "list districts", "list evidence"), rows


def _seen(folder: Path) -> str:
    """What the ensembles of a pack have seen; those drawn from priors alone have seen nothing."""
    found = []
    for evidence in Evidence:
        if (folder / evidence.uncalibrated.name).is_file():
            found.append(screen_text("list prior only"))
        elif (folder / evidence.posterior.name).is_file():
            found.append(str(evidence))
    return ", ".join(found) or "—"
