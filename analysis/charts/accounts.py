"""The account of what moved the urbanization rates."""

from __future__ import annotations

import xarray as xr
from matplotlib.figure import Figure

from analysis.charts import findings
from analysis.charts.frame import band_note, frame_chart, label_axes
from analysis.charts.marks import median_and_reach, stack_bars
from analysis.charts.material import Material
from analysis.charts.style import BLACK, Size, chart_style
from analysis.outcome.ensembles import quantile
from analysis.outcome.words import word

RATE_ACCOUNTS = {"resident rate": "Resident Rate Account", "registered rate": "Registered Rate Account"}


def rate_account(material: Material, scenario: str, language: str, canvas: Size | None = None) -> Figure:
    """Draw what moved each urbanization rate from one year's end to the next, by cause."""
    with chart_style():
        figure = Figure(figsize=canvas or (10, 8), layout="constrained")
        axes = figure.subplots(2, 1, sharex=True)
        moved: dict[str, xr.DataArray] = {}
        for ax, (label, variable) in zip(axes, RATE_ACCOUNTS.items(), strict=True):
            size = label_axes(ax, label, "percentage points", language)
            changes = material.runs[scenario][variable].diff("time") / size
            moved[word("labels", label, language)] = changes
            parts = quantile(changes, 0.5)
            stack_bars(ax, parts, language)
            middle, reach = median_and_reach(changes.sum(next(str(dim) for dim in parts.dims if dim != "time")))
            total = word("labels", "sum", language)
            ax.errorbar(middle["time"], middle, reach, fmt="D", color=BLACK, ms=4, lw=1, capsize=2, label=total)
            ax.axhline(0, color=BLACK, lw=0.8)
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right upper", fontsize=8)
        note = band_note(material, "account bands", language)
        finding = findings.account(moved, language)
        frame_chart(figure, material, "rate_account", language, scenario, note, finding=finding, room=0.8)
        return figure
