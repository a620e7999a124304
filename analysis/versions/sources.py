"""Where the results and the model file of a version come from: a folder, or a commit that is run on the way."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pandas as pd

from analysis.outcome.files import facts_of
from analysis.versions.request import SHORT, TARGETS, Given, VersionError, git
from calibration.fit.evidence import Evidence
from model.building import TEMPLATE, model_text
from model.city import (
    CITY_FILE,
    CONSTANTS_FILE,
    DISTANCES_FILE,
    DISTRICTS_FILE,
    TABLES_FILE,
    USUAL,
    city,
    read_pack,
)
from model.definition import MODEL_FILE, model_hash
from model.engine import children
from model.engine.errors import UserError
from model.files.atomic import metadata_of
from model.files.repository import ROOT
from model.files.strict_files import read_number, read_table, refusal

NUMBERS: Final = ("year", "threshold", "median", "p05", "p95", "probability", "probability_se", "margin", "members")
TEXTS: Final = ("target", "scenario", "unit", "reached")
#: What a version says that has one ensemble.
NO_EVIDENCE: Final = "No such option: --evidence"
#: Lines of a failed run that are passed on.
LAST_LINES: Final = 4
#: What a model is made from, as the history knows it: the equations, and what the pack of the city has for them.
EQUATIONS: Final = TEMPLATE.relative_to(ROOT).as_posix()
PACK_FILES: Final = (CITY_FILE, DISTRICTS_FILE, DISTANCES_FILE, CONSTANTS_FILE, TABLES_FILE)
#: Before there were packs, one file was the model of the one city.
MODEL_BEFORE_PACKS: Final = f"model/{USUAL}.mdl"


@dataclass(frozen=True)
class Version:
    """The results of one version, and what made them."""

    label: str
    #: ``targets.csv``, numbers as floats.
    table: pd.DataFrame
    #: Its manifest; empty where there is none.
    facts: Mapping[str, str]
    #: The files of runs, by scenario.
    runs: Mapping[str, Path]
    #: What each of them says of itself.
    run_facts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    #: The model file, where it is at hand.
    model: Path | None = None
    commit: str = ""

    @property
    def scenarios(self) -> list[str]:
        """The scenarios of its table."""
        return list(self.table["scenario"].unique())


def read_version(given: Given, folder: Path, models: Path, chosen: Path | None = None) -> Version:
    """Read the results in a folder, and find the model file that made them.

    Parameters
    ----------
    given
        What was asked for.
    folder
        The folder of its results.
    models
        A folder for a model file taken out of the history.
    chosen
        The model file, if it is named.

    Raises
    ------
    VersionError
        If the table of targets is not as `run` wrote it.
    """
    path = folder / TARGETS
    table = _read_targets(path)
    facts = _facts_of_table(path)
    runs, run_facts = {}, {}
    for name in table["scenario"].unique():
        file = folder / f"{name}.nc"
        held = facts_of(file) if file.is_file() else {}
        if held.get("scenario") == name:
            runs[name], run_facts[name] = file, held
    wanted = facts.get("model_hash", "")
    model = chosen or _model_of(given.commit, wanted, models)
    return Version(given.label, table, facts, runs, run_facts, model, given.commit)


def run_commit(given: Given, scenarios: Sequence[str], members: int, evidence: Evidence, results: Path) -> Path:
    """Run a commit in a worktree of its own with the present environment, and return the folder of its results.

    Raises
    ------
    VersionError
        If that fails, with what the commit said.
    """
    out = (results / given.commit[:SHORT]).resolve()
    with TemporaryDirectory(prefix="version_") as parent:
        tree = Path(parent) / given.commit[:SHORT]
        made = git("worktree", "add", "--detach", str(tree), given.commit)
        if made.returncode != 0:
            msg = f"{given.label} cannot be taken out of the repository: {_last(made.stderr)}"
            raise VersionError(msg)
        try:
            if not (tree / "run_scenarios.py").is_file():
                msg = f"{given.label} is older than run_scenarios.py, so there is nothing to run. Name a later commit."
                raise VersionError(msg)
            asked = ["run", *scenarios, "--members", str(members), "--evidence", str(evidence), "--out", str(out)]
            done = _call(asked, tree)
            if NO_EVIDENCE in done.stderr:
                # Before there were two ensembles, the only one had seen the record to 2020.
                asked = [word for word in asked if word not in ("--evidence", str(evidence))]
                done = _call(asked, tree)
        finally:
            git("worktree", "remove", "--force", str(tree))
    if done.returncode != 0 or not (out / TARGETS).is_file():
        msg = (
            f"{given.label} does not run with the present environment and `{' '.join(asked[:-2])}`. It says:\n"
            f"{_last(done.stderr or done.stdout)}\n"
            "Where only its ensemble does not fit, --members 1 compares the model files' own values; otherwise run it "
            "in an environment of its own and compare the folders of results."
        )
        raise VersionError(msg)
    return out


def _call(asked: Sequence[str], tree: Path) -> subprocess.CompletedProcess[str]:
    return children.run_child([sys.executable, children.__file__, "run_scenarios.py", *asked], tree)


def changed_files(first: Version, second: Version) -> list[str]:
    """Return the files of the code and its data that differ between two commits; nothing for folders."""
    if not (first.commit and second.commit):
        return []
    names = git(
        "diff",
        "--name-only",
        first.commit,
        second.commit,
        "--",
        "model",
        "cities",
        "scenarios",
        "analysis",
        "calibration",
    )
    return names.stdout.split("\n")[:-1]


def _read_targets(path: Path) -> pd.DataFrame:
    table, problems = read_table(path)
    if table is not None:
        problems = [
            f"column {name!r} is missing"
            for name in (*TEXTS, "year", "threshold", "median", "probability")
            if name not in table.columns
        ]
    if table is None or problems:
        remedy = f"Write it anew with: python run_scenarios.py run --out {path.parent}{city().option}"
        raise VersionError(refusal({str(path): [*problems, remedy]}))
    given = {name: table[name] if name in table.columns else "" for name in (*TEXTS, *NUMBERS)}
    typed = pd.DataFrame(given, index=table.index)
    for name in NUMBERS:
        typed[name] = typed[name].map(lambda cell: _number(cell)).astype(float)
    again = typed[["target", "scenario"]].duplicated()
    mistakes = [
        f"row {row}: {typed.loc[row, 'target']} under {typed.loc[row, 'scenario']} stands there a second time"
        for row in typed.index[again]
    ]
    modelled = typed["reached"].isin(["yes", "no"])
    mistakes += [f"row {row}: the median is no number" for row in typed.index[modelled & typed["median"].isna()]]
    unknown = ~typed["reached"].isin(["yes", "no", "not modelled"])
    mistakes += [f"row {row}: 'reached' is none of yes, no, not modelled" for row in typed.index[unknown]]
    if mistakes:
        raise VersionError(refusal({str(path): mistakes}))
    return typed.reset_index(drop=True)


def _facts_of_table(path: Path) -> dict[str, str]:
    """Return the manifest beside a table; refuse a table that was changed since."""
    try:
        described = json.loads(metadata_of(path).read_text(encoding="utf-8"))
        note = described["notes"][0]
        facts = {str(name): str(fact) for name, fact in note["made from"].items()}
        known = note["sha256"]
    except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError):
        return {}
    if hashlib.sha256(path.read_bytes()).hexdigest() != known:
        msg = (
            f"{path} was changed after it was written, so its manifest does not speak of it. "
            f"Write it anew with: python run_scenarios.py run --out {path.parent}{city().option}"
        )
        raise VersionError(msg)
    return facts


def _model_of(commit: str, wanted: str, models: Path) -> Path | None:
    """Return the model file with a hash: the present one, that of the commit, or the one the history knows by it."""
    if wanted and model_hash(MODEL_FILE) == wanted:
        return MODEL_FILE
    pack = city().folder
    if not (ROOT / ".git").exists() or not pack.is_relative_to(ROOT):
        return None
    parts = [f"{pack.relative_to(ROOT).as_posix()}/{name}" for name in PACK_FILES]
    try:
        past = (
            [commit]
            if commit
            else git("log", "--format=%H", "--", EQUATIONS, MODEL_BEFORE_PACKS, *parts).stdout.split()
        )
        for one in past:
            file = _model_at(one, parts, models / one[:SHORT] / pack.name)
            if file is not None and model_hash(file) == wanted:
                return file
    except UserError:
        return None
    return None


def _model_at(commit: str, parts: Sequence[str], folder: Path) -> Path | None:
    """Return the model of the city as a commit has it, made in a folder; None where it has none."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / MODEL_FILE.name
    whole = git("show", f"{commit}:{MODEL_BEFORE_PACKS}") if city().is_usual else None
    if whole is not None and whole.returncode == 0:
        text = whole.stdout
    else:
        shown = [git("show", f"{commit}:{part}") for part in (EQUATIONS, *parts)]
        if any(one.returncode != 0 for one in shown):
            return None
        for part, one in zip(parts, shown[1:], strict=True):
            (folder / Path(part).name).write_text(one.stdout, encoding="utf-8", newline="\n")
        text = model_text(read_pack(folder), shown[0].stdout)
    file.write_text(text, encoding="utf-8", newline="\n")
    return file


def _number(cell: str) -> float:
    number = read_number(cell) if cell else None
    return float("nan") if number is None else number


def _last(said: str) -> str:
    # Without the frame that the command line draws around a mistake.
    plain = [line.strip("│╭╮╰╯─ ") for line in said.splitlines() if "─" not in line]
    lines = [line for line in plain if line]
    return "\n".join(lines[-LAST_LINES:]) or "nothing"
