"""Charts of runs, each in Chinese and in English; the only module that imports matplotlib."""

from __future__ import annotations

import hashlib
import multiprocessing
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, Protocol

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import pylopdf_fonts_zh_cn
import xarray as xr
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator, MultipleLocator
from PIL import Image

from analysis.outcome.ensembles import has_members, quantile
from model.engine.children import end_with_parent
from model.engine.errors import UserError
from model.files.atomic import replaced
from model.files.pictures import is_whole, seal
from scenarios import Scenario, Target, load_scenarios, shipped_scenarios
from scenarios.word_files import Unit, Word, read_words, usable

Side = Literal["right", "center", "left"]
#: Inches of a chart, across and down; each chart has its own where none is asked for.
Size = tuple[float, float]

LANGUAGES = ("zh", "en")
FILE = Path(__file__).with_name("terms.yaml")
_KINDS: Mapping[str, type[Word]] = {
    **dict.fromkeys(("elements", "plan units", "charts", "labels", "sensitivity"), Word),
    **dict.fromkeys(("units", "model units"), Unit),
}
AGE_BAND = 5
PYRAMID_YEARS = (2020, 2025, 2035)
SCHOOLS = ("childcare", "preschool", "primary", "junior secondary")

# Okabe and Ito's palette (Color Universal Design, 2008); its yellow, lost on white as a line, fills the target stars.
BLACK, BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY, YELLOW = (
    "#000000",
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#CC79A7",
    "#56B4E9",
    "#F0E442",
)
#: Baseline and plan keep their colours; the others of a family take these in turn.
FAMILY_COLOURS = (ORANGE, GREEN, VERMILION, PURPLE, SKY)
PART_COLOURS = (BLUE, GREEN, ORANGE, SKY, VERMILION, PURPLE)
DASHES = ("-", (0, (4, 1.5)), (0, (1, 1.2)))
#: Lower and upper quantile of each band, and how dense it is drawn.
BANDS = ((0.05, 0.95, 0.15), (0.25, 0.75, 0.25))
#: Where a target's words may stand beside its star, and how many points from it.
SIDES: tuple[tuple[Side, int], ...] = (("right", -8), ("center", 0), ("left", 8))
#: Fewer charts than this are drawn at once rather than in other processes, which take a second to start.
FEW = 4

# Noto Sans SC is under the SIL Open Font License 1.1, which allows any use in documents
# (package pylopdf-fonts-zh-cn; the font is from github.com/notofonts/noto-cjk).
FONT = pylopdf_fonts_zh_cn.sans_path()
#: For letters that Noto Sans SC lacks, such as Arabic ones; comes with matplotlib.
SECOND_FONT = "DejaVu Sans"


class TermError(UserError):
    """The file of chart words cannot be used."""


@dataclass(frozen=True)
class Material:
    """What charts are drawn from."""

    scenarios: Mapping[str, Scenario]
    #: Results by scenario, of one run or of an ensemble as `analysis.outcome.ensembles.condensed` keeps them.
    runs: Mapping[str, xr.Dataset]
    targets: Sequence[Target]
    #: The manifest of each scenario's results.
    facts: Mapping[str, Mapping[str, str]]
    #: Colour and dash of each scenario.
    styles: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Chart:
    """One chart to be drawn: which, of what scenario (None compares all of them), and in what language."""

    name: str
    scenario: str | None
    language: str
    #: Fingerprint of everything that the chart shows, written into its file.
    mark: str

    @property
    def file(self) -> str:
        """The name of its file."""
        return "_".join(filter(None, (self.scenario, self.name, self.language))) + ".png"


class Detail(Protocol):
    """What draws a chart of one scenario, in a language, of a size in inches or of its own."""

    def __call__(self, material: Material, scenario: str, language: str, canvas: Size | None = None) -> Figure:
        """Return the chart."""


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

INDICATORS = (
    Panel("resident rate", "target resident urbanization rate", "percent of the plan"),
    Panel("registered rate", "target registered urbanization rate", "percent of the plan"),
    Panel("residents", "residents", "people"),
    Panel("births", "births in city", "people a year"),
    Panel("income ratio", "target income ratio", "ratio"),
    Panel("fiscal gap ratio", "fiscal gap ratio", "percent"),
)

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
    *(panel.variable for panel in (*INDICATORS, *LEDGER)),
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
#: Variables by district of which a chart needs every member.
BY_MEMBER = tuple(panel.variable for panel in LEDGER)


@cache
def terms() -> Mapping[str, Any]:
    """Return the words of charts, by kind, term and language.

    Examples
    --------
    >>> terms()["elements"]["Lixia"]["zh"]
    '历下区'
    """
    return usable(FILE, *read_words(FILE, _KINDS, TermError), TermError)


def word(kind: str, term: str, language: str) -> str:
    """Return a word of ``terms.yaml``, such as a label, a unit or the title of a chart.

    Examples
    --------
    >>> word("labels", "residents", "zh")
    '常住人口'
    """
    return str(terms()[kind][term][language])


def element_name(name: str, language: str) -> str:
    """Return the name of a district, group or service.

    Examples
    --------
    >>> element_name("Lixia", "en")
    'Lixia'
    """
    return word("elements", name, language)


@contextmanager
def chart_style() -> Iterator[None]:
    """Return the context in which charts are made: fonts, sizes, grid, and every text shown as it was typed.

    Examples
    --------
    >>> with chart_style():
    ...     float(mpl.rcParams["font.size"])
    9.0
    """
    style: Any = {
        "font.family": [_font_family(), SECOND_FONT],
        "font.size": 9,
        # A title may hold dollar signs: they are money, not formulas.
        "text.parse_math": False,
        "axes.titlesize": 10,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "grid.color": "#E5E5E5",
        "legend.frameon": False,
        "figure.dpi": 130,
        "savefig.dpi": 130,
        "hatch.linewidth": 0.6,
    }
    with mpl.rc_context(style), warnings.catch_warnings():
        # What no font has, such as an emoji in a title, is drawn as a box; the chart is no worse for it.
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from font", category=UserWarning)
        yield


def head_and_foot(figure: Figure, title: str, *notes: str) -> None:
    """Put a title above a chart and, below it, how to read it and where it comes from.

    Examples
    --------
    >>> head_and_foot(Figure(), "Housing", "Bars are medians.")
    """
    figure.suptitle(title, fontsize=13, x=0.01, ha="left")
    figure.supxlabel("\n".join(filter(None, notes)), fontsize=7, color="#555555", x=0.01, ha="left")


def gather(
    scenarios: Mapping[str, Scenario],
    runs: Mapping[str, xr.Dataset],
    targets: Sequence[Target],
    facts: Mapping[str, Mapping[str, str]],
) -> Material:
    """Return the material of charts, with a look for each scenario that is the same in every chart and run.

    Parameters
    ----------
    scenarios, runs, facts
        Each scenario, its results, and their manifest, by name.
    targets
        The plan's targets.

    Examples
    --------
    >>> gather({"plan": load_scenarios(["plan"])[0]}, {}, [], {}).styles["plan"]["color"]
    '#0072B2'
    """
    known = {scenario.name: scenario for scenario in load_scenarios(shipped_scenarios())} | dict(scenarios)
    styles: dict[str, Mapping[str, Any]] = {
        "baseline": {"color": BLACK, "linestyle": "-"},
        "plan": {"color": BLUE, "linestyle": "-"},
    }
    for of_plan in (False, True):
        others = [name for name in known if name not in styles and _rests_on_plan(name, known) == of_plan]
        for place, name in enumerate(others):
            dash = DASHES[place // len(FAMILY_COLOURS) % len(DASHES)]
            styles[name] = {"color": FAMILY_COLOURS[place % len(FAMILY_COLOURS)], "linestyle": dash}
    return Material(scenarios, runs, targets, facts, styles)


def _rests_on_plan(name: str, scenarios: Mapping[str, Scenario]) -> bool:
    """Say whether a scenario is the plan or changes it, directly or through its base."""
    while name != "plan":
        base = scenarios[name].base if name in scenarios else None
        if base is None:
            return False
        name = Path(base).stem
    return True


def families(material: Material) -> list[list[str]]:
    """Return the scenarios that are drawn together: few lines to a chart, each of another colour.

    The baseline is in each; the scenarios that change it come first, then the plan with those that change the plan.

    Examples
    --------
    >>> families(material)  # doctest: +SKIP
    [['baseline', 'county_towns'], ['baseline', 'plan', 'weak_inflow']]
    """
    names = list(material.runs)
    first = [name for name in names if name == "baseline"]
    of_plan = [name for name in names if _rests_on_plan(name, material.scenarios)]
    others = [name for name in names if name not in (*first, *of_plan)]
    return [[*first, *family] for family in (others, of_plan) if family] or [first]


def charts(material: Material, detailed: Collection[str]) -> list[Chart]:
    """Return every chart there is to draw, in both languages.

    Parameters
    ----------
    material
        What they are drawn from.
    detailed
        Scenarios whose single charts are wanted.

    Examples
    --------
    >>> len(charts(gather({}, {}, [], {}), []))
    8
    """
    listed = []
    for language in LANGUAGES:
        wanted: list[tuple[str, str | None]] = [(name, None) for name in COMPARISONS]
        wanted += [(name, scenario) for scenario in detailed for name in DETAILS]
        for name, scenario in wanted:
            shown = material.runs if scenario is None else dict.fromkeys(("baseline", scenario))
            told = [
                (material.scenarios[other].title, material.scenarios[other].base, sorted(material.facts[other].items()))
                for other in shown
                if other in material.runs
            ]
            content = repr((told, material.targets, terms(), mpl.__version__))
            listed.append(Chart(name, scenario, language, hashlib.sha256(content.encode()).hexdigest()[:16]))
    return listed


def is_drawn(chart: Chart, folder: Path) -> bool:
    """Say whether a folder holds this chart already, whole and drawn from exactly the same things.

    Examples
    --------
    >>> is_drawn(Chart("ledger", "plan", "zh", "0"), Path("outputs/none"))
    False
    """
    path = folder / chart.file
    # The checksum first: what is torn may still have the mark in its head.
    if not is_whole(path):
        return False
    with Image.open(path) as opened:
        return bool(opened.info.get("Source") == chart.mark)


def draw_figures(material: Material, folder: Path, wanted: Sequence[Chart]) -> Iterator[Path]:
    """Draw charts and write them as PNG, in two processes where there are many.

    Parameters
    ----------
    material
        Runs with `VARIABLES`.
    folder
        Where to; a chart that compares scenarios is ``NAME_zh.png``, one of a single scenario ``SCENARIO_NAME_zh.png``.
    wanted
        Some of `charts`.

    Yields
    ------
    pathlib.Path
        Each file once it is written.

    Examples
    --------
    >>> files = list(draw_figures(material, Path("outputs/figures"), charts(material, ["plan"])))  # doctest: +SKIP
    """
    few = {name: run[[variable for variable in VARIABLES if variable in run]] for name, run in material.runs.items()}
    lean = Material(material.scenarios, few, material.targets, material.facts, material.styles)
    if len(wanted) < FEW:
        for chart in wanted:
            yield _draw(lean, folder, chart)
        return
    # Processes are started afresh: a copy of this one might hold a lock of a thread that is not in the copy.
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn"), end_with_parent) as pool:
        tasks = [pool.submit(_draw, lean, folder, chart) for chart in wanted]
        try:
            for task in as_completed(tasks):
                yield task.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _draw(material: Material, folder: Path, chart: Chart) -> Path:
    if chart.scenario is None:
        figure = comparison(material, chart.name, chart.language)
    else:
        figure = DETAILS[chart.name](material, chart.scenario, chart.language)
    path = folder / chart.file
    _write(figure, path, {"Source": chart.mark})
    return path


def save(figure: Figure, path: Path, description: str) -> None:
    """Write one chart as PNG, with a text inside that says what it shows.

    Examples
    --------
    >>> save(comparison(material, "income_ratio", "zh"), Path("answer.png"), "Income ratio")  # doctest: +SKIP
    """
    _write(figure, path, {"Description": description})


def save_each(chart: Callable[[str], Figure], folder: Path, stem: str, facts: Mapping[str, str]) -> list[Path]:
    """Write a chart in each language, as ``STEM_LANGUAGE.png``, with what made it inside.

    Parameters
    ----------
    chart
        Draws it in a language.
    folder, stem
        Where to, and the beginning of the files' names.
    facts
        The manifest.

    Returns
    -------
    list of Path
        The files.

    Examples
    --------
    >>> save_each(lambda language: Figure(), Path("outputs"), "reach_curves", {})  # doctest: +SKIP
    """
    files = [folder / f"{stem}_{language}.png" for language in LANGUAGES]
    for language, file in zip(LANGUAGES, files, strict=True):
        save(chart(language), file, repr(sorted(facts.items())))
    return files


def _write(figure: Figure, path: Path, told: Mapping[str, str]) -> None:
    with chart_style(), replaced(path) as partial:
        # Laid out here, as otherwise matplotlib would draw the whole figure once more only to lay it out.
        layout = figure.get_layout_engine()
        if layout is not None:
            layout.execute(figure)
            figure.set_layout_engine(None)
        figure.savefig(partial, metadata={"Software": None, **told})
        seal(partial)


def comparison(material: Material, name: str, language: str, canvas: Size | None = None) -> Figure:
    """Draw one of `COMPARISONS`: medians by scenario, bands, and the plan's targets for the same variable.

    The baseline and the plan have bands over the years; every scenario has them at the end.

    Examples
    --------
    >>> comparison(material, "income_ratio", "zh")  # doctest: +SKIP
    """
    panels, columns = COMPARISONS[name], families(material)
    with chart_style():
        figure = Figure(figsize=canvas or (3 + 5.5 * len(columns), 1.4 + 3.4 * len(panels)), layout="constrained")
        rows = figure.subplots(len(panels), len(columns), squeeze=False, sharey="row")
        drawn: list[tuple[Axes, Panel, dict[str, tuple[float, float]]]] = []
        for row, panel in zip(rows, panels, strict=True):
            for column, (ax, family) in enumerate(zip(row, columns, strict=True)):
                size = _label_axes(ax, panel.label, panel.unit, language)
                if len(columns) > 1:
                    words = word("labels", ("single measures", "plan variants")[column], language)
                    ax.set_title(f"{word('labels', panel.label, language)} · {words}", loc="left")
                if column:
                    ax.set_ylabel("")
                    ax.tick_params(labelleft=True)
                ends = {}
                for place, scenario in enumerate(family):
                    series = material.runs[scenario][panel.variable] / size
                    wide = scenario in ("baseline", "plan")[column:]
                    look = material.styles[scenario]
                    width = 3 if scenario in ("baseline", "plan") else 1.5
                    _fan(ax, series, look["color"], look["linestyle"], bands=wide, width=width)
                    ends[scenario] = _bar_at_end(ax, series, place, look["color"])
                for target in _targets_of(material, panel.variable):
                    _mark_target(ax, target, size)
                room = 0.4 if len({end[0] for end in ends.values()}) > 1 else 0.0
                ax.set_xlim(right=max(end[0] for end in ends.values()) + room)
                drawn.append((ax, panel, ends))
        _finish(figure, material, name, language, None, note=_band_note(material, "comparison bands", language))
        figure.draw_without_rendering()
        for ax, _, ends in drawn:
            _label_lines(ax, material, ends, language)
        # Titles beside the lines take room from the axes that a target's words have to stay inside.
        figure.draw_without_rendering()
        for ax, panel, _ in drawn:
            size = terms()["units"][panel.unit][f"{language}_size"]
            _label_targets(ax, _targets_of(material, panel.variable), size, language)
        return figure


def indicators(material: Material, scenario: str, language: str, canvas: Size | None = None) -> Figure:
    """Draw the course of six indicators with their bands, and the plan's targets for them.

    Examples
    --------
    >>> indicators(material, "plan", "en")  # doctest: +SKIP
    """
    with chart_style():
        figure = Figure(figsize=canvas or (11, 7), layout="constrained")
        axes = list(figure.subplots(2, 3, sharex=True).flat)
        look = material.styles[scenario]
        for ax, panel in zip(axes, INDICATORS, strict=True):
            size = _label_axes(ax, panel.label, panel.unit, language)
            _fan(ax, material.runs[scenario][panel.variable] / size, look["color"])
            for target in _targets_of(material, panel.variable):
                _mark_target(ax, target, size)
            ax.margins(x=0.02, y=0.12)
        note = _band_note(material, "bands", language)
        _finish(figure, material, "indicators", language, scenario, note=note)
        figure.draw_without_rendering()
        for ax, panel in zip(axes, INDICATORS, strict=True):
            size = terms()["units"][panel.unit][f"{language}_size"]
            _label_targets(ax, _targets_of(material, panel.variable), size, language)
        return figure


def population_by_group(material: Material, scenario: str, language: str, canvas: Size | None = None) -> Figure:
    """Draw residents by registration group as stacked areas.

    Examples
    --------
    >>> population_by_group(material, "plan", "en")  # doctest: +SKIP
    """
    with chart_style():
        figure = Figure(figsize=canvas or (9.5, 5.2), layout="constrained")
        ax = figure.subplots()
        size = _label_axes(ax, "residents", "people", language)
        groups = quantile(material.runs[scenario]["residents by group"], 0.5) / size
        total = material.runs[scenario]["residents"] / size
        names = _elements(groups, "Group")
        ax.stackplot(groups["time"], groups.transpose("Group", "time"), colors=PART_COLOURS, alpha=0.85)
        ends = groups.isel(time=-1).to_numpy()
        told = [
            (element_name(name, language), middle, _dark(colour))
            for name, middle, colour in zip(names, np.cumsum(ends) - ends / 2, PART_COLOURS, strict=False)
        ]
        if has_members(total):
            for level in (0.05, 0.95):
                ax.plot(total["time"], quantile(total, level), color=BLACK, lw=1, ls=DASHES[1])
            told.append((word("labels", "total band", language), float(quantile(total, 0.95)[-1]), BLACK))
        gap = groups.isel(time=-1).sum().item() * 0.055
        for (words, _, colour), place in zip(told, _spread(np.array([at for _, at, _ in told]), gap), strict=True):
            ax.annotate(words, (1.01, place), xycoords=("axes fraction", "data"), va="center", color=colour)
        ax.margins(x=0)
        ax.set_ylim(bottom=0)
        note = _band_note(material, "stacked medians", language)
        _finish(figure, material, "population_by_group", language, scenario, note=note)
        return figure


def age_profile(material: Material, scenario: str, language: str, canvas: Size | None = None) -> Figure:
    """Draw residents by age band and group in three years; one-sided, as the model has no sexes.

    Examples
    --------
    >>> age_profile(material, "plan", "en")  # doctest: +SKIP
    """
    with chart_style():
        figure = Figure(figsize=canvas or (11, 6), layout="constrained")
        population = quantile(material.runs[scenario]["Population"], 0.5).sum("District")
        size = terms()["units"]["people"][f"{language}_size"]
        bands = _age_bands(population) / size
        axes = figure.subplots(1, len(PYRAMID_YEARS), sharex=True, sharey=True)
        for ax, year in zip(axes, PYRAMID_YEARS, strict=True):
            now = bands.sel(time=year)
            left = np.zeros(now.sizes["band"])
            for name, colour in zip(_elements(now, "Group"), PART_COLOURS, strict=False):
                part = now.sel(Group=name).to_numpy()
                ax.barh(now["band"], part, left=left, height=0.9, color=colour, label=element_name(name, language))
                left += part
            ax.set_title(str(year))
            ax.set_xlabel(_unit("people", language))
            ax.grid(axis="y", visible=False)
        axes[0].set_ylabel(word("labels", "age", language))
        axes[0].tick_params(axis="y", labelsize=8)
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside right upper", fontsize=8)
        note = word("labels", "one sided", language)
        if median := _band_note(material, "stacked medians", language):
            note += " " + median
        _finish(figure, material, "age_profile", language, scenario, note=note)
        return figure


def service_places(material: Material, scenario: str, language: str, canvas: Size | None = None) -> Figure:
    """Draw the places that children need and those there are, for each level.

    Examples
    --------
    >>> service_places(material, "plan", "en")  # doctest: +SKIP
    """
    with chart_style():
        figure = Figure(figsize=canvas or (10, 6.5), layout="constrained")
        run = material.runs[scenario]
        for ax, level in zip(figure.subplots(2, 2, sharex=True).flat, SCHOOLS, strict=True):
            size = _label_axes(ax, None, "places", language)
            need = run["service need in city"].sel(Service=level) / size
            capacity = run["service capacity in city"].sel(Service=level) / size
            _fan(ax, need, VERMILION)
            _fan(ax, capacity, BLUE)
            need, capacity = quantile(need, 0.5), quantile(capacity, 0.5)
            short = np.asarray(need > capacity)
            ax.fill_between(
                need["time"],
                need,
                capacity,
                where=short,
                facecolor="none",
                hatch="////",
                edgecolor=VERMILION,
                alpha=0.5,
                lw=0,
                interpolate=True,
            )
            ax.set_title(element_name(level, language))
            ax.set_ylim(0, 1.08 * max(ax.dataLim.ymax, float(need.max())))
            gap = ax.get_ylim()[1] * 0.08
            lines = [("need", need, VERMILION), ("capacity", capacity, BLUE)]
            places = _spread(np.array([float(line[-1]) for _, line, _ in lines]), gap)
            for (line, _, colour), place in zip(lines, places, strict=True):
                text = word("labels", line, language)
                ax.annotate(text, (1.01, place), xycoords=("axes fraction", "data"), va="center", color=colour)
            ax.margins(x=0)
        note = " ".join(filter(None, (word("labels", "hatched", language), _band_note(material, "bands", language))))
        _finish(figure, material, "service_places", language, scenario, note=note)
        return figure


def land_supply(material: Material, scenario: str, language: str, canvas: Size | None = None) -> Figure:
    """Draw land supplied by source, and the built-up area against the urban development boundary.

    Examples
    --------
    >>> land_supply(material, "plan", "en")  # doctest: +SKIP
    """
    with chart_style():
        figure = Figure(figsize=canvas or (11, 5), layout="constrained")
        run = material.runs[scenario]
        left, right = figure.subplots(1, 2)
        size = _label_axes(left, "supplied", "km2 a year", language)
        _stack_bars(left, quantile(run["land supplied by source"], 0.5) / size, language)
        _legend(left, 2)
        size = _label_axes(right, "built up", "km2", language)
        boundary = run["URBAN DEVELOPMENT BOUNDARY"] / size
        _fan(right, run["built up area"] / size, BLUE)
        limit = float(boundary.max())
        right.axhline(limit, color=VERMILION, lw=1.4, ls=DASHES[1])
        text = f"{word('labels', 'boundary', language)} {limit:,.2f} {_unit('km2', language)}"
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
        note = _band_note(material, "land bands", language)
        _finish(figure, material, "land_supply", language, scenario, note=note)
        return figure


def districts(material: Material, scenario: str, language: str, canvas: Size | None = None) -> Figure:
    """Draw the resident urbanization rate of each district, with the baseline beside it.

    Examples
    --------
    >>> districts(material, "plan", "en")  # doctest: +SKIP
    """
    with chart_style():
        figure = Figure(figsize=canvas or (11, 7.6), layout="constrained")
        size = terms()["units"]["percent"][f"{language}_size"]
        rates = material.runs[scenario]["resident urbanization rate by district"] / size
        compared = scenario != "baseline" and "baseline" in material.runs
        base = quantile(material.runs["baseline" if compared else scenario][rates.name], 0.5) / size
        names = _elements(rates, "District")
        look = material.styles[scenario]
        for ax, district in zip(figure.subplots(3, 4, sharex=True).flat, names, strict=True):
            rate, reference = rates.sel(District=district), base.sel(District=district)
            _fan(ax, rate, look["color"], width=3, label=material.scenarios[scenario].title[language])
            end = float(quantile(rate, 0.5)[-1])
            text = f"{float(rate['time'][-1]):.0f}: {end:.1f} %"
            if compared:
                title = material.scenarios["baseline"].title[language]
                ax.plot(reference["time"], reference, color=BLACK, lw=1.2, ls=DASHES[1], label=title)
                gain = round(end - float(reference[-1]), 1)
                text += f" ({gain:+.1f})" if gain else " (±0)"
            ax.text(0.04, 0.95, text, transform=ax.transAxes, va="top")
            ax.set_title(element_name(district, language), fontsize=9)
            ax.margins(x=0)
            # Ten points at least, so that a level line looks level, and none above the most a share can be; room above
            # for the text.
            low, high = ax.dataLim.ymin, ax.dataLim.ymax
            span = max(high - low, 10.0)
            top = min((low + high + span) / 2, max(high, 1.0 / size))
            ax.set_ylim(top - 1.1 * span, top + 0.35 * span)
            ax.set_yticks([tick for tick in ax.get_yticks() if top - 1.1 * span <= tick <= 1.0 / size])
            ax.xaxis.set_major_locator(MultipleLocator(5))
            if ax.get_subplotspec().is_first_col():
                ax.set_ylabel(_unit("percent", language))
        # Taken from the lines, as matplotlib leaves labels that begin with an underscore out of what it collects.
        lines = list(figure.axes[0].lines)
        labels = [str(line.get_label()) for line in lines]
        figure.legend(lines, labels, loc="outside upper right", ncols=len(labels), fontsize=9)
        parts = [word("labels", "own scales", language), _band_note(material, "bands", language)]
        if compared:
            parts.insert(1, word("labels", "difference", language))
        _finish(figure, material, "districts", language, scenario, note=" ".join(filter(None, parts)))
        return figure


def rate_account(material: Material, scenario: str, language: str, canvas: Size | None = None) -> Figure:
    """Draw what moved each urbanization rate from one year's end to the next, by cause.

    Examples
    --------
    >>> rate_account(material, "plan", "en")  # doctest: +SKIP
    """
    with chart_style():
        figure = Figure(figsize=canvas or (10, 8), layout="constrained")
        run = material.runs[scenario]
        accounts = {"resident rate": "Resident Rate Account", "registered rate": "Registered Rate Account"}
        axes = figure.subplots(2, 1, sharex=True)
        for ax, (label, variable) in zip(axes, accounts.items(), strict=True):
            size = _label_axes(ax, label, "percentage points", language)
            moved = run[variable].diff("time") / size
            parts = quantile(moved, 0.5)
            _stack_bars(ax, parts, language)
            total = moved.sum(next(str(dim) for dim in parts.dims if dim != "time"))
            middle = quantile(total, 0.5)
            reach = [np.abs(quantile(total, level) - middle) for level in (0.05, 0.95)]
            label = word("labels", "sum", language)
            ax.errorbar(total["time"], middle, reach, fmt="D", color=BLACK, ms=4, lw=1, capsize=2, label=label)
            ax.axhline(0, color=BLACK, lw=0.8)
        handles, labels = axes[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside right upper", fontsize=8)
        note = _band_note(material, "account bands", language)
        _finish(figure, material, "rate_account", language, scenario, note=note)
        return figure


def ledger(material: Material, scenario: str, language: str, canvas: Size | None = None) -> Figure:
    """Draw the ledger by district: people settled, quota earned, land supplied, award received, services paid.

    Examples
    --------
    >>> ledger(material, "plan", "en")  # doctest: +SKIP
    """
    with chart_style():
        figure = Figure(figsize=canvas or (13, 5.5), layout="constrained")
        run = material.runs[scenario]
        after = run.sel(time=run["time"] > run["time"][0])
        for place, (ax, panel) in enumerate(zip(figure.subplots(1, len(LEDGER), sharey=True), LEDGER, strict=True)):
            size = terms()["units"][panel.unit][f"{language}_size"]
            mean = after[panel.variable].mean("time") / size
            names = _elements(mean, "District")
            middle = quantile(mean, 0.5)
            reach = [np.abs(quantile(mean, level) - middle) for level in (0.05, 0.95)]
            whiskers = {"xerr": reach, "error_kw": {"lw": 1}} if has_members(mean) else {}
            words = [element_name(name, language) for name in names]
            ax.barh(words, middle, color=PART_COLOURS[place], height=0.75, **whiskers)
            ax.set_title(word("labels", panel.label, language), fontsize=10)
            ax.set_xlabel(_unit(panel.unit, language))
            ax.grid(axis="y", visible=False)
            ax.xaxis.set_major_locator(MaxNLocator(4))
        figure.axes[0].invert_yaxis()
        first, last = (f"{float(after['time'][end]):g}" for end in (0, -1))
        note = word("labels", "yearly mean", language).format(first=first, last=last)
        note = " ".join(
            filter(None, (note, word("labels", "no balance", language), _band_note(material, "bar bands", language)))
        )
        _finish(figure, material, "ledger", language, scenario, note=note)
        return figure


#: Charts of one scenario, by the name of their files.
DETAILS: Mapping[str, Detail] = {
    "indicators": indicators,
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


def _fan(
    ax: Axes,
    series: xr.DataArray,
    colour: str,
    dash: Any = "-",
    *,
    bands: bool = True,
    width: float = 1.8,
    label: str = "",
) -> None:
    """Draw the median, and the 50 % and 90 % bands where there are members."""
    if bands and has_members(series):
        for low, high, alpha in BANDS:
            ax.fill_between(
                series["time"], quantile(series, low), quantile(series, high), color=colour, alpha=alpha, lw=0
            )
    ax.plot(series["time"], quantile(series, 0.5), color=colour, ls=dash, lw=width, label=label or None)


def _bar_at_end(ax: Axes, series: xr.DataArray, place: int, colour: str) -> tuple[float, float]:
    """Draw both bands of the last year as bars right of it; return where the median of the bars is."""
    last = series.isel(time=-1)
    middle, at = float(quantile(last, 0.5)), float(series["time"][-1])
    if not has_members(last):
        return at, middle
    at += 0.5 + 0.4 * place
    for (low, high, _), width in zip(BANDS, (1, 3.5), strict=True):
        ends = [float(quantile(last, level)) for level in (low, high)]
        ax.plot([at, at], ends, color=colour, lw=width, solid_capstyle="butt")
    ax.plot(at, middle, "o", color="white", mec=colour, ms=3.5, zorder=4)
    return at, middle


def _targets_of(material: Material, variable: str) -> list[Target]:
    return [target for target in material.targets if target.variable == variable and target.threshold is not None]


def _height(target: Target, size: float) -> float:
    assert target.threshold is not None
    return target.threshold * target.factor / size


def _finish(figure: Figure, material: Material, name: str, language: str, scenario: str | None, note: str = "") -> None:
    """Put the title above a figure and, below it, how to read it and where it comes from."""
    title = word("charts", name, language)
    if scenario is not None:
        title += " · " + material.scenarios[scenario].title[language]
    told = word("labels", "all scenarios", language)
    if scenario is not None:
        told = f"{material.scenarios[scenario].title[language]} ({material.scenarios[scenario].hash})"
    facts = _facts(material)
    kind = "one run" if facts["members"] == "1" else "ensemble"
    basis = word("labels", kind, language).format(members=facts["members"], seed=facts["seed"])
    footer = word("labels", "footer", language).format(
        model=facts["model_file"], hash=facts["model_hash"], scenario=told, basis=basis
    )
    head_and_foot(figure, title, note, footer)


def _facts(material: Material) -> Mapping[str, str]:
    return next(iter(material.facts.values()))


def _band_note(material: Material, term: str, language: str) -> str:
    """Say what lines and bands stand for, if there are any."""
    return "" if _facts(material)["members"] == "1" else word("labels", term, language)


def _label_axes(ax: Axes, label: str | None, unit: str, language: str) -> float:
    """Name an axis and its unit; return how many of the model's unit one of the axis stands for."""
    if label is not None:
        ax.set_title(word("labels", label, language), loc="left")
    ax.set_ylabel(_unit(unit, language))
    ax.xaxis.set_major_locator(MultipleLocator(5))
    return float(terms()["units"][unit][f"{language}_size"])


def _mark_target(ax: Axes, target: Target, size: float) -> None:
    ax.plot(target.year, _height(target, size), "*", ms=14, color=YELLOW, mec=BLACK, mew=1, zorder=5, clip_on=False)


def _label_targets(ax: Axes, targets: Sequence[Target], size: float, language: str) -> None:
    """Write what each star wants where it lies on no line and no other text; the axes have been laid out."""
    signs = {"at least": "≥", "at most": "≤", "about": "≈"}
    crossed = [np.asarray(ax.transData.transform(_dense(line.get_xydata()))) for line in ax.lines]
    for target in targets:
        height = _height(target, size)
        label = ax.annotate(
            f"{word('labels', 'target', language)} {target.year}: {signs[target.comparison]} {height:g}",
            (target.year, height),
            xytext=(0, 0),
            textcoords="offset points",
            arrowprops={"arrowstyle": "-", "lw": 0.6, "color": BLACK, "shrinkA": 0, "shrinkB": 6},
            va="center",
            zorder=6,
        )
        inside = ax.get_window_extent()
        found: list[tuple[int, int, Side, int, int]] = []
        for distance in (16, 28, 42, 58, 76):
            for side, across in SIDES:
                for up in (1, -1):
                    label.set_position((across, up * distance))
                    label.set_horizontalalignment(side)
                    # The words alone, without the line that ties them to the star.
                    label.get_window_extent()
                    box = Text.get_window_extent(label)
                    out = not (
                        inside.x0 <= box.x0 and box.x1 <= inside.x1 and inside.y0 <= box.y0 and box.y1 <= inside.y1
                    )
                    wide = box.padded(3)
                    hits = sum(int(wide.count_contains(points)) for points in crossed)
                    found.append((hits + 1000 * out, distance, side, across, up))
        _, distance, side, across, up = min(found, key=lambda option: option[:2])
        label.set_position((across, up * distance))
        label.set_horizontalalignment(side)


def _dense(points: Any) -> npt.NDArray[np.float64]:
    """Points along a line, close enough that none of them misses a word that the line crosses."""
    corners = np.asarray(points, dtype=float)
    steps = np.linspace(0, len(corners) - 1, 20 * len(corners))
    return np.column_stack([np.interp(steps, np.arange(len(corners)), corners[:, axis]) for axis in (0, 1)])


def _label_lines(ax: Axes, material: Material, ends: Mapping[str, tuple[float, float]], language: str) -> None:
    """Write each scenario's title right of its line, apart from one another and tied to the line's end."""
    figure = ax.get_figure(root=True)
    assert figure is not None
    low, high = ax.get_ylim()
    ax.set_ylim(low, high)
    gap = 12 / 72 * figure.dpi / ax.get_window_extent().height
    heights = (np.array([end for _, end in ends.values()]) - low) / (high - low)
    for (name, end), place in zip(ends.items(), _spread(heights, gap, 0.0, 1.0), strict=True):
        look = material.styles[name]
        ax.annotate(
            material.scenarios[name].title[language],
            end,
            xytext=(1.05, place),
            textcoords="axes fraction",
            va="center",
            fontsize=8,
            color=_dark(look["color"]),
            arrowprops={"arrowstyle": "-", "lw": 0.7, "shrinkA": 1, "shrinkB": 2, "relpos": (0, 0.5), **look},
            annotation_clip=False,
        )


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
            label=element_name(name, language),
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


def _unit(unit: str, language: str) -> str:
    return word("units", unit, language)


def _dark(colour: str) -> str:
    """Darken a fill so that a label in its colour can be read."""
    red, green, blue = (int(colour[place : place + 2], 16) * 3 // 4 for place in (1, 3, 5))
    return f"#{red:02x}{green:02x}{blue:02x}"
