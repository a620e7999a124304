"""What a run says of its own bounds: variables outside the range that the model file states, and tables overrun."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from typing import TYPE_CHECKING, Final

import xarray as xr
from rich.console import Console
from rich.markup import escape

from analysis.outcome.ensembles import MEMBER_DIMS
from analysis.outcome.screen import screen_language
from analysis.outcome.shares import count_in_words
from analysis.outcome.words import say, screen_text
from model.definition import variables_by_name
from scenarios import Scenario

if TYPE_CHECKING:
    from model.engine import CompiledModel
    from model.engine.pysd_model import ReferenceModel

#: The attribute of a result that holds what was outside.
ATTRIBUTE: Final = "outside_limits"
#: Lines that are printed without ``--full``.
LINES: Final = 3


@dataclass(frozen=True)
class Outside:
    """A variable outside its range, or a table read at it past an end, in the variable's unit.

    `low` and `high` are the range, None without one; `lowest` and `highest` what it took over all members and times;
    `first_time` is the first saved time outside, `count` how many of `members` were outside at some time. `lookup` is
    empty for a variable.
    """

    lookup: str
    variable: str
    low: float | None
    high: float | None
    lowest: float
    highest: float
    first_time: float
    count: int
    members: int


def outside_limits(model: CompiledModel | ReferenceModel, run: xr.Dataset) -> tuple[Outside, ...]:
    """Return what is outside in a run that no member of is left out of; only what the run holds is looked at."""
    members = next((run.sizes[dim] for dim in MEMBER_DIMS if dim in run.dims), 1)
    return tuple(
        Outside(
            row["lookup"],
            row["variable"],
            row["low"] if isfinite(row["low"]) else None,
            row["high"] if isfinite(row["high"]) else None,
            row["lowest"],
            row["highest"],
            row["first_time"],
            row["runs"],
            members,
        )
        for row in model.outside_limits(run).to_dict("records")
    )


def outside_in_scenarios(
    model: CompiledModel | ReferenceModel, scenarios: Sequence[Scenario], members: xr.Dataset
) -> dict[str, tuple[Outside, ...]]:
    """Run scenarios for all variables that the model states a range for, and return what is outside, by scenario."""
    bounded = [
        name
        for name, variable in variables_by_name().items()
        if variable.kind in ("stock", "flow", "auxiliary") and (variable.low is not None or variable.high is not None)
    ]
    return {
        scenario.name: outside_limits(model, model.run(scenario.settings(members), outputs=bounded))
        for scenario in scenarios
    }


def as_text(outside: Sequence[Outside]) -> str:
    """Return what was outside as JSON, for the attribute of a file.

    Examples
    --------
    >>> as_text(())
    '[]'
    """
    return json.dumps([asdict(one) for one in outside], ensure_ascii=False)


def from_text(text: str) -> tuple[Outside, ...]:
    """Read what `as_text` wrote.

    Examples
    --------
    >>> one = Outside("", "Homes", 0.0, None, -1.0, 5.0, 2030.0, 2, 4)
    >>> from_text(as_text([one])) == (one,)
    True
    """
    return tuple(Outside(**one) for one in json.loads(text))


def in_words(outside: Sequence[Outside], title: str, language: str) -> list[str]:
    """Return a sentence for each variable and each side on which it is outside.

    Examples
    --------
    >>> in_words([Outside("", "Homes", 0.0, None, -1.0, 5.0, 2030.0, 2, 4)], "The plan", "en")
    ['The plan: Homes falls to -1, below 0; first in 2030, in 2 of 4 members']
    """
    sentences = []
    for one in outside:
        known = variables_by_name().get(one.variable)
        name = known.term if language == "zh" and known is not None and known.term else one.variable
        sides = (("below", one.lowest, one.low), ("above", one.highest, one.high))
        for side, value, limit in sides:
            if limit is None or (value >= limit if side == "below" else value <= limit):
                continue
            table = say("outside table", language, lookup=one.lookup) if one.lookup else ""
            members = say("outside members", language, members=count_in_words(one.count, one.members, language))
            gaps = {"title": title, "name": name, "table": table, "value": f"{value:.4g}", "limit": f"{limit:.4g}"}
            year = f"{one.first_time:.0f}"
            members = members if one.members > 1 else ""
            sentences.append(say(f"outside {side}", language, year=year, members=members, **gaps))
    return sentences


def print_outside(
    console: Console, outside: Mapping[str, Sequence[Outside]], scenarios: Sequence[Scenario], *, full: bool
) -> None:
    """Print what is outside under each scenario, a few lines of it unless all is asked for; nothing if nothing is."""
    language = screen_language()
    lines = [
        line
        for scenario in scenarios
        for line in in_words(outside.get(scenario.name, ()), scenario.title[language], language)
    ]
    if not lines:
        return
    console.print(screen_text("outside"))
    for line in lines if full else lines[:LINES]:
        console.print(f"  {escape(line)}")
    if not full and len(lines) > LINES:
        console.print(f"  {screen_text('outside more', count=len(lines) - LINES)}")
