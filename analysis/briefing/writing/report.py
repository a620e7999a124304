"""The briefing as a report in the order of official documents: status, conclusion, causes, suggestions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from analysis.briefing.content import Briefing, Paragraph, Picture, Section, Table, plain
from analysis.briefing.words import word
from analysis.briefing.writing.lines import POINT, WORD, broken
from analysis.briefing.writing.word_file import NUMERALS, Look, WordFile
from analysis.briefing.writing.word_flow import Laid, PageCounter

#: Chapters in order, each with the sections that stand in it; what none of them names stands in the last.
CHAPTERS: Final[Mapping[str, tuple[str, ...]]] = {
    "status": ("fans", "districts", "ages", "schools", "ledger"),
    "conclusion": ("answer", "board"),
    "causes": ("compare", "limits"),
    "advice": ("advice",),
    "basis": ("assumptions", "not"),
}
#: The share of a page that may be left empty before a chapter, for the sake of its pictures.
EMPTY: Final = 0.25
#: The same before a section of a chapter.
APART: Final = 0.29
#: Tables on which advice rests: measures, relief, school places, and what is not known.
RESTING: Final = ("schools.table", "compare.table", "limits.reliefs", "assumptions.unknown")
#: Facts of the manifest for a reader; the file's properties hold all, those for programs too.
STATED: Final = (
    "members", "evidence", "seed", "model_hash", "scenario_hash", "posterior_hash", "targets_hash", "code_hash",
    "briefing_hash", "boundaries", "unit", "dated",
)  # fmt: skip
#: Margins are those of the standard for official documents, GB/T 9704; so are the letters of the Chinese report.
LOOKS: Final = {
    "zh": Look(size=16, line=28, margins=(37, 26, 35, 28), cells=9),
    "en": Look(size=12, line=17, margins=(37, 26, 35, 28), cells=9),
}


def report(briefing: Briefing, charts: Mapping[str, Path]) -> bytes:
    """Return the report as a Word file; `charts` are the PNG files of its pictures by their ids."""
    return _Report(briefing, charts).written()


class _Report:
    """The report and what has been counted in it."""

    def __init__(self, briefing: Briefing, charts: Mapping[str, Path]) -> None:
        self.briefing, self.charts = briefing, charts
        self.language = briefing.language
        self.file = WordFile(self.language, LOOKS[self.language])
        self.file.number()
        self.counted = {"figure": 0, "table": 0}
        #: Pictures whose page has no room for them: what follows goes first, rather than leave the page empty.
        self.waiting: list[Picture] = []
        self.entries: list[tuple[int, str, str, int]] = []
        self.numbers = self._numbers()

    def written(self) -> bytes:
        briefing, file = self.briefing, self.file
        title = word("report.title", self.language)
        file.paragraph(title, "Title")
        file.paragraph(plain(briefing.subtitle), "Subtitle")
        file.imprint(file.paragraph("", "Imprint"), briefing.imprint, "\u3000\u3000")
        file.paragraph(word("contents", self.language), "TOC Heading")
        place = file.paragraph("", "Normal")
        file.pages = PageCounter(file.look.height / POINT)
        for number, (chapter, names) in enumerate(CHAPTERS.items()):
            self._chapter(number, chapter, [section for section in self._sections() if section.id in names])
        self._place_waiting(all_of_them=True)
        self._manifest()
        self._contents(place)
        file.number_pages()
        return file.save(title, "report", briefing.manifest)

    def _sections(self) -> list[Section]:
        return [*self.briefing.sections, *([self.briefing.advice] if self.briefing.advice else [])]

    def _chapter(self, number: int, chapter: str, sections: list[Section]) -> None:
        # Pictures of a chapter stand in it where that leaves little of a page empty.
        self._place_waiting(all_of_them=self.file.pages.left < EMPTY * self.file.pages.height)
        self._heading(1, number, word(f"report.{chapter}", self.language), new_page=number == 0)
        for place, section in enumerate(sections):
            # A chapter of one section has no headings below its own.
            if len(sections) > 1:
                title = word("report.answer", self.language) if section.id == "answer" else section.title
                # A picture stays in its section unless that leaves much of a page empty.
                self._place_waiting(all_of_them=self.file.pages.left < APART * self.file.pages.height)
                self._heading(2, place, title)
            blocks = [block for block in section.blocks if "page" in block.where]
            if section.takeaway:
                see = self._see([block.id for block in blocks])
                self.file.paragraph(self._sentence(plain(section.takeaway)), "Lead", see)
            for block in blocks:
                self._place_waiting()
                self._block(section, block)
            if section.id == "advice":
                self._place_waiting()
                first, *others = self._see(RESTING)
                self.file.paragraph(first.lstrip(), "Body Text", others)

    def _place_waiting(self, *, all_of_them: bool = False) -> None:
        """Put pictures for which an earlier page had no room where there is some, in their order."""
        while self.waiting and (all_of_them or self.file.has_room_for(self.charts[self.waiting[0].id])):
            self._picture(self.waiting.pop(0))

    def _numbers(self) -> dict[str, str]:
        """What each figure and table is called, by its block: they are counted in the order of the chapters."""
        counted, names = {Picture: 0, Table: 0}, dict[str, str]()
        sections = {section.id: section for section in self._sections()}
        for block in (
            block
            for chapter in CHAPTERS.values()
            for name in chapter
            if name in sections
            for block in sections[name].blocks
        ):
            if "page" in block.where and isinstance(block, Picture | Table):
                counted[type(block)] += 1
                label = word("report.figure" if isinstance(block, Picture) else "report.table", self.language)
                names[block.id] = f"{label} {counted[type(block)]}"
        return names

    def _see(self, blocks: Sequence[str]) -> list[str]:
        """Where to look, in parts: captions marked as such, figures before tables, and the words around them."""
        figure = word("report.figure", self.language)
        shown = sorted(
            (self.numbers[one] for one in blocks if one in self.numbers), key=lambda name: not name.startswith(figure)
        )
        if not shown:
            return []
        before, after = word("report.see", self.language).split("{references}")
        between = [word("between items", self.language)] * (len(shown) - 1)
        between[-1:] = [word("report.and", self.language)] * bool(between)
        parts = [f"\0{shown[0]}"]
        for text, name in zip(between, shown[1:], strict=True):
            parts += [text, f"\0{name}"]
        gap = "" if self.language == "zh" else " "
        return [gap + before, *parts, after]

    def _heading(self, level: int, number: int, text: str, *, new_page: bool = False) -> None:
        bookmark = self.file.heading(text, level, new_page=new_page)
        if self.language == "zh":
            numeral = NUMERALS[number]
            shown = f"{numeral}、{text}" if level == 1 else f"（{numeral}）{text}"
        else:
            chapter = sum(one[0] == 1 for one in self.entries)
            shown = f"{number + 1}. {text}" if level == 1 else f"{chapter}.{number + 1} {text}"
        self.entries.append((level, shown, bookmark, 0))

    def _sentence(self, text: str) -> str:
        """A takeaway, which has no full stop where it is a title, as a sentence."""
        stop = word("answer.full stop", self.language)
        return text if text.endswith((stop, "?", "？", "!", "！")) else text + stop

    def _block(self, section: Section, block: Any) -> None:
        if isinstance(block, Paragraph):
            advised = section.id == "advice" and not block.id.endswith(".reading")
            self.file.paragraph(plain(block.text), "Advice" if advised else "Body Text")
        elif isinstance(block, Picture):
            self.waiting.append(block)
            self._place_waiting()
        elif isinstance(block, Table):
            self.counted["table"] += 1
            self.file.caption("table", self.counted["table"], plain(block.title), above=True)
            source = plain(block.source)
            self.file.table(block, f"{word('workbook.source', self.language)}{source}" if source else "")

    def _picture(self, block: Picture) -> None:
        self.file.picture(self.charts[block.id], block.id, block.alt)
        self.counted["figure"] += 1
        self.file.caption("figure", self.counted["figure"], block.alt, above=False)

    def _manifest(self) -> None:
        self._heading(2, 2, word("manifest.section", self.language))
        self.file.paragraph(word("manifest.note", self.language), "Body Text")
        self.counted["table"] += 1
        title = word("manifest.section", self.language)
        self.file.caption("table", self.counted["table"], title, above=True)
        columns = tuple((word(f"manifest.{name}", self.language),) for name in ("field", "value"))
        manifest = self.briefing.manifest
        rows = tuple(((word(f"fact.{name}", self.language),), (manifest[name],)) for name in STATED if name in manifest)
        self.file.table(Table("manifest", (title,), columns, rows, widths=(1.0, 1.0)))
        self.file.paragraph(word("report.kept", self.language), "Source")

    def _front(self) -> PageCounter:
        """The title and the contents alone, counted: every entry has a line."""
        look = self.file.look
        counter = PageCounter(look.height / POINT)
        lines = len(broken(plain(self.briefing.subtitle), look.width, look.size, WORD))
        counter.add(Laid((32.0 + 6.0, *[look.line] * (lines + 2 + len(self.entries)))))
        return counter

    def _summary(self, place: Any) -> None:
        """Put the verdict behind the contents where the front page has room for it."""
        verdict = next(
            (block for one in self.briefing.note for block in one.blocks if isinstance(block, Paragraph)), None
        )
        if verdict is None:
            return
        look, text = self.file.look, plain(verdict.text)
        indent = 2 * look.size * POINT if self.language == "zh" else 0.0
        lines = len(broken(text, look.width, look.size, WORD, indent)) + 2
        front = self._front()
        if front.page == 1 and lines * look.line < front.left:
            place._p.addprevious(self.file.paragraph(word("report.answer", self.language), "TOC Heading")._p)
            place._p.addprevious(self.file.paragraph(text, "Body Text")._p)

    def _contents(self, place: Any) -> None:
        """Put the table of contents where it belongs, once every heading is known."""
        body = place._p.getparent()
        before = list(body)
        # The first chapter begins behind the pages of the title and of the contents.
        self.chapters, self.file.pages = self.file.pages, self._front()
        front = self.file.pages.page
        pages = [self.chapters.marks[bookmark] - 1 + front for _, _, bookmark, _ in self.entries]
        self.file.contents([(*one[:3], page) for one, page in zip(self.entries, pages, strict=True)])
        for paragraph in [one for one in body if one not in before]:
            place._p.addprevious(paragraph)
        self._summary(place)
        body.remove(place._p)
