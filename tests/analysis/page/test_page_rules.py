"""What `run` refuses the page refuses, in the same words; and both read the same out of a file."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.page.content import content
from analysis.page.joining import joined
from analysis.page.writing import BROWSER
from calibration.fit.ensemble import read_members
from model.files.strict_files import parse_yaml, read_yaml
from scenarios import ScenarioError, load_scenario, load_targets

pytestmark = pytest.mark.browser

PROBE = """
import { Rules } from "./rules.js"
import { readYaml } from "./yaml.js"
const plain = (value) => {
  const spelled = (key) => (typeof key == "number" ? {year: key} : key)
  if (value instanceof Map) return {map: [...value].map(([key, part]) => [spelled(key), plain(part)])}
  if (Array.isArray(value)) return value.map(plain)
  return value instanceof Number ? {whole: value.valueOf()} : value
}
window.read = (text) => plain(readYaml(text).content)
window.Rules = Rules
"""
HEAD = "name: x\ntitle: {zh: x, en: x}\nquestion: {zh: x, en: x}\nbase: baseline\n"
NOTHING = "changes: {}\nexpect: []\n"


def changed(*lines: str) -> str:
    return HEAD + "changes:\n" + "".join(f"  {line}\n" for line in lines) + "expect: []\n"


def expected(*lines: str) -> str:
    return HEAD + "changes: {}\nexpect:\n" + "".join(f"  - {{{line}}}\n" for line in lines)


#: Files with mistakes of every kind, and some without.
FILES = {
    "sound": HEAD + NOTHING,
    "default and spelling of numbers": changed(
        "TALENT SUBSIDY: {value: 1e5, unit: yuan/person, source: 3}",
        "FERTILITY SUPPORT: {path: {2020: default, 2025.5: 3_000}, unit: yuan/person, source: s}",
    ),
    "missing keys": "name: x\n",
    "another name": HEAD.replace("name: x", "name: y") + NOTHING,
    "unknown keys": HEAD + "changs: {}\nexpect: []\ncomment: 3\n",
    "unknown base": HEAD.replace("baseline", "plann") + NOTHING,
    "one language": HEAD.replace("title: {zh: x, en: x}", "title: x") + NOTHING,
    "other languages": HEAD.replace("title: {zh: x, en: x}", "title: {zh: x, fr: y, de: z}") + NOTHING,
    "no texts": HEAD.replace("question: {zh: x, en: x}", 'question: {zh: [1], en: ""}') + NOTHING,
    "long title": HEAD.replace("title: {zh: x", f"title: {{zh: {'x' * 200}") + NOTHING,
    "names": changed(
        "TALENT SUBSIDIY: {value: 9, unit: yuan}",
        "青年人才补贴: {value: 300000, unit: yuan/person, source: s}",
        "residents: {value: 1}",
        "TIME STEP: {value: 1}",
        "TALENT ARRIVALS: {value: 120000, unit: person/Year, source: s}",
        "SOMETHING WHOLLY ELSE: 3",
        "USE SHARE: {value: 0.5, unit: Dmnl, source: s}",
    ),
    "values": changed(
        'TALENT SUBSIDY: {value: "5万", unit: yuan/person, source: s}',
        "FERTILITY SUPPORT: {path: {2020: 1, 2019: 2, 2060: 3, abc: 4}, unit: yuan/person, source: [a]}",
        "RENT SUBSIDY: {value: .inf, path: {2020: 0.1}, unit: Dmnl, source: s}",
        "MORTGAGE RATE: {value: true, unit: 1/Year, source: s, nte: b}",
        "DOWN PAYMENT: {unit: Dmnl, source: s}",
        "YEARS REQUIRED: {by: {a: 1}, unit: Year, source: s}",
        "UNIVERSITY PLACES: {value: 3, unit: Dmnl, source: ''}",
    ),
    "parts": changed(
        "PERMIT ENTITLEMENT: {by: {childcare: 2, preschol: 0.5, primary: {2020: default, 2025: 0.95}, "
        "hospital beds: before, junior secondary: {2020: 0.5}}, unit: Dmnl, source: s}",
        "COVERAGE RATE: {by: [], unit: 1/Year, source: s}",
        "PEOPLE LAND LINK: {value: default, unit: Dmnl, source: s}",
        "EASE OF SETTLEMENT: {value: default, unit: Dmnl, source: s}",
    ),
    "expectations": expected(
        "variable: residnts, year: 2035, is: above baseline",
        "variable: residents, year: 2036, is: above plan",
        "variable: residents, year: 2035, is: below baselin",
        "variable: residents by district, year: 2030.5, element: Lixa, at least: x",
        "variable: residents, never above: 3, year: 2030",
        "variable: residents, at least: 3",
        "variable: residents, is: above, at least: 3",
        "variable: residents, elment: a, is: beyond baseline, year: 2030",
        "variable: residents by district, element: [Lixia, b], year: 2030, at most: 3",
    ),
    "expect no list": HEAD + "changes: {}\nexpect: {a: 1}\n",
    "changes no table": HEAD + "changes: [a]\nexpect: []\n",
    "tabulator": HEAD + "changes:\n\tA: 1\n",
    "alias": HEAD + "changes: *a\nexpect: []\n",
    "anchor": HEAD + "changes: &a {}\n",
    "tag": HEAD + "changes: !!python/object {}\n",
    "twice": HEAD + "base: plan\n" + NOTHING,
    "two documents": HEAD + "---\na: 1\n",
    "empty": "",
    "list": "- a\n",
    "text": "hello\n",
    "two colons": "name: a: b\n",
    "unclosed": HEAD + "changes: {a: [1\n",
    "unclosed quote": 'name: "x\n',
    "deep": "a: " + "[" * 12 + "]" * 12,
    "hidden": HEAD + NOTHING + "note: a\x07b\n",
    "null key": HEAD + "~: 1\n",
    "odd numbers": changed(
        "TALENT SUBSIDY: {value: 010, unit: yuan/person, source: s}",
        "FERTILITY SUPPORT: {value: 1e400, unit: yuan/person, source: s}",
    ),
}


@pytest.fixture(scope="module")
def probe(chromium):
    modules = {file.name: file.read_text(encoding="utf-8") for file in BROWSER.glob("*.js")}
    page = chromium.new_page()
    page.add_script_tag(content=joined({**modules, "probe.js": PROBE}, "probe.js"))
    known = content(list(load_targets().values()), {"2023": read_members(20)}, {"2023": {}})
    page.evaluate("known => { window.rules = new Rules(known) }", known)
    yield page
    page.close()


@pytest.mark.parametrize("case", FILES)
def test_a_file_is_refused_in_the_words_of_run(probe, tmp_path, case):
    path = tmp_path / "x.yaml"
    path.write_text(FILES[case], encoding="utf-8")
    try:
        load_scenario(path)
        wanted = None
    except ScenarioError as error:
        wanted = str(error)
    problem = probe.evaluate("text => rules.read(text, 'x.yaml').problem", FILES[case])
    assert (problem and problem["en"]) == wanted
    if problem:
        assert all(any("\u4e00" <= sign <= "\u9fff" for sign in line) for line in problem["zh"].splitlines())


def test_a_scenario_that_starts_later_or_stands_on_a_file_is_for_run(probe):
    for text, said in (
        (HEAD + "starts: 2026\n" + NOTHING, "`run` and `compare`"),
        (HEAD.replace("baseline", "../plan.yaml") + NOTHING, "shipped scenario here"),
    ):
        assert said in probe.evaluate("text => rules.read(text, 'x.yaml').problem.en", text)


def test_every_file_of_the_project_reads_alike(probe, root):
    files = [path for folder in ("scenarios", "analysis", "cities") for path in (root / folder).rglob("*.yaml")]
    assert len(files) > 30
    for path in files:
        told = probe.evaluate("text => read(text)", path.read_text(encoding="utf-8"))
        assert _python(told) == read_yaml(path).content, path.name


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Zl", "Zp", "Cf")), max_size=30)
LEAVES = st.none() | st.booleans() | st.integers(-(2**50), 2**50) | st.floats(allow_nan=False) | TEXTS
KEYS = TEXTS.filter(lambda text: text not in ("", "~", "null", "Null", "NULL", "true", "True", "false", "False"))
DOCUMENTS = st.dictionaries(
    KEYS,
    st.recursive(
        LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12
    ),
    min_size=1,
    max_size=4,
)


@given(document=DOCUMENTS, flow=st.sampled_from([True, False, None]), width=st.sampled_from([20, 80]))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_yaml_writes_reads_alike(probe, document, flow, width):
    text = yaml.safe_dump(document, allow_unicode=True, default_flow_style=flow, width=width)
    desk = parse_yaml(text)
    if desk.problems:
        return
    assert _python(probe.evaluate("text => read(text)", text)) == desk.content


def _python(told):
    """What the page read, as Python has it: whole numbers apart from others."""
    if isinstance(told, int) and not isinstance(told, bool):
        return float(told)
    if isinstance(told, list):
        return [_python(part) for part in told]
    if isinstance(told, dict):
        if "whole" in told:
            return int(told["whole"])
        return {key["year"] if isinstance(key, dict) else key: _python(part) for key, part in told["map"]}
    return told


def test_the_words_of_the_rules_are_those_of_the_catalogue(root):
    import re

    from analysis.language.mistakes import catalogue

    known = {sentence for section in catalogue().values() for sentence in section}
    text = "".join((BROWSER / name).read_text(encoding="utf-8") for name in ("rules.js", "yaml.js"))
    said = set(re.findall(r'(?:told|add|invalid|Refused)\((?:\w+, |\[[^\]]*\], |where, )?"([^"]{12,})"', text))
    assert len(said) > 40
    assert {one for one in said if one.endswith(".") or "{" in one} - known == set()
    assert Path(root).exists()
