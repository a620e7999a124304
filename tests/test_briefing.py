"""Briefings: what they say is what the results say, in every file and both languages, and can be checked again."""

from __future__ import annotations

import base64
import itertools
import re
from html.parser import HTMLParser
from io import BytesIO

import pytest
from fontTools.ttLib import TTFont
from matplotlib.figure import Figure
from matplotlib.text import Text
from openpyxl import load_workbook
from pptx import Presentation
from pptx.oxml.ns import qn
from pptx.util import Inches
from typer.testing import CliRunner

import run_scenarios
from analysis import figures
from analysis.briefing import evidence as evidence_module
from analysis.briefing import files
from analysis.briefing.author import TARGET_UNITS
from analysis.briefing.briefing import compose
from analysis.briefing.content import Briefing, Number, Paragraph, Section, Table, every_text, faults, plain
from analysis.briefing.lint import differences
from analysis.briefing.page import page
from analysis.briefing.pictures import SHRUNK, draw, figure, file_name, pictures, slide_sizes, write
from analysis.briefing.reading import read
from analysis.briefing.results import results
from analysis.briefing.slide_layout import BOTTOM, GAP, TOP, pages
from analysis.briefing.slides import slides
from analysis.briefing.words import templates
from analysis.briefing.workbook import LINE, workbook
from analysis.figures import word
from analysis.reach.bottlenecks import RELIEFS
from analysis.reach.probability import UNKNOWN_OF_2020
from scenarios import load_levers, load_targets
from tests.test_figures import labels

#: Few, so that the tests are quick; enough for intervals and probabilities.
MEMBERS = 4
KINDS = ("html", "pptx", "xlsx")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def call(*words: object):
    return CliRunner().invoke(run_scenarios.app, [str(word) for word in words], env={"COLUMNS": "120"})


def drawn_at_once(_evidence, briefing, folder, kinds=("png", "svg")):
    """Empty charts: their looks are tested in test_figures.py."""
    for picture in pictures(briefing):
        for kind in kinds:
            path = folder / file_name(picture, briefing.language, kind)
            write(Figure(figsize=(0.1, 0.1)), path)
            yield path


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A briefing on the plan in both languages, made from the command line, with the evidence it rests on."""
    out = tmp_path_factory.mktemp("made") / "brief"
    kept = []
    gather = evidence_module.gather

    def remembered(*given):
        kept.append(gather(*given))
        return kept[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_scenarios, "shipped_scenarios", lambda: ("baseline", "plan"))
        patch.setattr(run_scenarios, "gather_evidence", remembered)
        patch.setattr(evidence_module, "ORDERS", 4)
        patch.setattr(files, "draw", drawn_at_once)
        outcome = call("brief", "--language", "both", "--members", MEMBERS, "--out", out)
    assert outcome.exit_code == 0, outcome.output
    return out, kept[0], outcome


@pytest.fixture(scope="module")
def evidence(made):
    return made[1]


@pytest.fixture(scope="module")
def found(evidence):
    return results(evidence)


@pytest.fixture(scope="module")
def briefing(evidence, found):
    """The content of the Chinese briefing."""
    return compose(evidence, found, "zh")


@pytest.fixture
def quick(monkeypatch, evidence):
    """Verification that finds the evidence ready, as making it again takes long."""
    monkeypatch.setattr(run_scenarios, "_evidence", lambda *_: evidence)
    monkeypatch.setattr(files, "draw", drawn_at_once)


def path_of(made, kind, language="zh"):
    return made[0] / f"briefing_plan_{language}.{kind}"


def copied(made, kind, tmp_path):
    path = tmp_path / f"briefing.{kind}"
    path.write_bytes(path_of(made, kind).read_bytes())
    return path


def answer(evidence, found, language="zh"):
    """The number of the answer that the tests falsify: the median of the resident rate."""
    (text,) = (text for place, text in every_text(compose(evidence, found, language)) if place == "answer.answer")
    return next(run for run in text if isinstance(run, Number) and run.key.endswith("resident.2025/median"))


def falsify(path, was, becomes, block="answer.answer"):
    """Change words of one block of a written briefing, as somebody might by hand; for a workbook, of a cell."""
    if path.suffix == ".html":
        text = path.read_text(encoding="utf-8")
        # Behind the tag, as the full value inside it begins with the same digits.
        shown = f">{was}<" if was[0].isdigit() else was
        at = text.index(shown, text.index(f'data-block="{block}"')) + (shown != was)
        path.write_text(text[:at] + becomes + text[at + len(was) :], encoding="utf-8")
    elif path.suffix == ".pptx":
        deck = Presentation(str(path))
        shape = next(shape for slide in deck.slides for shape in slide.shapes if shape.name == block)
        run = shape.text_frame.paragraphs[0].runs[0]
        assert was in run.text
        run.text = run.text.replace(was, becomes, 1)
        deck.save(str(path))
    else:
        book = load_workbook(path)
        ((sheet, place),) = book.defined_names[f"block_{block}"].destinations
        cell = book[sheet][place.replace("$", "")]
        assert was in cell.value
        cell.value = cell.value.replace(was, becomes, 1)
        book.save(path)


def test_one_call_leaves_page_slides_workbook_and_charts_in_both_languages(made):
    out, evidence, outcome = made
    names = {f"briefing_plan_{language}.{kind}" for language in figures.LANGUAGES for kind in KINDS}
    assert {path.name for path in out.iterdir()} == {*names, "figures"}
    charts = {path.suffix for path in (out / "figures").iterdir()}
    assert charts == {".png", ".svg"}
    assert not list(out.rglob("*partial*"))
    assert "briefing_plan_en.xlsx" in outcome.output
    assert evidence.members == MEMBERS


@pytest.mark.parametrize("language", figures.LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_number_in_a_file_is_that_of_the_results(made, evidence, found, kind, language):
    document = read(path_of(made, kind, language))
    assert differences(document, compose(evidence, found, language), found) == []
    assert document.manifest["model_hash"] == evidence.manifest["model_hash"]
    assert document.manifest["language"] == language
    assert document.manifest["members"] == str(MEMBERS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_number_is_found_and_named_in_each_kind_of_file(made, evidence, found, kind, tmp_path, briefing):
    path, number = copied(made, kind, tmp_path), answer(evidence, found)
    wrong = f"{number.shown + 0.1:.1f}"
    falsify(path, number.text, wrong)
    problems = differences(read(path), briefing, found)
    assert any(wrong in problem and number.key in problem for problem in problems), problems


def test_a_wrong_number_in_a_cell_of_the_workbook_is_found(made, evidence, found, tmp_path, briefing):
    path = copied(made, "xlsx", tmp_path)
    book = load_workbook(path)
    ((sheet, place),) = book.defined_names["block_board.table"].destinations
    cell = book[sheet][place.replace("$", "")][1][3]
    # Less than is shown, so that only the full value tells.
    cell.value += 1e-6
    book.save(path)
    (problem,) = differences(read(path), briefing, found)
    assert f"{sheet}!{cell.coordinate}" in problem
    assert "targets/plan/target.urbanization.resident.2025/median" in problem


def test_a_wrong_number_in_a_table_of_the_slides_is_found(made, evidence, found, tmp_path, briefing):
    path = copied(made, "pptx", tmp_path)
    deck = Presentation(str(path))
    table = next(shape for slide in deck.slides for shape in slide.shapes if shape.name.startswith("answer.table["))
    table.table.cell(1, 3).text_frame.paragraphs[0].runs[0].text = "99.9"
    deck.save(str(path))
    problems = differences(read(path), briefing, found)
    assert any("99.9 stands where targets/plan/" in problem for problem in problems)


@pytest.mark.parametrize("kind", KINDS)
def test_a_word_turned_round_is_found_though_its_numbers_stand(made, evidence, found, kind, tmp_path, briefing):
    path = copied(made, kind, tmp_path)
    falsify(path, "按时达到", "按时达不到", "answer.takeaway")
    (problem,) = differences(read(path), briefing, found)
    assert "words" in problem


def test_a_number_added_outside_the_blocks_is_found(made, evidence, found, tmp_path, briefing):
    path = copied(made, "html", tmp_path)
    path.write_text(path.read_text(encoding="utf-8").replace("<main>", "<main><p>92 %</p>"), encoding="utf-8")
    assert any("92" in problem for problem in differences(read(path), briefing, found))
    path = copied(made, "pptx", tmp_path)
    deck = Presentation(str(path))
    deck.slides[1].shapes.add_textbox(0, 0, Inches(1), Inches(1)).text_frame.text = "92 %"
    deck.save(str(path))
    assert any("92" in problem for problem in differences(read(path), briefing, found))
    path = copied(made, "xlsx", tmp_path)
    book = load_workbook(path)
    book.worksheets[0]["Z90"] = 92
    book.save(path)
    assert any("92" in problem for problem in differences(read(path), briefing, found))


def test_a_block_left_out_is_found(made, evidence, found, tmp_path, briefing):
    path = copied(made, "html", tmp_path)
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r'<p data-block="answer.sure">.*?</p>', "", text), encoding="utf-8")
    assert any(problem.startswith("answer.sure is missing") for problem in differences(read(path), briefing, found))


def test_content_that_types_a_number_or_tells_another_result_is_found(found):
    wrong = Number("counts/members", MEMBERS + 1.0, ".0f")
    said = Briefing("en", ("Of 30 members, ", wrong), (Number("counts/unicorns", 1.0),), ())
    assert [problem.split(": ")[0] for problem in faults(said, found)] == ["title", "title", "subtitle"]


def test_every_slide_tells_in_its_notes_what_it_was_made_from(made, evidence):
    deck = Presentation(str(path_of(made, "pptx")))
    assert len(deck.slides) > 12
    for slide in deck.slides:
        notes = slide.notes_slide.notes_text_frame.text
        for fact in ("model_hash", "posterior_hash", "scenario_hash", "seed", "versions"):
            assert f"{fact}: {evidence.manifest[fact]}" in notes


def test_chinese_on_slides_names_a_font_that_office_machines_have(made):
    deck = Presentation(str(path_of(made, "pptx")))
    runs = [run for slide in deck.slides for run in slide._element.iter(qn("a:r"))]
    chinese = [run for run in runs if CHINESE.search(run.find(qn("a:t")).text or "")]
    assert len(chinese) > 100
    assert {run.find(qn("a:rPr")).find(qn("a:ea")).get("typeface") for run in chinese} == {"Microsoft YaHei"}


@pytest.mark.parametrize("language", figures.LANGUAGES)
def test_the_page_brings_every_character_that_it_shows(made, language):
    text = path_of(made, "html", language).read_text(encoding="utf-8")
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


@pytest.mark.parametrize("language", figures.LANGUAGES)
def test_the_page_refers_to_nothing_outside_itself(made, language):
    text = path_of(made, "html", language).read_text(encoding="utf-8")
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


def test_a_real_chart_is_the_same_bytes_each_time(evidence, found, tmp_path, briefing):
    picture = next(picture for picture in pictures(briefing) if picture.name == "ledger")

    for kind in ("png", "svg"):
        for time in (1, 2):
            write(figure(evidence, picture, "zh"), tmp_path / f"{time}.{kind}")
        assert (tmp_path / f"1.{kind}").read_bytes() == (tmp_path / f"2.{kind}").read_bytes()


def test_the_same_content_is_the_same_bytes(made, evidence, found, tmp_path, briefing):
    list(drawn_at_once(evidence, briefing, tmp_path))
    charts = {picture.id: tmp_path / file_name(picture, "zh", "png") for picture in pictures(briefing)}
    drawings = {name: file.with_suffix(".svg").read_text(encoding="utf-8") for name, file in charts.items()}
    assert path_of(made, "html").read_bytes() == page(briefing, drawings).encode()
    assert path_of(made, "pptx").read_bytes() == slides(briefing, charts)
    assert path_of(made, "xlsx").read_bytes() == workbook(briefing)


def test_both_languages_tell_the_same_results(evidence, found):
    told = [
        {
            run.key
            for _, text in every_text(compose(evidence, found, language))
            for run in text
            if isinstance(run, Number)
        }
        for language in figures.LANGUAGES
    ]
    assert told[0] == told[1]


@pytest.mark.parametrize("language", figures.LANGUAGES)
def test_a_share_of_none_or_all_is_told_by_how_far_it_is_sure(evidence, found, language):
    texts = dict(every_text(compose(evidence, found, language)))
    told = [
        run for text in texts.values() for run in text if isinstance(run, Number) and run.key.endswith("/probability")
    ]
    assert told
    assert not [run.key for run in told if run.value in (0.0, 1.0)]
    assert [text for text in texts.values() if plain(text).startswith("<")]


def test_a_shortfall_that_still_counts_is_told_where_the_target_is(evidence, found):
    texts = dict(every_text(compose(evidence, found, "en")))
    wanted = {plain(texts[f"board.table[{row},1]"]): plain(texts[f"board.table[{row},3]"]) for row in range(1, 23)}
    assert wanted["urban community elder-care coverage"] == "≥ 100% (99 counts)"
    assert wanted["resident urbanization rate"] == "≥ 78.5%"


@pytest.mark.parametrize("rows", [8, 14, 15, 16, 17, 30])
def test_words_below_a_table_never_stand_alone_on_a_slide(rows):
    table = Table("t", ("title",), (("a",), ("b",)), tuple((("x",), ("y",)) for _ in range(rows)))
    words = Paragraph("p", ("word " * 60,))
    placed = list(pages(Section("s", "S", (), (words, table, words))))
    assert [part.block for part in placed[-1]][-2:] == [table, words]
    assert sum(part.last - part.first for page in placed for part in page) == rows
    assert all(sum(part.height + GAP for part in page) <= BOTTOM - TOP + GAP for page in placed)


def test_the_answer_tells_probability_margin_driver_and_blocker(evidence, found):
    words = plain(next(text for place, text in every_text(compose(evidence, found, "en")) if place == "answer.answer"))
    for part in ("target of", "probability", "main driver", "interval"):
        assert part in words
    assert "main blocker of the" in words or "none of these" in words


def test_the_baseline_has_a_briefing_without_contributions(evidence, found):
    from dataclasses import replace

    alone = replace(evidence, scenario=evidence.baseline, comparison=None)
    same = results(alone)
    briefing = compose(alone, same, "zh")
    assert faults(briefing, same) == []
    assert not [place for place, _ in every_text(briefing) if place.startswith("compare.table")]


def test_sections_stand_in_the_order_of_the_reader_s_questions(evidence, found, briefing):
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
    assert {f"unit.{lever.unit}" for lever in load_levers().values()} <= set(known)
    assert {f"relief.{relief.constant}" for relief in RELIEFS} <= set(known)
    assert {f"parameter.{name}" for name in UNKNOWN_OF_2020} <= set(known)
    assert {target.unit for target in load_targets().values() if target.modelled} <= set(TARGET_UNITS)
    assert {f"unit.{unit}" for unit in TARGET_UNITS} <= set(known)


def test_the_workbook_has_a_sheet_for_each_topic_frozen_headers_sources_and_charts(made):
    book = load_workbook(path_of(made, "xlsx"))
    assert len(book.sheetnames) >= 12
    assert all(sheet.freeze_panes for sheet in book)
    assert all(sheet.page_setup.fitToHeight == 0 for sheet in book.worksheets[:-2])
    charts = [chart for sheet in book for chart in sheet._charts]
    assert len(charts) == 2 * len(figures.INDICATORS)
    assert all(len(chart.series) >= 3 for chart in charts)
    sources = [cell.value for sheet in book for row in sheet.iter_rows() for cell in row if "来源：" in str(cell.value)]
    assert len(sources) > 15
    ((sheet, place),) = book.defined_names["block_answer.answer"].destinations
    cell = book[sheet][place.replace("$", "")]
    assert cell.alignment.wrap_text
    assert book[sheet].row_dimensions[cell.row].height > 5 * LINE


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("kind", KINDS)
def test_a_true_briefing_is_verified_and_a_false_one_is_not(made, evidence, found, kind, tmp_path):
    path = copied(made, kind, tmp_path)
    outcome = call("brief", "--verify", path)
    assert outcome.exit_code == 0, outcome.output
    assert "are those of the results" in outcome.output
    number = answer(evidence, found)
    falsify(path, number.text, "12.3")
    outcome = call("brief", "--verify", path)
    assert outcome.exit_code == 1
    assert "12.3" in outcome.output
    assert number.key in outcome.output.replace("\n", "")


@pytest.mark.usefixtures("quick")
def test_another_picture_is_found(made, tmp_path):
    path = copied(made, "html", tmp_path)
    text = path.read_text(encoding="utf-8")
    other = base64.b64encode(b"<svg></svg>").decode()
    drawing = re.search(r'(data:image/svg\+xml;base64,)[^"]*(" alt="[^"]*" data-picture="ledger.chart")', text)
    assert drawing is not None
    path.write_text(text.replace(drawing[0], f"{drawing[1]}{other}{drawing[2]}"), encoding="utf-8")
    outcome = call("brief", "--verify", path)
    assert outcome.exit_code == 1
    assert "ledger.chart" in outcome.output


def test_a_briefing_is_made_again_from_the_model_alone(made, monkeypatch):
    monkeypatch.setattr(evidence_module, "ORDERS", 4)
    outcome = call("brief", "--verify", path_of(made, "xlsx"))
    assert outcome.exit_code == 0, outcome.output


@pytest.mark.parametrize(
    ("fact", "words"),
    [
        ("model_hash", "the model has been changed"),
        ("posterior_hash", "the calibrated ensemble (posterior) has been changed"),
        ("targets_hash", "the list of targets has been changed"),
    ],
)
def test_what_was_made_from_something_else_is_not_compared(made, fact, words, tmp_path):
    path = copied(made, "html", tmp_path)
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(rf'(data-fact="{fact}">)\w+', r"\g<1>0000", text), encoding="utf-8")
    outcome = call("brief", "--verify", path)
    assert outcome.exit_code == 2
    assert words in outcome.stderr
    assert "Make it anew" in outcome.stderr


def test_a_changed_scenario_is_not_compared(made, tmp_path):
    path = copied(made, "html", tmp_path)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(", plan ", ", plan 0000"), encoding="utf-8")
    outcome = call("brief", "--verify", path)
    assert outcome.exit_code == 2
    assert "scenario plan has been changed" in outcome.stderr


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("missing.html", None, "no such file"),
        ("briefing.doc", "", ".html, .pptx, .xlsx"),
        ("empty.html", "<p>hello</p>", "no manifest"),
        ("torn.pptx", "torn", "cannot be read"),
        ("torn.xlsx", "torn", "cannot be read"),
    ],
)
def test_a_file_that_is_no_briefing_is_refused_in_words(name, content, words, tmp_path):
    path = tmp_path / name
    if content is not None:
        path.write_text(content, encoding="utf-8")
    outcome = call("brief", "--verify", path)
    assert outcome.exit_code == 2
    assert words in outcome.stderr


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
def test_letters_of_charts_on_slides_are_eight_points_high_and_cover_no_others(evidence, found, language):
    briefing = compose(evidence, found, language)
    sizes = slide_sizes(briefing)
    for picture in pictures(briefing):
        drawn = figure(evidence, picture, language, sizes[picture.id])
        with figures.chart_style():
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


def test_pictures_are_drawn_in_other_processes_under_their_names(evidence, found, tmp_path):
    briefing = compose(evidence, found, "en")
    one = [section for section in briefing.sections if section.id == "ledger"]
    few = Briefing(briefing.language, briefing.title, briefing.subtitle, tuple(one), briefing.manifest)
    assert {path.name for path in draw(evidence, few, tmp_path)} == {"plan_ledger_en.png", "plan_ledger_en.svg"}
