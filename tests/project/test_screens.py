"""What a person reads after a command: one language, a verdict of at most five lines, then where the files are."""

from __future__ import annotations

import re
from importlib import import_module

import pandas as pd
import pytest
from rich.cells import cell_len
from typer.testing import CliRunner

import run_scenarios
from analysis.outcome.screen import locale_language, screen_language, with_language
from analysis.outcome.verdict import LINES, print_verdict
from analysis.progress import progress_in_words
from model.definition import variables_by_name

COLUMNS = 120
CHINESE = re.compile(r"[\u3400-\u9fff\u3000-\u303f\uff00-\uffef]")
#: Three small words in a row are a sentence, or the name of a variable.
ENGLISH = re.compile(r"\b[a-z]{2,}(?: [a-z]{2,}){2,}")
REGISTERED = "urbanization.registered.2025"
#: Small requests, by command.
REQUESTS = {
    "run": ["plan", "--members", "20"],
    "reach": ["--scenario", "plan", "--members", "20", "--target", REGISTERED],
    "compare": ["baseline", "plan_without_talent", "--members", "20", "--orders", "4"],
    "conditions": ["--target", REGISTERED, "--members", "200", "--bootstraps", "2"],
    "sensitivity": ["--method", "morris", "--samples", "2"],
    "backcast": ["--target", REGISTERED, "--members", "20", "--starts", "1", "--evaluations", "11",
                 "--levers", "EASE OF SETTLEMENT", "--levers", "PERMIT ENTITLEMENT"],
    "frontier": ["--target", REGISTERED, "--members", "20", "--evaluations", "11", "--generations", "1",
                 "--levers", "EASE OF SETTLEMENT", "--levers", "PERMIT ENTITLEMENT"],
    "delay": ["--target", REGISTERED, "--members", "20"],
    "left-out": ["--members", "20"],
    "information": ["baseline", "plan", "--members", "40", "--resamples", "20"],
}  # fmt: skip
#: Where each draws its charts.
CHARTS = ("reach", "comparison", "conditions", "sensitivity", "effort.backcast", "effort.frontier", "effort.delay",
          "left_out", "information", "assessment")  # fmt: skip


@pytest.fixture(scope="module")
def call(tmp_path_factory):
    """Call a command as on a screen of 120 columns, once for each request; charts are not drawn."""
    patch, known = pytest.MonkeyPatch(), {}
    patch.setattr("analysis.charts.catalogue.draw_figures", lambda *_: iter(()))
    for name in CHARTS:
        patch.setattr(import_module(f"analysis.{name}.charts"), "draw", lambda *_: [])
    out = tmp_path_factory.mktemp("screens")

    def called(command, *options):
        if (command, *options) not in known:
            words = [command, *REQUESTS.get(command, []), *options]
            if command in REQUESTS:
                words += ["--out", str(out / "_".join([command, *options]))]
            outcome = CliRunner().invoke(run_scenarios.app, words, env={"COLUMNS": str(COLUMNS)})
            assert outcome.exit_code == 0, outcome.output
            known[command, *options] = outcome.stdout
        return known[command, *options]

    yield called
    patch.undo()


def without_names(screen):
    """The screen without names of variables, which are English, and without what a table folds."""
    names = sorted(variables_by_name(), key=len, reverse=True)
    return re.sub("|".join(map(re.escape, names)), "", " ".join(re.sub("[┃│]", " ", screen).split()))


@pytest.mark.parametrize("command", REQUESTS)
def test_a_screen_is_a_verdict_of_at_most_five_lines_and_where_the_files_are(command, call):
    screen = call(command).splitlines()
    place = next(number for number, line in enumerate(screen) if line.startswith("文件在"))
    # Expectations that few members do not meet come before.
    verdict = [line for line in screen[:place] if not line.startswith((" ", "与情景"))]
    ends = [line for line in verdict if line.endswith(("。", "；"))]
    assert 2 <= len(ends) <= LINES, verdict
    # Only a long title takes a second line of the screen.
    assert len(verdict) <= len(ends) + 2, verdict
    assert max(map(cell_len, screen)) <= COLUMNS
    assert re.search(r"\d", "".join(verdict))
    assert verdict[-1].startswith("依据") or "依据" in "".join(verdict[-2:])
    assert "┃" not in "".join(screen)


@pytest.mark.parametrize("command", REQUESTS)
def test_a_chinese_screen_has_no_english_sentence(command, call):
    assert CHINESE.search(call(command))
    assert not ENGLISH.findall(without_names(call(command)))


@pytest.mark.parametrize("command", REQUESTS)
def test_an_english_screen_has_no_chinese_and_full_prints_the_tables_too(command, call):
    screen = call(command, "--language", "en", "--full")
    assert not CHINESE.search(screen), CHINESE.findall(screen)
    assert re.search(r"[┃│]", screen) or command == "conditions"
    assert len(screen.splitlines()) > len(call(command).splitlines())
    assert "Written to" in screen


@pytest.mark.parametrize("command", [name for name in REQUESTS if name != "run"])
def test_the_tables_of_a_chinese_screen_are_chinese(command, call):
    # The sources of a scenario's changes, which `run` prints, are as their file has them.
    assert not ENGLISH.findall(without_names(call(command, "--full")))


@pytest.mark.parametrize("kind", ["targets", "levers", "scenarios", "indicators"])
def test_lists_are_in_one_language(kind, call):
    assert CHINESE.search(call("list", kind))
    shown = call("list", kind, "--language", "en")
    titled = shown if kind != "indicators" else ""
    assert not CHINESE.search(titled)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["targets", "户籍人口"], "urbanization.registered.2035"),
        (["targets", "registered (hukou)", "--language", "en"], "2035"),
        (["levers", "人才补贴"], "TALENT SUBSIDY"),
        (["levers", "talent"], "TALENT SUBSIDY"),
        (["scenarios", "fertility"], "low_fertility"),
        (["indicators", "常住人口"], "residents"),
    ],
)
def test_a_list_is_searched_in_both_languages(words, found, call):
    assert found in re.sub(r"\s+", " ", call("list", *words))


@pytest.mark.parametrize(
    ("search", "near"), [("户籍人口城镇化绿", "urbanization.registered"), ("talent subsidi", "TALENT SUBSIDY")]
)
def test_a_search_that_finds_nothing_names_what_is_near(search, near):
    kind = "targets" if "户" in search else "levers"
    outcome = CliRunner().invoke(run_scenarios.app, ["list", kind, search])
    assert outcome.exit_code == 2
    assert near in outcome.output


@pytest.mark.parametrize("command", run_scenarios.COMMANDS)
def test_every_command_takes_a_language(command):
    outcome = CliRunner().invoke(run_scenarios.app, [command, "--help"], env={"COLUMNS": "200"})
    assert "--language" in outcome.output


@pytest.mark.parametrize(("alias", "command"), run_scenarios.ALIASES.items())
def test_other_names_lead_to_a_command(alias, command):
    outcome = CliRunner().invoke(run_scenarios.app, [alias, "--help"])
    assert f" {command} [选项]" in outcome.output
    listed = CliRunner().invoke(run_scenarios.app, ["--help"], env={"COLUMNS": "400"})
    assert f"{alias}）" in listed.output or f"{alias}、" in listed.output


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LANG": "zh_CN.GBK"}, "zh"),
        ({"LC_ALL": "C", "LANG": "en_US.UTF-8"}, "zh"),
        ({"LC_ALL": "", "LANG": "de_DE.UTF-8"}, "en"),
        ({"LC_ALL": "zh_TW.UTF-8", "LANG": "en_US.UTF-8"}, "zh"),
        ({}, "zh"),
    ],
)
def test_the_language_is_that_of_the_locale_and_chinese_where_it_names_none(environment, language):
    assert locale_language(environment) == language


def test_a_language_lasts_for_one_command():
    heard = []
    command = with_language(lambda: heard.append(screen_language()))
    command(language="en")
    command(language=None)
    assert heard == ["en", "zh"]


def test_more_than_five_lines_are_no_verdict():
    from analysis.command_line import make_console

    with pytest.raises(ValueError, match="at most 5 lines"):
        print_verdict(make_console(), ["line"] * 6)


def test_progress_says_the_time_left_once_something_is_done():
    assert progress_in_words("绘图", 10, 40, 60.0, "zh") == "绘图：25%，约剩3分0秒"
    assert progress_in_words("Charts", 0, 40, 60.0, "en") == "Charts: 0 %, the time left is being estimated"
    assert progress_in_words("Charts", 0, None, None, "en").startswith("Charts")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_assessment_is_a_verdict_too(language, call, tmp_path):
    rows = [("residents", 2021, 9_336_000, "person", "a test")]
    file = tmp_path / "newer.csv"
    pd.DataFrame(rows, columns=["variable", "year", "value", "unit", "source"]).to_csv(file, index=False)
    screen = call(
        "assess", "--observations", str(file), "--evidence", "2020", "--memory", str(tmp_path / "memory"),
        "--out", str(tmp_path / "out"), "--language", language,
    )  # fmt: skip
    if language == "en":
        assert not CHINESE.search(screen)
    else:
        assert not ENGLISH.findall(without_names(screen))
    place = "文件在" if language == "zh" else "Written to"
    before = screen.partition(place)[0]
    assert len([line for line in before.splitlines() if line.endswith(("。", "."))]) <= LINES
