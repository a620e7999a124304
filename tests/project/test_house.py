"""The project keeps its own promises: versions agree, the lock is complete, and no machine leaves a trace."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from analysis.command_line import USUAL_MEMBERS
from analysis.pages import answer
from calibration.fit.ensemble import read_members
from calibration.fit.evidence import NEWEST

# Written so that this file does not match itself.
TRACES = re.compile(
    r"/(?:root|work|home|tmp|opt|Users)/|index[-]url|extra[-]index|files[.]pythonhosted|[.]co(?:m)/simple"
)


@pytest.fixture(scope="module")
def project(root: Path) -> dict[str, Any]:
    """The project's own description."""
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))


def traces(text: str) -> list[str]:
    """Paths of one machine and hosts of package indexes."""
    return TRACES.findall(text.replace("--no-emit-index" + "-url", ""))


def test_no_file_names_a_machine_or_an_index(kept):
    found = {path.name: traces(path.read_text(encoding="utf-8", errors="ignore")) for path in kept}
    assert {name: marks for name, marks in found.items() if marks} == {}


@pytest.mark.parametrize("line", ["see " + "/tmp" + "/x", "--index-" + "url https://example.org", "/root" + "/a"])
def test_a_trace_is_noticed(line):
    assert traces(line)


def test_no_kept_file_is_large(kept):
    assert [path.name for path in kept if path.stat().st_size > 2_500_000] == []


def test_one_version_everywhere(root, project):
    version = project["project"]["version"]
    citation = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))
    released = re.search(
        r"^## \[(\d[^\]]*)\] - (\S+)$", (root / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert released is not None, "CHANGELOG.md has no '## [version] - date'"
    assert (citation["version"], released[1]) == (version, version)
    assert str(citation["date-released"]) == released[2]


def _name(requirement: str) -> str:
    return re.split(r"[^A-Za-z0-9._-]", requirement)[0].lower().replace("_", "-")


def test_the_lock_pins_every_dependency_with_a_hash(root, project):
    blocks = re.findall(
        r"^(\S+)==(\S+)(?: ; [^\\\n]*[^\\\s])?((?: \\\n    --hash=sha256:[0-9a-f]{64})*)",
        (root / "requirements.lock").read_text(),
        re.MULTILINE,
    )
    pins = {_name(name): (version, hashes) for name, version, hashes in blocks}
    wanted = project["project"]["dependencies"] + project["project"]["optional-dependencies"]["dev"]
    assert [requirement for requirement in wanted if _name(requirement) not in pins] == []
    assert [name for name, (_, hashes) in pins.items() if not hashes] == []
    exact = dict(requirement.split("==") for requirement in wanted if "==" in requirement)
    assert {name: pins[_name(name)][0] for name in exact} == exact


def test_continuous_integration_runs_the_same_command(root):
    script = root / ".ci" / "run"
    assert re.search(r"^make test$", script.read_text(encoding="utf-8"), re.MULTILINE)
    assert os.access(script, os.X_OK)
    assert "bash .ci/run" in (root / ".github" / "workflows" / "checks.yml").read_text(encoding="utf-8")


def test_the_readme_answers_with_the_numbers_of_the_ensemble(monkeypatch, tmp_path):
    members = read_members(USUAL_MEMBERS, NEWEST)
    # Run once for both looks at the page.
    material, rates = answer.run_scenarios(members), answer.latent_rates(members)
    monkeypatch.setattr(answer, "run_scenarios", lambda _: material)
    monkeypatch.setattr(answer, "latent_rates", lambda _: rates)
    assert answer.update_page(members, write=False) == [], "run `make pages`"
    stale = tmp_path / "README.md"
    text = answer.README.read_text(encoding="utf-8")
    stale.write_text(text.replace("<!-- answer en -->\n**No, ", "<!-- answer en -->\n**Yes, "), encoding="utf-8")
    assert stale.read_text(encoding="utf-8") != text
    monkeypatch.setattr(answer, "README", stale)
    assert answer.update_page(members, write=False) == [stale]
