"""A short call is answered before the libraries are loaded that take seconds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"matplotlib", "numba", "pandas", "parsimonious", "pysd", "scipy", "xarray"}
#: Runs the command line, then says which modules are loaded.
CALL = """
import json, runpy, sys
sys.argv = ["run_scenarios.py", *json.loads(sys.argv[1])]
try:
    runpy.run_path("run_scenarios.py", run_name="__main__")
except SystemExit as end:
    code = end.code
print(json.dumps([code, sorted({name.partition(".")[0] for name in sys.modules})]))
"""

SHIPPED = Path(__file__).parents[2] / "scenarios" / "shipped" / "affordable_housing.yaml"
MISSPELT = SHIPPED.read_text(encoding="utf-8").replace("RENT SUBSIDY:", "RENT SUBSIDI:")


def call(root, *words: str) -> tuple[int, str, set[str]]:
    """Exit code, all that was printed, and the packages that were loaded."""
    command = [sys.executable, "-c", CALL, json.dumps(words)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    *printed, last = done.stdout.splitlines()
    code, modules = json.loads(last)
    return code, "\n".join(printed) + done.stderr, set(modules)


@pytest.fixture(scope="module", autouse=True)
def _definition_is_kept(variables):
    """The model file has been parsed once, as it is by the first call on any machine."""


def test_help_is_shown_without_any_of_them(root):
    code, printed, modules = call(root, "--help")
    assert code == 0
    assert "dashboard" in printed
    assert not HEAVY & modules


def test_a_misspelt_command_is_answered_without_any_of_them(root):
    code, printed, modules = call(root, "rnu")
    assert code == 2
    assert "Did you mean 'run'" in printed
    assert not HEAVY & modules


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, "does not exist"),
        ("name: [", "broken.yaml"),
        (MISSPELT, "Did you mean 'RENT SUBSIDY'"),
    ],
)
def test_a_scenario_that_cannot_be_run_is_refused_without_any_of_them(root, tmp_path, text, expected):
    path = tmp_path / "broken.yaml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    code, printed, modules = call(root, "run", str(path))
    assert code == 2
    assert expected in printed
    assert not HEAVY & modules


def test_what_runs_does_load_them(root, tmp_path):
    _, _, modules = call(root, "run", "baseline", "--members", "0", "--out", str(tmp_path))
    assert not {"numba", "matplotlib"} & modules
    code, printed, modules = call(root, "run", "baseline", "--members", "100000", "--out", str(tmp_path))
    assert code == 2
    assert "holds 1 to" in printed
    assert "xarray" in modules
