"""Mistakes are told in Chinese: the catalogue has what the code says, and nothing that it does not say."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest
from typer.testing import CliRunner

import run_scenarios
from analysis.language.mistakes import BEGINNINGS, ENDINGS, FILE, catalogue, in_chinese, in_screen_language
from analysis.outcome.screen import printed_in
from model.files.strict_files import read_yaml
from scenarios.word_files import gaps_of
from tests.conftest import ROOT

#: Sections whose sentences are those of a library, or parts of sentences of many modules.
NOT_A_FILE = {"typer", "yaml", BEGINNINGS, ENDINGS}
MODULES = sorted(set(catalogue()) - NOT_A_FILE)
#: Modules whose every text with a space is in the catalogue or no message; of the others, what is raised or gathered.
WHOLE = [
    "run_scenarios.py",
    "scenarios/levers.py",
    "scenarios/scenario.py",
    "model/files/schemas.py",
    "model/files/strict_files.py",
    "scenarios/targets.py",
    "scenarios/word_files.py",
    *(name for name in MODULES if name.endswith("request.py")),
    "analysis/assessment/observations.py",
    "analysis/assessment/series.py",
    "analysis/briefing/verification/open_file.py",
    "analysis/outcome/output_folder.py",
    "calibration/fit/ensemble_file.py",
    "model/files/atomic.py",
]
#: Texts with spaces in these modules that no message holds: names, units, help, and what programs read.
NOT_SAID = re.compile(
    "|".join(
        (
            r"at (least|most)|never (above|below)|(INITIAL|FINAL) TIME|.* is \{.*\}.*|.*, from \{.*",
            r"float \| .*|10k persons|100 million yuan|(million|persons) .*|million persons",
            r"(resident|registered|urban|rural|unregistered|percent|ten|income|rent|fiscal|target|births|gross|budget|net"
            r"|homes|house) [^.]*",
            r"Folder for data.*|folders held|A policy lever that.*|The year from whose.*|Allow levers.*|Years from a.*",
            r"Of what is printed.*|A file|\{\}|python run_.*|\(\?:errno.*|made from|<dd .*|.*\\n",
            r"city (build|new)",
            r"observations up to .*|it looks like .*|put in|taken out|note pdf|TALENT ARRIVALS|dubious ownership",
        )
    )
)
CHINESE = re.compile("[\u4e00-\u9fff]")


@cache
def sentences(module: str) -> tuple[str, ...]:
    """The texts with spaces that a module holds, outside docstrings, with `{}` for what is put in."""
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
    # Docstrings, and the pieces of texts with gaps, which are read with their whole.
    read = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    whole = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    read |= {id(part) for node in whole for part in node.values}
    plain = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    texts = ["".join(str(p.value) if isinstance(p, ast.Constant) else "{}" for p in node.values) for node in whole]
    texts += [str(node.value) for node in plain if id(node) not in read]
    stripped = [line.strip(" *") for text in texts for line in text.split("\n")]
    return tuple(text for text in stripped if " " in text and not NOT_SAID.fullmatch(text))


def pieces(text: str) -> list[str]:
    """What a text says between its gaps."""
    return [piece for piece in re.split(r"\{(?:[^{}]|\{\})*\}", text) if piece.strip()]


def is_covered(sentence: str, entries: list[str]) -> bool:
    """Whether an entry of the catalogue says what a sentence of the code, or part of one, says."""
    # Where a mistake is stands before it, and has entries of its own.
    for part in (sentence, sentence.partition(": ")[2], re.sub(r"^(\{\}[: ]*)+", "", sentence)):
        said = [piece.strip(" .,:;") for piece in pieces(part)]
        wanted = re.compile(".*".join(map(re.escape, said)), re.DOTALL)
        if any(said) and any(wanted.search(re.sub(r"\{\w+\}", "", entry)) for entry in entries):
            return True
    parts = re.split(r"(?<=[.?;]) ", sentence)
    if len(parts) > 1:
        return all(is_covered(part, entries) for part in parts)
    return not re.search(r"\w", "".join(pieces(sentence)))


def not_said(entry: str, said: str) -> str:
    """What is left of an entry when it is put together from texts of the code."""
    for piece in pieces(entry):
        left = piece
        while left := left.lstrip(" .,:;()'"):
            length = next((n for n in range(len(left), 0, -1) if left[:n] in said), 0)
            # Whole words at least: letters are everywhere.
            word = re.match(r"\w*", left)
            if length < max(1, word.end() if word else 1):
                return left
            left = left[length:]
    return ""


def test_the_file_is_read_like_any_other_and_both_sides_have_the_same_gaps():
    document = read_yaml(FILE)
    assert document.problems == []
    assert document.content == catalogue()
    for section in catalogue().values():
        for english, chinese in section.items():
            assert CHINESE.search(chinese) or not re.search(r"\w \w", "".join(pieces(english))), english
            assert set(re.findall(r"\{(\w+)\}", english)) >= gaps_of(chinese), english


@pytest.mark.parametrize("module", MODULES)
def test_every_entry_is_said_by_the_code(module):
    # What one module says of a file another may put into its own words.
    said = "\n".join(text for name in (module, *MODULES) for text in texts_of(name))
    assert {entry: not_said(entry, said) for entry in catalogue()[module] if not_said(entry, said)} == {}


@cache
def texts_of(module: str) -> tuple[str, ...]:
    """Every text of a module as it stands."""
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
    return tuple(str(node.value) for node in ast.walk(tree) if isinstance(node, ast.Constant))


@pytest.mark.parametrize("module", WHOLE)
def test_every_sentence_of_the_code_a_planner_meets_is_in_the_catalogue(module):
    entries = [entry for section in catalogue().values() for entry in section]
    assert [sentence for sentence in sentences(module) if not is_covered(sentence, entries)] == []


#: Modules whose messages stay English, and why.
EXEMPT = {
    "model/engine/": "a library of its own, which can be used without the city and knows no language; what of its"
    " messages can reach a screen is in the catalogue",
    "model/parsing.py": "what is wrong with equations is told to who writes them, in the terms of their file",
    "model/reference_page.py": "writes a page of the documentation",
    "analysis/pages/": "writes pages of the documentation",
    "calibration/__main__.py": "writes pages and files of the repository",
    "calibration/census/": "derives files of the repository",
    "calibration/history/": "writes a page of the documentation",
    "calibration/studies/": "writes a page of the documentation",
    "calibration/fit/report.py": "writes a page of the documentation",
    "calibration/cities/policies.py": "the files of a pack are written in English",
    "calibration/cities/rules.py": "the files of a pack are written in English",
    "calibration/cities/transfer.py": "writes a page of the documentation",
    "analysis/page/joining.py": "what is wrong with the scripts of the page, which its tests find",
}
#: A text of fewer words is a name.
THREE_WORDS = 3
#: Texts in the place of a message that are none, or that no request can lead to, by module.
NO_MESSAGE = {
    "analysis/assessment/scores.py": r"the fair estimator needs two members",
    "analysis/assessment/study.py": r"unlikely from the start",
    "analysis/page/writing.py": r"[a-z-]+-(src|uri|action) .*|@font-face .*|A part of the page would end .*",
    "analysis/sensitivity/runs.py": r".* resume=True goes on with it",
    "model/__init__.py": r".* is no engine; .*",
    "model/files/pictures.py": r".* is no complete PNG",
    "model/files/strict_files.py": r"it looks like (GBK|UTF-16);",
    "calibration/observations.py": r"in the observations",
    "calibration/fit/ensemble.py": r"of one number",
    "calibration/fit/evidence.py": r"observations up to \{\}|python run_scenarios.py .*",
    "analysis/assessment/reweighting.py": r".*: relative error and memory must be above zero and finite",
    "analysis/briefing/writing/word_file.py": r"(\{\})?<.*>",
    "analysis/information/collectable.py": r".* at the end of 2020",
    "analysis/versions/study.py": r"no model file|model not run",
    "calibration/cities/new.py": r"urban over rural income per head|growth less births and deaths declared"
    r"|# \{\}: what .*|\| series .*|Of \{\}'s .*"
    r"|sum of the units|units weighed by residents",
    "calibration/cities/matching.py": r"units of \{\} that need an answer .*",
    "calibration/fit/sampler.py": r"no starting points with a finite posterior density were found",
    "analysis/outcome/verdict.py": r"a verdict has at most \{\} lines, not \{\}",
    "analysis/briefing/content.py": r".*: (a number is typed in|there is no result) \{\}|.* in the results, not \{\}",
    "analysis/briefing/words.py": r".*: a number is typed in the \{\} sentence\.",
}
#: What a message is put into on its way, as an argument of these, and what it is called.
_TAKES_MESSAGES = re.compile(r"add|append|extend|fail|_?wrong|_?refuse|refusal|join|near|listed|fromkeys|\w*Error")
_MESSAGE_NAMES = re.compile(r"\w*(msg|mess|mistake|problem|wrong|hint|why|reason|remedy|refus|differences|said)\w*")


def messages(module: str) -> list[str]:
    """The texts of a module that are raised, gathered or returned as sentences, with `{}` for what is put in."""
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
    above = {below: node for node in ast.walk(tree) for below in ast.iter_child_nodes(node)}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if isinstance(above[node], (ast.JoinedStr, ast.Expr, ast.FormattedValue)):
                continue
            text = node.value
        else:
            continue
        if _is_message(node, above):
            lines = (line.strip(" *") for line in text.split("\n"))
            found += [line for line in lines if " " in line and len(re.findall("[A-Za-z]{2,}", line)) >= THREE_WORDS]
    return list(dict.fromkeys(found))


def _is_message(node: ast.AST, above: dict[ast.AST, ast.AST]) -> bool:
    while node in above:
        parent = above[node]
        if isinstance(parent, (ast.Raise, ast.Return, ast.Yield)):
            return True
        if isinstance(parent, ast.Call) and node is not parent.func:
            name = getattr(parent.func, "attr", getattr(parent.func, "id", ""))
            if not _TAKES_MESSAGES.fullmatch(name):
                return False
            if isinstance(above[parent], ast.Expr):
                return True
        elif isinstance(parent, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
            targets = parent.targets if isinstance(parent, ast.Assign) else [parent.target]
            return any(_MESSAGE_NAMES.fullmatch(getattr(one, "id", getattr(one, "attr", ""))) for one in targets)
        elif isinstance(parent, (ast.Subscript, ast.Compare, ast.Dict, ast.keyword, ast.stmt)):
            return False
        node = parent
    return False


def is_told(sentence: str) -> bool:
    """Whether a sentence is told in Chinese with some names or numbers, or nothing, in its gaps."""
    for filled in ("'x'", "7", "x"):
        for last in (filled, ""):
            before, gap, after = sentence.rpartition("{}")
            text = (before.replace("{}", filled) + (last if gap else "") + after).strip()
            if in_chinese(text) is not None:
                return True
    return False


PRODUCTION = [
    path.relative_to(ROOT).as_posix()
    for folder in ("model", "scenarios", "calibration", "analysis")
    for path in sorted((ROOT / folder).rglob("*.py"))
]
SHOWN = ["run_scenarios.py", *(module for module in PRODUCTION if not module.startswith(tuple(EXEMPT)))]
#: So many messages the search finds at least; it would find none if it looked at the wrong places.
MANY = 400


def test_no_message_reaches_a_chinese_screen_in_english():
    entries = [entry for section in catalogue().values() for entry in section]
    told = {module: [one for one in messages(module) if _is_said(one, module)] for module in SHOWN}
    assert sum(map(len, told.values())) > MANY
    left = [(module, one) for module, said in told.items() for one in said if not is_told(one)]
    assert [(module, one) for module, one in left if not is_covered(one, entries)] == []


def _is_said(text: str, module: str) -> bool:
    return not re.fullmatch(NO_MESSAGE.get(module, "(?!)"), text)


#: What shows words on a screen.
_SHOWS = re.compile(r"echo|print|add_column|add_row|make_table|warn")


def test_nothing_is_printed_as_the_code_has_it():
    trees = {module: ast.parse((ROOT / module).read_text(encoding="utf-8")) for module in SHOWN}
    calls = [(module, node) for module, tree in trees.items() for node in ast.walk(tree) if isinstance(node, ast.Call)]
    shown = [
        (module, argument.value)
        for module, call in calls
        if _SHOWS.fullmatch(getattr(call.func, "attr", getattr(call.func, "id", "")))
        for top in (*call.args, *(word.value for word in call.keywords if word.arg in ("title", "caption", "header")))
        for argument in ([top, *top.values] if isinstance(top, ast.JoinedStr) else [top])
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    ]
    # Marks, markup and the names of scores are of no language.
    of_a_language = [(module, re.sub(r"\[[^\]]*\]|CRPS|MASE", "", text)) for module, text in shown]
    assert [one for one in of_a_language if re.search(r"[A-Za-z\u4e00-\u9fff]{2}", one[1])] == []


def test_what_is_exempt_is_there():
    assert [name for name in EXEMPT if not any(module.startswith(name) for module in PRODUCTION)] == []
    for module, none in NO_MESSAGE.items():
        assert any(re.fullmatch(none, one) for one in messages(module)), module


def told(*words: object, language: str = "zh") -> str:
    outcome = CliRunner().invoke(run_scenarios.app, [*map(str, words), "--language", language], env={"COLUMNS": "120"})
    assert outcome.exit_code == 2
    return outcome.output


#: A scenario with most of the mistakes that planners make.
MISTAKEN = """name: with mistakes
title: {zh: 错误示例}
question:
  zh: 写错的情景会怎样？
base: plann
changes:
  EASE OF SETTLEMNT:
    path: {2020: default, 2025: 1.2}
    unit: Dmnl
    source: "假设"
  TALENT ARRIVALS:
    value: 50万
    unit: 人/年
  RENT SUBSIDY:
    value: 0.9
    unit: Dmnl
    source: ""
  AFFORDABLE RENTAL STARTS:
    path: {2025: 60000, 2021: 41000}
    value: 3
    unit: dwelling/Year
    source: "假设"
  落户便利度:
    value: 1
    unit: Dmnl
    source: "假设"
expects:
  - {variable: registered urbanization rat, year: 2025, is: higher than baseline}
"""


def test_every_mistake_of_a_scenario_is_told_in_chinese(tmp_path):
    path = tmp_path / "with_mistakes.yaml"
    path.write_text(MISTAKEN, encoding="utf-8")
    first, *lines = told("run", path).splitlines()
    assert first == "with_mistakes.yaml无法运行："
    assert len(lines) == 18
    assert [line for line in lines if not re.match(r" \* 第\d+行：", line) or "Did you mean" in line] == []
    assert " * 第5行：没有“plann”这个情景可作base。您是否想写“plan”？" in lines
    assert " * 第12行：“TALENT SUBSIDY”：“50万”不是数字。请写500000。" in lines
    assert " * line 5: There is no scenario 'plann' to be the base. Did you mean 'plan'?" in told(
        "run", path, language="en"
    )


def test_every_mistake_of_a_table_of_observations_is_told_in_chinese(tmp_path):
    path = tmp_path / "newer.csv"
    path.write_text(
        "variable,year,value,unit,source\nresidents,2021,930万,person,a\nresidnets,2021,1,person,a\n"
        "residents,2022,930,万人,\nresidents,20x2,9300000,person,a\nresidents,2050,9300000,person,a\n",
        encoding="utf-8",
    )
    lines = told("assess", "--observations", path, "--evidence", "2020").splitlines()
    assert lines == [
        "newer.csv不能使用：",
        " * 第2行：数值（value）“930万”不是数字，请写9300000。",
        " * 第3行：预测中没有“residnets”这个变量。您是否想写“residents”？",
        " * 第4行：没有写出处（source）。",
        " * 第4行：“residents”的单位写的是“万人”，应为“person”：数值乘以1万。",
        " * 第5行：年份（year）“20x2”无效。",
        " * 第6行：2050年不在预测期内（2021—2035年）。",
    ]
    path.write_bytes("variable,year,value,unit,source\nresidents,2021,9300000,person,公告\n".encode("big5"))
    assert "文件编码不是UTF-8" in told("assess", "--observations", path)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "plann"), "没有“plann”这个情景。您是否想写“plan”？"),
        (("run", "none.yaml"), "没有这个文件。"),
        (("run", "plan", "--members", "100000"), "--members 100000：资料截至2023年的样本，可取1至1000组。"),
        (("run", "plan", "--engine", "pysd"), "请加--members 1。"),
        (("reach", "--target", "urbanization.registred.2025"), "您是否想写“target.urbanization.registered.2025”"),
        (
            ("reach", "--target", "户籍人口城镇化"),
            "您是否想写“target.urbanization.registered.2025”（户籍人口城镇化率）？",
        ),
        (("compare", "plan", "plan"), "plan和plan是同一个情景，请写两个不同的情景。"),
        (
            ("backcast", "--target", "urbanization.registered.2025", "--levers", "租金补贴"),
            "没有“租金补贴”这个政策杠杆。",
        ),
        (("delay", "--probability", "80"), "概率应大于0、至多为1，不能是80。"),
        (("delay", "--scenario", "baseline"), "baseline没有调整政策杠杆，无从推迟。"),
        (("sensitivity", "--samples", "1000"), "可取512或1,024。"),
        (("sensitivity", "--vary", "polici"), "您是否想写“policy”？"),
        (("conditions", "--futures", "4"), "4种未来太少"),
        (("information", "--effort-weight", "-1"), "政策力度的权重不得小于0，现为-1。"),
        (("brief", "--verify", "none.pptx"), "none.pptx：没有这个文件。"),
        (("backcast", "--target", "urbanization.registered.2025", "--members", "1"), "不能用1组样本寻优"),
        (("backcast", "--target", "urbanization.registered.2025", "--evaluations", "9"), "个政策杠杆寻优至少要试算"),
    ],
)
def test_a_request_that_cannot_be_met_is_told_in_chinese(words, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert said in told(*words)


def test_all_shipped_scenarios_are_named_in_chinese(tmp_path):
    lines = told("run", "plann").splitlines()
    assert len(lines) > 3
    assert all(line.startswith(" * 随附情景：") for line in lines[2:])


def test_a_number_in_full_width_digits_is_one():
    assert "--members 100000：资料截至2023年的样本，可取1至1000组。" in told("run", "plan", "--members", "１０００００")
    assert "--members 100000：" in told("run", "plan", "--members=１０００００")


def test_a_line_without_an_entry_is_shown_as_it_is():
    message = "x.yaml cannot be run:\n * line 3: 'plam' is a plum.\n   ... and 12 more like these."
    with printed_in("zh"):
        chinese = in_screen_language(message)
    assert chinese == "x.yaml无法运行：\n * line 3: 'plam' is a plum.\n   ……另有12处类似的问题。"
    with printed_in("en"):
        assert in_screen_language(message) == message


@pytest.mark.parametrize(
    "text",
    [
        "name: d\n  title: x\n",
        "name: {a: 1，b: 2\nc: 3\n",
        "a: [1\nb: 2\n",
        "a: 'b\n",
        "a: @b\n",
        "a\nb: 1\n",
        '"\\q"\n',
    ],
)
def test_what_yaml_says_of_a_file_is_told_in_chinese(text, tmp_path):
    path = tmp_path / "broken.yaml"
    path.write_text(text, encoding="utf-8")
    _, line = told("run", path).splitlines()
    assert not re.search("[a-z]{4}", line)


def test_a_list_that_was_cut_off_is_told_in_chinese():
    assert in_chinese("row 2: 'x' is not a variable of the forecast. It has: residents, births in city, ...") == (
        "第2行：预测中没有“x”这个变量。可用的有：residents、births in city等。"
    )


@pytest.mark.parametrize("text", ["'a' is not 'b'. " * 30, "line 1: " * 60, "x: " * 120])
def test_a_long_line_is_answered_at_once(text):
    assert in_chinese(text) is None
