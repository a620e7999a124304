"""The chart of the three accounts of public money, and of what is cut when they run short."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.charts import findings
from analysis.charts.frame import band_note, frame_chart, label_axes
from analysis.charts.labels import label_right
from analysis.charts.marks import draw_fan
from analysis.charts.material import Material
from analysis.charts.panels import FUNDED
from analysis.charts.record import begin_with_record, draw_record, record, record_note
from analysis.charts.style import BLACK, BLUE, DASHES, GREEN, ORANGE, VERMILION, Size, chart_style, darken
from analysis.outcome.ensembles import quantile
from analysis.outcome.words import unit_size, word


def three_accounts(material: Material, scenario: str, language: str, canvas: Size | None = None) -> Figure:
    """Draw the general budget, the land account, debt against its ceiling, and which share of spending is funded."""
    run = material.runs[scenario]

    def of_baseline(variable: str) -> list[tuple[str, xr.DataArray, Any]]:
        if scenario == "baseline" or "baseline" not in material.runs:
            return []
        return [(material.scenarios["baseline"].title[language], material.runs["baseline"][variable], DASHES[2])]

    ceiling = run["DEBT CEILING"] * run["total public income"]
    with chart_style():
        figure = Figure(figsize=canvas or (12, 7.4), layout="constrained")
        budget, land, debt, funded = figure.subplots(2, 2, sharex=True).flat
        spent = run["budget revenue"] + run["transfers received"]
        lines = [("budget spending", spent, BLUE), ("own revenue", run["budget revenue"], GREEN)]
        _draw(
            budget,
            "general budget",
            "yuan a year",
            [*lines, ("committed", run["committed spending"], VERMILION)],
            language,
        )
        draw_record(budget, record("budget revenue"), unit_size("yuan a year", language))
        lines = [
            ("land sold", run["land sale revenue"], GREEN),
            ("left for capital", run["land income for capital"], ORANGE),
        ]
        _draw(land, "land account", "yuan a year", lines, language)
        limit = (word("labels", "ceiling", language), ceiling, DASHES[1])
        lines = [("debt", run["Municipal Debt"], VERMILION)]
        _draw(debt, "debt account", "yuan", lines, language, [limit, *of_baseline("Municipal Debt")])
        capital, other = FUNDED
        lines = [("capital funded", run[capital], BLUE), ("other funded", run[other], GREEN)]
        _draw(funded, "funded", "percent", lines, language, of_baseline(capital))
        notes = (
            *(word("labels", one, language) for one in ("accounts note", record_note())),
            band_note(material, "bands", language),
        )
        begin_with_record(budget, land, debt, funded)
        finding = findings.accounts(run["Municipal Debt"], ceiling, run[list(FUNDED)], language)
        frame_chart(figure, material, "three_accounts", language, scenario, *notes, finding=finding)
        return figure


def _draw(
    ax: Axes,
    label: str,
    unit: str,
    lines: Sequence[tuple[str, xr.DataArray, str]],
    language: str,
    extra: Sequence[tuple[str, xr.DataArray, Any]] = (),
) -> None:
    """Draw lines with their bands and names, and further ones in black without bands, each of a dash."""
    size = label_axes(ax, label, unit, language)
    ends = []
    for name, series, colour in lines:
        draw_fan(ax, series / size, colour)
        ends.append((word("labels", name, language), _end(series) / size, darken(colour)))
    for text, level, dash in extra:
        draw_fan(ax, level / size, BLACK, dash, bands=False, width=1.4)
        ends.append((text, _end(level) / size, BLACK))
    low, high = 1.05 * min(0.0, ax.dataLim.ymin), 1.08 * ax.dataLim.ymax
    ax.set_ylim(low, high)
    if low < 0:
        ax.axhline(0, color=BLACK, lw=0.8)
    label_right(ax, ends, 0.08 * (high - low), low)
    ax.margins(x=0)


def _end(series: xr.DataArray) -> float:
    return float(quantile(series, 0.5)[-1])
