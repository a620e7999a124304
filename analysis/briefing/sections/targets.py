"""The target board: what the plan wants, what comes out, by what margin and how likely."""

from __future__ import annotations

from collections.abc import Iterable

from analysis.briefing.content import (
    EVERYWHERE,
    PAGE_AND_WORKBOOK,
    PAGE_ONLY,
    Measure,
    Medium,
    Name,
    Paragraph,
    Part,
    Section,
    Table,
    Text,
)
from analysis.briefing.likelihood import tone
from analysis.briefing.sections.author import Author
from analysis.briefing.sections.drawings import odds
from analysis.briefing.words import join
from analysis.outcome.ratios import FELT, RATIOS, Moved
from analysis.outcome.words import SIGNS, say
from scenarios import Target


def target_section(author: Author) -> Section:
    """Return the board of all modelled targets, and the names of the others."""
    evidence = author.evidence
    modelled = [target for target in evidence.targets.values() if target.modelled]
    others = [(author.title(target.title),) for target in evidence.targets.values() if not target.modelled]
    names = join(dict.fromkeys(others), author.language, "between items")
    tracked = [Paragraph("board.tracked", author.say("board.tracked", names=names), PAGE_ONLY)] if others else []
    likelihoods = [
        (author.in_year(author.title(target.title), author.count(result.year)), result)
        for target in modelled
        for result in (author.target(target.id),)
    ]
    # The likeliest stand at the top.
    likelihoods.sort(key=lambda one: -one[1].probability)
    return author.section(
        "board",
        author.say("board.takeaway" if author.results.counts["reached"] >= 1 else "board.takeaway of none"),
        odds(author, "board.bars", author.say("board.chart"), likelihoods, whole=True),
        board(author, "board.table", modelled, PAGE_AND_WORKBOOK),
        # Those of the headline targets stand beside the answer.
        *reasons(author, "board.reasons", [one for one in modelled if not one.headline], PAGE_AND_WORKBOOK),
        Paragraph("board.reading", author.say("board.reading"), PAGE_AND_WORKBOOK),
        *tracked,
        notes=[author.say("notes.board", parts=author.counted()), author.say("notes.colours")],
    )


def board(author: Author, block: str, targets: Iterable[Target], where: frozenset[Medium] = EVERYWHERE) -> Table:
    """Return targets as rows, with the probability shown by colour, too."""
    columns = author.heads("board.target", "year", "board.wanted", "board.median", "board.interval", "board.margin")
    columns += author.heads("board.odds")
    compared = author.evidence.scenario.name != "baseline"
    if compared:
        columns.append(author.say("board.odds of", scenario=author.title(author.evidence.baseline.title)))
    rows: list[list[Text]] = []
    tones: dict[tuple[int, int], str] = {}
    for target in targets:
        result = author.target(target.id)
        unit, form, scale = author.target_unit(target)
        sign = form if form.startswith("+") else f"+{form}"
        threshold = author.number(result.threshold, ",.5g", scale)
        wanted = author.amount(target, threshold)
        if not author.is_whole(target):
            wanted = author.say("with sign", sign=SIGNS[target.comparison], amount=wanted)
        parts = [
            Part(author.say("board.sign"), (SIGNS[target.comparison],)),
            Part((), (threshold,)),
            Part(author.say("its unit"), unit),
        ]
        if target.tolerance:
            accepted = author.number(result.accepted, ",.5g", scale)
            wanted += author.say("board.accepted", accepted=author.amount(target, accepted))
            parts.append(Part(author.say("board.counts"), (accepted,)))
        row: list[Text] = [
            (author.title(target.title),),
            (author.count(result.year),),
            Measure(wanted, parts),
            (author.number(result.median, form, scale),),
            author.interval(result.p05, result.p95, form, scale),
            (author.number(result.margin, sign, scale),),
            author.probability(result),
        ]
        tones[len(rows), 6] = tone(result.probability)
        if compared:
            other = author.results.targets["baseline", target.id]
            row.append(author.probability(other))
            tones[len(rows), 7] = tone(other.probability)
        rows.append(row)
    widths = (4.0, 0.9, 2.4, 1.3, 2.3, 1.3, 2.1, 2.1)[: len(columns)]
    return author.table(block, columns, rows, widths=widths, tones=tones, where=where)


def reasons(
    author: Author, block: str, targets: Iterable[Target], where: frozenset[Medium] = PAGE_AND_WORKBOOK
) -> list[Paragraph]:
    """Return why ratios among targets are better than in the baseline: which of their two parts has moved.

    A ratio can be better because a quantity is lower, such as the gap of incomes where urban income falls.
    """
    evidence, shown = author.evidence, {target.id for target in targets}
    if evidence.scenario.name == "baseline":
        return []
    texts = [_reason(author, one) for one in evidence.ratios if one.better and one.target.id in shown]
    return [Paragraph(block, join(texts, author.language), where)] if texts else []


def _reason(author: Author, one: Moved) -> Text:
    ratio = RATIOS[str(one.target.variable)]
    names = {part: Name(say(quantity, author.language)) for part, quantity in ratio._asdict().items()}
    gaps = {}
    for part, change in (("above", one.above), ("below", one.below)):
        if abs(change) < FELT:
            gaps[part] = author.say("reason.same", quantity=names[part])
        else:
            size = author.results.ratios[one.target.id, part]
            sentence = "reason.higher" if change > 0 else "reason.lower"
            gaps[part] = author.say(sentence, quantity=names[part], size=author.percent(size, ".1f"))
    title, year = Name(say(str(one.target.variable), author.language)), author.target(one.target.id).year
    text = author.say("reason", target=title, year=author.count(year), **gaps)
    if not one.by_loss:
        return text
    lower = names["below" if one.target.comparison == "at least" else "above"]
    warning = author.say("reason.loss in part" if one.reason == "both" else "reason.loss", quantity=lower)
    return join([text, warning], author.language)
