"""The how-to for another city is followed as a reader would, on made-up tabulations."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys

import pytest

from tests.conftest import ROOT
from tests.support.documents import blocks, call
from tests.support.made_up_tabulations import residents, write_tabulations

PAGES = ("another_city.md", "another_city_zh.md")
COMMAND = ".venv/bin/python run_scenarios.py "


def commands_of(page):
    found = [line for block in blocks(ROOT / "docs" / page) for line in block.text.splitlines() if COMMAND in line]
    return [shlex.split(line.removeprefix(COMMAND)) for line in found]


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_the_how_to_takes_its_words(page):
    found = commands_of(page)
    assert [words[0] for words in found] == ["city", "run", "calibrate"]
    for words in found:
        kept = words[: words.index("--city")] if "--city" in words else words
        assert call([*kept, "--help"]).exit_code == 0, words


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_a_reader_who_follows_the_how_to_has_a_city_that_runs(page, tmp_path):
    (tmp_path / "census").mkdir()
    write_tabulations(tmp_path / "census", panel_residents=residents(2010))
    here = tmp_path / "here"
    here.mkdir()
    for block in blocks(ROOT / "docs" / page):
        if block.language == "csv":
            (here / block.attributes["title"]).write_text(block.text, encoding="utf-8")
    for words in commands_of(page):
        if words[0] == "calibrate":
            continue
        small = ["--members", "4"] if words[0] == "run" else []
        done = subprocess.run(
            [sys.executable, str(ROOT / "run_scenarios.py"), *words, *small], cwd=here, capture_output=True, text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{words}: {done.stderr}"
    assert (here / "mine" / "shili" / "calibration" / "posterior_2020.nc").is_file()
    assert list(here.rglob("plan.nc"))
