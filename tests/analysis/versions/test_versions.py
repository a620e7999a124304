"""``run_scenarios.py compare-versions``: what moved between two versions, and by what first."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from typer.testing import CliRunner

import run_scenarios
from analysis.versions import request, sources
from analysis.versions.request import VersionError, given, refuse_same
from analysis.versions.sources import Version, read_version, run_commit
from analysis.versions.study import changed_definitions, compare_versions, first_difference, moved_targets, run_models
from analysis.versions.tables import MOVED_FILE
from analysis.versions.words import verdict
from calibration.fit.evidence import Evidence
from model.definition import MODEL_FILE, model_hash, variables_by_name
from scenarios import load_scenario, load_targets
from tests.conftest import ROOT

TOWN = Path("tests/models/small_town.mdl")
RATE = "target.urbanization.resident.2025"


def call(*words: object):
    return CliRunner().invoke(run_scenarios.app, [str(word) for word in words], env={"COLUMNS": "300"})


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """One scenario run with either ensemble."""
    place = tmp_path_factory.mktemp("versions")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("analysis.charts.catalogue.list_charts", lambda *_: [])
        for evidence in ("2023", "2020"):
            outcome = call("run", "baseline", "--members", 4, "--evidence", evidence, "--out", place / evidence)
            assert outcome.exit_code == 0, outcome.output
    return place


@pytest.fixture(scope="module")
def compared(folders):
    outcome = call("compare-versions", folders / "2023", folders / "2020", "--out", folders / "out")
    assert outcome.exit_code == 0, outcome.output
    return outcome, folders / "out"


def test_the_verdict_comes_first_and_is_short(compared):
    outcome, _ = compared
    lines = outcome.output.splitlines()
    table = next(number for number, line in enumerate(lines) if "有变动的目标" in line)
    said = [line for line in lines[:table] if line.strip()]
    assert 0 < len(said) <= 5
    assert "所用资料（2023年与2020年）" in "".join(said)
    assert "校准参数组" in "".join(said)
    # The model is the same, so its variables are no cause.
    assert "模型文件" not in "".join(said)


def test_the_table_holds_what_moved_and_nothing_else(compared, folders):
    _, out = compared
    moved = pd.read_csv(out / MOVED_FILE)
    first, second = (pd.read_csv(folders / name / "targets.csv") for name in ("2023", "2020"))
    both = first.merge(second, on=["target", "scenario"])
    both = both[both["reached_x"] != "not modelled"]
    differs = ~np.isclose(both["median_x"], both["median_y"], rtol=1e-6, atol=0)
    differs |= both["probability_x"] != both["probability_y"]
    assert set(moved["target"]) == set(both[differs]["target"])
    row = moved.set_index("target").loc[RATE]
    assert row["median_change"] == pytest.approx(row["median_second"] - row["median_first"])


def test_files_name_both_versions(compared):
    _, out = compared
    note = json.loads((out / f"{MOVED_FILE}-metadata.json").read_text(encoding="utf-8"))["notes"][0]["made from"]
    assert (note["first_evidence"], note["second_evidence"]) == ("2023", "2020")


def test_english_is_english(folders):
    outcome = call("compare-versions", folders / "2023", folders / "2020", "--language", "en", "--out", folders / "en")
    assert not re.search("[\u4e00-\u9fff]", outcome.output)
    assert "the evidence (to 2023, to 2020)" in outcome.output


def test_a_copy_of_the_results_moves_nothing(folders, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(folders / "2023", copy)
    outcome = call("compare-versions", folders / "2023", copy / "targets.csv", "--out", tmp_path / "out")
    assert outcome.exit_code == 0, outcome.output
    assert "无一变动" in outcome.output
    assert "有变动的目标" not in outcome.output
    assert pd.read_csv(tmp_path / "out" / MOVED_FILE).empty


def damaged(folders: Path, tmp_path: Path, old: str, new: str) -> Path:
    copy = tmp_path / "copy"
    shutil.copytree(folders / "2023", copy)
    table = copy / "targets.csv"
    table.write_text(table.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    return copy


def test_a_table_that_was_changed_is_refused(folders, tmp_path):
    copy = damaged(folders, tmp_path, ",yes,", ",no,")
    outcome = call("compare-versions", folders / "2023", copy, "--out", tmp_path / "out")
    assert outcome.exit_code == 2
    assert "was changed after it was written" in " ".join(outcome.stderr.split())
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [("probability,", "probably,", "column 'probability' is missing"), (",yes,", ",maybe,", "is none of yes, no")],
)
def test_a_table_that_run_did_not_write_is_refused(folders, tmp_path, old, new, said):
    copy = damaged(folders, tmp_path, old, new)
    with pytest.raises(VersionError, match=said):
        read_version(given(str(copy)), copy, tmp_path)


def test_names_that_stand_for_nothing_are_refused_with_what_is_near(folders, tmp_path, monkeypatch):
    with pytest.raises(VersionError, match=r"holds no targets\.csv.*Did you mean .*2020\?"):
        given(str(folders))
    monkeypatch.chdir(folders)
    with pytest.raises(VersionError, match=r"neither a folder nor a commit.*Did you mean '2023'"):
        given("2032")
    (tmp_path / "file.csv").write_text("", encoding="utf-8")
    with pytest.raises(VersionError, match="is a file"):
        given(str(tmp_path / "file.csv"))
    with pytest.raises(VersionError, match="are the same folder"):
        refuse_same(given("2023"), given(str(folders / "2023")))


def test_a_copy_without_a_history_or_git_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(request, "ROOT", tmp_path)
    with pytest.raises(VersionError, match="has no history: name two folders"):
        given("main")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(VersionError, match="need the program git"):
        given("main")


def test_scenarios_that_one_side_lacks_are_named(folders, tmp_path):
    outcome = call(
        "compare-versions", folders / "2023", folders / "2020", "--scenario", "plan", "--out", tmp_path / "out"
    )
    assert outcome.exit_code == 2
    assert "holds no scenario 'plan'; it has baseline." in " ".join(outcome.stderr.split())


def table(**columns: object) -> pd.DataFrame:
    row = {"target": RATE, "scenario": "baseline", "year": 2025.0, "unit": "percent", "threshold": 78.5,
           "median": 76.0, "probability": 0.1, "reached": "no"}  # fmt: skip
    return pd.DataFrame([row | columns])


@pytest.mark.parametrize(
    ("columns", "change"),
    [
        ({"median": 76.0 * (1 + 1e-9)}, None),
        ({"median": 76.1}, "moved"),
        ({"probability": 0.2}, "moved"),
        ({"probability": np.nan}, "moved"),
        ({"reached": "yes"}, "moved"),
        ({"threshold": 78.0}, "moved"),
        ({"target": "target.other"}, "only in second"),
    ],
)
def test_what_counts_as_moved(columns, change):
    moved = moved_targets(table(), table(**columns), ["baseline"])
    assert (change in set(moved["change"])) if change else moved.empty


def test_a_target_whose_verdict_turns_stands_first():
    first = pd.concat([table(), table(target="target.other", median=10.0)])
    second = pd.concat([table(reached="yes", median=76.1), table(target="target.other", median=90.0)])
    assert moved_targets(first, second, ["baseline"])["target"].tolist() == [RATE, "target.other"]


def other_model(tmp_path: Path, *changes: tuple[str, str], model: Path = MODEL_FILE) -> Path:
    text = model.read_text(encoding="utf-8")
    for old, new in changes:
        assert text.count(old) >= 1, old
        text = text.replace(old, new, 1)
    path = tmp_path / "model" / model.name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")
    return path


FERTILITY = re.search(r"LONG RUN FERTILITY=\n\t([\d.]+)", MODEL_FILE.read_text(encoding="utf-8"))


def test_variables_that_two_model_files_define_differently_are_named(tmp_path):
    assert FERTILITY is not None
    other = other_model(
        tmp_path,
        (FERTILITY[0], FERTILITY[0].replace(FERTILITY[1], "1.9")),
        ("resident urbanization rate * PERCENT", "PERCENT * resident urbanization rate"),
    )
    changes = {change.name: change for change in changed_definitions(MODEL_FILE, other)}
    assert set(changes) == {"LONG RUN FERTILITY", "target resident urbanization rate"}
    constant = changes["LONG RUN FERTILITY"]
    assert (constant.change, float(constant.first), constant.second) == ("number", float(FERTILITY[1]), "1.9")
    assert changes["target resident urbanization rate"].change == "equation"


def test_added_and_removed_variables_are_named(tmp_path):
    one = variables_by_name(TOWN)
    added = changed_definitions(MODEL_FILE, TOWN)
    assert {change.name for change in added if change.change == "added"} >= set(one) - set(
        variables_by_name(MODEL_FILE)
    )
    assert {change.change for change in added} >= {"added", "removed"}


def test_comments_are_no_change(tmp_path):
    other = other_model(tmp_path, ("Yearly reporting.", "Every year."))
    assert changed_definitions(MODEL_FILE, other) == ()
    assert model_hash(other) == model_hash()


def test_two_runs_part_at_the_variable_that_was_changed(tmp_path):
    assert FERTILITY is not None
    other = other_model(tmp_path, (FERTILITY[0], FERTILITY[0].replace(FERTILITY[1], "1.9")))
    changed = [change.name for change in changed_definitions(MODEL_FILE, other)]
    runs = run_models(MODEL_FILE, other, load_scenario("baseline"), None)
    parted = first_difference(
        *runs, variables_by_name(other), changed, tolerance=1e-9, source="models", scenario="baseline"
    )
    assert parted is not None
    assert "LONG RUN FERTILITY" in variables_by_name(other)[parted.variable].uses
    assert parted.second > parted.first
    assert parted.term
    same = run_models(MODEL_FILE, MODEL_FILE, load_scenario("baseline"), None)
    assert first_difference(
        *same, variables_by_name(), [], tolerance=1e-9, source="models", scenario="baseline"
    ) is None  # fmt: skip


def test_a_cause_stands_before_what_follows_from_it():
    variables = variables_by_name()
    rate, target = "resident urbanization rate", "target resident urbanization rate"
    years = {"time": [2020.0, 2021.0]}
    first = xr.Dataset({target: ("time", [70.0, 71.0]), rate: ("time", [0.70, 0.71])}, years)
    second = first.assign({target: ("time", [70.0, 72.0]), rate: ("time", [0.70, 0.72])})
    parted = first_difference(first, second, variables, [], tolerance=1e-9, source="results", scenario="plan")
    assert parted is not None
    assert (parted.variable, parted.year, parted.others) == (rate, 2021, (rate, target))


def version(label: str, folder: Path, model: Path | None, facts: dict[str, str], **columns: object) -> Version:
    return Version(label, table(**columns), facts, {}, {}, model)


def test_the_verdict_names_what_the_model_files_differ_in(tmp_path):
    assert FERTILITY is not None
    other = other_model(tmp_path, (FERTILITY[0], FERTILITY[0].replace(FERTILITY[1], "1.9")))
    facts = {"model_hash": model_hash(), "members": "1", "evidence": "2023", "code_hash": "a"}
    first = version("old", tmp_path, MODEL_FILE, facts)
    second = version("new", tmp_path, other, facts | {"model_hash": model_hash(other)}, median=77.0)
    comparison = compare_versions(first, second, (), lambda: None, load_scenario)
    for language, said in (("zh", "模型文件（1个变量定义不同：LONG RUN FERTILITY）"), ("en", "LONG RUN FERTILITY")):
        lines = verdict(comparison, load_targets(), language)
        assert len(lines) == 5
        assert said in lines[2]
        assert str(comparison.parted and comparison.parted.year) in lines[3]
    without = compare_versions(version("old", tmp_path, None, facts), second, (), lambda: None, load_scenario)
    assert "--first-model" in verdict(without, load_targets(), "en")[2]


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository with a commit whose program answers as one of ours, and one whose program fails."""
    place = tmp_path / "repository"
    place.mkdir()

    def git(*words: str) -> str:
        who = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false"]
        done = subprocess.run(["git", *who, *words], cwd=place, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def commit(program: str) -> str:
        (place / "run_scenarios.py").write_text(program, encoding="utf-8")
        git("add", "-A")
        git("commit", "-q", "-m", "x")
        return git("rev-parse", "HEAD")

    git("init", "-q")
    commits = {
        "old": commit(
            "import sys, pathlib\n"
            "if '--evidence' in sys.argv: sys.exit('No such option: --evidence')\n"
            "out = pathlib.Path(sys.argv[sys.argv.index('--out') + 1]); out.mkdir(parents=True)\n"
            "(out / 'targets.csv').write_text(' '.join(sys.argv[1:]))\n"
        ),
        "failing": commit("import sys\nsys.exit('The ensemble was calibrated with another model.')\n"),
    }
    (place / "run_scenarios.py").unlink()
    (place / "readme").write_text("x", encoding="utf-8")
    git("add", "-A")
    git("commit", "-q", "-m", "x")
    commits["empty"] = git("rev-parse", "HEAD")
    monkeypatch.setattr(request, "ROOT", place)
    monkeypatch.setattr(sources, "ROOT", place)
    return place, commits


def test_a_commit_is_run_in_a_worktree_that_is_gone_afterwards(repository, tmp_path):
    place, commits = repository
    out = run_commit(given(commits["old"]), ["baseline"], 3, Evidence.TO_2023, tmp_path / "runs")
    # A version with one ensemble is asked again without the option that it does not know.
    assert (out / "targets.csv").read_text().startswith("run baseline --members 3 --out")
    listed = subprocess.run(["git", "worktree", "list"], cwd=place, capture_output=True, text=True, check=True)
    assert len(listed.stdout.splitlines()) == 1


@pytest.mark.parametrize(
    ("which", "said"),
    [("failing", "calibrated with another model"), ("empty", "older than run_scenarios.py")],
)
def test_a_commit_that_does_not_run_is_refused_in_words(repository, tmp_path, which, said):
    place, commits = repository
    with pytest.raises(VersionError, match=said):
        run_commit(given(commits[which]), ["baseline"], 3, Evidence.TO_2023, tmp_path / "runs")
    listed = subprocess.run(["git", "worktree", "list"], cwd=place, capture_output=True, text=True, check=True)
    assert len(listed.stdout.splitlines()) == 1


@pytest.mark.slow
def test_two_commits_of_this_repository_are_compared(tmp_path):
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    outcome = call("compare-versions", "HEAD~1", "HEAD", "--members", 2, "--scenario", "baseline", "--out", tmp_path)
    assert outcome.exit_code == 0, outcome.output
