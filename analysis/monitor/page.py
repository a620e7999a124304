"""The monitor as one page of A4 that needs nothing outside itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from string import ascii_letters, digits, punctuation
from typing import Any, Final

from markupsafe import Markup, escape

from analysis.briefing.writing.embedded_font import embedded_font
from analysis.monitor import words
from analysis.monitor.study import Band, Indicator
from analysis.monitor.words import Question, say
from analysis.outcome.html_template import html_template
from scenarios import Target
from scenarios.monitor import STATUSES, Monitor

TEMPLATE: Final = Path(__file__).with_name("page.html.jinja")
#: Classes of the style sheet.
CLASSES: Final = {
    "off course": "off", "watch": "watch", "on course": "on", "reached": "reached", "no data": "none",
}  # fmt: skip
#: What the file of observations that comes with the project calls its source.
OWN_RECORD: Final = "communiques of 2021-2023 and yearbook 2024"
#: Facts of the manifest that a reader of the printed page can check.
FACTS: Final = ("model_hash", "posterior_hash", "scenario_hash", "code_hash")
HEADINGS: Final = (
    "indicator", "target", "observed", "expected", "forecast", "chart", "probability", "status", "since",
)  # fmt: skip
#: Widths of the columns in percent; English has longer titles and shorter headings.
WIDTHS: Final = {
    "zh": (19.5, 15, 12.5, 9, 11.5, 12.5, 7, 7, 6),
    "en": (23, 11.5, 11, 9, 12.5, 12, 7, 8.5, 5.5),
}
#: Width and height of a drawing, in its own units.
WIDE, HIGH, EDGE = 120.0, 20.0, 6.0
#: Hidden in the font, as the page may hold any of them.
ALWAYS: Final = ascii_letters + digits + punctuation + " —–·≥≤≈％“”（），。；：、"


def page(
    indicators: Sequence[Indicator], question: Question, monitor: Monitor, facts: Mapping[str, str], language: str
) -> str:
    """Return the page as HTML.

    Parameters
    ----------
    indicators
        As from `analysis.monitor.study.monitor_indicators`.
    question
        What was asked.
    monitor
        The rules.
    facts
        The manifest.
    language
        ``zh`` or ``en``.
    """
    modelled = [one for one in indicators if one.target.modelled]
    # The worst first; within a status the order of the plan.
    modelled.sort(key=lambda one: STATUSES.index(one.status))
    tracked = [one for one in indicators if not one.target.modelled]
    tracked.sort(key=lambda one: STATUSES.index(one.status))
    shown = {
        "language": {"zh": "zh-CN", "en": "en"}[language],
        "title": say("title", language),
        "subtitle": say(
            "subtitle", language, count=len(indicators), last=question.last,
            scenario=question.scenario.title[language],
        ),
        "verdict": words.verdict(indicators, question, language),
        "widths": WIDTHS[language],
        "headings": [_capital(say(name, language)) for name in HEADINGS],
        "computed": say("computed", language),
        "by_hand": say("by hand", language),
        "rows": [_row(one, language) for one in modelled],
        "tracked": [_tracked(one, language) for one in tracked],
        "notes": _notes(indicators, monitor, facts, language),
    }  # fmt: skip
    characters = "".join(sorted(set(ALWAYS + _text_of(shown))))
    return html_template(TEMPLATE).render(shown, font=Markup(embedded_font(characters)))


def drawing(band: Band, target: Target) -> Markup:
    """Return a small drawing of a 90 % band with its median and the target.

    Examples
    --------
    >>> from scenarios import load_targets
    >>> str(drawing(Band(2025, 76.0, 77.0, 78.0, 2023), load_targets()["target.urbanization.resident.2025"]))[:4]
    '<svg'
    """
    threshold = band.median if target.threshold is None else target.threshold
    ends = (band.low, band.high, threshold)
    low, span = min(ends), max(ends) - min(ends)

    def at(value: float) -> float:
        return WIDE / 2 if span == 0 else EDGE + (WIDE - 2 * EDGE) * (value - low) / span

    middle, left, right, goal = HIGH / 2, at(band.low), at(band.high), at(threshold)
    return Markup(
        '<svg viewBox="0 0 {w:g} {h:g}" role="img" aria-hidden="true">'
        '<line class="axis" x1="0" x2="{w:g}" y1="{m:g}" y2="{m:g}"/>'
        '<rect class="band" x="{x:.1f}" width="{d:.1f}" y="{t:g}" height="8"/>'
        '<line class="median" x1="{c:.1f}" x2="{c:.1f}" y1="{a:g}" y2="{b:g}"/>'
        '<path class="goal" d="M{g:.1f} {p:g}l5 5l-5 5l-5-5z"/></svg>'
    ).format(
        w=WIDE, h=HIGH, m=middle, x=left, d=max(right - left, 1.5), t=middle - 4, c=at(band.median), a=middle - 6,
        b=middle + 6, g=goal, p=middle - 5,
    )  # fmt: skip


def _row(one: Indicator, language: str) -> dict[str, Any]:
    target, seen, expected, forecast = one.target, one.observation, one.expected, one.forecast
    due = say("due", language, wanted=words.asked(target, language), year=target.year)
    return {
        "id": target.id,
        "title": _capital(target.title[language]),
        "target": due,
        "observed": ""
        if seen is None
        else say("seen", language, value=words.number(seen.value, target, language), year=seen.year),
        "expected": "" if expected is None else words.number(expected.median, target, language),
        "expected_band": "" if expected is None else words.interval(expected, target, language),
        "forecast": "" if forecast is None else words.number(forecast.median, target, language),
        "forecast_band": "" if forecast is None else words.interval(forecast, target, language),
        "drawing": "" if forecast is None else drawing(forecast, target),
        "probability": words.probability(one, language),
        "status": say(one.status, language),
        "class": CLASSES[one.status],
        "because": "" if one.rule is None else one.rule.because[language],
        "since": words.since(one, language),
    }


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _tracked(one: Indicator, language: str) -> dict[str, str]:
    target, seen = one.target, one.observation
    observed = "" if seen is None else say(
        "seen", language, value=words.number(seen.value, target, language), year=seen.year
    )  # fmt: skip
    return {
        "id": target.id,
        "title": _capital(target.title[language]),
        "target": say("due", language, wanted=words.asked(target, language), year=target.year),
        "observed": observed,
        "status": say(one.status, language),
        "class": CLASSES[one.status],
        "since": "" if seen is None else words.since(one, language),
    }


def _notes(indicators: Sequence[Indicator], monitor: Monitor, facts: Mapping[str, str], language: str) -> list[str]:
    between = "；" if language == "zh" else "; "
    sources = dict.fromkeys(one.observation.source for one in indicators if one.observation is not None)
    notes = [say("reading", language), words.rules_in_words(monitor, language)]
    if sources:
        named = [say("own record", language) if one == OWN_RECORD else one for one in sources]
        notes.append(say("sources", language, sources=between.join(named)))
    told = between.join(f"{say(name, language)} {facts[name]}" for name in FACTS if name in facts)
    return [*notes, say("conditional", language), say("made from", language, facts=told)]


def _text_of(shown: Any) -> str:
    if isinstance(shown, str):
        return "" if isinstance(shown, Markup) else str(escape(shown))
    if not isinstance(shown, (Mapping, list, tuple)):
        return ""
    parts = shown.values() if isinstance(shown, Mapping) else shown
    return "".join(_text_of(part) for part in parts)
