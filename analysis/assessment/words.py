"""The results of an assessment in plain Chinese and English sentences, from the templates of ``words.yaml``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import pandas as pd

from analysis.assessment.reweighting import LARGEST_K, LEAST_EFFECTIVE
from analysis.assessment.scores import ALL, BANDS, LEAST_PAST
from analysis.assessment.series import DEFINITION_DIFFERS, UNLIKELY
from analysis.outcome.screen import screen_language
from analysis.outcome.verdict import members_in_words
from analysis.outcome.words import say_from, screen_text_from
from calibration.fit.forecast import BASE_YEAR
from model.definition import variables_by_name

FILE: Final = Path(__file__).with_name("words.yaml")
say: Final = partial(say_from, FILE)
screen_text: Final = partial(screen_text_from, FILE)
#: So many series are named where none stands out.
NAMED: Final = 3
#: Targets that a verdict names as slipping.
SLIPPING: Final = 2
#: What becomes of a target, in the order in which it is told.
COURSES: Final = ("on course", "slipping", "unlikely from the start", "now likely", "about even", "not updated")


def sentences(
    language: str,
    points: pd.DataFrame,
    scores: pd.DataFrame,
    series: pd.DataFrame,
    updates: pd.DataFrame,
    targets: pd.DataFrame,
    members: int,
    scenario: Mapping[str, str] | None = None,
    base: int = BASE_YEAR,
) -> tuple[str, ...]:
    """State the tables of an assessment in plain words: one verdict, then the numbers behind it.

    The scenario is its title by language, if the forecast is not that of the baseline; `base` the last year
    that its members have seen.
    """
    return (
        _verdict(language, series, updates),
        *_sentences_on_series(language, series),
        *_sentences_on_update(language, series, updates, members),
        *_sentences_on_targets(language, targets, int(points["year"].max())),
        *_sentences_on_scores(language, points, scores, scenario, base),
    )


def verdict(
    points: pd.DataFrame,
    series: pd.DataFrame,
    updates: pd.DataFrame,
    targets: pd.DataFrame,
    memory: Sequence[str],
    facts: Mapping[str, str],
) -> list[str]:
    """Return with how many series the forecast agrees, what becomes of the targets, which slip, and since when."""
    language = screen_language()
    lines = [_verdict(language, series, updates, most=NAMED)]
    judged = not targets.empty and not (targets["course"] == "not updated").all()
    told = _sentences_on_targets(language, targets, int(points["year"].max()))[:1]
    slipping = targets[targets["course"] == "slipping"].to_dict("records") if judged else []
    named = [
        say(
            "verdict target",
            language,
            title=row[f"title_{language}"],
            year=row["year"],
            before=100 * float(row["probability_before"]),
            after=100 * float(row["probability_after"]),
        )
        for row in slipping[:SLIPPING]
    ]
    if len(slipping) > SLIPPING:
        named.append(say("verdict more", language, count=len(slipping) - SLIPPING))
    if named:
        told.append(say("verdict slipping", language, titles=say("names", language).join(named)))
    years = {"first": int(points["year"].min()), "last": int(points["year"].max()), "count": len(points)}
    hits = {"hits": int(points["inside_90"].sum()), "wanted": 0.9 * len(points)}
    basis = {"members": facts["members"], "known": members_in_words(facts["evidence"], language)}
    return [*lines, *told, memory[0], say("verdict coverage", language, **years, **hits, **basis)]


def percent(value: float, language: str) -> str:
    """Return a share of about a thousand draws, with no more digits than these allow.

    Examples
    --------
    >>> percent(0.724, "en"), percent(0.001, "zh")
    ('72.4 %', '≤0.1%')
    """
    text = f"{100 * value:.1f} %" if value >= 0.0015 else "≤0.1 %"
    return text.replace(" ", "") if language == "zh" else text


def _verdict(language: str, series: pd.DataFrame, updates: pd.DataFrame, most: int | None = None) -> str:
    """With how many series the forecast agrees, and what becomes of the ensemble; of many others only the number."""
    agreeing, used = series["agrees"].astype(bool), int(series["used"].sum())
    others = _listed(series.loc[~agreeing, "variable"], language)
    if most is not None and (~agreeing).sum() > most:
        others = say("disagreeing", language, count=int((~agreeing).sum()))
    name = "some disagree" if others else "all agree"
    agreement = say(name, language, count=len(series), agreeing=int(agreeing.sum()), others=others)
    if not used:
        outcome = say("no series left", language)
    elif updates.iloc[-1]["accepted"]:
        outcome = say("updated", language, used=used)
    elif updates["accepted"].any():
        last = updates.loc[updates["accepted"].astype(bool), "data_to"].iloc[-1]
        outcome = say("updated for some years", language, used=used, year=last)
    else:
        outcome = say("recalibrate", language, used=used)
    return agreement + say("space", language) + outcome


def _sentences_on_series(language: str, series: pd.DataFrame) -> list[str]:
    """Name the series that are not used and why, and what is to be known of those that are."""
    lines = []
    for row in series.to_dict("records"):
        name, reason = str(row["variable"]), str(row["reason"])
        differs = name in DEFINITION_DIFFERS
        if row["used"] and reason == "agrees" and not differs:
            continue
        lines.append(
            say(
                "series",
                language,
                series=_term(name, language),
                status=say("used" if row["used"] else "not used", language),
                reason=say(reason, language),
                probability=percent(float(row["chance"]), language),
                definition=say("differs", language, reason=say(name, language)) if differs else "",
            )
        )
    return lines


def _sentences_on_update(language: str, series: pd.DataFrame, updates: pd.DataFrame, members: int) -> list[str]:
    if updates.empty:
        return []
    final, used = updates.iloc[-1], int(series["used"].sum())
    contradicts = float(final["chance"]) < UNLIKELY
    agreement = f"{'one' if used == 1 else 'several'} {'contradict' if contradicts else 'agree'}"
    sizes: dict[str, Any] = {"size": float(final["effective_size"]), "k": float(final["pareto_k"])}
    lines = [say(agreement, language, used=used, probability=percent(float(final["chance"]), language))]
    if final["accepted"]:
        return [*lines, say("weights accepted", language, members=members, **sizes)]
    name = "weights collapse" if contradicts else "too informative"
    lines.append(say(name, language, least=LEAST_EFFECTIVE, most=LARGEST_K, **sizes))
    narrow = series[series["used"].astype(bool)].sort_values("effective_size").head(NAMED)
    return [*lines, say("most informative", language, names=_listed(narrow["variable"], language))]


def _sentences_on_targets(language: str, targets: pd.DataFrame, last: int) -> list[str]:
    if targets.empty:
        return []
    if (targets["course"] == "not updated").all():
        return [say("no new probabilities", language)]
    counts = targets["course"].value_counts()
    parts = [
        say("course", language, count=counts[course], course=say(course, language))
        for course in COURSES
        if course in counts
    ]
    lines = [say("targets", language, count=len(targets), parts=say("courses", language).join(parts))]
    for row in targets[targets["course"].isin(["slipping", "now likely"])].to_dict("records"):
        lines.append(
            say(
                f"target {row['course']}",
                language,
                title=row[f"title_{language}"],
                year=row["year"],
                before=100 * float(row["probability_before"]),
                after=100 * float(row["probability_after"]),
                data_to=row["data_to"],
                known_since=row["known_since"],
            )
        )
    if (targets["year"] <= last).any():
        lines.append(say("target year has passed", language))
    return lines


def _sentences_on_scores(
    language: str, points: pd.DataFrame, scores: pd.DataFrame, scenario: Mapping[str, str] | None, base: int
) -> list[str]:
    count, first, last = len(points), int(points["year"].min()), int(points["year"].max())
    series, together = scores[scores["variable"] != ALL], scores[scores["variable"] == ALL].iloc[0]
    lines = [
        say("basis", language, first=first, last=last, series=len(series), count=count, base=base),
        say(
            "coverage",
            language,
            bands="/".join(f"{100 * band:.0f}" for band in BANDS),
            wanted="/".join(f"{count * band:.1f}" for band in BANDS),
            hits="/".join(str(int(points[f"inside_{100 * band:.0f}"].sum())) for band in BANDS),
            crps=100 * together["crps_relative"],
        ),
    ]
    if scenario is not None:
        lines.append(say("scenario", language, title=scenario[language]))
    for reference in ("random walk", "constant growth"):
        error = series.set_index("variable")[f"mase_{reference.replace(' ', '_')}"].dropna()
        groups = {"closer": error.index[error < 1], "not closer": error.index[error >= 1]}
        parts = [say(name, language, names=_listed(own, language)) for name, own in groups.items() if len(own)]
        if parts:
            joined = say("comparisons", language).join(parts)
            lines.append(say("compared", language, reference=say(reference, language), parts=joined))
    silent = series.loc[series["note"] != "", "variable"]
    if not silent.empty:
        lines.append(say("not compared", language, names=_listed(silent, language), base=base, least=LEAST_PAST))
    return lines


def _term(name: str, language: str) -> str:
    """Name of a series: as in the model, or its Chinese term."""
    known = variables_by_name()
    return known[name].term or name if language == "zh" and name in known else name


def _listed(names: Iterable[str], language: str) -> str:
    return say("names", language).join(_term(name, language) for name in names)
