"""What people mistype is told at once, in their language, with the nearest name or a remedy; nothing is written."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import openpyxl
import pytest
from typer.testing import CliRunner

import run_scenarios
from analysis.language.help import WITHOUT_CHECKS
from analysis.template.workbooks import observation_template, scenario_template
from tests.project.test_start_up import MISTAKES

REGISTERED = "--target urbanization.registered.2025"
#: Made up, as all numbers here.
ROW = "residents,2024,9300000,person,made up\n"
HEAD = "variable,year,value,unit,source\n"
#: A request, what is said of it in English, and in Chinese; parts separated by a bar.
REQUESTS = (
    ("rnu", "no command 'rnu'|Did you mean 'run'", "没有“rnu”这个命令|“run”"),
    ("run --city hefie", "no city 'hefie'|'hefei'", "没有“hefie”这个城市|“hefei”"),
    ("--city 合费 run", "no city '合费'|'hefei' (合肥)", "没有“合费”这个城市|“hefei”（合肥）"),
    ("run --city --members 20", "--city needs the name of a city|'--members'", "--city之后应写城市名称|“--members”"),
    ("run --city Atlantis", "There are: changsha, chengdu", "现有：changsha、chengdu"),
    ("run plann", "'plan'|Shipped: baseline", "“plan”|随附情景：baseline"),
    ("run 规划情", "'plan' (规划情景)", "“plan”（规划情景）"),
    ("run nowhere.yaml", "does not exist", "没有这个文件"),
    ("run folder.yaml", "not a plain file", "不是普通文件"),
    ("run letter.docx", "no scenario file|.yaml or .xlsx", "不是情景文件|.yaml或.xlsx"),
    ("run --members 0", "'--members'|greater than or equal to 1", "--members|不得小于1"),
    ("run --members -5", "'--members'|greater than or equal to 1", "--members|不得小于1"),
    ("run --members 100000000000000000000", "holds 1 to 1000", "1至1000"),
    ("run --members 2.5", "write a whole number", "应为整数"),
    ("run --members 二十组", "write a whole number", "应为整数"),
    ("run --evidence 2021", "'2021' is not one of '2020', '2023'", "“2021”不在可选值“2020”、“2023”之中"),
    ("run --language fr", "'fr' is not one of 'zh', 'en'", "“fr”不在可选值"),
    ("run --fulll", "No such option: --fulll|--full", "没有--fulll这个选项|--full"),
    ("run plan --out notes.txt", "notes.txt is not a folder", "notes.txt不是文件夹"),
    ("run plan --out notes.txt/here", "is not a folder", "不是文件夹"),
    ("run plan --out --full", "name of the folder is missing|'--full'", "没有写文件夹名称|“--full”"),
    ("run plan --out", "'--out' requires an argument", "--out之后缺少取值"),
    (
        "reach --target 户籍人口城镇化绿",
        "'target.urbanization.registered.2025'",
        "“target.urbanization.registered.2025”",
    ),
    ("reach --target moon", "no target 'moon'|`list targets`", "没有“moon”这个目标|list targets"),
    ("reach --from 2020", "'--from'|2021", "--from|不得小于2021"),
    ("reach --from 20226", "too late for every target", "20226"),
    ("reach plan", "--target or --scenario", "情景用--scenario写明"),
    ("delay --probability 80", "up to 1, not at 80", "不能是80"),
    ("delay --probability 80%", "80 % is 0.8", "80%写作0.8"),
    (f"delay {REGISTERED} --from 2026", "was due in 2025", "期限是2025年"),
    ("backcast", "Missing option '--target'", "缺少--target"),
    (
        f"backcast {REGISTERED} --levers 落户便利",
        "'EASE OF SETTLEMENT' (落户便利度)",
        "“EASE OF SETTLEMENT”（落户便利度）",
    ),
    (f"backcast {REGISTERED} --levers moon", "not a lever|`list levers`", "没有“moon”这个政策杠杆|list levers"),
    (f"backcast {REGISTERED} --levers 'EASE OF SETTLEMENT@2019'", "'2019'|2021 to 2025", "2019|2021"),
    (f"frontier {REGISTERED} --evaluations 3 --ramp -1", "not -1|at least 71", "不能是-1|71"),
    ("compare plan", "Missing argument 'B'", "缺少B"),
    ("compare plan plan", "are the same scenario", "同一个情景"),
    ("explain 常住人口总树 baseline plan", "'residents' (常住人口总数)", "“residents”（常住人口总数）"),
    ("sensitivity --method sobl", "Did you mean 'sobol'", "“sobol”？"),
    ("sensitivity --method sobol --samples 100", "64 or 128", "64或128"),
    ("list target", "Did you mean 'targets'", "“targets”？"),
    ("list targets zzzz", "None of the targets has 'zzzz'|Leave the word out", "“zzzz”|列出全部"),
    ("template plan.xls", "ends in .xlsx", ".xlsx"),
    ("template scenario.xlsx", "It is there already", "已经存在"),
    ("assess --observations folder.csv", "is a directory", "是文件夹"),
    ("compare-versions folder nowhere", "'nowhere' is neither a folder|targets.csv", "nowhere|targets.csv"),
    ("brief --dated 2026-13-40", "such as 2026-11-29", "2026-13-40"),
    # Several mistakes at once.
    (
        "run plann --members 0 --engine vensim --turbo",
        "--turbo|'vensim' is not one of|'--members'|Did you mean 'plan'",
        "--turbo|“vensim”不在可选值|--members|“plan”？",
    ),
    (
        f"frontier {REGISTERED} --seed -1 --generations 0 --levers moon --ramp 0",
        "'--seed'|'--generations'|'moon' is not a lever|not 0",
        "--seed|--generations|“moon”|不能是0",
    ),
    (
        "reach --target moon --scenario plann --from 1999 --members x",
        "'--from'|'--members'|'moon'|'plan'",
        "--from|--members|“moon”|“plan”",
    ),
    ("page --members 5 --language fr", "'--members'|'fr' is not one of", "--members|“fr”不在可选值"),
    ("run broken.yaml --evidence 1999", "'1999' is not one of|Did you mean 'RENT SUBSIDY'", "“1999”|“RENT SUBSIDY”？"),
    # Files as an office keeps them.
    ("run empty.yaml", "The file is empty", "空的"),
    ("run binary.yaml", "not UTF-8 text", "UTF-8"),
    ("run gbk.yaml", "looks like GBK", "GBK"),
    ("run utf16.yaml", "looks like UTF-16", "UTF-16"),
    ("run tab.yaml", "Line 3 is indented with a tab", "第3行用制表符缩进"),
    ("run colon.yaml", "full-width colon; write ':'", "全角冒号"),
    ("run percent.yaml", "'80%' is not a number. Write 0.8", "“80%”不是数字|写0.8"),
    ("run binary.xlsx", "no workbook", "不是工作簿"),
    ("run sheets.xlsx", "no sheet '政策' or 'levers'|no sheet '情景'", "没有名为“政策”|没有名为“情景”"),
    (
        "run cells.xlsx",
        "L2: |'百分之八十' is not a number|L4: |outside 0 to 1",
        "L2：|“百分之八十”不是数字|L4：|超出范围",
    ),
    ("run merged.xlsx", "A2:A4 are merged. Unmerge", "A2:A4合并了"),
    ("run observations.xlsx", "no sheet '政策'", "没有名为“政策”"),
    ("assess --observations empty.csv", "The file is empty", "空的"),
    ("assess --observations binary.csv", "not UTF-8 text", "UTF-8"),
    ("assess --observations utf16.csv", "looks like UTF-16", "UTF-16"),
    ("assess --observations columns.csv", "'unit' is missing|'source' is missing", "缺“unit”列|缺“source”列"),
    (
        "assess --observations rows.csv",
        "write 9300000|multiply by 10,000|'residnets'|value is empty|source is empty|second time|outside the forecast",
        "请写9300000|乘以1万|“residnets”|没有填写数值|没有写出处|重复出现|不在预测期内",
    ),
    (
        "assess --observations other.xlsx",
        "'hello' is not a column|'variable' is missing",
        "没有“hello”这一列|缺“variable”列",
    ),
    (
        "assess --observations observations.xlsx",
        "B2: year '二〇二四' is not a year|C2: value '九百万'|E2: source is empty",
        "B2：年份（year）“二〇二四”无效|C2：数值（value）“九百万”|E2：没有写出处",
    ),
    (
        "monitor --observations observations.xlsx",
        "observations.xlsx|'二〇二四' is not a year",
        "observations.xlsx|“二〇二四”无效",
    ),
    ("monitor --rules percent.yaml", "'rules' must be a list|'changes' is not a key", "“rules”应为列表|“changes”"),
)
#: Three small words in a row are a sentence.
ENGLISH = re.compile(r"\b[a-z]{2,}(?: [a-z]{2,}){2,}")
SCENARIO = """name: {name}
title: {{zh: 更多, en: More}}
question: {{zh: 如果更多？, en: What if more?}}
base: baseline
changes:
  EASE OF SETTLEMENT: {{value: {value}, unit: Dmnl, source: "assumption: made up"}}
"""


def _workbook(path, content, change):
    path.write_bytes(content)
    book = openpyxl.load_workbook(path)
    change(book)
    book.save(path)


def _fill(book):
    book["情景"]["B2"] = book["情景"]["B4"] = "更多"
    levers = book["政策"]
    levers["L2"], levers["L3"], levers["L4"] = "百分之八十", 2, 99_999_999


def _merge(book):
    _fill(book)
    book["政策"].merge_cells("A2:A4")


def _rename(book):
    book["情景"].title, book["政策"].title = "Sheet1", "Sheet2"


def _observe(book):
    for column, value in enumerate(("二〇二四", "九百万"), 2):
        book["观测"].cell(2, column).value = value


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A folder with the files that the requests name."""
    folder = tmp_path_factory.mktemp("desk")
    every = bytes(range(256)) * 8
    text = SCENARIO.format(name="gbk", value=0.95)
    files: dict[str, bytes | str] = {
        "notes.txt": "mine", "letter.docx": b"PK\x03\x04", "empty.yaml": "", "empty.csv": "", "binary.yaml": every,
        "binary.csv": every, "binary.xlsx": every, "gbk.yaml": text.encode("gbk"), "utf16.yaml": text.encode("utf-16"),
        "tab.yaml": "name: tab\ntitle:\n\tzh: 更多\n", "colon.yaml": "name: colon\ntitle：更多\nbase: baseline\n",
        "percent.yaml": SCENARIO.format(name="percent", value="80%"), "utf16.csv": (HEAD + ROW).encode("utf-16"),
        "broken.yaml": SCENARIO.format(name="broken", value=0.95).replace("EASE OF SETTLEMENT", "RENT SUBSIDI"),
        "columns.csv": "variable,year,value\nresidents,2024,9300000\n",
        "rows.csv": f"{HEAD}residents,2024,930万,万人,made up\nresidnets,2024,1,person,made up\n"
        "residents,2025,,person,made up\nresidents,2026,9300000,person,\nresidents,2019,9300000,person,made up\n"
        f"{ROW}",
    }  # fmt: skip
    for name, content in files.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    for name in ("folder", "folder.yaml", "folder.csv"):
        (folder / name).mkdir()
    empty = scenario_template("zh", None)
    for name, change in {"cells": _fill, "merged": _merge, "sheets": _rename, "scenario": lambda _: None}.items():
        _workbook(folder / f"{name}.xlsx", empty, change)
    _workbook(folder / "observations.xlsx", observation_template("zh"), _observe)
    other = openpyxl.Workbook()
    other.active["A1"] = "hello"
    other.save(folder / "other.xlsx")
    return folder


def contents(folder):
    return {path.relative_to(folder): path.stat().st_mtime_ns for path in folder.rglob("*")}


def squeezed(text):
    return re.sub(r"[\s│╭╮╰╯─]", "", text)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(("request_", "english", "chinese"), REQUESTS, ids=[words for words, *_ in REQUESTS])
def test_a_mistake_is_told_in_the_language_of_the_reader_and_leaves_nothing(
    request_, english, chinese, language, desk, monkeypatch
):
    monkeypatch.chdir(desk)
    # Not by the option where a wrong language is the mistake.
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8" if language == "en" else "zh_CN.UTF-8")
    before = contents(desk)
    outcome = CliRunner().invoke(run_scenarios.app, shlex.split(request_))
    assert outcome.exit_code == 2, outcome.output
    assert isinstance(outcome.exception, SystemExit)
    assert contents(desk) == before
    said = squeezed(outcome.output)
    wanted = (english if language == "en" else chinese).split("|")
    assert [words for words in wanted if squeezed(words) not in said] == [], outcome.output
    # Names of files and of the model stay as they are; a sentence is in one language.
    assert language == "en" or not ENGLISH.search(outcome.output), outcome.output


@pytest.mark.parametrize("command", sorted(set(MISTAKES) - WITHOUT_CHECKS))
def test_a_mistake_in_an_option_does_not_hide_those_that_the_command_finds(command, tmp_path, monkeypatch):
    """A command that is called though an option is wrong must end in its checks: nothing may run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")
    Path("run_scenarios.py").write_text("made up\n", encoding="utf-8")
    words, told = next((words, told) for words, told in MISTAKES[command] if "broken.yaml" not in words)
    outcome = CliRunner().invoke(run_scenarios.app, [command, *words, "--evidence", "1999", "--turbo"])
    assert outcome.exit_code == 2, outcome.output
    said = squeezed(outcome.output)
    assert squeezed("'1999' is not one of") in said
    assert squeezed("No such option: --turbo") in said
    assert squeezed(told) in said
    assert [path.name for path in tmp_path.iterdir()] == ["run_scenarios.py"]


@pytest.mark.parametrize("command", sorted(WITHOUT_CHECKS))
def test_commands_without_checks_of_several_parts_are_told_their_options_at_once(command):
    outcome = CliRunner().invoke(run_scenarios.app, [*command.split(), "--turbo", "--language", "fr", "--fast"])
    said = squeezed(outcome.output)
    assert outcome.exit_code == 2
    assert "--turbo" in said
    assert "--fast" in said
    assert "“fr”" in said
