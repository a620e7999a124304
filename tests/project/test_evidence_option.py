"""Every command that reads an ensemble takes the newest unless asked, and writes into its results which it was."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest
import xarray as xr
from typer.testing import CliRunner

import run_scenarios
from analysis.charts.frame import source_line
from analysis.outcome.files import manifest
from analysis.outcome.words import LANGUAGES
from calibration.fit.ensemble import read_members
from calibration.fit.evidence import NEWEST, Evidence
from scenarios import load_scenario

#: Commands that read no ensemble.
WITHOUT = {"check", "city build", "city new", "list", "template"}
COMMANDS = [name for name in run_scenarios.COMMANDS if name not in WITHOUT]
#: What reads or counts members, and must be told of which ensemble.
READERS = {"read_members", "read_stored", "check_members", "members_held"}


def call(*words: object):
    return CliRunner().invoke(run_scenarios.app, [str(word) for word in words], env={"COLUMNS": "200"})


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_takes_the_newest_evidence_and_refuses_what_there_is_none_of(command):
    option = inspect.signature(run_scenarios.load_command(command)).parameters["evidence"]
    assert option.default is NEWEST
    outcome = call(command, "--evidence", "2021")
    assert outcome.exit_code == 2
    assert re.search("'2021' is not one of '2020', '2023'", " ".join(outcome.stderr.replace("│", "").split()))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_passes_on_what_was_asked(command):
    """Where a reader is called without the evidence it would be the newest, whatever was asked."""
    source = (
        Path(run_scenarios.__file__).parent.joinpath(*run_scenarios.COMMANDS[command].split(".")).with_suffix(".py")
    )
    calls = [
        node
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in READERS
    ]
    for node in calls:
        told = [*node.args, *(keyword.value for keyword in node.keywords)]
        names = {one.id for argument in told for one in ast.walk(argument) if isinstance(one, ast.Name)}
        assert names & {"evidence", "seen"}, f"{source.name}, line {node.lineno}"
    assert calls or command == "calibrate"


def test_a_command_that_reads_nothing_has_no_such_option():
    for command in WITHOUT:
        assert "evidence" not in inspect.signature(run_scenarios.load_command(command)).parameters


@pytest.mark.parametrize("evidence", Evidence)
def test_a_run_says_what_its_members_have_seen(evidence, tmp_path, monkeypatch):
    monkeypatch.setattr("analysis.charts.catalogue.list_charts", lambda *_: [])
    outcome = call("run", "plan", "--members", 2, "--evidence", evidence, "--out", tmp_path)
    assert outcome.exit_code == 0, outcome.output
    with xr.open_dataset(tmp_path / "plan.nc") as data:
        assert data.attrs["evidence"] == evidence
        assert data.attrs["data_vintage"] == f"observations up to {evidence}"
    other = next(one for one in Evidence if one != evidence)
    # Runs of the other ensemble are no longer what was asked for.
    again = call("run", "plan", "--members", 2, "--evidence", other, "--out", tmp_path)
    assert "将替换" in again.output
    with xr.open_dataset(tmp_path / "plan.nc") as data:
        assert data.attrs["evidence"] == other


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_footer_says_what_the_members_have_seen(language):
    feet = {
        evidence: source_line(
            "footer", manifest(load_scenario("plan"), "compiled", read_members(2, evidence)), language, scenario="x"
        )
        for evidence in Evidence
    }
    for evidence, foot in feet.items():
        assert f"{evidence}" in foot.split("2035")[1]


@pytest.mark.parametrize("evidence", Evidence)
def test_a_missing_ensemble_is_named_with_what_makes_it(evidence, tmp_path, monkeypatch):
    monkeypatch.setattr(Evidence, "posterior", property(lambda self: tmp_path / f"posterior_{self}.nc"))
    outcome = call("reach", "--evidence", evidence, "--members", 2)
    assert outcome.exit_code == 2
    told = f"posterior_{evidence}.nc is missing; make it with: python run_scenarios.py calibrate --evidence {evidence}"
    assert told in " ".join(outcome.stderr.split())


@pytest.mark.parametrize("evidence", Evidence)
def test_an_ensemble_of_another_state_of_the_record_is_named_with_what_makes_it(evidence, monkeypatch):
    monkeypatch.setattr("calibration.fit.ensemble.data_hash", lambda _: "another")
    outcome = call("left-out", "--evidence", evidence, "--members", 2)
    assert outcome.exit_code == 2
    told = " ".join(outcome.stderr.split())
    assert f"posterior_{evidence}.nc was calibrated with another state of: observations." in told
    assert f"To make it anew: python run_scenarios.py calibrate --evidence {evidence}" in told
