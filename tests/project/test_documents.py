"""What the documents show is true: every block of code in them runs, and every command in them exists."""

from __future__ import annotations

import inspect
import re
import subprocess

import pytest

import run_scenarios
from analysis.charts import catalogue
from analysis.command_line import USUAL_MEMBERS
from scenarios import shipped_scenarios
from tests.conftest import ROOT
from tests.support.documents import NOT_RUN, RUN, SLOW, blocks, check_commands, commands, run_block, wrong_words

DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
WITH_CODE = [path for path in DOCUMENTS if any(block.language in RUN for block in blocks(path))]
#: Pages that a reader of one language has in place of those of the other.
TWINS = {
    "how_to": ("how_to_zh",),
    "tutorial": ("quick_start_zh", "tutorial_zh"),
    "assessment": ("assessment_zh",),
    "monitor": ("monitor_zh",),
    "windows": ("windows_zh",),
    "another_city": ("another_city_zh",),
    "limits": ("limits_zh",),
    "methods": ("methods_zh",),
}
#: More blocks that nothing runs would be a habit.
MOST_NOT_RUN = 6


def name(path):
    return path.stem


@pytest.fixture
def empty_folder(tmp_path, monkeypatch):
    """An empty current folder, in which the document is followed."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def follow(path, folder, *, slow):
    """Run the blocks of a document in their order; of those that are not run, see that their commands exist."""
    namespace = {"__name__": "document"}
    for block in blocks(path):
        if block.language == "csv":
            (folder / block.attributes["title"]).write_text(block.text, encoding="utf-8")
    for block in blocks(path):
        if NOT_RUN in block.attributes or (SLOW in block.attributes and not slow):
            assert block.language == "sh", f"{block.place}: only commands may be left out"
            check_commands(block)
        else:
            run_block(block, folder, namespace)


@pytest.mark.parametrize("path", WITH_CODE, ids=name)
def test_a_reader_who_follows_a_document_gets_through(path, empty_folder, monkeypatch):
    # Charts have tests of their own, and one document would draw a hundred.
    monkeypatch.setattr(catalogue, "draw_figures", lambda *_: iter(()))
    follow(path, empty_folder, slow=False)


@pytest.mark.slow
@pytest.mark.parametrize("path", WITH_CODE, ids=name)
def test_a_reader_with_time_gets_through_with_all_charts(path, empty_folder):
    follow(path, empty_folder, slow=True)


def test_few_blocks_are_left_out_and_each_says_why():
    found = [block for path in DOCUMENTS for block in blocks(path)]
    for block in found:
        for kind in (NOT_RUN, SLOW):
            assert len(block.attributes.get(kind, "a reason of some words").split()) > 2, block.place
    assert sum(NOT_RUN in block.attributes for block in found) <= MOST_NOT_RUN


def test_every_fence_is_seen():
    for path in DOCUMENTS:
        fences = re.findall(r"^\s*```", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert len(fences) == 2 * len(blocks(path)), path.name


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_every_command_inside_a_sentence_exists(path):
    known = commands()
    for span in re.findall(r"(?<!`)`([a-z]+ [^`\n]+)`(?!`)", path.read_text(encoding="utf-8")):
        words = span.split()
        if words[0] in known and (len(words) > 2 or words[1].startswith("-")):
            assert wrong_words(words) is None, f"{path.name}: `{span}`: {wrong_words(words)}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_every_file_that_a_document_names_is_there(path):
    folders = "model|scenarios|calibration|analysis|tests|docs|benchmarks|cities|supply"
    named = re.findall(rf"`((?:{folders})/[\w./]*)`", path.read_text(encoding="utf-8"))
    assert [place for place in named if not (ROOT / place).exists()] == []


def test_every_link_between_documents_leads_to_a_file():
    tracked = subprocess.run(
        ["git", "ls-files", "-z", "*.md"], cwd=ROOT, capture_output=True, encoding="utf-8", check=True
    ).stdout.split("\0")[:-1]
    links = {
        (name, link)
        for name in tracked
        for link in re.findall(r"\]\(([^)\s]+)\)", (ROOT / name).read_text(encoding="utf-8"))
        if not re.match(r"[a-z]+:", link)
    }
    assert len(links) > 100
    gone = [
        (name, link)
        for name, link in links
        if not ((ROOT / name).parent / (link.partition("#")[0] or ROOT / name)).exists()
    ]
    assert gone == []


def test_the_readme_tells_of_every_command():
    told = set(
        re.findall(r"`([a-z]+(?:-[a-z]+)*(?: (?:new|build))?)\b", (ROOT / "README.md").read_text(encoding="utf-8"))
    )
    assert commands() - told == set()


@pytest.mark.parametrize("english", TWINS)
def test_the_chinese_page_knows_the_options_of_the_english_one(english):
    def options(page):
        return set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")))

    # Chinese is the language that the screen has by itself.
    assert options(english) - {"--language"} <= set.union(*map(options, TWINS[english]))


def test_the_table_of_later_scenarios_names_all_that_are_shipped():
    rows = re.findall(r"^\| `(\w+_2026)` \|", (ROOT / "docs" / "quick_start_zh.md").read_text(encoding="utf-8"), re.M)
    assert set(rows) == {*shipped_scenarios(2026)} - {"baseline", "as_carried_out"}


@pytest.mark.parametrize("page", ["tutorial", "quick_start_zh"])
def test_the_table_of_charts_names_all_of_a_scenario(page):
    rows = re.findall(
        r"^\| (`\w+`(?:[,、] ?`\w+`)*) \|", (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8"), re.M
    )
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert set(catalogue.DETAILS) <= named


@pytest.mark.parametrize(
    ("page", "few", "all_of_them"),
    [
        (
            "limits",
            r"((?:`[\w-]+`(?:, | and ))+`[\w-]+`) take the same",
            r"((?:`[\w-]+`(?:, | and ))+`[\w-]+`) take all",
        ),
        ("limits_zh", r"((?:`[\w-]+`、)+`[\w-]+`) 缺省用同一批", r"((?:`[\w-]+`、)+`[\w-]+`) 用全部"),
    ],
)
def test_the_limits_tell_how_many_members_each_command_takes(page, few, all_of_them):
    text = " ".join((ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8").split()).replace("、 `", "、`")

    def usual(pattern):
        (sentence,) = re.findall(pattern, text)
        names = re.findall(r"`([\w-]+)`", sentence)
        options = {name: inspect.signature(run_scenarios.load_command(name)).parameters for name in names}
        return {name: own["members"].default for name, own in options.items() if "members" in own}

    given = {name: count for name, count in usual(few).items() if name != "export"}
    assert len(given) > 5
    assert set(given.values()) == {USUAL_MEMBERS}
    # `assess` reads a stored forecast, which all members have made, and asks for no number.
    assert usual(all_of_them) == {"conditions": None, "information": None}


def broken(folder, text):
    path = folder / "page.md"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "text",
    [
        "```python\nassert 1 > 2\n```\n",
        "```sh\n.venv/bin/python run_scenarios.py compare baseline paln\n```\n",
        "```sh\n.venv/bin/python run_scenarios.py compare baseline plan --turbo\n```\n",
        "```sh\nmake gold\n```\n",
        "```sh\ncurl example.org\n```\n",
        "```yaml\nname: nothing\n```\n",
        "```cobol\nSTOP RUN.\n```\n",
        '```python {data-not-run="no wish to"}\nassert 1 > 2\n```\n',
    ],
)
def test_a_block_that_does_not_work_is_noticed(text, empty_folder):
    with pytest.raises((AssertionError, ValueError)):
        follow(broken(empty_folder, text), empty_folder, slow=False)
