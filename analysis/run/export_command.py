"""The command `export`."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer
from rich.markup import escape

from analysis.command_line import OUTPUTS, USUAL_MEMBERS, Seen, collect_mistakes, make_console
from analysis.outcome import output_folder
from analysis.outcome.output_folder import Out
from analysis.outcome.words import screen_text
from calibration.fit.ensemble_file import check_members
from calibration.fit.evidence import NEWEST, Evidence
from model.definition import variables_by_name
from model.engine.errors import UserError, near
from scenarios import Scenario, load_scenarios, load_targets

if TYPE_CHECKING:
    import xarray as xr


#: More runs than these are counted and not named.
NAMED: Final = 4


def export(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="SCENARIO",
            help="Shipped names or paths of files. Without any: every run in the folder of results, or if there is "
            "none the baseline and the plan.",
        ),
    ] = None,
    results: Annotated[
        Path, typer.Option(help="Folder of the results of `run`. What it lacks is run, and not kept.", file_okay=False)
    ] = OUTPUTS,
    variable: Annotated[
        list[str] | None,
        typer.Option(
            help="A variable, by its name in the model or in Chinese, with all its elements. Repeat for more."
        ),
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="All that the runs hold, not only the city and its districts.")
    ] = False,
    language: Annotated[
        Literal["zh", "en"] | None,
        typer.Option(help="Write names and heads of the series in this language; without it those of the model."),
    ] = None,
    members: Annotated[
        int | None,
        typer.Option(min=1, help=f"Runs of so many members only. What has to be run has {USUAL_MEMBERS} without it."),
    ] = None,
    evidence: Seen = NEWEST,
    out: Out = OUTPUTS / "export",
) -> None:
    """Write annual series for other programs: a long CSV with median and quantiles, and a table as the IAMC's."""
    with collect_mistakes() as part:
        asked: tuple[Scenario, ...] = ()
        with part():
            asked = load_scenarios(names or ("baseline", "plan"))
        with part():
            chosen = _variables(variable or [])
        with part():
            if results != OUTPUTS and not results.is_dir():
                message = f"There is no folder {results}. --results takes the folder that `run` has written to."
                raise UserError(message)
        with part():
            if members is not None and members > 1:
                check_members(members, evidence)
    # Loaded after the checks, as these libraries take seconds.
    import xarray as xr

    from analysis.outcome import files as result_files
    from analysis.run import export as tables
    from model.files.atomic import write_csv

    console = make_console()
    stems = [scenario.name for scenario in asked] if names else []
    files, left_out = tables.runs_in(results, evidence, members, stems)
    if names:
        current = {scenario.name: scenario for scenario in asked}
        files = {name: path for name, path in files.items() if _is_of(path, current[name])}
    output_folder.take(out)
    runs: dict[str, xr.Dataset] = {}
    for name, path in files.items():
        with xr.open_dataset(path, engine="netcdf4", decode_cf=False) as stored:
            runs[name] = stored.load()
    missing = [scenario for scenario in asked if scenario.name not in runs] if names or not runs else []
    if missing:
        # As many as the files that they stand beside.
        count = members or next((int(run.attrs["members"]) for run in runs.values()), USUAL_MEMBERS)
        runs |= _run(missing, count, evidence)
    if left_out:
        console.print(
            screen_text("export left out", folder=escape(str(results)), files=screen_text("list").join(left_out))
        )
    series = tables.as_series(runs, chosen, full=full)
    facts = result_files.joined([tables.manifest_of(run) for run in runs.values()])
    shown = series if language is None else tables.in_words(series, runs, language)
    text = shown.to_csv(index=False, float_format="%.10g", lineterminator="\n")
    # Excel on a Chinese computer takes a CSV without this mark for GBK.
    write_csv(f"\ufeff{text}" if language == "zh" else text, out / tables.SERIES, facts)
    result_files.write_table(tables.as_iamc(series), out / tables.IAMC, facts)
    sizes = ", ".join(sorted({run.attrs["members"] for run in runs.values()}))
    few = len(runs) <= NAMED
    gaps = {
        "runs": screen_text("list").join(runs) if few else screen_text("exported many", count=len(runs)),
        "members": sizes,
        "series": tables.SERIES,
        "rows": len(series),
        "iamc": tables.IAMC,
    }
    console.print(screen_text("exported", out=escape(str(out)), **gaps))


def _variables(named: list[str]) -> list[str]:
    """Return variables by their names in the model, of names in the model or in Chinese."""
    computed = {name: one for name, one in variables_by_name().items() if one.kind in ("stock", "flow", "auxiliary")}
    terms = {one.term: name for name, one in computed.items()}
    wrong = [
        f"{name!r} is not a computed variable of the model.{near(name, [*computed, *terms])}"
        for name in named
        if name not in computed and name not in terms
    ]
    if wrong:
        raise UserError("\n".join(wrong))
    return [terms.get(name, name) for name in named]


def _is_of(path: Path, scenario: Scenario) -> bool:
    """Say whether a file holds a run of a scenario as it is now."""
    from analysis.outcome.files import facts_of
    from model.definition import model_hash

    facts = facts_of(path)
    return (facts.get("scenario_hash"), facts.get("model_hash")) == (scenario.hash, model_hash())


def _run(scenarios: list[Scenario], members: int, evidence: Evidence) -> dict[str, xr.Dataset]:
    """Run scenarios as `run` does, and return what its files would hold."""
    import xarray as xr

    from analysis.outcome import files as result_files
    from analysis.run import stored_runs
    from calibration.fit.ensemble import read_members

    parameters = read_members(members, evidence) if members > 1 else None
    judged = list(load_targets().values())
    facts = {scenario.name: result_files.manifest(scenario, "compiled", parameters) for scenario in scenarios}
    runs = {}
    with TemporaryDirectory() as folder:
        stored_runs.make(Path(folder), scenarios, judged, facts, "compiled", parameters)
        for scenario in scenarios:
            with xr.open_dataset(Path(folder) / f"{scenario.name}.nc", engine="netcdf4", decode_cf=False) as stored:
                runs[scenario.name] = stored.load()
    return runs
