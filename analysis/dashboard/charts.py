"""The page's charts, drawn by Bokeh in the browser; an update sends numbers only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from bokeh.core.properties import value
from bokeh.models import ColumnDataSource, FactorRange, FixedTicker, HoverTool, NumeralTickFormatter, Range1d
from bokeh.plotting import figure

from analysis.charts.marks import target_height
from analysis.charts.style import BLACK, BLUE, GREEN, ORANGE, VERMILION, YELLOW
from analysis.page.indicators import Indicator
from analysis.dashboard.live_ensemble import Values
from analysis.page.words import element_title, number, say
from analysis.outcome.words import SIGNS
from scenarios import Target

FONT: Final = "Page Sans"
#: By role: the page's setting, the baseline, and what it is held against.
COLOURS: Final = {"page": BLUE, "baseline": BLACK, "against": ORANGE}
DASHES: Final = {"page": "solid", "baseline": "dashed", "against": "dotdash"}
_TICKS: Final = (2020, 2025, 2030, 2035)
_BANDS: Final = (("p05", "p95", 0.15), ("p25", "p75", 0.25))
_NAMES: Final = ("p05", "p25", "p50", "p75", "p95")


class Fan:
    """The course of one indicator: bands of the page's setting and medians of what it is held against."""

    def __init__(self, times: Sequence[float], language: str) -> None:
        self._times, self._language = list(times), language
        self.figure = _figure(height=330, min_width=320, sizing_mode="stretch_width")
        self._sources = {role: ColumnDataSource(_empty(times)) for role in COLOURS}
        self._stars = ColumnDataSource({"year": [], "height": [], "words": []})
        for low, high, alpha in _BANDS:
            self.figure.varea("year", low, high, source=self._sources["page"], color=BLUE, alpha=alpha)
        for role in ("against", "baseline"):
            for end in ("p05", "p95"):
                look = {"line_color": COLOURS[role], "line_dash": "dotted", "line_width": 1, "line_alpha": 0.7}
                self.figure.line("year", end, source=self._sources[role], **look)
        self._lines = {}
        for role in ("baseline", "against", "page"):
            look = {"color": COLOURS[role], "line_dash": DASHES[role], "line_width": 3 if role == "page" else 2}
            self._lines[role] = self.figure.line("year", "p50", source=self._sources[role], legend_label=role, **look)
        stars = self.figure.scatter(
            "year",
            "height",
            source=self._stars,
            marker="star",
            size=20,
            fill_color=YELLOW,
            line_color=BLACK,
            legend_label=say("target star", language),
        )
        self.figure.add_tools(
            HoverTool(
                renderers=[self._lines["page"]],
                tooltips=[("", "@year{0}"), ("50 %", "@p50{0,0.00}"), ("90 %", "@p05{0,0.00} – @p95{0,0.00}")],
                mode="vline",
            ),
            HoverTool(renderers=[stars], tooltips="@words"),
        )
        legend = self.figure.legend[0]
        legend.orientation = "horizontal"
        legend.label_text_font = FONT
        legend.border_line_color = None
        legend.padding, legend.margin = 2, 2
        self.figure.add_layout(legend, "above")
        self._items = {str(item.label.value): item for item in legend.items}

    def show(self, indicator: Indicator, values: Mapping[str, Values], titles: Mapping[str, str]) -> None:
        """Draw bands by role, axes quantile and time, in the indicator's unit; a role that is absent is not drawn."""
        for role, source in self._sources.items():
            drawn = values.get(role)
            source.data = _empty(self._times) if drawn is None else _columns(self._times, drawn)
            self._lines[role].visible = drawn is not None
            self._items[role].visible = drawn is not None
            if role in titles:
                self._items[role].label = {"value": titles[role]}
        self._stars.data = {
            "year": [target.year for target in indicator.targets],
            "height": [target_height(target, indicator.size[self._language]) for target in indicator.targets],
            "words": [wanted(target) for target in indicator.targets],
        }
        self._items[say("target star", self._language)].visible = bool(indicator.targets)
        self.figure.yaxis.axis_label = _with_unit(indicator.title[self._language], indicator.unit[self._language])


class Districts:
    """One small chart for each district."""

    def __init__(self, times: Sequence[float], districts: Sequence[str], language: str) -> None:
        self._times, self._districts = list(times), list(districts)
        level = np.zeros(len(self._times))
        columns = {f"{district} {name}": level for district in districts for name in (*_NAMES, "base")}
        self._source = ColumnDataSource({"year": self._times} | columns)
        ends = {
            f"{district} {name}": [usual] for district in districts for name, usual in (("p50", 0.0), ("words", ""))
        }
        self._ends = ColumnDataSource({"year": [self._times[-1]]} | ends)
        self.figures = {district: self._one(district, language) for district in districts}

    def _one(self, district: str, language: str) -> Any:
        chart = _figure(height=150, min_width=120, sizing_mode="stretch_width", y_range=Range1d(0, 1))
        for low, high, alpha in _BANDS:
            chart.varea("year", f"{district} {low}", f"{district} {high}", source=self._source, color=BLUE, alpha=alpha)
        chart.line("year", f"{district} base", source=self._source, color=BLACK, line_dash="dashed")
        chart.line("year", f"{district} p50", source=self._source, color=BLUE, line_width=2)
        chart.text(
            "year",
            f"{district} p50",
            f"{district} words",
            source=self._ends,
            text_align="right",
            text_baseline="bottom",
            text_font=value(FONT),
            text_font_size="11px",
            y_offset=-4,
        )
        chart.title.text = element_title(district, language)
        chart.title.text_font_size = "12px"
        chart.xaxis.ticker = FixedTicker(ticks=[2020, 2035])
        chart.yaxis[0].ticker.desired_num_ticks = 3
        return chart

    def show(self, values: Values, base: Values, *, settle: bool) -> None:
        """Draw bands with axes quantile, time and district; new ranges of the axes only when they are to settle."""
        data: dict[str, Any] = {"year": self._times}
        ends: dict[str, Any] = {"year": [self._times[-1]]}
        for index, (district, chart) in enumerate(self.figures.items()):
            mine, other = values[:, :, index], base[2, :, index]
            data |= {f"{district} {name}": mine[row] for row, name in enumerate(_NAMES)}
            data[f"{district} base"] = other
            end, gain = float(mine[2, -1]), float(mine[2, -1] - other[-1])
            ends[f"{district} p50"] = [end]
            gained = number(abs(gain), abs(end))
            # A gain that rounds to nothing is not written.
            written = f" ({'+' if gain > 0 else '-'}{gained})" if gained.strip("0.") else ""
            ends[f"{district} words"] = [number(end) + written]
            low, high = float(min(mine.min(), other.min())), float(max(mine.max(), other.max()))
            if settle or not chart.y_range.start <= low <= high <= chart.y_range.end:
                # A tenth of the level at least, so that a level line looks level; room above for the number.
                span = max(high - low, 0.1 * abs(high), 1e-9)
                middle = (low + high) / 2
                chart.y_range.update(start=middle - 0.6 * span, end=middle + 0.95 * span)
        self._source.data = data
        self._ends.data = ends


class Contributions:
    """What each changed lever contributes to a difference, the largest above."""

    def __init__(self) -> None:
        self._source = ColumnDataSource({name: [] for name in ("lever", "mean", "low", "high", "colour")})
        self.figure = _figure(height=120, min_width=320, sizing_mode="stretch_width", y_range=FactorRange())
        self.figure.hbar("lever", left=0, right="mean", height=0.6, source=self._source, color="colour", alpha=0.8)
        # Not annotations such as whiskers, which the axis would cut off.
        self.figure.segment("low", "lever", "high", "lever", source=self._source, line_color=BLACK, line_width=1.5)
        self.figure.yaxis.major_label_text_font_size = "12px"
        self.figure.ygrid.visible = False

    def show(self, titles: Sequence[str], mean: Values, low: Values, high: Values, unit: str) -> None:
        """Draw bars from the first down."""
        self.figure.y_range.factors = list(titles)[::-1]
        self.figure.height = 70 + 26 * max(len(titles), 1)
        self.figure.xaxis.axis_label = unit
        self._source.data = {
            "lever": list(titles),
            "mean": mean,
            "low": low,
            "high": high,
            "colour": [GREEN if value >= 0 else VERMILION for value in mean],
        }


def wanted(target: Target) -> str:
    """Return what a target asks for, such as "2025: ≥ 78.5".

    Examples
    --------
    >>> wanted(Target("t", {}, "1.4", "core", 2025, 78.5, "at least", "percent"))
    '2025: ≥ 78.5'
    """
    return f"{target.year}: {SIGNS[target.comparison]} {target.threshold:,g}"


def _empty(times: Sequence[float]) -> dict[str, Any]:
    return _columns(times, np.full((len(_NAMES), len(times)), np.nan))


def _columns(times: Sequence[float], values: Values) -> dict[str, Any]:
    return {"year": list(times), **dict(zip(_NAMES, values, strict=True))}


def _with_unit(title: str, unit: str) -> str:
    """A title with a unit in brackets, if there is one."""
    return f"{title} ({unit})" if unit else title


def _figure(**settings: Any) -> Any:
    chart = figure(tools="", toolbar_location=None, **settings)
    chart.axis.major_label_text_font = FONT
    chart.axis.axis_label_text_font = FONT
    chart.axis.axis_label_text_font_style = "normal"
    chart.axis.major_label_text_font_size = "12px"
    chart.title.text_font = FONT
    chart.grid.grid_line_color = "#E5E5E5"
    chart.outline_line_color = None
    chart.min_border = 4
    if not isinstance(settings.get("y_range"), FactorRange):
        chart.xaxis.ticker = FixedTicker(ticks=list(_TICKS))
        chart.yaxis.formatter = NumeralTickFormatter(format="0,0.[00]")
        chart.axis.minor_tick_line_color = None
    return chart
