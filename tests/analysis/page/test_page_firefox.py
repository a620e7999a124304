"""The live page in Firefox, opened from a file: it comes up, moves, keeps and reads as in Chromium."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from benchmarks.browser import COMPLETE, css_class, link
from tests.analysis.page.conftest import FEW
from tests.support.firefox import FIREFOX, Firefox

pytestmark = pytest.mark.browser

EASE = "EASE OF SETTLEMENT"
REGISTERED = "target.urbanization.registered.2025"


@pytest.fixture(scope="module")
def firefox():
    if not Path(FIREFOX).exists():
        pytest.fail(f"{FIREFOX} is missing: run `make test-browser`, which installs it.")
    browser = Firefox()
    yield browser
    browser.close()
    assert browser.outside == []
    assert browser.broken == []


@pytest.fixture
def opened(firefox, page_file):
    def go(width: int = 1280, **choices):
        firefox.open(link(page_file, **choices), width, 844)
        firefox.wait(COMPLETE)
        return firefox

    return go


def reached(firefox):
    card = f".cards [data-target='{REGISTERED}'] .large"
    return firefox.run("(card) => Number(document.querySelector(card).dataset.reached)", card)


@pytest.mark.parametrize("width", [390, 1280, 1920])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_it_comes_up_at_every_width_in_both_languages(opened, width, language):
    page = opened(width, language=language)
    assert page.run("() => document.documentElement.scrollWidth") <= width
    assert page.run("() => livePage.shownMembers.length") == FEW
    picture = Image.open(io.BytesIO(page.picture())).convert("RGB")
    assert len(picture.getcolors(1 << 24) or []) > 50


def test_a_lever_and_a_schedule_move_what_is_shown(opened):
    page = opened(base="baseline")
    before = reached(page)
    typed = f".{css_class(EASE)} input[type=number]"
    page.run(
        "(typed) => { const field = document.querySelector(typed); field.value = '0.2'; "
        "field.dispatchEvent(new Event('change', {bubbles: true})) }",
        typed,
    )
    page.wait(COMPLETE)
    assert reached(page) < before
    page.run("(one) => { document.querySelector(one).open = true }", f".{css_class(EASE)} details.more")
    page.wait(f".{css_class(EASE)} .schedule-editor")
    page.run("(one) => document.querySelector(one).click()", f".{css_class(EASE)} .schedule-editor .buttons button")
    page.wait(COMPLETE)
    assert [year for year, _ in page.run("(name) => livePage.state.setting.changes[name].path", EASE)] == [2020, 2030]


def test_five_scenarios_a_file_and_a_link(opened):
    names = ["plan", "baseline", "open_door_1", "equal_services", "low_fertility"]
    page = opened(compared=names)
    assert page.run("() => document.querySelectorAll('#side figure canvas').length") == 5
    text = page.run("() => livePage.settings.asYaml(livePage.state.setting, 'mine')")
    assert page.run("(text) => livePage.rules.read(text, 'mine.yaml').problem", text) is None
    page.run("() => { livePage.move('EASE OF SETTLEMENT', null, 0.4); livePage.write() }")
    page.wait(COMPLETE)
    assert "EASE" in page.run("() => window.location.href")


def test_both_browsers_come_to_the_same(opened, visit):
    page = opened(base="plan", compared=[])
    function = "() => Array.from(livePage.role('page').outcome.values)"
    assert page.run(function) == visit(base="plan", compared=[]).evaluate(f"({function})()")
