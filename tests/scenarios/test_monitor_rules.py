"""The rules of the monitor: what is shipped judges everything, and every mistake in a file is told at once."""

from __future__ import annotations

import pytest

from scenarios.monitor import FILE, MonitorError, Standing, load_monitor

SHIPPED = FILE.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("standing", "status"),
    [
        (Standing(), "no data"),
        (Standing(observed="reached", probability=0.0), "reached"),
        (Standing(observed="missed", probability=0.9, place=0.9), "off course"),
        (Standing(probability=0.19), "off course"),
        (Standing(probability=0.2), "watch"),
        (Standing(probability=0.49), "watch"),
        (Standing(probability=0.5), "on course"),
        (Standing(observed="short", probability=0.4, place=0.04), "off course"),
        (Standing(observed="short", probability=0.8, place=0.04), "watch"),
        (Standing(observed="short", probability=0.8, place=0.05), "on course"),
        (Standing(observed="short"), "watch"),
    ],
)
def test_the_shipped_rules_say_what_the_page_says_of_them(standing, status):
    assert load_monitor().judge(standing)[0] == status


def refused(tmp_path, text: str) -> str:
    file = tmp_path / "monitor.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(MonitorError) as told:
        load_monitor(file)
    return str(told.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("- status: reached", "- status: fine", "'status' must be one of"),
        ("- status: reached", "- status: no data", "'status' must be one of"),
        ("observed: missed", "observd: missed", "'observd' is not a key of a rule. Did you mean 'observed'?"),
        ("probability_below: 0.2", "probability_below: 20", "20 is outside 0 to 1; write 0.2."),
        ("probability_below: 0.2", 'probability_below: "0.2"', "is not a number"),
        ("{zh: 最新观测已达到目标, en: the latest observation meets the target}", "{zh: 已达到}", "both languages"),
        ("series: resident urbanization rate", "series: resident urbanisation rate",
         "is not a variable of the model. Did you mean 'resident urbanization rate'?"),
        ("variable: target income ratio", "variable: target incom ratio", "Did you mean 'target income ratio'?"),
        ("variable: target income ratio", "variable: target registered urbanization rate", "is listed twice"),
        ("    factor: 1\n", "    factor: 0\n", "'factor' 0 is not above zero"),
        ("\nseries:", "\nserie:", "'serie' is not a key of this file. Did you mean 'series'?"),
        ("    observed: reached\n", "", "rule no. 1: it has no condition"),
        ("    probability_at_least: 0.5\n", "    probability_at_least: 0.6\n", "No rule applies to probability 0.5."),
        ("    probability_at_least: 0.5\n", "    probability_at_least: 0.5\n    probability_below: 0.4\n",
         "no probability is at least 0.5 and below 0.4"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_remedy(tmp_path, old, new, said):
    assert old in SHIPPED
    assert said in refused(tmp_path, SHIPPED.replace(old, new, 1))


def test_all_mistakes_are_told_at_once(tmp_path):
    text = SHIPPED.replace("- status: reached", "- status: fine").replace("factor: 100", "factor: many")
    told = refused(tmp_path, text)
    assert "'status' must be one of" in told
    assert told.count("'factor'") == 2


@pytest.mark.parametrize("text", ["", "[]", "rules: []\nseries: []\n", "just words"])
def test_a_file_without_rules_is_refused(tmp_path, text):
    assert "monitor.yaml cannot be used" in refused(tmp_path, text)
