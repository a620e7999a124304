"""The live page in Chromium, opened from a file: what a planner does with it, and what must never happen."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from PIL import Image

from benchmarks.browser import css_class, judged, ready, saved, set_lever
from scenarios import load_scenario, load_targets
from tests.analysis.page.conftest import FEW

pytestmark = pytest.mark.browser

TALENT = "TALENT SUBSIDY"
EASE = "EASE OF SETTLEMENT"
PERMITS = "PERMIT ENTITLEMENT"
REGISTERED = "target.urbanization.registered.2025"
WIDTHS = (390, 1280, 1920)
#: What a thumb would miss, as it needs 44 pixels.
TOO_SMALL = """
[...document.querySelectorAll("button, select, input:not([type=checkbox])")]
  .filter((one) => one.offsetParent && one.getBoundingClientRect().height < 43.5)
  .map((one) => one.outerHTML.slice(0, 90))
"""
SECTIONS = ("guide", "headline", "course", "why", "board", "districts", "side")


def changes(page):
    return page.evaluate("livePage.state.setting.changes")


def problem(page) -> str:
    return page.locator("#problems").inner_text() if page.locator("#problems").is_visible() else ""


def download(page, press) -> str:
    with page.expect_download() as waiting:
        press()
    return saved(waiting.value)


def load(page, path: Path) -> None:
    page.set_input_files("#load", path)


def test_it_opens_in_chinese_on_the_plan_against_the_baseline_with_everything_there(visit):
    page = visit()
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    families = "[...document.fonts].filter(face => face.status == 'loaded').map(face => face.family)"
    assert page.evaluate(families) == ["Page Sans"]
    for section in (*SECTIONS, "policies", "assumptions", "files"):
        assert page.locator(f"#{section}").is_visible(), section
    assert page.locator("#base").input_value() == "plan"
    assert page.locator("#against").input_value() == "baseline"
    assert page.locator("#board tbody tr").count() == sum(one.modelled for one in load_targets().values())
    assert page.locator("#districts canvas").count() == 12
    assert page.locator("#districts .tiles rect").count() == 12
    page.locator("#why").scroll_into_view_if_needed()
    assert page.locator("#why ol li").first.inner_text(timeout=240_000)
    assert judged(page, REGISTERED)["members"] == FEW


def test_unknowns_stand_apart_from_policies_and_every_control_has_a_name(visit):
    page = visit()
    policies = page.locator("#policies .control").count()
    assert policies > 20
    assert page.locator("#assumptions .control").count() == 5
    sliders = page.locator("input[type=range]")
    for place in range(sliders.count()):
        assert sliders.nth(place).get_attribute("aria-label")
        assert sliders.nth(place).get_attribute("aria-valuetext")


def test_a_moved_lever_changes_probabilities_the_address_and_what_contributed(visit):
    page = visit(base="baseline")
    before = judged(page, REGISTERED)["reached"]
    set_lever(page, EASE, "0.2")
    assert judged(page, REGISTERED)["reached"] < before
    page.locator("#why").scroll_into_view_if_needed()
    page.wait_for_selector("#why ol li")
    assert page.locator("#why ol li").count() == 1
    page.wait_for_timeout(400)
    assert "EASE+OF+SETTLEMENT" in page.url
    page.locator(f".{css_class(EASE)} button", has_text="还原").click()
    ready(page)
    assert changes(page) == {}
    assert judged(page, REGISTERED)["reached"] == before
    assert "没有差别" in page.locator("#why").inner_text()


def test_a_number_beyond_its_bounds_is_brought_back_and_text_is_none(visit):
    page = visit()
    set_lever(page, EASE, "7")
    assert page.locator(f".{css_class(EASE)} input[type=number]").input_value() == "1"
    field = page.locator(f".{css_class(TALENT)} input[type=number]")
    field.fill("")
    field.press("Enter")
    assert float(field.input_value()) == 25000
    assert TALENT not in changes(page)


def test_a_slider_is_moved_by_keys(visit):
    page = visit(base="baseline")
    slider = page.locator(f".{css_class(EASE)} input[type=range]")
    slider.focus()
    slider.press("ArrowLeft")
    ready(page)
    assert changes(page)[EASE] == pytest.approx(0.89)


def test_a_path_is_kept_and_shifted_and_a_pace_lets_a_lever_arrive_later(visit):
    page = visit()
    set_lever(page, TALENT, "40000")
    # The plan's own path, both ends by the whole move.
    assert changes(page)[TALENT] == {"path": [[2020, 23000], [2022, 40000]]}
    page.select_option("#pace", "2030")
    set_lever(page, EASE, "0.5")
    path = dict(map(tuple, changes(page)[EASE]["path"]))
    assert path[2030] == 0.5
    assert path[2020] == pytest.approx(0.9)
    assert set(path) == {2020, 2025, 2030}


def test_a_schedule_is_typed_moved_by_keys_dragged_and_repealed(visit):
    page = visit(base="baseline")
    control = page.locator(f".{css_class(EASE)}")
    control.locator("summary").click()
    editor = control.locator(".schedule-editor")
    editor.locator("select").select_option("2030")
    editor.get_by_text("加一个点").click()
    field = editor.locator(".point").nth(1).locator("input")
    field.fill("0.4")
    field.press("Enter")
    ready(page)
    assert changes(page)[EASE] == {"path": [[2020, 0.9], [2030, 0.4]]}
    dot = editor.locator("circle").nth(1)
    dot.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowLeft")
    ready(page)
    assert changes(page)[EASE] == {"path": [[2020, 0.9], [2029, 0.41]]}
    box = editor.locator("circle").nth(1).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] - 30, steps=4)
    page.mouse.up()
    ready(page)
    (_, (year, value)) = changes(page)[EASE]["path"]
    assert year == 2029
    assert value > 0.41
    editor.locator("select").select_option("2033")
    editor.get_by_text("该年废止").click()
    ready(page)
    path = changes(page)[EASE]["path"]
    assert path[-1] == [2033, 0.9]
    assert path[-2] == [2032, value]
    # Removing points one by one leaves a number.
    while editor.locator("circle").count() > 1:
        editor.locator("circle").last.focus()
        page.keyboard.press("Delete")
    ready(page)
    assert changes(page)[EASE] == 0.9


def test_parts_of_a_lever_are_set_one_by_one(visit):
    page = visit(base="baseline")
    control = page.locator(f".{css_class(PERMITS)}")
    control.locator("summary").first.click()
    field = control.locator("input[type=number]").nth(1)
    field.fill("0.95")
    field.press("Enter")
    ready(page)
    assert changes(page)[PERMITS] == {"by": {"preschool": 0.95}}


def test_an_assumption_that_is_fixed_changes_the_baseline_too_and_the_page_says_so(visit):
    page = visit()
    before = page.evaluate("livePage.bands.baseline[2][15]")
    field = page.locator(f".{css_class('LONG RUN FERTILITY')} input[type=number]")
    field.fill("0.8")
    field.press("Enter")
    ready(page)
    assert "修改后的基准" in page.locator("#status").inner_text()
    page.select_option("#indicator", "residents")
    page.wait_for_timeout(100)
    assert page.locator(".legend").inner_text().count("修改后的基准") == 1
    page.locator(f".{css_class('LONG RUN FERTILITY')} input[type=checkbox]").uncheck()
    ready(page)
    page.select_option("#indicator", "target resident urbanization rate")
    assert page.evaluate("livePage.bands.baseline[2][15]") == before


def test_five_scenarios_stand_side_by_side_and_no_sixth(visit):
    page = visit()
    page.locator(".chooser summary").click()
    for name in ("重点", "保障性住房", "服务均等", "户籍改革"):
        box = page.locator(".picks label", has_text=name)
        if box.count():
            box.first.locator("input").check()
            ready(page)
    assert page.locator("#side figure").count() == 5
    assert page.locator("#side figure canvas").count() == 5
    assert page.locator("#side thead th").count() == 6
    assert page.locator(".picks input:not(:checked)").first.is_disabled()
    assert "已选满5个" in page.locator("#side").inner_text()
    assert page.locator("#side tbody tr").count() > 20


def test_the_language_is_switched_without_losing_anything(visit):
    page = visit(changes={EASE: 0.5})
    before = judged(page, REGISTERED)
    page.click("#language")
    ready(page)
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.get_by_text("Policy levers").first.is_visible()
    assert changes(page) == {EASE: 0.5}
    assert judged(page, REGISTERED) == before
    shown = page.locator("body").inner_text()
    assert re.findall("[\u4e00-\u9fff]+", shown.replace("中文", "")) == []


def test_the_other_evidence_has_other_members(visit):
    page = visit()
    before = page.locator(f".cards [data-target='{REGISTERED}']").inner_text()
    page.select_option("#evidence", "2020")
    ready(page)
    assert page.locator(f".cards [data-target='{REGISTERED}']").inner_text() != before
    assert "2020年的记录" in page.locator("footer").inner_text()


def test_a_link_carries_everything(visit, page_file):
    page = visit()
    set_lever(page, TALENT, "50000")
    page.fill("#name", "mine")
    page.click("#keep")
    page.select_option("#against", "mine")
    ready(page)
    page.select_option("#indicator", "residents")
    page.wait_for_timeout(400)
    address = page.url
    other = visit(wait=False)
    other.goto("about:blank")
    other.goto(address)
    ready(other)
    assert changes(other) == changes(page)
    assert other.evaluate("livePage.state.against") == "mine"
    assert other.evaluate("livePage.state.indicator") == "residents"


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ({"changes": {EASE: 7}}, "超出范围"),
        ({"changes": {"residents": 7}}, "由模型算出"),
        ({"changes": {"USE SHARE": 0.5}}, "情景不能改动"),
        ({"changes": "{"}, "链接已损坏"),
        ({"base": "../../etc/passwd"}, "随附情景"),
        ({"evidence": "2019"}, "2019"),
        ({"nonsense": "1"}, "nonsense"),
        ({"changes": {"<img src=x onerror=alert(1)>": 1}}, "<img src=x"),
        ({"against": "nowhere"}, "nowhere"),
    ],
)
def test_what_a_link_says_wrongly_is_told_and_left_out(visit, choices, said):
    page = visit(**choices)
    assert said in problem(page)
    assert changes(page) == {}
    assert page.locator("#problems img").count() == 0


def test_a_saved_file_is_one_that_run_takes_and_the_page_loads_again(visit, tmp_path):
    page = visit(changes={TALENT: {"2020": 8000, "2026": 60000}, PERMITS: {"preschool": 0.9}, EASE: 0.55})
    page.fill("#name", "mine")
    text = download(page, lambda: page.click("#save"))
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    found: dict[str, Any] = {change.constant: change.value for change in load_scenario(path).changes}
    assert found[TALENT] == {2020: 8000, 2026: 60000}
    assert found[PERMITS]["preschool"] == 0.9
    assert found[EASE] == 0.55
    assert yaml.safe_load(text)["base"] == "plan"
    other = visit(base="baseline")
    load(other, path)
    other.wait_for_selector(f".{css_class(EASE)}.changed")
    ready(other)
    assert changes(other) == changes(page)
    assert other.locator("#name").input_value() == "mine"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("other.yaml", b"name: mine\n", "other"),
        ("mine.txt", b"name: mine\n", ".yaml"),
        ("mine.yaml", "名称".encode("gbk"), "UTF-8"),
        ("mine.yaml", b"x" * 70_000, "70000"),
        ("mine.yaml", b"<script>alert(1)</script>: 1\n", "<script>"),
    ],
)
def test_a_file_that_run_refuses_is_refused_and_nothing_changes(visit, tmp_path, name, content, said):
    path = tmp_path / name
    path.write_bytes(content)
    page = visit()
    load(page, path)
    page.wait_for_selector("#problems:not([hidden])")
    assert said in problem(page)
    assert changes(page) == {}


def test_picture_and_data_are_taken_away(visit, tmp_path):
    page = visit()
    with page.expect_download() as waiting:
        page.click("#picture")
    picture = Image.open(io.BytesIO(Path(waiting.value.path()).read_bytes()))
    assert picture.width > 600
    assert len(picture.convert("RGB").getcolors(1 << 24) or []) > 20
    text = download(page, lambda: page.click("#data"))
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert lines[0].startswith("role,variable,element,year,p05,p25,median,p75,p95")
    assert "# model_hash: " in text
    assert sum(",residents by district,Lixia," in line for line in lines) >= 2 * 16


@pytest.mark.parametrize("question", ["reach", "levers", "inflow"])
def test_each_of_the_three_questions_is_answered(visit, question):
    page = visit(base="baseline", language="en")
    page.click(f"[data-question={question}]")
    page.wait_for_selector(f"[data-answer={question}]", timeout=240_000)
    answer = page.locator(".answer").inner_text()
    assert re.search(r"\d", answer)
    assert "{" not in answer
    assert "undefined" not in answer
    assert "NaN" not in answer


def test_a_chart_is_read_by_keys(visit):
    page = visit(language="en")
    chart = page.locator("#course .plot")
    chart.focus()
    page.keyboard.press("Home")
    assert chart.get_attribute("aria-valuetext").startswith("2020: median")
    page.keyboard.press("ArrowRight")
    assert chart.get_attribute("aria-valuetext").startswith("2021: median")
    assert page.locator("#course .readout").inner_text().startswith("2021")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_it_prints_on_one_page(visit, language):
    page = visit(language=language, changes={EASE: 0.5, TALENT: 60000})
    content = page.pdf(format="A4", prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", content)) == 1


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_nothing_sticks_out_at_any_width(visit, width, language):
    page = visit(width, 844, language=language)
    tabs = page.locator("nav.tabs button")
    for place in range(tabs.count() if width < 900 else 1):
        if width < 900:
            tabs.nth(place).click()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    if width < 900:
        tabs.first.click()
        assert page.evaluate(TOO_SMALL) == []


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_it_meets_wcag_22_aa_as_far_as_axe_can_tell(visit, width, language):
    # Evaluated by the browser's debugger, which the page's own rules do not bind.
    script = (Path(pytest.importorskip("axe_playwright_python").__file__).parent / "axe.min.js").read_text("utf-8")
    page = visit(width, 844, language=language)
    page.locator(f".{css_class(EASE)} summary").evaluate("one => { one.parentElement.open = true }")
    page.evaluate(script)
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    tabs = ["levers", "results", "compare", "files"] if width < 900 else ["results"]
    for tab in tabs:
        page.evaluate("tab => livePage.turn(tab)", tab)
        found = page.evaluate("tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", tags)
        told = [(one["id"], [node["target"] for node in one["nodes"]][:3]) for one in found["violations"]]
        assert told == [], tab


def test_every_part_is_reached_by_the_tabulator(visit):
    page = visit()
    met = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        met.add(page.evaluate("document.activeElement.id || document.activeElement.className"))
    assert {"language", "base", "against", "evidence", "print"} <= met


def test_a_thousand_moves_leave_nothing_behind(visit):
    page = visit(base="baseline")
    grown = page.evaluate(
        """async () => {
          const moves = async (count) => {
            for (let turn = 0; turn < count; turn += 1) {
              livePage.move("EASE OF SETTLEMENT", null, 0.3 + 0.0005 * turn)
              if (turn % 50 === 49) await new Promise((resolve) => setTimeout(resolve, 0))
            }
          }
          await moves(300)
          const before = [document.querySelectorAll("*").length, livePage.outcomes.kept.size]
          await moves(1000)
          await new Promise((resolve) => setTimeout(resolve, 500))
          const after = [document.querySelectorAll("*").length, livePage.outcomes.kept.size]
          return [before, after, livePage.pool.running.size]
        }"""
    )
    (nodes, kept), (later_nodes, later_kept), running = grown
    assert later_nodes <= nodes * 1.02
    assert later_kept <= max(kept, 14)
    assert running <= 8
    ready(page)
    assert changes(page)[EASE] == pytest.approx(0.3 + 0.0005 * 999)
