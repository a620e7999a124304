"""The model is dimensionally consistent, by a checker that is not ours."""

from __future__ import annotations

from pathlib import Path

import simlin

from model.definition import MODEL_FILE


def complaints(path: Path) -> list[str]:
    """What pysimlin finds wrong; `check` reports faulty units as warnings, so both severities count."""
    return [issue.message for issue in simlin.load(path).check() if issue.severity in ("error", "warning")]


def test_the_model_is_dimensionally_consistent():
    assert complaints(MODEL_FILE) == []


def test_a_wrong_unit_is_noticed(small_town_file, tmp_path):
    text = small_town_file.read_text(encoding="utf-8")
    spoilt = tmp_path / "spoilt.mdl"
    spoilt.write_text(text.replace("person/home", "person/Year"), encoding="utf-8")
    assert complaints(small_town_file) == []
    assert any("crowding" in message for message in complaints(spoilt))
