"""One page, written once, and Chromium to open it in."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.browser import ARGUMENTS, CHROMIUM, PATIENCE, link, ready, write_page

#: As many as the agreement with the desk is asked of, and as make all else quick.
MEMBERS, FEW = 50, 20


@pytest.fixture(scope="session")
def page_file(tmp_path_factory) -> Path:
    pytest.importorskip("ziglang")
    return write_page(tmp_path_factory.mktemp("page") / "jinan.html", FEW)


@pytest.fixture(scope="session")
def larger_file(tmp_path_factory) -> Path:
    pytest.importorskip("ziglang")
    return write_page(tmp_path_factory.mktemp("larger") / "jinan.html", MEMBERS)


# Not longer than these tests: another that starts a browser of its own could not while this one runs.
@pytest.fixture(scope="package")
def chromium():
    playwright = pytest.importorskip("playwright.sync_api")
    if not Path(CHROMIUM).exists():
        pytest.fail(f"{CHROMIUM} is missing: run `make test-browser`, which installs it.")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium, page_file):
    """Open the page; at the end it has asked nothing of any network, broken no rule of its own and thrown nothing."""
    outside, broken, contexts = [], [], []

    def go(width: int = 1280, height: int = 900, *, file: Path = page_file, wait: bool = True, **choices):
        context = chromium.new_context(viewport={"width": width, "height": height}, accept_downloads=True)
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on(
            "request", lambda one: None if one.url.startswith(("file:", "blob:", "data:")) else outside.append(one.url)
        )
        page.on("websocket", lambda one: outside.append(one.url))
        page.on("pageerror", lambda error: broken.append(str(error)))
        page.on("console", lambda told: broken.append(told.text) if told.type == "error" else None)
        page.goto(link(file, **choices))
        if wait:
            ready(page)
        return page

    yield go
    for context in contexts:
        context.close()
    assert outside == []
    assert broken == []
