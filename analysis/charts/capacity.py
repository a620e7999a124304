"""Charts of supply: places in schools and childcare against the need, and land against its boundary."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from analysis.charts import findings
from analysis.charts.frame import band_note, frame_chart, label_axes
from analysis.charts.labels import label_right
from analysis.charts.marks import draw_fan, stack_bars
from analysis.charts.material import Material
from analysis.charts.panels import SCHOOLS
from analysis.charts.style import BLUE, DASHES, VERMILION, Size, chart_style
from analysis.outcome.ensembles import quantile
from analysis.outcome.words import element_name, unit_name, unit_size, word


def service_places(material: Material, scenario: str, language: str, canvas: Size | None = None) -> Figure:
    """Draw the places that children need and those there are, for each level."""
    with chart_style():
        figure = Figure(figsize=canvas or (10, 6.5), layout="constrained")
        run = material.runs[scenario]
        for ax, level in zip(figure.subplots(2, 2, sharex=True).flat, SCHOOLS, strict=True):
            size = label_axes(ax, None, "places", language)
            need = run["service need in city"].sel(Service=level) / size
            capacity = run["service capacity in city"].sel(Service=level) / size
            draw_fan(ax, need, VERMILION)
            draw_fan(ax, capacity, BLUE)
            need, capacity = quantile(need, 0.5), quantile(capacity, 0.5)
            short: dict[str, Any] = {"where": np.asarray(need > capacity), "interpolate": True}
            look = {"facecolor": "none", "hatch": "////", "edgecolor": VERMILION, "alpha": 0.5, "lw": 0}
            ax.fill_between(need["time"], need, capacity, **short, **look)
            ax.set_title(element_name(level, language))
            ax.set_ylim(0, 1.08 * max(ax.dataLim.ymax, float(need.max())))
            gap = ax.get_ylim()[1] * 0.08
            lines = (("need", need, VERMILION), ("capacity", capacity, BLUE))
            label_right(
                ax, [(word("labels", term, language), float(line[-1]), colour) for term, line, colour in lines], gap
            )
            ax.margins(x=0)
        notes = word("labels", "hatched", language), band_note(material, "bands", language)
        schools = {"Service": list(SCHOOLS)}
        unit = unit_size("places", language)
        both = [run[f"service {kind} in city"].sel(schools) / unit for kind in ("need", "capacity")]
        finding = findings.places(both[0], both[1], language)
        frame_chart(figure, material, "service_places", language, scenario, *notes, finding=finding)
        return figure


def land_supply(material: Material, scenario: str, language: str, canvas: Size | None = None) -> Figure:
    """Draw land supplied by source, and the built-up area against the urban development boundary."""
    with chart_style():
        figure = Figure(figsize=canvas or (11, 5), layout="constrained")
        run = material.runs[scenario]
        left, right = figure.subplots(1, 2)
        size = label_axes(left, "supplied", "km2 a year", language)
        stack_bars(left, quantile(run["land supplied by source"], 0.5) / size, language)
        left.set_ylim(top=1.25 * left.get_ylim()[1])
        left.legend(loc="upper left", ncols=2, fontsize=8)
        size = label_axes(right, "built up", "km2", language)
        boundary = run["URBAN DEVELOPMENT BOUNDARY"] / size
        draw_fan(right, run["built up area"] / size, BLUE)
        limit = float(boundary.max())
        right.axhline(limit, color=VERMILION, lw=1.4, ls=DASHES[1])
        text = f"{word('labels', 'boundary', language)} {limit:,.6g} {unit_name('km2', language)}"
        right.annotate(
            text,
            (0.02, limit),
            xycoords=("axes fraction", "data"),
            xytext=(0, -4),
            textcoords="offset points",
            va="top",
            color=VERMILION,
        )
        right.set_ylim(0, limit * 1.08)
        right.margins(x=0)
        supplied = run["land supplied by source"] / unit_size("km2 a year", language)
        finding = findings.land(supplied, run["built up area"], run["URBAN DEVELOPMENT BOUNDARY"], language)
        note = band_note(material, "land bands", language)
        frame_chart(figure, material, "land_supply", language, scenario, note, finding=finding)
        return figure
