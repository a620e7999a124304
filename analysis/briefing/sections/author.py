"""What every section is written with: the results at hand, one language, and its units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from analysis.briefing.content import (
    PAGE_AND_SLIDES,
    Block,
    Measure,
    Medium,
    Name,
    Number,
    Part,
    Picture,
    Run,
    Section,
    Table,
    Text,
)
from analysis.briefing.results import Contribution, Probability, Result, Results, Spread, TargetResult
from analysis.briefing.study import Evidence
from analysis.briefing.words import join, say, word
from analysis.outcome.units import plan_size
from analysis.outcome.verdict import members_in_words
from analysis.outcome.words import element_name, terms, unit_name, unit_size
from analysis.outcome.words import word as term
from scenarios import Target

#: Years that tables show.
YEARS: Final = (2020, 2025, 2030, 2035)
#: What stands between counts of targets, and before the last of them, by their names in the words.
BETWEEN, BEFORE_LAST = "between counts", "before last count"
#: The form in which numbers of a target's unit are written.
TARGET_FORMS: Final[Mapping[str, str]] = {
    "percent": ".1f",
    "persons cumulative from 2021": ",.1f",
    "million m2 cumulative from 2021": ",.1f",
    "million t/day": ".2f",
    "ratio": ".2f",
    "score": ".2f",
    "count": ",.0f",
}
#: Those of Chinese where its unit is so much smaller that further digits say nothing.
CHINESE_FORMS: Final[Mapping[str, str]] = {"million t/day": ",.1f", "million m2 cumulative from 2021": ",.0f"}
#: How quantities of a chart's unit are written; the units of the languages differ in size.
FORMS: Final[Mapping[str, Mapping[str, str]]] = {
    "zh": {
        "ratio": ".2f",
        "readiness": ".2f",
        "yuan a person": ".2f",
        "yuan a year": ".2f",
        "people": ",.1f",
        "people a year": ".2f",
    },
    "en": {
        "ratio": ".2f",
        "readiness": ".2f",
        "yuan a person": ".1f",
        "yuan a year": ".2f",
        "people": ",.2f",
        "people a year": ".1f",
    },
}
#: Units that English does not name behind a number; and the percents that are all of something.
BARE: Final = ("ratio", "score")
WHOLE: Final = 100.0
#: An interval narrower than this share of its median looks like a single number.
NARROW: Final = 5e-4
#: A change of a rate, in percentage points, that is smaller rounds to nothing; and one that a sentence does not tell.
WORTH_A_WORD: Final = 0.005
WORTH_A_CLAUSE: Final = 0.05
#: From which standard error on a probability is stated in whole percents.
WHOLE_PERCENT: Final = 0.01


@dataclass(frozen=True)
class Author:
    """One language's view of the results."""

    evidence: Evidence
    results: Results
    language: str

    def target(self, target: str) -> TargetResult:
        """Return how a target ends in the scenario that the briefing is about."""
        return self.results.targets[self.evidence.scenario.name, target]

    def number(self, result: Result, form: str = ".1f", scale: float = 1.0) -> Number:
        """Return a result as it is to be shown."""
        return Number(result.key, float(result), form, scale)

    def count(self, result: Result) -> Number:
        """Return a result that is a whole number, such as a year."""
        return self.number(result, ".0f")

    def percent(self, result: Result, form: str = ".0f") -> Number:
        """Return a share in percent."""
        return self.number(result, form, 0.01)

    def say(self, name: str, **gaps: Run | Text) -> Text:
        """Return a sentence of `words.yaml`; what a briefing is about, definitions and counts need not be given."""
        return say(name, self.language, **self._facts | gaps)

    def heads(self, *names: str) -> list[Text]:
        """Return the headings of columns."""
        return [self.say(name) for name in names]

    def section(self, name: str, takeaway: Text, *blocks: Block, notes: Sequence[Text] = ()) -> Section:
        """Return a section with its title; notes are sentences for who speaks on its slide."""
        spoken = join([*notes, self.say("notes.basis")], self.language) if notes else ()
        return Section(name, word(f"{name}.section", self.language), takeaway, blocks, spoken)

    def table(
        self,
        block: str,
        columns: Sequence[Text],
        rows: Iterable[Sequence[Text]],
        *,
        title: Text | None = None,
        numeric: Iterable[int] | None = None,
        source: Text | None = None,
        **rest: Any,
    ) -> Table:
        """Return a table with the sentence of its name as title; all columns but the first are numbers, of the model.

        Further settings are those of `Table`.
        """
        return Table(
            block,
            self.say(block) if title is None else title,
            tuple(self.capital(tuple(column)) for column in columns),
            tuple((self.capital(tuple(name)), *cells) for name, *cells in rows),
            numeric=frozenset(range(1, len(columns)) if numeric is None else numeric),
            source=self.say("model source") if source is None else source,
            **rest,
        )

    def capital(self, name: Text) -> Text:
        """Return what stands first in a row with a capital letter."""
        if not name or not isinstance(name[0], str | Name):
            return name
        run = name[0]
        text = run if isinstance(run, str) else run.text
        large = text[:1].upper() + text[1:]
        return (large if isinstance(run, str) else Name(large), *name[1:])

    def picture(
        self, name: str, scenario: str | None, block: str, where: frozenset[Medium] = PAGE_AND_SLIDES
    ) -> Picture:
        """Return a chart of `analysis.charts` as a block."""
        return Picture(block, name, scenario, term("charts", name, self.language), where)

    @property
    def years(self) -> list[int]:
        """Those of `YEARS` that the runs cover."""
        return [year for year in YEARS if year in self.results.years]

    def year_headings(self, years: Iterable[int]) -> list[Text]:
        """Return years as headings of columns."""
        return [self.say("year heading", year=self.count(self.results.years[year])) for year in years]

    def title(self, words: Mapping[str, str]) -> Name:
        """Return a title that a file of the project states."""
        return Name(words[self.language])

    def element(self, name: str) -> Name:
        """Return an element of a subscript range, such as a district."""
        return Name(element_name(name, self.language))

    def label(self, name: str) -> Name:
        """Return what charts call a quantity."""
        return Name(term("labels", name, self.language))

    def unit(self, name: str) -> tuple[Name, float]:
        """Return a unit of charts, and how many of the model's unit it stands for."""
        return Name(unit_name(name, self.language)), unit_size(name, self.language)

    def form(self, unit: str) -> str:
        """Return how numbers of a unit of charts are written."""
        return FORMS[self.language].get(unit, ".1f")

    def target_unit(self, target: Target) -> tuple[Text, str, float]:
        """Return a target's unit in words, the form of its numbers, and their scale."""
        form, size = TARGET_FORMS.get(target.unit, ",.4g"), plan_size(target.unit, self.language)
        if self.language == "zh":
            form = CHINESE_FORMS.get(target.unit, form)
        # In a column of their own, units are shorter than behind a number.
        unit = self.say(f"unit.{target.unit}") if target.unit in TARGET_FORMS else (Name(target.unit),)
        return unit, form, size

    def lever_unit(self, unit: str) -> tuple[Text, float]:
        """Return the unit in which a lever or an assumption is told, and how many of the model's unit it stands for."""
        if unit == "Dmnl":
            return self.say("unit.Dmnl"), 1.0
        if unit not in terms()["model units"]:
            return (Name(unit),), 1.0
        return (Name(term("model units", unit, self.language)),), unit_size(unit, self.language, "model units")

    def amount(self, target: Target, number: Number) -> Text:
        """Return a number in a target's unit with that unit, where the language names it behind a number."""
        unit, *_ = self.target_unit(target)
        if unit == ("%",):
            return self.say("percent", number=number)
        if self.language == "en" and target.unit in BARE:
            return (number,)
        return self.say("with unit", number=number, unit=unit)

    def is_whole(self, target: Target) -> bool:
        """Return whether a target wants all of something, which nothing is above."""
        return target.unit == "percent" and target.comparison == "at least" and target.threshold == WHOLE

    def band(self, spread: Spread, form: str = ".1f", scale: float = 1.0) -> Measure:
        """Return a median with its wide interval behind it, where that has any width."""
        middle, low, high = (self.number(one, form, scale) for one in (spread.median, spread.p05, spread.p95))
        narrow = spread.p95 - spread.p05 <= NARROW * abs(spread.median)
        text = (middle,) if narrow else self.say("with range", middle=middle, low=low, high=high)
        return Measure(text, [Part((), (middle,)), *self._ends(low, high)])

    def interval(self, low: Result, high: Result, form: str = ".1f", scale: float = 1.0) -> Measure:
        """Return an interval alone."""
        ends = {"low": self.number(low, form, scale), "high": self.number(high, form, scale)}
        names = self.heads("end low", "end high")
        return Measure(self.say("range", **ends), map(Part, names, [(end,) for end in ends.values()]))

    def probability(self, share: Probability) -> Measure:
        """Return a probability in percent with its standard error; for none or all members, the bound it is within."""
        form = ".1f" if share.probability_se < WHOLE_PERCENT else ".0f"
        if share.probability == 0.0:
            text = self.say("percent below", number=self.percent(share.probability_high, ".1f"))
        elif share.probability_se == 0.0:
            text = self.say("percent above", number=self.percent(share.probability_low, ".1f"))
        else:
            number, error = (self.percent(one, form) for one in (share.probability, share.probability_se))
            text = self.say("percent with error", number=number, error=error)
        names = [(), *self.heads("share low", "share high")]
        values = (share.probability, share.probability_low, share.probability_high)
        return Measure(
            text, [Part(name, (self.percent(one, ".1f"),), True) for name, one in zip(names, values, strict=True)]
        )

    def chance(self, share: Result) -> Text:
        """Return a probability in whole percents, or the percent that it is below or above."""
        small = float(self.results.definitions["small_percent"]) / 100
        if small <= share <= 1 - small:
            return self.say("probability is", number=self.percent(share))
        return self.say("probability below" if share < small else "probability above")

    def _ends(self, low: Number, high: Number) -> list[Part]:
        """The ends of the wide interval of what a column is of."""
        return list(map(Part, self.heads("lower", "upper"), [(low,), (high,)]))

    def change(self, rate: str, contribution: Contribution) -> Text:
        """Return by how much something raises or lowers a rate, in percentage points."""
        name = self.say(f"rate.{rate}")
        if contribution.size < WORTH_A_CLAUSE:
            return self.say("leaves", rate=name)
        effect = "raises" if contribution.mean >= 0 else "lowers"
        return self.say(effect, rate=name, points=self.number(contribution.size, ".2f"))

    def changes(self, of_both: Mapping[str, Contribution]) -> Text:
        """Return by how much something moves both rates, in one clause where it moves them the same way."""
        words = {"resident_rate": self.say("rate.resident"), "registered_rate": self.say("rate.registered")}
        sizes = {rate: self.number(one.size, ".2f") for rate, one in of_both.items()}
        if all(one.size < WORTH_A_CLAUSE for one in of_both.values()):
            return self.say("leaves both", **words)
        if all(one.size >= WORTH_A_CLAUSE for one in of_both.values()):
            for sentence, sign in (("raises both", 1), ("lowers both", -1)):
                if all(sign * one.mean > 0 for one in of_both.values()):
                    return self.say(sentence, **words, **sizes)
        # What moves most is said first.
        order = sorted(of_both.items(), key=lambda one: -one[1].size)
        return join([self.change(rate, one) for rate, one in order], self.language, "between clauses")

    def counted(self, *, surely: bool = False) -> Text:
        """Return how many targets are likely, unlikely and open, leaving out what there is none of."""
        counts, parts = self.results.counts, list[Text]()
        for name, certain in (("likely", "sure_yes"), ("unlikely", "sure_no"), ("open", "")):
            number = int(counts[name])
            if not number:
                continue
            told = surely and certain and int(counts[certain])
            every = " all" if told and int(counts[certain]) == number else ""
            gaps = {"surely": self.say(f"answer.surely{every} {name}") if told else ()} if certain else {}
            after = " after" if certain and parts else ""
            parts.append(self.say(f"answer.{name}{after}{' one' if number == 1 else ''}", **gaps))
        *before, last = parts
        return join([join(before, self.language, BETWEEN), last], self.language, BEFORE_LAST)

    def in_year(self, title: Name, year: Number) -> Text:
        """Return a title with a year, in brackets unless the title ends with some."""
        return self.say("with year behind" if title.text.endswith(("）", ")")) else "with year", title=title, year=year)

    @cached_property
    def _facts(self) -> dict[str, Run | Text]:
        facts = {**self.results.definitions, **self.results.counts}
        return {
            "scenario": self.title(self.evidence.scenario.title),
            "baseline": self.title(self.evidence.baseline.title),
            "seen": Name(self.evidence.manifest["evidence"]),
            "known": Name(members_in_words(self.evidence.manifest["evidence"], self.language)),
            "goal_year": self.count(self.target(self.evidence.headlines[0]).year),
            **{name: self.count(result) for name, result in facts.items()},
        }
