"""The text of one page: verdict, three figures, causes, what to do, and what it rests on."""

from __future__ import annotations

from typing import Final

from analysis.briefing.content import Name, Paragraph, Section, Table, Text
from analysis.briefing.likelihood import tone
from analysis.briefing.sections.advice import short_advice
from analysis.briefing.sections.answer import LEVEL, answer_headline, answer_published, driver, no_blocker, relief_of
from analysis.briefing.sections.author import Author
from analysis.briefing.sections.limits import widest
from analysis.briefing.words import join
from scenarios import Target

#: Figures that the page states.
FIGURES: Final = 3


def note_sections(author: Author) -> tuple[Section, ...]:
    """Return the parts of the page in the order of its reader's questions."""
    short = [text for target in author.evidence.headlines if (text := _short(author, target))]
    targets = [author.evidence.targets[name] for name in author.evidence.headlines]
    helpless = [target for target in targets if relief_of(author, target) is None]
    elsewhere = [no_blocker(author, target, again) for target, again in zip(helpless, ("", " too"), strict=False)]
    binding = join([author.say("note.binding", names=widest(author)), *elsewhere], author.language)
    if short:
        short = [author.say("note.all short", parts=join(short, author.language, "between effects"))]
    causes = [join([*short, driver(author)], author.language), binding]
    advice = [
        Paragraph(f"note.advice.{name}", text) for name, text in zip("abcdef", short_advice(author), strict=False)
    ]
    verdict = join(
        [
            author.say("note.verdict text", headline=answer_headline(author)),
            author.say("note.counted", parts=author.counted()),
        ],
        author.language,
    )
    return (
        author.section("note.verdict", (), Paragraph("note.answer", verdict, strong=True), _figures(author)),
        author.section(
            "note.causes", (), *(Paragraph(f"note.{name}", text) for name, text in zip("ab", causes, strict=True))
        ),
        author.section("note.advice", (), *advice),
        author.section(
            "note.basis", (), Paragraph("note.conditional", _basis(author)), Paragraph("note.made", _made(author))
        ),
    )


def _short(author: Author, target: str) -> Text:
    """By how much a rate misses its target in the median; nothing where it does not."""
    result = author.target(target)
    if result.margin > -LEVEL:
        return ()
    rate = author.say("rate in full.resident" if target == author.evidence.headlines[0] else "rate in full.registered")
    return author.say("note.short", year=author.count(result.year), rate=rate, gap=author.number(result.distance))


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
        rows.append(
            (
                name + unit,
                author.say(
                    "note.all of it" if author.is_whole(target) else f"note.{target.comparison}",
                    number=_percent(author, target, (threshold,)),
                ),
                _percent(author, target, (author.number(result.median, form, scale),)),
                _percent(author, target, author.interval(result.p05, result.p95, form, scale)),
                author.probability(result),
            )
        )
    columns = author.heads("quantity", "board.wanted", "board.median", "board.interval", "board.odds")
    return author.table("note.figures", columns, rows, widths=(3.9, 2.0, 1.4, 2.3, 2.5), tones=tones)


def _percent(author: Author, target: Target, text: Text) -> Text:
    return author.say("percent", number=text) if target.unit == "percent" else text


def _basis(author: Author) -> Text:
    parts = [
        author.say("note.conditional"),
        author.say("note.signs"),
        answer_published(author, "note.published"),
        author.say("note.weak"),
    ]
    return join(parts, author.language)


def _made(author: Author) -> Text:
    versions = {name: Name(author.evidence.manifest[name]) for name in ("model_hash", "scenario_hash")}
    return author.say("note.made", **versions)
