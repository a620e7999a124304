"""Charts of indicators over time: scenarios side by side, and six indicators of one scenario."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.charts.frame import band_note, frame_chart, label_axes
from analysis.charts.labels import label_lines, label_targets
from analysis.charts.marks import draw_bars_at_end, draw_fan, mark_targets, targets_of
from analysis.charts.material import Material, families
from analysis.charts.panels import COMPARISONS, INDICATORS, Panel
from analysis.charts.style import Size, chart_style
from analysis.outcome.words import unit_size, word


def comparison(material: Material, name: str, language: str, canvas: Size | None = None) -> Figure:
    """Draw one of `COMPARISONS`: medians by scenario, bands, and the plan's targets for the same variable.

    The baseline and the plan have bands over the years; every scenario has them at the end.
    """
    panels, columns = COMPARISONS[name], families(material)
    with chart_style():
        figure = Figure(figsize=canvas or (3 + 5.5 * len(columns), 1.4 + 3.4 * len(panels)), layout="constrained")
        rows = figure.subplots(len(panels), len(columns), squeeze=False, sharey="row")
        drawn: list[tuple[Axes, Panel, dict[str, tuple[float, float]]]] = []
        for row, panel in zip(rows, panels, strict=True):
            for column, (ax, family) in enumerate(zip(row, columns, strict=True)):
                with_bands = ("baseline", "plan")[column:]
                drawn.append((ax, panel, _compare(ax, material, panel, family, with_bands, language)))
                if len(columns) > 1:
                    words = word("labels", ("single measures", "plan variants")[column], language)
                    ax.set_title(f"{word('labels', panel.label, language)} · {words}", loc="left")
                if column:
                    ax.set_ylabel("")
                    ax.tick_params(labelleft=True)
        frame_chart(figure, material, name, language, None, band_note(material, "comparison bands", language))
        figure.draw_without_rendering()
        for ax, _, ends in drawn:
            label_lines(ax, material, ends, language)
        # Titles beside the lines take room from the axes that a target's words have to stay inside.
        _label_targets(figure, [(ax, panel) for ax, panel, _ in drawn], material, language)
        return figure


def _compare(
    ax: Axes, material: Material, panel: Panel, family: Sequence[str], with_bands: Sequence[str], language: str
) -> dict[str, tuple[float, float]]:
    """Draw a family of scenarios in one panel; return where each line ends."""
    size = label_axes(ax, panel.label, panel.unit, language)
    ends = {}
    for position, scenario in enumerate(family):
        series, look = material.runs[scenario][panel.variable] / size, material.styles[scenario]
        width = 3 if scenario in ("baseline", "plan") else 1.5
        draw_fan(ax, series, look["color"], look["linestyle"], bands=scenario in with_bands, width=width)
        ends[scenario] = draw_bars_at_end(ax, series, position, look["color"])
    mark_targets(ax, material, panel.variable, size)
    room = 0.4 if len({end[0] for end in ends.values()}) > 1 else 0.0
    ax.set_xlim(right=max(end[0] for end in ends.values()) + room)
    return ends


def indicators(material: Material, scenario: str, language: str, canvas: Size | None = None) -> Figure:
    """Draw the course of six indicators with their bands, and the plan's targets for them."""
    with chart_style():
        figure = Figure(figsize=canvas or (11, 7), layout="constrained")
        panels = list(zip(figure.subplots(2, 3, sharex=True).flat, INDICATORS, strict=True))
        for ax, panel in panels:
            size = label_axes(ax, panel.label, panel.unit, language)
            draw_fan(ax, material.runs[scenario][panel.variable] / size, material.styles[scenario]["color"])
            mark_targets(ax, material, panel.variable, size)
            ax.margins(x=0.02, y=0.12)
        frame_chart(figure, material, "indicators", language, scenario, band_note(material, "bands", language))
        _label_targets(figure, panels, material, language)
        return figure


def _label_targets(figure: Figure, panels: Sequence[tuple[Axes, Panel]], material: Material, language: str) -> None:
    """Lay the figure out, and then write what the stars want where there is room."""
    figure.draw_without_rendering()
    for ax, panel in panels:
        label_targets(ax, targets_of(material, panel.variable), unit_size(panel.unit, language), language)
