"""The command `explain`."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from analysis.command_line import (
    OUTPUTS,
    Full,
    Seen,
    announce_replaced_files,
    announce_written_files,
    collect_mistakes,
    make_console,
)
from analysis.comparison.request import two_scenarios
from analysis.explanation.request import FIRST_YEAR, LAST_YEAR, chosen_elements, chosen_variable
from analysis.outcome.output_folder import Out
from analysis.progress import count_progress, step_in_words
from calibration.fit.ensemble_file import check_members
from calibration.fit.evidence import NEWEST
from model import load_model
from model.definition import variables_by_name

#: Members that are traced unless told otherwise; each takes about a second.
MEMBERS: Final = 20


def explain(
    variable: Annotated[str, typer.Argument(help="Variable of the model, by its name or its Chinese term.")],
    first: Annotated[str, typer.Argument(metavar="A", help="Shipped name or path of a YAML file.")],
    second: Annotated[str, typer.Argument(metavar="B", help="The difference is B minus A.")],
    year: Annotated[
        int, typer.Option(min=FIRST_YEAR, max=LAST_YEAR, help="The year at whose end the difference is explained.")
    ] = LAST_YEAR,
    element: Annotated[
        list[str] | None, typer.Option(help="District, group or other element of the variable; may be repeated.")
    ] = None,
    levels: Annotated[
        int, typer.Option(min=1, max=6, help="How far back causes are followed; a total that hands on is no level.")
    ] = 4,
    members: Annotated[int, typer.Option(min=1, help="Number of members of the calibrated ensemble.")] = MEMBERS,
    evidence: Seen = NEWEST,
    full: Full = False,
    out: Out = OUTPUTS,
) -> None:
    """Say what moved a variable from one scenario to another, and what moved that: along the equations, level by level.

    What the inputs of a variable add sums to its difference.
    """
    variables = variables_by_name()
    with collect_mistakes() as part:
        with part():
            scenarios = two_scenarios(first, second)
        with part():
            asked = chosen_variable(variable, variables)
            place = chosen_elements(asked, element or ())
        with part():
            check_members(members, evidence)
    # Loaded after the checks, as these libraries take seconds.
    from analysis.explanation import study, words
    from analysis.outcome.files import joint_manifest, write_table
    from analysis.outcome.verdict import print_verdict
    from calibration.fit.ensemble import read_members

    console, parameters = make_console(), read_members(members, evidence)
    file = f"explain_{scenarios[0].name}_{scenarios[1].name}_{study.stem_of(asked, place, year)}.csv"
    announce_replaced_files(console, out, [file], file.replace(".csv", "_*.png"))
    with count_progress(step_in_words("traced", members=members)) as progress:
        found = study.explain(load_model(), scenarios, parameters, asked, place, year, levels, progress)
    words.print_causes(make_console(shown=full), found)
    print_verdict(console, words.verdict(found, scenarios, evidence))
    write_table(found.table, out / file, joint_manifest(scenarios, parameters))
    announce_written_files(console, out, [file])
