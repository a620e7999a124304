"""Two versions beside each other as a table on the screen and as files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from analysis.outcome.files import write_table
from analysis.outcome.printing import make_table
from analysis.outcome.shares import whole_percent
from analysis.outcome.verdict import print_verdict
from analysis.versions.study import Comparison, DefinitionChange
from analysis.versions.words import change_with_unit, say, scenario_title, title_of, verdict, with_unit
from scenarios import Target

#: Every target that moved; every variable defined differently; the verdict in both languages.
MOVED_FILE: Final = "version_targets.csv"
DEFINITIONS_FILE: Final = "version_definitions.csv"
VERDICT_FILE: Final = "version_verdict.csv"
FILES: Final = (MOVED_FILE, DEFINITIONS_FILE, VERDICT_FILE)
#: Rows of the table on the screen; the file has all.
SHOWN: Final = 15


def print_comparison(console: Console, comparison: Comparison, targets: Mapping[str, Target], language: str) -> None:
    """Print the verdict, then the targets that moved."""
    print_verdict(console, verdict(comparison, targets, language))
    if comparison.moved.empty:
        return
    console.print()
    console.print(moved_table(comparison, targets, language))
    if len(comparison.moved) > SHOWN:
        console.print(say("more rows", language, count=len(comparison.moved) - SHOWN, file=MOVED_FILE))


def moved_table(comparison: Comparison, targets: Mapping[str, Target], language: str) -> Table:
    """Return the targets that moved as a table for the screen, of one language."""
    moved = comparison.moved
    table = make_table(say("table", language))
    sides = ("first", "second")
    labels = {side: say(side, language) for side in sides}
    shares = bool(moved[["probability_first", "probability_second"]].notna().any(axis=None))
    table.add_column(say("target", language), overflow="fold", ratio=1)
    table.add_column(say("scenario", language), overflow="fold")
    headings = [say("median", language, label=labels[side]) for side in sides] + [say("change", language)]
    headings += [say("probability", language, label=labels[side]) for side in sides] if shares else []
    for heading in headings:
        table.add_column(heading, justify="right", overflow="fold")
    table.add_column(say("reached", language), justify="center", overflow="fold")
    for row in moved.head(SHOWN).to_dict("records"):
        title = f"{title_of(row['target'], targets, language)} {row['year']}"
        cells = [with_unit(row[f"median_{side}"], row["unit"], language) for side in sides]
        cells.append(change_with_unit(row["median_change"], row["unit"], language))
        if shares:
            cells += [_share(row[f"probability_{side}"]) for side in sides]
        table.add_row(escape(title), escape(scenario_title(row["scenario"], language)), *cells, _reached(row, language))
    return table


def write_comparison(
    comparison: Comparison, targets: Mapping[str, Target], out: Path, facts: Mapping[str, str]
) -> None:
    """Write `FILES`; tables of nothing keep their header, so that an older file of the name never stands for it."""
    titles = {
        f"title_{language}": [title_of(name, targets, language) for name in comparison.moved["target"]]
        for language in ("zh", "en")
    }
    write_table(comparison.moved.assign(**titles), out / MOVED_FILE, facts)
    names = list(DefinitionChange.__dataclass_fields__)
    definitions = pd.DataFrame([asdict(change) for change in comparison.definitions], columns=names)
    write_table(definitions, out / DEFINITIONS_FILE, facts)
    lines = [
        {"language": language, "line": number, "text": line}
        for language in ("zh", "en")
        for number, line in enumerate(verdict(comparison, targets, language), 1)
    ]
    write_table(pd.DataFrame(lines), out / VERDICT_FILE, facts)


def manifest(comparison: Comparison) -> dict[str, str]:
    """Return what made the comparison: the manifests of both versions, each under its own prefix."""
    sides = {"first": comparison.first, "second": comparison.second}
    return {
        f"{side}_{name}": fact
        for side, version in sides.items()
        for name, fact in {"version": version.label, **version.facts}.items()
    }


def _share(probability: float) -> str:
    return "" if pd.isna(probability) else whole_percent(probability)


def _reached(row: Mapping[Any, Any], language: str) -> str:
    first, second = (
        say(row[f"reached_{side}"], language) if row[f"reached_{side}"] else "—" for side in ("first", "second")
    )
    if first == second:
        return first
    return f"[bold]{first} → {second}[/]"
