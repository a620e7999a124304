"""Every chart of a set of runs: which there are, which are drawn already, and drawing the others."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure
from PIL import Image

from analysis.charts.accounts import rate_account
from analysis.charts.capacity import land_supply, service_places
from analysis.charts.district_map import DRAW_MAPS
from analysis.charts.districts import districts
from analysis.charts.files import draw_in_processes, write_png
from analysis.charts.housing import housing_market
from analysis.charts.material import Material
from analysis.charts.money import three_accounts
from analysis.charts.panels import COMPARISONS, VARIABLES
from analysis.charts.population import age_profile, population_by_group
from analysis.charts.settling import people_land_money, settlement
from analysis.charts.trends import comparison, indicators
from analysis.outcome.words import LANGUAGES, terms
from model.files.pictures import is_whole

#: Fewer charts than this are drawn at once rather than in other processes, which take a second to start.
FEW = 4


@dataclass(frozen=True)
class Chart:
    """One chart to be drawn: which, of what scenario (None compares all of them), and in what language."""

    name: str
    scenario: str | None
    language: str
    #: Fingerprint of everything that the chart shows, written into its file.
    fingerprint: str

    @property
    def file(self) -> str:
        """The name of its file."""
        return "_".join(filter(None, (self.scenario, self.name, self.language))) + ".png"


_DETAILS = (
    *(indicators, population_by_group, age_profile, service_places, land_supply, districts, rate_account),
    *(people_land_money, settlement, housing_market, three_accounts),
)
#: What draws each chart of one scenario, in a language, of a size in inches or of its own, by the name of its file.
DETAILS: Mapping[str, Callable[..., Figure]] = {chart.__name__: chart for chart in _DETAILS} | DRAW_MAPS


def list_charts(material: Material, detailed: Collection[str]) -> list[Chart]:
    """Return every chart there is to draw, in both languages.

    Parameters
    ----------
    material
        What they are drawn from.
    detailed
        Scenarios whose single charts are wanted.

    Examples
    --------
    >>> from analysis.charts.material import gather
    >>> len(list_charts(gather({}, {}, [], {}), []))
    8
    """
    listed = []
    for language in LANGUAGES:
        wanted: list[tuple[str, str | None]] = [(name, None) for name in COMPARISONS]
        wanted += [(name, scenario) for scenario in detailed for name in DETAILS]
        for name, scenario in wanted:
            shown = material.runs if scenario is None else dict.fromkeys(("baseline", scenario))
            made_from = [
                (material.scenarios[other].title, material.scenarios[other].base, sorted(material.facts[other].items()))
                for other in shown
                if other in material.runs
            ]
            outlines = material.boundaries.hash if material.boundaries and name in DRAW_MAPS else None
            content = repr((made_from, material.targets, terms(), mpl.__version__, outlines))
            listed.append(Chart(name, scenario, language, hashlib.sha256(content.encode()).hexdigest()[:16]))
    return listed


def is_drawn(chart: Chart, folder: Path) -> bool:
    """Say whether a folder holds this chart already, whole and drawn from exactly the same things.

    Examples
    --------
    >>> is_drawn(Chart("districts", "plan", "zh", "0"), Path("outputs/none"))
    False
    """
    path = folder / chart.file
    # The checksum first: what is torn may still have the fingerprint in its head.
    if not is_whole(path):
        return False
    with Image.open(path) as opened:
        return bool(opened.info.get("Source") == chart.fingerprint)


def draw_figures(material: Material, folder: Path, wanted: Sequence[Chart]) -> Iterator[Path]:
    """Draw charts and write them as PNG, in two processes where there are many.

    Parameters
    ----------
    material
        Runs with `VARIABLES`.
    folder
        Where to; a chart that compares scenarios is ``NAME_zh.png``, one of a single scenario ``SCENARIO_NAME_zh.png``.
    wanted
        Some of `list_charts`.

    Yields
    ------
    pathlib.Path
        Each file once it is written.
    """
    few = {name: run[[variable for variable in VARIABLES if variable in run]] for name, run in material.runs.items()}
    lean = replace(material, runs=few)
    if len(wanted) < FEW:
        for chart in wanted:
            yield _draw(lean, folder, chart)
        return
    yield from draw_in_processes(_draw, lean, [(folder, chart) for chart in wanted])


def _draw(material: Material, folder: Path, chart: Chart) -> Path:
    figure = (
        comparison(material, chart.name, chart.language)
        if chart.scenario is None
        else DETAILS[chart.name](material, chart.scenario, chart.language)
    )
    path = folder / chart.file
    write_png(figure, path, {"Source": chart.fingerprint})
    return path
