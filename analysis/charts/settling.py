"""Charts of settling: people, land and money by district, and who wants to register against who does."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from analysis.charts import findings
from analysis.charts.frame import band_note, frame_chart, label_axes
from analysis.charts.marks import draw_fan, elements_of, median_and_reach
from analysis.charts.material import Material
from analysis.charts.panels import SCHOOLS
from analysis.charts.style import BLACK, BLUE, DASHES, GREEN, GREY, ORANGE, VERMILION, Size, chart_style
from analysis.charts.wrapping import TITLE_INCHES, wrapped
from analysis.outcome.ensembles import has_members, quantile
from analysis.outcome.words import element_name, unit_name, unit_size, word

#: The two years in which districts are compared.
CIRCLE_YEARS = (2025, 2035)
#: How far above and below the middle of a district's row its two years stand.
STEP = 0.2
#: How strongly what belongs to the first of the two years is drawn.
FAINT = 0.45
#: Columns that hold dots, by their number from the left: label and unit.
COLUMNS = {
    0: ("settled", "people a year"),
    2: ("net", "yuan a person"),
    3: ("readiness", "readiness"),
    4: ("places opened", "places a year"),
}
#: How wide the columns are relative to each other, and which share of the figure they have.
WIDTHS = (1, 1.5, 1.15, 1, 1)
LEFT_BY_NAMES = 0.82
MOVERS = ("rural in town", "from province", "from other provinces")


def people_land_money(material: Material, scenario: str, language: str, canvas: Size | None = None) -> Figure:
    """Draw, by district: who settles, what one brings and costs, how ready the district is, and places it opens."""
    run = material.runs[scenario]
    base = material.runs.get("baseline") if scenario != "baseline" else None
    with chart_style():
        figure = Figure(figsize=canvas or (14, 7.4), layout="constrained")
        parts: Any = figure.subfigures(2, 1, height_ratios=(1, 16))
        key, body = parts
        axes = body.subplots(1, 5, sharey=True, width_ratios=WIDTHS)
        columns, others = _columns(run), {} if base is None else _columns(base)
        for number, (label, unit) in COLUMNS.items():
            ax, size = axes[number], unit_size(unit, language)
            colours = (GREEN, VERMILION) if label == "net" else (BLUE, BLUE)
            _compare_years(ax, columns[label] / size, others[label] / size if others else None, colours)
            _name_column(ax, number, label, unit, language)
        _bring_and_cost(axes[1], run, language)
        for ax, level in ((axes[2], 0.0), (axes[3], 1.0)):
            ax.axvline(level, color=BLACK, lw=0.8)
        for ax in (axes[0], axes[1], axes[4]):
            ax.set_xlim(left=0)
        names = elements_of(run["district readiness"], "District")
        axes[0].set_yticks(range(len(names)), [element_name(name, language) for name in names])
        axes[0].set_ylim(len(names) - 0.5, -0.5)
        _circle_legend(key, language, base is not None, material)
        notes = word("labels", "circle note", language), band_note(material, "circle bands", language)
        finding = findings.circle(run, base, CIRCLE_YEARS, language)
        frame_chart(figure, material, "people_land_money", language, scenario, *notes, finding=finding)
        return figure


def _columns(run: xr.Dataset) -> dict[str, xr.DataArray]:
    """What stands in columns as dots, by label."""
    return {
        "settled": run["settled by district"],
        "net": run["gain of a settled person"] - run["cost of a settled person"],
        "readiness": run["district readiness"],
        "places opened": quantile(run["capacity completed"], 0.5).sel(Service=list(SCHOOLS)).sum("Service"),
    }


def _name_column(ax: Axes, column: int, label: str, unit: str, language: str) -> None:
    figure = ax.get_figure(root=True)
    assert figure is not None
    # What the names of districts leave of the figure is shared by the columns.
    width = LEFT_BY_NAMES * WIDTHS[column] / sum(WIDTHS) * figure.get_figwidth() / TITLE_INCHES
    ax.set_title(wrapped(word("labels", label, language), language, width), fontsize=10)
    # Letters of units are smaller than those of titles.
    ax.set_xlabel(wrapped(unit_name(unit, language), language, 1.25 * width))
    ax.xaxis.set_major_locator(MaxNLocator(4))


def _compare_years(ax: Axes, values: xr.DataArray, baseline: xr.DataArray | None, colours: tuple[str, str]) -> None:
    """Draw a hollow and a full dot for each district: the two years; colours are those of what is above and below 0."""
    rows = np.arange(values.sizes["District"])
    for year, shift in zip(CIRCLE_YEARS, (-STEP, STEP), strict=True):
        now = values.sel(time=year)
        middle, reach = median_and_reach(now)
        for row, value in enumerate(middle.to_numpy()):
            colour = colours[0] if value >= 0 else colours[1]
            fill = colour if year == CIRCLE_YEARS[-1] else "white"
            look: dict[str, Any] = {
                "fmt": "o",
                "ms": 5.5,
                "mfc": fill,
                "mec": colour,
                "ecolor": colour,
                "elinewidth": 1,
            }
            whisker = [[float(end[row])] for end in reach] if has_members(now) else None
            ax.errorbar([value], [row + shift], xerr=whisker, **look)
    if baseline is not None:
        other = quantile(baseline.sel(time=CIRCLE_YEARS[-1]), 0.5)
        ax.plot(other, rows + STEP, ls="", marker="|", ms=9, mew=2, color=BLACK, zorder=4)


def _bring_and_cost(ax: Axes, run: xr.Dataset, language: str) -> None:
    """Draw what one settled person brings as stacked bars, and what that costs as a diamond, in both years."""
    size = unit_size("yuan a person", language)
    for year, shift in zip(CIRCLE_YEARS, (-STEP, STEP), strict=True):
        brings, costs = (
            (quantile(run[f"{side} of a settled person"].sel(time=year), 0.5) / size).to_numpy()
            for side in ("gain", "cost")
        )
        award = float(quantile(run["AWARD PER SETTLED PERSON"].sel(time=year), 0.5)) / size
        rows = np.arange(len(brings)) + shift
        strength = 1.0 if year == CIRCLE_YEARS[-1] else FAINT
        ax.barh(rows, np.minimum(award, brings), height=0.34, color=BLUE, alpha=strength)
        ax.barh(rows, np.maximum(brings - award, 0), left=award, height=0.34, color=GREEN, alpha=strength)
        ax.plot(costs, rows, ls="", marker="D", ms=5, mec=VERMILION, mfc=VERMILION if strength == 1 else "white")
    _name_column(ax, 1, "brings and costs", "yuan a person", language)


def _circle_legend(figure: SubFigure, language: str, with_baseline: bool, material: Material) -> None:
    first, last = (findings.say("year", language, year=year) for year in CIRCLE_YEARS)
    dot: dict[str, Any] = {"ls": "", "marker": "o", "ms": 5.5, "mec": GREY}
    handles: list[Any] = [Line2D([], [], mfc="white", label=first, **dot), Line2D([], [], mfc=GREY, label=last, **dot)]
    if with_baseline:
        title = f"{material.scenarios['baseline'].title[language]}{'' if language == 'zh' else ' '}{last}"
        handles.append(Line2D([], [], ls="", marker="|", ms=9, mew=2, color=BLACK, label=title))
    handles += [
        Patch(color=colour, label=word("labels", name, language))
        for name, colour in (("award", BLUE), ("linked land", GREEN))
    ]
    handles.append(Line2D([], [], ls="", marker="D", ms=5, color=VERMILION, label=word("labels", "cost", language)))
    figure.legend(handles=handles, loc="center left", ncols=len(handles), fontsize=9)


def settlement(material: Material, scenario: str, language: str, canvas: Size | None = None) -> Figure:
    """Draw, by origin, those who want to register and have not, and below what moves their number in a year."""
    run = material.runs[scenario]
    waiting, registering, minds = (
        run[name].sum("District") for name in ("Willing To Settle", "settled by district and group", "changes of mind")
    )
    newcomers = quantile(run["newcomers"], 0.5).rename(Group="Mover").sel(Mover=list(MOVERS))
    wishing = (quantile(run["willingness to settle"], 0.5) * newcomers).sum("District")
    with chart_style():
        figure = Figure(figsize=canvas or (12, 7), layout="constrained")
        axes = figure.subplots(2, len(MOVERS), sharex=True, sharey="row")
        for column, origin in enumerate(MOVERS):
            above, below = axes[:, column]
            size = label_axes(above, None, "thousand people", language)
            above.set_title(element_name(origin, language))
            draw_fan(above, waiting.sel(Mover=origin) / size, VERMILION, label=word("labels", "waiting", language))
            size = label_axes(below, None, "people a year", language)
            for name, flow, colour in (
                ("registering", registering, BLUE),
                ("willing newcomers", wishing, GREEN),
                ("mind changes", minds, ORANGE),
            ):
                draw_fan(below, flow.sel(Mover=origin) / size, colour, label=word("labels", name, language))
            below.axhline(0, color=BLACK, lw=0.8)
            for ax in (above, below):
                ax.margins(x=0)
                if column:
                    ax.set_ylabel("")
        compared = scenario != "baseline" and "baseline" in material.runs
        if compared:
            title = material.scenarios["baseline"].title[language]
            for row, name, unit in (
                (0, "Willing To Settle", "thousand people"),
                (1, "settled by district and group", "people a year"),
            ):
                other = quantile(material.runs["baseline"][name].sum("District"), 0.5) / unit_size(unit, language)
                for ax, origin in zip(axes[row], MOVERS, strict=True):
                    ax.plot(other["time"], other.sel(Mover=origin), color=BLACK, lw=1.2, ls=DASHES[1], label=title)
        axes[0, 0].set_ylim(bottom=0)
        for ax in axes[:, 0]:
            lines = [line for line in ax.lines if not str(line.get_label()).startswith("_child")]
            ax.legend(lines, [str(line.get_label()) for line in lines], loc="best", fontsize=8)
        notes = word("labels", "settlement note", language), band_note(material, "bands", language)
        finding = findings.settlement(waiting, registering, language)
        frame_chart(figure, material, "settlement", language, scenario, *notes, finding=finding)
        return figure
