"""A Word file as an office expects it: A4, named styles with Chinese and Latin fonts, numbered headings, fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

from docx import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Emu, Mm, Pt, RGBColor
from PIL import Image

from analysis.briefing.content import TONE_COLOURS, Imprint, Measure, Table, plain
from analysis.briefing.words import word
from analysis.briefing.writing.lines import POINT, WORD, broken, pieces, text_width
from analysis.briefing.writing.strip_dates import EPOCH, strip_dates
from analysis.briefing.writing.word_flow import Laid, PageCounter, rows_of

#: Fonts by role: of Latin letters and digits, of running text, headings, headings below these, and titles and tables.
LATIN, TEXT, HEADING, SUBHEADING, SONG = "Times New Roman", "FangSong", "SimHei", "KaiTi", "SimSun"
#: Millimetres of a page, and of its margins: top, right, bottom, left.
PAGE: Final = (210.0, 297.0)
#: What the manifest is kept in, and the property that says which document of the briefing it is.
PROPERTIES: Final = "docProps/custom.xml"
DOCUMENT: Final = "document"
LINES: Final = "BFC5CC"
#: Lines of a cell to the height of its letters; points above and below these together; and millimetres at their sides.
CELL_PITCH, CELL_ABOVE, CELL_SIDES = 1.35, 3.05, 2.6
#: How much wider bold letters are.
BOLD: Final = 1.08
#: The largest share of a page's height that a picture takes.
TALLEST: Final = 0.8
#: How much smaller a picture may become to fill what is left of a page, and what its caption takes in letters of cells.
SMALLEST, FOOT = 0.78, 6.0
#: Letters of a heading of numbers that stays on one line; lines on which a name may stand, and millimetres it has.
SHORT, NAME_LINES, NAME = 6, 2.4, 17.0
#: Letters of numbers from which on an interval stands below its median where columns are narrow.
LONG: Final = 9
#: Rows up to which a table is not parted, and those of a longer one that stay together at its beginning and its end.
WHOLE, FIRST_ROWS, LAST_ROWS = 5, 3, 2
NUMERALS: Final = "一二三四五六七八九十"
_PROPERTY_SET: Final = "{D5CDD505-2E9C-101B-9397-08002B2CF9AE}"
_CUSTOM: Final = "http://schemas.openxmlformats.org/officeDocument/2006/custom-properties"
_TYPES: Final = "http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes"


@dataclass(frozen=True)
class Look:
    """Points of letters and lines of running text, and millimetres of the margins: top, right, bottom, left."""

    size: float
    line: float
    margins: tuple[float, float, float, float]
    cells: float

    @property
    def width(self) -> float:
        """Millimetres across the text."""
        return PAGE[0] - self.margins[1] - self.margins[3]

    @property
    def height(self) -> float:
        """Millimetres down the text."""
        return PAGE[1] - self.margins[0] - self.margins[2]


class WordFile:
    """A document that is being written."""

    def __init__(self, language: str, look: Look) -> None:
        self.language, self.look = language, look
        self.document: Any = Document()
        self._bookmarks = 0
        self.pages = PageCounter(look.height / POINT)
        _clean(self.document, language)
        _page(self.document, look)
        self._styles()

    def _styles(self) -> None:
        look, chinese = self.look, self.language == "zh"
        add = self._style
        add("Normal", TEXT, look.size, look.line)
        indent = 2 if chinese else 0
        justified = WD_ALIGN_PARAGRAPH.JUSTIFY if chinese else WD_ALIGN_PARAGRAPH.LEFT
        after = 0 if chinese else look.line / 3
        add("Body Text", TEXT, look.size, look.line, indent=indent, align=justified, after=after)
        add("Lead", TEXT, look.size, look.line, indent=indent, align=justified, after=after, bold=True)
        add("Advice", TEXT, look.size, look.line, indent=indent, align=justified, after=after)
        add("Title", SONG, 22, 32, align=WD_ALIGN_PARAGRAPH.CENTER, bold=True, after=6)
        add("Subtitle", SUBHEADING, look.size, look.line, align=WD_ALIGN_PARAGRAPH.CENTER)
        add("Imprint", SUBHEADING, look.size, look.line, align=WD_ALIGN_PARAGRAPH.CENTER)
        add("Heading 1", HEADING, look.size, look.line, before=look.line / 3, keep=True, bold=not chinese)
        add("Heading 2", SUBHEADING, look.size, look.line, before=look.line / 4, keep=True, bold=not chinese)
        add("Caption", HEADING, look.cells + 1.5, look.cells * 2, align=WD_ALIGN_PARAGRAPH.CENTER, before=4)
        add("Figure", TEXT, look.size, None, align=WD_ALIGN_PARAGRAPH.CENTER, before=6, keep=True)
        add("Table Head", HEADING, look.cells, look.cells * CELL_PITCH, bold=not chinese)
        add("Table Text", SONG, look.cells, look.cells * CELL_PITCH)
        add("Source", SONG, look.cells, look.cells * 1.4, before=2, after=8)
        add("TOC Heading", HEADING, look.size, look.line, align=WD_ALIGN_PARAGRAPH.CENTER, bold=not chinese)
        add("toc 1", TEXT, look.size, look.line)
        add("toc 2", TEXT, look.size, look.line)
        add("Footer", SONG, 14, 20, align=WD_ALIGN_PARAGRAPH.CENTER)
        for level in (1, 2):
            properties = self.document.styles[f"toc {level}"].element.get_or_add_pPr()
            end = round(self.look.width / 25.4 * 1440)
            tabs = f'<w:tabs {nsdecls("w")}><w:tab w:val="right" w:leader="dot" w:pos="{end}"/></w:tabs>'
            properties.insert_element_before(parse_xml(tabs), "w:spacing", "w:ind", "w:jc")
            if level == 2:
                self.document.styles["toc 2"].paragraph_format.left_indent = Pt(2 * look.size if chinese else look.size)

    def _style(
        self,
        name: str,
        eastern: str,
        size: float,
        line: float | None,
        *,
        indent: int = 0,
        align: WD_ALIGN_PARAGRAPH | None = None,
        before: float = 0,
        after: float = 0,
        bold: bool = False,
        keep: bool = False,
    ) -> None:
        styles = self.document.styles
        style = styles[name] if name in styles else styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        if name not in ("Normal", "Body Text"):
            style.base_style = styles["Normal"]
        element = style.element
        for old in element.findall(qn("w:rPr")) + element.findall(qn("w:pPr")):
            element.remove(old)
        style.quick_style, style.hidden, style.unhide_when_used = True, False, False
        font, form = style.font, style.paragraph_format
        font.size, font.bold, font.italic, font.color.rgb = Pt(size), bold, False, RGBColor(0, 0, 0)
        _fonts(element.get_or_add_rPr(), eastern)
        form.space_before, form.space_after = Pt(before), Pt(after)
        # Lines of a fixed height, as official documents have them, so that pages break alike everywhere.
        form.line_spacing_rule = WD_LINE_SPACING.SINGLE if line is None else WD_LINE_SPACING.EXACTLY
        if line is not None:
            form.line_spacing = Pt(line)
        form.widow_control, form.keep_with_next = False, keep
        if align is not None:
            form.alignment = align
        if indent:
            form.first_line_indent = Pt(indent * size)
            element.pPr.find(qn("w:ind")).set(qn("w:firstLineChars"), str(100 * indent))

    def number(self, *, headings: bool = True) -> None:
        """Number the points of advice and, if wanted, the two levels of headings, as the language does."""
        chinese = self.language == "zh"
        kind = "chineseCountingThousand" if chinese else "decimal"
        first, second = ("%1、", "（%2）") if chinese else ("%1.", "%1.%2")
        suffix = "nothing" if chinese else "space"

        def defined(level: int, kind: str, style: str, text: str) -> str:
            return (
                f'<w:lvl w:ilvl="{level}"><w:start w:val="1"/><w:numFmt w:val="{kind}"/><w:pStyle w:val="{style}"/>'
                f'<w:suff w:val="{suffix}"/><w:lvlText w:val="{text}"/><w:lvlJc w:val="left"/></w:lvl>'
            )

        levels = defined(0, kind, "Heading1", first) + defined(1, kind, "Heading2", second)
        points = defined(0, "decimal", "Advice", "%1. " if chinese else "%1.")
        numbering = self.document.part.numbering_part.element
        lists: list[tuple[str, str, tuple[str, ...]]] = [(points, "singleLevel", ("Advice",))]
        if headings:
            lists.append((levels, "multilevel", ("Heading 1", "Heading 2")))
        for number, (inside, multi, styles) in enumerate(lists, 50):
            numbering.insert(
                0,
                parse_xml(
                    f'<w:abstractNum {nsdecls("w")} w:abstractNumId="{number}"><w:multiLevelType w:val="{multi}"/>'
                    f"{inside}</w:abstractNum>"
                ),
            )
            numbering.append(
                parse_xml(f'<w:num {nsdecls("w")} w:numId="{number}"><w:abstractNumId w:val="{number}"/></w:num>')
            )
            for level, name in enumerate(styles):
                properties = self.document.styles[name].element.get_or_add_pPr()
                own = f'<w:numPr {nsdecls("w")}><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>'
                properties._insert_numPr(parse_xml(own))
                if name != "Advice":
                    # A level of the outline is what a table of contents gathers.
                    outline = parse_xml(f'<w:outlineLvl {nsdecls("w")} w:val="{level}"/>')
                    properties.append(outline)

    def paragraph(self, text: str, style: str, see: Sequence[str] = ()) -> Any:
        r"""Add a paragraph, and behind it where to look: captions as `caption` returns them, "\0" before each."""
        self._lay(text + "".join(see).replace("\0", ""), style)
        paragraph = self.document.add_paragraph(text, style=style)
        for part in see:
            if part.startswith("\0"):
                runs = add_field(paragraph, rf"REF {bookmark_of(part[1:])} \h", part[1:])
            else:
                runs = [paragraph.add_run(part)]
            for run in runs:
                run.font.bold = False
        return paragraph

    def _lay(self, text: str, style: str, *, keep: bool = False, mark: str = "", height: float = 0.0) -> None:
        """Count what stands on the page, text in lines of its style, or something of a height in points."""
        used = self.document.styles[style]
        form, size = used.paragraph_format, used.font.size.pt
        indent = form.first_line_indent.pt * POINT if form.first_line_indent else 0.0
        pitch = form.line_spacing.pt if form.line_spacing_rule == WD_LINE_SPACING.EXACTLY else 0.0
        lines = broken(text, self.look.width, size, WORD, indent) if pitch else []
        heights = tuple(pitch for _ in lines) if pitch else (height + size * 0.3,)
        before, after = form.space_before.pt, form.space_after.pt
        self.pages.add(Laid(heights, before, after, keep or bool(form.keep_with_next), mark=mark))

    def heading(self, text: str, level: int, *, new_page: bool = False) -> str:
        """Add a heading, and return the bookmark around it."""
        self._bookmarks += 1
        name = f"_Toc{self._bookmarks:06d}"
        if new_page:
            self.pages.turn(ordered=True)
        self._lay(text, f"Heading {level}", mark=name)
        paragraph = self.document.add_paragraph(text, style=f"Heading {level}")
        if new_page:
            paragraph.paragraph_format.page_break_before = True
        marks = _bookmark(self._bookmarks, name)
        run = paragraph.runs[0]._r
        run.addprevious(marks[0])
        run.addnext(marks[1])
        return name

    def caption(self, kind: str, number: int, text: str, *, above: bool) -> None:
        """Add a caption, whose number is a field that Word counts."""
        label = word(f"report.{kind}", self.language)
        self._lay(f"{label} {number}  {text}", "Caption", keep=above)
        paragraph = self.document.add_paragraph(f"{label} ", style="Caption")
        self._bookmarks += 1
        start, end = _bookmark(self._bookmarks, bookmark_of(f"{label} {number}"))
        paragraph.runs[0]._r.addprevious(start)
        add_field(paragraph, rf"SEQ {label} \* ARABIC", str(number))[-1]._r.addnext(end)
        paragraph.add_run(f"  {text}" if self.language == "zh" else f". {text}")
        paragraph.paragraph_format.keep_with_next = above

    def table(self, block: Table, source: str | None = None) -> None:
        """Add a table and below it, if wanted, its source; if long it repeats its first row on each page.

        A median and the interval behind it stand on two lines where columns are too narrow for one.
        """
        lines = [[plain(text) for text in row] for row in (block.columns, *block.rows)]
        columns = self._column_widths(block, lines)
        if columns is None:
            unparted = [list(row) for row in lines]
            for row, texts in zip(lines[1:], block.rows, strict=True):
                row[:] = [
                    _parted(one) if isinstance(text, Measure) else one for one, text in zip(row, texts, strict=True)
                ]
            columns = self._column_widths(block, lines) or self._wished(block, lines)
            # A column that has room for its cells on one line keeps them there.
            for column, width in enumerate(columns):
                if self._whole([row[column] for row in unparted[1:]]) <= width:
                    for row, one in zip(lines, unparted, strict=True):
                        row[column] = one[column]
        widths = [round(36000 * width) for width in columns]
        table = self.document.add_table(rows=0, cols=len(widths))
        table.autofit = False
        _table_borders(table)
        for column, width in zip(table.columns, widths, strict=True):
            column.width = Emu(width)
        heights = []
        for number, row in enumerate(lines):
            cells = table.add_row().cells
            inside = [width / 36000 - CELL_SIDES for width in widths]
            most = max(
                sum(len(broken(line, across, self.look.cells, WORD)) for line in text.split("\n"))
                for text, across in zip(row, inside, strict=True)
            )
            heights.append(most * self.look.cells * CELL_PITCH + CELL_ABOVE)
            for column, (cell, text) in enumerate(zip(cells, row, strict=True)):
                cell.width = Emu(widths[column])
                cell.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.CENTER
                paragraph = cell.paragraphs[0]
                paragraph.style = self.document.styles["Table Text" if number else "Table Head"]
                paragraph.add_run(text)
                if column in block.numeric:
                    paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
                if tone := block.tones.get((number - 1, column), "") if number else "":
                    shade = f'<w:shd {nsdecls("w")} w:val="clear" w:color="auto" w:fill="{TONE_COLOURS[tone]}"/>'
                    cell._tc.tcPr.find(qn("w:vAlign")).addprevious(parse_xml(shade))
            properties = table.rows[-1]._tr.get_or_add_trPr()
            properties.append(parse_xml(f"<w:cantSplit {nsdecls('w')}/>"))
            if number == 0:
                properties.append(parse_xml(f"<w:tblHeader {nsdecls('w')}/>"))
        form = self.document.styles["Source"].paragraph_format
        below = 0.0
        if source is not None:
            across = len(broken(source, self.look.width, self.look.cells, WORD))
            below = form.space_before.pt + across * form.line_spacing.pt + form.space_after.pt
        whole = len(lines) <= WHOLE
        end = len(lines) - 1
        for number, row in enumerate(table.rows):
            # What is kept with the next row stays on its page; the last row, with the source.
            kept = number < end and (whole or number < FIRST_ROWS - 1 or number > end - LAST_ROWS)
            if kept or (source is not None and number == end):
                for cell in row.cells:
                    cell.paragraphs[0].paragraph_format.keep_with_next = True
        heights[-1] += below
        self.pages.add(Laid((sum(heights),)) if whole else rows_of(heights, FIRST_ROWS, LAST_ROWS))
        if source is not None:
            self.document.add_paragraph(source, style="Source")

    def _column_widths(self, block: Table, lines: Sequence[Sequence[str]]) -> list[float] | None:
        """Millimetres of columns that break no cell of numbers, names taking the rest; None where that fails."""
        names = [column for column in range(len(block.columns)) if column not in block.numeric]
        needed = self._least(lines)
        whole = [self._whole(column) for column in zip(*lines, strict=True)]
        for column, (heading, *cells) in enumerate(zip(*lines, strict=True)):
            if column in block.numeric:
                # A heading has two lines, or one if it is short.
                headed = self._whole([heading])
                short = len(heading) <= SHORT
                needed[column] = max(
                    needed[column], self._whole(cells), headed if short else min(0.55 * headed, 1.3 * NAME)
                )
            else:
                needed[column] = max(needed[column], min(whole[column], NAME), whole[column] / NAME_LINES)
        spare = self.look.width - sum(needed)
        if spare < 0 or not names:
            return None
        # Names have what they would take on one line, and what is left then is shared as the table wishes.
        for column in names:
            more = min(spare, max(0.0, whole[column] - needed[column]))
            needed[column] += more
            spare -= more
        shares = block.widths or (1.6, *[1.0] * (len(block.columns) - 1))
        return [need + spare * share / sum(shares) for need, share in zip(needed, shares, strict=True)]

    def _whole(self, cells: Sequence[str]) -> float:
        """Millimetres that the longest line of some cells takes."""
        lines = [line for cell in cells for line in cell.split("\n")]
        return max((text_width(line, self.look.cells, WORD) for line in lines), default=0.0) * BOLD + CELL_SIDES

    def _least(self, lines: Sequence[Sequence[str]]) -> list[float]:
        """Millimetres that the longest word of each column needs."""
        return [
            max(
                text_width(piece, self.look.cells, WORD) * BOLD
                for cell in column
                for line in cell.split("\n")
                for piece in pieces(line)
            )
            + CELL_SIDES
            for column in zip(*lines, strict=True)
        ]

    def _wished(self, block: Table, lines: Sequence[Sequence[str]]) -> list[float]:
        """Millimetres of columns, as the table wishes but for the room that its longest word needs."""
        shares = block.widths or (1.6, *[1.0] * (len(block.columns) - 1))
        wished = [self.look.width * share / sum(shares) for share in shares]
        least = self._least(lines)
        lacking = sum(max(0.0, need - wish) for need, wish in zip(least, wished, strict=True))
        spare = [max(0.0, wish - need) for need, wish in zip(least, wished, strict=True)]
        if not lacking or sum(spare) < lacking:
            return wished
        return [
            max(need, wish - lacking * room / sum(spare)) for need, wish, room in zip(least, wished, spare, strict=True)
        ]

    def has_room_for(self, file: Path) -> bool:
        """Return whether a picture and its caption fit on what is left of the page, a little smaller if need be."""
        return self._size(file)[1] / POINT + FOOT * self.look.cells < self.pages.left

    def _size(self, file: Path) -> tuple[float, float]:
        """Millimetres of a picture as wide as the text, or as high as a page bears; less where that fills the page."""
        with Image.open(file) as image:
            ratio = image.width / image.height
        width = min(self.look.width, self.look.height * TALLEST * ratio)
        left = (self.pages.left - (FOOT + 1) * self.look.cells) * POINT * ratio
        return (left if SMALLEST * width <= left < width else width), (
            left / ratio if SMALLEST * width <= left < width else width / ratio
        )

    def picture(self, file: Path, name: str, alt: str) -> None:
        """Add a picture."""
        width, height = self._size(file)
        self._lay("", "Figure", height=height / POINT)
        shape = self.document.add_paragraph("", style="Figure").add_run().add_picture(str(file), width=Mm(width))
        for side in ("distT", "distB", "distL", "distR"):
            shape._inline.set(side, "0")
        shape._inline.docPr.set("descr", alt)
        shape._inline.docPr.set("name", name)

    def imprint(self, paragraph: Any, imprint: Imprint, between: str) -> None:
        """Add unit and date to a paragraph, each as given or as a field to be filled in by hand."""
        parts = ((imprint.unit, "unit"), (imprint.day(self.language), "date"))
        for number, (given, kind) in enumerate(parts):
            if number:
                paragraph.add_run(between)
            if given:
                paragraph.add_run(given)
            else:
                paragraph._p.append(_fill_in(kind, word(f"fill in {kind}", self.language)))

    def contents(self, entries: Sequence[tuple[int, str, str, int]]) -> None:
        """Add a table of contents as a field; entries are level, text, bookmark and page."""
        for number, (level, text, bookmark, page) in enumerate(entries):
            paragraph = self.paragraph("", f"toc {level}")
            if number == 0:
                _add_marks(paragraph, r'TOC \o "1-2" \h \z \u', dirty=True)
            link = parse_xml(f'<w:hyperlink {nsdecls("w")} w:anchor="{bookmark}" w:history="1"/>')
            paragraph._p.append(link)
            for run in (paragraph.add_run(f"{text}\t"), *add_field(paragraph, rf"PAGEREF {bookmark} \h", str(page))):
                link.append(run._r)
            if number == len(entries) - 1:
                _mark(paragraph, "end")

    def number_pages(self) -> None:
        """Put the number of the page between dashes at its foot."""
        footer = self.document.sections[0].footer
        paragraph = footer.paragraphs[0]
        paragraph.style = self.document.styles["Footer"]
        paragraph.add_run("— ")
        add_field(paragraph, "PAGE", "1")
        paragraph.add_run(" —")

    def save(self, title: str, kind: str, manifest: Mapping[str, str]) -> bytes:
        """Return the file, with the manifest as its properties; the same content is the same bytes."""
        facts = self.document.core_properties
        facts.title, facts.author, facts.last_modified_by, facts.comments, facts.keywords = title[:255], "", "", "", ""
        facts.created = facts.modified = facts.last_printed = EPOCH
        facts.revision, facts.language = 1, "zh-CN" if self.language == "zh" else "en-GB"
        package = self.document.part.package
        blob = _properties({DOCUMENT: kind, **manifest})
        content_type = "application/vnd.openxmlformats-officedocument.custom-properties+xml"
        package.relate_to(
            Part(PackURI(f"/{PROPERTIES}"), content_type, blob, package), RELATIONSHIP_TYPE.CUSTOM_PROPERTIES
        )
        file = BytesIO()
        self.document.save(file)
        return strip_dates(file.getvalue())


def numbered(number: int, title: str, language: str) -> str:
    """Return a heading of the first level with its number, counted from zero, as `WordFile.number` has it.

    Examples
    --------
    >>> numbered(1, "结论", "zh"), numbered(1, "Conclusion", "en")
    ('二、结论', 'Conclusion')
    """
    return f"{NUMERALS[number]}、{title}" if language == "zh" else title


def add_field(paragraph: Any, instruction: str, shown: str) -> list[Any]:
    """Add a field with what it shows until Word works it out again, and return its runs."""
    runs = _add_marks(paragraph, instruction)
    runs.append(paragraph.add_run(shown))
    return [*runs, _mark(paragraph, "end")]


def _add_marks(paragraph: Any, instruction: str, *, dirty: bool = False) -> list[Any]:
    begin = _mark(paragraph, "begin")
    if dirty:
        begin._r[-1].set(qn("w:dirty"), "true")
    told = paragraph.add_run()
    told._r.append(parse_xml(f'<w:instrText {nsdecls("w")} xml:space="preserve"> {escape(instruction)} </w:instrText>'))
    return [begin, told, _mark(paragraph, "separate")]


def _mark(paragraph: Any, kind: str) -> Any:
    run = paragraph.add_run()
    run._r.append(parse_xml(f'<w:fldChar {nsdecls("w")} w:fldCharType="{kind}"/>'))
    return run


def bookmark_of(caption: str) -> str:
    """Return the bookmark of a caption by its label and number, such as "Figure 2"; Word hides it.

    Examples
    --------
    >>> bookmark_of("图 2"), bookmark_of("Table 11")
    ('_Ref7000002', '_Ref8400011')
    """
    label, number = caption.rsplit(" ", 1)
    return f"_Ref{ord(label[0]) % 100:02d}{int(number):05d}"


def _parted(text: str) -> str:
    """A median and what stands in brackets behind it, on two lines."""
    return text if len(text) < LONG else text.replace("（", "\n（").replace(" (", "\n(")


def _bookmark(number: int, name: str) -> tuple[Any, Any]:
    """The start and the end of a bookmark."""
    start = parse_xml(f'<w:bookmarkStart {nsdecls("w")} w:id="{number}" w:name="{name}"/>')
    return start, parse_xml(f'<w:bookmarkEnd {nsdecls("w")} w:id="{number}"/>')


def _fill_in(kind: str, shown: str) -> Any:
    """A content control that shows what belongs there, and for a date a calendar."""
    date = (
        '<w:date><w:dateFormat w:val="yyyy年M月d日"/><w:lid w:val="zh-CN"/></w:date>' if kind == "date" else "<w:text/>"
    )
    return parse_xml(
        f'<w:sdt {nsdecls("w")}><w:sdtPr><w:alias w:val={quoteattr(shown)}/><w:tag w:val="{kind}"/>'
        f"<w:showingPlcHdr/>{date}</w:sdtPr>"
        f"<w:sdtContent><w:r><w:t>{escape(shown)}</w:t></w:r></w:sdtContent></w:sdt>"
    )


def _fonts(properties: Any, eastern: str) -> None:
    fonts = properties.find(qn("w:rFonts"))
    if fonts is None:
        fonts = parse_xml(f"<w:rFonts {nsdecls('w')}/>")
        properties.insert(0, fonts)
    for name in list(fonts.attrib):
        del fonts.attrib[name]
    for name, font in (("ascii", LATIN), ("hAnsi", LATIN), ("eastAsia", eastern), ("cs", LATIN)):
        fonts.set(qn(f"w:{name}"), font)


def _clean(document: Any, language: str) -> None:
    """Take out what the library's template brings that no document of ours has, and set fonts and languages."""
    package = document.part.package
    for number, relation in list(package.rels.items()):
        if relation.reltype.endswith("/thumbnail"):
            del package.rels[number]
    for number, relation in list(document.part.rels.items()):
        if relation.reltype.endswith(("/customXml", "/stylesWithEffects")):
            del document.part.rels[number]
    settings = document.settings.element
    for setting in settings.iter(qn("w:compatSetting")):
        if setting.get(qn("w:name")) == "compatibilityMode":
            setting.set(qn("w:val"), "15")
    settings.find(qn("w:zoom")).set(qn("w:percent"), "100")
    settings.find(qn("w:themeFontLang")).set(qn("w:eastAsia"), "zh-CN")
    defaults = document.styles.element.find(qn("w:docDefaults")).find(qn("w:rPrDefault")).find(qn("w:rPr"))
    _fonts(defaults, TEXT)
    spoken = defaults.find(qn("w:lang"))
    spoken.set(qn("w:val"), "en-US" if language == "zh" else "en-GB")
    spoken.set(qn("w:eastAsia"), "zh-CN")


def _page(document: Any, look: Look) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Mm(PAGE[0]), Mm(PAGE[1])
    section.top_margin, section.right_margin, section.bottom_margin, section.left_margin = map(Mm, look.margins)
    section.header_distance, section.footer_distance = Mm(15), Mm(look.margins[2] * 0.6)
    grid = section._sectPr.find(qn("w:docGrid"))
    if grid is not None:
        section._sectPr.remove(grid)


def _table_borders(table: Any) -> None:
    """Lines above and below the table, thin ones between its rows, none between its columns."""
    lines = "".join(
        f'<w:{side} w:val="single" w:sz="{size}" w:space="0" w:color="{colour}"/>'
        for side, size, colour in (("top", 8, "000000"), ("bottom", 8, "000000"), ("insideH", 4, LINES))
    )
    properties = table._tbl.tblPr
    properties.append(parse_xml(f"<w:tblBorders {nsdecls('w')}>{lines}</w:tblBorders>"))
    sides = (("top", 30), ("left", 60), ("bottom", 30), ("right", 60))
    margins = "".join(f'<w:{side} w:w="{width}" w:type="dxa"/>' for side, width in sides)
    layout = properties.find(qn("w:tblLayout"))
    if layout is not None:
        properties.append(layout)
    properties.append(parse_xml(f"<w:tblCellMar {nsdecls('w')}>{margins}</w:tblCellMar>"))
    look = properties.find(qn("w:tblLook"))
    if look is not None:
        properties.append(look)


def _properties(facts: Mapping[str, str]) -> bytes:
    """The properties that Word shows as the user's own, a fact to each."""
    rows = "".join(
        f'<property fmtid="{_PROPERTY_SET}" pid="{number}" name={quoteattr(name)}><vt:lpwstr>{escape(fact)}</vt:lpwstr>'
        "</property>"
        for number, (name, fact) in enumerate(facts.items(), 2)
    )
    head = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    return f'{head}<Properties xmlns="{_CUSTOM}" xmlns:vt="{_TYPES}">{rows}</Properties>'.encode()
