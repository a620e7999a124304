"""A short call is answered before the libraries are loaded that take seconds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from run_scenarios import COMMANDS

HEAVY = {
    "SALib",
    "bokeh",
    "distributed",
    "docx",
    "emcee",
    "fpdf",
    "llvmlite",
    "matplotlib",
    "numba",
    "pandas",
    "parsimonious",
    "pptx",
    "pymoo",
    "pysd",
    "scipy",
    "simlin",
    "sklearn",
    "xarray",
    "xlsxwriter",
    "zarr",
}
#: Calls the command line with each list of words, then says how each call ended and which modules are loaded.
CALL = """
import json, runpy, sys
codes = []
for words in json.loads(sys.argv[1]):
    sys.argv = ["run_scenarios.py", *words]
    try:
        runpy.run_path("run_scenarios.py", run_name="__main__")
    except SystemExit as end:
        codes.append(end.code)
print(json.dumps([codes, sorted({name.partition(".")[0] for name in sys.modules})]))
"""

SHIPPED = Path(__file__).parents[2] / "cities" / "jinan" / "scenarios" / "affordable_housing.yaml"
MISSPELT = SHIPPED.read_text(encoding="utf-8").replace("RENT SUBSIDY:", "RENT SUBSIDI:")
SCENARIO, TARGET = "Did you mean 'plan'", "Did you mean 'target.urbanization.registered.2025'"
#: Said of the scenario file for whose path `broken.yaml` stands below.
FILE = "Did you mean 'RENT SUBSIDY'"
TOO_MANY = "holds 1 to"
#: By command, requests that cannot be met and what must be said of them.
MISTAKES: dict[str, list[tuple[tuple[str, ...], str]]] = {
    "run": [(("plann",), SCENARIO), (("broken.yaml",), FILE), (("plan", "--members", "100000"), TOO_MANY)],
    "reach": [
        (("--scenario", "plann"), SCENARIO),
        (("--scenario", "broken.yaml", "--members", "20"), FILE),
        (("--target", "urbanization.registred.2025"), TARGET),
        (("--members", "100000"), TOO_MANY),
    ],
    "compare": [
        (("baseline", "plann"), SCENARIO),
        (("baseline", "broken.yaml"), FILE),
        (("baseline", "plan", "--indicator", "residnets"), "Did you mean 'residents'"),
        (("baseline", "plan", "--members", "100000"), TOO_MANY),
    ],
    "conditions": [
        (("--scenario", "plann"), SCENARIO),
        (("--scenario", "broken.yaml"), FILE),
        (("--target", "urbanization.registred.2025"), TARGET),
        (("--futures", "4"), "4 futures are too few"),
        (("--members", "100000"), TOO_MANY),
    ],
    "sensitivity": [
        (("--scenario", "plann"), SCENARIO),
        (("--scenario", "broken.yaml"), FILE),
        (("--targets", "urbanization.registred.2025"), TARGET),
        (("--vary", "polici"), "Did you mean 'policy'"),
        (("--samples", "1000"), "512 or 1,024"),
    ],
    "backcast": [
        (("--target", "urbanization.registred.2025"), TARGET),
        (("--target", "urbanization.registered.2025", "--levers", "RENT SUBSIDI"), FILE),
        (("--target", "urbanization.registered.2025", "--members", "1"), "1 members cannot be searched with"),
    ],
    "frontier": [
        (("--target", "urbanization.registred.2025"), TARGET),
        (("--target", "urbanization.registered.2025", "--levers", "RENT SUBSIDI"), FILE),
        (("--target", "urbanization.registered.2025", "--members", "1"), "1 members cannot be searched with"),
    ],
    "delay": [
        (("--scenario", "plann"), SCENARIO),
        (("--scenario", "broken.yaml"), FILE),
        (("--target", "urbanization.registred.2025"), TARGET),
        (("--probability", "80"), "up to 1, not at 80"),
        (("--members", "100000"), TOO_MANY),
    ],
    "left-out": [(("plann",), SCENARIO), (("broken.yaml",), FILE), (("--members", "100000"), TOO_MANY)],
    "information": [
        (("baseline", "plann"), SCENARIO),
        (("baseline", "broken.yaml"), FILE),
        (("--target", "urbanization.registred.2025"), TARGET),
        (("--effort-weight", "-1"), "must be 0 or more"),
        (("--members", "4"), "4 members are too few"),
    ],
    "brief": [
        (("--scenario", "plann"), SCENARIO),
        (("--scenario", "broken.yaml", "--members", "20"), FILE),
        (("--verify", "none.pptx"), "there is no such file"),
        (("--members", "100000"), TOO_MANY),
        (("--dated", "tomorrow"), "--dated is 'tomorrow'"),
    ],
    "dashboard": [(("--members", "100000"), TOO_MANY)],
    "assess": [
        (("--observations", "none.csv"), "does not exist"),
        (("--observations", "run_scenarios.py", "--scenario", "plann"), SCENARIO),
        (("--observations", "run_scenarios.py", "--scenario", "broken.yaml"), FILE),
    ],
    "explain": [
        (("residnets", "baseline", "plan"), "Did you mean 'residents'"),
        (("residents", "baseline", "plann"), SCENARIO),
        (("residents", "baseline", "broken.yaml"), FILE),
        (("residents", "baseline", "plan", "--members", "100000"), TOO_MANY),
    ],
    "template": [
        (("plan.xls",), "ends in .xlsx"),
        (("--scenario", "plann"), SCENARIO),
        (("--scenario", "broken.yaml"), FILE),
        (("--as-yaml", "none.xlsx"), "does not exist"),
        (("--as-yaml", "broken.yaml"), "takes a workbook"),
    ],
    "export": [
        (("plann",), SCENARIO),
        (("broken.yaml",), FILE),
        (("--variable", "residnets"), "Did you mean 'residents'"),
        (("--members", "100000"), TOO_MANY),
    ],
    "monitor": [
        (("--scenario", "plann"), SCENARIO),
        (("--scenario", "broken.yaml"), FILE),
        (("--observations", "none.csv"), "does not exist"),
        (("--rules", "none.yaml"), "none.yaml"),
        (("--members", "100000"), TOO_MANY),
    ],
    "compare-versions": [
        (("no_such_folder", "no_such_commit"), "neither a folder nor a commit"),
        (("HEAD", "HEAD"), "are the same commit"),
        (("docs", "HEAD"), "holds no targets.csv"),
        (("README.md", "HEAD"), "is a file"),
    ],
    "calibrate": [(("--draws", "1"), "--draws")],
    "check": [(("everything",), "everything")],
    "city new": [(("shili",), "needs --tabulations"), (("shili", "--tabulations", "nowhere"), "Give the folder")],
    "city build": [(("--out", "docs"), "is a directory")],
    "list": [(("lever",), "is not one of"), (("levers", "RENT SUBSIDI"), FILE)],
}


def call(root: Path, *calls: tuple[str, ...]) -> tuple[list[int], str, set[str]]:
    """Exit codes, all that was printed, and the packages that were loaded."""
    command = [sys.executable, "-c", CALL, json.dumps(calls)]
    english = os.environ | {"LC_ALL": "", "LC_MESSAGES": "en_GB.UTF-8"}
    done = subprocess.run(command, cwd=root, env=english, capture_output=True, text=True, check=True)
    *printed, last = done.stdout.splitlines()
    codes, modules = json.loads(last)
    return codes, "\n".join(printed) + done.stderr, set(modules)


@pytest.fixture(scope="module", autouse=True)
def _definition_is_kept(variables):
    """The model file has been parsed once, as it is by the first call on any machine."""


@pytest.fixture
def broken(tmp_path) -> Path:
    """A scenario file with a misspelt constant."""
    path: Path = tmp_path / "broken.yaml"
    path.write_text(MISSPELT, encoding="utf-8")
    return path


def test_help_is_shown_without_any_of_them(root):
    codes, printed, modules = call(root, ("--help",))
    assert codes == [0]
    assert "dashboard" in printed
    assert not HEAVY & modules


def test_a_misspelt_command_is_answered_without_any_of_them(root):
    codes, printed, modules = call(root, ("rnu",))
    assert codes == [2]
    assert "Did you mean 'run'" in printed
    assert not HEAVY & modules


@pytest.mark.parametrize("text", [None, "name: ["])
def test_a_file_that_is_no_scenario_is_refused_without_any_of_them(root, tmp_path, text):
    path = tmp_path / "broken.yaml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    codes, printed, modules = call(root, ("run", str(path)))
    assert codes == [2]
    assert ("does not exist" if text is None else "broken.yaml") in printed
    assert not HEAVY & modules


def test_mistakes_are_tried_of_every_command():
    assert set(MISTAKES) == set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_explains_itself_and_refuses_mistakes_without_any_of_them(root, broken, command):
    refused = [
        tuple(str(broken) if word == broken.name else word for word in (command, *words))
        for words, _ in MISTAKES[command]
    ]
    codes, printed, modules = call(root, (command, "--help"), (command, "--such-option"), *refused)
    assert codes == [0, 2, *(2 for _ in refused)]
    plain = " ".join(printed.split())
    assert [said for said in ("--such-option", *(said for _, said in MISTAKES[command])) if said not in plain] == []
    assert not HEAVY & modules


def test_what_is_in_a_table_is_read_with_them(root, tmp_path):
    path = tmp_path / "newer.csv"
    path.write_text("variable,year\nresidents,2021\n", encoding="utf-8")
    codes, printed, modules = call(root, ("assess", "--observations", str(path)))
    assert codes == [2]
    assert "column 'unit' is missing" in printed
    assert "pandas" in HEAVY & modules
