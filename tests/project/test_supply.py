"""What is installed: no package under the GPL, notices of all of them, nothing of this machine in the lock."""

from __future__ import annotations

import re
import subprocess
import tomllib
from email.message import Message
from typing import Any

import pytest

from supply import advisories
from supply.licences import LOCK, LicenceError, Package, allowed, check, locked, notices, packages, stated
from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("licence", "may"),
    [
        ("MIT", True),
        ("BSD-3-Clause AND 0BSD AND MIT AND Zlib AND CC0-1.0", True),
        ("LGPL-2.1-or-later", True),
        ("GPL-2.0-only", False),
        ("GPL-3.0-or-later", False),
        ("AGPL-3.0-only", False),
        ("MIT AND GPL-2.0-only", False),
        ("MIT OR GPL-2.0-only", True),
        ("(MIT OR Apache-2.0) AND AGPL-3.0-only", False),
        ("GPL-3.0-or-later WITH GCC-exception-3.1", True),
        ("GNU GENERAL PUBLIC LICENSE", False),
        ("GNU Lesser General Public License", True),
        ("GPLv3", False),
        ("LGPLv3+", True),
        ("", False),
    ],
)
def test_the_gpl_is_refused_unless_there_is_a_choice(licence, may):
    assert allowed(licence) is may


def facts(*headers: tuple[str, str]) -> Any:
    message = Message()
    message["Name"] = "some"
    for name, value in headers:
        message[name] = value
    return message


def test_the_licence_is_read_where_a_package_states_it():
    gpl = "License :: OSI Approved :: GNU General Public License (GPL)"
    assert stated(facts(("License-Expression", "MIT"), ("Classifier", gpl))) == "MIT"
    assert stated(facts(("Classifier", gpl), ("Classifier", "Topic :: X"), ("License", "MIT"))) == "GPL-1.0-or-later"
    assert stated(facts(("License", "GNU GENERAL PUBLIC LICENSE\n Version 3"))) == "GNU GENERAL PUBLIC LICENSE"
    assert stated(facts()) == ""


def test_a_package_under_the_gpl_is_named():
    found = [Package("fine", "1", "MIT"), Package("platypus-opt", "1.4.1", "GNU GENERAL PUBLIC LICENSE")]
    with pytest.raises(LicenceError, match=r"platypus-opt 1\.4\.1: GNU GENERAL PUBLIC LICENSE") as told:
        check([*found, Package("silent", "2", "")])
    assert "silent 2: states no licence" in str(told.value)
    assert "fine" not in str(told.value)


def test_what_is_locked_but_not_installed_is_named():
    with pytest.raises(LicenceError, match="Locked but not installed: no-such-package"):
        packages(["numpy", "no-such-package"])


def test_a_notice_names_package_version_and_licence():
    page = notices([Package("b", "2", "MIT"), Package("A", "1", "ISC")])
    assert page.endswith("| A | 1 | ISC |\n| b | 2 | MIT |\n")


def test_the_notices_are_those_of_the_lock():
    lock = dict(re.findall(r"^([a-z0-9][\w.-]*)==(\S+)", LOCK.read_text(encoding="utf-8"), re.MULTILINE))
    page = (ROOT / "THIRD_PARTY_NOTICES.md").read_text(encoding="utf-8")
    told = {
        re.sub(r"[-_.]+", "-", name).lower(): version
        for name, version in re.findall(r"^\| ([\w.-]+) \| (\d\S*) \|", page, re.MULTILINE)
    }
    assert len(lock) > 100
    assert told == lock


def test_the_lock_holds_hashes_and_nothing_of_a_machine():
    text = LOCK.read_text(encoding="utf-8")
    names = locked(text)
    assert {"pip", "setuptools", "numpy", "pytest"} <= set(names)
    assert not {"codespell", "ema-workbench", "odfpy", "platypus-opt"} & set(names)
    assert not re.search(r"https?:|file:|--(extra-)?index|--find-links|--trusted|^/", text, re.MULTILINE)
    for entry in re.split(r"\n(?=[a-z0-9])", text)[1:]:
        assert "--hash=sha256:" in entry, entry.partition("\n")[0]


def test_every_declared_dependency_is_locked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", one).group()).lower() for one in declared}  # type: ignore[union-attr]
    assert len(names) > 30
    assert names <= set(locked(LOCK.read_text(encoding="utf-8")))


def test_actions_are_pinned_by_their_commit():
    used = re.findall(r"uses: (\S+)(.*)", (ROOT / ".github" / "workflows" / "checks.yml").read_text(encoding="utf-8"))
    assert len(used) == 4
    for action, version in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action)
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", version)


@pytest.mark.parametrize(
    ("code", "out", "err", "answer", "told"),
    [
        (0, "", "No known vulnerabilities found", 0, "No known vulnerabilities found"),
        (1, "numpy 1.0 PYSEC-1 2.0", "Found 1 known vulnerability", 1, "PYSEC-1"),
        (1, "", "ERROR: Could not connect to PyPI's vulnerability feed", 0, "Skipped"),
        (1, "", "ERROR: x: Dependency not found on PyPI and could not be audited", 0, "Skipped"),
        (1, "", "ERROR: invalid specifier at line 1", 2, "The scan failed"),
    ],
)
def test_a_scan_without_a_network_is_skipped_with_a_word(code, out, err, answer, told, monkeypatch, capsys):
    done = subprocess.CompletedProcess([], code, out, err)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: done)
    assert advisories.main() == answer
    assert told in capsys.readouterr().out
