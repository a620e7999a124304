"""The engine is a package of its own: it installs by itself, and runs with nothing of the city."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ENGINE = Path(__file__).parents[2] / "model" / "engine"
PROJECT = tomllib.loads((ENGINE / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def python(package: Path, folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Run code with the package on the path and the project out of it."""
    environment = {**os.environ, "PYTHONPATH": str(package), "ENGINE_CACHE": str(folder / "cache")}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The engine, installed by itself into a folder."""
    folder = tmp_path_factory.mktemp("package")
    source = folder / "source"
    copied = [
        *ENGINE.glob("*.py"),
        *ENGINE.glob("reading/*.py"),
        *ENGINE.glob("web/*.*"),
        ENGINE / "pyproject.toml",
        ENGINE / "README.md",
    ]
    for file in copied:
        path = source / file.relative_to(ENGINE)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.read_bytes())
    command = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    target = folder / "installed"
    done = subprocess.run(
        [sys.executable, *command, "--target", target, source], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return target


def test_the_example_of_its_readme_runs_with_nothing_of_the_city(package, tmp_path):
    (code,) = re.findall(r"```python\n(.*?)```", (ENGINE / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    ours = (
        "import sys; print([name for name in sys.modules if name.split('.')[0] in ('model', 'scenarios', 'analysis')])"
    )
    done = python(package, tmp_path, f"{code}\n{ours}\nprint(compile_model.__module__)")
    assert done.returncode == 0, done.stderr
    band, city, module = done.stdout.strip().splitlines()
    low, middle, high = map(float, band.strip("[]").split())
    # A cup at 90 in a room of 15 to 25 after three times its time constant.
    assert 15 < low < middle < high < 30
    assert middle == pytest.approx(20 + 70 * (1 - 0.25 / 10) ** 120, abs=0.5)
    assert city == "[]"
    assert module == "stockflow.compiled"


def test_a_model_that_is_refused_names_line_and_reason(package, tmp_path):
    (tmp_path / "bad.mdl").write_text("{UTF-8}\na = b + 1 ~~|\n", encoding="utf-8")
    done = python(package, tmp_path, "from stockflow import compile_model; compile_model('bad.mdl')")
    assert "RefusedModelError" in done.stderr
    assert "bad.mdl" in done.stderr


def test_it_names_what_it_imports():
    named = {re.split(r"[\[<>=!~]", name)[0].lower() for name in PROJECT["dependencies"]}
    optional = {name.lower() for names in PROJECT["optional-dependencies"].values() for name in names}
    nodes = [
        node
        for file in (*ENGINE.glob("*.py"), *ENGINE.glob("reading/*.py"), *ENGINE.glob("web/*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    ]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom) and node.level == 0}
    imported = {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names)
    # The C compiler is a program, which is started.
    assert imported | {"ziglang"} == named | optional
