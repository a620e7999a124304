"""Briefings: what they say is what the results say, in every file and both languages, and can be checked again."""

from __future__ import annotations

import base64
import itertools
import re
from dataclasses import replace
from datetime import date, timedelta
from html import unescape
from html.parser import HTMLParser
from io import BytesIO
from zipfile import ZipFile

import pytest
from fontTools.ttLib import TTFont
from matplotlib.text import Text
from openpyxl import load_workbook
from pptx import Presentation
from pptx.enum.chart import XL_CATEGORY_TYPE, XL_LEGEND_POSITION
from pptx.oxml.ns import qn

from analysis.briefing import study as evidence_module
from analysis.briefing.charts import FORMATS, SHRUNK, draw, figure, file_name, pictures, slide_sizes, write
from analysis.briefing.compose import compose
from analysis.briefing.content import (
    Briefing,
    Chart,
    Measure,
    Name,
    Number,
    every_text,
    find_mistakes,
    plain,
    texts_of,
)
from analysis.briefing.results import Result, compute_results
from analysis.briefing.sections import limits
from analysis.briefing.sections.advice import short_advice
from analysis.briefing.sections.answer import answer_section
from analysis.briefing.sections.author import TARGET_FORMS, Author
from analysis.briefing.sections.city import school_section
from analysis.briefing.words import templates
from analysis.briefing.words import word as word_of_briefing
from analysis.briefing.writing.page import page
from analysis.briefing.writing.slide_layout import BODY, BOTTOM, MARGIN, ROWS, TOP, WIDTH, placed
from analysis.briefing.writing.slides import slides
from analysis.briefing.writing.workbook import LINE, lone_number, workbook
from analysis.charts.panels import INDICATORS
from analysis.charts.style import chart_style
from analysis.outcome.bottlenecks import RELIEFS
from analysis.outcome.words import LANGUAGES, terms, word
from analysis.reach.probability import UNKNOWN_OF_2020
from model.city import city
from model.definition import model_hash
from scenarios import levers as levers_module
from scenarios import load_levers, load_targets
from tests.analysis.charts.test_figures import labels
from tests.support.briefings import MEMBERS, call, drawn_at_once, quick_briefings, write_briefing

KINDS = ("html", "pptx", "xlsx")
#: Excel counts days from here.
EXCEL_DAY_NOUGHT = date(1899, 12, 30)
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def evidence(written):
    return written.evidence


@pytest.fixture(scope="module")
def results(evidence):
    return compute_results(evidence)


@pytest.fixture(scope="module")
def briefing(evidence, results):
    """The content of the Chinese briefing."""
    return compose(evidence, results, "zh")


def test_one_call_leaves_page_slides_workbook_and_charts_in_both_languages(written):
    out, evidence = written.folder, written.evidence
    kinds = (*KINDS, "docx", "one_page.docx", "pdf")
    names = {written.path(kind, language).name for language in LANGUAGES for kind in kinds}
    assert len(names) == 12
    assert {path.name for path in out.iterdir()} == {*names, "figures"}
    charts = {path.suffix for path in (out / "figures").iterdir()}
    assert charts == {".png", ".svg"}
    assert not list(out.rglob("*partial*"))
    assert "briefing_plan_en.xlsx" in written.output
    assert evidence.members == MEMBERS


WRITTEN_NUMBERS = re.compile(r"^[<>≥≤≈]\s*\d|^[±+-]?\d[\d.,]*\s*%?\s*(?:至|to \d|[（(]±|[（(][\d.,+-]+(?:至| to ))")


@pytest.mark.parametrize("language", LANGUAGES)
def test_numbers_of_the_workbook_are_numbers(written, results, language):
    book = load_workbook(written.path("xlsx", language))
    texts = {
        f"{sheet.title}!{cell.coordinate}": cell.value
        for sheet in book.worksheets[:-2]
        for row in sheet.iter_rows()
        for cell in row
        if isinstance(cell.value, str) and WRITTEN_NUMBERS.match(cell.value) and len(cell.value) < 25
    }
    # Groups of ages are names.
    assert [text for text in texts.values() if not re.match(r".*岁|15 to 59", text)] == []
    ((sheet, place),) = book.defined_names["block_board.table"].destinations
    headings, first, *_ = book[sheet][place.replace("$", "")]
    by_name = {cell.value: value for cell, value in zip(headings, first, strict=True)}
    odds = "按时达到的概率" if language == "zh" else "Probability in time"
    share = results.targets["plan", "target.urbanization.resident.2025"]
    assert by_name[odds].value == pytest.approx(share.probability)
    assert by_name[odds].number_format.endswith("%")
    ends = [("90%区间（下端）", share.p05), ("90%区间（上端）", share.p95)] if language == "zh" else []
    for name, end in ends:
        assert by_name[name].value == pytest.approx(end)


def series_of(chart):
    return [series for plot in chart.plots for series in plot.series]


def categories_of(chart):
    """What stands on the axis of names: years on an axis of dates, words on another."""
    names = [str(name) for name in chart.plots[0].categories]
    if chart.category_axis.category_type != XL_CATEGORY_TYPE.TIME_SCALE:
        return names
    return [str((EXCEL_DAY_NOUGHT + timedelta(days=int(float(name)))).year) for name in names]


def charts_of(path):
    """Native charts of slides, by the names of their shapes."""
    shapes = [shape for slide in Presentation(str(path)).slides for shape in slide.shapes]
    return {shape.name: shape.chart for shape in shapes if shape.has_chart}


def texts_of_file(path):
    """Texts of a file as a reader meets them, without blanks: an end of a line is no word."""
    if path.suffix == ".html":
        blocks = re.findall(r'data-block="[^"]*"[^>]*>(.*?)</(?:p|h1|th|td|caption)>', path.read_text(encoding="utf-8"))
        return {unescape(re.sub(r"<[^>]*>", "", block)) for block in blocks}
    if path.suffix == ".pptx":
        shapes = [shape for slide in Presentation(str(path)).slides for shape in slide.shapes]
        tables = [shape.table for shape in shapes if shape.has_table]
        inside = {cell.text_frame.text for table in tables for row in table.rows for cell in row.cells}
        for chart in (shape.chart for shape in shapes if shape.has_chart):
            inside |= {one.name for one in series_of(chart)} | set(categories_of(chart))
            title = chart.chart_title.text_frame.text
            # With and without the unit, which stands last in brackets.
            inside |= {title, re.sub(r"(（[^（）]*）| \([^()]*\)|(?<=）)，.*|(?<=\)), .*)$", "", title)}
        return inside | {shape.text_frame.text for shape in shapes if shape.has_text_frame}
    values = [cell.value for sheet in load_workbook(path) for row in sheet.iter_rows() for cell in row]
    return {value if isinstance(value, int | float) else str(value) for value in values}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_text_and_number_of_the_content_stands_in_the_file(written, evidence, results, kind, language):
    place = {"html": "page", "pptx": "slides", "xlsx": "workbook"}[kind]
    stands = texts_of_file(written.path(kind, language))
    content = compose(evidence, results, language)
    wanted = [
        text
        for section in content.topics
        for block in section.blocks
        if place in block.where
        for position, text in texts_of(block)
        # Units stand in titles, and the values of charts are tested below.
        if plain(text) and not (isinstance(block, Chart) and position.endswith((".unit", ".value")))
    ]
    assert len(wanted) > (100 if kind == "pptx" else 300)
    numbers = {round(value, 9) for value in stands if isinstance(value, int | float)}
    lines = "\n" + "\n".join(map(str, stands))
    for text in wanted:
        number = lone_number(text) if kind == "xlsx" else None
        if kind == "xlsx" and isinstance(text, Measure):
            # Shares are kept as such and shown in percent.
            ours = [one for part in text.parts if (one := lone_number(part.text))]
            assert all({round(one.shown, 9), round(one.value, 9)} & numbers for one in ours), plain(text)
            continue
        if kind == "xlsx" and any(f"\n{plain(text)}{mark}" in lines for mark in (" (", "（", ", ", "，")):
            # A heading stands above each part.
            continue
        assert plain(text) in stands if number is None else round(number.shown, 9) in numbers, plain(text)


def test_content_that_types_a_number_or_tells_another_result_is_found(results):
    wrong = Number("counts/members", MEMBERS + 1.0, ".0f")
    said = Briefing("en", ("Of 30 members, ", wrong), (Number("counts/unicorns", 1.0),), ())
    assert [problem.split(": ")[0] for problem in find_mistakes(said, results.by_key())] == [
        "title",
        "title",
        "subtitle",
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_slides_are_ten_with_a_finding_each_and_notes_in_sentences(written, evidence, language):
    deck = Presentation(str(written.path("pptx", language)))
    assert 8 <= len(deck.slides) <= 10
    titles = [slide.shapes.title.text_frame.text for slide in deck.slides]
    assert len(set(titles)) == len(titles)
    first, *others = [slide.notes_slide.notes_text_frame.text for slide in deck.slides]
    for fact in ("model_hash", "posterior_hash", "scenario_hash", "seed", "versions"):
        assert f"{fact}: {evidence.manifest[fact]}" in first
    for notes in others:
        assert notes.endswith("。" if language == "zh" else ".")
        assert str(MEMBERS) in notes
        assert len(re.findall("[。.]", notes)) >= 3
        assert "model_hash" not in notes
    # The interval of what is shown is told on each but that of the grades.
    assert sum("90" in notes for notes in others) >= 6
    tables = [shape.table for slide in deck.slides for shape in slide.shapes if shape.has_table]
    assert all(len(table.rows) <= ROWS + 1 for table in tables)


@pytest.mark.parametrize("language", LANGUAGES)
def test_blocks_of_a_slide_stand_inside_it_and_beside_each_other(evidence, results, language):
    for section in compose(evidence, results, language).topics:
        boxes = [one.box for one in placed(section)]
        for left, top, width, height in boxes:
            assert left >= MARGIN - 1e-9
            assert left + width <= WIDTH - MARGIN + 1e-9
            assert top >= TOP - 1e-9
            assert top + height <= BOTTOM + 1e-9, section.id
            # A chart that is not high enough to be read is no chart.
            assert height > (1.4 if width < BODY else 0.2)
        for a, b in itertools.combinations(boxes, 2):
            apart = a[0] + a[2] <= b[0] or b[0] + b[2] <= a[0] or a[1] + a[3] <= b[1] or b[1] + b[3] <= a[1]
            assert apart, section.id


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_slide_says_what_to_do_and_what_it_brings_with_intervals(written, language):
    composed = written.composed[language]
    assert composed.advice is not None
    (slide,) = [
        slide
        for slide in Presentation(str(written.path("pptx", language))).slides
        if slide.shapes.title.text_frame.text == plain(composed.advice.takeaway)
    ]
    (table,) = [shape.table for shape in slide.shapes if shape.has_table]
    amounts = [row.cells[2].text_frame.text for row in list(table.rows)[1:]]
    assert len(amounts) >= 2
    # The last row may be a pair of probabilities with their errors.
    assert all(re.search(r"（.*至.*）|\(.* to .*\)|±", amount) for amount in amounts)
    assert all(cell.text_frame.text for row in table.rows for cell in row.cells)


def test_chinese_texts_hold_no_english_word_and_english_ones_no_chinese(written):
    told = {
        language: [plain(text) for _, text in every_text(composed)] + [section.title for section in composed.topics]
        for language, composed in written.composed.items()
    }
    # Hashes of the page's foot are no words.
    words = [re.findall("[A-Za-z]{3,}", re.sub("[0-9a-f]{12}", "", text)) for text in told["zh"]]
    assert [found for found in words if found] == []
    assert [text for text in told["en"] if CHINESE.search(text)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_table_has_a_column_that_is_empty_and_no_row_that_says_nothing(written, language):
    tables = [
        block for section in written.composed[language].topics for block in section.blocks if hasattr(block, "rows")
    ]
    assert len(tables) > 10
    for table in tables:
        for column in zip(*table.rows, strict=True):
            assert any(map(plain, column)), table.id
        assert len({plain(row[0]) + plain(row[-1]) + plain(row[1]) for row in table.rows}) == len(table.rows), table.id


def test_charts_of_slides_are_native_with_the_results_in_them(written, results):
    charts = charts_of(written.path("pptx"))
    assert len(charts) >= 9
    fan = charts["fans.resident"]
    names = [one.name for one in series_of(fan)]
    assert names == ["中位数 −", "90%区间", "50%区间", "90%区间", "中位数", "观测值", "规划目标"]
    categories = categories_of(fan)
    assert (categories[0], categories[-1]) == ("2010", "2035")
    base, low, inner, high, median, observed, wanted = (
        dict(zip(categories, one.values, strict=True)) for one in series_of(fan)
    )
    spread = results.series["plan", "target resident urbanization rate"][2030]
    assert base["2030"] == pytest.approx(spread.p05)
    assert base["2030"] + low["2030"] + inner["2030"] + high["2030"] == pytest.approx(spread.p95)
    assert median["2030"] == pytest.approx(spread.median)
    assert median["2015"] is None
    assert observed["2010"] == pytest.approx(62.39)
    assert observed["2023"] == pytest.approx(75.3)
    assert wanted["2025"] == pytest.approx(78.5)
    # Before the run there is no band.
    assert low["2015"] == high["2015"] == 0.0
    bars = charts["board.bars"]
    assert len(bars.plots[0].categories) == 22


def test_years_of_native_charts_stand_upright_five_apart_in_every_program(written):
    fans = [chart for name, chart in charts_of(written.path("pptx")).items() if name.startswith(("fans.", "schools."))]
    assert len(fans) == 4
    for chart in fans:
        axis = chart.category_axis._element
        assert axis.tag == qn("c:dateAx")
        told = {name: axis.find(qn(f"c:{name}")).get("val") for name in ("baseTimeUnit", "majorUnit", "majorTimeUnit")}
        assert told == {"baseTimeUnit": "years", "majorUnit": "5", "majorTimeUnit": "years"}
        assert axis.find(qn("c:numFmt")).get("formatCode") == "yyyy"


def test_legend_of_low_bars_stands_beside_them_and_leaves_their_labels_apart(written):
    chart = charts_of(written.path("pptx"))["advice.bars"]
    assert chart.legend.position == XL_LEGEND_POSITION.RIGHT
    height = next(
        shape.height
        for slide in Presentation(str(written.path("pptx"))).slides
        for shape in slide.shapes
        if shape.name == "advice.bars"
    )
    inner = float(chart._chartSpace.find(f".//{qn('c:plotArea')}").find(f".//{qn('c:h')}").get("val"))
    bars = len(series_of(chart)) * len(categories_of(chart))
    # A label takes a line of its letters.
    assert inner * height / 12700 / bars > 1.1 * chart.font.size.pt


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_there_is_none_of_is_not_counted_in_words(written, evidence, results, language):
    counts = {**results.counts}
    for name in ("open", "sure_no"):
        counts[name] = Result(counts[name].key, 0.0)
    told = plain(Author(evidence, replace(results, counts=counts), language).counted(surely=True))
    assert not re.search(r"(?<!\d)0", told)
    assert ("尚难判断" if language == "zh" else "open") not in told
    assert ("均未达到" if language == "zh" else "in no") not in told
    whole = plain(Author(evidence, results, language).counted())
    assert ("尚难判断" if language == "zh" else "open") in whole


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_relief_that_helps_both_rates_is_told_once(evidence, results, language):
    resident = evidence.headlines[0]
    gains = {
        key: replace(one, **{end: Result(getattr(one, end).key, 0.2) for end in ("p05", "median", "p95")})
        if key == ("WILLINGNESS 2020", resident)
        else one
        for key, one in results.gains.items()
    }
    author = Author(evidence, replace(results, gains=gains), language)
    points = [plain(one) for one in short_advice(author)]
    bottleneck = "落户意愿不足" if language == "zh" else "willingness to settle'"
    assert sum(bottleneck in one for one in points) == 1
    told = next(one for one in points if bottleneck in one)
    for rate in ("resident", "registered"):
        assert word_of_briefing(f"rate.{rate}", language) in told
    causes = dict(itertools.chain(*map(texts_of, answer_section(author).blocks)))["answer.causes"]
    assert plain(causes).count(bottleneck) == 1


def test_a_lever_whose_harm_is_not_clear_is_no_point_of_advice(evidence, results):
    contributions = results.contributions
    lever = "PERMIT ENTITLEMENT"
    assert lever in contributions.levers
    by_target = {
        target: {
            **parts,
            lever: replace(
                parts[lever],
                mean=Result("made up", -0.3), p05=Result("made up", -0.9), p95=Result("made up", high),
            ),
        }
        for target, parts in contributions.by_target.items()
        for high in (0.2,)
    }  # fmt: skip
    unclear = replace(results, contributions=replace(contributions, by_target=by_target))
    assert not any("统筹实施" in plain(one) for one in short_advice(Author(evidence, unclear, "zh")))
    by_target = {
        target: {**parts, lever: replace(parts[lever], p95=Result("made up", -0.1))}
        for target, parts in by_target.items()
    }
    clear = replace(results, contributions=replace(contributions, by_target=by_target))
    assert any("统筹实施" in plain(one) for one in short_advice(Author(evidence, clear, "zh")))


def test_a_title_that_ends_with_brackets_has_its_year_behind_them(evidence, results):
    author, year = Author(evidence, results, "zh"), Number("year", 2025.0, ".0f")
    assert plain(author.in_year(Name("常住人口城镇化率（参考值）"), year)) == "常住人口城镇化率（参考值），2025年"
    assert plain(author.in_year(Name("常住人口城镇化率"), year)) == "常住人口城镇化率（2025年）"


def test_one_level_of_school_that_is_short_is_not_called_enough(evidence, results):
    schools = dict(results.schools)
    junior = schools["junior secondary"]
    none = {year: replace(one, median=Result(one.median.key, -1.0)) for year, one in junior.short.items()}
    schools["junior secondary"] = replace(junior, short=none)
    section = school_section(Author(evidence, replace(results, schools=schools), "zh"))
    assert "小学" in plain(section.takeaway)
    assert "满足" not in plain(section.takeaway)


def test_a_city_without_a_plan_has_no_sections_of_one(evidence, results, monkeypatch):
    def columns():
        section = limits.assumption_section(Author(evidence, results, "zh"))
        texts = {name: plain(text) for name, text in itertools.chain(*map(texts_of, section.blocks))}
        heads = [text for name, text in texts.items() if name.startswith("assumptions.measures[0,")]
        return heads, texts["assumptions.reading"]

    heads, told = columns()
    assert heads[-1] == "规划章节"
    assert "规划" in told
    without = replace(city(), chapters={})
    for module in (limits, levers_module):
        monkeypatch.setattr(module, "city", lambda: without)
    heads, told = columns()
    assert "规划章节" not in heads
    assert "规划" not in told


def test_the_data_of_a_native_chart_are_those_it_shows(written):
    with ZipFile(written.path("pptx")) as archive:
        embedded = [name for name in archive.namelist() if name.startswith("ppt/embeddings/")]
        sheets = [load_workbook(BytesIO(archive.read(name))).worksheets[0] for name in embedded]
    charts = list(charts_of(written.path("pptx")).values())
    assert len(sheets) == len(charts)
    headings = {tuple(cell.value for cell in sheet[1][1:]) for sheet in sheets}
    assert headings == {tuple(one.name for one in series_of(chart)) for chart in charts}


def test_chinese_on_slides_names_a_font_that_office_machines_have(written):
    deck = Presentation(str(written.path("pptx")))
    runs = [run for slide in deck.slides for run in slide._element.iter(qn("a:r"))]
    chinese = [run for run in runs if CHINESE.search(run.find(qn("a:t")).text or "")]
    assert len(chinese) > 80
    assert {run.find(qn("a:rPr")).find(qn("a:ea")).get("typeface") for run in chinese} == {"Microsoft YaHei"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_brings_every_character_that_it_shows(written, language):
    text = written.path("html", language).read_text(encoding="utf-8")
    (font,) = re.findall(r"data:font/woff;base64,([A-Za-z0-9+/=]+)", text)
    with TTFont(BytesIO(base64.b64decode(font))) as opened:
        there = set(opened.getBestCmap())
    shown = re.sub(r"<style>.*?</style>|<[^>]+>", "", text, flags=re.DOTALL)
    assert {letter for letter in shown if letter.isprintable() and ord(letter) not in there} == set()


class References(HTMLParser):
    """Everything that a browser would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attrs):
        names = ("src", "href", "xlink:href", "srcset", "data", "action", "poster", "background")
        self.found += [f"{value}" for name, value in attrs if name in names]
        assert tag not in ("script", "iframe", "object", "embed", "base")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_refers_to_nothing_outside_itself(written, language):
    text = written.path("html", language).read_text(encoding="utf-8")
    reader = References()
    reader.feed(text)
    assert all(reference.startswith(("data:", "#")) for reference in reader.found)
    assert all(address.strip("\"'").startswith(("data:", "#")) for address in re.findall(r"url\(([^)]*)\)", text))
    assert "@import" not in text
    drawings = re.findall(r"data:image/svg\+xml;base64,([A-Za-z0-9+/=]+)", text)
    assert len(drawings) >= 6
    for drawing in drawings:
        inside = base64.b64decode(drawing).decode()
        assert "<!DOCTYPE" not in inside
        assert all(value.startswith("#") for value in re.findall(r'href="([^"]*)"', inside))


def test_a_real_chart_is_the_same_bytes_each_time(evidence, results, tmp_path, briefing):
    picture = next(picture for picture in pictures(briefing) if picture.name == "people_land_money")

    for kind in ("png", "svg"):
        for time in (1, 2):
            write(figure(evidence, picture, "zh"), tmp_path / f"{time}.{kind}")
        assert (tmp_path / f"1.{kind}").read_bytes() == (tmp_path / f"2.{kind}").read_bytes()


def test_the_same_content_is_the_same_bytes(written, evidence, results, tmp_path, briefing):
    list(drawn_at_once(evidence, briefing, tmp_path))
    charts = {picture.id: tmp_path / file_name(picture, "zh", "png") for picture in pictures(briefing)}
    drawings = {name: file.with_suffix(".svg").read_text(encoding="utf-8") for name, file in charts.items()}
    assert written.path("html").read_bytes() == page(briefing, drawings).encode()
    assert written.path("pptx").read_bytes() == slides(briefing, charts)
    assert written.path("xlsx").read_bytes() == workbook(briefing)


def test_both_languages_tell_the_same_results(evidence, results):
    told = [
        {
            run.key
            for _, text in every_text(compose(evidence, results, language))
            for run in text
            if isinstance(run, Number)
        }
        for language in LANGUAGES
    ]
    assert told[0] == told[1]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_share_of_none_or_all_is_told_by_how_far_it_is_sure(evidence, results, language):
    texts = dict(every_text(compose(evidence, results, language)))
    told = [
        run for text in texts.values() for run in text if isinstance(run, Number) and run.key.endswith("/probability")
    ]
    assert told
    assert not [run.key for run in told if run.value in (0.0, 1.0)]
    assert [text for text in texts.values() if plain(text).startswith("<")]


def test_a_shortfall_that_still_counts_is_told_where_the_target_is(evidence, results):
    texts = dict(every_text(compose(evidence, results, "en")))
    wanted = {plain(texts[f"board.table[{row},1]"]): plain(texts[f"board.table[{row},3]"]) for row in range(1, 23)}
    assert wanted["Urban community elder-care coverage"] == "100\N{NO-BREAK SPACE}% (99\N{NO-BREAK SPACE}% is enough)"
    assert wanted["Resident urbanization rate"] == "≥ 78.5\N{NO-BREAK SPACE}%"


def test_the_answer_tells_probability_margin_driver_and_blocker(evidence, results):
    texts = dict(every_text(compose(evidence, results, "en")))
    words = plain(texts["answer.answer"]) + plain(texts["answer.causes"])
    for part in ("target of", "probability", "main driver", "interval"):
        assert part in words
    assert "main blocker of the" in words or "none of these" in words


def test_the_baseline_has_a_briefing_without_contributions(evidence, results):
    from dataclasses import replace

    alone = replace(evidence, scenario=evidence.baseline, comparison=None)
    same = compute_results(alone)
    briefing = compose(alone, same, "zh")
    assert find_mistakes(briefing, same.by_key()) == []
    assert not [place for place, _ in every_text(briefing) if place.startswith("compare.table")]


def test_a_briefing_of_levers_that_act_later_speaks_of_what_is_still_to_come(tmp_path):
    later = write_briefing(tmp_path, "renewal_2026")
    assert {target.year for target in later.evidence.targets.values()} == {2030, 2035}
    assert [later.evidence.targets[name].year for name in later.evidence.headlines] == [2035, 2035]
    for language, said in (("zh", ("里程碑", "从2026年起施行")), ("en", ("milestone of 2035", "acts from 2026 on"))):
        told = " ".join(plain(text) for place, text in every_text(later.composed[language]) if "answer" in place)
        assert all(part in told for part in said)
        assert "2025" not in told
    with quick_briefings():
        outcome = call("--language", "en", "brief", "--verify", tmp_path / "briefing_renewal_2026_zh.xlsx")
    assert outcome.exit_code == 0, outcome.output


def test_sections_stand_in_the_order_of_the_reader_s_questions(evidence, results, briefing):
    sections = briefing.sections
    assert [section.id for section in sections] == [
        "answer",
        "board",
        "fans",
        "compare",
        "districts",
        "ages",
        "schools",
        "ledger",
        "limits",
        "assumptions",
        "not",
    ]
    assert len({section.title for section in sections}) == len(sections)


def test_whatever_a_scenario_may_change_has_words(evidence):
    known = templates()
    assert {lever.unit for lever in load_levers().values()} <= set(terms()["model units"])
    assert {f"relief.{relief.constant}" for relief in RELIEFS} <= set(known)
    assert {f"parameter.{name}" for name in UNKNOWN_OF_2020} <= set(known)
    assert {target.unit for target in load_targets().values() if target.modelled} <= set(TARGET_FORMS)
    assert {f"unit.{unit}" for unit in TARGET_FORMS} <= set(known)


def test_the_workbook_has_a_sheet_for_each_topic_frozen_headers_sources_and_charts(written):
    book = load_workbook(written.path("xlsx"))
    assert len(book.sheetnames) >= 12
    assert all(sheet.freeze_panes for sheet in book)
    for sheet in book:
        # As wide as a page of A4 on its side; what has charts is scaled by hand, so that none is cut in two.
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.page_setup.fitToHeight == 0 or sheet.row_breaks.brk
        assert sheet.print_title_rows
        assert "&P" in str(sheet.oddFooter.right.text)
        assert model_hash() in str(sheet.oddFooter.left.text)
    # Names of results are for programs.
    assert [sheet.title for sheet in book if sheet.sheet_state == "hidden"] == ["结果键"]
    charts = [chart for sheet in book for chart in sheet._charts]
    assert len(charts) == 2 * len(INDICATORS)
    assert all(len(chart.series) >= 3 for chart in charts)
    sources = [cell.value for sheet in book for row in sheet.iter_rows() for cell in row if "来源：" in str(cell.value)]
    assert len(sources) > 15
    ((sheet, place),) = book.defined_names["block_answer.answer"].destinations
    cell = book[sheet][place.replace("$", "")]
    assert cell.alignment.wrap_text
    assert book[sheet].row_dimensions[cell.row].height > 2 * LINE


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("missing.html", None, "no such file"),
        ("briefing.doc", "", ".html, .pptx, .xlsx, .docx, .pdf"),
        ("empty.html", "<p>hello</p>", "no manifest"),
    ],
)
def test_a_file_that_is_no_briefing_is_refused_in_words(name, content, words, tmp_path):
    path = tmp_path / name
    if content is not None:
        path.write_text(content, encoding="utf-8")
    outcome = call("--language", "en", "brief", "--verify", path)
    assert outcome.exit_code == 2
    assert words in outcome.stderr


def test_a_briefing_is_made_again_from_the_model_alone(written, monkeypatch):
    monkeypatch.setattr(evidence_module, "ORDERS", 4)
    outcome = call("--language", "en", "brief", "--verify", written.path("xlsx"))
    assert outcome.exit_code == 0, outcome.output
    assert "identical" in outcome.output


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--scenario", "plam"), "plan"),
        (("--language", "fr"), "fr"),
        (("--members", 1), "--members"),
        (("--members", 100_000), "holds 1 to"),
    ],
)
def test_a_wrong_word_is_refused(words, message, tmp_path):
    outcome = call("brief", *words, "--out", tmp_path / "brief")
    assert outcome.exit_code == 2
    assert message in outcome.stderr
    assert not list(tmp_path.rglob("briefing*"))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_letters_of_charts_on_slides_are_eight_points_high_and_cover_no_others(evidence, results, language):
    briefing = compose(evidence, results, language)
    sizes = slide_sizes(briefing)
    shown = [picture for picture in pictures(briefing) if picture.id in sizes]
    assert [picture.name for picture in shown] == ["district_map"]
    for picture in shown:
        drawn = figure(evidence, picture, language, sizes[picture.id])
        with chart_style():
            drawn.draw_without_rendering()
        words = labels(drawn)
        # Letters grow on the slide as much as the canvas does; a hundredth of a point is rounding.
        assert min(float(text.get_fontsize()) for text in words) / SHRUNK >= 7.99, picture.name
        boxes = [(text.get_text(), Text.get_window_extent(text)) for text in words]
        for (one, a), (other, b) in itertools.combinations(boxes, 2):
            apart = a.x1 <= b.x0 or b.x1 <= a.x0 or a.y1 <= b.y0 + 2 or b.y1 <= a.y0 + 2
            assert apart, f"{picture.name}: {one!r} and {other!r} overlap"
        for ax in drawn.axes:
            inside = ax.get_window_extent()
            told = [text for text in ax.texts if word("labels", "target", language) in text.get_text()]
            assert all(Text.get_window_extent(text).x0 >= inside.x0 - 1 for text in told), picture.name


def test_pictures_are_drawn_in_other_processes_under_their_names(evidence, results, tmp_path):
    briefing = compose(evidence, results, "en")
    one = [section for section in briefing.sections if section.id == "ledger"]
    few = Briefing(briefing.language, briefing.title, briefing.subtitle, tuple(one), briefing.manifest)
    assert {path.name for path in draw(evidence, few, tmp_path)} == {
        f"plan_people_land_money_en.{kind}" for kind in FORMATS
    }
