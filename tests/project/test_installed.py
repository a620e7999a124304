"""`pip install .` installs all that the project needs to run, and what writes into the project says what it lacks."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterable
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

INSTALLED = ("model", "scenarios", "calibration", "analysis", "cities", "run_scenarios.py")
DEVELOPMENT = ("tests", "docs", "benchmarks", "supply")
#: Declared and imported nowhere, with the reason.
NOT_IMPORTED = {
    "axe-playwright-python": "carries axe-core, which tests of the page run",
    "import-linter": "make lint",
    "mkdocs-material": "the theme in mkdocs.yml",
    "mypy": "make lint",
    "pandas-stubs": "types for mypy",
    "pip": "installs the rest of the lock",
    "pip-audit": "make audit",
    "pre-commit": "checks before a commit",
    "pytest-cov": "make coverage",
    "pytest-xdist": "make test on all cores",
    "ruff": "make lint",
    "setuptools": "builds the wheel, here in a process of its own",
    "types-pyyaml": "types for mypy",
    "typos": "make lint",
}


@pytest.fixture(scope="module")
def wheel(root, kept, tmp_path_factory) -> Path:
    """The wheel that `pip install .` makes, from a copy of the files under version control."""
    copy, made = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("wheel")
    for path in kept:
        target = copy / path.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    build = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
    done = subprocess.run([sys.executable, "-c", build, made], cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (file,) = sorted(made.glob("*.whl"))
    return Path(file)


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """The folder into which the wheel is unpacked."""
    folder: Path = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def python(installed: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Call Python from another folder, with the installed copy; words that begin no option are code."""
    words = words if words[0].startswith("-") else ("-c", *words)
    environment = {**os.environ, "PYTHONPATH": str(installed), "LC_ALL": "en_GB.UTF-8"}
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def call(installed: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Call a command of the installed copy from another folder."""
    return python(installed, folder, "from run_scenarios import app; app(prog_name='jinan')", *words)


def test_the_wheel_holds_every_file_of_the_project_and_no_test(root, kept, wheel):
    ours = {path.relative_to(root).as_posix() for path in kept}
    # What makes the engine a package of its own is of no use in the city's.
    own = {"model/engine/pyproject.toml", "model/engine/README.md"}
    wanted = {name for name in ours if name.split("/")[0] in INSTALLED} - own
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert len(wanted) > 100
    assert held == wanted


def test_the_wheel_gives_the_command_jinan(installed):
    (entries,) = installed.glob("*.dist-info/entry_points.txt")
    assert entries.read_text(encoding="utf-8").split("\n")[:2] == ["[console_scripts]", "jinan = run_scenarios:app"]


def test_an_installed_copy_runs_a_scenario_from_any_folder(installed, tmp_path):
    done = python(
        installed,
        tmp_path,
        "import model; from scenarios import load_scenario; from calibration.fit.ensemble import read_members;"
        "run = model.load_model().run(load_scenario('plan').settings(read_members(1)), outputs=['residents']);"
        "print(model.__file__, float(run['residents'].isel(time=0).squeeze()))",
    )
    assert done.returncode == 0, done.stderr
    file, residents = done.stdout.split()
    assert Path(file).is_relative_to(installed)
    assert float(residents) > 9e6


def test_an_installed_copy_offers_the_nearest_scenario(installed, tmp_path):
    done = call(installed, tmp_path, "run", "plann", "--members", "1")
    assert done.returncode == 2
    assert "plan" in done.stderr.replace("plann", "")
    assert not list(tmp_path.iterdir())


def files_in(folder: Path) -> list[Path]:
    """All files but what Python compiles."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")


@pytest.mark.parametrize(
    ("called", "words"),
    [
        ("python run_scenarios.py calibrate", ["-c", "from run_scenarios import app; app()", "calibrate"]),
        ("python -m analysis.pages", ["-m", "analysis.pages"]),
    ],
)
def test_what_writes_into_the_project_says_that_it_needs_the_repository(called, words, installed, tmp_path):
    before = files_in(installed)
    done = python(installed, tmp_path, *words)
    assert done.returncode == 2
    assert done.stderr.startswith(f"`{called}` writes into the project and needs its repository")
    assert len(done.stderr.splitlines()) == 1
    assert files_in(installed) == before


def imported(root: Path, kept: Iterable[Path], places: tuple[str, ...]) -> set[str]:
    """Distributions that the code in these folders imports, by their normal names."""
    modules: set[str] = set()
    for path in kept:
        if path.suffix == ".py" and path.relative_to(root).parts[0] in places:
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    modules |= {name.name.partition(".")[0] for name in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    modules.add(node.module.partition(".")[0])
    ours = {Path(place).stem for place in (*INSTALLED, *DEVELOPMENT)}
    outside = modules - ours - set(sys.stdlib_module_names)
    known = packages_distributions()
    assert sorted(outside - set(known)) == [], "not installed"
    return {normal(distribution) for module in outside for distribution in set(known[module])}


def normal(requirement: str) -> str:
    """The name of a requirement, as package indexes compare it."""
    return requirement.partition(";")[0].partition("==")[0].partition("[")[0].lower().replace("_", "-")


def test_what_is_imported_is_declared_and_what_is_declared_is_imported(root, kept):
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = set(map(normal, project["dependencies"]))
    extra = set(map(normal, project["optional-dependencies"]["dev"]))
    by_code, by_tools = imported(root, kept, INSTALLED), imported(root, kept, DEVELOPMENT)
    assert by_code == needed
    assert sorted(by_tools - needed - extra) == []
    assert extra - by_tools == set(NOT_IMPORTED)
    assert sorted(extra & needed) == []
