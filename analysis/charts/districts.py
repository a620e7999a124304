"""The chart of the urbanization rate of each district."""

from __future__ import annotations

from math import ceil

from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from analysis.charts import findings
from analysis.charts.frame import band_note, frame_chart
from analysis.charts.marks import draw_fan, elements_of
from analysis.charts.material import Material
from analysis.charts.record import begin_with_record, district_record, record_note
from analysis.charts.style import BLACK, DASHES, GREY, Size, chart_style
from analysis.outcome.ensembles import quantile
from analysis.outcome.words import element_name, unit_name, unit_size, word


def districts(material: Material, scenario: str, language: str, canvas: Size | None = None) -> Figure:
    """Draw the resident urbanization rate of each district, with the baseline beside it."""
    with chart_style():
        figure = Figure(figsize=canvas or (11, 7.6), layout="constrained")
        size = unit_size("percent", language)
        rates = material.runs[scenario]["resident urbanization rate by district"] / size
        compared = scenario != "baseline" and "baseline" in material.runs
        base = quantile(material.runs["baseline" if compared else scenario][rates.name], 0.5) / size
        names = elements_of(rates, "District")
        look = material.styles[scenario]
        rows = ceil(len(names) / (4 if len(names) <= 12 else 5))
        axes = list(figure.subplots(rows, ceil(len(names) / rows), sharex=True).flat)
        for ax in axes[len(names) :]:
            ax.remove()
        for ax, district in zip(axes, names, strict=False):
            rate, reference = rates.sel(District=district), base.sel(District=district)
            draw_fan(ax, rate, look["color"], width=3, label=material.scenarios[scenario].title[language])
            counted = district_record()[district]
            ax.plot(list(counted), [value / size for value in counted.values()], "o", ms=4, color=GREY, label="_record")
            end = float(quantile(rate, 0.5)[-1])
            text = findings.say("district end", language, year=f"{float(rate['time'][-1]):.0f}", rate=end)
            if compared:
                title = material.scenarios["baseline"].title[language]
                ax.plot(reference["time"], reference, color=BLACK, lw=1.2, ls=DASHES[1], label=title)
                gain = round(end - float(reference[-1]), 1)
                text += findings.say("district gain", language, gain=f"{gain:+.1f}" if gain else "0")
            ax.text(0.04, 0.95, text, transform=ax.transAxes, va="top")
            ax.set_title(element_name(district, language), fontsize=9)
            ax.margins(x=0)
            begin_with_record(ax)
            # Ten points at least, so that a level line looks level, and none above the most a share can be; room above
            # for the text.
            low, high = ax.dataLim.ymin, ax.dataLim.ymax
            span = max(high - low, 10.0)
            top = min((low + high + span) / 2, max(high, 1.0 / size))
            ax.set_ylim(top - 1.1 * span, top + 0.35 * span)
            ax.set_yticks([tick for tick in ax.get_yticks() if top - 1.1 * span <= tick <= 1.0 / size])
            ax.xaxis.set_major_locator(MultipleLocator(10))
            if ax.get_subplotspec().is_first_col():
                ax.set_ylabel(unit_name("percent", language))
        # Taken from the lines, as matplotlib leaves labels that begin with an underscore out of what it collects.
        lines = [line for line in figure.axes[0].lines if line.get_label() != "_record"]
        labels = [str(line.get_label()) for line in lines]
        figure.legend(lines, labels, loc="outside right upper", fontsize=9)
        notes = (
            word("labels", "own scales", language),
            word("labels", "difference", language) if compared else "",
            band_note(material, "bands", language),
            word("labels", record_note(), language),
        )
        finding = findings.district_map(quantile(rates, 0.5), "district_map", language)
        frame_chart(figure, material, "districts", language, scenario, *notes, finding=finding, room=0.8)
        return figure
