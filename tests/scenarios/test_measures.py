"""The page of the plan's measures names every lever, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from scenarios.levers import load_levers

PAGE = Path(__file__).parents[2] / "docs" / "measures.md"


def test_every_lever_stands_for_a_measure_and_every_name_is_a_lever():
    named = set(re.findall(r"`([A-Z][A-Z0-9 ]+)`", PAGE.read_text(encoding="utf-8")))
    assert named == set(load_levers())
