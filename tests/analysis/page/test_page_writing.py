"""The file of the live page: what is in it, what is not, and what is refused before it is written."""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
import re

import numpy as np
import pytest
from typer.testing import CliRunner

import run_scenarios
from analysis.page import libraries, writing
from analysis.page.command import FILE
from analysis.page.draws import draws
from analysis.page.joining import JoiningError, joined
from calibration.fit.ensemble import read_members
from calibration.fit.evidence import Evidence
from model.definition import variables_by_name

MEMBERS = 20


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    pytest.importorskip("ziglang")
    out = tmp_path_factory.mktemp("page")
    outcome = CliRunner().invoke(run_scenarios.app, ["page", "--members", str(MEMBERS), "--out", str(out)])
    assert outcome.exit_code == 0, outcome.output
    assert FILE in outcome.output.replace("\n", "")
    return (out / FILE).read_text(encoding="utf-8")


def part(text: str, name: str):
    (found,) = re.findall(rf'<script type="[\w/+]+" id="{name}">([^<]*)</script>', text)
    return found


def test_its_rules_allow_its_own_script_and_style_and_nothing_from_elsewhere(text):
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    rules = dict(rule.split(" ", 1) for rule in html.unescape(policy).split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["worker-src"] == "blob:"
    assert set(rules) == {
        "default-src", "script-src", "style-src", "worker-src", "img-src", "font-src", "base-uri", "form-action"
    }  # fmt: skip
    assert "unsafe-inline" not in policy
    assert "'unsafe-eval'" not in policy
    for rule, element in (("script-src", "script"), ("style-src", "style")):
        (own,) = re.findall(rf"<{element}>(.*?)</{element}>", text, re.DOTALL)
        wanted = base64.b64encode(hashlib.sha256(own.encode("utf-8")).digest()).decode()
        assert f"'sha256-{wanted}'" in rules[rule].split()


def test_nothing_in_it_is_fetched(text):
    assert not re.search(r"""(?:src|href|action)\s*=\s*["']?https?:""", text)
    assert not re.search(r"""url\((?!["']?data:)""", text)
    assert not re.search(r"\b(?:fetch|XMLHttpRequest|WebSocket|EventSource|sendBeacon|importScripts)\s*\(", text)
    assert not re.search(r"\beval\s*\(|new Function\b", text)


def test_words_are_there_in_both_languages_and_no_word_is_missing(text):
    words = json.loads(part(text, "content"))["words"]
    assert all(entry["zh"] and entry["en"] for entry in words.values())
    script = "".join(file.read_text(encoding="utf-8") for file in writing.BROWSER.glob("*.js"))
    said = set(re.findall(r'\b(?:say|own|both)\("([^"]+)"', script))
    assert len(said) > 50
    assert said - set(words) == set()


@pytest.mark.parametrize("evidence", list(Evidence))
def test_members_come_out_of_it_to_the_last_bit(text, evidence):
    described = json.loads(part(text, "content"))["draws"][str(evidence)]
    numbers = np.frombuffer(gzip.decompress(base64.b64decode(part(text, f"draws-{evidence}"))), dtype="<f4")
    members, place = read_members(MEMBERS, evidence), 0
    for one in described["constants"]:
        drawn = numbers[place : place + one["drawn"] * MEMBERS].astype(float).reshape(one["drawn"], MEMBERS)
        place += drawn.size
        default = np.asarray(variables_by_name()[one["name"]].default).ravel()
        told = drawn * default[:, None] if one["factor"] else np.broadcast_to(drawn, (one["elements"], MEMBERS))
        array = members[one["name"]]
        wanted = array.transpose(..., "member").to_numpy().reshape(one["elements"], MEMBERS)
        np.testing.assert_array_equal(told, wanted, err_msg=one["name"])
    assert place == numbers.size
    assert {one["name"] for one in described["constants"]} == set(members.data_vars)


def test_the_same_page_is_written_twice_alike(text, tmp_path):
    outcome = CliRunner().invoke(run_scenarios.app, ["page", "--members", str(MEMBERS), "--out", str(tmp_path)])
    assert outcome.exit_code == 0
    assert (tmp_path / FILE).read_text(encoding="utf-8") == text


def test_a_missing_package_is_named_before_anything_is_read(monkeypatch, tmp_path):
    monkeypatch.setattr(libraries, "PACKAGE", "no_such_package")
    outcome = CliRunner().invoke(run_scenarios.app, ["page", "--out", str(tmp_path / "new")])
    assert outcome.exit_code == 2
    assert "no_such_package" in outcome.stderr
    assert not (tmp_path / "new").exists()


def test_another_chart_library_than_the_known_one_is_refused(monkeypatch):
    monkeypatch.setattr(libraries, "FILES", {"vendor/uplot.iife.min.js": "0" * 64})
    with pytest.raises(libraries.PageError, match="does not hold the release"):
        libraries.chart_library()


def test_a_page_that_is_too_large_is_not_written(monkeypatch, tmp_path):
    pytest.importorskip("ziglang")
    monkeypatch.setattr(writing, "MOST", 100_000)
    outcome = CliRunner().invoke(run_scenarios.app, ["page", "--members", str(MEMBERS), "--out", str(tmp_path)])
    assert outcome.exit_code == 2
    assert "--members" in outcome.stderr
    assert list(tmp_path.glob("*.html")) == []


@pytest.mark.parametrize(
    ("modules", "said"),
    [
        ({"a.js": 'import { x } from "./b.js"\n'}, "no module b.js"),
        ({"a.js": 'import { x } from "./b.js"\n', "b.js": "const x = 1\n"}, "imports x from b.js"),
        (
            {"a.js": 'import { x } from "./b.js"\nexport const y = 1\n', "b.js": 'import { y } from "./a.js"\n'},
            "in a circle",
        ),
        ({"a.js": "export default 1\n"}, "cannot be put together"),
    ],
)
def test_modules_that_do_not_fit_together_are_refused(modules, said):
    with pytest.raises(JoiningError, match=said):
        joined(modules, "a.js")


def test_draws_are_the_bytes_of_the_file():
    assert draws(Evidence.TO_2020, 20).members == 20
