"""Accounts: what moved the urbanization rates, and the ledger of people, land and money by district."""

from __future__ import annotations

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from analysis.charts.frame import band_note, frame_chart, label_axes
from analysis.charts.marks import elements_of, median_and_reach, stack_bars
from analysis.charts.material import Material
from analysis.charts.panels import LEDGER
from analysis.charts.style import BLACK, PART_COLOURS, Size, chart_style
from analysis.outcome.ensembles import has_members, quantile
from analysis.outcome.words import element_name, unit_name, unit_size, word

RATE_ACCOUNTS = {"resident rate": "Resident Rate Account", "registered rate": "Registered Rate Account"}


def rate_account(material: Material, scenario: str, language: str, canvas: Size | None = None) -> Figure:
    """Draw what moved each urbanization rate from one year's end to the next, by cause."""
    with chart_style():
        figure = Figure(figsize=canvas or (10, 8), layout="constrained")
        axes = figure.subplots(2, 1, sharex=True)
        for ax, (label, variable) in zip(axes, RATE_ACCOUNTS.items(), strict=True):
            size = label_axes(ax, label, "percentage points", language)
            changes = material.runs[scenario][variable].diff("time") / size
            parts = quantile(changes, 0.5)
            stack_bars(ax, parts, language)
            middle, reach = median_and_reach(changes.sum(next(str(dim) for dim in parts.dims if dim != "time")))
            total = word("labels", "sum", language)
            ax.errorbar(middle["time"], middle, reach, fmt="D", color=BLACK, ms=4, lw=1, capsize=2, label=total)
            ax.axhline(0, color=BLACK, lw=0.8)
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right upper", fontsize=8)
        note = band_note(material, "account bands", language)
        frame_chart(figure, material, "rate_account", language, scenario, note)
        return figure


def ledger(material: Material, scenario: str, language: str, canvas: Size | None = None) -> Figure:
    """Draw the ledger by district: people settled, quota earned, land supplied, award received, services paid."""
    with chart_style():
        figure = Figure(figsize=canvas or (13, 5.5), layout="constrained")
        run = material.runs[scenario]
        after = run.sel(time=run["time"] > run["time"][0])
        axes = figure.subplots(1, len(LEDGER), sharey=True)
        for ax, panel, colour in zip(axes, LEDGER, PART_COLOURS, strict=False):
            mean = after[panel.variable].mean("time") / unit_size(panel.unit, language)
            middle, reach = median_and_reach(mean)
            whiskers = {"xerr": reach, "error_kw": {"lw": 1}} if has_members(mean) else {}
            names = [element_name(name, language) for name in elements_of(mean, "District")]
            ax.barh(names, middle, color=colour, height=0.75, **whiskers)
            ax.set_title(word("labels", panel.label, language), fontsize=10)
            ax.set_xlabel(unit_name(panel.unit, language))
            ax.grid(axis="y", visible=False)
            ax.xaxis.set_major_locator(MaxNLocator(4))
        axes[0].invert_yaxis()
        first, last = (f"{float(after['time'][end]):g}" for end in (0, -1))
        notes = (
            word("labels", "yearly mean", language).format(first=first, last=last),
            word("labels", "no balance", language),
            band_note(material, "bar bands", language),
        )
        frame_chart(figure, material, "ledger", language, scenario, *notes)
        return figure
