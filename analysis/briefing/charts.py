"""The charts of a briefing as files: PNG for slides and for the report, SVG for the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from matplotlib import rc_context
from matplotlib.figure import Figure

from analysis.briefing.content import Briefing, Picture
from analysis.briefing.study import Evidence
from analysis.briefing.writing.slide_layout import picture_rooms
from analysis.charts.catalogue import DETAILS
from analysis.charts.files import draw_in_processes
from analysis.charts.population import age_profile
from analysis.charts.style import Size, chart_style
from analysis.charts.trends import comparison
from analysis.comparison import charts as comparison_figures
from analysis.reach import charts as reach_figures
from model.definition import variables_by_name
from model.files.atomic import replaced

#: Dots per inch of a chart at its own size.
DOTS: Final = 300
#: Inches of a chart for slides to an inch of its room on the slide: its smallest letters, of 7 points, become 8 there.
SHRUNK: Final = 7 / 8
BOTTLENECKS, CONTRIBUTIONS = "bottlenecks", "contributions"
#: Ends of the files' names: of slides, of the page, and of the report, whose page is narrower than a slide.
FORMATS: Final = ("png", "svg", "print.png")
#: Inches across a chart for the report, whose text is six wide, and inches down.
PRINTED_WIDTH: Final = 8.6
PRINTED_HEIGHTS: Final = {
    "urbanization_rates": 5.6, "indicators": 5.2, "district_map": 6.1, "districts": 6.2, "age_profile": 5.4,
    "service_places": 5.4, "people_land_money": 6.8, "contributions": 6.4, "bottlenecks": 5.4,
}  # fmt: skip


def file_name(picture: Picture, language: str, kind: str) -> str:
    """Return the name of a picture's file.

    Examples
    --------
    >>> file_name(Picture("districts.chart", "districts", "plan", "Districts"), "zh", "svg")
    'plan_districts_zh.svg'
    """
    return "_".join(filter(None, (picture.scenario, picture.name, language))) + f".{kind}"


def pictures(briefing: Briefing) -> list[Picture]:
    """Return the pictures of a briefing."""
    return [block for section in briefing.sections for block in section.blocks if isinstance(block, Picture)]


def draw(evidence: Evidence, briefing: Briefing, folder: Path, kinds: Sequence[str] = FORMATS) -> Iterator[Path]:
    """Draw the pictures of a briefing in two processes, in some of `FORMATS`, and yield each file once it is written.

    Equal inputs give equal bytes.
    """
    rooms = slide_sizes(briefing)
    charts = [
        (picture, briefing.language, kind, folder, _canvas(picture, kind, rooms.get(picture.id)))
        for picture in pictures(briefing)
        for kind in kinds
    ]
    yield from draw_in_processes(_draw, evidence, charts)


def _canvas(picture: Picture, kind: str, room: Size | None) -> Size | None:
    """Inches of a chart for a kind of file; on the page it has its own size."""
    return {"png": room, "print.png": printed_size(picture)}.get(kind)


def printed_size(picture: Picture) -> Size:
    """Return the inches of the canvas of a picture for the report."""
    return PRINTED_WIDTH, PRINTED_HEIGHTS[picture.name]


def slide_sizes(briefing: Briefing) -> dict[str, Size]:
    """Return the inches of the canvas of each picture for slides: as wide and high as its room, to scale."""
    rooms = {name: room for section in briefing.sections for name, room in picture_rooms(section).items()}
    return {name: (SHRUNK * width, SHRUNK * height) for name, (width, height) in rooms.items()}


def figure(evidence: Evidence, picture: Picture, language: str, canvas: Size | None = None) -> Figure:
    """Return one chart, of a size in inches or of its own."""
    if picture.name == CONTRIBUTIONS:
        assert evidence.comparison is not None
        pair = (evidence.baseline, evidence.scenario)
        facts = {**_stated(evidence.manifest), "members": str(evidence.comparison.contributions.sizes["member"])}
        name = next(iter(comparison_figures.CHARTS))
        return comparison_figures.chart(evidence.comparison, name, pair, facts, variables_by_name(), language, canvas)
    if picture.name == BOTTLENECKS:
        facts = _stated(evidence.manifest)
        return reach_figures.bottlenecks(evidence.reached, evidence.scenario.name, facts, language, canvas)
    facts_of = {name: _stated(facts) for name, facts in evidence.material.facts.items()}
    material = replace(evidence.material, facts=facts_of)
    if picture.scenario is None:
        return comparison(material, picture.name, language, canvas)
    if picture.name == "age_profile":
        elders = evidence.ages.sel(group="elders") / evidence.ages.sum("group")
        return age_profile(material, picture.scenario, language, canvas, elders)
    return DETAILS[picture.name](material, picture.scenario, language, canvas)


def _stated(facts: Mapping[str, str]) -> dict[str, str]:
    """What the source of a chart says of its run in a document, which states fingerprints once for all charts."""
    return {name: facts[name] for name in ("members", "evidence")}


def write(drawn: Figure, path: Path) -> None:
    """Write a chart so that the same chart is the same bytes."""
    nothing = {"Software": None} if path.suffix == ".png" else {"Date": None, "Creator": None}
    with chart_style(), rc_context({"svg.hashsalt": "briefing"}), replaced(path) as partial:
        drawn.savefig(partial, format=path.suffix[1:], dpi=DOTS, metadata=nothing)


def _draw(evidence: Evidence, picture: Picture, language: str, kind: str, folder: Path, canvas: Size | None) -> Path:
    path = folder / file_name(picture, language, kind)
    write(figure(evidence, picture, language, canvas), path)
    return path
