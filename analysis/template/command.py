"""The command `template`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from analysis.outcome.screen import screen_language
from model.city import city
from model.engine.errors import UserError
from model.files.strict_files import refusal
from scenarios.scenario import load_scenario, workbook_as_yaml, wrong_name
from scenarios.workbooks import SUFFIX


def template(
    file: Annotated[
        Path | None, typer.Argument(help="The workbook to write, such as my_plan.xlsx; its name is the scenario's.")
    ] = None,
    observations: Annotated[
        bool, typer.Option("--observations", help="A workbook for newer observations, which `assess` reads.")
    ] = False,
    scenario: Annotated[
        str | None,
        typer.Option(help="Fill it in with what this scenario changes: a shipped name or the path of a file."),
    ] = None,
    as_yaml: Annotated[
        Path | None,
        typer.Option("--as-yaml", help="Write what a workbook says as a YAML file beside it.", dir_okay=False),
    ] = None,
) -> None:
    """Write an Excel workbook to be filled in, of a scenario or of newer observations; `run` and `assess` read it."""
    language = screen_language()
    if as_yaml is not None:
        _write_yaml(as_yaml, file, language)
        return
    if observations and scenario is not None:
        message = "A workbook of observations holds no scenario: leave --observations or --scenario away."
        raise UserError(message)
    filled = None if scenario is None else load_scenario(scenario)
    if file is not None and file.suffix.lower() != SUFFIX:
        message = f"{file} cannot be written: the name of a workbook ends in {SUFFIX}."
        raise UserError(message)
    if file is not None and not observations and (wrong := wrong_name(file.stem)):
        raise UserError(refusal({file.name: [wrong]}, "cannot be written"))
    if file is not None:
        _refuse_existing(file)
    # Loaded after the checks, as these libraries take seconds.
    from analysis.template.workbooks import observation_template, say, scenario_template
    from model.files.atomic import replaced

    path = file or Path(say("observation file" if observations else "scenario file", language))
    _refuse_existing(path)
    content = observation_template(language) if observations else scenario_template(language, filled)
    with replaced(path) as partial:
        partial.write_bytes(content)
    command = f"assess --observations {path}" if observations else f"run {path}"
    typer.echo(say("written", language, file=path, command=f"run_scenarios.py {command}{city().option}"))


def _write_yaml(workbook: Path, file: Path | None, language: str) -> None:
    """Write the content of a workbook as the YAML file that says the same, once it has no mistake."""
    if workbook.suffix.lower() != SUFFIX:
        message = f"{workbook} cannot be used: --as-yaml takes a workbook, whose name ends in {SUFFIX}."
        raise UserError(message)
    path = file or workbook.with_suffix(".yaml")
    scenario = load_scenario(workbook)
    if path.stem != scenario.name or path.suffix != ".yaml":
        message = f"{path} cannot be written: the file must be called {scenario.name}.yaml, as the scenario is."
        raise UserError(message)
    _refuse_existing(path)
    from analysis.outcome.words import say_from
    from model.files.atomic import replaced

    with replaced(path) as partial:
        partial.write_text(workbook_as_yaml(workbook), encoding="utf-8", newline="\n")
    words = Path(__file__).with_name("words.yaml")
    typer.echo(say_from(words, "written yaml", language, file=path))


def _refuse_existing(path: Path) -> None:
    if path.exists():
        raise UserError(
            refusal({path.name: ["It is there already. Name another file, or delete it first."]}, "is kept")
        )
