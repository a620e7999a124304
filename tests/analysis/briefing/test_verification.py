"""A briefing is verified by making it again: whatever is forged, damaged or left out is found, and its place told."""

from __future__ import annotations

import base64
import io
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

import numpy as np
import pytest
from openpyxl import load_workbook
from PIL import Image
from pptx import Presentation

from analysis.briefing import command
from analysis.briefing.compose import compose
from analysis.briefing.request import BY_SUFFIX as PLACES
from analysis.briefing.request import BriefingError
from analysis.briefing.results import Result
from analysis.briefing.verification import compare_file as comparison
from analysis.briefing.verification import tolerances as same
from analysis.briefing.verification.compare_office import workbook_differences
from analysis.briefing.verification.manifest import check_boundaries, may_differ, wrong_facts
from analysis.briefing.verification.open_file import open_briefing
from analysis.briefing.writing import files
from analysis.charts.boundaries import Boundaries
from tests.support.briefings import LANGUAGES, MEMBERS, call, drawn_at_once
from tests.support.forgeries import (
    CHUNKS,
    DOCUMENT,
    MANIFEST_ENTRIES,
    NOTE,
    PAGE,
    PDF,
    SLIDES,
    WORKBOOK,
    Forgery,
    with_chunk,
)

FORGERIES: dict[tuple[str, str], Forgery] = {
    **{("html", name): forgery for name, forgery in PAGE.items()},
    **{("pptx", name): forgery for name, forgery in SLIDES.items()},
    **{("xlsx", name): forgery for name, forgery in WORKBOOK.items()},
    **{("docx", name): forgery for name, forgery in DOCUMENT.items()},
    **{("one_page.docx", name): forgery for name, forgery in NOTE.items()},
    **{("pdf", name): forgery for name, forgery in PDF.items()},
}
KINDS = ("html", "pptx", "xlsx", "docx")


@pytest.fixture(scope="module")
def fresh(written, tmp_path_factory):
    """Each kind of file made again, as `brief --verify` makes it, from the manifest that a file tells."""
    kept: dict[tuple[object, ...], bytes] = {}
    make = files.make_files
    folder = tmp_path_factory.mktemp("fresh")

    def once(evidence, briefing, _folder, kinds):
        (kind,) = kinds
        key = (kind, briefing.language, *briefing.manifest.items())
        if key not in kept:
            kept[key] = make(evidence, briefing, folder, kinds)[kind]
        return {kind: kept[key]}

    return once


@pytest.fixture
def verify(written, fresh, monkeypatch):
    """The command line's verification of a file, over evidence that is ready, as making it again takes long."""
    results, composed = written.results, written.composed
    monkeypatch.setattr(command, "_evidence", lambda *_: written.evidence)
    monkeypatch.setattr(comparison, "compute_results", lambda _: results)
    monkeypatch.setattr(comparison, "compose", lambda *given: composed[given[-1]])
    monkeypatch.setattr(comparison, "make_files", fresh)
    monkeypatch.setattr(files, "draw", drawn_at_once)
    return lambda path, *words: call("--language", "en", "brief", "--verify", path, *words)


@pytest.fixture
def copied(written, tmp_path):
    def copy(kind: str, language: str = "zh") -> Path:
        return Path(shutil.copy(written.path(kind, language), tmp_path / f"briefing.{kind}"))

    return copy


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", [*KINDS, "one_page.docx", "pdf"])
def test_a_fresh_briefing_is_identical_to_the_one_made_again(verify, copied, kind, language):
    outcome = verify(copied(kind, language))
    assert outcome.exit_code == 0, outcome.output
    assert "identical to the briefing made again, byte for byte" in outcome.output


@pytest.mark.parametrize(("kind", "forgery"), FORGERIES, ids=lambda part: str(part).replace(" ", "-"))
def test_a_forgery_is_found_and_its_place_named(verify, copied, kind, forgery):
    path = copied(kind)
    forge, words = FORGERIES[kind, forgery]
    forge(path)
    outcome = verify(path)
    assert outcome.exit_code == 1, outcome.output
    assert words in outcome.output
    assert len(outcome.output.splitlines()) <= comparison.NAMED + 3


@pytest.mark.parametrize("forgery", MANIFEST_ENTRIES, ids=lambda name: name.replace(" ", "-"))
def test_a_forged_entry_that_nothing_shows_to_be_wrong_is_told_and_never_called_identical(verify, copied, forgery):
    path = copied("html")
    forge, code, words = MANIFEST_ENTRIES[forgery]
    forge(path)
    outcome = verify(path)
    assert outcome.exit_code == code, outcome.output
    # What cannot be verified is told beside what the file gives; what can, in the first line.
    told = outcome.stderr if code == 2 else outcome.output.splitlines()[0]
    assert words.format(**open_briefing(path).manifest) in " ".join(told.split())
    assert "identical" not in outcome.output
    if code == 0:
        assert "same as the briefing made again in every word, cell, shape and digit shown" in outcome.output
        assert "but for the versions above" in outcome.output


def test_there_are_more_forgeries_than_the_seventy_five_that_were_tried_before():
    assert len(FORGERIES) > 75


def rewritten(path: Path, name: str, becomes: str | None) -> None:
    """Change an entry of the manifest wherever a file tells it, or take it out."""
    if path.suffix == ".html":
        text = path.read_text(encoding="utf-8")
        entry = re.compile(rf'<dt>{name}</dt><dd data-fact="{name}">[^<]*</dd>\n')
        put = "" if becomes is None else f'<dt>{name}</dt><dd data-fact="{name}">{becomes}</dd>\n'
        text, number = entry.subn(put, text)
        assert number == 1
        path.write_text(text, encoding="utf-8")
    elif path.suffix == ".pptx":
        deck = Presentation(str(path))
        for slide in deck.slides:
            notes = slide.notes_slide.notes_text_frame
            lines = [line for line in notes.text.splitlines() if becomes is not None or not line.startswith(f"{name}:")]
            notes.text = "\n".join(f"{name}: {becomes}" if line.startswith(f"{name}:") else line for line in lines)
        deck.save(str(path))
    else:
        book = load_workbook(path)
        sheet = book.worksheets[-1]
        (row,) = (cells[0].row for cells in sheet.iter_rows(max_col=1) if cells[0].value == name)
        if becomes is None:
            sheet.delete_rows(row)
        else:
            sheet.cell(row, 2, becomes)
        book.save(path)


ENTRIES = ("seed", "data_vintage", "engine", "scenario_hash", "model_file", "code_hash", "briefing_hash")


@pytest.mark.parametrize("becomes", ["forged", None])
@pytest.mark.parametrize(
    ("kind", "name"), [*(("html", name) for name in ENTRIES), ("pptx", "seed"), ("xlsx", "model_file")]
)
def test_an_entry_of_the_manifest_forged_or_left_out_is_named(verify, copied, kind, name, becomes):
    path = copied(kind)
    rewritten(path, name, becomes)
    outcome = verify(path)
    assert outcome.exit_code == 1, outcome.output
    assert f"manifest entry {name} is {'missing' if becomes is None else repr(becomes)}" in outcome.output


def test_an_entry_that_no_manifest_has_is_named(verify, copied):
    path = copied("html")
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("</dl>", '<dt>a</dt><dd data-fact="a">100 %</dd></dl>'), encoding="utf-8")
    outcome = verify(path)
    assert outcome.exit_code == 1
    assert "manifest entry a was added" in outcome.output


@pytest.mark.parametrize(
    ("name", "becomes", "words"),
    [
        ("language", "fr", "'fr' as its language; a briefing is in zh and en"),
        ("language", None, "lacks language"),
        ("members", "1" * 4000, "as the number of members"),
        ("members", "many", "'many' as the number of members"),
        ("model_hash", "0000", "the model has been changed since (0000 then"),
        ("posterior_hash", "0000", f"members ({MEMBERS}) and posterior_hash (0000) do not belong together"),
        ("members", "6", "members (6) and posterior_hash ("),
        ("targets_hash", "0000", "the list of targets has been changed"),
        ("scenario", "other", "does not name other"),
        ("scenarios", "plan 6152", "does not name baseline"),
        ("scenarios", "nothing", "does not name baseline"),
        ("scenarios", "baseline 0, plan 0", "scenario plan has been changed since (0 then"),
        ("scenarios", "baseline 0, plan 0, ../../x.yaml 0", "no scenario's name"),
    ],
)
def test_what_the_manifest_makes_impossible_is_refused_in_words(copied, name, becomes, words):
    path = copied("html")
    rewritten(path, name, becomes)
    outcome = call("--language", "en", "brief", "--verify", path)
    assert outcome.exit_code == 2
    assert words in outcome.stderr
    assert len(outcome.stderr) < 2_000


def test_other_versions_of_libraries_are_told_and_nothing_wrong(verify, copied):
    for name, version in (("versions", "xarray 2026.9.0"), ("written_with", "jinja2 3.1.6")):
        path = copied("html")
        text = path.read_text(encoding="utf-8")
        now = re.search(rf'data-fact="{name}">([^<]*)<', text)
        assert now is not None
        package = version.split()[0]
        rewritten(path, name, re.sub(rf"{package} [^,]+", f"{package} 0.1", now[1]))
        outcome = verify(path)
        assert outcome.exit_code == 0, outcome.output
        assert f"the file says {package} 0.1, here it is {package} " in outcome.output


@pytest.mark.parametrize("versions", ["all targets are met", "python 3.11", "python 99 % of the targets are met"])
def test_words_in_the_place_of_versions_are_wrong(verify, copied, versions):
    path = copied("html")
    rewritten(path, "versions", versions)
    outcome = verify(path)
    assert outcome.exit_code == 1
    assert "manifest entry versions" in outcome.output


def test_a_scenario_of_the_users_own_needs_its_file(verify, copied, tmp_path, written):
    path = copied("html")
    text = path.read_text(encoding="utf-8")
    text = text.replace('data-fact="scenario">plan<', 'data-fact="scenario">mine<')
    path.write_text(text.replace("</dd>\n<dt>targets_hash", ", mine 0</dd>\n<dt>targets_hash"), encoding="utf-8")
    outcome = call("--language", "en", "brief", "--verify", path)
    assert outcome.exit_code == 2
    assert (
        "scenario mine is not among those shipped; if it is a file of your own, add --scenario PATH" in outcome.stderr
    )
    outcome = call("--language", "en", "brief", "--verify", path, "--scenario", "baseline")
    assert outcome.exit_code == 2
    assert "--scenario is baseline, the briefing is about mine" in outcome.stderr


def bomb() -> bytes:
    file = io.BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for number in range(30):
            archive.writestr(f"part{number}.xml", b"\0" * 10_000_000)
    return file.getvalue()


def with_part(path: Path, part: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with ZipFile(path) as archive, ZipFile(file, "w", ZIP_DEFLATED) as other:
        for name in archive.namelist():
            other.writestr(name, content if name == part else archive.read(name))
    return file.getvalue()


LAUGH = b'<!DOCTYPE a [<!ENTITY b "' + b"ha" * 1000 + b'">]><a>' + b"&b;" * 1000 + b"</a>"
NOTES, MANIFEST = "ppt/notesSlides/notesSlide1.xml", "xl/worksheets/sheet14.xml"


@pytest.mark.parametrize(
    ("kind", "damage", "words"),
    [
        *((kind, lambda _: b"", "carries no manifest" if kind == "html" else "is damaged") for kind in KINDS),
        ("html", lambda path: path.read_bytes()[:5_000], "carries no manifest"),
        ("pptx", lambda path: path.read_bytes()[:5_000], "is damaged"),
        ("xlsx", lambda path: path.read_bytes()[:5_000], "is damaged"),
        ("html", lambda _: b"\xff\xfe" * 100, "cannot be read"),
        ("pptx", lambda path: path.read_bytes()[:9_000] + b"\0" * 500 + path.read_bytes()[9_500:], "is damaged"),
        ("xlsx", lambda path: path.read_bytes()[:9_000] + b"\0" * 500 + path.read_bytes()[9_500:], "is damaged"),
        ("pptx", lambda _: bomb(), "larger than"),
        ("xlsx", lambda _: bomb(), "larger than"),
        ("pptx", lambda path: with_part(path, NOTES, LAUGH), "defines entities"),
        ("xlsx", lambda path: with_part(path, MANIFEST, LAUGH), "defines entities"),
        ("xlsx", lambda path: with_part(path, MANIFEST, b"<a>" * 5_000 + b"</a>" * 5_000), "deep in each other"),
        ("xlsx", lambda path: with_part(path, MANIFEST, b"<a><b></a>"), "cannot be read"),
        ("xlsx", lambda path: with_part(path, MANIFEST, b"<a/>"), "carries no manifest"),
        ("xlsx", lambda path: with_part(path, "xl/workbook.xml", b"<a/>"), "carries no manifest"),
        ("pptx", lambda path: with_part(path, NOTES, b"<a/>"), "carries no manifest"),
        ("pdf", lambda path: path.read_bytes()[:200], "carries no manifest"),
        ("pdf", lambda _: b"%PDF-1.3 /Keywords (" + b"[" * 100_000 + b")", "no list of facts"),
        ("pdf", lambda _: b"%PDF-1.3 /Keywords (7)", "no list of facts"),
        ("docx", lambda path: with_part(path, "docProps/custom.xml", b"<a/>"), "carries no manifest"),
        ("pptx", lambda path: path.read_bytes() + b"more", "before or behind its parts"),
        ("pptx", lambda path: b"more" + path.read_bytes(), "before or behind its parts"),
    ],
)
def test_a_damaged_briefing_is_refused_in_words(copied, kind, damage, words):
    path = copied(kind)
    path.write_bytes(damage(path))
    outcome = call("--language", "en", "brief", "--verify", path)
    assert outcome.exit_code == 2, outcome.output
    assert words in outcome.stderr
    assert path.name in outcome.stderr
    assert len(outcome.stderr) < 500


def test_what_is_no_plain_file_is_refused_in_words(tmp_path):
    os.mkfifo(tmp_path / "pipe.html")
    (tmp_path / "folder.html").mkdir()
    for name in ("pipe.html", "folder.html"):
        outcome = call("--language", "en", "brief", "--verify", tmp_path / name)
        assert outcome.exit_code == 2
        assert "is no plain file" in outcome.stderr
    with (tmp_path / "endless.html").open("wb") as file:
        file.truncate(10**12)
    outcome = call("--language", "en", "brief", "--verify", tmp_path / "endless.html")
    assert outcome.exit_code == 2
    assert "larger than" in outcome.stderr


@pytest.mark.parametrize("part", ["ppt/slides/slide2.xml", "ppt/presentation.xml"])
def test_a_part_that_cannot_be_read_is_named(verify, copied, part):
    path = copied("pptx")
    path.write_bytes(with_part(path, part, b"torn"))
    outcome = verify(path)
    assert outcome.exit_code == 1
    assert f"{part}: it cannot be read" in outcome.output


def nudged(part: Any) -> Any:
    """The same results, each but whole numbers different in its last bits."""
    if isinstance(part, Result):
        return part if part.is_integer() else Result(part.key, part * (1 + 2e-14))
    if is_dataclass(part) and not isinstance(part, type):
        return replace(part, **{one.name: nudged(getattr(part, one.name)) for one in fields(part)})
    if isinstance(part, Mapping):
        return {name: nudged(one) for name, one in part.items()}
    return tuple(map(nudged, part)) if isinstance(part, tuple) else part


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_of_another_processor_holds_to_the_digits_shown(written, copied, monkeypatch, kind, tmp_path):
    """The last bits of every result, and the last level of every colour, are as another machine may give them."""
    briefing = compose(written.evidence, nudged(written.results), "zh")
    place = PLACES[f".{kind}"]

    def paler(evidence, briefing, folder, kinds):
        for path in drawn_at_once(evidence, briefing, folder, kinds):
            if path.suffix == ".png":
                with Image.open(path) as image:
                    pixels, dots = np.asarray(image).astype(int), image.info["dpi"]
                pixels[..., :3] -= 1
                Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(path, dpi=dots)
            else:
                path.write_text(re.sub(r"(\d\.\d{5})\d", r"\g<1>0", path.read_text()))
            yield path

    monkeypatch.setattr(files, "draw", paler)
    there = files.make_files(written.evidence, briefing, tmp_path / "there", [place])[place]
    path = copied(kind)
    assert path.read_bytes() != there
    outcome = comparison.compared(open_briefing(path), there, [], [])
    assert not outcome.differences, outcome.words
    assert not outcome.identical
    assert "every word, cell, shape and digit shown, though not byte for byte" in outcome.words


def test_a_picture_beyond_the_tolerance_is_another():
    plain, near, far = (Image.new("RGB", (4, 4), (100, 100, 100 + more)) for more in (0, same.LEVELS, same.LEVELS + 1))
    packed = []
    for image in (plain, near, far):
        file = io.BytesIO()
        image.save(file, "PNG")
        packed.append(file.getvalue())
    assert same.same_bitmap(packed[1], packed[0])
    assert not same.same_bitmap(packed[2], packed[0])


@pytest.mark.parametrize("name", CHUNKS)
def test_a_bitmap_that_says_more_than_its_pixels_is_another(name):
    file = io.BytesIO()
    Image.new("RGB", (4, 4), (100, 100, 100)).save(file, "PNG", dpi=(72, 72))
    plain = file.getvalue()
    more = with_chunk(plain, *CHUNKS[name])
    drawings = [b'<image href="data:image/png;base64,%b"/>' % base64.b64encode(one) for one in (more, plain)]
    assert not same.same_bitmap(more, plain)
    assert not same.same_bitmap(plain, more)
    assert not same.same_drawing(*drawings)


def test_a_bitmap_packed_otherwise_is_the_same_but_nothing_stands_behind_it():
    packed = []
    for level in (0, 9):
        file = io.BytesIO()
        Image.new("RGB", (99, 99), (100, 100, 100)).save(file, "PNG", compress_level=level)
        packed.append(file.getvalue())
    assert packed[0] != packed[1]
    assert same.same_bitmap(*packed)
    assert not same.same_bitmap(packed[0] + b"more", packed[1])


@pytest.mark.parametrize("number", ["7_7.15", "７７.15", " 77.15", "77.15 ", "+77.15", "77.15\n", "٧٧.15", "infinity"])
def test_a_number_is_one_only_if_spreadsheets_and_browsers_read_it(number):
    assert float(number) == 77.15 or number == "infinity"
    assert not same.same_number(number, "77.15")
    assert same.same_number("7.715E+1", "77.15")


def test_a_whole_number_holds_to_every_digit_that_a_cell_could_show():
    assert same.same_number("2025.0000000001", "2025")
    assert not same.same_number("2025.000002", "2025")


@pytest.mark.parametrize(
    ("has", "should"),
    [
        ('<path style="fill: #00e123"/>', '<path style="fill: #00e456"/>'),
        ('<use href="#Sans-31.00001"/>', '<use href="#Sans-31"/>'),
        ('<path d="M １ 2"/>', '<path d="M 1 2"/>'),
        ('<path d="M 1_0 2"/>', '<path d="M 10 2"/>'),
    ],
)
def test_only_coordinates_of_a_drawing_may_differ(has, should):
    assert not same.same_drawing(has.encode(), should.encode())
    assert same.same_drawing(b'<path d="M 1.00001 -2"/>', b'<path d="M 1 -2.00001"/>')


def test_a_text_that_a_workbook_shows_is_no_number():
    chart = "<c><strCache><pt><v>{}</v></pt></strCache></c>"
    cell = '<row><c t="str"><v>{}</v></c></row>'
    for part in (chart, cell):
        has, should = ({"a.xml": part.format(text).encode()} for text in ("77.1000000001", "77.1"))
        assert len(list(workbook_differences(has, should))) == 1


def test_the_manifest_of_a_file_is_compared_entry_by_entry(written):
    manifest = open_briefing(written.path("xlsx", "en")).manifest
    assert manifest["members"] == str(MEMBERS)
    assert wrong_facts(manifest, manifest) == []
    assert may_differ(manifest, manifest) == []
    turned = dict(reversed(list(manifest.items())))
    assert wrong_facts(turned, manifest) == ["manifest: its entries stand in another order"]


@pytest.mark.slow
def test_a_briefing_holds_after_every_order_of_commands(tmp_path):
    """The runs that `brief` finds in its folder may have been left beside any others."""
    orders: dict[str, list[list[str]]] = {
        "alone": [],
        "after two": [["run", "baseline", "plan"]],
        "after one": [["run", "plan"]],
        "after all": [["run"]],
        "after two and all": [["run", "baseline", "plan"], ["run"]],
        "after another's": [["run", "low_fertility"], ["run", "plan"]],
    }
    contents: dict[str, set[bytes]] = {}
    for order, commands in orders.items():
        out = tmp_path / order.replace(" ", "_")
        for words in commands:
            outcome = call(*words, "--members", MEMBERS, "--out", out)
            assert outcome.exit_code == 0, outcome.output
        outcome = call("brief", "--language", "both", "--members", MEMBERS, "--out", out / "brief")
        assert outcome.exit_code == 0, outcome.output
        for path in sorted((out / "brief").glob("briefing_*")):
            contents.setdefault(path.name, set()).add(path.read_bytes())
        outcome = call("--language", "en", "brief", "--verify", out / "brief" / "briefing_plan_en.xlsx")
        assert outcome.exit_code == 0, f"{order}: {outcome.output}"
    assert len(contents) == 2 * len(KINDS)
    assert {name: len(kinds) for name, kinds in contents.items()} == dict.fromkeys(contents, 1)


def test_a_map_of_boundaries_is_verified_with_the_same_boundaries_only():
    def given(name: str) -> Boundaries:
        return Boundaries({}, name)

    check_boundaries({}, None)
    check_boundaries({"boundaries": "0123"}, given("0123"))
    for then, now, words in (
        ({"boundaries": "0123"}, None, "add --boundaries FILE"),
        ({}, given("0123"), "leave --boundaries out"),
        ({"boundaries": "0123"}, given("4567"), "another file"),
    ):
        with pytest.raises(BriefingError, match=words):
            check_boundaries(then, now)
