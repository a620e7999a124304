"""What a user takes away from the page: the chart as PNG and the numbers behind it as CSV."""

from __future__ import annotations

import io
from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.charts.frame import head_and_foot
from analysis.charts.marks import target_height
from analysis.charts.style import BANDS, BLACK, DASHES, YELLOW, chart_style
from analysis.dashboard.charts import COLOURS, wanted
from analysis.page.indicators import Indicator
from analysis.dashboard.live_ensemble import LiveEnsemble, Outcome
from analysis.dashboard.statistics import bands
from analysis.page.words import say
from analysis.outcome.ensembles import QUANTILES
from model.definition import variables_by_name

#: What the columns of quantiles are called, in the order of `QUANTILES`.
STATISTICS = ("p05", "p25", "median", "p75", "p95")
_LOOKS = {"baseline": DASHES[1], "against": DASHES[2], "page": DASHES[0]}


def chart(
    live: LiveEnsemble,
    outcomes: Mapping[str, Outcome],
    indicator: Indicator,
    titles: Mapping[str, str],
    language: str,
    foot: str,
) -> bytes:
    """Draw one indicator by role as the page shows it, as a PNG file; `foot` is what the chart rests on."""
    size, unit = indicator.size[language], indicator.unit[language]
    with chart_style():
        figure = Figure(figsize=(9.5, 5.2), layout="constrained")
        ax = figure.subplots()
        keys: list[Line2D] = []
        for role in ("baseline", "against", "page"):
            if role not in outcomes:
                continue
            values = dict(zip(QUANTILES, bands(live, outcomes[role], indicator.variable, size), strict=True))
            colour = COLOURS[role]
            if role == "page":
                for low, high, alpha in BANDS:
                    ax.fill_between(live.times, values[low], values[high], color=colour, alpha=alpha, lw=0)
            else:
                for level in (0.05, 0.95):
                    ax.plot(live.times, values[level], color=colour, lw=0.8, ls=":")
            width = 2.4 if role == "page" else 1.6
            keys += ax.plot(live.times, values[0.5], color=colour, ls=_LOOKS[role], lw=width, label=titles[role])
        for target in indicator.targets:
            height = target_height(target, size)
            label = f"{say('target star', language)} {wanted(target)}"
            keys += ax.plot(target.year, height, "*", ms=14, color=YELLOW, mec=BLACK, zorder=5, label=label, ls="none")
        ax.set_ylabel(unit)
        ax.margins(x=0.02, y=0.1)
        # Named, as matplotlib leaves labels that begin with an underscore out of what it collects.
        ax.legend(keys, [str(key.get_label()) for key in keys], loc="upper left", bbox_to_anchor=(1.0, 1.0))
        status = _status(live, outcomes, language)
        head_and_foot(figure, indicator.title[language], f"{say('band', language)} {status}", foot)
        file = io.BytesIO()
        figure.savefig(file, format="png", metadata={"Software": None, "Description": indicator.title["en"]})
    return file.getvalue()


def data(
    live: LiveEnsemble, outcomes: Mapping[str, Outcome], titles: Mapping[str, str], manifest: Mapping[str, str]
) -> str:
    """Return the bands of every indicator that the page knows as a table, under lines with the manifest."""
    variables, tables = variables_by_name(), []
    for role, outcome in outcomes.items():
        status = "every member exact" if outcome.complete else "preliminary: members estimated"
        for name in live.outputs:
            values = bands(live, outcome, name)
            elements = live.elements[live.axes[name][0]] if live.axes[name] else ("",)
            for index, element in enumerate(elements):
                courses = values[:, :, index] if values.ndim == 3 else values
                columns = {
                    "role": titles[role],
                    "scenario_hash": outcome.scenario.hash,
                    "variable": name,
                    "element": element,
                    "unit": variables[name].unit,
                    "year": live.times,
                    **dict(zip(STATISTICS, courses, strict=True)),
                    "status": status,
                }
                tables.append(pd.DataFrame(columns))
    head = "".join(f"# {key}: {value}\n" for key, value in manifest.items())
    return head + str(pd.concat(tables).to_csv(index=False, float_format="%.10g", lineterminator="\n"))


def _status(live: LiveEnsemble, outcomes: Mapping[str, Outcome], language: str) -> str:
    members = live.members.sizes["member"]
    if all(outcome.complete for outcome in outcomes.values()):
        return say("complete", language, members=members)
    return say("preliminary", language, members=members, exact=live.pilots)
