"""Two versions beside each other in sentences: a verdict of five lines at most."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from analysis.outcome.printing import signed, three_digits
from analysis.outcome.shares import whole_percent
from analysis.outcome.units import plan_size, plan_unit
from analysis.outcome.words import say_from, terms
from analysis.versions.sources import Version
from analysis.versions.study import Comparison
from scenarios import Target, load_scenario, shipped_scenarios

say: Final = partial(say_from, Path(__file__).with_name("words.yaml"))
say_shared: Final = partial(say_from, Path(__file__).parents[1] / "outcome" / "words.yaml")
#: Names of variables that a sentence lists before it says that there are more.
NAMED: Final = 4


def verdict(comparison: Comparison, targets: Mapping[str, Target], language: str) -> list[str]:
    """Return what moved, by how much, and what moved it, in five lines at most.

    Parameters
    ----------
    comparison
        As from `analysis.versions.study.compare_versions`.
    targets
        By id, for their titles; one that is not there any more is named by its id.
    language
        ``zh`` or ``en``.
    """
    moved = comparison.moved
    facts = {
        "first": comparison.first.label,
        "second": comparison.second.label,
        "compared": comparison.compared,
        "scenarios": say("scenario count", language, count=len(comparison.scenarios)),
    }
    if moved.empty:
        lines = [say("nothing moved", language, **facts)]
    else:
        turned = int((moved["reached_first"] != moved["reached_second"]).sum())
        lines = [say("moved", language, **facts, moved=len(moved), turned=turned), _largest(moved, targets, language)]
    lines.append(_causes(comparison, language))
    parted = _parted(comparison, language)
    return [*lines, *([parted] if parted else []), _basis(comparison, language)]


def title_of(target: str, targets: Mapping[str, Target], language: str) -> str:
    """Return the title of a target, or its id where it is not known."""
    return targets[target].title[language] if target in targets else target


def scenario_title(name: str, language: str) -> str:
    """Return the title of a shipped scenario, or the name of another."""
    return load_scenario(name).title[language] if name in shipped_scenarios() else name


def with_unit(value: float, unit: str, language: str) -> str:
    """Return a value of a target with its unit; nothing where there is none.

    Examples
    --------
    >>> with_unit(76.83, "percent", "zh"), with_unit(float("nan"), "percent", "zh")
    ('76.83%', '')
    """
    if pd.isna(value):
        return ""
    value /= plan_size(unit, language)
    number = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.2f}"
    return f"{number}{_plan_unit(unit, language)}"


def change_with_unit(value: float, unit: str, language: str) -> str:
    """Return by how much a target moved, of a percentage in points.

    Examples
    --------
    >>> change_with_unit(0.3, "percent", "en"), change_with_unit(-2.0, "ratio", "zh")
    ('+0.30 points', '-2.00倍')
    """
    if pd.isna(value):
        return ""
    value /= plan_size(unit, language)
    number = f"{value:+,.0f}" if abs(value) >= 1000 else signed(value, 2)
    if value and not any(digit in "123456789" for digit in number):
        number = three_digits(value, sign=True)
    return number + (say("point", language) if unit == "percent" else _plan_unit(unit, language))


def _plan_unit(unit: str, language: str) -> str:
    """The unit without since when something is counted, which the title says, and without words that add nothing."""
    return plan_unit(unit, language).split("（2021")[0].split(" in all")[0].split(" as a ")[0]


def _largest(moved: pd.DataFrame, targets: Mapping[str, Target], language: str) -> str:
    row: dict[str, Any] = {str(name): value for name, value in moved.iloc[0].items()}
    if row["change"] != "moved":
        what = say(str(row["change"]), language)
    else:
        parts = []
        if row["threshold_first"] != row["threshold_second"] and not pd.isna(row["threshold_second"]):
            ends = {side: with_unit(row[f"threshold_{side}"], row["unit"], language) for side in ("first", "second")}
            parts.append(say("threshold moves", language, **ends))
        ends = {side: with_unit(row[f"median_{side}"], row["unit"], language) for side in ("first", "second")}
        change = change_with_unit(row["median_change"], row["unit"], language)
        parts.append(say("median moves", language, **ends, change=change))
        what = ("，" if language == "zh" else ", ").join(parts)
        if not pd.isna(row["probability_change"]):
            shares = {side: whole_percent(row[f"probability_{side}"]) for side in ("first", "second")}
            what += say("probability moves", language, **shares)
    return say(
        "largest", language, title=title_of(row["target"], targets, language), year=row["year"],
        scenario=scenario_title(row["scenario"], language), what=what,
    )  # fmt: skip


def _causes(comparison: Comparison, language: str) -> str:
    between = "；" if language == "zh" else "; "
    told = []
    for name, (first, second) in comparison.causes.items():
        if name == "model_hash" and comparison.definitions:
            names = _listed([change.name for change in comparison.definitions], language)
            told.append(say("model changes", language, count=len(comparison.definitions), names=names))
        elif name == "scenario_hash":
            titles = [scenario_title(one, language) for one in comparison.scenarios_changed]
            told.append(say(name, language, names=_listed(titles, language)))
        elif name == "code_hash" and comparison.files:
            told.append(say("code files", language, count=len(comparison.files)))
        else:
            told.append(say(name, language, **_gaps(name, first, second)))
    both = comparison.moved[comparison.moved["change"] == "moved"]
    if thresholds := int((both["threshold_first"] != both["threshold_second"]).sum()):
        told.append(say("thresholds", language, count=thresholds))
    told += [say(reason, language) for reason in comparison.unknown]
    if not told:
        return say("no cause", language)
    return say("causes", language, causes=between.join(told))


def _gaps(name: str, first: str, second: str) -> dict[str, str]:
    return {"first": first, "second": second} if name in ("evidence", "members", "engine", "seed") else {}


def _parted(comparison: Comparison, language: str) -> str:
    parted = comparison.parted
    if parted is None:
        return ""
    variable = parted.variable + (f"[{parted.element}]" if parted.element else "")
    names = say("named variable", language, name=variable, term=parted.term or variable)
    how = say("by results", language) if parted.source == "results" else ""
    if parted.source == "results" and "posterior_hash" in comparison.causes:
        how = say("other members", language)
    others = len(parted.others) - 1
    size, unit = _unit(parted.unit, language)
    first, second = parted.first / size, parted.second / size
    return say(
        "parted", language, year=parted.year, scenario=scenario_title(parted.scenario, language), variable=names,
        first=_digits(first, second), second=_digits(second, first),
        unit=unit,
        how=how,
        others=say("other variables", language, count=others) if others else "",
    )  # fmt: skip


def _digits(value: float, other: float) -> str:
    """Write a number with as many digits as tell it from the other, never in powers of ten."""
    for digits in (4, 6, 8, 10, 12):
        if f"{value:.{digits}g}" != f"{other:.{digits}g}":
            break
    whole = len(f"{abs(value):.0f}")
    if abs(value) >= 1:
        return f"{value:,.{max(digits - whole, 0)}f}"
    return np.format_float_positional(value, precision=digits, unique=False, fractional=False, trim="-")


def _unit(unit: str, language: str) -> tuple[float, str]:
    """How many of the model's unit the shown one stands for, and its name as it stands behind a number."""
    if unit in ("", "Dmnl"):
        return 1.0, ""
    known = terms()["model units"].get(unit)
    if known is None:
        return 1.0, f" {unit}"
    name = str(known[language])
    return float(known[f"{language}_size"]), name if language == "zh" or name == "%" else f" {name}"


def _basis(comparison: Comparison, language: str) -> str:
    between = "；" if language == "zh" else "; "
    parts = [_made_with(version, language) for version in (comparison.first, comparison.second)]
    lone = [*comparison.only_first, *comparison.only_second]
    if lone:
        titles = [scenario_title(name, language) for name in lone]
        parts.append(say("only scenarios", language, names=_listed(titles, language)))
    return say("basis", language, basis=between.join(parts))


def _made_with(version: Version, language: str) -> str:
    if not version.facts:
        return say("made from unknown", language, label=version.label)
    members, evidence = version.facts.get("members", "?"), version.facts.get("evidence", "")
    if not evidence:
        # Of a version that had one ensemble, and so did not say which.
        return say("made with members", language, label=version.label, members=members)
    return say("made with", language, label=version.label, members=members, evidence=evidence)


def _listed(names: list[str], language: str) -> str:
    more = say("and more", language) if len(names) > NAMED else ""
    return say_shared("list", language).join(names[:NAMED]) + more
