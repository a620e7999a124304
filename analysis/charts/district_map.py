"""Maps of the districts in four years: a tile for each, or its boundaries where the user gives them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, PathPatch, Rectangle
from matplotlib.path import Path as Outline

from analysis.charts import findings
from analysis.charts.boundaries import Boundaries, Ring
from analysis.charts.frame import frame_chart
from analysis.charts.marks import elements_of
from analysis.charts.material import Material
from analysis.charts.style import BLACK, GREY, Size, chart_style
from analysis.outcome.ensembles import quantile
from analysis.outcome.words import unit_name, unit_size, word
from model.city import city

#: Years of the small maps.
MAP_YEARS: Final = (2020, 2025, 2030, 2035)
#: Where each district's tile is, column from the west and row from the north, both from 0: as they lie to each other.
TILES: Final[Mapping[str, tuple[int, int]]] = {
    district.name: (
        district.tile[0] - min(other.tile[0] for other in city().districts),
        district.tile[1] - min(other.tile[1] for other in city().districts),
    )
    for district in city().districts
}
#: Rows and columns of tiles.
COLUMNS, ROWS = (1 + max(place[side] for place in TILES.values()) for side in (0, 1))
#: Rows of tiles above which a low chart has room for two maps only.
MOST_ROWS: Final = 5
#: Points of the name in a tile, where it has room; share of a chart's width that a map has; width of a letter.
NAME, ACROSS, LETTER = 8.0, 0.42, 0.6
#: ColorBrewer's YlGnBu, light to dark, in which any two classes differ for the colour-blind and in grey, too.
CLASS_COLOURS: Final = ("#ffffd9", "#e0f3b2", "#a9ddb7", "#5fc0c0", "#2c99c0", "#2462a9", "#1d2e83")
#: Points of words on boundaries, and the margin left of these for what has no room, as a share of their width.
LABEL: Final = 7.5
MARGIN: Final = 0.3
#: Inches of a chart below which numbers in tiles are smaller.
LOW: Final = 6.0
#: From this class on letters are white.
DARK: Final = 5


#: Fill and ink of a value.
Paint = Callable[[float], tuple[str, str]]


@dataclass(frozen=True)
class Mapped:
    """A quantity by district, and the classes it has in every year and scenario."""

    variable: str
    unit: str
    #: Between the classes, in the unit of each language.
    breaks: Mapping[str, tuple[float, ...]]
    form: str


#: Breaks are round, and spread the medians of 2020-2035 in all shipped scenarios over the classes.
MAPS: Final[Mapping[str, Mapped]] = {
    "district_map": Mapped(
        "resident urbanization rate by district",
        "percent",
        dict.fromkeys(("zh", "en"), (40, 50, 60, 70, 80, 90)),
        ".1f",
    ),
    "residents_map": Mapped(
        "residents by district",
        "thousand people",
        {"zh": (30, 50, 70, 90, 110, 150), "en": (300, 500, 700, 900, 1100, 1500)},
        ",.1f",
    ),
}


def district_map(
    material: Material, scenario: str, language: str, canvas: Size | None = None, name: str = "district_map"
) -> Figure:
    """Draw one of `MAPS` in four years, with the value in each district and the same classes in all."""
    mapped = MAPS[name]
    values = quantile(material.runs[scenario][mapped.variable], 0.5) / unit_size(mapped.unit, language)
    years = [year for year in MAP_YEARS if year in values["time"]]
    low = canvas is not None and canvas[1] < LOW
    if low and (material.boundaries is not None or ROWS > MOST_ROWS):
        # Maps have the shape of the city, tiles many rows: on a slide only two have room for their words.
        years = [years[0], years[-1]]
    breaks = mapped.breaks[language]

    def paint(value: float) -> tuple[str, str]:
        # By what is printed, so that a number and its colour never disagree.
        kind = bisect_right(breaks, float(f"{value:.1f}"))
        return CLASS_COLOURS[kind], "white" if kind >= DARK else BLACK

    with chart_style():
        figure = Figure(figsize=canvas or (12, 8.6), layout="constrained")
        axes = list(figure.subplots(1 if len(years) <= 2 else 2, 2).flat)
        for ax, year in zip(axes, years, strict=False):
            now = values.sel(time=year)
            shown = {place: float(now.sel(District=place)) for place in elements_of(now, "District")}
            if material.boundaries is None:
                _tiles(ax, shown, paint, mapped.form, language)
            else:
                _polygons(ax, shown, paint, mapped.form, language, material.boundaries)
            ax.set_title(findings.say("year", language, year=year), fontsize=12, loc="left")
            ax.axis("off")
        for ax in axes[len(years) :]:
            ax.remove()
        _legend(figure, breaks, mapped, language)
        notes = [word("labels", "map classes", language), word("labels", "map medians", language)]
        notes.insert(0, word("labels", "map tiles" if material.boundaries is None else "map boundaries", language))
        # A slide has the finding as its own title.
        finding = "" if low else findings.district_map(values, name, language)
        frame_chart(figure, material, name, language, scenario, *notes, finding=finding)
        return figure


def _tiles(ax: Axes, shown: Mapping[str, float], paint: Paint, form: str, language: str) -> None:
    figure = ax.get_figure(root=True)
    assert figure is not None
    number = 10 if figure.get_figheight() < LOW else 12
    for district, value in shown.items():
        column, row = TILES[district]
        fill, ink = paint(value)
        ax.add_patch(Rectangle((column, -row), 0.94, 0.94, facecolor=fill, edgecolor=GREY, lw=0.6))
        look: dict[str, Any] = {"ha": "center", "color": ink}
        name = findings.short_name(district, language)
        room = 72 * ACROSS * figure.get_figwidth() / COLUMNS / (LETTER * len(name)) if language == "en" else NAME
        ax.text(column + 0.47, -row + 0.68, name, va="center", fontsize=min(NAME, room), **look)
        ax.text(column + 0.47, -row + 0.28, f"{value:{form}}", va="center", fontsize=number, **look)
    ax.set_xlim(-0.03, COLUMNS - 0.03)
    ax.set_ylim(0.97 - ROWS, 0.97)


def _polygons(
    ax: Axes, shown: Mapping[str, float], paint: Paint, form: str, language: str, boundaries: Boundaries
) -> None:
    outlines = {district: boundaries.polygons[district] for district in shown}
    for district, polygons in outlines.items():
        fill, _ = paint(shown[district])
        for rings in polygons:
            ax.add_patch(PathPatch(_outline(rings), facecolor=fill, edgecolor=GREY, lw=0.6))
    ax.autoscale_view()
    ax.set_aspect(boundaries.aspect)
    west, east = ax.get_xlim()
    south, north = ax.get_ylim()
    figure = ax.get_figure(root=True)
    assert figure is not None
    # About how many inches a degree of latitude takes.
    rows = 2 if len(figure.axes) > 2 else 1
    across, down = 0.36 * figure.get_figwidth(), 0.72 / rows * figure.get_figheight()
    inch = min(down / (north - south), across * boundaries.aspect / (1 + MARGIN) / (east - west))
    # What is too small for its words has them in the margin, tied to it by a line.
    outside: list[tuple[str, tuple[float, float]]] = []
    for district, polygons in outlines.items():
        _, ink = paint(shown[district])
        name, value = findings.short_name(district, language), f"{shown[district]:{form}}"
        at, radius = _most_inside(polygons)
        letters = max(len(name) * (1.0 if language == "zh" else 0.58), len(value) * 0.58)
        if radius * inch < 0.9 * letters * LABEL / 72 / 2:
            outside.append((f"{name} {value}", at))
        else:
            ax.text(*at, f"{name}\n{value}", ha="center", va="center", fontsize=LABEL, color=ink, linespacing=1.1)
    ax.set_xlim(west - MARGIN * (east - west), east)
    for place, (text, at) in enumerate(sorted(outside, key=lambda one: -one[1][1])):
        corner = (west - (MARGIN - 0.02) * (east - west), north - (0.06 + 0.075 * place) * (north - south))
        arrow = {"arrowstyle": "-", "lw": 0.6, "color": GREY, "relpos": (1, 0.5), "shrinkB": 0}
        ax.annotate(text, at, xytext=corner, va="center", fontsize=LABEL, arrowprops=arrow)


def _outline(rings: Sequence[Ring]) -> Outline:
    """One path of an outer ring and its holes, which turn the other way round."""
    parts = [Outline(ring, closed=True) for ring in rings]
    return Outline.make_compound_path(*parts)


def _most_inside(polygons: Sequence[Sequence[Ring]]) -> tuple[tuple[float, float], float]:
    """The point of a district that is farthest from its boundary, on a grid, and how far that is in degrees."""
    largest = max(polygons, key=lambda rings: float(np.prod(np.ptp(rings[0], axis=0))))
    low, high = largest[0].min(axis=0), largest[0].max(axis=0)
    across, up = (np.linspace(low[side], high[side], 26)[1:-1] for side in (0, 1))
    grid = np.array([(x, y) for x in across for y in up])
    inside = Outline(largest[0]).contains_points(grid)
    for hole in largest[1:]:
        inside &= ~Outline(hole).contains_points(grid)
    edge = np.concatenate([_dense(ring) for ring in largest])
    points = grid[inside] if inside.any() else grid
    distance = np.array([np.hypot(*(edge - point).T).min() for point in points])
    best = int(distance.argmax())
    return (float(points[best, 0]), float(points[best, 1])), float(distance[best])


def _dense(ring: Ring) -> Ring:
    """About two hundred points along a ring."""
    at = np.linspace(0, len(ring) - 1, 200)
    return np.column_stack([np.interp(at, np.arange(len(ring)), ring[:, side]) for side in (0, 1)])


def _legend(figure: Figure, breaks: Sequence[float], mapped: Mapped, language: str) -> None:
    # From the darkest down, as values stand on an axis.
    names = [f"< {breaks[0]:,g}"]
    names += [f"{low:,g}–{high:,g}" for low, high in pairwise(breaks)]
    names += [f"≥ {breaks[-1]:,g}"]
    patches = [
        Patch(facecolor=colour, edgecolor=GREY, lw=0.6, label=name)
        for colour, name in zip(reversed(CLASS_COLOURS), reversed(names), strict=True)
    ]
    legend = figure.legend(handles=patches, loc="outside right center", fontsize=9, labelspacing=0.7)
    legend.set_title(unit_name(mapped.unit, language))
    legend.get_title().set_fontsize(9)


#: What draws each map, by its name.
DRAW_MAPS: Final = {name: district_map if name == "district_map" else partial(district_map, name=name) for name in MAPS}
