"""The command that makes the pack of another city from the national county tabulations."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from analysis.command_line import make_console
from analysis.outcome.screen import screen_language
from analysis.outcome.words import screen_text
from calibration.cities.files import require_tabulations
from model.city import PACKS
from model.engine.errors import UserError
from model.files.repository import require_repository


class CityRequestError(UserError):
    """What was asked of `city new` cannot be done; the message says what is missing."""


def city_new(
    name: Annotated[str, typer.Argument(help="The pack's name in small Latin letters, as hefei.")],
    tabulations: Annotated[
        Path | None,
        typer.Option(
            help="Folder with the county tabulations of 2010 and 2020, as github.com/leiii/census publishes them."
        ),
    ] = None,
    code: Annotated[
        str, typer.Option(help="Six-digit code of the prefecture; looked up by its name if left out.")
    ] = "",
    match: Annotated[
        Path | None,
        typer.Option(help="Table that states which units of 2010 are which of 2020; asked for where they differ."),
    ] = None,
    series: Annotated[
        Path | None, typer.Option(help="The city's own series to 2020, in the columns of the data of any pack.")
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Where the pack is written; in the folder cities if left out.")
    ] = None,
) -> None:
    """Make the pack of another city, which runs at once with wide priors, and a checklist of what would narrow them.

    Takes a minute. Nothing is written where something is missing or contradictory; all of it is named.
    """
    require_repository("python run_scenarios.py city new")
    if tabulations is None:
        message = (
            "'city new' needs --tabulations: the folder with census_county_2010_v1.xlsx and "
            "census_county_2020_v1.xlsx, which github.com/leiii/census publishes (data/census)."
        )
        raise CityRequestError(message)
    require_tabulations(tabulations)
    # Workbooks and the tables of the first city take seconds to read.
    from calibration.cities.new import city_names, make_pack, write_pack

    names, prefecture = city_names(name, code, tabulations)
    made = make_pack(names, prefecture, tabulations, match=match, series=series)
    place = PACKS / name if folder is None else folder / name
    write_pack(made, place)
    console = make_console()
    called = names.zh if screen_language() == "zh" else names.en
    counts = {"districts": len(made.facts.units), "own": len(made.numbers) - len(made.borrowed)}
    console.print(screen_text("city made", place=called, lent=len(made.borrowed), **counts))
    console.print(screen_text("city next", folder=place.name, name=name if folder is None else str(place)))
