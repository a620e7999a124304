"""What several test files read: the project's folder, the model's variables, and a small model with known answers."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import nullcontext
from pathlib import Path

import pytest

from model.definition import MODEL_FILE, Variable, read_definition

ROOT = Path(__file__).parents[1]

# What a command prints is in the language of the locale: in Chinese where that names none.
os.environ |= {"LC_ALL": "C.UTF-8", "LANGUAGE": ""}

# A run in the background is started with Ctrl-C ignored, and so would be whatever the tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _mistakes_in_english(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests ask for mistakes in the words of the code; those of their Chinese are in a folder of their own."""
    if "language" not in request.path.parent.parts:
        monkeypatch.setattr("analysis.command_line.in_screen_language", str)
        monkeypatch.setattr("run_scenarios.wrong_requests_told", nullcontext)


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the project."""
    return ROOT


@pytest.fixture(scope="session")
def kept(root: Path) -> list[Path]:
    """Every text file under version control."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, text=True, check=False)
    if listing.returncode:
        pytest.skip("not a git checkout")
    return [root / name for name in listing.stdout.split("\0") if name and (root / name).is_file()]


@pytest.fixture(scope="session")
def variables() -> tuple[Variable, ...]:
    """Every variable and range of the city model."""
    return read_definition(MODEL_FILE)


@pytest.fixture(scope="session")
def small_town_file() -> Path:
    """A model of two districts and three ages, small enough to check by eye."""
    return ROOT / "tests" / "models" / "small_town.mdl"


@pytest.fixture(scope="session")
def small_town(small_town_file: Path) -> dict[str, Variable]:
    """The variables of the small model, by name."""
    return {variable.name: variable for variable in read_definition(small_town_file)}


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> object:
    """A briefing on the plan in both languages, with small pictures."""
    from tests.support.briefings import write_briefing

    return write_briefing(tmp_path_factory.mktemp("made") / "brief")
