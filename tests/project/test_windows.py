"""The way of `run`, `brief` and `dashboard` holds nothing that Windows lacks, as far as reading every file can tell."""

from __future__ import annotations

import re
import subprocess
import zipfile
from pathlib import Path

import pytest

from analysis.charts import catalogue
from model.definition import variables_by_name
from run_scenarios import COMMANDS
from scenarios import load_targets, shipped_scenarios
from supply import bundle
from supply.licences import LOCK
from tests.conftest import ROOT
from tests.support.windows import faults, faults_of, reachable

START = ROOT / "start.bat"
FORBIDDEN = re.compile(r'[<>:"|?*\\\x00-\x1f]|[ .]$')
RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
#: Windows takes 260 characters; this leaves room for the folder that the project is put into.
LONGEST_PATH = 140


def read(paths: list[Path]) -> dict[str, list[str]]:
    said = {path.relative_to(ROOT).as_posix(): faults_of(path) for path in paths}
    return {name: lines for name, lines in said.items() if lines}


@pytest.fixture(scope="module")
def tracked() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.split("\0") if name]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_reaches_nothing_that_windows_lacks(command):
    paths = reachable(ROOT, ["run_scenarios", COMMANDS[command]])
    # The way is long: a reader that finds few files has not followed the imports.
    assert len(paths) > 40, paths
    assert read(paths) == {}


def test_the_imports_inside_functions_are_followed():
    names = {path.relative_to(ROOT).as_posix() for path in reachable(ROOT, ["analysis.run.command"])}
    # Loaded by a function, by a name in a table, and by a relative import.
    assert {"analysis/run/stored_runs.py", "model/engine/compiled.py", "model/parsing.py"} <= names


def test_all_that_is_shipped_is_read():
    paths = [
        path for folder in ("model", "scenarios", "calibration", "analysis") for path in (ROOT / folder).rglob("*.py")
    ]
    assert read(sorted(paths)) == {}


@pytest.mark.parametrize(
    "text",
    [
        "import resource\n",
        "from fcntl import flock\n",
        "import os\nos.fork()\n",
        "import os\nif True:\n    os.nice(10)\n",
        "import os\nos.sysconf('SC_PAGE_SIZE')\n",
        "import signal\nsignal.signal(signal.SIGALRM, None)\n",
        "from signal import SIGKILL\n",
        "import multiprocessing\nmultiprocessing.get_context('fork')\n",
        "import multiprocessing\nmultiprocessing.Process(target=print)\n",
        "from concurrent.futures import ProcessPoolExecutor\nProcessPoolExecutor(2)\n",
        "run_child(['nice', '-n', '10', 'python'])\n",
        "open('a.txt')\n",
        "path.open('w')\n",
        "path.read_text()\n",
        "path.write_text('x')\n",
        "path.write_text('x', encoding='utf-8')\n",
        "path.open('w', encoding='utf-8')\n",
        "open('a', 'a', encoding='utf-8')\n",
        "import subprocess\nsubprocess.run(['git'], text=True)\n",
        "folder = '/proc/' + 'x'\n",
        "import os\nos.kill(1, 9)\n",
        "import os\nos.system('dir')\n",
        "import subprocess\nsubprocess.run('git log', shell=True)\n",
        "path.symlink_to(other)\n",
        "from tempfile import NamedTemporaryFile\nNamedTemporaryFile('w')\n",
        "str(path).split('/')\n",
        "str(path.relative_to(root)).startswith('figures/')\n",
        "folder / 'urbanization:2025.csv'\n",
        "folder / f'{name}>{year}.csv'\n",
        "folder / f'run {now:%H:%M}.csv'\n",
        "path.with_name(f'{path.name}?')\n",
    ],
)
def test_what_windows_lacks_is_noticed(text):
    assert faults(text)


@pytest.mark.parametrize(
    "text",
    [
        "import sys\nif sys.platform != 'win32':\n    import resource\n",
        "try:\n    import fcntl\nexcept ImportError:\n    fcntl = None\n",
        "import os\nif hasattr(os, 'nice'):\n    os.nice(10)\n",
        "import os\ndef f():\n    if os.name == 'nt':\n        return\n    os.fork()\n",
        "import os\ncores = os.sched_getaffinity(0) if hasattr(os, 'sched_getaffinity') else {0}\n",
        "import multiprocessing\nmultiprocessing.get_context('spawn')\n",
        "path.open('rb')\nopen('a', 'wb')\n",
        "path.open('w', encoding='utf-8', newline='')\n",
        "path.write_text('x', encoding='utf-8', newline='\\n')\n",
        "path.relative_to(root).as_posix().split('/')\n",
        "folder / f'{name}_{year:>4}_{share:.0%}.csv'\n",
        "half = total / f(':')\n",
        "def f():\n    '''Read /proc/self.'''\n",
    ],
)
def test_what_is_guarded_is_allowed(text):
    assert faults(text) == []


def test_every_file_has_a_name_that_windows_takes(tracked):
    wrong = [
        name
        for name in tracked
        if any(FORBIDDEN.search(part) or RESERVED.fullmatch(part) for part in name.split("/"))
        or len(name) > LONGEST_PATH
    ]
    assert wrong == []
    assert len({name.casefold() for name in tracked}) == len(tracked)


def test_names_that_become_names_of_files_are_names_there():
    scenarios = {*shipped_scenarios(), *shipped_scenarios(2026)}
    # Stored runs of large ensembles have a folder for each variable, charts and tables a file for each of the others.
    for names in (variables_by_name(), load_targets(), scenarios, catalogue.DETAILS, COMMANDS):
        assert [name for name in names if FORBIDDEN.search(name) or RESERVED.fullmatch(name)] == []
        assert len({name.casefold() for name in names}) == len(names)


def test_line_ends_are_the_same_everywhere_but_in_start_bat(tracked):
    said = subprocess.run(
        ["git", "check-attr", "text", "eol", "--", "start.bat", "model/urbanization.mdl", "cities/jinan/data/plan.csv"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert "start.bat: eol: crlf" in said
    # Hashes of these decide whether an ensemble fits.
    assert "model/urbanization.mdl: eol: lf" in said
    assert "cities/jinan/data/plan.csv: eol: lf" in said


def lines_of_start() -> list[str]:
    return START.read_text(encoding="ascii").splitlines()


def expanded(text: str, values: dict[str, str]) -> str:
    """A line with what is set before it in the place of its names."""
    for _ in range(5):
        text = re.sub(r"%(\w+)%", lambda match: values.get(match[1], match[0]), text)
    return text


def test_start_bat_is_written_for_cmd():
    content = START.read_bytes()
    assert content.count(b"\r\n") == content.count(b"\n") > 20
    # In the encoding of an office's console only ASCII is sure.
    content.decode("ascii")


def test_every_path_that_start_bat_names_is_there():
    values = {"ROOT": "ROOT\\"}
    named = set()
    for line in lines_of_start():
        if (match := re.fullmatch(r'\s*set "(\w+)=(.*)"', line)) and match[1] != "ROOT":
            values[match[1]] = match[2]
        named |= set(re.findall(r"ROOT\\[^\"\s;]*", expanded(line, values)))
        named |= {f"ROOT\\{name}" for name in re.findall(r"docs\\\w+\.md", line)}
    # What the set-up makes, and what only a bundle holds.
    made = {"ROOT\\.venv", "ROOT\\.venv\\ready", "ROOT\\.venv\\Scripts\\python.exe", "ROOT\\wheels",
            "ROOT\\wheels\\requirements.lock"}  # fmt: skip
    kept = {name.removeprefix("ROOT\\").rstrip(".").replace("\\", "/") for name in named - made} - {""}
    assert {"run_scenarios.py", "requirements.lock", "docs/windows.md"} <= kept
    assert [name for name in kept if not (ROOT / name).exists()] == []
    assert f"ROOT\\{bundle.WHEELS}\\{LOCK.name}" in named


def test_start_bat_jumps_to_labels_that_it_has():
    lines = lines_of_start()
    labels = {line[1:] for line in lines if line.startswith(":")}
    wanted = {match for line in lines for match in re.findall(r"\bgoto (\w+)", line)}
    assert wanted
    assert wanted <= labels
    assert sum(line.count("(") - line.count(")") for line in lines if not line.startswith(("rem", "echo"))) == 0


def test_start_bat_hands_on_words_and_the_exit_code_and_runs_by_itself():
    text = "\n".join(lines_of_start())
    assert '"%CALL%" "%ROOT%run_scenarios.py" run' in text
    assert '"%CALL%" "%ROOT%run_scenarios.py" %*' in text
    assert text.rstrip().endswith("exit /b %CODE%")
    # Every path that may hold a space is in quotes.
    for line in lines_of_start():
        for name in ("ROOT", "VENV", "WHEELS", "BUNDLED", "LOCK", "CALL"):
            outside = re.sub(r'"[^"]*"', "", line)
            assert f"%{name}%" not in outside or line.lstrip().startswith("echo"), line
    assert "nice" not in text


def test_set_up_installs_by_hash_offline_and_online():
    calls = [line for line in lines_of_start() if "pip install" in line]
    assert len(calls) == 2
    assert all("--require-hashes" in line and "--no-deps" in line for line in calls)
    assert "--no-index" in calls[1]


def test_a_lock_is_read_entry_by_entry():
    entries = bundle.entries(LOCK.read_text(encoding="utf-8"))
    assert entries["numpy"].startswith("numpy==")
    assert all("--hash=sha256:" in entry for entry in entries.values())
    assert "sys_platform" in entries["pysimlin"]


@pytest.mark.parametrize("platform", bundle.PLATFORMS)
def test_what_runs_the_project_is_in_the_lock_and_tools_are_not(platform):
    entries = bundle.entries(LOCK.read_text(encoding="utf-8"))
    names = bundle.needed(["typer", "pandas", "matplotlib"], bundle.environment(platform, "3.11"), entries)
    assert {"typer", "pandas", "numpy", "pillow"} <= set(names)
    assert not {"pytest", "mypy", "mkdocs"} & set(names)
    # The colours of a console, and time zones, which Windows does not have.
    assert ({"colorama", "tzdata"} <= set(names)) is platform.startswith("win")


def test_a_bundle_holds_the_project_its_wheels_and_a_lock_of_them(tmp_path, monkeypatch):
    asked = []

    def download(lock, names, platform, python, folder):
        asked.append((platform, python))
        for name in names:
            (folder / f"{name.replace('-', '_')}-1.0-py3-none-any.whl").write_bytes(b"wheel")
        return bundle.Wheels(platform, python, ("llvmlite",) if platform == "manylinux" else ())

    monkeypatch.setattr(bundle, "download", download)
    packed, found = bundle.make_bundle(tmp_path, tuple(bundle.PLATFORMS), bundle.PYTHONS)
    assert asked == [(platform, python) for platform in bundle.PLATFORMS for python in bundle.PYTHONS]
    with zipfile.ZipFile(packed) as opened:
        names = [name.partition("/")[2] for name in opened.namelist()]
        lock = next(name for name in opened.namelist() if name.endswith("wheels/requirements.lock"))
        entries = bundle.entries(opened.read(lock).decode())
    assert {"start.bat", "run_scenarios.py", "model/urbanization.mdl", "wheels/numpy-1.0-py3-none-any.whl"} <= set(
        names
    )
    assert "numpy" in entries
    # What one of the platforms lacks is not asked for when the bundle is set up.
    assert "llvmlite" not in entries
    assert "numpy" in bundle.wheels_of(packed)["any"]
    assert [one.missing for one in found if one.platform == "manylinux"] == [("llvmlite",), ("llvmlite",)]
