"""What a command answers, in at most five lines: the answer, the numbers with their intervals, what they rest on."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pandas as pd
from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape

from analysis.outcome.screen import screen_language
from analysis.outcome.shares import has_interval, share_in_percent
from analysis.outcome.target_words import unit_of
from analysis.outcome.targets import NOT_MODELLED
from analysis.outcome.units import plan_size
from analysis.outcome.words import say, screen_text
from calibration.fit.evidence import Evidence
from scenarios import Scenario, Target

#: Lines of a verdict, at most.
LINES: Final = 5
#: Targets that a verdict speaks of one by one.
NAMED: Final = 2
#: What is no Latin word or number, what none of a line's ends may be, and what counts the number before it.
_WIDE: Final = "\\s\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef“”‘’《》"
_OPENING, _CLOSING, _COUNTED = "（“《", "，。；：、）”》？", "个百分点|[年月日个万亿倍组项种次分人]"
#: What stays together: a number with its sign, error and unit, a name, a Chinese sign with its punctuation.
PIECE: Final = re.compile(
    rf"\s+|[{_OPENING}]*(?:[^{_WIDE}]+(?:[ ](?:%|±)[^{_WIDE}]*)*(?:{_COUNTED})?|[^\s])[{_CLOSING}]*"
)


def print_verdict(console: Console, lines: Sequence[str]) -> None:
    """Print the lines of a verdict, the first one bold, and nothing that is empty.

    Raises
    ------
    ValueError
        If there are more than five.
    """
    # Titles of targets begin with a small letter.
    told = [f"{line[0].upper()}{line[1:]}" for line in map(str.strip, lines) if line]
    if len(told) > LINES:
        message = f"a verdict has at most {LINES} lines, not {len(told)}"
        raise ValueError(message)
    for number, line in enumerate(told):
        text = escape(broken(line, console.width))
        console.print(f"[bold]{text}[/]" if number == 0 else text)


def broken(line: str, width: int) -> str:
    r"""Return a line broken to a width: not inside a number, a name or what counts it, nor before punctuation.

    Parameters
    ----------
    line
        Chinese, English or both.
    width
        In cells of a screen, of which a Chinese sign takes two.

    Examples
    --------
    >>> broken("概率为78% ±1。", 12)
    '概率为\n78% ±1。'
    >>> broken("a probability of 78 % and more", 20)
    'a probability of\n78 % and more'
    """
    lines = [""]
    for piece in PIECE.findall(line):
        if lines[-1] and cell_len(lines[-1]) + cell_len(piece.rstrip()) > width:
            lines[-1] = lines[-1].rstrip()
            lines.append(piece.lstrip())
        else:
            lines[-1] += piece
    return "\n".join(lines)


def basis_line(members: int, evidence: Evidence | str, *, probabilities: bool = True) -> str:
    """Return what probabilities, with their standard errors, and intervals rest on, in the language of the screen."""
    if members == 1:
        return screen_text("verdict one run")
    errors = screen_text("verdict errors") if probabilities else ""
    kind = "verdict basis" if is_fitted(evidence) else "verdict prior basis"
    return screen_text(kind, members=members, evidence=evidence, errors=errors)


def is_fitted(evidence: Evidence | str) -> bool:
    """Return whether the ensemble of the city was fitted to its record, and not drawn from priors alone.

    Examples
    --------
    >>> is_fitted("2020")
    True
    """
    return not Evidence(evidence).uncalibrated.exists()


def members_in_words(evidence: Evidence | str, language: str) -> str:
    """Return what is known of the members: that the record supports them, or that they are drawn from priors alone.

    Examples
    --------
    >>> members_in_words("2020", "en")
    "supported by Jinan's record of 2010-2020"
    """
    return say("members supported" if is_fitted(evidence) else "members of priors", language, evidence=str(evidence))


def run_verdict(
    table: pd.DataFrame,
    targets: Mapping[str, Target],
    scenarios: Sequence[Scenario],
    about: Scenario,
    members: int,
    evidence: Evidence,
) -> list[str]:
    """Return what runs of scenarios answer.

    Parameters
    ----------
    table
        `analysis.outcome.targets.evaluate_targets` of all scenarios.
    targets
        Those that the screen speaks of, by id.
    scenarios
        What was run.
    about
        The scenario that the answer is about.
    """
    language = screen_language()
    judged = table[(table["reached"] != NOT_MODELLED) & table["target"].isin(list(targets))]
    counts = judged[judged["reached"] == "yes"].groupby("scenario").size()
    reached = {one.name: int(counts.get(one.name, 0)) for one in scenarios}
    modelled = judged["target"].nunique()
    judging = screen_text("by the median") if members > 1 else ""
    counted = {"modelled": modelled, "reached": reached[about.name], "judged": judging}
    lines = [screen_text("verdict reached", title=about.title, **counted)]
    headlines = [target for target in targets.values() if target.headline and target.modelled][:NAMED]
    own = judged[judged["scenario"] == about.name].set_index("target")
    lines += [_target_line(target, dict(own.loc[target.id]), members, language) for target in headlines]
    others = [one for one in scenarios if one.name != about.name]
    if len(others) == 1:
        (other,) = others
        lines.append(screen_text("verdict other", title=other.title, reached=reached[other.name]))
    elif others:
        most = max(reached[one.name] for one in others)
        best = [one for one in others if reached[one.name] == most]
        titles = say("list", language).join(say("verdict quoted", language, title=one.title) for one in best[:NAMED])
        if len(best) > NAMED:
            number = len(best) if language == "zh" else len(best) - NAMED
            titles += say("verdict more titles", language, count=number)
        lines.append(screen_text("verdict most", count=len(others), most=most, titles=titles))
    return [*lines, basis_line(members, evidence)]


def _target_line(target: Target, row: Mapping[Any, Any], members: int, language: str) -> str:
    """A target's value with its interval, what is wanted, and how likely it is."""
    interval, size = "", plan_size(target.unit, language)
    if members > 1 and has_interval(members):
        interval = screen_text("verdict interval", low=_number(row["p05"] / size), high=_number(row["p95"] / size))
    gaps = {
        "year": target.year,
        "title": target.title,
        "value": _number(row["median"] / size),
        "unit": unit_after(target, language),
        "interval": interval,
        "goal": _number(float(target.threshold or 0.0) / size),
    }
    if members == 1:
        return screen_text("verdict value", **gaps, reached=screen_text(f"is {_word(row['reached'])}"))
    odds = share_in_percent(round(float(row["probability"]) * members), members)
    return screen_text("verdict odds", **gaps, odds=odds)


def unit_after(target: Target, language: str) -> str:
    """Return the unit behind a number of a target.

    Examples
    --------
    >>> from scenarios import load_targets
    >>> unit_after(load_targets()["target.urbanization.resident.2025"], "zh")
    '%'
    """
    if target.unit == "percent":
        return "%"
    unit = unit_of(target, language)
    return unit if language == "zh" else f" {unit}"


def _word(reached: object) -> str:
    return "reached" if reached == "yes" else "missed"


def _number(value: float) -> str:
    """A number with one decimal, more where it is small, none where it is large."""
    size = abs(value)
    return f"{value:,.0f}" if size >= 1000 else f"{value:.1f}" if size >= 10 else f"{value:.2f}"
