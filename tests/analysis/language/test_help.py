"""The help of every command is there in both languages, and says nothing of what no command has."""

from __future__ import annotations

import re

import pytest
import typer
from typer.testing import CliRunner

import run_scenarios
from analysis.language.help import ABOUT, WHOLE, help_text, help_words
from analysis.outcome.screen import language_of
from run_scenarios import COMMANDS

CHINESE = re.compile("[\u4e00-\u9fff]")
ENGLISH_LOCALE, NO_LOCALE = {"LC_ALL": "en_GB.UTF-8"}, {"LC_ALL": "C.UTF-8"}


def shown(*words: str, env: dict[str, str] = NO_LOCALE) -> str:
    outcome = CliRunner().invoke(run_scenarios.app, [*words], env={"COLUMNS": "120", **env})
    return outcome.output


def options() -> dict[str, dict[str, str | None]]:
    """The English help of every option and argument, by command and name in the code."""
    found = {}
    for name in COMMANDS:
        single = typer.Typer(add_completion=False)
        single.command(name)(run_scenarios.load_command(name))
        command = typer.main.get_command(single)
        found[name] = {ABOUT: command.help} | {str(one.name): one.help for one in command.params}  # type: ignore[attr-defined]
    return found


@pytest.fixture(scope="module")
def english():
    return options()


def test_every_command_and_option_is_explained_in_both_languages(english):
    assert all(len(names) > 1 for names in english.values())
    missing = [
        (command, name)
        for command, names in english.items()
        for name, text in names.items()
        if not text or CHINESE.search(text) or not CHINESE.search(help_text(command, name) or "")
    ]
    assert missing == []
    assert CHINESE.search(help_text(WHOLE) or "")


def test_nothing_is_explained_that_no_command_has(english):
    own = help_words()["commands"]
    assert set(own) == {WHOLE, *COMMANDS}
    assert [(name, one) for name in COMMANDS for one in own[name] if one not in english[name]] == []
    used = {one for name, names in english.items() for one in names if one not in own[name]}
    assert set(help_words()["shared"]) == used | {"help"}


@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_help_is_in_the_language_of_the_locale_or_the_one_asked_for(command):
    words = [command] if command else []
    chinese, english = shown(*words, "--help"), shown(*words, "--help", env=ENGLISH_LOCALE)
    assert chinese.split("：")[0].strip() == "用法"
    assert english.split(":")[0].strip() == "Usage"
    assert not CHINESE.search(english)
    for theirs in ("Options", "Arguments", "Commands", "default", "required", "Show this message", "Usage", "…"):
        assert theirs not in chinese
    assert shown(*words, "--language", "zh", "--help", env=ENGLISH_LOCALE) == chinese
    assert shown(*words, "--help", "--language=en") == english
    assert shown("--language", "en", *words, "--help") == english


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["rnu"], "没有“rnu”这个命令。您是否想写“run”？"),
        (["--turbo"], "没有--turbo这个选项。"),
        (["run", "--member", "3"], "没有--member这个选项。可能是：--members。"),
        (["compare", "plan"], "缺少B。"),
        (["backcast"], "缺少--target。"),
        (["run", "--members", "many"], "--members的取值有误：应为整数，不带单位。"),
        (["run", "--members", "0"], "--members的取值有误：不得小于1。"),
        (["run", "--members"], "--members之后缺少取值。"),
        (["run", "--engine", "vensim"], "--engine的取值有误：“vensim”不在可选值“compiled”、“pysd”之中。"),
        (["check", "everything"], "多余的内容：everything。"),
        (["reach", "plan"], "多余的内容：plan。目标用--target写明，情景用--scenario写明。"),
        (["delay", "plan"], "多余的内容：plan。情景用--scenario写明，目标用--target写明。"),
        (["monitor", "plan"], "多余的内容：plan。情景用--scenario写明。"),
        (["backcast", "a", "--target", "b"], "多余的内容：a。目标用--target写明。"),
        (["assess"], "缺少--observations。"),
        (["list"], "缺少类别。可选：targets、levers、scenarios、indicators、cities。"),
        (["list", "--language", "fr", "targets"], "--language的取值有误：“fr”不在可选值“zh”、“en”之中。"),
        (["calibrate", "--draws", "1"], "--draws的取值有误：不得小于2。"),
    ],
)
def test_a_wrong_request_is_told_in_chinese(words, said):
    outcome = CliRunner().invoke(run_scenarios.app, words, env={"COLUMNS": "120", **NO_LOCALE})
    assert outcome.exit_code == 2
    told = outcome.output.translate({ord(sign): None for sign in "│ \n"})
    assert said.replace(" ", "") in told


def test_a_wrong_request_is_told_in_english_elsewhere():
    assert "No such option: --turbo" in shown("run", "--turbo", env=ENGLISH_LOCALE)


def test_the_last_language_asked_for_counts_wherever_it_stands():
    assert language_of(["--language", "zh", "run", "--language=en"], {"LANG": "zh_CN.UTF-8"}) == "en"
    assert language_of(["run", "plan"], {"LANG": "de_DE.UTF-8"}) == "en"
    assert language_of(["run", "--language"], {}) == language_of([], {}) == "zh"
