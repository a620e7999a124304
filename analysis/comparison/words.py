"""A comparison of two scenarios in plain words, in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from analysis.comparison.contributions import Comparison
from analysis.comparison.request import HEADLINES
from analysis.comparison.study import lever_title
from analysis.comparison.tables import TOTAL, decimals, residual, summary, waterfall
from analysis.outcome.printing import make_table, say_no_interval, signed
from analysis.outcome.ratios import Moved, reason_in_words
from analysis.outcome.screen import screen_language
from analysis.outcome.shares import change_in_points, count_in_words, has_interval, share_in_percent
from analysis.outcome.units import axis_unit
from analysis.outcome.verdict import basis_line, members_in_words
from analysis.outcome.words import LANGUAGES, say_from, screen_text_from, unit_size, with_year, word
from calibration.fit.evidence import Evidence
from model.definition import Variable, variables_by_name
from scenarios import Scenario, Target

FILE: Final = Path(__file__).with_name("words.yaml")
say: Final = partial(say_from, FILE)
screen_text: Final = partial(screen_text_from, FILE)
#: A lever with less than this share of the largest contribution, in every year, is counted with the others.
LESSER: Final = 0.05
#: Levers that have a row of their own.
ROWS: Final = 8
#: Levers that a sentence names on either side.
NAMED: Final = 3


@dataclass(frozen=True)
class _Shown:
    """An indicator as it is printed: what it is called, its unit, and how many of the model's unit one of these is."""

    variable: str
    title: Mapping[str, str]
    unit: Mapping[str, str]
    size: float


def print_comparison(
    console: Console,
    comparison: Comparison,
    scenarios: Sequence[Scenario],
    targets: Sequence[Target],
    variables: Mapping[str, Variable],
    in_time: xr.Dataset,
    evidence: Evidence,
    ratios: Sequence[Moved] = (),
) -> None:
    """Print the difference of two scenarios, and what each lever contributes to it, indicator by indicator.

    Indicators by district are left to the files. Probabilities are over the members of `in_time`, contributions over
    those that were traced; `evidence` is what they have seen. Where one of `ratios` is better for its target, the
    reason stands beside it.
    """
    table = summary(comparison)
    known = {target.id for target in targets}
    shown = [
        _shown(str(name), variables)
        for name, array in comparison.contributions.data_vars.items()
        if name not in known and set(array.dims) == {"lever", "member", "time"}
    ]
    members = comparison.values.sizes["member"]
    console.print(_differences(shown, table, scenarios, members))
    for one in shown:
        console.print(_contributions(one, comparison, table, variables))
        total = table[(table["indicator"] == one.variable) & (table["lever"] == TOTAL)].iloc[-1]
        levers = waterfall(comparison, one.variable, float(total["year"])).iloc[1:-1]
        language = screen_language()
        console.print(escape(_in_words(one, total, levers, scenarios, variables, members, language)))
        for each in ratios:
            if each.better and each.target.variable == one.variable:
                console.print(escape(reason_in_words(each, scenarios, language)))
        console.print()
    if targets:
        console.print(_probabilities(comparison, targets, scenarios, variables, in_time))
    _say_basis(console, comparison, evidence, table[table["indicator"].isin([one.variable for one in shown])])


def verdict(
    comparison: Comparison,
    scenarios: Sequence[Scenario],
    targets: Sequence[Target],
    in_time: xr.Dataset,
    evidence: Evidence,
) -> list[str]:
    """Return what a comparison answers: the two rates, through which lever, and how much likelier their targets are."""
    language, variables = screen_language(), variables_by_name()
    table, members = summary(comparison), comparison.values.sizes["member"]
    first, second = (scenario.title[language] for scenario in scenarios)
    parts, levers = [], []
    for panel in HEADLINES[:2]:
        one = _shown(panel.variable, variables)
        total = table[(table["indicator"] == one.variable) & (table["lever"] == TOTAL)].iloc[-1]
        change, digits = total["mean"] / one.size, decimals(pd.Series([total["mean"] / one.size]))
        interval = ""
        if has_interval(members):
            low, high = (signed(total[end] / one.size, digits) for end in ("p05", "p95"))
            interval = screen_text("verdict interval", low=low, high=high)
        gaps = {"title": one.title, "change": signed(change, digits), "unit": one.unit, "interval": interval}
        parts.append(screen_text("verdict change", **gaps))
        steps = waterfall(comparison, one.variable, float(total["year"])).iloc[1:-1]
        steps = steps[steps["kind"] != "others"]
        if len(steps):
            strongest = steps.iloc[int(steps["change"].abs().to_numpy().argmax())]
            share = signed(strongest["change"] / one.size, digits)
            name = lever_title(strongest["step"], language, variables)
            levers.append(screen_text("verdict lever", title=one.title, lever=name, change=share, unit=one.unit))
    year = float(table["year"].dropna().max())
    lines = [screen_text("verdict", year=f"{year:g}", first=first, second=second), *parts]
    odds = []
    judged = in_time.sizes["member"]
    for target in targets[:2]:
        reached = in_time[target.id]
        before, after = (share_in_percent(int(reached.isel(scenario=at).sum()), judged) for at in (0, 1))
        odds.append(
            screen_text(
                "verdict odds",
                target=with_year(target.title[language], target.year, language),
                before=before,
                after=after,
            )
        )
    text = say("verdict list", language).join(levers)
    last = screen_text("verdict levers", levers=text) if levers else ""
    # Probabilities may come of runs with more members than contributions take.
    of = screen_text("verdict members", members=judged) if judged != members else ""
    told = say("verdict list", language).join(odds)
    chances = screen_text("verdict chances", odds=told, members=of) if odds else ""
    return [
        f"{lines[0]}{lines[1]}" + say("stop", language),
        *(line + say("stop", language) for line in lines[2:]),
        last,
        chances,
        basis_line(members, evidence),
    ]


def chosen_effort(comparison: Comparison) -> str:
    """Return how many members were compared as the time allowed."""
    members, coalitions = comparison.values.sizes["member"], comparison.coalitions
    return screen_text("chosen effort", members=members, coalitions=coalitions)


def _shown(name: str, variables: Mapping[str, Variable]) -> _Shown:
    panel = next((panel for panel in HEADLINES if panel.variable == name), None)
    if panel is None:
        units = {language: axis_unit(variables[name], language) for language in LANGUAGES}
        title = {"zh": variables[name].term, "en": name}
        # Of both languages' sizes the one of the screen, which is all that this is shown on.
        return _Shown(name, title, {each: unit for each, (unit, _) in units.items()}, units[screen_language()][1])
    unit = "points" if panel.unit.startswith("percent") else panel.unit
    return _Shown(
        name,
        {language: word("labels", panel.label, language) for language in LANGUAGES},
        {language: word("units", unit, language) for language in LANGUAGES},
        unit_size(panel.unit, "zh"),
    )


def _differences(shown: Sequence[_Shown], table: pd.DataFrame, scenarios: Sequence[Scenario], members: int) -> Table:
    first, second = (scenario.title for scenario in scenarios)
    note = "with interval" if has_interval(members) else "without interval"
    printed = make_table(screen_text("differences", first=first, second=second), screen_text(note))
    totals = table[table["lever"] == TOTAL]
    printed.add_column(screen_text("indicator"), overflow="fold", ratio=1)
    for year in totals.loc[totals["indicator"] == shown[0].variable, "year"] if shown else ():
        printed.add_column(f"{year:g}", justify="right")
    for one in shown:
        own = totals[totals["indicator"] == one.variable]
        digits = decimals(own["mean"] / one.size)
        name = escape(screen_text("in unit", title=one.title, unit=one.unit))
        printed.add_row(name, *(_cell(row, one.size, digits, members) for row in own.to_dict("records")))
    return printed


def _contributions(
    one: _Shown, comparison: Comparison, table: pd.DataFrame, variables: Mapping[str, Variable]
) -> Table:
    rows = table[table["indicator"] == one.variable]
    means = rows[rows["lever"] != TOTAL].pivot_table(index="lever", columns="year", values="mean", sort=False)
    largest = means.abs().max()
    felt = ((means.abs() >= LESSER * largest) & (largest > 0)).any(axis=1)
    size = means[felt].abs() / largest
    order = size.max(axis=1).sort_values(ascending=False, kind="stable").index[:ROWS]
    lesser = [str(name) for name in means.index if name not in order]
    printed = make_table(screen_text("contributions", title=one.title, unit=one.unit))
    printed.add_column(screen_text("lever"), overflow="fold", ratio=1)
    for year in means.columns:
        printed.add_column(f"{year:g}", justify="right")
    digits = decimals(means.to_numpy().ravel() / one.size)
    members = comparison.values.sizes["member"]

    def cells(name: str) -> list[str]:
        return [_cell(row, one.size, digits, members) for row in rows[rows["lever"] == name].to_dict("records")]

    for name in order:
        printed.add_row(escape(_titles(name, variables)), *cells(name))
    if lesser:
        rest = comparison.contributions[one.variable].sel(lever=lesser).sum("lever")
        printed.add_row(
            word("labels", "other levers", screen_language()).format(count=len(lesser)),
            *(_cell(_over_members(rest.sel(time=year)), one.size, digits, members) for year in means.columns),
        )
    printed.add_section()
    printed.add_row(screen_text("total"), *cells(TOTAL), style="bold")
    return printed


def _titles(lever: str, variables: Mapping[str, Variable]) -> str:
    return lever_title(lever, screen_language(), variables)


def _over_members(values: xr.DataArray) -> dict[str, float]:
    same = float((np.sign(values) == np.sign(values.median())).mean())
    ends = {f"p{100 * level:02.0f}": float(values.quantile(level)) for level in (0.05, 0.95)}
    return {"mean": float(values.mean()), "same_sign": same, **ends}


def _in_words(
    one: _Shown,
    total: pd.Series[Any],
    levers: pd.DataFrame,
    scenarios: Sequence[Scenario],
    variables: Mapping[str, Variable],
    members: int,
    language: str,
) -> str:
    """The last year's difference in a sentence: how much, how sure, through what, and how much is interaction."""
    change = total["mean"] / one.size
    digits = decimals(levers["change"] / one.size)
    # In English people are counted one by one, with no more digits than in ten thousands.
    one_by_one = language == "en" and one.unit["en"] == word("units", "ten thousand people", "en")

    def as_text(value: float) -> str:
        number = round(value / one.size, digits)
        return signed(number * one.size, 0) if one_by_one else signed(number, digits)

    # Of a ratio, one is below another by so much, and not by so many times.
    ratio = one.unit["en"] == word("units", "ratio", "en")
    unit = say("people", language) if one_by_one else "" if ratio else one.unit[language]
    amount = f"{abs(change):.{digits}f}" if language == "zh" else as_text(total["mean"])
    basis = []
    if has_interval(members):
        basis.append(say("interval", language, low=as_text(total["p05"]), high=as_text(total["p95"])))
    if members > 1:
        agreeing = count_in_words(round(total["same_sign"] * members), members, language)
        basis.append(say("same sign", language, members=agreeing))
    first, second = (scenario.title for scenario in scenarios)
    text = say(
        "difference",
        language,
        title=one.title,
        year=total["year"],
        first=first,
        second=second,
        change=say("higher" if change >= 0 else "lower", language, amount=amount, unit=unit).strip(),
        basis=say("basis", language, parts=say("parts", language).join(basis)) if basis else "",
    )
    for kind, sign in (("mostly", 1 if change >= 0 else -1), ("against", -1 if change >= 0 else 1)):
        same = levers[np.sign(levers["change"]) == sign]
        same = same[same["change"].abs() >= LESSER * levers["change"].abs().max()].head(NAMED)
        named = [
            f"{lever_title(name, language, variables)} {as_text(value)}"
            for name, value in zip(same["step"], same["change"], strict=True)
        ]
        text += say(kind, language, levers=say("levers", language).join(named)) if named else ""
    alone = levers["alone"].sum()
    together = as_text(float(levers["change"].sum() - alone))
    return text + say("together", language, alone=as_text(alone), together=together)


def _probabilities(
    comparison: Comparison,
    targets: Sequence[Target],
    scenarios: Sequence[Scenario],
    variables: Mapping[str, Variable],
    in_time: xr.Dataset,
) -> Table:
    """How much likelier each target is, and through which levers, in percent of members."""
    members, traced = in_time.sizes["member"], comparison.values.sizes["member"]
    printed = make_table(screen_text("probabilities", members=members), screen_text("probabilities note"))
    printed.add_column(screen_text("target"), overflow="fold", ratio=2)
    for scenario in scenarios:
        printed.add_column(escape(scenario.title[screen_language()]), justify="right")
    printed.add_column(screen_text("change"), justify="right", no_wrap=True)
    printed.add_column(screen_text("main levers", members=traced), overflow="fold", ratio=3)
    for target in targets:
        ends = in_time[target.id].astype(float)
        change = ends.isel(scenario=1) - ends.isel(scenario=0)
        error = float(change.std(ddof=1)) / members**0.5 if members > 1 else 0.0
        steps = waterfall(comparison, target.id).iloc[1:-1]
        named = [
            f"{_titles(row['step'], variables)} {signed(100 * row['change'], 1)}"
            for row in steps[steps["change"].abs() >= 0.005].head(NAMED).to_dict("records")
        ]
        printed.add_row(
            escape(with_year(target.title[screen_language()], target.year, screen_language())),
            *(share_in_percent(int(ends.isel(scenario=number).sum()), members) for number in (0, 1)),
            change_in_points(float(change.mean()), error, members),
            escape("\n".join(named)) or "—",
        )
    return printed


def _say_basis(console: Console, comparison: Comparison, evidence: Evidence, table: pd.DataFrame) -> None:
    members = comparison.values.sizes["member"]
    levers = table[table["lever"] != TOTAL]
    size = levers.groupby(["indicator", "element", "year"])["mean"].transform(lambda values: values.abs().max())
    method = screen_text(
        "all combinations" if comparison.permutations is None else "sampled orders",
        count=len(comparison.levers),
        coalitions=comparison.coalitions,
        orders=comparison.permutations,
        error=100 * float((levers["sampling_error"] / size.where(size > 0)).max()) if len(levers) else 0.0,
        left=f"{residual(comparison):.0e}",
    )
    console.print(method)
    known = members_in_words(evidence, screen_language())
    console.print(screen_text("one member" if members == 1 else "members", members=members, known=known))
    if members > 1:
        say_no_interval(console, members)


def _cell(row: Mapping[Any, Any], size: float, digits: int, members: int) -> str:
    middle = signed(row["mean"] / size, digits)
    if row["p05"] == row["p95"]:
        return middle
    same = f"{round(row['same_sign'] * members)}/{members}"
    if not has_interval(members):
        return f"{middle} {same}"
    band = f"{signed(row['p05'] / size, digits)} … {signed(row['p95'] / size, digits)}"
    return f"{middle} ({band}) {same}"
