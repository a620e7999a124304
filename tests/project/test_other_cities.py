"""Another city than the usual one speaks of itself alone: its name, its targets, its levers and its pages."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from openpyxl import load_workbook

from tests.conftest import ROOT

CITIES = {"hefei": ("合肥", "Hefei"), "chengdu": ("成都", "Chengdu")}
#: What only the usual city has: its name, districts and province, and a plan that has been read.
OF_THE_USUAL = re.compile(r"jinan|济南|lixia|历下|laiwu|莱芜|shandong|山东|规划目标|the plan's target", re.IGNORECASE)
#: Few members, and none of those of Chengdu that an equation breaks off.
MEMBERS = ("--members", "2")
#: What commands are called with.
COMMANDS = {
    "reach": ("reach", "--scenario", "plan", *MEMBERS, "--full"),
    "left-out": ("left-out", *MEMBERS, "--full"),
    "explain": ("explain", "residents", "baseline", "plan", *MEMBERS, "--levels", "1"),
}
TEXTS = {".csv", ".yaml", ".html", ".md"}


def call(city: str, language: str, *words: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "run_scenarios.py"), *map(str, words), "--language", language],
        cwd=cwd, capture_output=True, text=True, check=False, encoding="utf-8",
        env={**os.environ, "URBANIZATION_CITY": city, "COLUMNS": "160", "PYTHONUTF8": "1"},
    )  # fmt: skip


def python(city: str, code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False, encoding="utf-8",
        env={**os.environ, "URBANIZATION_CITY": city, "PYTHONUTF8": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def of_the_usual(folder: Path) -> list[str]:
    """What files say of the usual city."""
    texts = {path: path.read_text(encoding="utf-8-sig") for path in folder.rglob("*") if path.suffix in TEXTS}
    return [f"{path.name}: {found}" for path, text in texts.items() for found in OF_THE_USUAL.findall(text)]


@pytest.mark.parametrize(
    ("command", "city", "language"),
    [("reach", "hefei", "zh"), ("left-out", "hefei", "zh"), ("explain", "hefei", "zh"), ("reach", "chengdu", "en")],
)
def test_a_verdict_names_the_city_whose_record_it_rests_on_and_no_other(command, city, language, tmp_path):
    done = call(city, language, *COMMANDS[command], "--out", tmp_path)
    assert done.returncode == 0, done.stderr
    assert CITIES[city][language == "en"] in done.stdout
    assert OF_THE_USUAL.findall(done.stdout + done.stderr) == []
    assert list(tmp_path.rglob("*.csv"))
    assert of_the_usual(tmp_path) == []


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("what", ["targets", "levers", "scenarios"])
def test_what_can_be_asked_about_is_the_citys_own(what, language):
    done = call("hefei", language, "list", what)
    assert done.returncode == 0, done.stderr
    assert OF_THE_USUAL.findall(done.stdout) == []
    # Hefei has no start-up area: the lever would build one.
    assert "START UP AREA" not in done.stdout


def test_a_workbook_to_fill_in_names_no_section_of_a_plan_that_was_not_read(tmp_path):
    done = call("hefei", "zh", "template", tmp_path / "plan.xlsx")
    assert done.returncode == 0, done.stderr
    sheets = load_workbook(tmp_path / "plan.xlsx").worksheets
    cells = [str(cell.value) for sheet in sheets for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert len(cells) > 300
    # What is installed is called after the first city.
    told = [cell.replace("jinan run", "run") for cell in cells]
    assert [cell for cell in told if OF_THE_USUAL.search(cell) or re.fullmatch(r"[1-8]\.[1-9]\([1-9]\)", cell)] == []


@pytest.mark.parametrize("city", CITIES)
def test_levers_reach_as_far_beyond_the_policies_of_2020_in_every_city(city):
    """A range for a city of nine million leaves one of twenty no room."""
    code = (
        "from scenarios import load_levers\n"
        "levers = [one for one in load_levers().values() if isinstance(one.default, float) and one.default > 0]\n"
        "for one in levers:\n"
        "    print(one.constant, one.highest / one.default, sep=';')"
    )
    room = {name: dict(line.split(";") for line in python(name, code).splitlines()) for name in ("jinan", city)}
    shared = room["jinan"].keys() & room[city].keys()
    assert len(shared) > 15
    assert {
        name: room[city][name] for name in shared if float(room[city][name]) < 0.8 * float(room["jinan"][name])
    } == {}


def test_words_of_a_city_without_a_plan_speak_of_milestones():
    code = (
        "from analysis.outcome.words import say, word\n"
        "from analysis.monitor.words import say as monitored\n"
        "for language in ('zh', 'en'):\n"
        "    print(word('labels', 'target', language), word('charts', 'urbanization_rates', language))\n"
        "    print(monitored('title', language))"
    )
    assert python("hefei", code).splitlines() == [
        "参考目标 两个城镇化率与参考目标",
        "合肥市城镇化指标监测",
        "target The two urbanization rates and milestones",
        "Monitor of Hefei's urbanization targets",
    ]


def test_the_page_of_another_city_shows_no_section_of_the_first_citys_plan():
    code = (
        "import json\n"
        "from analysis.page.content import content\n"
        "from calibration.fit.ensemble import read_members\n"
        "from scenarios import load_targets\n"
        "print(json.dumps(content(list(load_targets().values()), {'2020': read_members(20)}, {}), ensure_ascii=False))"
    )
    known = yaml.safe_load(python("hefei", code))
    assert known["city"] == "hefei"
    assert {one["section"] for one in [*known["levers"], *known["targets"]]} == {""}
    assert OF_THE_USUAL.findall(str(known["words"]) + str(known["chapters"]) + str(known["levers"])) == []


def test_pages_of_another_city_go_to_its_pack_and_those_of_the_first_citys_plan_say_so():
    pages = "from model.reference_page import PAGE, print_page; import calibration.studies.study as s;"
    pages += "import calibration.history.report as h; print(PAGE, s.PAGE, h.PAGE, sep=';'); print(print_page()[:400])"
    places, head = python("hefei", pages).split("\n", 1)
    pack = ROOT / "cities" / "hefei"
    names = ("model.md", "calibration/calibration_studies.md", "calibration/history.md")
    assert places.split(";") == [str(pack / name) for name in names]
    assert "the pack of Hefei" in head
    done = subprocess.run(
        [sys.executable, "-m", "analysis.pages", "model", "answer"], cwd=ROOT, capture_output=True, text=True,
        check=False, encoding="utf-8", env={**os.environ, "URBANIZATION_CITY": "hefei", "PYTHONUTF8": "1"},
    )  # fmt: skip
    assert done.returncode == 2
    assert "'answer'" in done.stderr or "“answer”" in done.stderr
    assert "合肥" in done.stderr
    assert not (pack / "model.md").exists(), "a page that is refused leaves the others unwritten"


@pytest.mark.parametrize(
    ("language", "told"), [("zh", "合肥的观测截至2020年"), ("en", "The record of Hefei ends with 2020")]
)
def test_a_record_that_a_city_has_not_is_refused_without_a_command_that_could_not_make_it(language, told):
    for command in ("reach", "calibrate"):
        done = call("hefei", language, command, "--evidence", "2023")
        assert done.returncode == 2
        assert told in done.stderr
        assert "calibrate --evidence" not in done.stderr


def test_tiles_of_a_map_leave_no_empty_edge_and_the_record_of_every_pack_has_a_history_to_print():
    code = (
        "from analysis.charts.district_map import COLUMNS, ROWS, TILES\n"
        "from analysis.charts.record import record_note\n"
        "from calibration.record import record\n"
        "print(*(sorted({place[side] for place in TILES.values()}) for side in (0, 1)), COLUMNS, ROWS, sep=';')\n"
        "print(record_note())\n"
        "print(len(record().printed), record().printed['gross domestic product'].new)"
    )
    assert python("chengdu", code).splitlines()[:2] == [
        "[0, 1, 2, 3, 4, 5];[0, 1, 2, 3, 4, 5];6;6",
        "record of earlier boundaries",
    ]
    compared, years = python("hefei", code).splitlines()[2].split(" ", 1)
    assert int(compared) > 8
    assert years == "(2020,)"
