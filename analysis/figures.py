"""Charts of runs, each in Chinese and in English; the only module that imports matplotlib."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import pylopdf_fonts_zh_cn
import xarray as xr
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, MultipleLocator

from model.whole_files import replaced
from scenarios import Scenario, Target, shipped_scenarios
from scenarios.strict_yaml import read_yaml

LANGUAGES = ("zh", "en")
FORMATS = ("png", "svg")
AGE_BAND = 5
PYRAMID_YEARS = (2020, 2025, 2035)
SCHOOLS = ("childcare", "preschool", "primary", "junior secondary")

# Okabe and Ito's palette (Color Universal Design, 2008), without the yellow that is lost on white.
BLACK, BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY = (
    "#000000",
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#CC79A7",
    "#56B4E9",
)
SCENARIO_COLOURS = (BLACK, BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY)
PART_COLOURS = (BLUE, GREEN, ORANGE, SKY, VERMILION, PURPLE)
DASHES = ("-", (0, (4, 1.5)), (0, (1, 1.2)))

# Noto Sans SC is under the SIL Open Font License 1.1, which allows any use in documents
# (package pylopdf-fonts-zh-cn; the font is from github.com/notofonts/noto-cjk).
FONT = pylopdf_fonts_zh_cn.sans_path()


class TermError(ValueError):
    """The file of chart words cannot be used."""


@dataclass(frozen=True)
class Material:
    """What charts are drawn from."""

    scenarios: Mapping[str, Scenario]
    runs: Mapping[str, xr.Dataset]
    targets: Sequence[Target]
    model: str
    model_hash: str


@dataclass(frozen=True)
class Panel:
    """One set of axes that compares scenarios."""

    label: str
    variable: str
    unit: str


COMPARISONS: Mapping[str, tuple[Panel, ...]] = {
    "urbanization_rates": (
        Panel("resident rate", "target resident urbanization rate", "percent of the plan"),
        Panel("registered rate", "target registered urbanization rate", "percent of the plan"),
    ),
    "housing_burden": (
        Panel("price to income", "price to income ratio", "years of income"),
        Panel("rent burden", "rent burden", "percent"),
    ),
    "income_ratio": (Panel("income ratio", "target income ratio", "ratio"),),
    "fiscal_gap": (
        Panel("fiscal gap", "fiscal gap", "yuan a year"),
        Panel("fiscal gap ratio", "fiscal gap ratio", "percent"),
    ),
}

LEDGER = (
    Panel("settled", "settled by district", "people a year"),
    Panel("quota", "linked quota earned", "km2 a year"),
    Panel("land", "land supplied", "km2 a year"),
    Panel("award", "settlement award by district", "yuan a year"),
    Panel("cost", "service cost of settled by district", "yuan a year"),
)

#: Every variable that a chart reads.
VARIABLES = (
    *(panel.variable for panels in COMPARISONS.values() for panel in panels),
    *(panel.variable for panel in LEDGER),
    "Population",
    "residents by group",
    "service need in city",
    "service capacity in city",
    "land supplied by source",
    "built up area",
    "URBAN DEVELOPMENT BOUNDARY",
    "resident urbanization rate by district",
    "Resident Rate Account",
    "Registered Rate Account",
)


@cache
def terms() -> Mapping[str, Any]:
    """Return the words of charts, by kind, term and language.

    Examples
    --------
    >>> terms()["elements"]["Lixia"]["zh"]
    '历下区'
    """
    content, problems = read_yaml(Path(__file__).parent / "terms.yaml")
    if problems:
        msg = "terms.yaml cannot be used:\n" + "\n".join(f" * {problem}" for problem in problems)
        raise TermError(msg)
    return dict(content)


def scenario_style(name: str, names: Sequence[str]) -> dict[str, Any]:
    """Return the colour and dash of a scenario, the same in every chart and run.

    Parameters
    ----------
    name
        The scenario.
    names
        All scenarios drawn; those that are not shipped come after the shipped ones.

    Examples
    --------
    >>> scenario_style("baseline", ["baseline"])["color"]
    '#000000'
    """
    order = [*shipped_scenarios(), *(other for other in names if other not in shipped_scenarios())]
    place = order.index(name)
    dash = DASHES[place // len(SCENARIO_COLOURS) % len(DASHES)]
    return {"color": SCENARIO_COLOURS[place % len(SCENARIO_COLOURS)], "linestyle": dash}


def draw_figures(material: Material, folder: Path, detailed: Sequence[str]) -> Iterator[Path]:
    """Draw all charts and write them as PNG and SVG in both languages, one at a time.

    Parameters
    ----------
    material
        Runs with one member, with `VARIABLES`.
    folder
        Where to; a chart that compares scenarios is ``NAME_zh.png``, one of a single scenario ``SCENARIO_NAME_zh.png``.
    detailed
        Scenarios whose single charts are wanted.

    Yields
    ------
    pathlib.Path
        Each file once it is written.

    Examples
    --------
    >>> files = list(draw_figures(material, Path("outputs/figures"), ["plan"]))  # doctest: +SKIP
    """
    for language in LANGUAGES:
        for name in COMPARISONS:
            yield from _write(comparison(material, name, language), folder / f"{name}_{language}")
        for scenario in detailed:
            for name, draw in DETAILS.items():
                yield from _write(draw(material, scenario, language), folder / f"{scenario}_{name}_{language}")


def save(figure: Figure, path: Path, description: str) -> None:
    """Write one chart as PNG, with a text inside that says what it shows.

    Examples
    --------
    >>> save(comparison(material, "income_ratio", "zh"), Path("answer.png"), "Income ratio")  # doctest: +SKIP
    """
    with _style(), replaced(path) as partial:
        figure.savefig(partial, metadata={"Software": None, "Description": description})


def count_figures(detailed: Sequence[str]) -> int:
    """Return how many files `draw_figures` writes.

    Examples
    --------
    >>> count_figures(["plan"]) - count_figures([])
    28
    """
    return len(LANGUAGES) * len(FORMATS) * (len(COMPARISONS) + len(detailed) * len(DETAILS))


def comparison(material: Material, name: str, language: str) -> Figure:
    """Draw one of `COMPARISONS`: a line for each scenario, with the plan's targets for the same variable.

    Examples
    --------
    >>> comparison(material, "income_ratio", "zh")  # doctest: +SKIP
    """
    panels = COMPARISONS[name]
    with _style():
        figure = Figure(figsize=(9.5, 1.4 + 3.4 * len(panels)), layout="constrained")
        axes = figure.subplots(len(panels), 1, squeeze=False)[:, 0]
        for ax, panel in zip(axes, panels, strict=True):
            size = _label_axes(ax, panel.label, panel.unit, language)
            for scenario, run in material.runs.items():
                series = run[panel.variable] / size
                ax.plot(run["time"], series, lw=1.6, **scenario_style(scenario, list(material.runs)))
            _draw_targets(ax, material.targets, panel.variable, size, language)
        _finish(figure, material, name, language, None)
        for ax, panel in zip(axes, panels, strict=True):
            size = terms()["units"][panel.unit][f"{language}_size"]
            ends = {scenario: float(run[panel.variable][-1]) / size for scenario, run in material.runs.items()}
            _label_lines(ax, material, ends, language)
        return figure


def population_by_group(material: Material, scenario: str, language: str) -> Figure:
    """Draw residents by registration group as stacked areas.

    Examples
    --------
    >>> population_by_group(material, "plan", "en")  # doctest: +SKIP
    """
    with _style():
        figure = Figure(figsize=(9.5, 5.2), layout="constrained")
        ax = figure.subplots()
        size = _label_axes(ax, "residents", "people", language)
        groups = material.runs[scenario]["residents by group"] / size
        names = _elements(groups, "Group")
        ax.stackplot(groups["time"], groups.transpose("Group", "time"), colors=PART_COLOURS, alpha=0.85)
        ends = groups.isel(time=-1).to_numpy()
        middles = np.cumsum(ends) - ends / 2
        gap = groups.isel(time=-1).sum().item() * 0.055
        for name, place, colour in zip(names, _spread(middles, gap), PART_COLOURS, strict=False):
            ax.annotate(
                _element(name, language),
                (1.01, place),
                xycoords=("axes fraction", "data"),
                va="center",
                color=_dark(colour),
            )
        ax.margins(x=0)
        ax.set_ylim(bottom=0)
        _finish(figure, material, "population_by_group", language, scenario)
        return figure


def age_profile(material: Material, scenario: str, language: str) -> Figure:
    """Draw residents by age band and group in three years; one-sided, as the model has no sexes.

    Examples
    --------
    >>> age_profile(material, "plan", "en")  # doctest: +SKIP
    """
    with _style():
        figure = Figure(figsize=(11, 6), layout="constrained")
        population = material.runs[scenario]["Population"].sum("District")
        size = terms()["units"]["people"][f"{language}_size"]
        bands = _age_bands(population) / size
        axes = figure.subplots(1, len(PYRAMID_YEARS), sharex=True, sharey=True)
        for ax, year in zip(axes, PYRAMID_YEARS, strict=True):
            now = bands.sel(time=year)
            left = np.zeros(now.sizes["band"])
            for name, colour in zip(_elements(now, "Group"), PART_COLOURS, strict=False):
                part = now.sel(Group=name).to_numpy()
                ax.barh(now["band"], part, left=left, height=0.9, color=colour, label=_element(name, language))
                left += part
            ax.set_title(str(year))
            ax.set_xlabel(_unit("people", language))
            ax.grid(axis="y", visible=False)
        axes[0].set_ylabel(_words("labels", "age", language))
        axes[0].tick_params(axis="y", labelsize=8)
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside right upper", fontsize=8)
        _finish(figure, material, "age_profile", language, scenario, note=_words("labels", "one sided", language))
        return figure


def service_places(material: Material, scenario: str, language: str) -> Figure:
    """Draw the places that children need and those there are, for each level.

    Examples
    --------
    >>> service_places(material, "plan", "en")  # doctest: +SKIP
    """
    with _style():
        figure = Figure(figsize=(10, 6.5), layout="constrained")
        run = material.runs[scenario]
        for ax, level in zip(figure.subplots(2, 2, sharex=True).flat, SCHOOLS, strict=True):
            size = _label_axes(ax, None, "places", language)
            need = run["service need in city"].sel(Service=level) / size
            capacity = run["service capacity in city"].sel(Service=level) / size
            ax.plot(need["time"], need, color=VERMILION, lw=2)
            ax.plot(capacity["time"], capacity, color=BLUE, lw=2)
            short = np.asarray(need > capacity)
            ax.fill_between(
                need["time"], need, capacity, where=short, color=VERMILION, alpha=0.2, lw=0, interpolate=True
            )
            ax.set_title(_element(level, language))
            ax.set_ylim(0, 1.15 * float(max(need.max(), capacity.max())))
            gap = ax.get_ylim()[1] * 0.08
            lines = [("need", need, VERMILION), ("capacity", capacity, BLUE)]
            places = _spread(np.array([float(line[-1]) for _, line, _ in lines]), gap)
            for (word, _, colour), place in zip(lines, places, strict=True):
                text = _words("labels", word, language)
                ax.annotate(text, (1.01, place), xycoords=("axes fraction", "data"), va="center", color=colour)
            ax.margins(x=0)
        _finish(figure, material, "service_places", language, scenario)
        return figure


def land_supply(material: Material, scenario: str, language: str) -> Figure:
    """Draw land supplied by source, and the built-up area against the urban development boundary.

    Examples
    --------
    >>> land_supply(material, "plan", "en")  # doctest: +SKIP
    """
    with _style():
        figure = Figure(figsize=(11, 5), layout="constrained")
        run = material.runs[scenario]
        left, right = figure.subplots(1, 2)
        size = _label_axes(left, "supplied", "km2 a year", language)
        _stack_bars(left, run["land supplied by source"] / size, language)
        _legend(left, 2)
        size = _label_axes(right, "built up", "km2", language)
        built, boundary = run["built up area"] / size, run["URBAN DEVELOPMENT BOUNDARY"] / size
        right.plot(built["time"], built, color=BLUE, lw=2)
        limit = float(boundary.max())
        right.axhline(limit, color=VERMILION, lw=1.4, ls=DASHES[1])
        text = f"{_words('labels', 'boundary', language)} {limit:,.2f} {_unit('km2', language)}"
        right.annotate(
            text,
            (0.02, limit),
            xycoords=("axes fraction", "data"),
            xytext=(0, -4),
            textcoords="offset points",
            va="top",
            color=VERMILION,
        )
        right.set_ylim(0, limit * 1.08)
        right.margins(x=0)
        _finish(figure, material, "land_supply", language, scenario)
        return figure


def districts(material: Material, scenario: str, language: str) -> Figure:
    """Draw the resident urbanization rate of each district, with the baseline beside it.

    Examples
    --------
    >>> districts(material, "plan", "en")  # doctest: +SKIP
    """
    with _style():
        figure = Figure(figsize=(11, 7.2), layout="constrained")
        drawn = [name for name in dict.fromkeys(("baseline", scenario)) if name in material.runs]
        rates = {name: material.runs[name]["resident urbanization rate by district"] for name in drawn}
        names = _elements(rates[scenario], "District")
        size = terms()["units"]["percent"][f"{language}_size"]
        for ax, district in zip(figure.subplots(3, 4, sharex=True, sharey=True).flat, names, strict=True):
            for name, rate in rates.items():
                line = rate.sel(District=district) / size
                ax.plot(
                    line["time"],
                    line,
                    lw=1.8,
                    label=material.scenarios[name].title[language],
                    **scenario_style(name, list(material.runs)),
                )
            ax.set_title(_element(district, language), fontsize=9)
            ax.margins(x=0)
            ax.set_ylim(0, 102)
            ax.xaxis.set_major_locator(MultipleLocator(5))
            if ax.get_subplotspec().is_first_col():
                ax.set_ylabel(_unit("percent", language))
        handles, labels = figure.axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper right", ncols=len(labels), fontsize=9)
        _finish(figure, material, "districts", language, scenario)
        return figure


def rate_account(material: Material, scenario: str, language: str) -> Figure:
    """Draw what moved each urbanization rate from one year's end to the next, by cause.

    Examples
    --------
    >>> rate_account(material, "plan", "en")  # doctest: +SKIP
    """
    with _style():
        figure = Figure(figsize=(10, 8), layout="constrained")
        run = material.runs[scenario]
        accounts = {"resident rate": "Resident Rate Account", "registered rate": "Registered Rate Account"}
        axes = figure.subplots(2, 1, sharex=True)
        for ax, (label, variable) in zip(axes, accounts.items(), strict=True):
            size = _label_axes(ax, label, "percentage points", language)
            moved = run[variable].diff("time") / size
            _stack_bars(ax, moved, language)
            cause = next(str(dim) for dim in moved.dims if dim != "time")
            total = _words("labels", "sum", language)
            ax.plot(moved["time"], moved.sum(cause), "D", color=BLACK, ms=4, label=total)
            ax.axhline(0, color=BLACK, lw=0.8)
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside right upper", fontsize=8)
        _finish(figure, material, "rate_account", language, scenario)
        return figure


def ledger(material: Material, scenario: str, language: str) -> Figure:
    """Draw the ledger by district: people settled, quota earned, land supplied, award received, services paid.

    Examples
    --------
    >>> ledger(material, "plan", "en")  # doctest: +SKIP
    """
    with _style():
        figure = Figure(figsize=(13, 5.5), layout="constrained")
        run = material.runs[scenario]
        after = run.sel(time=run["time"] > run["time"][0])
        for place, (ax, panel) in enumerate(zip(figure.subplots(1, len(LEDGER), sharey=True), LEDGER, strict=True)):
            size = terms()["units"][panel.unit][f"{language}_size"]
            mean = after[panel.variable].mean("time") / size
            names = _elements(mean, "District")
            ax.barh([_element(name, language) for name in names], mean, color=PART_COLOURS[place], height=0.75)
            ax.set_title(_words("labels", panel.label, language), fontsize=10)
            ax.set_xlabel(_unit(panel.unit, language))
            ax.grid(axis="y", visible=False)
            ax.xaxis.set_major_locator(MaxNLocator(4))
        figure.axes[0].invert_yaxis()
        first, last = (f"{float(after['time'][end]):g}" for end in (0, -1))
        note = _words("labels", "yearly mean", language).format(first=first, last=last)
        _finish(figure, material, "ledger", language, scenario, note=note)
        return figure


#: Charts of one scenario, by the name of their files.
DETAILS: Mapping[str, Callable[[Material, str, str], Figure]] = {
    "population_by_group": population_by_group,
    "age_profile": age_profile,
    "service_places": service_places,
    "land_supply": land_supply,
    "districts": districts,
    "rate_account": rate_account,
    "ledger": ledger,
}


@cache
def _font_family() -> str:
    """Make the font known to matplotlib, once, and return its name."""
    font_manager.fontManager.addfont(FONT)
    return str(font_manager.FontProperties(fname=FONT).get_name())


def _style() -> Any:
    return mpl.rc_context(
        {
            "font.family": _font_family(),
            "font.size": 9,
            "axes.titlesize": 10,
            "axes.grid": True,
            "axes.axisbelow": True,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "grid.color": "#E5E5E5",
            "legend.frameon": False,
            "figure.dpi": 130,
            "savefig.dpi": 130,
            # The same runs give the same bytes.
            "svg.hashsalt": "jinan",
        }
    )


def _write(figure: Figure, stem: Path) -> Iterator[Path]:
    with _style():
        for form in FORMATS:
            path = stem.with_name(f"{stem.name}.{form}")
            with replaced(path) as partial:
                figure.savefig(partial, metadata={"Date": None} if form == "svg" else {"Software": None})
            # The layout found for the first form serves the others.
            figure.set_layout_engine("none")
            yield path


def _finish(figure: Figure, material: Material, name: str, language: str, scenario: str | None, note: str = "") -> None:
    """Put the title above a figure and, below it, where it comes from."""
    title = _words("charts", name, language)
    if scenario is not None:
        title += " · " + material.scenarios[scenario].title[language]
    figure.suptitle(title, fontsize=13, x=0.01, ha="left")
    told = _words("labels", "all scenarios", language)
    if scenario is not None:
        told = f"{material.scenarios[scenario].title[language]} ({material.scenarios[scenario].hash})"
    footer = _words("labels", "footer", language).format(model=material.model, hash=material.model_hash, scenario=told)
    figure.supxlabel("\n".join(filter(None, (note, footer))), fontsize=7, color="#555555", x=0.01, ha="left")


def _label_axes(ax: Axes, label: str | None, unit: str, language: str) -> float:
    """Name an axis and its unit; return how many of the model's unit one of the axis stands for."""
    if label is not None:
        ax.set_title(_words("labels", label, language), loc="left")
    ax.set_ylabel(_unit(unit, language))
    ax.xaxis.set_major_locator(MultipleLocator(5))
    return float(terms()["units"][unit][f"{language}_size"])


def _draw_targets(ax: Axes, targets: Sequence[Target], variable: str, size: float, language: str) -> None:
    signs = {"at least": "≥", "at most": "≤", "about": "≈"}
    for target in targets:
        if target.variable == variable and target.threshold is not None:
            height = target.threshold * target.factor / size
            ax.plot(target.year, height, marker="*", ms=13, color=VERMILION, mec="white", zorder=5, clip_on=False)
            text = f"{_words('labels', 'target', language)} {target.year}: {signs[target.comparison]} {height:g}"
            ax.annotate(
                text,
                (target.year, height),
                xytext=(0, 9),
                textcoords="offset points",
                ha="right" if target.year >= ax.dataLim.xmax else "center",
                color=VERMILION,
                bbox={"boxstyle": "square,pad=0.1", "fc": "white", "ec": "none", "alpha": 0.8},
            )


def _label_lines(ax: Axes, material: Material, ends: Mapping[str, float], language: str) -> None:
    """Write each scenario's title right of its line, apart from one another and tied to the line's end."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()
    low, high = ax.get_ylim()
    ax.set_ylim(low, high)
    gap = 12 / 72 * figure.dpi / ax.get_window_extent().height
    heights = (np.array(list(ends.values())) - low) / (high - low)
    last = float(next(iter(material.runs.values()))["time"][-1])
    for (name, end), place in zip(ends.items(), _spread(heights, gap, 0.0, 1.0), strict=True):
        style = scenario_style(name, list(material.runs))
        ax.annotate(
            material.scenarios[name].title[language],
            (last, end),
            xytext=(1.05, place),
            textcoords="axes fraction",
            va="center",
            fontsize=8,
            color=style["color"],
            arrowprops={"arrowstyle": "-", "lw": 0.7, "shrinkA": 1, "shrinkB": 1, "relpos": (0, 0.5), **style},
            annotation_clip=False,
        )
    ax.set_xlim(right=last)


def _spread(
    places: npt.NDArray[np.float64], gap: float, lowest: float = -np.inf, highest: float = np.inf
) -> npt.NDArray[np.float64]:
    """Return places at least a gap apart and within bounds, in the same order and as near as may be to those given."""
    order = np.argsort(places, kind="stable")
    wanted = places[order] - gap * np.arange(places.size)
    # Pool neighbours that would cross until the sequence rises: least squares under an order.
    blocks: list[list[float]] = []
    for value in wanted:
        blocks.append([float(value)])
        while len(blocks) > 1 and np.mean(blocks[-2]) > np.mean(blocks[-1]):
            blocks[-2:] = [blocks[-2] + blocks[-1]]
    level = np.concatenate([np.full(len(block), np.mean(block)) for block in blocks])
    level = level.clip(lowest, max(lowest, highest - gap * (places.size - 1)))
    spread = np.empty_like(places, dtype=float)
    spread[order] = level + gap * np.arange(places.size)
    return spread


def _stack_bars(ax: Axes, parts: xr.DataArray, language: str) -> None:
    """Stack yearly bars, gains upward and losses downward."""
    dim = str(next(dim for dim in parts.dims if dim != "time"))
    up = np.zeros(parts.sizes["time"])
    down = np.zeros(parts.sizes["time"])
    for name, colour in zip(_elements(parts, dim), PART_COLOURS, strict=False):
        values = parts.sel({dim: name}).to_numpy()
        ax.bar(
            parts["time"],
            values,
            bottom=np.where(values >= 0, up, down),
            color=colour,
            width=0.8,
            label=_element(name, language),
        )
        up += np.maximum(values, 0)
        down += np.minimum(values, 0)


def _legend(ax: Axes, columns: int) -> None:
    top = ax.get_ylim()[1]
    ax.set_ylim(top=top * 1.25)
    ax.legend(loc="upper left", ncols=columns, fontsize=8)


def _age_bands(population: xr.DataArray) -> xr.DataArray:
    """Sum single ages into bands of five years, the last one open."""
    ages = np.arange(population.sizes["Age"])
    last = int(ages[-1])
    names = [
        f"{first}+" if first == last else f"{first}-{first + AGE_BAND - 1}" for first in range(0, last + 1, AGE_BAND)
    ]
    band = xr.DataArray(np.array(names)[ages // AGE_BAND], dims="Age", name="band")
    return population.groupby(band).sum().sel(band=names)


def _elements(array: xr.DataArray, dim: str) -> list[str]:
    return [str(name) for name in array[dim].values]


def _words(kind: str, term: str, language: str) -> str:
    return str(terms()[kind][term][language])


def _element(name: str, language: str) -> str:
    return _words("elements", name, language)


def _unit(unit: str, language: str) -> str:
    return _words("units", unit, language)


def _dark(colour: str) -> str:
    """Darken a fill so that a label in its colour can be read."""
    red, green, blue = (int(colour[place : place + 2], 16) * 3 // 4 for place in (1, 3, 5))
    return f"#{red:02x}{green:02x}{blue:02x}"
