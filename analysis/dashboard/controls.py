"""Levers and assumptions as a user moves them: bounded sliders with a number, what they mean, and where they stand."""
# Coverage: what answers clicks runs in the browser tests only (`make test-browser`).

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

import xarray as xr
from bokeh.layouts import column, row
from bokeh.models import Button, Checkbox, CustomJS, Div, Slider, Spinner, Toggle, UIElement

from analysis.dashboard.state import Setting, known_levers, value_of
from analysis.page.words import element_title, number, plain, say, unit_size, unit_title, words
from model.definition import Variable, variables_by_name
from scenarios import Lever

#: Told constant, element (None for the only number) and the new value in the model's unit.
Move = Callable[[str, str | None, float], None]
#: Told the constant that is to be as in the scenario it starts from.
PutBack = Callable[[str], None]

TEXT: Final = """
:host { font-size: 12px; line-height: 1.45; color: #444; }
.course { color: #0b5a8a; } .own { font-weight: bold; }
"""
WIDGET: Final = """
label, .bk-input, .bk-btn { font-size: 13px; }
:focus-visible { outline: 3px solid #E69F00 !important; outline-offset: 1px !important; }
"""
WIDE: Final[dict[str, Any]] = {"sizing_mode": "stretch_width", "stylesheets": [WIDGET], "margin": (2, 4, 2, 4)}
#: Of texts: as typed, dollar signs too.
TEXT_LOOK: Final[dict[str, Any]] = {
    "sizing_mode": "stretch_width",
    "stylesheets": [TEXT],
    "margin": (0, 4, 2, 4),
    "disable_math": True,
}
#: Values of the slider between its ends.
STEPS: Final = 100
_TYPED: Final = """
if (cb_obj.value === null || isNaN(cb_obj.value)) { cb_obj.value = slider.value } else { slider.value = cb_obj.value }
"""


@dataclass(frozen=True)
class Dial:
    """One constant with what is needed to show it."""

    constant: str
    title: str
    unit: str
    lowest: float
    highest: float
    #: What stands where nothing is set, by element; None is that of a single number.
    usual: Mapping[str | None, float]
    text: str
    #: Whether the members differ in it where nothing is set.
    varies: bool


def _lever_dial(lever: Lever, members: xr.Dataset, language: str) -> Dial:
    """A lever; where the members differ in it, its usual value is their median."""
    colon = ": " if language == "en" else "："
    text = f"{lever.meaning[language]} {say('guidance', language)}{colon}{lever.guidance[language]}"
    text += f" [{say('section', language)} {lever.section}]"
    usual, varies = _usual(variables_by_name()[lever.constant], members)
    bounds = lever.lowest, lever.highest
    return Dial(lever.constant, lever.title[language], lever.unit, *bounds, usual, text, varies)


def _assumption_dial(variable: Variable, members: xr.Dataset, language: str) -> Dial:
    """An uncertain constant; its usual value is the median of the members."""
    low, high = (float(members[variable.name].quantile(level)) for level in (0.05, 0.95))
    band = "–".join(number(end / unit_size(variable.unit, language)) for end in (low, high))
    text = {
        "zh": f"{variable.term}。样本中90%在{band}之间。",
        "en": f"{variable.meaning} 90 % of the members lie within {band}.",
    }[language]
    assert variable.low is not None
    assert variable.high is not None
    title = str(words()["assumptions"][variable.name][language])
    usual, varies = _usual(variable, members)
    return Dial(variable.name, title, variable.unit, variable.low, variable.high, usual, text, varies)


def css_class(constant: str) -> str:
    """Return the class by which a constant's widgets are found on the page.

    Examples
    --------
    >>> css_class("TALENT SUBSIDY")
    'lever-talent-subsidy'
    """
    return f"lever-{constant.lower().replace(' ', '-')}"


class Control:
    """The widgets of one constant."""

    def __init__(
        self, dial: Dial, setting: Setting, language: str, move: Move, put_back: PutBack, *, free: bool
    ) -> None:
        self.dial, self._language, self._free = dial, language, free
        self._move, self._put_back = move, put_back
        self._size = unit_size(dial.unit, language)
        self._quiet = False
        self._sliders: dict[str | None, Slider] = {}
        self._typed: dict[str | None, Spinner] = {}
        rows = [self._row(part) for part in dial.usual]
        self._text = Div(**TEXT_LOOK)
        self._back = Button(
            label=f"↺ {say('put back', language)}", align="start", margin=(0, 4, 2, 4), stylesheets=[WIDGET]
        )
        self._back.on_click(lambda: put_back(dial.constant))
        self._fixed = Checkbox(label=say("fix", language), visible=free, **WIDE)
        self._fixed.on_change("active", lambda _attribute, _old, fixed: self._fix(fixed))
        head: list[UIElement] = rows
        if len(rows) > 1:
            inner = column(*rows, visible=False, sizing_mode="stretch_width")
            opened = Toggle(label=f"{dial.title} · {say('elements of', language)}", **WIDE)
            opened.js_on_change("active", CustomJS(args={"inner": inner}, code="inner.visible = cb_obj.active"))
            head = [opened, inner]
        parts = [*head, self._fixed, self._back, self._text] if free else [*head, self._text, self._back]
        self.view = column(
            *parts, sizing_mode="stretch_width", css_classes=[css_class(dial.constant)], margin=(0, 0, 8, 0)
        )
        self.show(setting)

    def show(self, setting: Setting) -> None:
        """Show what a setting says of this constant."""
        value = value_of(setting, self.dial.constant)
        self._quiet = True
        try:
            for part, slider in self._sliders.items():
                own: Any = value
                if part is not None and isinstance(value, Mapping):
                    own = dict[Any, Any](value).get(part)
                position = (self.dial.usual[part] if own is None else _end(own)) / self._size
                if not math.isclose(slider.value, position, rel_tol=1e-12):
                    slider.value = self._typed[part].value = position
            self._fixed.active = value is not None
        finally:
            self._quiet = False
        changed = self.dial.constant in setting.changes
        self._back.visible = changed and not self._free
        if value is None:
            usual = "varies" if self.dial.varies else "default course"
            course = f'<span class="course">{escape(say(usual, self._language))}</span>'
        else:
            where = say("own" if changed else "from scenario", self._language)
            kind = "course own" if changed else "course"
            course = f'<span class="{kind}">{escape(where)}: {escape(self._in_words(value))}</span>'
        text = f"{course}<br>{escape(self.dial.text)}"
        if self._text.text != text:
            self._text.text = text

    def _row(self, part: str | None) -> UIElement:
        """A slider with a number beside it; neither takes a value outside the bounds."""
        low, high = self.dial.lowest / self._size, self.dial.highest / self._size
        unit = unit_title(self.dial.unit, self._language)
        ends = f"{plain(low)}–{plain(high)} {unit}".strip()
        usual = self.dial.usual[part] / self._size
        bounds: dict[str, Any] = {"step": _step(high - low), "value": usual, "format": _format(high - low)}
        slider = Slider(
            start=low,
            end=high,
            title=f"{self.dial.title if part is None else element_title(part, self._language)} ({ends})",
            show_value=False,
            **bounds,
            **WIDE | {"margin": (2, 16, 2, 8)},
        )
        typed = Spinner(low=low, high=high, width=104, margin=(20, 4, 2, 0), stylesheets=[WIDGET], **bounds)
        slider.js_link("value", typed, "value")
        # An emptied field is no number.
        typed.js_on_change("value", CustomJS(args={"slider": slider}, code=_TYPED))

        def moved(_attribute: str, _old: float, new: float) -> None:
            if not self._quiet and low <= new <= high:
                self._move(self.dial.constant, part, float(new) * self._size)

        slider.on_change("value", moved)
        self._sliders[part], self._typed[part] = slider, typed
        return row(slider, typed, sizing_mode="stretch_width")

    def _fix(self, fixed: bool) -> None:
        if self._quiet:
            return
        if not fixed:
            self._put_back(self.dial.constant)
            return
        for part, slider in self._sliders.items():
            self._move(self.dial.constant, part, float(slider.value) * self._size)

    def _in_words(self, value: Any) -> str:
        unit = unit_title(self.dial.unit, self._language)
        if isinstance(value, Mapping) and any(isinstance(key, str) for key in value):
            return "; ".join(
                f"{element_title(key, self._language)} {self._in_words(part)}" for key, part in value.items()
            )
        if isinstance(value, Mapping):
            return " → ".join(f"{year:g}: {plain(part / self._size)}" for year, part in value.items()) + f" {unit}"
        return f"{plain(value / self._size)} {unit}".strip()


def make_controls(
    setting: Setting, members: xr.Dataset, language: str, move: Move, put_back: PutBack
) -> tuple[dict[str, dict[str, Control]], dict[str, Control]]:
    """Return a control for each lever by chapter of the plan, and for each uncertain constant that a user may fix."""

    def control(dial: Dial, *, free: bool) -> Control:
        return Control(dial, setting, language, move, put_back, free=free)

    chapters: dict[str, dict[str, Control]] = {}
    for lever in sorted(known_levers().values(), key=lambda lever: (str(lever.section)[0], str(lever.section))):
        chapter = chapters.setdefault(str(lever.section)[0], {})
        chapter[lever.constant] = control(_lever_dial(lever, members, language), free=False)
    assumed = [variables_by_name()[constant] for constant in words()["assumptions"]]
    return chapters, {one.name: control(_assumption_dial(one, members, language), free=True) for one in assumed}


def _usual(variable: Variable, members: xr.Dataset) -> tuple[dict[str | None, float], bool]:
    """What stands where nothing is set, by element, and whether the members differ in it."""
    values = xr.DataArray(variable.default, dims=variable.dims)
    varies = variable.name in members and "member" in members[variable.name].dims
    if variable.name in members:
        values = members[variable.name].median("member") if varies else members[variable.name]
    elements = variable.axes[0] if variable.axes else (None,)
    return dict(zip(elements, map(float, values.to_numpy().ravel()), strict=True)), varies


def _end(value: Any) -> float:
    """The value a path ends at."""
    return float(list(value.values())[-1]) if isinstance(value, Mapping) else float(value)


def _format(span: float) -> str:
    """As many digits as tell a hundredth of a step apart.

    >>> _format(200_000.0), _format(1.0)
    ('0,0', '0,0.[0000]')
    """
    return "0,0" if span >= 1000 else "0,0.[00]" if span >= 10 else "0,0.[0000]"


def _step(span: float) -> float:
    """A round number that takes a hundred steps or a few more from end to end.

    >>> _step(1.0), _step(200_000.0), _step(0.04)
    (0.01, 2000.0, 0.0002)
    """
    exact = span / STEPS
    power = 10.0 ** math.floor(math.log10(exact) + 1e-9)
    return next(factor * power for factor in (5, 2, 1) if factor * power <= exact * (1 + 1e-9))


def titles(constants: Sequence[str], language: str) -> list[str]:
    """Return what constants are called: levers and assumptions by their titles, others by their terms of the model.

    Examples
    --------
    >>> titles(["TALENT SUBSIDY", "LONG RUN FERTILITY", "POOL CHANGE"], "zh")
    ['青年人才补贴', '长期总和生育率', '外部人口池自然变化']
    """
    levers, variables, assumed = known_levers(), variables_by_name(), words()["assumptions"]
    known = {**assumed, **{constant: lever.title for constant, lever in levers.items()}}
    return [
        str(known[constant][language])
        if constant in known
        else (variables[constant].term if language == "zh" else constant.lower())
        for constant in constants
    ]
