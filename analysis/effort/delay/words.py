"""The cost of delay in words, in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import pandas as pd

from analysis.effort.delay.study import ALL, Delays
from analysis.outcome.printing import three_digits
from analysis.outcome.screen import screen_language
from analysis.outcome.shares import share_in_percent
from analysis.outcome.target_words import shown_in, unit_of
from analysis.outcome.verdict import basis_line
from analysis.outcome.words import LANGUAGES, say_from, screen_text_from, with_year
from calibration.fit.evidence import Evidence
from scenarios import ROUNDING, Lever, Target, load_levers

FILE: Final = Path(__file__).with_name("words.yaml")
say: Final = partial(say_from, FILE)
screen_text: Final = partial(screen_text_from, FILE)
#: A lever is named when the probability without it differs by at least this much.
NAMED: Final = 0.02
#: Targets that a verdict names.
TOLD: Final = 3
#: How an answer that is not a year begins, and how where its estimate does not support it.
ANSWERS: Final = {"none": "too low", "any": "any", "without": "left alone"}
ESTIMATED: Final = {"none": "start on time", "any": "left alone", "without": "left alone"}


def lever_words(name: str, language: str, levers: Mapping[str, Lever]) -> str:
    """Return the title of a lever, or of all levers together.

    Examples
    --------
    >>> lever_words(ALL, "en", {})
    'all levers together'
    """
    return say("all levers", language) if name == ALL else str(levers[name].title[language])


def last_start_words(row: Any, members: int) -> str:
    """Return one row of `analysis.effort.delay.study.last_starts` in both languages."""
    years = f"{row['last_start']}"
    if row["answer"] == "later":
        first = row["first_start"]
        years = screen_text("from", year=first) if pd.isna(row["last_start"]) else f"{first}–{years}"
    # An estimate that does not support its answer is given as an estimate only, of the start that it is for.
    named = (ANSWERS if row["told"] else ESTIMATED).get(row["answer"])
    start = screen_text(named) if named else years
    without, counted = percent(row["probability_without"], members), f"(n = {members})"
    estimate = f"{percent(row['probability'], members)} {counted}"
    if not row["told"]:
        return f"{screen_text('too few members')}: {start} {estimate} → {without}"
    if row["answer"] in ("any", "without"):
        return f"{start} → {without} {counted}"
    return f"{start}: {estimate} → {without}"


def verdict(delays: Delays, evidence: Evidence) -> list[str]:
    """Return the last start that is still enough for each target, three at most, all levers delayed together."""
    language, rows = screen_language(), delays.last[delays.last["lever"] == ALL].set_index("target")
    headlines = [target for target in delays.targets if target.headline] or list(delays.targets)
    named, members = headlines[:TOLD], int(delays.table["members"].iloc[0])
    lines = [_verdict_on(target, rows.loc[target.id], members, language) for target in named]
    rest = rows.drop(index=[target.id for target in named])
    if len(rest):
        counts = rest["answer"].value_counts()
        answers = [say(f"others {answer}", language, number=number) for answer, number in counts.items()]
        lines.append(
            say("verdict others", language, count=len(rest), answers=say("others list", language).join(answers))
        )
    return [*lines, basis_line(members, evidence)]


def _verdict_on(target: Target, row: Any, members: int, language: str) -> str:
    line = say(
        f"verdict {row['answer']}",
        language,
        target=with_year(target.title[language], target.year, language),
        last=row["last_start"],
        first=row["first_start"],
        share=percent(row["probability"], members),
        without=percent(row["probability_without"], members),
        at_once=percent(row["probability_at_once"], members),
        wanted=100 * row["wanted"],
    )
    return line if row["told"] else line + say("verdict unsure", language)


def single_lever_words(row: Any, members: int) -> str:
    """Return the row of one lever, and whether it works against the target."""
    against = row["probability_without"] - row["probability_at_once"] >= NAMED
    return last_start_words(row, members) + (screen_text("works against") if against else "")


def percent(probability: float, members: int) -> str:
    """Return a probability in percent with its standard error, or the bound where no or every member reaches it."""
    return share_in_percent(round(probability * members), members)


def all_levers_words(target: Target, table: pd.DataFrame, row: Any, members: int) -> str:
    """Return the row of all levers together; where no start is enough, with the margins and the reason."""
    words = last_start_words(row, members)
    if row["answer"] != "none" or not row["told"]:
        return words
    of_target = table[table["target"] == target.id]
    own = of_target[of_target["lever"] == ALL]
    on_time, without = (
        three_digits(shown_in(target, float(own.loc[rows, "margin_median"].iloc[0]), screen_language()), sign=True)
        for rows in (own["delay"] == 0, own["delay"].isna())
    )
    reasons = why_never_enough(own, row["wanted"], levers_against(of_target))
    unit = unit_of(target, screen_language())
    margin = screen_text("margin", on_time=on_time, without=without, unit=unit, reason=reasons)
    return f"{words}\n{margin}"


def levers_against(rows: pd.DataFrame) -> list[tuple[str, str]]:
    """Return the levers that work against a target, with the probability on time and without each, in percent."""
    against = []
    for name, group in rows[rows["lever"] != ALL].groupby("lever", sort=False):
        on_time, without = group[group["delay"] == 0].iloc[0], group[group["delay"].isna()].iloc[0]
        if without["probability"] - on_time["probability"] >= NAMED:
            change = " → ".join(percent(each["probability"], int(each["members"])) for each in (on_time, without))
            against.append((str(name), change))
    return against


def why_never_enough(own: pd.DataFrame, wanted: float, against: Sequence[tuple[str, str]] = ()) -> dict[str, str]:
    """Return by language why no start of a scenario's levers gives the probability.

    A lever of the scenario that works against the target (`levers_against`) is part of the reason.
    """
    levers, reasons = load_levers(), {}
    for language in LANGUAGES:
        reason = _why_together(own, wanted, language, alone=not against)
        if against:
            listed = say("list", language).join(
                say("lever against", language, lever=lever_words(name, language, levers), change=change)
                for name, change in against
            )
            reason = say(f"{'one' if len(against) == 1 else 'some'} against", language, reason=reason, levers=listed)
        reasons[language] = reason
    return reasons


def _why_together(own: pd.DataFrame, wanted: float, language: str, *, alone: bool) -> str:
    on_time, without = own[own["delay"] == 0].iloc[0], own[own["delay"].isna()].iloc[0]
    gain = float(on_time["margin_median"] - without["margin_median"])
    if alone and abs(gain) <= ROUNDING and on_time["probability"] == without["probability"]:
        return say("no lever matters", language)
    if gain <= 0 and on_time["probability"] <= without["probability"]:
        return say("together against", language)
    if on_time["margin_median"] >= 0:
        return say("less surely", language, wanted=100 * wanted)
    best = float(own.loc[own["delay"].notna(), "margin_median"].max())
    at_best = alone and best <= on_time["margin_median"] + ROUNDING
    share = 100 * gain / (gain - float(on_time["margin_median"]))
    return say("part of the gap at best" if at_best else "part of the gap", language, share=share)
