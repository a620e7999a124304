"""A file that tests reach too little of fails `make coverage`, unless a line in it says why."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.coverage_floor import FLOOR, unexplained


@pytest.mark.parametrize(
    ("percent", "text", "named"),
    [
        (FLOOR - 0.1, '"""A module."""\n', ["some.py: 79.9 %"]),
        (FLOOR, '"""A module."""\n', []),
        (0.0, '"""A module."""\n\n# Coverage: runs in the browser tests only.\n', []),
        (0.0, '"""A module. # Coverage: none."""\n', ["some.py: 0.0 %"]),
        (0.0, "# Coverage:\n", ["some.py: 0.0 %"]),
    ],
)
def test_only_a_reason_lets_a_file_stay_below(tmp_path, percent, text, named):
    (tmp_path / "some.py").write_text(text, encoding="utf-8")
    assert unexplained({"some.py": {"summary": {"percent_covered": percent}}}, tmp_path) == named


@pytest.mark.parametrize(("percent", "code"), [(100.0, 0), (1.0, 1)])
def test_the_check_ends_as_make_understands_it(root, percent, code):
    report = {"files": {"run_scenarios.py": {"summary": {"percent_covered": percent}}}}
    done = subprocess.run(
        [sys.executable, "-m", "tests.coverage_floor"],
        input=json.dumps(report),
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert ("run_scenarios.py: 1.0 %" in done.stderr) is bool(code)


def test_make_coverage_asks_for_it(root):
    recipe = (root / "Makefile").read_text(encoding="utf-8").partition("\ncoverage:")[2].partition("\n\n")[0]
    assert "-m tests.coverage_floor" in recipe
