"""The chart of the housing market: homes sold, homes unsold, their price, and what land brings in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import xarray as xr
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from analysis.charts import findings
from analysis.charts.frame import band_note, frame_chart, label_axes
from analysis.charts.labels import label_right
from analysis.charts.marks import draw_fan
from analysis.charts.material import Material
from analysis.charts.record import OBSERVED, begin_with_record, draw_record, record, record_note
from analysis.charts.style import BLACK, DASHES, Size, chart_style, darken
from analysis.outcome.ensembles import quantile
from analysis.outcome.words import unit_size, word

#: The panels from the top, by their labels: variable and unit.
PANELS: Final[Mapping[str, tuple[str, str]]] = {
    "sales": ("homes sold", "m2 a year"),
    "months unsold": ("unsold homes in years of sales", "months of sales"),
    "house price": ("mean house price", "yuan a m2"),
    "land income": ("land sale revenue", "yuan a year"),
}
#: From how many of its unit on a number is written without decimals.
WHOLE = 100


def housing_market(material: Material, scenario: str, language: str, canvas: Size | None = None) -> Figure:
    """Draw sales, months of unsold homes, price and land income over the same years, with the baseline beside them."""
    run, look = material.runs[scenario], material.styles[scenario]
    market = _market(run, language)
    others = (
        {}
        if scenario == "baseline" or "baseline" not in material.runs
        else _market(material.runs["baseline"], language)
    )
    with chart_style():
        figure = Figure(figsize=canvas or (11, 8.2), layout="constrained")
        axes = dict(zip(PANELS, figure.subplots(4, 1, sharex=True), strict=True))
        for name, ax in axes.items():
            size = label_axes(ax, name, PANELS[name][1], language)
            draw_record(ax, record(PANELS[name][0]), size)
            draw_fan(ax, market[name], look["color"], width=2.4, label=material.scenarios[scenario].title[language])
            if others:
                other, title = quantile(others[name], 0.5), material.scenarios["baseline"].title[language]
                ax.plot(other["time"], other, color=BLACK, lw=1.2, ls=DASHES[1], label=title)
            end = float(quantile(market[name], 0.5)[-1])
            label_right(ax, [(f"{end:,.{0 if end >= WHOLE else 1}f}", end, darken(look["color"]))], 0.0)
            ax.margins(x=0)
            ax.set_ylim(0, 1.08 * ax.dataLim.ymax)
            ax.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        calm = quantile(run["NORMAL UNSOLD TIME"], 0.5) / unit_size("months of sales", language)
        axes["months unsold"].plot(calm["time"], calm, color=BLACK, lw=1.2, ls=DASHES[2])
        begin_with_record(*axes.values())
        lines = [line for line in axes["sales"].lines if line.get_label() not in OBSERVED]
        where = {"loc": "lower right", "bbox_to_anchor": (1, 1), "ncols": 2, "borderaxespad": 0.2, "fontsize": 9}
        axes["sales"].legend(lines, [str(line.get_label()) for line in lines], **where)
        notes = (word("labels", one, language) for one in ("market note", record_note()))
        finding = findings.housing(market["house price"], market["months unsold"], market["land income"], language)
        frame_chart(
            figure,
            material,
            "housing_market",
            language,
            scenario,
            *notes,
            band_note(material, "bands", language),
            finding=finding,
        )
        return figure


def _market(run: xr.Dataset, language: str) -> dict[str, xr.DataArray]:
    """What the panels show, in the units of their axes."""
    return {panel: run[variable] / unit_size(unit, language) for panel, (variable, unit) in PANELS.items()}
