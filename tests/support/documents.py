"""The fenced blocks of the documents, and how each kind is run."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

import run_scenarios
from model import load_model
from model.definition import MODEL_FILE, variables_by_name
from scenarios import levers, load_levers, load_scenario, load_targets, targets
from tests.conftest import ROOT

FENCE = re.compile(r"^(?P<mark>`{3,})(?P<head>[^`\n]*)\n(?P<text>.*?)^(?P=mark)[ ]*$", re.MULTILINE | re.DOTALL)
ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')
#: What is read and not run: plain text, formulas, diagrams, and tables that commands are given.
SHOWN = {"text", "math", "mermaid", "csv"}
RUN = {"python", "sh", "yaml", "vensim"}
#: Why a block is not run at all, and why only `make slow` runs it.
NOT_RUN, SLOW = "data-not-run", "data-slow"
PYTHON = ".venv/bin/python"
#: What makes each command small; the last of two equal options counts.
SMALL = {
    "run": ["--members", "4"],
    "compare": ["--members", "2", "--orders", "4"],
    "conditions": ["--members", "60", "--bootstraps", "0"],
    "delay": ["--members", "2"],
    "export": ["--members", "2"],
    "reach": ["--members", "6"],
    "left-out": ["--members", "2"],
    "information": ["--members", "40", "--resamples", "20"],
    "sensitivity": ["--samples", "64"],
    "brief": ["--members", "6"],
    "monitor": ["--members", "6"],
    "backcast": ["--members", "6", "--starts", "1", "--evaluations", "10"],
    "frontier": ["--members", "6", "--evaluations", "10", "--generations", "1"],
}


@dataclass(frozen=True)
class Block:
    """A fenced block: where it starts, its language, what stands beside the language, and its text."""

    document: str
    line: int
    language: str
    attributes: dict[str, str]
    text: str

    @property
    def place(self) -> str:
        """Where a reader finds it."""
        return f"{self.document}:{self.line}"


def blocks(path: Path) -> list[Block]:
    """The fenced blocks of a document, in order."""
    text = path.read_text(encoding="utf-8")
    found = []
    for match in FENCE.finditer(text):
        head = match["head"].strip()
        language = re.split(r"[\s{]", head, maxsplit=1)[0]
        line = text.count("\n", 0, match.start()) + 1
        name = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name
        found.append(Block(name, line, language, dict(ATTRIBUTE.findall(head)), match["text"]))
    return found


def lines(block: Block) -> list[list[str]]:
    """The commands of a block as words."""
    joined = block.text.replace("\\\n", " ")
    return [words for words in (shlex.split(line, comments=True) for line in joined.splitlines()) if words]


def make_targets() -> set[str]:
    """What can be made."""
    return set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def commands() -> set[str]:
    """The names of the commands of run_scenarios.py."""
    return set(run_scenarios.COMMANDS)


def call(words: list[str]) -> Result:
    """Give run_scenarios.py some words."""
    return CliRunner().invoke(run_scenarios.app, words, env={"COLUMNS": "120"})


def wrong_words(words: list[str]) -> str | None:
    """What is wrong with the name and the options of a command, without running it."""
    if words and not {words[0], " ".join(words[:2])} & commands():
        return f"{words[0]!r} is no command"
    outcome = call([*words, "--help"])
    return outcome.output if outcome.exit_code else None


def check_commands(block: Block) -> None:
    """Every command in the block exists and takes these words."""
    for program, *words in lines(block):
        if program == "make":
            unknown = {word for word in words if "=" not in word} - make_targets()
            assert not unknown, f"{block.place}: make {unknown}"
        elif program == PYTHON and words[:1] == ["run_scenarios.py"]:
            wrong = wrong_words(words[1:])
            assert wrong is None, f"{block.place}: {wrong}"
        elif program == PYTHON and words[:1] == ["-m"]:
            place = ROOT / words[1].replace(".", "/")
            known = place.with_suffix(".py").is_file() or (place / "__main__.py").is_file()
            assert known or words[1] == "http.server", f"{block.place}: {words[1]}"
        elif program.startswith(".venv/bin/"):
            assert (ROOT / program).exists(), f"{block.place}: {program}"
        else:
            message = f"{block.place}: {program!r} is no command that the documents may show"
            raise AssertionError(message)


def run_commands(block: Block, *, small: bool = True) -> None:
    """Run what the block tells run_scenarios.py to do; of everything else see that it exists."""
    check_commands(block)
    for program, *words in lines(block):
        if program == PYTHON and words[0] == "run_scenarios.py":
            asked = words[1:]
            extra = SMALL.get(asked[0], []) if small and asked else []
            outcome = call([*asked, *extra])
            assert outcome.exit_code == 0, f"{block.place}: {asked}: {outcome.exception!r}: {outcome.output}"


def run_yaml(block: Block, folder: Path) -> None:
    """Load a scenario and see that what it expects comes out; load levers or targets beside the shipped ones."""
    first = block.text.lstrip()
    if first.startswith("- constant:"):
        _load_with_shipped(block, levers.FILE, folder, lambda file: load_levers(file=file))
    elif first.startswith("- id:"):
        _load_with_shipped(block, targets.FILE, folder, lambda file: load_targets(file=file))
    else:
        name = re.search(r"^name: *(\S+)", block.text, re.MULTILINE)
        assert name is not None, f"{block.place}: neither a scenario, nor a lever, nor a target"
        path = folder / f"{name[1]}.yaml"
        path.write_text(block.text, encoding="utf-8")
        scenario, city = load_scenario(path), load_model()
        asked = [claim.variable for claim in scenario.expectations]
        others = {claim.limit for claim in scenario.expectations if isinstance(claim.limit, str)}
        runs = {name: city.run(load_scenario(name).settings(), outputs=asked) for name in others}
        run = city.run(scenario.settings(), outputs=asked)
        missed = [str(claim) for claim in scenario.expectations if not claim.holds(run, runs)]
        assert not missed, f"{block.place}: {missed}"


def _load_with_shipped(block: Block, shipped: Path, folder: Path, load: Any) -> None:
    path = folder / shipped.name
    path.write_text(shipped.read_text(encoding="utf-8") + "\n" + block.text, encoding="utf-8")
    load(path)


def read_equations(block: Block, folder: Path) -> None:
    """The equations join the model file and are described as all others are."""
    path = folder / "with_block.mdl"
    sectors, mark, settings = MODEL_FILE.read_text(encoding="utf-8").partition(f"{'*' * 56}\n\t.Control")
    path.write_text(f"{sectors}{block.text}\n{mark}{settings}", encoding="utf-8")
    present, described = set(variables_by_name(MODEL_FILE)), variables_by_name(path)
    fresh = [variable for name, variable in described.items() if name not in present]
    assert fresh, f"{block.place}: nothing was added to the model"
    for variable in fresh:
        assert all([variable.term, variable.unit, variable.meaning, variable.sources, variable.grade]), variable.name


def run_block(block: Block, folder: Path, namespace: dict[str, Any]) -> None:
    """Run one block in the current folder; `namespace` is what earlier Python blocks of the document left."""
    if block.language == "python":
        exec(compile(block.text, block.place, "exec"), namespace)
    elif block.language == "sh":
        run_commands(block)
    elif block.language == "yaml":
        run_yaml(block, folder)
    elif block.language == "vensim":
        read_equations(block, folder)
    else:
        assert block.language in SHOWN, f"{block.place}: {block.language!r} is no known kind of block"
