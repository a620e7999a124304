"""The text of one page as a Word file."""

from __future__ import annotations

from typing import Any, Final

from docx.enum.text import WD_TAB_ALIGNMENT
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.shared import Mm, Pt, RGBColor

from analysis.briefing.content import Briefing, Paragraph, Table, plain
from analysis.briefing.words import word
from analysis.briefing.writing.note_layout import ADVICE, MARGINS, PITCH, fit
from analysis.briefing.writing.word_file import Look, WordFile

RED: Final = "C8102E"


def note(briefing: Briefing) -> bytes:
    """Return the page as a Word file, in the largest letters in which it fits on the page."""
    size = fit(briefing, in_word=True).size
    look = Look(size, size * PITCH[briefing.language], MARGINS, size - 1.5)
    file = WordFile(briefing.language, look)
    file.number(headings=briefing.language == "zh")
    title = word("note.title", briefing.language)
    heading = file.paragraph(title, "Title")
    heading.runs[0].font.color.rgb = RGBColor.from_string(RED)
    heading.paragraph_format.space_after = Pt(0)
    _head_line(file, briefing)
    subtitle = file.paragraph(plain(briefing.subtitle), "Subtitle")
    subtitle.runs[0].font.size = Pt(size - 1)
    subtitle.paragraph_format.space_before = Pt(4)
    for section in briefing.note:
        file.paragraph(section.title, "Heading 1").paragraph_format.space_before = Pt(look.line / 4)
        for block in section.blocks:
            if isinstance(block, Table):
                file.table(block)
                _close(file)
            elif isinstance(block, Paragraph):
                style = "Advice" if section.id == ADVICE else "Lead" if block.strong else "Body Text"
                file.paragraph(plain(block.text), style)
    return file.save(title, "note", briefing.manifest)


def _head_line(file: WordFile, briefing: Briefing) -> None:
    """Unit at the left, date at the right, and a red line below."""
    paragraph: Any = file.paragraph("", "Normal")
    paragraph.paragraph_format.tab_stops.add_tab_stop(Mm(file.look.width), WD_TAB_ALIGNMENT.RIGHT)
    file.imprint(paragraph, briefing.imprint, "\t")
    line = f'<w:pBdr {nsdecls("w")}><w:bottom w:val="single" w:sz="12" w:space="2" w:color="{RED}"/></w:pBdr>'
    paragraph._p.get_or_add_pPr().insert_element_before(parse_xml(line), "w:tabs", "w:spacing", "w:ind", "w:jc")


def _close(file: WordFile) -> None:
    """A low empty line below the table, which stands on nothing otherwise."""
    gap = file.paragraph("", "Normal").paragraph_format
    gap.line_spacing = Pt(4)
