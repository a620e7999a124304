"""The documentation site is whole without a network: nothing in it is fetched from elsewhere, and no link is dead."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser

import pytest

from tests.conftest import ROOT

#: Attributes through which a page fetches; a plain link in a text (`a href`) is followed by the reader only.
FETCHING = {"src", "srcset", "poster", "data", "action", "formaction", "background", "xlink:href"}
OUTSIDE = re.compile(r"^\s*(?:[a-z]+:)?//", re.IGNORECASE)
#: Names of document types, a note on a licence, and what is asked only for a site that names its repository.
NAMED_ONLY = re.compile(r"https?://(?:www\.w3\.org/(?:1998|1999|2000)/|clipboardjs\.com/|api\.github\.com/)")
ADDRESS = re.compile(r"https?://[\w-]+(?:\.[\w-]+)+[^\s\"'`)]*")
#: Ways of a script to fetch from an address written in it.
CALLS = re.compile(r"(?:fetch|import|importScripts|open|Worker|_t|src\s*=|url)\s*\(?\s*[\"'`](?:https?:)?//[^\"'`]+")
STYLES = re.compile(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//[^\"')]+")


class Fetched(HTMLParser):
    """Addresses that a page fetches, and the links in it."""

    def __init__(self, text):
        super().__init__()
        self.outside: list[str] = []
        self.links: list[str] = []
        self.names: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        for key, value in attrs:
            fetches = key in FETCHING or (key == "href" and tag not in ("a", "area"))
            if fetches and value and OUTSIDE.match(value):
                self.outside.append(value)
            if key == "style" and value:
                self.outside += STYLES.findall(value)
            if key == "href" and tag == "a" and value:
                self.links.append(value)
            if key in ("id", "name") and value:
                self.names.add(value)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site as `make docs` builds it, with every warning an error."""
    place = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(place)]
    built = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return place


def pages(site):
    return {path: Fetched(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}


def test_every_page_of_the_navigation_is_there(site):
    made = {path.stem for path in site.glob("*.html")}
    assert {"index", "quick_start_zh", "tutorial", "how_to", "model", "methods", "limits", "history"} <= made
    for path in (ROOT / "docs").glob("*.md"):
        assert path.stem in made, path.name


def test_no_page_fetches_anything_from_outside(site):
    assert {path.name: page.outside for path, page in pages(site).items() if page.outside} == {}


def test_no_style_fetches_anything_from_outside(site):
    for path in [*site.rglob("*.css"), *site.rglob("*.html")]:
        assert STYLES.findall(path.read_text(encoding="utf-8")) == [], path.name


def test_no_script_fetches_anything_from_outside(site):
    scripts = list(site.rglob("*.js"))
    assert any("bundle" in path.name for path in scripts)
    for path in scripts:
        assert CALLS.findall(path.read_text(encoding="utf-8")) == [], path.name
    for path in site.rglob("bundle.*.js"):
        found = set(ADDRESS.findall(path.read_text(encoding="utf-8")))
        assert {address for address in found if not NAMED_ONLY.match(address)} == set()
    assert "repo_url" not in (ROOT / "mkdocs.yml").read_text(encoding="utf-8")


def test_links_inside_the_site_lead_somewhere(site):
    found = pages(site)
    for path, page in found.items():
        if path.name == "404.html":
            continue
        for link in page.links:
            if OUTSIDE.match(link) or link.startswith("mailto:"):
                continue
            place, _, anchor = link.partition("#")
            goal = (path.parent / place).resolve() if place else path
            assert goal.exists(), f"{path.name}: {link}"
            if anchor and goal in found:
                assert anchor in found[goal].names, f"{path.name}: {link}"


def test_formulas_are_drawn_and_diagrams_find_what_draws_them(site):
    methods = (site / "methods.html").read_text(encoding="utf-8")
    assert methods.count('class="formula"') == methods.count("<svg xmlns:xlink")
    assert methods.count('class="formula"') > 10
    model = (site / "model.html").read_text(encoding="utf-8")
    assert model.count('class="mermaid"') == 8
    assert 'src="assets/mermaid.tiny.js"' in model
    assert (site / "assets" / "mermaid.tiny.js").stat().st_size > 1_000_000


@pytest.mark.parametrize(
    "text",
    [
        '<script src="https://example.org/a.js"></script>',
        '<link rel="stylesheet" href="//example.org/a.css">',
        '<img src="http://example.org/a.png">',
        '<p style="background: url(https://example.org/a.png)">',
    ],
)
def test_a_request_to_outside_would_be_noticed(text):
    assert Fetched(text).outside
    assert Fetched('<a href="https://example.org">text</a>').outside == []


def looked_through(site):
    """What the pages of the site ask for in a browser, and what of it is not there."""
    playwright = pytest.importorskip("playwright.sync_api")
    asked, missing = [], []
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        # Leaving a page breaks off what it still asks for; everything else that fails is not there.
        page.on("requestfailed", lambda r: missing.append(r.url) if r.failure != "net::ERR_ABORTED" else None)
        for path in site.glob("*.html"):
            # A server shows that page under any address, so it looks for everything at the root.
            if path.name != "404.html":
                page.goto(path.as_uri())
        page.goto((site / "model.html").as_uri())
        drawn = page.locator("div.mermaid")
        playwright.expect(drawn).to_have_count(8, timeout=60_000)
        assert all(place["height"] > 50 for place in (one.bounding_box() for one in drawn.all()) if place)
        for word, place in {"快速入门": "quick_start_zh.html", "willingness": "model.html"}.items():
            page.fill(".md-search__input", word)
            # The search listens to keys, which filling in does not press.
            page.press(".md-search__input", "End")
            found = page.locator(f'.md-search-result__link[href*="{place}"]')
            playwright.expect(found.first).to_be_attached(timeout=60_000)
        browser.close()
    return asked, missing


@pytest.mark.browser
def test_in_a_browser_diagrams_appear_search_answers_in_both_languages_and_nothing_outside_is_asked_for(site):
    # A thread of its own: other tests of one call may have left a loop of events running in this one.
    with ThreadPoolExecutor(1) as aside:
        asked, missing = aside.submit(looked_through, site).result()
    assert missing == []
    assert [address for address in asked if not address.startswith(("file:", "data:", "blob:", "about:"))] == []
