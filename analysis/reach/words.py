"""How likely targets are, on what that rests and what holds them back, in plain words, in Chinese and English."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from analysis.outcome import shares
from analysis.outcome.bottlenecks import AGREEMENT, BOTTLENECKS
from analysis.outcome.printing import (
    make_table,
    numbered,
    print_sentences,
    say_no_interval,
    signed,
    three_digits,
    wanted,
)
from analysis.outcome.screen import screen_language
from analysis.outcome.target_words import shown_in, unit_of
from analysis.outcome.units import axis_unit
from analysis.outcome.verdict import basis_line, members_in_words
from analysis.outcome.words import element_name, say_from, screen_text_from, sentences_in, with_year
from analysis.reach.study import Reached
from calibration.fit.evidence import Evidence
from model.definition import Variable
from scenarios import Scenario, Target, load_levers

#: A target is likely from here on, and so many of them are told one by one.
LIKELY: Final = 0.5
NAMED: Final = 2
#: A bottleneck that binds in more members than this holds a district back.
USUAL: Final = 0.5
#: Years of the calendar that are printed, as far as they were saved.
YEARS: Final = (2025.0, 2030.0, 2035.0)
#: A probability below this is written as a bound.
SMALL: Final = 0.001
FILE: Final = Path(__file__).with_name("words.yaml")
say: Final = partial(say_from, FILE)
screen_text: Final = partial(screen_text_from, FILE)


def print_reached(console: Console, reached: Reached, variables: Mapping[str, Variable], evidence: Evidence) -> None:
    """Print each headline target by scenario and what it rests on, then all targets, bottlenecks and gains.

    `evidence` is what the members have seen.
    """
    summary, members = reached.tables.summary, reached.margins.sizes["member"]
    # Where few targets are named, all are described in full.
    few = len(reached.targets) <= 3
    for target in reached.targets:
        if target.headline or few:
            rows = summary[summary["target"] == target.id]
            console.print(_by_scenario(target, rows, reached.scenarios))
            _say_in_words(console, target, rows, reached.scenarios)
            rests = _rests_on(target, reached, variables)
            if rests.row_count:
                console.print(rests, "")
    if not few:
        console.print(_board(reached), "")
    if len(reached.calendar):
        for scenario in reached.scenarios:
            own = reached.calendar[reached.calendar["scenario"] == scenario.name]
            if len(own):
                console.print(_calendar(own, scenario, members), "")
                console.print(_gains(reached, scenario, variables, members), "")
    _say_basis(console, summary, members, evidence)


def verdict(reached: Reached, evidence: Evidence) -> list[str]:
    """Return what a study answers: how many targets are likely, the likeliest scenario of each, and the basis."""
    summary, members, language = reached.tables.summary, reached.margins.sizes["member"], screen_language()
    about = reached.scenarios[-1] if len(reached.scenarios) <= 2 else _about(reached)
    own = summary[summary["scenario"] == about.name]
    likely = int((own["probability"] > LIKELY).sum())
    lines = [screen_text("verdict likely", title=about.title, count=len(own), likely=likely)]
    headlines = [target for target in reached.targets if target.headline] or list(reached.targets)
    for target in headlines[:NAMED]:
        rows = summary[summary["target"] == target.id].sort_values(["probability", "margin_median"])
        here = own[own["target"] == target.id].iloc[0]
        lines.append(
            screen_text(
                "verdict target",
                target=with_year(target.title[language], target.year, language),
                odds=shares.share_in_percent(int(here["reached"]), members),
                margin=_margin(here, "median", target, language),
                unit=unit_of(target, language),
                best=_best(rows, reached.scenarios, members) if len(reached.scenarios) > 1 else "",
            )
        )
    return [*lines, basis_line(members, evidence)]


def _best(rows: pd.DataFrame, scenarios: Sequence[Scenario], members: int) -> str:
    """The likeliest scenario, the last row, unless all are as likely to the digits that are told."""
    odds = [shares.share_in_percent(int(count), members) for count in rows["reached"]]
    if len(set(odds)) == 1:
        return screen_text("verdict alike", count=len(odds))
    title = next(scenario.title for scenario in scenarios if scenario.name == rows.iloc[-1]["scenario"])
    return screen_text("verdict best", title=title, odds=odds[-1])


def _about(reached: Reached) -> Scenario:
    """The scenario that an answer about many is about: the plan, or the plan carried on."""
    by_name = {scenario.name: scenario for scenario in reached.scenarios}
    return next((by_name[name] for name in ("plan", "plan_carried_on_2026") if name in by_name), reached.scenarios[-1])


def in_percent(probability: float, error: float) -> str:
    """Return a probability that is no count of members, with its standard error.

    Examples
    --------
    >>> in_percent(0.0025, 0.0006), in_percent(0.51, 0.03), in_percent(1e-9, 0.0)
    ('0.2% ±0.1', '51% ±3', '<0.1%')
    """
    if pd.isna(probability):
        return "—"
    if probability < SMALL:
        return f"<{100 * SMALL:g}%"
    if probability > 1 - SMALL:
        return f">{100 - 100 * SMALL:g}%"
    return shares.percent_with_error(probability, error)


def _by_scenario(target: Target, rows: pd.DataFrame, scenarios: Sequence[Scenario]) -> Table:
    language = screen_language()
    titles = {scenario.name: scenario.title[language] for scenario in scenarios}
    table = make_table(f"{target.title[language]}\n{target.year}: {wanted(target)}")
    members = rows["members"].iloc[0]
    headings = ("probability", "interval", "with discrepancy", "margin", "half reach it", "ever")
    _add_columns(table, "scenario", *headings, members=members, last=rows["last_year"].iloc[0])
    for row in rows.to_dict("records"):
        low, middle, high = (_margin(row, level, target, language) for level in ("p05", "median", "p95"))
        table.add_row(
            escape(titles[row["scenario"]]),
            shares.share_in_percent(row["reached"], row["members"]),
            f"{100 * row['probability_low']:.0f} – {100 * row['probability_high']:.0f}%",
            in_percent(row["probability_with_discrepancy"], row["probability_with_discrepancy_se"]),
            f"{middle}\n({low} … {high})" if shares.has_interval(members) else middle,
            f"{row['year_reached_median']:.0f}" if pd.notna(row["year_reached_median"]) else "—",
            shares.share_in_percent(round(row["reached_by_last_year"] * row["members"]), row["members"]),
        )
    return table


def _margin(row: Any, level: str, target: Target, language: str) -> str:
    """A level of a target's margin in one scenario, with as many decimals as all its levels need."""
    margin, low, high = (shown_in(target, row[f"margin_{each}"], language) for each in (level, "p05", "p95"))
    size = max(abs(low), abs(high))
    return signed(margin, 0 if size >= 1000 else 1 if size >= 10 else 2)


def _say_in_words(console: Console, target: Target, rows: pd.DataFrame, scenarios: Sequence[Scenario]) -> None:
    """Say the likeliest scenario in a sentence, and what its second probability adds."""
    best = rows.sort_values(["probability", "margin_median"]).iloc[-1]
    title = next(scenario.title for scenario in scenarios if scenario.name == best["scenario"])
    count, of, year = int(best["reached"]), int(best["members"]), best["year_reached_median"]
    straying = in_percent(best["probability_with_discrepancy"], best["probability_with_discrepancy_se"])
    lost = round(best["reached_then_lost"] * of)
    language = screen_language()
    margin = _margin(best, "median", target, language)
    share, unit = shares.share_in_words(count, of, language), unit_of(target, language)
    text = say("likeliest", language, title=title, share=share, year=target.year, margin=margin, unit=unit)
    never = pd.isna(year)
    text += say("not half" if never else "half", language, year=best["last_year"] if never else year)
    if pd.notna(best["probability_with_discrepancy"]):
        text += say("straying", language, probability=straying)
    if lost:
        text += say("lost", language, count=shares.count_in_words(lost, of, language))
    console.print(escape(text))
    console.print()


def _rests_on(target: Target, reached: Reached, variables: Mapping[str, Variable]) -> Table:
    """How the probability changes from the lower to the upper third of a parameter."""
    detailed = list(dict.fromkeys(reached.calendar["scenario"])) or [reached.scenarios[0].name]
    titles = {scenario.name: scenario.title[screen_language()] for scenario in reached.scenarios}
    title = screen_text("rests on", title=target.title, year=str(target.year))
    table = make_table(title, screen_text("rests on note"))
    _add_columns(table, "parameter", "scenario", "lower", "middle", "upper", "change", "margin change")
    contrasts, conditions = (
        one[one["target"] == target.id] for one in (reached.tables.contrasts, reached.tables.conditions)
    )
    for scenario in detailed:
        for row in contrasts[contrasts["scenario"] == scenario].to_dict("records"):
            own = (conditions["scenario"] == scenario) & (conditions["parameter"] == row["parameter"])
            groups = conditions[own].set_index("group")
            cells = [
                shares.share_in_percent(groups.loc[group, "reached"], groups.loc[group, "members"])
                if group in groups.index
                else "—"
                for group in (1, 2, 3)
            ]
            change = shares.change_in_points(row["difference"], row["difference_se"], int(groups["members"].min()))
            table.add_row(
                _parameter(row["parameter"], variables),
                escape(titles[scenario]),
                *cells,
                change,
                three_digits(row["margin_difference"], sign=True),
            )
    return table


def _add_columns(table: Table, first: str, *others: str, **gaps: object) -> None:
    """Add a column as wide as there is room for, and columns of numbers."""
    table.add_column(screen_text(first), overflow="fold", ratio=1)
    for name in others:
        table.add_column(screen_text(name, **gaps), justify="right", no_wrap=True)


def _parameter(name: str, variables: Mapping[str, Variable]) -> str:
    known = variables.get(name.split("[")[0])
    term = known.term if known and screen_language() == "zh" else ""
    return escape(f"{term} {name}".strip())


def _board(reached: Reached) -> Table:
    """Every target, one row each, scenarios in numbered columns; bounds instead of none and all."""
    members = str(reached.margins.sizes["member"])
    note = screen_text("board note", members=members)
    table = make_table(screen_text("board", members=members), f"{note}\n{numbered(reached.scenarios)}")
    table.add_column(screen_text("target"), overflow="fold", ratio=1)
    table.add_column(screen_text("year"), no_wrap=True)
    for number in range(1, len(reached.scenarios) + 1):
        table.add_column(str(number), justify="right", no_wrap=True)
    odds = reached.tables.summary.set_index(["target", "scenario"])["probability"]
    for target in reached.targets:
        cells = [shares.whole_percent(odds[target.id, scenario.name]) for scenario in reached.scenarios]
        table.add_row(escape(target.title[screen_language()]), str(target.year), *cells)
    return table


def _calendar(own: pd.DataFrame, scenario: Scenario, members: int) -> Table:
    """Where each bottleneck binds: how many districts, and in which one most surely."""
    table = make_table(screen_text("calendar", title=scenario.title), screen_text("calendar note"))
    table.add_column(screen_text("bottleneck"), overflow="fold", ratio=1)
    years = [year for year in YEARS if year in set(own["year"])]
    for year in years:
        table.add_column(f"{year:g}", justify="right", overflow="fold")
    for bottleneck in BOTTLENECKS:
        cells = []
        for year in years:
            rows = own[(own["bottleneck"] == bottleneck.id) & (own["year"] == year)]
            highest = float(rows["probability"].max())
            worst = [str(name) for name in rows.loc[rows["probability"] == highest, "district"]]
            count = int((rows["probability"] > USUAL).sum())
            where = f"\n{_districts(worst)} {round(highest * members)}/{members}" if highest > 0 else ""
            cells.append(f"{count}/{len(rows)}{where}")
        table.add_row(escape(bottleneck.title[screen_language()]), *cells)
    return table


def _districts(names: Sequence[str]) -> str:
    """Districts that stand alike: two by name, more by their number."""
    if len(names) > 2:
        return screen_text("alike", count=len(names))
    return "\n".join(element_name(name, screen_language()) for name in names)


def _gains(reached: Reached, scenario: Scenario, variables: Mapping[str, Variable], members: int) -> Table:
    """What a step of relief brings the headline targets, and whether half a step brings half of it."""
    language = screen_language()
    headline = [target for target in reached.targets if target.headline][:2] or list(reached.targets[:2])
    interval = shares.has_interval(members)
    shown = sentences_in(FILE)["median and interval" if interval else "median"]
    note = screen_text("gains note", shown=shown, percent=100 * AGREEMENT)
    table = make_table(screen_text("gains", title=scenario.title), note)
    table.add_column(screen_text("relief"), overflow="fold", ratio=1)
    table.add_column(screen_text("step"), justify="right", overflow="fold")
    for target in headline:
        table.add_column(
            escape(with_year(target.title[language], target.year, language)), justify="right", overflow="fold"
        )
    levers = load_levers()
    own = reached.gains[reached.gains["scenario"] == scenario.name].set_index(["bottleneck", "constant", "target"])
    ends = ["p05", "median", "p95"]
    decimals = {}
    for target in headline:
        steps: Any = own.xs(target.id, level="target")
        largest = float((steps[ends].abs().max(axis=1) * steps["step"]).max())
        decimals[target.id] = max(0, 2 - math.floor(math.log10(largest))) if largest > 0 else 0
    for bottleneck, constant in dict.fromkeys((key[0], key[1]) for key in own.index):
        cells, step = [], 0.0
        for target in headline:
            row: Any = own.xs((bottleneck, constant, target.id))
            step = float(row["step"])
            low, middle, high = (signed(row[name] * step, decimals[target.id]) for name in ends)
            band = f" ({low} … {high})" if interval else ""
            cells.append(f"{middle}{band} {round(row['agreement'] * members)}/{members}")
        known, lever = variables[constant], levers.get(constant)
        term = known.term if language == "zh" and known.term else constant.lower()
        title = lever.title[language] if lever else term
        unit, size = axis_unit(known, language)
        table.add_row(escape(title), f"+{step / size:,.10g}{'' if language == 'zh' else ' '}{unit}", *cells)
    return table


def _say_basis(console: Console, summary: pd.DataFrame, members: int, evidence: Evidence) -> None:
    print_sentences(
        console, lambda language: [say("basis", language, members=members, known=members_in_words(evidence, language))]
    )
    say_no_interval(console, members)
    if summary["probability_with_discrepancy"].notna().any():
        print_sentences(console, lambda language: [say("discrepancy", language)])
