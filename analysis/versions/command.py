"""The command `compare-versions`."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from analysis.command_line import OUTPUTS, USUAL_MEMBERS, Seen, collect_mistakes, make_console
from analysis.outcome import output_folder
from analysis.outcome.output_folder import Out
from analysis.outcome.screen import screen_language
from analysis.versions.request import given, refuse_same
from calibration.fit.ensemble_file import EnsembleError
from calibration.fit.evidence import NEWEST, Evidence
from model.definition import read_definition
from scenarios import Scenario, ScenarioError, load_scenario, load_targets

if TYPE_CHECKING:
    import xarray as xr

#: The scenarios of a commit that is run, unless others are named.
USUAL_SCENARIOS = ("baseline", "plan")


def compare_versions(
    first: Annotated[str, typer.Argument(help="A folder that `run` has written to, or a commit of this repository.")],
    second: Annotated[str, typer.Argument(help="The same of the other version.")],
    scenario: Annotated[
        list[str] | None,
        typer.Option(
            help="Scenario to compare; repeat for more. Without any: all that both folders hold; of commits "
            "the baseline and the plan."
        ),
    ] = None,
    first_model: Annotated[
        Path | None, typer.Option(help="Model file of the first version, where it cannot be found.", dir_okay=False)
    ] = None,
    second_model: Annotated[
        Path | None, typer.Option(help="Model file of the second version, where it cannot be found.", dir_okay=False)
    ] = None,
    members: Annotated[
        int, typer.Option(min=1, help="Members with which commits are run; 1 takes the model files' own values.")
    ] = USUAL_MEMBERS,
    evidence: Seen = NEWEST,
    out: Out = OUTPUTS / "versions",
) -> None:
    """Say which targets moved between two versions of the project, by how much, and by what first.

    A version is a folder of results, or a commit, which is then run in a worktree of its own. What differs is named:
    the model (variable by variable), the ensemble, scenarios, targets, code or evidence, and the first variable and
    year at which two runs of one member part.
    """
    language = screen_language()
    with collect_mistakes() as part:
        sides = []
        for name in (first, second):
            with part():
                sides.append(given(name))
        with part():
            if len(sides) == 2:
                refuse_same(*sides)
        for file in (first_model, second_model):
            with part():
                if file is not None:
                    read_definition(file)
    # Loaded after the checks, as these libraries take seconds.
    from analysis.versions import sources, study, tables
    from analysis.versions.words import say
    from calibration.fit.ensemble import read_members

    console = make_console()
    output_folder.take(out)
    with TemporaryDirectory(prefix="models_") as models:
        versions = []
        for number, (side, chosen) in enumerate(zip(sides, (first_model, second_model), strict=True)):
            folder = side.folder
            if folder is None:
                names = list(scenario or USUAL_SCENARIOS)
                console.print(escape(say("running", language, label=side.label, scenarios=", ".join(names))))
                folder = sources.run_commit(side, names, members, evidence, out / "runs")
            own = Path(models) / str(number)
            versions.append(sources.read_version(side, folder, own, chosen))

        def member() -> xr.Dataset | None:
            seen = _evidence_of(versions[1].facts.get("evidence"), evidence)
            # An ensemble that does not fit the model leaves the model files' own values.
            with suppress(EnsembleError):
                return read_members(1, seen)
            return None

        comparison = study.compare_versions(
            versions[0], versions[1], scenario or (), member, _shipped, sources.changed_files(*versions)
        )
    targets = load_targets(milestones=True)
    tables.print_comparison(console, comparison, targets, language)
    tables.write_comparison(comparison, targets, out, tables.manifest(comparison))
    files = [f"{out}/{name}" for name in tables.FILES]
    console.print(escape(say("written", language, files=", ".join(files))))


def _evidence_of(said: str | None, otherwise: Evidence) -> Evidence:
    return Evidence(said) if said in tuple(Evidence) else otherwise


def _shipped(name: str) -> Scenario | None:
    """Return a scenario by its name, or None where it is not shipped."""
    if not name.replace("_", "").isalnum():
        return None
    with suppress(ScenarioError):
        return load_scenario(name)
    return None
