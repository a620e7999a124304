"""The text of one page: verdict, three figures, causes, what to do, and what it rests on."""

from __future__ import annotations

from typing import Final

from analysis.briefing.content import Name, Paragraph, Section, Table, Text
from analysis.briefing.likelihood import tone
from analysis.briefing.sections.advice import short_advice
from analysis.briefing.sections.answer import answer_headline, answer_published, driver
from analysis.briefing.sections.author import Author
from analysis.briefing.sections.limits import widest
from analysis.briefing.words import join

#: Figures that the page states.
FIGURES: Final = 3


def note_sections(author: Author) -> tuple[Section, ...]:
    """Return the parts of the page in the order of its reader's questions."""
    causes = [driver(author), author.say("note.binding", names=widest(author))]
    advice = [
        Paragraph(f"note.advice.{name}", text) for name, text in zip("abcdef", short_advice(author), strict=False)
    ]
    verdict = join(
        [author.say("note.verdict text", headline=answer_headline(author)), _counted(author)], author.language
    )
    return (
        author.section("note.verdict", (), Paragraph("note.answer", verdict, strong=True), _figures(author)),
        author.section(
            "note.causes", (), *(Paragraph(f"note.{name}", text) for name, text in zip("ab", causes, strict=True))
        ),
        author.section("note.advice", (), *advice),
        author.section("note.basis", (), Paragraph("note.conditional", _basis(author))),
    )


def _counted(author: Author) -> Text:
    return author.say("note.counted")


def _figures(author: Author) -> Table:
    """The first headline targets, the two rates before all: what is wanted, what comes out, and how likely."""
    targets = author.evidence.targets
    first = [targets[name] for name in author.evidence.headlines]
    others = [one for one in targets.values() if one.headline and one.modelled and one not in first]
    rows: list[tuple[Text, ...]] = []
    tones: dict[tuple[int, int], str] = {}
    for target in sorted([*first, *others], key=lambda one: (one not in first, one.year))[:FIGURES]:
        result = author.target(target.id)
        unit, form, scale = author.target_unit(target)
        unit = () if unit == ("%",) else author.say("note.unit", unit=unit)
        threshold = author.number(result.threshold, ",.5g", scale)
        tones[len(rows), 4] = tone(result.probability)
        name = author.say("note.figure", year=author.count(result.year), target=author.title(target.title))
        percent: Text = ("%",) if target.unit == "percent" else ()
        rows.append(
            (
                name + unit,
                author.say(f"note.{target.comparison}", number=(threshold, *percent)),
                (author.number(result.median, form, scale), *percent),
                author.interval(result.p05, result.p95, form, scale) + percent,
                author.probability(result),
            )
        )
    columns = author.heads("quantity", "board.wanted", "board.median", "board.interval", "board.odds")
    return author.table("note.figures", columns, rows, widths=(4.6, 1.7, 1.6, 2.3, 2.0), tones=tones)


def _basis(author: Author) -> Text:
    facts = author.evidence.manifest
    parts = [author.say("answer.conditional"), answer_published(author), author.say("note.weak")]
    versions = {name: Name(facts[name]) for name in ("model_hash", "scenario_hash") if name in facts}
    return join([*parts, author.say("note.made", **versions)], author.language)
