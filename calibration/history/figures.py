"""Figures of docs/history.md, each in Chinese and in English: members' bands beside what was counted.

Like `analysis.charts.figures` this module imports matplotlib; calibration and analysis may not import each other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
import numpy as np
import pylopdf_fonts_zh_cn
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from calibration.census.derivation import derive
from calibration.fit.likelihood import FIRST_YEAR, Array, History
from calibration.history.series import ALL_AGES, BROAD_AGES, Series, age_groups, city_series
from calibration.observations import CITY, DISTRICTS, LAST_YEAR
from calibration.record import record
from model.engine.errors import UserError
from model.files.atomic import replaced
from model.files.pictures import is_whole, seal
from scenarios.word_files import Unit, Word, read_words, usable

# Noto Sans SC, SIL Open Font License 1.1 (package pylopdf-fonts-zh-cn).
FONT: Final = pylopdf_fonts_zh_cn.sans_path()
# Okabe and Ito's palette (Color Universal Design, 2008).
BLUE, VERMILION, GREY = "#0072B2", "#D55E00", "#666666"
BANDS: Final = ((0.05, 0.95, 0.18), (0.25, 0.75, 0.32))
FLOWS: Final = ("registered births", "registered deaths", "births in city")
WORDS_FILE: Final = Path(__file__).parent / "words.yaml"
MARK: Final = "Fingerprint"


@cache
def _terms() -> Mapping[str, Any]:
    kinds: Mapping[str, type[Word]] = {"panels": Unit, "words": Word}
    return usable(WORDS_FILE, *read_words(WORDS_FILE, kinds, UserError), UserError)


def _word(name: str, language: str) -> str:
    return str(_terms()["words"][name][language])


def fingerprint(page: str) -> str:
    """What a figure is drawn from: the page's numbers, the words, and the code that draws it.

    Examples
    --------
    >>> fingerprint("a") == fingerprint("b")
    False
    """
    return hashlib.sha256(page.encode() + WORDS_FILE.read_bytes() + Path(__file__).read_bytes()).hexdigest()[:16]


def is_drawn(path: Path, mark: str) -> bool:
    """Whether the file holds the figure with this fingerprint, whole."""
    if not is_whole(path):
        return False
    with Image.open(path) as image:
        return bool(image.info.get(MARK) == mark)


def draw(name: str, history: History, language: str, path: Path, mark: str) -> None:
    """Draw one figure.

    Parameters
    ----------
    name
        One of `FIGURES`.
    history
        History runs of the members.
    language
        "zh" or "en".
    path
        PNG file, written whole or not at all.
    mark
        As from `fingerprint`.
    """
    font_manager.fontManager.addfont(FONT)
    style: Any = {
        "font.family": font_manager.FontProperties(fname=FONT).get_name(),
        "font.size": 9,
        "axes.titlesize": 10,
        "axes.titlelocation": "left",
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "grid.color": "#E5E5E5",
        "legend.frameon": False,
        "figure.dpi": 130,
        "savefig.dpi": 130,
    }
    with mpl.rc_context(style):
        figure = FIGURES[name](history, language)
        figure.suptitle(_word(name, language), fontsize=13, x=0.01, ha="left")
        figure.supxlabel(_word(f"note {name}", language), fontsize=8, color=GREY, x=0.01, ha="left")
        with replaced(path) as partial:
            figure.savefig(partial, metadata={MARK: mark, "Software": None})
            seal(partial)


def _fan(ax: Axes, at: Array, members: Array, label: str | None = None) -> None:
    for low, high, alpha in BANDS:
        ends = np.quantile(members, (low, high), axis=0)
        ax.fill_between(at, *ends, color=BLUE, alpha=alpha, lw=0)
    ax.plot(at, np.median(members, axis=0), color=BLUE, lw=1.8, label=label)


def _series(history: History, language: str) -> Figure:
    figure = Figure(figsize=(11, 8.2), layout="constrained")
    axes = figure.subplots(3, 3)
    observed = {item.name: item for item in city_series(history) if isinstance(item.years[0], int)}
    years = np.arange(FIRST_YEAR, LAST_YEAR + 1)
    panels = {name: words for name, words in _terms()["panels"].items() if name in observed}
    for ax, (name, words) in zip(axes.flat, panels.items(), strict=False):
        scale = float(words[f"{language}_size"])
        shown = years[1:] if name in FLOWS else years
        members = history.over(name, list(shown)) if name in FLOWS else history.at(name, list(shown))
        _fan(ax, shown.astype(float), members / scale, _word("members", language))
        _counted(ax, observed[name], scale, language)
        ax.set_title(words[language])
        ax.set_xlim(FIRST_YEAR - 0.3, LAST_YEAR + 0.3)
        ax.set_xticks(range(FIRST_YEAR, LAST_YEAR + 1, 2))
        if CITY.merged_in is not None:
            _break(ax, CITY.merged_in - 0.5, _word("joins", language))
        if name == "urban income per head" and record().survey:
            _break(ax, record().survey - 0.5, _word("survey", language))
    for ax in axes.flat[len(panels) :]:
        ax.set_visible(False)
    labels: dict[str, Any] = {}
    for ax in axes.flat:
        for handle, label in zip(*ax.get_legend_handles_labels(), strict=True):
            labels.setdefault(label, handle)
    figure.legend(labels.values(), labels.keys(), loc="outside upper right", ncols=2, fontsize=8)
    return figure


def _counted(ax: Axes, item: Series, scale: float, language: str) -> None:
    fitted = {year for year in item.years if year in item.fitted}
    old = {year for year in item.years if year in item.old} - fitted
    kinds: dict[str, tuple[set[int | str], dict[str, Any]]] = {
        "fitted": (fitted, {"marker": "o", "mfc": VERMILION}),
        "not fitted": (set(item.years) - fitted - old, {"marker": "o", "mfc": "white"}),
        "old": (old, {"marker": "s", "mfc": "white", "mec": GREY}),
    }
    for kind, (years, look) in kinds.items():
        positions = [position for position, year in enumerate(item.years) if year in years]
        if positions:
            at = [float(item.years[position]) for position in positions]
            style = {"ls": "", "ms": 4.5, "mec": VERMILION, "zorder": 4, **look}
            ax.plot(at, item.observed[positions] / scale, label=_word(kind, language), **style)


def _break(ax: Axes, at: float, words: str) -> None:
    ax.axvline(at, color=GREY, lw=0.8, ls=":")
    ax.text(at, 0.02, words, transform=ax.get_xaxis_transform(), fontsize=7, color=GREY, rotation=90, ha="right")


def _census(history: History, language: str) -> Figure:
    figure = Figure(figsize=(11, 6.2), layout="constrained")
    profile, cells = figure.subplots(1, 2, width_ratios=(1, 1.15))
    size = 1e4 if language == "zh" else 1e3
    start = derive().start
    people = history.state("Population").sum(axis=2)
    # The last age is open and holds everybody above it.
    ages = np.arange(people.shape[-1] - 1)
    _fan(profile, ages.astype(float), people.sum(axis=1)[:, :-1] / size, _word("members", language))
    for year, look in ((2010, {"color": GREY, "ls": ":"}), (2020, {"color": VERMILION, "ls": "-"})):
        counted = start[year].residents.sum(axis=0)[:-1] / size
        profile.plot(ages, counted, lw=1.2, label=_word(f"census {year}", language), **look)
    profile.set_title(_word("ages", language))
    profile.set_xlabel(_word("age", language))
    profile.set_ylim(bottom=0)
    profile.legend(fontsize=8)
    _cells(cells, history, language)
    return figure


def _place(region: str, language: str) -> str:
    titles = {district.name: district.title["zh"] for district in CITY.districts} | {CITY.region: CITY.formal["zh"]}
    return titles[region] if language == "zh" else region


def _cells(ax: Axes, history: History, language: str) -> None:
    groups = age_groups(history)
    ages = [name for name, _, _ in (*BROAD_AGES, ALL_AGES)]
    regions = (*DISTRICTS, CITY.region)
    error = np.stack([[groups[region, name].errors for name in ages] for region in regions]).transpose(2, 0, 1)
    # Wider than the errors, so that no cell is too dark for its numbers.
    limit = float(np.ceil(1.4 * np.abs(error[1]).max()))
    image = ax.imshow(error[1], cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto", alpha=0.75)
    for row in range(len(regions)):
        for column in range(len(ages)):
            low, middle, high = (float(round(value, 1)) + 0.0 for value in error[:, row, column])
            ax.text(column, row - 0.12, f"{middle:+.1f}", ha="center", va="center", fontsize=9)
            ax.text(column, row + 0.28, f"{low:+.1f} … {high:+.1f}", ha="center", va="center", fontsize=6.5)
    ax.set_xticks(range(len(ages)), [*ages[:-1], _word("all", language)])
    ax.set_yticks(range(len(regions)), [_place(name, language) for name in regions])
    ax.tick_params(length=0)
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    ax.set_title(_word("cells", language))
    ax.figure.colorbar(image, ax=ax, shrink=0.6, label=_word("errors", language))


FIGURES: Final[Mapping[str, Callable[[History, str], Figure]]] = {"series": _series, "census": _census}
