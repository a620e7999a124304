"""What the command line prints: answers, boards and changes, in the language of the screen."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from analysis.outcome.ensembles import MEMBER_DIMS, share_held
from analysis.outcome.screen import screen_language
from analysis.outcome.shares import count_in_words, has_interval, no_interval_in_words, share_in_percent, whole_percent
from analysis.outcome.targets import NOT_MODELLED
from analysis.outcome.units import plan_size, plan_unit
from analysis.outcome.words import (
    LANGUAGES,
    SENTENCES,
    SIGNS,
    say,
    screen_text,
    sentences_in,
    with_elements,
)
from calibration.fit.evidence import Evidence
from model.definition import variables_by_name
from scenarios import FIRST_YEAR, Scenario, Target, load_levers, load_scenario
from scenarios.scenario import Expectation
from scenarios.scenario_workbook import file_unit

#: An expectation that holds in fewer members than this is named.
USUAL = 0.9


def print_answers(
    console: Console,
    table: pd.DataFrame,
    targets: Mapping[str, Target],
    chosen: Sequence[Scenario],
    members: int,
    evidence: Evidence,
) -> None:
    """Print the headline targets one by one, then the board of all targets, and what the numbers mean.

    Parameters
    ----------
    table
        `analysis.outcome.targets.evaluate_targets` of all scenarios.
    members
        Parameter sets that were run; 1 for the model file's own values.
    evidence
        What they have seen.
    """
    headlines = [target for target in targets.values() if target.headline]
    for target in headlines:
        console.print(_target_table(target, table[table["target"] == target.id], chosen, members))
        _print_who_reaches(console, target, table[table["target"] == target.id], chosen)
    console.print(_board(table, targets, chosen, members))
    if members == 1:
        console.print(screen_text("one run"), "", sep="\n")
        return
    # Not above, as a verdict is made of what this module prints.
    from analysis.outcome.verdict import members_in_words

    known = members_in_words(evidence, screen_language())
    console.print(screen_text("probability basis", members=members, known=known), "", sep="\n")
    say_no_interval(console, members)


def print_sentences(console: Console, sentences: Callable[[str], Iterable[str]]) -> None:
    """Print sentences as they are, in the language of the screen."""
    for sentence in sentences(screen_language()):
        console.print(escape(sentence))


def print_starts(console: Console, scenarios: Iterable[Scenario]) -> None:
    """Say from which year on the levers of scenarios act, and what holds until then."""
    print_sentences(console, lambda language: starts_in_words(scenarios, language))


def starts_in_words(scenarios: Iterable[Scenario], language: str) -> list[str]:
    """Return from which year on the levers of scenarios act, and what holds until then.

    Examples
    --------
    >>> from scenarios import load_scenarios
    >>> starts_in_words(load_scenarios(["baseline", "plan", "renewal_2026"]), "en")[-1]
    'Levers act from the start of 2026 on, and are until then as in As carried out: Less new land, more renewal.'
    """
    acting = [scenario for scenario in scenarios if scenario.acting]
    later: dict[tuple[int, str], list[str]] = {}
    for scenario in acting:
        if scenario.until_then is not None:
            until = scenario.until_then
            title = load_scenario("baseline").title if not until.changes else until.title
            later.setdefault((scenario.starts, title[language]), []).append(scenario.title[language])
    at_once = [scenario.title[language] for scenario in acting if scenario.until_then is None]
    sentences = [levers_from_words(FIRST_YEAR, language)] if at_once and not later else []
    if at_once and later:
        sentences = [say("levers from named", language, year=FIRST_YEAR, titles=say("list", language).join(at_once))]
    for (year, until_title), titles in later.items():
        listed = say("list", language).join(titles)
        sentences.append(say("levers from later", language, year=year, until=until_title, titles=listed))
    return sentences


def levers_from_words(year: int, language: str) -> str:
    """Return from which year on levers that a search moves act.

    Examples
    --------
    >>> levers_from_words(2026, "en")
    'Levers act from the start of 2026 on, and are until then as in Baseline.'
    """
    if year == FIRST_YEAR:
        return say("levers from", language, year=year)
    return say("levers moved later", language, year=year, until=load_scenario("baseline").title[language])


def say_no_interval(console: Console, members: int) -> None:
    """Say that there is no 90 % interval, if there are too few members for one."""
    if not has_interval(members):
        print_sentences(console, lambda language: [no_interval_in_words(members, language)])


def print_expectations(console: Console, chosen: Sequence[Scenario], runs: Mapping[str, xr.Dataset]) -> None:
    """Say which expectations of the scenario files the runs do not meet; the scenarios compared with are among them."""
    lines = []
    for scenario in chosen:
        for claim in scenario.expectations:
            run = runs[scenario.name]
            share = share_held(claim, run, runs)
            if share < USUAL:
                members = next((run.sizes[dim] for dim in MEMBER_DIMS if dim in run.dims), 1)
                held = count_in_words(round(share * members), members, screen_language())
                part = "" if members == 1 else screen_text("holds in", members=held)
                lines.append(f"✗ {scenario.name}{say('colon', screen_language())}{_claim_in_words(claim)}{part}")
    if lines:
        console.print(screen_text("unexpected"))
    for line in lines:
        console.print(f"  {escape(line)}")


def _claim_in_words(claim: Expectation) -> str:
    """What must come out of a scenario."""
    known = variables_by_name().get(claim.variable)
    title = claim.variable if known is None or screen_language() == "en" else known.term or claim.variable
    limit = claim.limit if isinstance(claim.limit, str) else f"{claim.limit:g}"
    year = "" if claim.year is None else screen_text("claim year", year=claim.year)
    what = with_elements(title, claim.element, screen_language())
    return screen_text(f"claim {claim.claim}", what=what, year=year, limit=limit)


def print_other_runs(console: Console, folder: Path, others: Mapping[str, tuple[str, str]], members: int) -> None:
    """Say which runs in a folder were made from other things than those made now, and what to do about it."""
    if not others:
        return
    files = ", ".join(f"{name} ({screen_text(f'made {what[0]}', what=what[1])})" for name, what in others.items())
    console.print(escape(screen_text("other runs", folder=folder, files=files, members=str(members))))


def wanted(target: Target, language: str | None = None) -> str:
    """Return what a target asks for, as a sign, a number and a unit, and as what "about" and "all" are judged.

    In "zh" or "en"; in the language of the screen where none is named.

    Examples
    --------
    >>> goal = Target("t", {}, "1.4", "core", 2025, 100.0, "at least", "percent", "rate", 0.01, tolerance=1.0)
    >>> wanted(goal, "zh"), wanted(goal, "en")
    ('≥ 100%（按≥ 99%计）', '≥ 100%, judged as ≥ 99%')
    """
    if target.threshold is None:
        return ""
    language = language or screen_language()
    unit, size = plan_unit(target.unit, language), plan_size(target.unit, language)
    text = f"{SIGNS[target.comparison]} {target.threshold / size:,.10g}{unit}"
    if target.comparison != "about" and not target.tolerance:
        return text
    limit = f"{SIGNS['at most' if target.comparison == 'at most' else 'at least']} {target.limit / size:,.10g}{unit}"
    return text + say("judged", language, limit=limit)


def make_table(title: str, caption: str | None = None) -> Table:
    """Return an empty table with a title above and notes below it; the title is printed as it is."""
    return Table(
        title=escape(title) or None,
        title_justify="left",
        title_style="bold",
        caption=caption or None,
        caption_justify="left",
    )


def _target_table(target: Target, rows: pd.DataFrame, chosen: Sequence[Scenario], members: int) -> Table:
    language = screen_language()
    titles = {scenario.name: escape(scenario.title[language]) for scenario in chosen}
    table = make_table(f"{target.title[language]}\n{target.year}: {wanted(target)}")
    table.add_column(screen_text("scenario"), overflow="fold")
    ensemble, size = bool(rows["probability"].notna().any()), plan_size(target.unit, language)
    interval = ("interval",) if has_interval(members) else ()
    values, share = (("median", *interval), "probability") if ensemble else (("value",), "reached")
    for heading in (*values, "margin", share, "first year"):
        table.add_column(screen_text(heading, members=members), justify="right", no_wrap=True)
    for row in rows.to_dict("records"):
        year = "—" if pd.isna(row["year_reached_median"]) else f"{row['year_reached_median']:.0f}"
        colour, word = ("green", "is reached") if row["reached"] == "yes" else ("red", "is missed")
        reached = f"[{colour}]{screen_text(word)}[/]"
        value = [_format_number(row["median"] / size)]
        if ensemble:
            if interval:
                value.append(f"{_format_number(row['p05'] / size)} – {_format_number(row['p95'] / size)}")
            reached = share_in_percent(round(row["probability"] * members), members)
        table.add_row(titles[row["scenario"]], *value, _format_number(row["margin"] / size, "+"), reached, year)
    return table


def signed(value: float, decimals: int) -> str:
    """Return a number with its sign; what rounds to zero has none.

    Examples
    --------
    >>> signed(0.416, 2), signed(-0.001, 2)
    ('+0.42', '0.00')
    """
    rounded = round(float(value), decimals)
    return f"{rounded:+,.{decimals}f}" if rounded else f"{0:.{decimals}f}"


def three_digits(value: float, *, sign: bool = False) -> str:
    """Return a number with three digits, whole where it is large, and never in powers of ten.

    Examples
    --------
    >>> three_digits(478_123.4, sign=True), three_digits(0.0814), three_digits(-0.00001234, sign=True)
    ('+478,123', '0.0814', '-0.0000123')
    """
    if abs(value) >= 1000:
        return f"{value:{'+' if sign else ''},.0f}"
    return np.format_float_positional(value, precision=3, unique=False, fractional=False, trim="-", sign=sign)


def _print_who_reaches(console: Console, target: Target, rows: pd.DataFrame, chosen: Sequence[Scenario]) -> None:
    reached = set(rows.loc[rows["reached"] == "yes", "scenario"])
    names = {
        each: say("list", each).join(escape(s.title[each]) for s in chosen if s.name in reached) or say("nobody", each)
        for each in LANGUAGES
    }
    count = f"{len(reached)}/{len(chosen)}"
    judged = sentences_in(SENTENCES)["in the median"] if rows["probability"].notna().any() else ""
    what = {"year": target.year, "title": target.title, "judged": judged, "count": count, "names": names}
    console.print(screen_text("who reaches", **what), "", sep="\n")


def _board(table: pd.DataFrame, targets: Mapping[str, Target], chosen: Sequence[Scenario], members: int) -> Table:
    """Return every target of the plan, one row each; scenarios stand in numbered columns."""
    marks = f"✓ {screen_text('reached')}   ✗ {screen_text('missed')}"
    if table["probability"].notna().any():
        marks = f"{screen_text('board probability', members=members)}   {screen_text('board ends')}\n"
    note = f"{marks}   · {screen_text('not modelled')}\n{numbered(chosen)}"
    board = make_table(screen_text("board"), note)
    board.add_column(screen_text("target"), overflow="fold", ratio=1)
    board.add_column(screen_text("year"), no_wrap=True)
    board.add_column(screen_text("wanted"), overflow="fold")
    for number in range(1, len(chosen) + 1):
        board.add_column(str(number), justify="center", no_wrap=True)
    rows = table.set_index(["target", "scenario"])
    for target in targets.values():
        cells = [_cell(rows.loc[(target.id, scenario.name)]) for scenario in chosen]
        board.add_row(escape(target.title[screen_language()]), str(target.year), wanted(target), *cells)
    return board


def numbered(scenarios: Iterable[Scenario]) -> str:
    """Return scenarios by the numbers of their columns, one a line."""
    language, rows = screen_language(), enumerate(scenarios, 1)
    return "\n".join(escape(f"{number:>2} {one.title[language]} ({one.name})") for number, one in rows)


def _cell(row: Any) -> str:
    """One target in one scenario: its probability in percent, or for a single run whether it is reached."""
    if row["reached"] == NOT_MODELLED:
        return "[dim]·[/]"
    colour = "green" if row["reached"] == "yes" else "red"
    if pd.notna(row["probability"]):
        return f"[{colour}]{whole_percent(row['probability'])}[/]"
    return f"[{colour}]{'✓' if row['reached'] == 'yes' else '✗'}[/]"


def changes_table(scenario: Scenario) -> Table:
    """Return what a scenario's own file changes and what it takes over, policies kept apart from assumptions."""
    levers = load_levers()
    # A scenario begun later has a name that no file has.
    own = [change for change in scenario.changes if change.stated_in == scenario.path.stem]
    taken = [change for change in scenario.changes if change.stated_in != scenario.path.stem]
    caption = ""
    if taken:
        bases = ", ".join(dict.fromkeys(change.stated_in for change in taken))
        caption = screen_text("taken over", bases=bases, count=len(taken))
    language = screen_language()
    table = make_table(f"{scenario.title[language]}\n{scenario.question[language]}", caption)
    for heading in ("change", "taken value", "source"):
        table.add_column(screen_text(heading), overflow="fold")
    for change in sorted(own, key=lambda change: not change.policy):
        kind = levers[change.constant].title[language] if change.policy else f"[yellow]{screen_text('assumption')}[/]"
        instead = f"\n[dim]{screen_text('replaces', scenario=change.replaces)}[/]" if change.replaces else ""
        if change.kept:
            instead = f"\n[dim]{screen_text('the rest', scenario=change.replaces)}: {', '.join(change.kept)}[/]"
        table.add_row(
            f"{change.constant}\n{kind}{instead}",
            f"{_format_value(change.value)} {file_unit(change.unit, language)}",
            escape(change.source),
        )
    return table


def _format_value(value: object) -> str:
    if isinstance(value, dict):
        parts = (f"{key if isinstance(key, str) else f'{key:g}'}: {_format_value(part)}" for key, part in value.items())
        return ("\n" if any(isinstance(key, str) for key in value) else ", ").join(parts)
    return f"{value:,.10g}"


def _format_number(number: float, sign: str = "") -> str:
    """Write a number with two decimals, or whole where it is large."""
    return f"{number:{sign},.0f}" if abs(number) >= 1000 else f"{number:{sign}.2f}"
