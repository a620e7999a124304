"""What every section is written with: the results at hand, one language, and its units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from analysis.briefing.content import Name, Number, Run, Text
from analysis.briefing.study import Evidence
from analysis.briefing.words import say
from analysis.charts import figures
from scenarios import Target

#: How a target's unit is written: the form of its numbers, and how many of it one of the Chinese and English unit are.
TARGET_UNITS: Final[Mapping[str, tuple[str, float, float]]] = {
    "percent": (".1f", 1.0, 1.0),
    "persons cumulative from 2021": (",.1f", 1e4, 1e3),
    "million m2 cumulative from 2021": (",.1f", 0.01, 1.0),
    "million t/day": (".2f", 0.01, 1.0),
    "ratio": (".2f", 1.0, 1.0),
    "score": (".2f", 1.0, 1.0),
    "count": (",.0f", 1.0, 1.0),
}
#: How quantities of a chart's unit are written; the units of the languages differ in size.
FORMS: Final[Mapping[str, Mapping[str, str]]] = {
    "zh": {"ratio": ".2f", "km2 a year": ".2f", "yuan a year": ".2f", "people": ",.1f", "people a year": ".2f"},
    "en": {"ratio": ".2f", "km2 a year": ".2f", "yuan a year": ".3f", "people": ",.2f", "people a year": ".1f"},
}
YEAR: Final = ".0f"
#: An interval narrower than this share of its median looks like a single number.
NARROW: Final = 5e-4
#: A change of a rate, in percentage points, that is smaller rounds to nothing.
WORTH_A_WORD: Final = 0.005
#: From which standard error on a probability is told in whole percents.
WHOLE_PERCENT: Final = 0.01


@dataclass(frozen=True)
class Author:
    """One language's view of the results."""

    evidence: Evidence
    results: Mapping[str, float]
    language: str

    def number(self, key: str, form: str = ".1f", scale: float = 1.0) -> Number:
        """Return a result as it is to be shown; KeyError where there is none."""
        return Number(key, self.results[key], form, scale)

    def year(self, key: str) -> Number:
        """Return a result that is a year."""
        return self.number(key, YEAR)

    def percent(self, key: str, form: str = ".0f") -> Number:
        """Return a share in percent."""
        return self.number(key, form, 0.01)

    def say(self, name: str, **gaps: Run | Text) -> Text:
        """Return a sentence of `words.yaml` in this language."""
        return say(name, self.language, **gaps)

    def title(self, words: Mapping[str, str]) -> Name:
        """Return a title that a file of the project states."""
        return Name(words[self.language])

    def element(self, name: str) -> Name:
        """Return an element of a subscript range, such as a district."""
        return Name(str(figures.terms()["elements"][name][self.language]))

    def label(self, name: str) -> Name:
        """Return what charts call a quantity."""
        return Name(str(figures.terms()["labels"][name][self.language]))

    def unit(self, name: str) -> tuple[Name, float]:
        """Return a unit of charts, and how many of the model's unit it stands for."""
        unit = figures.terms()["units"][name]
        return Name(str(unit[self.language])), float(unit[f"{self.language}_size"])

    def form(self, unit: str) -> str:
        """Return how numbers of a unit of charts are written."""
        return FORMS[self.language].get(unit, ".1f")

    def target_unit(self, target: Target) -> tuple[Text, str, float]:
        """Return a target's unit in words, the form of its numbers, and their scale."""
        form, zh, en = TARGET_UNITS.get(target.unit, (",.4g", 1.0, 1.0))
        unit = self.say(f"unit.{target.unit}") if target.unit in TARGET_UNITS else (Name(target.unit),)
        return unit, form, zh if self.language == "zh" else en

    def band(self, place: str, form: str = ".1f", scale: float = 1.0, *, middle: str = "median") -> Text:
        """Return a median with its wide interval behind it, where that has any width."""
        low, high = (self.number(f"{place}/{end}", form, scale) for end in ("p05", "p95"))
        if abs(high.value - low.value) <= NARROW * abs(self.results[f"{place}/{middle}"]):
            return (self.number(f"{place}/{middle}", form, scale),)
        return self.say("with range", middle=self.number(f"{place}/{middle}", form, scale), low=low, high=high)

    def interval(self, place: str, form: str = ".1f", scale: float = 1.0) -> Text:
        """Return a wide interval alone."""
        low, high = (self.number(f"{place}/{end}", form, scale) for end in ("p05", "p95"))
        return self.say("range", low=low, high=high)

    def odds(self, place: str) -> Text:
        """Return a probability in percent with its standard error; for none or all members, how far it is sure."""
        error = self.results[f"{place}/probability_se"]
        if error == 0.0:
            bound, end = ("below", "high") if self.results[f"{place}/probability"] == 0.0 else ("above", "low")
            return self.say(f"percent {bound}", number=self.percent(f"{place}/probability_{end}", ".1f"))
        form = ".1f" if error < WHOLE_PERCENT else ".0f"
        odds, error_told = (self.percent(f"{place}/{name}", form) for name in ("probability", "probability_se"))
        return self.say("percent with error", number=odds, error=error_told)

    def parameter(self, name: str) -> Text:
        """Return what an unknown of the start year is called."""
        return self.say(f"parameter.{name}", year=self.year("definition/first_year"))

    def change(self, rate: str, place: str) -> Text:
        """Return by how much something raises or lowers a rate, in percentage points."""
        called = self.say(f"rate.{rate}")
        if self.results[f"{place}/size"] < WORTH_A_WORD:
            return self.say("leaves", rate=called)
        rises = self.results[f"{place}/mean"] >= 0
        return self.say("raises" if rises else "lowers", rate=called, points=self.number(f"{place}/size", ".2f"))

    def wide(self) -> Number:
        """Return how many percent the wide interval holds."""
        return self.number("definition/wide_interval", ".0f")
