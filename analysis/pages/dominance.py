"""Which feedback loop drives each urbanization rate in each year, and the picture of it.

The contribution of a loop in a year is what the rate would change less, a year, in the years that follow if the loop
were cut from then on. It is a difference of two runs of the model, so it needs no small steps and no tracing of links.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle

from analysis.charts.frame import head_and_foot
from analysis.charts.style import BLACK, chart_style
from analysis.pages.cuts import LOOPS, Settings
from analysis.pages.effects import ENDS
from analysis.pages.words import say
from model.definition import model_hash
from model.engine import CompiledModel
from scenarios.scenario import load_scenario

SCENARIOS: Final = ("baseline", "plan")
#: The rates in percent, by their name among the words.
RATES: Final = {
    "resident rate": "target resident urbanization rate",
    "registered rate": "target registered urbanization rate",
}
YEARS: Final = tuple(range(2020, 2036))
#: Years over which a cut is looked at: perception takes about two, so that one would show only the quickest links.
HORIZON: Final = 3
#: Members taken: medians of differences settle early.
MEMBERS: Final = 40
#: Share of all loops at which a cell is darkest.
DARKEST: Final = 0.7
WHITE: Final = "#FFFFFF"


def contributions(
    city: CompiledModel,
    members: xr.Dataset,
    scenarios: Sequence[str] = SCENARIOS,
    loops: Sequence[str] = tuple(LOOPS),
    years: Sequence[int] = YEARS,
) -> pd.DataFrame:
    """Return what each loop adds to the change of each rate, in points a year.

    Parameters
    ----------
    city
        The model.
    members
        Parameter sets, as from `calibration.fit.ensemble.read_members`; the first `MEMBERS` are taken.
    scenarios, loops, years
        Names of the shipped scenarios and of the loops, and the years from which loops are cut.

    Returns
    -------
    pandas.DataFrame
        A row for each ``scenario``, ``rate``, ``year`` and ``loop``, with the median ``change`` and its 90 % interval
        ``low`` to ``high``; the loop ``""`` stands for the rate itself.
    """
    members, names, rows = members.isel(member=slice(MEMBERS)), list(RATES.values()), []
    for scenario in scenarios:
        settings: Settings = load_scenario(scenario).settings(members)
        base = city.run(settings, outputs=names, final_time=max(years) + HORIZON)
        for year in years:
            last = year + HORIZON
            changes = {"": base.sel(time=last) - base.sel(time=year)}
            for loop in loops:
                cut = LOOPS[loop].settings(city, settings, year, last)
                run = city.run(settings | cut, outputs=names, final_time=last)
                changes[loop] = base.sel(time=last) - run.sel(time=last)
            for loop, change in changes.items():
                for rate, name in RATES.items():
                    values = change[name].to_numpy() / HORIZON
                    rows.append((scenario, rate, year, loop, float(np.median(values)), *np.quantile(values, ENDS)))
    return pd.DataFrame(rows, columns=["scenario", "rate", "year", "loop", "change", "low", "high"])


def leaders(table: pd.DataFrame) -> str:
    """Return in Markdown which loop adds most to, or takes most from, each rate in which years."""
    lines = []
    for (scenario, rate), rows in table[table["loop"] != ""].groupby(["scenario", "rate"], sort=False):
        spans: list[list[object]] = []
        for year, of_year in rows.groupby("year", sort=True):
            first = of_year.iloc[int(of_year["change"].abs().to_numpy().argmax())]
            leader = f"{first['loop']}{'+' if first['change'] > 0 else '-'}"
            if spans and spans[-1][0] == leader:
                spans[-1][2] = year
            else:
                spans.append([leader, year, year])
        told = ", ".join(f"{loop} {start}" + (f"-{end}" if end != start else "") for loop, start, end in spans)
        lines.append(f"- {say(str(rate), 'en')}, `{scenario}`: {told}")
    return "\n".join(lines)


def picture(table: pd.DataFrame, count: int, language: str) -> Figure:
    """Draw the contributions: loops by years, a panel for each scenario and rate.

    Parameters
    ----------
    table
        As from `contributions`.
    count
        Members it was made from.
    language
        "zh" or "en".
    """
    with chart_style():
        scenarios, rates = (list(dict.fromkeys(table[name])) for name in ("scenario", "rate"))
        figure = Figure(figsize=(15, 4.4 * len(scenarios) + 1), layout="constrained")
        axes = figure.subplots(len(scenarios), len(rates), squeeze=False, sharey=True)
        for row, scenario in enumerate(scenarios):
            for column, rate in enumerate(rates):
                ax = axes[row, column]
                image = _panel(ax, table[(table["scenario"] == scenario) & (table["rate"] == rate)], language)
                title = load_scenario(scenario).title[language]
                ax.set_title(
                    say("dominance panel", language, scenario=title, rate=say(rate, language)), loc="left", fontsize=10
                )
        bar = figure.colorbar(image, ax=axes.ravel().tolist(), shrink=0.6, pad=0.01)
        bar.set_label(say("dominance colour", language))
        numbers = say("dominance numbers", language, horizon=HORIZON, members=count)
        note = say("dominance note", language, model=model_hash())
        head_and_foot(figure, say("dominance title", language), numbers, note)
        return figure


def _panel(ax: Axes, table: pd.DataFrame, language: str) -> AxesImage:
    own = table[table["loop"] == ""].set_index("year")
    cells = table[table["loop"] != ""]
    loops, years = list(dict.fromkeys(cells["loop"])), list(dict.fromkeys(cells["year"]))
    changes, low, high = (
        cells.pivot(index="loop", columns="year", values=name).loc[loops, years].to_numpy()
        for name in ("change", "low", "high")
    )
    whole = np.abs(changes).sum(axis=0)
    shares = np.divide(changes, whole, out=np.zeros_like(changes), where=whole > 0)
    image = ax.imshow(shares, cmap="RdBu_r", vmin=-DARKEST, vmax=DARKEST, aspect="auto")
    ax.grid(visible=False)
    for column in range(len(years)):
        first = int(np.abs(changes[:, column]).argmax())
        ax.add_patch(Rectangle((column - 0.5, first - 0.5), 1, 1, fill=False, ec=BLACK, lw=1.3))
        for row in range(len(loops)):
            settled = low[row, column] > 0 or high[row, column] < 0
            colour = WHITE if abs(shares[row, column]) > 0.6 * DARKEST else BLACK
            _number(ax, (column, row), changes[row, column], colour, "{}" if settled else "({})")
        _number(ax, (column, len(loops)), own.loc[years[column], "change"], BLACK)
    ax.set_ylim(len(loops) + 0.5, -0.5)
    names = [f"{loop} {LOOPS[loop].title[language]}" for loop in loops]
    ax.set_yticks(range(len(loops) + 1), [*names, say("dominance itself", language)], fontsize=8)
    ax.set_xticks(range(len(years)), [str(year) for year in years], fontsize=7)
    ax.tick_params(length=0)
    return image


def _number(ax: Axes, at: tuple[int, int], change: float, colour: str, form: str = "{}") -> None:
    # Adding zero turns a rounded -0 into 0.
    shown = round(100 * change, 1) + 0.0
    text = form.format(f"{shown:.1f}") if shown else "0"
    ax.text(*at, text, ha="center", va="center", fontsize=6.5, color=colour)
