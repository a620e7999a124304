"""The text of one page as a PDF file that brings its letters along."""

from __future__ import annotations

import json
from typing import Any, Final

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from analysis.briefing.content import TONE_COLOURS, Briefing, plain
from analysis.briefing.words import word
from analysis.briefing.writing.lines import POINT, SANS, SERIF, font_file, text_width
from analysis.briefing.writing.note_layout import (
    CELL_ABOVE,
    CELL_PITCH,
    CELL_SIDE,
    MARGINS,
    TITLE,
    Layout,
    Line,
    fit,
)
from analysis.briefing.writing.strip_dates import EPOCH
from analysis.briefing.writing.word_file import PAGE

RED: Final = (200, 16, 46)
LINES: Final = (191, 197, 204)
FACES: Final = {"title": SANS, "heading": SANS, "strong": SANS, "head": SANS}


def note_pdf(briefing: Briefing) -> bytes:
    """Return the page as PDF; the same content is the same bytes."""
    layout = fit(briefing)
    pdf = FPDF(unit="mm", format=PAGE)
    pdf.set_auto_page_break(False)
    pdf.set_margins(MARGINS[3], MARGINS[0], MARGINS[1])
    pdf.c_margin = 0
    pdf.set_creation_date(EPOCH)
    pdf.set_title(f"{word('note.title', briefing.language)} · {plain(briefing.subtitle)}"[:255])
    pdf.set_lang("zh-CN" if briefing.language == "zh" else "en-GB")
    # JSON in ASCII, so that it can be read back without a library.
    pdf.set_keywords(json.dumps(dict(briefing.manifest)))
    for face in (SANS, SERIF):
        pdf.add_font(face, "", font_file(face))
    pdf.add_page()
    top = MARGINS[0]
    for line in layout.lines:
        _draw(pdf, briefing, layout, line, top)
        top += line.height
    return bytes(pdf.output())


def _draw(pdf: FPDF, briefing: Briefing, layout: Layout, line: Line, top: float) -> None:
    left, across = MARGINS[3], PAGE[0] - MARGINS[1] - MARGINS[3]
    size, face = layout.size, FACES.get(line.kind, SERIF)
    if line.kind == "title":
        _write(pdf, line.cells[0][0], left, top, line.height, TITLE, face, RED, across, "C")
    elif line.kind == "imprint":
        imprint = briefing.imprint
        unit = imprint.unit or word("fill in unit", briefing.language)
        day = imprint.day(briefing.language) or word("fill in date", briefing.language)
        _write(pdf, unit, left, top, line.height, size, face)
        _write(pdf, day, left, top, line.height, size, face, across=across, align="R")
        pdf.set_draw_color(*RED)
        pdf.set_line_width(0.6)
        pdf.line(left, top + line.height, left + across, top + line.height)
    elif line.kind in ("head", "row"):
        _row(pdf, layout, line, top)
    elif line.cells:
        indent = 2 * size * POINT if line.first and briefing.language == "zh" else 0.0
        text = line.cells[0][0]
        # A full line of Chinese is spread to the edge, as its letters are set.
        spread = briefing.language == "zh" and line.kind in ("text", "strong") and not line.last and len(text) > 1
        extra = (across - indent - text_width(text, size, face)) / (len(text) - 1) if spread else 0.0
        align = "C" if line.kind == "subtitle" else "L"
        size -= line.kind == "subtitle"
        pitch = line.height if line.kind == "heading" else layout.pitch
        _write(pdf, text, left + indent, top, pitch, size, face, across=across - indent, align=align, extra=extra)


def _row(pdf: FPDF, layout: Layout, line: Line, top: float) -> None:
    size, face = layout.size - 1.5, FACES.get(line.kind, SERIF)
    left = MARGINS[3]
    for number, (width, cell, tone) in enumerate(zip(layout.widths, line.cells, line.tones, strict=True)):
        if tone:
            pdf.set_fill_color(*bytes.fromhex(TONE_COLOURS[tone]))
            pdf.rect(left, top, width, line.height, style="F")
        for place, text in enumerate(cell):
            pitch = size * CELL_PITCH * POINT
            # Words of a cell stand in the middle of its row.
            above = (line.height - len(cell) * pitch) / 2 if line.kind == "row" else CELL_ABOVE
            at = top + above + place * pitch
            align = "R" if number else "L"
            _write(pdf, text, left + CELL_SIDE, at, pitch, size, face, across=width - 2 * CELL_SIDE, align=align)
        left += width
    pdf.set_line_width(0.3 if line.kind == "head" else 0.15)
    pdf.set_draw_color(*((0, 0, 0) if line.kind == "head" else LINES))
    for at in (top, top + line.height) if line.kind == "head" else (top + line.height,):
        pdf.line(MARGINS[3], at, left, at)


def _write(
    pdf: FPDF,
    text: str,
    left: float,
    top: float,
    height: float,
    size: float,
    face: str,
    colour: tuple[int, int, int] = (0, 0, 0),
    across: float = 0.0,
    align: Any = "L",
    extra: float = 0.0,
) -> None:
    pdf.set_font(face, size=size)
    pdf.set_text_color(*colour)
    pdf.set_char_spacing(extra / POINT)
    pdf.set_xy(left, top)
    pdf.cell(across, height, text, align=align, new_x=XPos.RIGHT, new_y=YPos.TOP)
    pdf.set_char_spacing(0)
