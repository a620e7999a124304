"""Charts that PowerPoint and WPS draw and edit themselves: bands as stacked areas with lines above, and bars."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from itertools import pairwise
from math import ceil
from typing import Any, Final

import numpy as np
from lxml import etree
from pptx.chart.data import CategoryChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE, XL_LABEL_POSITION, XL_LEGEND_POSITION, XL_TICK_LABEL_POSITION
from pptx.oxml.ns import qn
from pptx.util import Inches, Pt

from analysis.briefing.content import Chart, Line, Number, plain
from analysis.briefing.writing.lines import FIRST_CHINESE, SANS, text_width

#: Colours of lines and bars in their order, of observations, and of bars by tone.
COLOURS: Final = ("0072B2", "E69F00", "009E73")
GREY, INK, STAR, RULE = "7A7A7A", "1D2733", "F0E442", "D9DEE4"
TONES: Final = {"good": "4DAF7C", "open": "E3B23C", "bad": "D0694F"}
#: How transparent the wide and the narrow band are, in thousandths of a percent of opacity.
OPACITY: Final = ("22000", "40000", "22000")
#: Points of letters, those where bars are many, and those where they have little height.
LETTERS, SMALL, SMALLEST = 11, 9, 8
#: Points of the title.
TITLE: Final = 13
MANY: Final = 14
#: Digits that values are kept with.
DIGITS: Final = 10
#: Years from one name on the axis to the next.
EVERY: Final = 5
#: Inches of height below which the legend of bars stands beside them, and those that it takes there.
LOW, BESIDE = 2.6, 1.3


def add_chart(slide: Any, block: Chart, box: tuple[float, float, float, float], fonts: tuple[str, str]) -> None:
    """Add a chart to a slide; `fonts` are the Latin and the eastern one."""
    draw: Callable[..., Any] = _bars if all(line.look == "bar" for line in block.lines) else _fan
    frame = draw(slide, block, tuple(Inches(side) for side in box))
    frame.name = block.id
    frame._element.nvGraphicFramePr.cNvPr.set("descr", plain(block.title))
    _style(frame.chart, block, _letters(block, box[3]), fonts, beside=_is_low(block, box[3]))


def _is_low(block: Chart, down: float) -> bool:
    """Whether bars of several kinds have so little height that their legend stands beside them."""
    return down < LOW and len(block.lines) > 1 and block.lines[0].look == "bar"


def _letters(block: Chart, down: float) -> int:
    """Points of letters: smaller where bars are many, and the least where they lie close together."""
    if any(line.bands for line in block.lines):
        return LETTERS
    if _is_low(block, down):
        return SMALLEST
    return SMALL if len(block.categories) > MANY else LETTERS


def with_unit(title: str, unit: str) -> str:
    """Return the title of a chart with its unit: in brackets, or behind a comma where the title ends with some.

    Examples
    --------
    >>> with_unit("常住人口城镇化率", "%"), with_unit("Primary (6-11)", "thousand places")
    ('常住人口城镇化率（%）', 'Primary (6-11), thousand places')
    """
    chinese = any(ord(letter) >= FIRST_CHINESE for letter in title)
    if not unit:
        return title
    if title.endswith(("）", ")")):
        return f"{title}，{unit}" if chinese else f"{title}, {unit}"
    return f"{title}（{unit}）" if chinese else f"{title} ({unit})"


def _data(block: Chart) -> Any:
    form = next(value.form for line in block.lines for value in line.values if value is not None)
    decimals = int(form.strip("+,f").lstrip(".") or 0)
    whole = "#,##0" + ("." + "0" * decimals if decimals else "")
    look = f"+{whole};-{whole};{whole}" if "+" in form else whole
    data: Any = CategoryChartData(number_format=look)  # type: ignore[no-untyped-call]
    data.categories = [plain(category) for category in block.categories]
    return data


def _bars(slide: Any, block: Chart, box: tuple[Any, ...]) -> Any:
    """Bars from the left, the first at the top, with their values beside them."""
    data = _data(block)
    for line in block.lines:
        data.add_series(plain(line.name), [_as_shown(value) for value in line.values])
    frame = slide.shapes.add_chart(XL_CHART_TYPE.BAR_CLUSTERED, *box, data)
    chart = frame.chart
    plot = chart.plots[0]
    plot.gap_width, plot.overlap = 45, -5
    plot.vary_by_categories = False
    plot.has_data_labels = True
    plot.data_labels.position = XL_LABEL_POSITION.OUTSIDE_END
    for colour, series, line in zip(COLOURS, plot.series, block.lines, strict=False):
        _fill(series.format, colour)
        series.invert_if_negative = False
        for place, tone in enumerate(line.tones):
            _fill(series.points[place].format, TONES[tone])
        for place, sign in enumerate(line.signs):
            if sign:
                _sign(series.points[place].data_label, sign)
        if any(line.signs):
            # Labels of single bars stand before those of the others, which they would hide.
            series.data_labels.show_value = True
            series.data_labels.position = XL_LABEL_POSITION.OUTSIDE_END
    chart.category_axis.reverse_order = True
    chart.category_axis.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    chart.category_axis.has_major_gridlines = False
    chart.value_axis.visible = False
    chart.value_axis.has_major_gridlines = False
    numbers = [value for line in block.lines for one in line.values if (value := _as_shown(one)) is not None]
    if min(numbers) < 0:
        # Room before the lowest bar for its value, too.
        chart.value_axis.minimum_scale = _rounded(1.5 * min(numbers) - 0.12 * max(0.0, *numbers))
    if block.most is not None:
        # Room behind the longest bar for its value.
        chart.value_axis.maximum_scale = 1.08 * block.most
    _leave_room_for_names(chart, block, box[2] / Inches(1), box[3] / Inches(1))
    # Every bar has its name, however many there are.
    _after(chart.category_axis._element, "c:tickLblSkip", "1", ("c:lblOffset",))
    return frame


def _sign(label: Any, sign: str) -> None:
    """Put a sign before the value of one bar, which stays a number that can be edited."""
    label.position = XL_LABEL_POSITION.OUTSIDE_END
    element = label._dLbl
    form = etree.Element(qn("c:numFmt"), formatCode=f'"{sign}"0', sourceLinked="0")
    element.find(qn("c:idx")).addnext(form)
    for name in ("c:showLegendKey", "c:showCatName", "c:showSerName", "c:showPercent", "c:showBubbleSize"):
        element.find(qn(name)).set("val", "0")
    element.find(qn("c:showVal")).set("val", "1")


def _leave_room_for_names(chart: Any, block: Chart, across: float, down: float) -> None:
    """Let bars begin where the longest name beside them ends, rather than cut it, and below the lines of the title."""
    letters, low = _letters(block, down), _is_low(block, down)
    longest = max(text_width(plain(name), letters, SANS) for name in block.categories) / 25.4
    left = min(0.55, (longest + 0.25) / across)
    lines = ceil(1.1 * text_width(plain(block.title) + plain(block.unit) + "()", TITLE, SANS) / 25.4 / (0.78 * across))
    above = (0.36 + 1.3 * lines * TITLE / 72) / down
    below = (0.45 if len(block.lines) > 1 and not low else 0.08) / down
    right = BESIDE / across if low else 0.04
    place = {"xMode": "edge", "yMode": "edge", "x": left, "y": above, "w": 1 - right - left, "h": 1 - above - below}
    area = chart._chartSpace.find(f".//{qn('c:plotArea')}")
    for old in area.findall(qn("c:layout")):
        area.remove(old)
    layout = etree.Element(qn("c:layout"))
    manual = etree.SubElement(layout, qn("c:manualLayout"))
    etree.SubElement(manual, qn("c:layoutTarget"), val="inner")
    for name, value in place.items():
        etree.SubElement(manual, qn(f"c:{name}"), val=value if isinstance(value, str) else f"{value:.4f}")
    area.insert(0, layout)


def _fan(slide: Any, block: Chart, box: tuple[Any, ...]) -> Any:
    """A band as areas stacked on one that is not seen, and in the same axes lines and dots."""
    data = _data(block)
    # An axis of dates has a name every few years, upright in every program; one of words is crowded in some.
    data.categories = [date(int(plain(year)), 1, 1) for year in block.categories]
    data.categories.number_format = "yyyy"
    banded = next(line for line in block.lines if line.bands)
    wide, narrow = map(plain, block.bands)
    names = (f"{plain(banded.name)} −", wide, narrow, wide)
    for name, values in zip(names, _layers(banded, _observed(block)), strict=True):
        data.add_series(name, values)
    for line in block.lines:
        data.add_series(plain(line.name), [_value(value) for value in line.values])
    frame = slide.shapes.add_chart(XL_CHART_TYPE.AREA_STACKED, *box, data)
    chart = frame.chart
    series = list(chart.plots[0].series)
    series[0].format.fill.background()
    for one, opacity in zip(series[1:4], OPACITY, strict=True):
        _fill(one.format, COLOURS[0])
        colour = one._element.find(f".//{qn('a:srgbClr')}")
        etree.SubElement(colour, qn("a:alpha"), val=opacity)
    _move_to_lines(chart, [one._element for one in series[4:]], block.lines)
    axis = chart.category_axis
    axis.has_major_gridlines = False
    axis.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    _after(axis._element, "c:baseTimeUnit", "years", ("c:lblOffset",))
    _after(axis._element, "c:majorUnit", str(EVERY), ("c:baseTimeUnit",))
    _after(axis._element, "c:majorTimeUnit", "years", ("c:majorUnit",))
    # Before the run there are observations alone, years apart, which a thin line joins.
    chart._chartSpace.find(f".//{qn('c:dispBlanksAs')}").set("val", "span")
    values = chart.value_axis
    values.has_major_gridlines = True
    values.major_gridlines.format.line.color.rgb = _colour(RULE)
    if block.least is not None:
        values.minimum_scale = block.least
    # Areas reach from the first year to the last, rather than from half a year after to half a year before.
    values._element.find(qn("c:crossBetween")).set("val", "midCat")
    return frame


def _observed(block: Chart) -> list[float | None]:
    """What the dots of a chart show, by category; nothing where there are none."""
    dots = next((line for line in block.lines if line.look == "dots" and not line.tones), None)
    return [None] * len(block.categories) if dots is None else [_value(value) for value in dots.values]


def _layers(line: Line, observed: Sequence[float | None]) -> list[list[float]]:
    """The lowest end of the bands, and from it the heights of what is stacked; along the record before the run."""
    ends = [[_value(value) for value in values] for values in line.bands]
    first = next(place for place, value in enumerate(ends[0]) if value is not None)
    points = {place: value for place, value in enumerate(observed[:first]) if value is not None}
    points |= {first: ends[0][first]}
    before = [_rounded(float(np.interp(place, list(points), list(points.values())))) for place in range(first)]
    filled = [[*before, *values[first:]] for values in ends]
    layers = [filled[0]]
    for lower, upper in pairwise(filled):
        layers.append([_rounded(high - low) for low, high in zip(lower, upper, strict=True)])
    return layers


def _move_to_lines(chart: Any, elements: Sequence[Any], lines: Sequence[Line]) -> None:
    """Put series of an area chart into a line chart on the same axes."""
    areas = chart._chartSpace.find(f".//{qn('c:areaChart')}")
    drawn = etree.Element(qn("c:lineChart"))
    etree.SubElement(drawn, qn("c:grouping"), val="standard")
    etree.SubElement(drawn, qn("c:varyColors"), val="0")
    colours = iter(COLOURS)
    for element, line in zip(elements, lines, strict=True):
        areas.remove(element)
        dots = line.look == "dots"
        colour = STAR if line.tones else GREY if dots else next(colours)
        _look(element, colour, dots, star=bool(line.tones))
        drawn.append(element)
        etree.SubElement(element, qn("c:smooth"), val="0")
    etree.SubElement(drawn, qn("c:marker"), val="1")
    for axis in areas.findall(qn("c:axId")):
        etree.SubElement(drawn, qn("c:axId"), val=axis.get("val"))
    areas.addnext(drawn)


def _look(element: Any, colour: str, dots: bool, *, star: bool) -> None:
    """A line of a colour without marks, or marks alone."""
    for old in element.findall(qn("c:spPr")) + element.findall(qn("c:marker")):
        element.remove(old)
    if dots:
        symbol, size, edge = ("diamond", 11, INK) if star else ("circle", 6, GREY)
        # Observations are joined, as some are ten years apart; targets are not.
        joined = f'<a:solidFill><a:srgbClr val="{GREY}"/></a:solidFill><a:prstDash val="sysDash"/>'
        line = f'<a:ln w="9525">{"<a:noFill/>" if star else joined}</a:ln>'
        marker = (
            f'<c:marker xmlns:c="{_space("c")}" xmlns:a="{_space("a")}"><c:symbol val="{symbol}"/>'
            f'<c:size val="{size}"/>'
            f'<c:spPr><a:solidFill><a:srgbClr val="{colour}"/></a:solidFill><a:ln w="9525"><a:solidFill>'
            f'<a:srgbClr val="{edge}"/></a:solidFill></a:ln></c:spPr></c:marker>'
        )
    else:
        line = f'<a:ln w="31750" cap="rnd"><a:solidFill><a:srgbClr val="{colour}"/></a:solidFill></a:ln>'
        marker = f'<c:marker xmlns:c="{_space("c")}"><c:symbol val="none"/></c:marker>'
    shape = f'<c:spPr xmlns:c="{_space("c")}" xmlns:a="{_space("a")}">{line}</c:spPr>'
    element.find(qn("c:tx")).addnext(etree.fromstring(marker))
    element.find(qn("c:tx")).addnext(etree.fromstring(shape))


def _style(chart: Any, block: Chart, letters: int, fonts: tuple[str, str], *, beside: bool = False) -> None:
    """Title with the unit, letters, axes, and the legend without what is not seen and what would stand twice."""
    latin, eastern = fonts
    chart.font.size, chart.font.name = Pt(letters), latin
    chart.font.color.rgb = _colour(INK)
    chart.has_title = True
    chinese = any(ord(letter) >= FIRST_CHINESE for letter in plain(block.title))
    frame = chart.chart_title.text_frame
    frame.text = with_unit(plain(block.title), plain(block.unit))
    font = frame.paragraphs[0].runs[0].font
    font.size, font.bold, font.name = Pt(TITLE), True, latin
    font.color.rgb = _colour(INK)
    chart.chart_title.include_in_layout = False
    for axis in (chart.category_axis, chart.value_axis):
        axis.format.line.color.rgb = _colour("9AA3AD")
    banded = any(line.bands for line in block.lines)
    chart.has_legend = banded or len(block.lines) > 1
    if chart.has_legend:
        chart.legend.position = XL_LEGEND_POSITION.RIGHT if beside else XL_LEGEND_POSITION.BOTTOM
        chart.legend.include_in_layout = False
        place = chart.legend._element.find(qn("c:legendPos"))
        for index in (3, 0) if banded else ():
            entry = etree.Element(qn("c:legendEntry"))
            etree.SubElement(entry, qn("c:idx"), val=str(index))
            etree.SubElement(entry, qn("c:delete"), val="1")
            place.addnext(entry)
    # Programs choose the forms of Chinese signs by the language of the letters.
    for look in [*chart._chartSpace.iter(qn("a:rPr")), *chart._chartSpace.iter(qn("a:defRPr"))]:
        look.set("lang", "zh-CN" if chinese else "en-GB")
    for named in chart._chartSpace.iter(qn("a:latin")):
        if named.getnext() is None or named.getnext().tag != qn("a:ea"):
            named.addnext(named.makeelement(qn("a:ea"), {"typeface": eastern}))


def _after(parent: Any, tag: str, value: str, behind: Sequence[str]) -> None:
    """Set an element with a value, behind the first of others that is there."""
    for old in parent.findall(qn(tag)):
        parent.remove(old)
    element = etree.Element(qn(tag), val=value)
    place = next(found for name in behind if (found := parent.find(qn(name))) is not None)
    place.addnext(element)


def _fill(look: Any, colour: str) -> None:
    look.fill.solid()
    look.fill.fore_color.rgb = _colour(colour)


def _colour(code: str) -> Any:
    return RGBColor(*bytes.fromhex(code))  # type: ignore[no-untyped-call]


def _value(number: Number | None) -> Any:
    return None if number is None else _rounded(number.shown)


def _as_shown(number: Number | None) -> float | None:
    """A value rounded to what its label says, as a program would write -0.00."""
    return None if number is None else float(number.text.replace(",", ""))


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _space(prefix: str) -> str:
    return str(qn(f"{prefix}:x")[1:].partition("}")[0])
