"""What the documents show is true: every block of code in them runs, and every command in them exists."""

from __future__ import annotations

import re

import pytest

from analysis.charts import catalogue
from tests.conftest import ROOT
from tests.support.documents import NOT_RUN, RUN, SLOW, blocks, check_commands, commands, run_block, wrong_words

DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
WITH_CODE = [path for path in DOCUMENTS if any(block.language in RUN for block in blocks(path))]
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
    folders = "model|scenarios|calibration|analysis|tests|docs|benchmarks"
    named = re.findall(rf"`((?:{folders})/[\w./]*)`", path.read_text(encoding="utf-8"))
    assert [place for place in named if not (ROOT / place).exists()] == []


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
