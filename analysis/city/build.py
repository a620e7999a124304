"""The command that writes the model of a city as one file, for Vensim and other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from analysis.outcome.words import screen_text
from model.building import model_text
from model.city import city
from model.files.atomic import replaced


def city_build(
    file: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Where to write it; CITY.mdl if left out.", dir_okay=False),
    ] = None,
) -> None:
    """Write the model of a city, equations and the numbers of its pack, as one Vensim file."""
    target = Path(f"{city().name}.mdl") if file is None else file
    with replaced(target) as partial:
        partial.write_text(model_text(city()), encoding="utf-8", newline="\n")
    typer.echo(screen_text("city built", file=target))
