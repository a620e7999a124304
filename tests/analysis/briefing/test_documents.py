"""The report in Word and the text of one page: what an office needs of them, and that they say what the results say."""

from __future__ import annotations

import re
from dataclasses import replace
from zipfile import ZipFile

import pytest
from docx import Document
from docx.oxml.ns import qn
from PIL import Image

from analysis.briefing.charts import pictures, printed_size
from analysis.briefing.compose import compose
from analysis.briefing.content import Briefing, Imprint, Name, Number, Paragraph, Section, every_text, plain, signed
from analysis.briefing.request import BriefingError, read_imprint
from analysis.briefing.results import compute_results
from analysis.briefing.sections.answer import LEVEL
from analysis.briefing.verification.open_file import open_briefing
from analysis.briefing.writing.lines import SERIF, broken, text_width
from analysis.briefing.writing.note import note
from analysis.briefing.writing.note_layout import MARGINS, PITCH, SIZES, fit, lay_out
from analysis.briefing.writing.note_pdf import note_pdf
from analysis.briefing.writing.report import CHAPTERS
from analysis.briefing.writing.report import _Report as ReportWriter
from analysis.briefing.writing.word_file import PAGE
from analysis.outcome.words import LANGUAGES
from tests.support.briefings import call

CHINESE = re.compile(r"[\u4e00-\u9fff]")
DOCUMENTS = ("docx", "one_page.docx")
#: Fonts that come with Windows and with WPS.
OFFICE_FONTS = {"FangSong", "SimHei", "SimSun", "KaiTi"}


def style_of(paragraph) -> str:
    """The name of a paragraph's style."""
    return str(paragraph.style.name)


def texts_of(path):
    """Texts of paragraphs and cells of a Word file."""
    opened = Document(str(path))
    cells = [cell for table in opened.tables for row in table.rows for cell in row.cells]
    return {one.text for one in opened.paragraphs} | {cell.text for cell in cells}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_of_the_page_stands_in_the_report_too_and_advice(written, language):
    briefing, stands = written.composed[language], texts_of(written.path("docx", language))
    shown = [block for section in (*briefing.sections, briefing.advice) for block in section.blocks]
    wanted = {plain(block.text) for block in shown if isinstance(block, Paragraph) and "page" in block.where}
    assert len(wanted) > 20
    assert wanted <= stands


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_text_of_one_page_stands_in_its_word_file(written, language):
    briefing, stands = written.composed[language], texts_of(written.path("one_page.docx", language))
    wanted = {plain(text) for section in briefing.note for block in section.blocks for text in texts_in(block)}
    assert len(wanted) > 20
    assert wanted - {""} <= stands


def texts_in(block):
    """Texts of a paragraph or of a table's cells."""
    if isinstance(block, Paragraph):
        return [block.text]
    return [cell for row in (block.columns, *block.rows) for cell in row]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_one_page_and_no_line_leaves_it(written, language):
    content = written.path("pdf", language).read_bytes()
    assert len(re.findall(rb"/Type /Page\n", content)) == 1
    layout = fit(written.composed[language])
    room = PAGE[1] - MARGINS[0] - MARGINS[2]
    assert layout.size >= 10
    assert layout.height <= room
    # In Word the lines are as high: the paragraphs' spacing is a third of one at most.
    opened = Document(str(written.path("one_page.docx", language)))
    layout, style = fit(written.composed[language], in_word=True), opened.styles["Body Text"]
    assert style.font.size.pt == layout.size
    assert style.paragraph_format.line_spacing.pt == pytest.approx(layout.size * PITCH[language], abs=0.05)
    assert layout.height + 2 * layout.pitch <= room


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_scenario_with_an_endless_question_still_has_one_page(written, language):
    briefing = replace(written.composed[language], subtitle=(Name("问" * 300 if language == "zh" else "why " * 150),))
    layout = fit(briefing)
    assert layout.height < PAGE[1] - MARGINS[0] - MARGINS[2]
    assert len(re.findall(rb"/Type /Page\n", note_pdf(briefing))) == 1


def test_lines_are_no_longer_than_the_page_and_none_begins_with_a_comma(written):
    for language in LANGUAGES:
        for section in written.composed[language].note:
            for block in section.blocks:
                if isinstance(block, Paragraph):
                    lines = broken(plain(block.text), 160.0, 12.0, SERIF)
                    assert all(text_width(line, 12.0, SERIF) <= 160.0 + 2 * 12.0 * 25.4 / 72 for line in lines)
                    assert not [line for line in lines if line[0] in "，。；：）、%"]
                    assert "".join("".join(lines).split()) == "".join(plain(block.text).split())


def test_larger_letters_never_take_less_room(written):
    heights = [lay_out(written.composed["zh"], size).height for size in SIZES]
    assert heights == sorted(heights, reverse=True)


@pytest.mark.parametrize("language", LANGUAGES)
def test_chapters_stand_in_the_order_of_official_documents_with_contents_and_page_numbers(written, language):
    opened = Document(str(written.path("docx", language)))
    first = [one.text for one in opened.paragraphs if style_of(one) == "Heading 1"]
    assert len(first) == len(CHAPTERS)
    if language == "zh":
        assert first == ["现状与走势", "结论", "原因", "建议", "依据与适用边界"]
    body = opened.element.xml
    assert 'TOC \\o "1-2"' in body
    second = [one.text for one in opened.paragraphs if style_of(one) == "Heading 2"]
    entries = [one._p.xpath("string(.//w:hyperlink)") for one in opened.paragraphs if style_of(one).startswith("toc")]
    assert len(entries) == len(first) + len(second)
    assert all(any(title in entry for entry in entries) for title in (*first, *second))
    marks = set(re.findall(r'w:bookmarkStart [^>]*w:name="(_Toc[^"]+)"', body))
    assert set(re.findall(r'w:anchor="([^"]+)"', body)) == marks
    assert "PAGE" in opened.sections[0].footer._element.xml


#: How much of a page may be empty at its foot: less than the lowest picture, or a short table with its caption.
EMPTY = 0.3


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_of_the_report_is_left_half_empty(written, language, tmp_path):
    briefing, charts = written.composed[language], {}
    for picture in pictures(briefing):
        charts[picture.id] = tmp_path / f"{picture.name}.png"
        across, down = printed_size(picture)
        Image.new("L", (round(20 * across), round(20 * down))).save(charts[picture.id])
    made = ReportWriter(briefing, charts)
    made.written()
    pages = made.chapters
    # The contents stand on pages of their own before the first.
    left = {page: empty / pages.height for page, empty in pages.empty.items() if page > 1}
    assert len(left) > 12
    assert {page: round(empty, 2) for page, empty in left.items() if empty > EMPTY} == {}


def test_what_follows_a_picture_without_room_goes_first_and_pictures_keep_their_order(written):
    opened = Document(str(written.path("docx")))
    label = "图"
    shown = [one.text for one in opened.paragraphs if style_of(one) == "Caption" and one.text.startswith(label)]
    assert [int(text.split()[1]) for text in shown] == list(range(1, len(shown) + 1))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_table_and_picture_has_a_caption_that_word_counts(written, language):
    opened = Document(str(written.path("docx", language)))
    captions = [one for one in opened.paragraphs if style_of(one) == "Caption"]
    pictures = opened.element.body.findall(f".//{qn('w:drawing')}")
    assert len(captions) == len(opened.tables) + len(pictures)
    assert len(pictures) >= 7
    for kind in {one.text.split()[0] for one in captions}:
        fields = [one for one in captions if f"SEQ {kind} " in one._p.xml]
        numbers = [found for one in fields for found in re.findall(rf"^{kind}\s+(\d+)", one.text)]
        assert numbers == [str(number) for number in range(1, len(fields) + 1)]
    assert all(one.find(f".//{qn('wp:docPr')}").get("descr") for one in pictures)


@pytest.mark.parametrize("language", LANGUAGES)
def test_figures_and_tables_are_referred_to_by_fields_before_they_stand(written, language):
    opened = Document(str(written.path("docx", language)))
    captions = {}
    for number, one in enumerate(opened.paragraphs):
        if style_of(one) == "Caption":
            (mark,) = re.findall(r'w:bookmarkStart [^>]*w:name="(_Ref[^"]+)"', one._p.xml)
            captions[mark] = number, " ".join(re.findall(r"\S+", one.text)[:2]).rstrip(".")
    told: dict[str, tuple[int, str]] = {}
    for number, one in enumerate(opened.paragraphs):
        for mark in re.findall(r"REF (_Ref\d+) ", one._p.xml):
            told.setdefault(mark, (number, one.text))
    for mark, (_, text) in told.items():
        assert captions[mark][1] in text
    # All but what the report was made from, which is the last table, stand behind the words that send the reader there.
    unseen = [caption for mark, (number, caption) in captions.items() if mark not in told or told[mark][0] > number]
    assert len(unseen) == 1


@pytest.mark.parametrize("kind", DOCUMENTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_tables_repeat_a_header_row_and_break_no_row(written, kind, language):
    opened = Document(str(written.path(kind, language)))
    assert opened.tables
    for table in opened.tables:
        rows = table._tbl.findall(qn("w:tr"))
        heads = [row.find(f"{qn('w:trPr')}/{qn('w:tblHeader')}") is not None for row in rows]
        assert heads == [True, *[False] * (len(rows) - 1)]
        assert all(row.find(f"{qn('w:trPr')}/{qn('w:cantSplit')}") is not None for row in rows)


@pytest.mark.parametrize("kind", DOCUMENTS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_style_in_use_names_fonts_that_offices_have_for_both_scripts(written, kind, language):
    opened = Document(str(written.path(kind, language)))
    cells = [cell for table in opened.tables for row in table.rows for cell in row.cells]
    used = {style_of(one) for one in opened.paragraphs} | {style_of(one) for c in cells for one in c.paragraphs}
    assert len(used) >= 7
    for name in used:
        fonts = opened.styles[name].element.rPr.find(qn("w:rFonts"))
        assert fonts.get(qn("w:eastAsia")) in OFFICE_FONTS, name
        assert fonts.get(qn("w:ascii")) == "Times New Roman", name
        assert fonts.get(qn("w:asciiTheme")) is None, name


def test_advice_rests_on_a_number_each_and_on_none_that_is_lost_in_rounding(written):
    for language in LANGUAGES:
        briefing = written.composed[language]
        shown = [block for block in briefing.advice.blocks if isinstance(block, Paragraph)]
        points = [block for block in shown if not block.id.endswith("reading")]
        assert len(points) >= 2
        for point in points:
            keys = [run.key for run in point.text if isinstance(run, Number)]
            assert [key for key in keys if key.startswith(("contributions/", "gains/", "places/", "conditions/"))]
        told = {run.key: run.value for point in points for run in point.text if isinstance(run, Number)}
        moved = [value for key, value in told.items() if re.match("contributions/.*/(size|mean)$", key)]
        assert moved
        assert min(abs(value) for value in moved) >= LEVEL


def test_the_baseline_has_its_documents_too(written):
    alone = replace(written.evidence, scenario=written.evidence.baseline, comparison=None)
    for language in LANGUAGES:
        briefing = compose(alone, compute_results(alone), language)
        told = " ".join(plain(text) for place, text in every_text(briefing) if place.startswith("advice"))
        assert "contributions" not in told
        assert note(briefing).startswith(b"PK")
        assert note_pdf(briefing).startswith(b"%PDF")


def test_unit_and_date_stand_where_they_are_given_and_are_fields_to_fill_in_otherwise(written):
    plain_file = Document(str(written.path("one_page.docx")))
    tags = [one.get(qn("w:val")) for one in plain_file.element.body.iter(qn("w:tag"))]
    assert tags == ["unit", "date"]
    briefing = signed(written.composed["zh"], Imprint("市发展改革委", "2026-11-29"))
    assert briefing.manifest["unit"] == "市发展改革委"
    assert briefing.manifest["dated"] == "2026-11-29"
    first = note(briefing)
    assert first == note(briefing)
    assert "市发展改革委".encode() in part_of(first, "word/document.xml")
    assert "2026年11月29日".encode() in part_of(first, "word/document.xml")
    assert b"w:sdt" not in part_of(first, "word/document.xml")


def part_of(content: bytes, name: str) -> bytes:
    """A part of an Office file."""
    from io import BytesIO

    with ZipFile(BytesIO(content)) as archive:
        return archive.read(name)


@pytest.mark.parametrize(
    ("unit", "dated", "words"),
    [
        ("一" * 41, None, "--unit"),
        ("two\nlines", None, "--unit"),
        (None, "29.11.2026", "--dated"),
        (None, "2026-02-30", "--dated"),
        (None, "20261129", "--dated"),
        ("x" * 50, "soon", "--dated"),
    ],
)
def test_a_unit_or_date_that_is_none_is_refused(unit, dated, words):
    with pytest.raises(BriefingError, match=words):
        read_imprint(unit, dated)


def test_a_wrong_date_is_refused_before_anything_is_computed(tmp_path):
    outcome = call("brief", "--dated", "29.11.2026", "--unit", "x" * 50, "--out", tmp_path / "brief")
    assert outcome.exit_code == 2
    assert "--dated" in outcome.stderr
    assert "--unit" in outcome.stderr
    assert not list(tmp_path.rglob("*plan*"))


@pytest.mark.parametrize("kind", [*DOCUMENTS, "pdf"])
def test_documents_carry_the_manifest_where_a_reader_finds_it(written, kind):
    file = open_briefing(written.path(kind, "en"))
    assert file.manifest == written.composed["en"].manifest
    assert file.kind == {"docx": "report", "one_page.docx": "note", "pdf": "note pdf"}[kind]


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_documents_hold_no_name_of_a_program_or_person_and_no_date_of_their_making(written, kind):
    opened = Document(str(written.path(kind)))
    facts = opened.core_properties
    assert (facts.author, facts.last_modified_by, facts.comments) == ("", "", "")
    assert facts.created.year == facts.modified.year == 1980
    with ZipFile(written.path(kind)) as archive:
        assert {one.date_time for one in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert not [name for name in archive.namelist() if "thumbnail" in name or "customXml" in name]


def test_a_section_that_no_chapter_names_is_not_lost(written):
    named = {section for sections in CHAPTERS.values() for section in sections}
    briefing: Briefing = written.composed["zh"]
    assert briefing.advice is not None
    sections: list[Section] = [*briefing.sections, briefing.advice]
    assert {section.id for section in sections} == named
