"""Ways to forge a briefing: each changes a fresh file as somebody might who wants it to say something else."""

from __future__ import annotations

import base64
import io
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from zipfile import ZIP_DEFLATED, ZipFile

from docx import Document
from fontTools.ttLib import TTFont
from openpyxl import load_workbook
from openpyxl.comments import Comment
from openpyxl.drawing.image import Image as SheetImage
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import Font, PatternFill
from openpyxl.worksheet.datavalidation import DataValidation
from PIL import Image
from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches, Pt

#: What forges a file, and words that the verification must say of it.
Forgery = tuple[Callable[[Path], None], str]


def replaced(was: str, becomes: str, count: int = 1) -> Callable[[Path], None]:
    """Change words of a page."""

    def forge(path: Path) -> None:
        text = path.read_text(encoding="utf-8")
        assert was in text
        path.write_text(text.replace(was, becomes, count), encoding="utf-8")

    return forge


def matched(pattern: str, becomes: str | Callable[[re.Match[str]], str]) -> Callable[[Path], None]:
    """Change the first match of a pattern in a page."""

    def forge(path: Path) -> None:
        text, number = re.subn(pattern, becomes, path.read_text(encoding="utf-8"), count=1, flags=re.DOTALL)
        assert number
        path.write_text(text, encoding="utf-8")

    return forge


def rezipped(change: Callable[[dict[str, bytes]], object]) -> Callable[[Path], None]:
    """Change parts of an Office file and leave the others as they are."""

    def forge(path: Path) -> None:
        with ZipFile(path) as archive:
            parts = {part: archive.read(part) for part in archive.namelist()}
        before = dict(parts)
        change(parts)
        assert parts != before
        with ZipFile(path, "w", ZIP_DEFLATED) as archive:
            for part, content in parts.items():
                archive.writestr(part, content)

    return forge


def in_part(part: str, was: str, becomes: str) -> Callable[[Path], None]:
    """Change words of a part of an Office file."""

    def change(parts: dict[str, bytes]) -> None:
        assert was in parts[part].decode(), part
        parts[part] = parts[part].decode().replace(was, becomes, 1).encode()

    return rezipped(change)


@contextmanager
def deck(path: Path) -> Iterator[Any]:
    """Open slides, and save them."""
    opened = Presentation(str(path))
    yield opened
    opened.save(str(path))


@contextmanager
def book(path: Path) -> Iterator[Any]:
    """Open a workbook, and save it."""
    opened = load_workbook(path)
    yield opened
    opened.save(path)


def shape(opened: Any, name: str) -> Any:
    """A shape of slides, by the start of its name."""
    return next(one for slide in opened.slides for one in slide.shapes if one.name.startswith(name))


def cell_of(opened: Any, block: str, row: int = 0, column: int = 0) -> Any:
    """A cell of a block of a workbook."""
    ((sheet, place),) = opened.defined_names[f"block_{block}"].destinations
    cells = opened[sheet][place.replace("$", "")]
    return cells[row][column] if isinstance(cells, tuple) else cells


def picture_file(colour: str = "red") -> BytesIO:
    """A small picture."""
    file = BytesIO()
    Image.new("RGB", (8, 8), colour).save(file, "PNG")
    file.seek(0)
    return file


def swapped_digits(path: Path) -> None:
    """Give the digit 1 the look of a 9 in the font of a page."""
    text = path.read_text(encoding="utf-8")
    address = re.search(r"data:font/woff;base64,([A-Za-z0-9+/=]+)", text)
    assert address is not None
    with TTFont(BytesIO(base64.b64decode(address[1]))) as font:
        for table in font["cmap"].tables:
            table.cmap[ord("1")], table.cmap[ord("9")] = table.cmap[ord("9")], table.cmap[ord("1")]
        file = BytesIO()
        font.save(file)
    path.write_text(text.replace(address[1], base64.b64encode(file.getvalue()).decode()), encoding="utf-8")


def redrawn(pattern: str, becomes: str | Callable[[re.Match[str]], str]) -> Callable[[Path], None]:
    """Change the first match of a pattern in the last drawing of a page."""

    def forge(path: Path) -> None:
        text = path.read_text(encoding="utf-8")
        *_, drawing = re.finditer(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)", text)
        changed, number = re.subn(pattern, becomes, base64.b64decode(drawing[1]).decode(), count=1)
        assert number
        assert changed != base64.b64decode(drawing[1]).decode()
        path.write_text(text.replace(drawing[1], base64.b64encode(changed.encode()).decode()), encoding="utf-8")

    return forge


def full_width(number: str) -> str:
    """The same number in digits that Python reads and no browser does."""
    return number.translate({ord("0") + digit: ord("０") + digit for digit in range(10)})


def larger(number: re.Match[str]) -> str:
    """What was found, its first group larger by ten."""
    return number[0].replace(number[1], str(float(number[1]) + 10))


def underscored(number: re.Match[str]) -> str:
    """What was found, its first group in a way that Python reads and no spreadsheet does."""
    return number[0].replace(number[1], re.sub(r"([0-9])([0-9])", r"\1_\2", number[1], count=1))


def in_full_width(number: re.Match[str]) -> str:
    """What was found, its first group in digits that Python reads and no browser does."""
    wide = {ord("0") + digit: ord("０") + digit for digit in range(10)}
    return number[0].replace(number[1], number[1].translate(wide))


def matched_in_part(part: str, pattern: str, becomes: Callable[[re.Match[str]], str]) -> Callable[[Path], None]:
    """Change the first match of a pattern in a part of an Office file."""

    def change(parts: dict[str, bytes]) -> None:
        text, number = re.subn(pattern, becomes, parts[part].decode(), count=1)
        assert number, part
        parts[part] = text.encode()

    return rezipped(change)


def chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a PNG file."""
    return len(content).to_bytes(4) + kind + content + zlib.crc32(kind + content).to_bytes(4)


def with_chunk(picture: bytes, kind: bytes, content: bytes) -> bytes:
    """A PNG picture with a chunk before its pixels, instead of those of the same kind; every pixel as it was."""
    with Image.open(BytesIO(picture)) as opened:
        opened.load()
    at = picture.index(b"IDAT") - 4
    start, rest = picture[:at], picture[at:]
    if kind in start:
        first = start.index(kind) - 4
        start = start[:first] + start[first + 12 + int.from_bytes(start[first : first + 4]) :]
    return start + chunk(kind, content) + rest


#: Turned by 180 degrees, as a camera notes it.
TURNED: Final = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x03\0\0\0\0\0\0"
#: Chunks of a PNG picture that change what is seen and no pixel.
CHUNKS: Final[Mapping[str, tuple[bytes, bytes]]] = {
    "a gamma": (b"gAMA", (500).to_bytes(4)),
    "a note to turn it": (b"eXIf", TURNED),
    "another resolution": (b"pHYs", (3937).to_bytes(4) + (39).to_bytes(4) + b"\1"),
    "a profile of colours": (b"iCCP", b"profile\0\0" + zlib.compress(b"profile")),
    "a note of its colours": (b"cHRM", bytes(32)),
    "a text": (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0<x/>"),
}


PAGE: Mapping[str, Forgery] = {
    "words that a style adds": (replaced("</style>", 'p::after { content: "100 %" }</style>'), "style sheet"),
    "a script": (replaced("</main>", "<script>document.title = 1</script></main>"), "<script>"),
    "a frame": (replaced("<main>", '<main><iframe srcdoc="100 %"></iframe>'), "<iframe"),
    "the same picture again": (matched(r"(<figure>.*?</figure>)", r"\1\1"), "<figure>"),
    "a heading": (replaced("<h2>走势</h2>", "<h2>目标全部实现</h2>"), "目标全部实现"),
    "words beside a picture": (matched(r'alt="[^"]*"', 'alt="全部达到"'), "picture fans.indicators"),
    "numerals in Chinese": (matched(r'(answer.takeaway">.*?)目标', r"\1目标有九成把握，"), "answer.takeaway"),
    "a number": (matched(r'(data-block="answer.answer".*?/median">)[0-9.]+', r"\g<1>99.9"), "answer.answer: '99.9'"),
    "a full value only": (
        matched(r'(data-block="answer.answer".*?<data value=")[0-9.]+("[^>]*/median")', r"\g<1>77.2\2"),
        "answer.answer: the full value is 77.2",
    ),
    "a full value in digits of another script": (
        matched(r'data-block="answer.answer".*?<data value="([0-9.]+)"[^>]*/median"', in_full_width),
        "answer.answer: the full value is ",
    ),
    "a full value with an underscore": (
        matched(r'data-block="answer.answer".*?<data value="([0-9.]+)"[^>]*/median"', underscored),
        "answer.answer: the full value is ",
    ),
    "a coordinate in digits of another script": (
        redrawn(r'<path d="M ([0-9.]+) ', in_full_width),
        "is not the one drawn from these results",
    ),
    "the key of a number": (replaced("resident.2025/median", "resident.2035/median"), "answer.answer"),
    "a sentence left out": (matched(r'<p data-block="answer.sure">.*?</p>', ""), "answer.sure"),
    "a sentence added": (replaced("<main>", "<main><p>92 %</p>"), "'<p> 92 % </p>"),
    "a sentence behind the end": (
        replaced("</html>", "</html><p>92 %</p>"),
        "behind the end of the page: '<p> 92 % </p>' was added",
    ),
    "words behind the end": (replaced("</html>", "</html>92 %"), "behind the end of the page: '92 %"),
    "words behind a sentence": (
        matched(r'(<p data-block="answer.sure">.*?</p>)', r"\1<p>92 %</p>"),
        "section answer: '<p> 92 % </p>' was added",
    ),
    "a conditional comment": (replaced("<main>", "<!--[if IE]>92 %<![endif]--><main>"), "a comment"),
    "the title": (matched(r"<title>.*?</title>", "<title>全部达到</title>"), "title: '全部达到'"),
    "the language of the page": (replaced('lang="zh-CN"', 'lang="en"'), 'lang="en"'),
    "the colour of a verdict": (
        matched(r'(<td class=")[^"]*(" data-block="board.table\[1,\d+\]">)', r"\1good\2"),
        "board.table[1,",
    ),
    "words out of sight": (
        replaced('<p data-block="answer.sure"', '<p style="display: none" data-block="answer.sure"'),
        "answer.sure",
    ),
    "the contents": (replaced('<a href="#board">目标看板', '<a href="#board">全部达到'), "contents: '全部达到'"),
    "another address": (
        replaced("<head>", '<head><meta http-equiv="refresh" content="0; url=other.html">'),
        "http-equiv",
    ),
    "another drawing": (redrawn('width="', 'width="9'), "is not the one drawn from these results"),
    "a picture on top": (replaced("</figure>", '<img src="data:," style="position: absolute"></figure>'), "position"),
    "another font": (swapped_digits, "the font is not the one cut out"),
    "an event": (replaced("<body>", '<body onload="alert(1)">'), "onload"),
    "a heading of a column": (
        matched(r'(data-block="board.table\[0,1\]">)[^<]*', r"\1全部达到"),
        "board.table[0,1]: '全部达到'",
    ),
    "the heading of a table": (matched(r'(data-block="board.table.title">)[^<]*', r"\1全部达到"), "board.table.title"),
    "two rows changed over": (
        matched(r"(<tr>\n<td[^\n]*board.table\[1,1\].*?</tr>\n)(<tr>.*?</tr>\n)", r"\2\1"),
        "board.table[",
    ),
    "a sign written otherwise": (replaced("。</p>", "&#12290;</p>"), "markup"),
}


def grouped_text(path: Path) -> None:
    with deck(path) as opened:
        group = opened.slides[1].shapes.add_group_shape()
        group.name = "group"
        group.shapes.add_textbox(0, 0, Inches(2), Inches(1)).text_frame.text = "100 %"


def covered(path: Path) -> None:
    with deck(path) as opened:
        slide = next(slide for slide in opened.slides for one in slide.shapes if one.name == "districts.map")
        slide.shapes.add_picture(picture_file(), 0, 0, Inches(9), Inches(6)).name = "cover"


def charted(path: Path) -> None:
    data = CategoryChartData()
    data.categories = ["2025"]
    data.add_series("rate", (99.9,))
    with deck(path) as opened:
        opened.slides[2].shapes.add_chart(XL_CHART_TYPE.LINE, 0, 0, Inches(3), Inches(3), data)


def on_shape(name: str, change: Callable[[Any], object]) -> Callable[[Path], None]:
    def forge(path: Path) -> None:
        with deck(path) as opened:
            change(shape(opened, name))

    return forge


def run_of(one: Any) -> Any:
    return one.text_frame.paragraphs[0].runs[0]


def on_deck(change: Callable[[Any], object]) -> Callable[[Path], None]:
    def forge(path: Path) -> None:
        with deck(path) as opened:
            change(opened)

    return forge


def layout_text(opened: Any) -> None:
    layout = opened.slide_layouts[5]
    layout.placeholders[0].text_frame.text = "100 %"


def swapped_slides(opened: Any) -> None:
    listed = opened.slides._sldIdLst
    listed.insert(1, listed[3])


def other_media(parts: dict[str, bytes]) -> None:
    part = sorted(name for name in parts if name.startswith("ppt/media/"))[0]
    parts[part] = picture_file().getvalue()


def other_data(parts: dict[str, bytes]) -> None:
    """Change the first number behind the first chart, where a user would."""
    name = sorted(name for name in parts if name.startswith("ppt/embeddings/"))[0]
    opened = load_workbook(io.BytesIO(parts[name]))
    opened.worksheets[0]["B2"].value = 99.9
    file = io.BytesIO()
    opened.save(file)
    parts[name] = file.getvalue()


def chunked(kind: bytes, content: bytes) -> Callable[[Path], None]:
    """Put a chunk into the first picture of slides."""

    def change(parts: dict[str, bytes]) -> None:
        parts["ppt/media/image1.png"] = with_chunk(parts["ppt/media/image1.png"], kind, content)

    return rezipped(change)


SLIDES: Mapping[str, Forgery] = {
    **{
        f"in a picture {name}": (chunked(*content), "picture districts.map is not the one drawn from these results")
        for name, content in CHUNKS.items()
    },
    "a sentence": (
        on_shape("answer.takeaway", lambda one: setattr(run_of(one), "text", "全部达到")),
        "slide 2, shape answer.takeaway: '全部达到'",
    ),
    "a cell": (
        on_shape("answer.table[", lambda one: setattr(one.table.cell(1, 3).text_frame, "text", "99.9")),
        "shape answer.table[1], row 2, column 4: <r> was added: '99.9'",
    ),
    "words in a group": (grouped_text, "slide 2: <grpSp> was added (called 'group'): '100 %'"),
    "a picture on top": (covered, "<pic> was added (called 'cover')"),
    "a chart": (charted, "slide 3: <graphicFrame> was added"),
    "what a chart remembers": (
        matched_in_part("ppt/charts/chart2.xml", r'<c:pt idx="12">\s*<c:v>([0-9.]{4,})</c:v>', larger),
        "slide 4, chart fans.resident",
    ),
    "the title of a chart": (
        matched_in_part("ppt/charts/chart1.xml", r"<a:t>(各项目标[^<]*)</a:t>", lambda _: "全部达到"),
        "slide 3, chart board.bars: ",
    ),
    "the data of a chart": (
        rezipped(other_data),
        "slide 3, chart board.bars, data: Sheet1!B2",
    ),
    "a crop": (on_shape("districts.map", lambda one: setattr(one, "crop_left", 0.5)), "shape districts.map"),
    "words of a layout": (on_deck(layout_text), "layout 6, which slides show"),
    "words of the master": (
        on_deck(lambda one: setattr(one.slide_master.placeholders[0].text_frame, "text", "100 %")),
        "master 1, which all slides show",
    ),
    "a slide out of sight": (
        on_deck(lambda one: one.slides[3]._element.set("show", "0")),
        "slide 4: show is '0' and should be not there",
    ),
    "a slide added": (
        on_deck(lambda one: one.slides.add_slide(one.slide_layouts[5])),
        "belongs to no briefing: a slide",
    ),
    "a slide left out": (
        on_deck(lambda one: one.slides._sldIdLst.remove(one.slides._sldIdLst[2])),
        "ppt/presentation.xml",
    ),
    "two slides changed over": (on_deck(swapped_slides), "ppt/presentation.xml"),
    "another picture": (rezipped(other_media), "is not the one drawn from these results"),
    "the notes of one slide": (
        on_deck(lambda one: setattr(one.slides[4].notes_slide.notes_text_frame, "text", "seed: 1")),
        "notes of slide 5",
    ),
    "words beside a picture": (
        on_shape("districts.map", lambda one: one._element.nvPicPr.cNvPr.set("descr", "全部达到")),
        "shape districts.map: descr is '全部达到'",
    ),
    "a shape moved away": (
        on_shape("answer.short", lambda one: setattr(one, "left", Inches(40))),
        "shape answer.short",
    ),
    "letters too small to read": (
        on_shape("answer.short", lambda one: setattr(run_of(one).font, "size", Pt(1))),
        "shape answer.short: sz is '100'",
    ),
    "white letters on white": (
        on_shape("answer.short", lambda one: setattr(run_of(one).font.color, "rgb", RGBColor(255, 255, 255))),
        "shape answer.short: val is 'FFFFFF'",
    ),
    "a link": (
        on_shape("answer.short", lambda one: setattr(run_of(one).hyperlink, "address", "other.html")),
        "shape answer.short: <hlinkClick> was added",
    ),
    "a row left out": (
        on_shape("answer.table[", lambda one: one.table._tbl.remove(one.table._tbl.tr_lst[1])),
        "shape answer.table[1]",
    ),
    "the title of the file": (on_deck(lambda one: setattr(one.core_properties, "title", "100 %")), "docProps/core.xml"),
    "an animation": (
        in_part("ppt/slides/slide2.xml", "</p:sld>", "<p:timing/></p:sld>"),
        "slide 2: <timing> was added",
    ),
    "a remark": (
        rezipped(lambda parts: parts.update({"ppt/comments/comment1.xml": b"<c>100 %</c>"})),
        "part ppt/comments/comment1.xml belongs to no briefing: comments",
    ),
    "a macro": (
        rezipped(lambda parts: parts.update({"ppt/vbaProject.bin": b"macro"})),
        "ppt/vbaProject.bin belongs to no briefing: a macro",
    ),
    "a part left out": (
        rezipped(lambda parts: parts.pop("ppt/media/image1.png")),
        "part ppt/media/image1.png is missing",
    ),
}


def in_book(change: Callable[[Any], object]) -> Callable[[Path], None]:
    def forge(path: Path) -> None:
        with book(path) as opened:
            change(opened)

    return forge


def on_cell(block: str, row: int, column: int, change: Callable[[Any], object]) -> Callable[[Path], None]:
    return in_book(lambda opened: change(cell_of(opened, block, row, column)))


def raised(by: float) -> Callable[[Any], None]:
    def change(cell: Any) -> None:
        cell.value += by

    return change


def conditional(opened: Any) -> None:
    rule = CellIsRule(operator="lessThan", formula=["100"], fill=PatternFill("solid", bgColor="DFF0E4"))
    opened["目标看板"].conditional_formatting.add("D5:D20", rule)


def validated(opened: Any) -> None:
    rule = DataValidation(showInputMessage=True, prompt="100 %")
    rule.add("A1")
    opened["目标看板"].add_data_validation(rule)


#: The first median of the target board, and what its place is called.
MEDIAN = ("board.table", 1, 6)

HEADER = "<headerFooter><oddHeader>100</oddHeader>"

WORKBOOK: Mapping[str, Forgery] = {
    "a number": (on_cell(*MEDIAN, raised(10)), "目标看板!G6"),
    "less of a number than is shown": (on_cell(*MEDIAN, raised(1e-6)), "目标看板!G6"),
    "a number with an underscore": (
        matched_in_part("xl/worksheets/sheet2.xml", r'<c r="G6"[^>]*><v>([0-9.]+)</v>', underscored),
        "目标看板!G6: ",
    ),
    "a number in digits of another script": (
        matched_in_part("xl/worksheets/sheet2.xml", r'<c r="G6"[^>]*><v>([0-9.]+)</v>', in_full_width),
        "目标看板!G6: ",
    ),
    "what a chart remembers with an underscore": (
        matched_in_part("xl/charts/chart1.xml", r"<c:pt idx=\"5\"><c:v>([0-9.]{4,})</c:v>", underscored),
        "sheet 走势, chart",
    ),
    "a number format": (
        on_cell(*MEDIAN, lambda cell: setattr(cell, "number_format", '"99.9 %"')),
        "目标看板!G6: its number format is '\"99.9 %\"'",
    ),
    "a formula": (on_cell(*MEDIAN, lambda cell: setattr(cell, "value", "=99.9")), "目标看板!G6"),
    "a sentence": (
        on_cell("answer.answer", 0, 0, lambda cell: setattr(cell, "value", "全部达到")),
        "结论!A4: '全部达到'",
    ),
    "a cell added": (in_book(lambda one: setattr(one["结论"]["Z90"], "value", 92)), "结论!Z90: '92' was added"),
    "a conditional format": (in_book(conditional), "sheet 目标看板: <conditionalFormatting> was added"),
    "a remark": (on_cell(*MEDIAN, lambda cell: setattr(cell, "comment", Comment("100 %", "a"))), "comments"),
    "a sheet out of sight": (
        in_book(lambda one: setattr(one["目标看板"], "sheet_state", "hidden")),
        "sheet 目标看板 is hidden",
    ),
    "a sheet added": (in_book(lambda one: one.create_sheet("全部达到")), "sheet 全部达到 was added"),
    "a sheet left out": (in_book(lambda one: one.remove(one["区县"])), "sheet 区县 is missing"),
    "a sheet called otherwise": (
        in_book(lambda one: setattr(one["区县"], "title", "全部达到")),
        "sheet 全部达到 was added",
    ),
    "a row out of sight": (
        in_part("xl/worksheets/sheet1.xml", '<row r="4"', '<row r="4" hidden="1"'),
        "sheet 结论: hidden is '1' and should be not there",
    ),
    "white letters on white": (
        on_cell(*MEDIAN, lambda cell: setattr(cell, "font", Font(color="FFFFFF"))),
        "目标看板!G6: its colour of letters is 'FFFFFF'",
    ),
    "the range of a chart": (
        in_part("xl/charts/chart1.xml", "走势!$B$18:$B$33", "走势!$E$18:$E$33"),
        "sheet 走势, chart '常住人口城镇化率 · 规划情景'",
    ),
    "the title of a chart": (
        in_part("xl/charts/chart1.xml", "常住人口城镇化率 · 规划情景", "全部达到"),
        "sheet 走势, chart '常住人口城镇化率 · 规划情景': '全部达到'",
    ),
    "what a chart remembers": (
        matched_in_part("xl/charts/chart1.xml", r'<c:pt idx="5"><c:v>([0-9.]{4,})</c:v>', larger),
        "sheet 走势, chart",
    ),
    "a picture": (in_book(lambda one: one["结论"].add_image(SheetImage(picture_file()), "A1")), "to no briefing"),
    "a message at a cell": (in_book(validated), "<dataValidations> was added"),
    "words at the head of a printed page": (
        in_part("xl/worksheets/sheet1.xml", "<headerFooter>", HEADER),
        "sheet 结论: <oddHeader> was added",
    ),
    "a result by its key": (
        in_book(lambda one: setattr(one["结果键"]["B5"], "value", 12.5)),
        "结果键!B5: '12.5'",
    ),
    "a name of a range": (
        in_part("xl/workbook.xml", "'结论'!$A$4</definedName>", "'结论'!$A$5</definedName>"),
        "xl/workbook.xml",
    ),
    "a style": (in_part("xl/styles.xml", "FFDFF0E4", "FFF8DFD8"), "its colour is 'F8DFD8' and should be 'DFF0E4'"),
    "a shared text of two cells": (
        in_part("xl/sharedStrings.xml", "<t>结论</t>", "<t>全部达到</t>"),
        "结论!A1: '全部达到'",
    ),
}  # fmt: skip


@contextmanager
def document(path: Path) -> Iterator[Any]:
    """Open a Word file, and save it."""
    opened = Document(str(path))
    yield opened
    opened.save(str(path))


def on_document(change: Callable[[Any], object]) -> Callable[[Path], None]:
    """Change a Word file as an editor would."""

    def forge(path: Path) -> None:
        with document(path) as opened:
            change(opened)

    return forge


def rewritten(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    """Change the bytes of a file."""

    def forge(path: Path) -> None:
        path.write_bytes(change(path.read_bytes()))

    return forge


def on_pdf(was: bytes, becomes: bytes) -> Callable[[Path], None]:
    """Change words of the page of a PDF, in its unpacked stream."""

    def forge(path: Path) -> None:
        content = path.read_bytes()
        streams = re.findall(rb"stream\n(.*?)\nendstream", content, re.DOTALL)
        packed = next(one for one in streams if b" Tf" in zlib.decompress(one))
        changed = zlib.decompress(packed).replace(was, becomes, 1)
        assert changed != zlib.decompress(packed)
        path.write_bytes(content.replace(packed, zlib.compress(changed)))

    return forge


def _written_last(opened: Any, text: str) -> None:
    """Write another text into the last run of the first paragraph of the verdict."""
    lead = next(one for one in opened.paragraphs if one.style.name == "Lead")
    lead.runs[-1].text = text


DOCUMENT: Mapping[str, Forgery] = {
    "a sentence": (on_document(lambda one: _written_last(one, "全部达到")), "全部达到"),
    "a paragraph": (on_document(lambda one: one.add_paragraph("全部达到")), "全部达到"),
    "a cell": (
        on_document(lambda one: setattr(one.tables[0].cell(1, 2).paragraphs[0].runs[0], "text", "100")),
        "table 1, row 2, column 3: ",
    ),
    "a colour": (in_part("word/document.xml", 'w:fill="F8DFD8"', 'w:fill="DFF0E4"'), "fill is 'DFF0E4'"),
    "the number of a caption": (
        in_part("word/document.xml", r"SEQ 图 \* ARABIC", r"SEQ 图 \r 7"), "SEQ 图",
    ),
    "a hidden word": (
        on_document(lambda one: setattr(one.paragraphs[1].runs[0].font, "hidden", True)), "<rPr> was added",
    ),
    "the foot of the pages": (
        on_document(lambda one: one.sections[0].footer.paragraphs[0].add_run("全部达到")), "foot of the pages",
    ),
    "a picture": (
        rezipped(lambda parts: parts.update({"word/media/image1.png": parts["word/media/image2.png"]})),
        "picture fans.indicators is not the one drawn from these results",
    ),
    "a comment": (
        on_document(lambda one: one.add_comment(one.paragraphs[1].runs, "全部达到", "a", "b")), "comments",
    ),
    "a style": (on_document(lambda one: setattr(one.styles["Lead"].font, "hidden", True)), "styles"),
    "another document": (
        in_part("docProps/custom.xml", ">report<", ">note<"), "belongs to no briefing: a picture",
    ),
}  # fmt: skip
NOTE: Mapping[str, Forgery] = {
    "a sentence": (on_document(lambda one: _written_last(one, "全部达到")), "全部达到"),
    "a figure": (
        on_document(lambda one: setattr(one.tables[0].cell(1, 2).paragraphs[0].runs[0], "text", "99.9%")),
        "table 1, row 2, column 3: ",
    ),
    "a title of the file": (on_document(lambda one: setattr(one.core_properties, "title", "全部达到")), "properties"),
}  # fmt: skip
PDF: Mapping[str, Forgery] = {
    "words": (on_pdf(b"Tj", b"Tj Tj"), "the words or lines of its page"),
    "a line drawn over words": (on_pdf(b"ET", b"ET 0 0 600 800 re f"), "the words or lines of its page"),
    "something at its end": (rewritten(lambda has: has + b"1 0 obj\n<<>>\nendobj\n"), "twice"),
    "words at its end": (rewritten(lambda has: has + b"more"), "between or behind its objects"),
    "its title": (
        rewritten(lambda has: has.replace(b"/Title ", b"/Title (x) /Other ", 1)),
        "its properties",
    ),
}  # fmt: skip


def entry(name: str, becomes: Callable[[str], str]) -> Callable[[Path], None]:
    """Change an entry of the manifest of a page."""
    return matched(rf'(?<=data-fact="{name}">)([^<]*)', lambda has: becomes(has[0]))


#: Entries of a page's manifest that no part of it shows to be wrong: the exit code, and what must be told first.
MANIFEST_ENTRIES: Mapping[str, tuple[Callable[[Path], None], int, str]] = {
    "other members": (
        entry("members", lambda has: str(int(has) + 2)),
        2,
        "entries members ({members}) and posterior_hash ({posterior_hash}) do not belong together",
    ),
    "another version that computes": (
        entry("versions", lambda has: re.sub("numpy [^,]+", "numpy 9.9.9", has)),
        0,
        "Versions of libraries that compute: the file says numpy 9.9.9, here it is numpy ",
    ),
    "another version that writes": (
        entry("written_with", lambda has: re.sub("^([^ ]+) [^,]+", r"\1 9.9.9", has)),
        0,
        "Versions of libraries that write: the file says ",
    ),
}
