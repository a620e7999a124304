"""What moved a variable, in plain words and as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from rich.console import Console
from rich.markup import escape

from analysis.explanation.study import Explained
from analysis.outcome.printing import make_table, three_digits
from analysis.outcome.screen import screen_language
from analysis.outcome.shares import has_interval
from analysis.outcome.units import axis_unit
from analysis.outcome.verdict import members_in_words
from analysis.outcome.words import element_name, say_from, screen_text_from
from calibration.fit.evidence import Evidence
from model.definition import variables_by_name
from model.engine.explaining import OTHERS
from scenarios import Scenario

FILE: Final = Path(__file__).with_name("words.yaml")
say: Final = partial(say_from, FILE)
screen_text: Final = partial(screen_text_from, FILE)
#: Causes that are named on each level.
NAMED: Final = 3
#: A cause that leaves less than this share to others hands everything on, as a total does, and is worth no line.
ALONE: Final = 0.02
#: A cause of more than this share of all is told by its own causes on the second line.
DOMINANT: Final = 0.8


def name_of(name: str, language: str) -> str:
    """Return what a variable is called in a language.

    Examples
    --------
    >>> name_of("residents", "zh"), name_of("others", "en")
    ('常住人口总数', 'others')
    """
    if name == OTHERS:
        return say("others", language)
    known = variables_by_name().get(name)
    return known.term or name if known is not None and language == "zh" else name


def verdict(found: Explained, scenarios: Sequence[Scenario], evidence: Evidence) -> list[str]:
    """Return the difference, its direct causes, what is behind these, and the basis."""
    language = screen_language()
    title, (unit, size) = _title(found, language), _unit(found, language)
    if not np.any(found.difference):
        return [screen_text("same", year=found.year, title=title)]
    whole = float(found.difference.mean()) / size
    low, high = (three_digits(float(np.quantile(found.difference, end)) / size, sign=True) for end in (0.05, 0.95))
    before, after = (three_digits(float(values.mean()) / size) for values in (found.first, found.second))
    first, second = (scenario.title for scenario in scenarios)
    gaps = {"year": found.year, "title": title, "first": first, "second": second, "unit": unit}
    # A difference of shares is told in points, the shares themselves in percent.
    level_unit = "%" if unit == say("points", language) else unit
    before, after = (say("level", language, amount=amount, unit=level_unit) for amount in (before, after))
    gaps["interval"] = screen_text("interval", low=low, high=high) if has_interval(len(found.first)) else ""
    direction = screen_text("higher" if whole > 0 else "lower")
    amount = three_digits(abs(whole))
    lines = [screen_text("difference", **gaps, direction=direction, amount=amount, before=before, after=after)]
    direct = _split(found.table, found.variable.name, 1.0 - ALONE)
    behind = [] if not direct else _split(found.table, direct[0]["path"], DOMINANT)
    for key, rows in (("causes", direct), ("behind", behind)):
        causes = [
            screen_text(
                "cause",
                title=name_of(row["input"], language),
                amount=three_digits(row["mean"] / size, sign=True),
                unit=unit,
            )
            for row in rows[:NAMED]
        ]
        if causes:
            of = name_of(direct[0]["input"], language)
            lines.append(screen_text(key, causes=say("list", language).join(causes), of=of))
    members = len(found.first)
    known = members_in_words(evidence, language)
    return [*lines, screen_text("basis" if members > 1 else "basis one", members=members, known=known)]


def _split(table: pd.DataFrame, path: str, alone: float) -> list[dict[Any, Any]]:
    """The largest causes of what a path ends in, after causes that hand on at least the share `alone` of it."""
    rows = table[table["path"].str.rpartition(" < ")[0] == path].to_dict("records")
    kept = [row for row in rows if row["input"] != OTHERS and not _cancelled(row, rows)]
    kept.sort(key=lambda row: -abs(row["mean"]))
    if kept and abs(kept[0]["mean"]) >= alone * sum(abs(row["mean"]) for row in kept):
        return _split(table, kept[0]["path"], alone) or kept
    return kept


def _cancelled(row: Mapping[Any, Any], rows: Sequence[Mapping[Any, Any]]) -> bool:
    """Whether another cause takes away what this one adds, as one district gains whom another loses."""
    return any(abs(row["mean"] + other["mean"]) < ALONE * abs(row["mean"]) for other in rows)


def print_causes(console: Console, found: Explained) -> None:
    """Print every cause with its interval and share, indented by its level."""
    language = screen_language()
    unit, size = _unit(found, language)
    table = make_table(screen_text("title", title=_title(found, language), unit=unit))
    table.add_column(screen_text("cause heading"), overflow="fold")
    for heading in ("mean heading", "interval heading", "share heading"):
        table.add_column(screen_text(heading), justify="right", no_wrap=True)
    for row in found.table.to_dict("records"):
        numbers = [three_digits(row[key] / size, sign=True) for key in ("mean", "p05", "p95")]
        table.add_row(
            escape("  " * (row["level"] - 1) + name_of(row["input"], language)),
            numbers[0],
            f"{numbers[1]} … {numbers[2]}",
            f"{100 * row['share']:.0f}%",
        )
    console.print(table)


def _title(found: Explained, language: str) -> str:
    elements = [element_name(one, language) if _has_name(one) else one for one in found.element.values()]
    name = name_of(found.variable.name, language)
    return (
        f"{name}（{'，'.join(elements)}）"
        if elements and language == "zh"
        else " ".join([name, *(f"({', '.join(elements)})" for _ in elements[:1])])
    )


def _has_name(element: str) -> bool:
    from analysis.outcome.words import terms

    return element in terms()["elements"]


def _unit(found: Explained, language: str) -> tuple[str, float]:
    """The unit of a difference, and how many of the model's it is."""
    unit, size = axis_unit(found.variable, language)
    return (say("points", language), size) if found.variable.unit == "Dmnl" and size == 0.01 else (unit, size)
