"""The briefing as slides: native tables, charts as pictures, and in the notes of each slide what it was made from."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from PIL import Image
from pptx import Presentation
from pptx.dml.color import RGBColor
from pptx.enum.shapes import MSO_SHAPE
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.oxml.ns import qn
from pptx.util import Inches, Pt

from analysis.briefing.content import TONE_COLOURS, Briefing, Chart, Paragraph, Picture, Table, Text, plain
from analysis.briefing.words import word
from analysis.briefing.writing import slide_layout as layout
from analysis.briefing.writing.native_charts import add_chart
from analysis.briefing.writing.strip_dates import EPOCH, strip_dates

#: Fonts that machines with PowerPoint have; the eastern one is for Chinese characters.
LATIN, EASTERN = "Calibri", "Microsoft YaHei"
#: Colours as six hexadecimal digits.
INK, SOFT, BLUE, WASH, WHITE = "1D2733", "5B6673", "0B4F8A", "EEF4F9", "FFFFFF"
#: The layout "Title Only" of the template that python-pptx brings.
TITLE_ONLY: Final = 5


def slides(briefing: Briefing, charts: Mapping[str, Path]) -> bytes:
    """Return the presentation of a briefing; `charts` are the PNG files of its pictures by their ids."""
    deck = Presentation()
    deck.slide_width, deck.slide_height = Inches(layout.WIDTH), Inches(layout.HEIGHT)
    facts = deck.core_properties
    facts.title, facts.author, facts.last_modified_by = plain(briefing.title), "", ""
    facts.created = facts.modified = facts.last_printed = EPOCH
    _theme_fonts(deck)
    _cover(deck, briefing)
    spoken = [f"{word('notes.cover', briefing.language)}\n\n{notes(briefing)}"]
    for section in briefing.topics:
        if page := layout.placed(section):
            slide = _slide(deck, section.id, section.title, section.takeaway)
            _lay_out(slide, page, charts)
            spoken.append(plain(section.notes))
    for number, (slide, said) in enumerate(zip(deck.slides, spoken, strict=True), 1):
        slide.notes_slide.notes_text_frame.text = said
        if number > 1:
            _text(slide, "number", (str(number),), (layout.WIDTH - 1.3, 7.05, 0.75, 0.3), 10, SOFT, PP_ALIGN.RIGHT)
    file = BytesIO()
    deck.save(file)
    return strip_dates(file.getvalue())


def notes(briefing: Briefing) -> str:
    """Return the manifest as the notes of the first slide, a fact to a line.

    Examples
    --------
    >>> notes(Briefing("en", (), (), (), {"seed": "2020"})).splitlines()[-1]
    'seed: 2020'
    """
    facts = (f"{name}: {fact}" for name, fact in briefing.manifest.items())
    return "\n".join([word("notes.heading", briefing.language), *facts])


def _cover(deck: Any, briefing: Briefing) -> None:
    slide = _slide(deck, "", "", briefing.title)
    panel = slide.shapes.add_shape(MSO_SHAPE.RECTANGLE, 0, 0, Inches(layout.WIDTH), Inches(layout.HEIGHT))
    panel.name, panel.shadow.inherit = "panel", False
    panel.fill.solid()
    panel.fill.fore_color.rgb = _colour(BLUE)
    panel.line.fill.background()
    slide.shapes._spTree.remove(panel._element)
    slide.shapes._spTree.insert(2, panel._element)
    title = slide.shapes.title
    title.name = "title"
    _set_box(title, (layout.MARGIN + 0.4, 2.3, layout.WIDTH - 2 * layout.MARGIN - 0.8, 1.2))
    _write(title.text_frame, briefing.title, 40, WHITE, bold=True)
    _text(slide, "subtitle", briefing.subtitle, (layout.MARGIN + 0.4, 3.6, layout.BODY - 0.8, 1.4), 20, WHITE)
    signed = "    ".join(filter(None, (briefing.imprint.unit, briefing.imprint.day(briefing.language))))
    if signed:
        _text(slide, "imprint", (signed,), (layout.MARGIN + 0.4, 6.3, layout.BODY - 0.8, 0.5), 16, WHITE)


def _slide(deck: Any, section: str, topic: str, takeaway: Text) -> Any:
    slide = deck.slides.add_slide(deck.slide_layouts[TITLE_ONLY])
    title = slide.shapes.title
    title.name = f"{section}.takeaway"
    _set_box(title, (layout.MARGIN, 0.5, layout.BODY, 0.84))
    title.text_frame.word_wrap = True
    title.text_frame.margin_left = title.text_frame.margin_right = 0
    title.text_frame.vertical_anchor = MSO_ANCHOR.MIDDLE
    _write(title.text_frame, takeaway, layout.title_size(takeaway), BLUE, bold=True)
    if topic:
        _text(slide, "topic", (topic,), (layout.MARGIN, 0.2, layout.BODY, 0.32), 12, SOFT)
    return slide


def _lay_out(slide: Any, page: list[layout.Placed], charts: Mapping[str, Path]) -> None:
    for block, box in ((part.block, part.box) for part in page):
        if isinstance(block, Picture):
            _picture(slide, block, charts[block.id], *box[1::2])
        elif isinstance(block, Paragraph):
            _paragraph(slide, block, box)
        elif isinstance(block, Chart):
            add_chart(slide, block, box, (LATIN, EASTERN))
        else:
            _table(slide, block, box)


def _picture(slide: Any, block: Picture, file: Path, top: float, height: float) -> None:
    """Put a chart as large as fits, in the middle."""
    with Image.open(file) as image:
        ratio = image.width / image.height
    width = min(layout.BODY, height * ratio)
    left = (layout.WIDTH - width) / 2
    shape = slide.shapes.add_picture(str(file), Inches(left), Inches(top), Inches(width), Inches(width / ratio))
    shape.name = block.id
    shape._element.nvPicPr.cNvPr.set("descr", block.alt)


def _paragraph(slide: Any, block: Paragraph, box: tuple[float, float, float, float]) -> None:
    shape = _text(slide, block.id, block.text, box, layout.STRONG if block.strong else layout.PLAIN, INK)
    if block.strong:
        shape.fill.solid()
        shape.fill.fore_color.rgb = _colour(WASH)
        for side in ("left", "right", "top", "bottom"):
            setattr(shape.text_frame, f"margin_{side}", Inches(0.15))


def _table(slide: Any, block: Table, box: tuple[float, float, float, float]) -> None:
    left, top, width, height = box
    _text(slide, f"{block.id}.title", block.title, (left, top, width, 0.3), 13, INK, bold=True)
    widths = layout.column_widths(block)
    rows = block.rows[: layout.ROWS]
    inches = (Inches(side) for side in (left, top + 0.34, width, height - 0.34))
    frame = slide.shapes.add_table(len(rows) + 1, len(block.columns), *inches)
    frame.name = f"{block.id}[1]"
    table = frame.table
    # The plain style "No Style, Table Grid" would draw every line; these tables have their own.
    table._tbl.tblPr.find(qn("a:tableStyleId")).text = "{2D5ABB26-0587-4C30-8999-92F81FD0307C}"
    table._tbl.tblPr.set("bandRow", "0")
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Inches(width)
    for row, cells in enumerate([block.columns, *rows]):
        table.rows[row].height = Inches(layout.row_height(cells, widths))
        for column, text in enumerate(cells):
            tone = block.tones.get((row - 1, column), "") if row else ""
            _cell(table.cell(row, column), text, column in block.numeric, row == 0, tone)


def _cell(cell: Any, text: Text, right: bool, heading: bool, tone: str) -> None:
    cell.margin_left = cell.margin_right = Inches(0.07)
    cell.margin_top = cell.margin_bottom = Inches(0.03)
    cell.vertical_anchor = MSO_ANCHOR.BOTTOM if heading else MSO_ANCHOR.MIDDLE
    _write(
        cell.text_frame, text, layout.CELLS, SOFT if heading else INK, PP_ALIGN.RIGHT if right else None, bold=heading
    )
    if tone:
        cell.fill.solid()
        cell.fill.fore_color.rgb = _colour(TONE_COLOURS[tone])
    else:
        cell.fill.background()
    line = cell._tc.get_or_add_tcPr().makeelement(qn("a:lnB"), {"w": "12700" if heading else "6350"})
    fill = line.makeelement(qn("a:solidFill"), {})
    fill.append(fill.makeelement(qn("a:srgbClr"), {"val": "1D2733" if heading else "D9DEE4"}))
    line.append(fill)
    # Lines stand before the fill in a cell's properties.
    cell._tc.tcPr.insert(0, line)


def _text(
    slide: Any,
    name: str,
    text: Text,
    box: tuple[float, float, float, float],
    size: float,
    colour: str,
    align: PP_ALIGN | None = None,
    *,
    bold: bool = False,
) -> Any:
    shape = slide.shapes.add_textbox(*(Inches(side) for side in box))
    shape.name = name
    frame = shape.text_frame
    frame.word_wrap = True
    frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
    _write(frame, text, size, colour, align, bold=bold)
    return shape


def _write(
    frame: Any, text: Text, size: float, colour: str, align: PP_ALIGN | None = None, *, bold: bool = False
) -> None:
    paragraph = frame.paragraphs[0]
    paragraph.alignment = align or PP_ALIGN.LEFT
    for old in list(paragraph.runs):
        paragraph._p.remove(old._r)
    run = paragraph.add_run()
    run.text = plain(text)
    font = run.font
    font.size, font.bold, font.name = Pt(size), bold, LATIN
    font.color.rgb = _colour(colour)
    eastern = run._r.get_or_add_rPr().makeelement(qn("a:ea"), {"typeface": EASTERN})
    run._r.rPr.find(qn("a:latin")).addnext(eastern)


def _colour(code: str) -> Any:
    return RGBColor(*bytes.fromhex(code))  # type: ignore[no-untyped-call]


def _set_box(shape: Any, box: tuple[float, float, float, float]) -> None:
    shape.left, shape.top, shape.width, shape.height = (Inches(side) for side in box)


def _theme_fonts(deck: Any) -> None:
    """Name the fonts of the theme, which whatever is added by hand will take."""
    parts = (relation.target_part for relation in deck.slide_master.part.rels.values())
    theme = next(part for part in parts if part.partname.startswith("/ppt/theme/"))
    theme._blob = theme.blob.replace(b'<a:ea typeface=""/>', f'<a:ea typeface="{EASTERN}"/>'.encode())
