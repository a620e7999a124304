"""Charts of indicators over time: scenarios side by side, and six indicators of one scenario."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.charts import findings
from analysis.charts.frame import band_note, frame_chart, label_axes, quantity
from analysis.charts.labels import label_lines, label_targets
from analysis.charts.marks import draw_bars_at_end, draw_fan, mark_targets, targets_of
from analysis.charts.material import Material, families
from analysis.charts.panels import COMPARISONS, INDICATORS, Panel
from analysis.charts.record import begin_with_record, draw_record, record, record_note
from analysis.charts.style import LIGHT_GREY, Size, chart_style
from analysis.outcome.ensembles import quantile
from analysis.outcome.words import unit_size, word

#: Lines of a panel that have a colour and a name.
MOST_LINES = 5


def comparison(material: Material, name: str, language: str, canvas: Size | None = None) -> Figure:
    """Draw one of `COMPARISONS`: medians by scenario, bands, and the plan's targets for the same variable.

    The baseline and the plan have bands over the years; every scenario has them at the end.
    """
    panels, columns = COMPARISONS[name], families(material)
    with chart_style():
        figure = Figure(figsize=canvas or (3 + 5.5 * len(columns), 1.4 + 3.4 * len(panels)), layout="constrained")
        rows = figure.subplots(len(panels), len(columns), squeeze=False, sharey="row")
        shown = _told_apart(material, panels[0], columns)
        drawn: list[tuple[Axes, Panel, dict[str, tuple[float, float]]]] = []
        for row, panel in zip(rows, panels, strict=True):
            for column, (ax, family) in enumerate(zip(row, columns, strict=True)):
                with_bands = ("baseline", "plan")[column:]
                drawn.append((ax, panel, _compare(ax, material, panel, family, shown, with_bands, language)))
                if len(columns) > 1:
                    words = word("labels", ("single measures", "plan variants")[column], language)
                    ax.set_title(f"{word('labels', panel.label, language)} · {words}", loc="left")
                if column:
                    ax.set_ylabel("")
                    ax.tick_params(labelleft=True)
        notes = [band_note(material, "comparison bands", language)]
        if len(shown) < len(material.runs):
            notes.append(word("labels", "other scenarios", language))
        if any(record(panel.variable) for panel in panels):
            notes.append(word("labels", record_note(), language))
        titles = {scenario: material.scenarios[scenario].title[language] for scenario in material.runs}
        series = {
            quantity(word("labels", panel.label, language), panel.unit, language): {
                scenario: run[panel.variable] / unit_size(panel.unit, language)
                for scenario, run in material.runs.items()
            }
            for panel in panels
        }
        finding = findings.comparison(series, titles, language)
        frame_chart(figure, material, name, language, None, *notes, finding=finding)
        figure.draw_without_rendering()
        for ax, _, ends in drawn:
            label_lines(ax, material, ends, language)
        # Titles beside the lines take room from the axes that a target's words have to stay inside.
        _label_targets(figure, [(ax, panel) for ax, panel, _ in drawn], material, language)
        return figure


def _told_apart(material: Material, panel: Panel, columns: Sequence[Sequence[str]]) -> set[str]:
    """Scenarios that have a colour and a name: in each column no more than five, those that end farthest apart."""
    ends = {name: float(quantile(run[panel.variable], 0.5)[-1]) for name, run in material.runs.items()}
    chosen: set[str] = set()
    for family in columns:
        first = [name for name in family if name in ("baseline", "plan")] or list(family[:1])
        others = [name for name in family if name not in first]
        others.sort(key=lambda name: -abs(ends[name] - ends[first[-1]]))
        chosen |= {*first, *others[: MOST_LINES - len(first)]}
    return chosen


def _compare(
    ax: Axes,
    material: Material,
    panel: Panel,
    family: Sequence[str],
    shown: Collection[str],
    with_bands: Sequence[str],
    language: str,
) -> dict[str, tuple[float, float]]:
    """Draw a family of scenarios in one panel; return where each line that is told ends."""
    size = label_axes(ax, panel.label, panel.unit, language)
    draw_record(ax, record(panel.variable), size)
    ends: dict[str, tuple[float, float]] = {}
    for scenario in family:
        if scenario not in shown:
            middle = quantile(material.runs[scenario][panel.variable], 0.5) / size
            ax.plot(middle["time"], middle, color=LIGHT_GREY, lw=0.9, zorder=1.5)
    for position, scenario in enumerate(name for name in family if name in shown):
        series, look = material.runs[scenario][panel.variable] / size, material.styles[scenario]
        width = 3 if scenario in ("baseline", "plan") else 1.5
        draw_fan(ax, series, look["color"], look["linestyle"], bands=scenario in with_bands, width=width)
        ends[scenario] = draw_bars_at_end(ax, series, position, look["color"])
    mark_targets(ax, material, panel.variable, size)
    room = 0.4 if len({end[0] for end in ends.values()}) > 1 else 0.0
    ax.set_xlim(right=max(end[0] for end in ends.values()) + room)
    if record(panel.variable):
        begin_with_record(ax)
    return ends


def indicators(material: Material, scenario: str, language: str, canvas: Size | None = None) -> Figure:
    """Draw the course of six indicators with their bands, and the plan's targets for them."""
    with chart_style():
        figure = Figure(figsize=canvas or (11, 7), layout="constrained")
        panels = list(zip(figure.subplots(2, 3, sharex=True).flat, INDICATORS, strict=True))
        for ax, panel in panels:
            size = label_axes(ax, panel.label, panel.unit, language)
            draw_record(ax, record(panel.variable), size)
            draw_fan(ax, material.runs[scenario][panel.variable] / size, material.styles[scenario]["color"])
            mark_targets(ax, material, panel.variable, size)
            ax.margins(x=0.02, y=0.12)
        begin_with_record(*(ax for ax, _ in panels))
        notes = band_note(material, "bands", language), word("labels", record_note(), language)
        courses = {
            quantity(word("labels", panel.label, language), panel.unit, language): material.runs[scenario][
                panel.variable
            ]
            / unit_size(panel.unit, language)
            for panel in INDICATORS[:3]
        }
        finding = findings.course(courses, language)
        frame_chart(figure, material, "indicators", language, scenario, *notes, finding=finding)
        _label_targets(figure, panels, material, language)
        return figure


def _label_targets(figure: Figure, panels: Sequence[tuple[Axes, Panel]], material: Material, language: str) -> None:
    """Lay the figure out, and then write what the stars want where there is room."""
    figure.draw_without_rendering()
    for ax, panel in panels:
        label_targets(ax, targets_of(material, panel.variable), unit_size(panel.unit, language), language)
