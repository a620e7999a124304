"""The page of one user: widgets, charts, and what happens between a move and its redraw."""
# Coverage: what answers clicks runs in the browser tests only (`make test-browser`).

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from html import escape
from pathlib import Path
from typing import Any, Final

import jinja2
import numpy as np
import pylopdf_fonts_zh_cn
from bokeh.core.templates import get_env
from bokeh.document import Document
from bokeh.layouts import column, grid
from bokeh.models import (
    Button,
    ColumnDataSource,
    CustomJS,
    Div,
    FileInput,
    RadioButtonGroup,
    Select,
    TextInput,
    UIElement,
)

from analysis.comparison.contributions import Comparison
from analysis.dashboard import charts, downloads
from analysis.dashboard import state as settings
from analysis.dashboard.briefings import Briefings
from analysis.dashboard.controls import TEXT_LOOK, WIDE, Control, make_controls, titles
from analysis.page.indicators import Indicator, district_indicators, indicators
from analysis.dashboard.live_ensemble import Outcome
from analysis.dashboard.session import MEMBERS_TRACED, Question, Session, SharedEnsemble, Shown
from analysis.dashboard.state import Setting, State, scenario_of, shipped, to_query
from analysis.dashboard.statistics import Standing, bands, standings
from analysis.page.words import number, say, unit_title, words
from calibration.fit.evidence import Evidence
from scenarios import Scenario, Target, shipped_scenarios

FOLDER: Final = Path(__file__).parent
FONT_FILE: Final = Path(pylopdf_fonts_zh_cn.sans_path())
YEARS: Final = (2025, 2030, 2035)
#: Characters of a message: what fits on a screen.
MOST_SHOWN: Final = 2_000
#: A standard error is at most this or itself; less would be shown as zero.
SMALLEST: Final = 0.001
_LOST: Final = "document.getElementById('lost').hidden = false"
_ADDRESS: Final = """
const [own, other] = JSON.parse(cb_obj.value)
history.replaceState(null, "", own)
document.getElementById("language").href = other
"""
_COPY: Final = """
const link = window.location.href
if (navigator.clipboard) { navigator.clipboard.writeText(link) } else { window.prompt("", link) }
button.label = copied
setTimeout(() => { button.label = usual }, 1500)
"""
_DOWNLOAD: Final = """
const bytes = Uint8Array.from(atob(cb_obj.data.content[0]), (letter) => letter.charCodeAt(0))
const link = document.createElement("a")
link.href = URL.createObjectURL(new Blob([bytes], {type: cb_obj.data.type[0]}))
link.download = cb_obj.data.name[0]
link.click()
setTimeout(() => URL.revokeObjectURL(link.href), 10000)
"""
_TEMPLATES: Final = jinja2.Environment(
    loader=jinja2.FileSystemLoader(FOLDER), autoescape=True, trim_blocks=True, lstrip_blocks=True
)


class Page:
    """One user's page, as the `query` of its address asks for; `facts` are the manifest that all results share."""

    def __init__(
        self,
        shared: SharedEnsemble,
        targets: list[Target],
        facts: Mapping[str, str],
        query: str,
        briefings: Briefings,
        others: Sequence[Evidence] = (),
    ) -> None:
        self._shared, self._live, self._briefings = shared, shared.live, briefings
        self._others = others
        self._facts = {key: value for key, value in facts.items() if not key.startswith("scenario")}
        self._targets = [target for target in targets if target.modelled]
        self.state, problems = settings.from_query(query)
        self._language = self.state.language
        if self.state.evidence is not None and str(self.state.evidence) != facts.get("evidence"):
            problems.append(say("no such evidence", self._language, evidence=self.state.evidence))
        self._indicators, self._districts = indicators(targets), district_indicators()
        self._mend_choices()
        self._shown: Shown | None = None
        self._document: Document | None = None
        baseline = shared.known(scenario_of(Setting())) or self._live.complete(scenario_of(Setting()))
        self._session = Session(
            shared,
            baseline,
            self._later(self._redraw),
            self._later(self.show_contributions),
            self._later(partial(self._say_problem, "cannot run")),
        )
        self._controls: dict[str, Control] = {}
        self._fan = charts.Fan(self._live.times, self._language)
        self._small = charts.Districts(self._live.times, self._live.elements["District"], self._language)
        self._parts = charts.Contributions()
        self._make_texts()
        self._make_choices()
        if problems:
            self._say_problem("link problem", "\n".join(problems))

    def fill(self, document: Document) -> None:
        """Put the page together and start computing."""
        setting, members = self.state.setting, self._live.members
        chapters, assumed = make_controls(setting, members, self._language, self._move, self._put_back)
        self._controls = {name: control for mine in (*chapters.values(), assumed) for name, control in mine.items()}
        small = list(self._small.figures.values())
        roots: dict[str, list[UIElement]] = {
            "status": [self._status, self._problem],
            "start": [self._base, self._pace, self._against, self._reset],
            "assumptions": [control.view for control in assumed.values()],
            "files": self._files(),
            "headline": [self._headline],
            "fan": [self._indicator, self._fan.figure, self._reading],
            "why": [self._year, self._traced, self._parts.figure],
            "board": [self._board],
            "districts": [self._district, grid(small, ncols=4, sizing_mode="stretch_width"), self._district_note],
            "hidden": [self._address],
        }
        roots |= {
            f"chapter_{chapter}": [control.view for control in mine.values()] for chapter, mine in chapters.items()
        }
        for name, parts in roots.items():
            document.add_root(column(*parts, name=name, sizing_mode="stretch_width"))
        document.template = get_env().from_string((FOLDER / "page.html").read_text(encoding="utf-8"))
        document.template_variables.update(self._template_words(), chapters=list(chapters))
        document.title = say("title", self._language)
        document.js_on_event("connection_lost", CustomJS(code=_LOST))
        document.on_session_destroyed(lambda _context: self._session.stop())
        self._document = document
        self._ask()

    def _template_words(self) -> dict[str, Any]:
        language = self._language
        other = "en" if language == "zh" else "zh"
        return {
            "css": (FOLDER / "page.css").read_text(encoding="utf-8"),
            "font_file": FONT_FILE.name,
            "lang": "zh-CN" if language == "zh" else "en",
            "other_lang": "en" if language == "zh" else "zh-CN",
            "other_link": f"?{to_query(replace(self.state, language=other))}",
            "evidence_links": [
                (f"?{to_query(replace(self.state, evidence=one))}", say("other evidence", language, evidence=one))
                for one in self._others
            ],
            "say": {key.replace(" ", "_"): entry[language] for key, entry in words()["page"].items()},
            "chapter_titles": {chapter: entry[language] for chapter, entry in words()["chapters"].items()},
            "foot": self._foot(),
        }

    def _foot(self) -> str:
        known = {"model": self._facts.get("model_file", ""), "hash": self._facts.get("model_hash", "")}
        known |= {name: self._facts.get(name, "") for name in ("seed", "evidence")}
        return say("foot", self._language, members=self._live.members.sizes["member"], **known)

    def _mend_choices(self) -> None:
        """A link may name a variable of the model that the page does not show."""
        if self.state.indicator not in self._indicators:
            self.state = replace(self.state, indicator=State().indicator)
        if self.state.district not in self._districts:
            self.state = replace(self.state, district=State().district)

    # What is written

    def _make_texts(self) -> None:
        look = {**TEXT_LOOK, "stylesheets": [(FOLDER / "board.css").read_text(encoding="utf-8")]}
        self._status = Div(text=self._status_html("loading", say("loading", self._language)), **look)
        self._problem = Div(visible=False, **look)
        self._headline = Div(min_height=120, **look)
        self._board = Div(min_height=400, **look)
        self._reading, self._traced, self._district_note = Div(**look), Div(**look), Div(**look)
        self._address = TextInput(visible=False)
        self._download = ColumnDataSource({"name": [], "type": [], "content": []})
        self._download.js_on_change("data", CustomJS(code=_DOWNLOAD))
        # Named here only so that the page holds it.
        self._address.js_on_change("value", CustomJS(args={"download": self._download}, code=_ADDRESS))

    def _status_html(self, kind: str, text: str) -> str:
        colour = {"complete": "#7fe0a8", "preliminary": "#ffd27f", "loading": "#ffffff"}[kind]
        return f'<span role="status" data-state="{kind}" style="color: {colour}">● {escape(text)}</span>'

    def _say_problem(self, kind: str, message: str) -> None:
        shown = message if len(message) <= MOST_SHOWN else f"{message[:MOST_SHOWN]} ..."
        text = escape(say(kind, self._language, message=shown)).replace("\n", "<br>")
        style = "background: #fff3f3; color: #8a0014; padding: 4px 8px; border-radius: 4px"
        self._problem.text = f'<div role="alert" style="{style}">{text}</div>'
        self._problem.visible = True

    # What is chosen

    def _make_choices(self) -> None:
        language, state = self._language, self.state

        def choice(word: str, options: list[tuple[str, str]], value: object, chosen: Callable[[str], None]) -> Select:
            made = Select(title=say(word, language), options=options, value=str(value), **WIDE)
            made.on_change("value", lambda _attribute, _old, new: chosen(str(new)))
            return made

        def pace(year: int | None) -> str:
            return say("by year", language, year=year) if year else say("at once", language)

        by_name = {str(year): year for year in settings.PACES}
        shown, small = (
            [(name, entry.title[language]) for name, entry in entries.items()]
            for entries in (self._indicators, self._districts)
        )
        paces = [(name, pace(year)) for name, year in by_name.items()]
        self._base = choice("start from", self._starts(), state.setting.base, self._begin_from)
        self._pace = choice("pace", paces, state.pace, lambda new: self._choose(pace=by_name[new]))
        self._against = choice(
            "against", self._comparable(), state.against, lambda new: self._choose(against=new, anew=True)
        )
        self._indicator = choice(
            "indicator", shown, state.indicator, lambda new: self._choose(indicator=new, anew=True)
        )
        self._district = choice("variable", small, state.district, lambda new: self._choose(district=new))
        self._year = RadioButtonGroup(labels=list(map(str, YEARS)), active=YEARS.index(state.year), **WIDE)
        self._year.on_change("active", lambda _attribute, _old, new: self._choose(year=YEARS[new], anew=True))
        self._reset = Button(label=f"↺ {say('reset', language)}", **WIDE)
        self._reset.on_click(lambda: self._take(Setting(self.state.setting.base)))

    def _starts(self) -> list[tuple[str, str]]:
        return [(name, shipped(name).title[self._language]) for name in shipped_scenarios()]

    def _comparable(self) -> list[tuple[str, str]]:
        saved = say("saved", self._language)
        return [*self._starts(), *((name, f"{name} ({saved})") for name in self.state.saved)]

    def _choose(self, *, anew: bool = False, **chosen: Any) -> None:
        self.state = replace(self.state, **chosen)
        if anew:
            self._ask()
        elif self._shown is not None:
            self._redraw(self._shown)

    def _begin_from(self, base: str) -> None:
        if base != self.state.setting.base:
            self._take(Setting(base, self.state.setting.changes, self.state.setting.changes))

    def _take(self, setting: Setting, *constants: str) -> None:
        """Take over a setting; its controls, or only those of some constants, follow."""
        self.state = replace(self.state, setting=setting)
        self._base.value = setting.base
        for constant in constants or self._controls:
            self._controls[constant].show(setting)
        self._problem.visible = False
        self._ask()

    def _move(self, constant: str, element: str | None, value: float) -> None:
        pace = None if constant in words()["assumptions"] else self.state.pace
        self._take(settings.moved(self.state.setting, constant, element, value, pace), constant)

    def _put_back(self, constant: str) -> None:
        self._take(settings.put_back(self.state.setting, constant), constant)

    # What is computed and drawn

    def _roles(self) -> dict[str, Scenario]:
        page = scenario_of(self.state.setting)
        roles = {"page": page, "baseline": settings.baseline_for(page)}
        if self.state.against != "baseline":
            saved = self.state.saved.get(self.state.against)
            roles["against"] = scenario_of(saved if saved else Setting(self.state.against), self.state.against)
        return roles

    def _role_titles(self, roles: Mapping[str, Scenario]) -> dict[str, str]:
        language = self._language
        named = {role: scenario.title[language] for role, scenario in roles.items()}
        named["baseline"] = say("modified baseline" if roles["baseline"].changes else "baseline", language)
        if self.state.setting.changes:
            named["page"] = say("page setting", language)
        return named

    def _ask(self) -> None:
        roles = self._roles()
        first = roles.get("against", roles["baseline"])
        self._traced.text = escape(say("tracing", self._language))
        self._session.ask(roles, Question(first, roles["page"], self.state.indicator, self.state.year))

    def _later(self, draw: Callable[..., None]) -> Callable[..., None]:
        """What another thread may call; the page is only touched in its own turn."""

        def call(*arguments: Any) -> None:
            if self._document is not None and self._document.session_context is not None:
                self._document.add_next_tick_callback(partial(draw, *arguments))

        return call

    def _redraw(self, shown: Shown) -> None:
        self._shown = shown
        language, outcomes = self._language, shown.outcomes
        titles_ = self._role_titles(shown.roles)
        indicator = self._indicators[self.state.indicator]
        size = indicator.size[language]
        drawn = {role: bands(self._live, outcome, indicator.variable, size) for role, outcome in outcomes.items()}
        if outcomes["page"] is outcomes["baseline"]:
            drawn.pop("baseline")
        self._fan.show(indicator, drawn, titles_)
        self._show_reading(indicator, drawn, titles_)
        small = self._districts[self.state.district]
        page, base = (
            bands(self._live, outcomes[role], small.variable, small.size[language]) for role in ("page", "baseline")
        )
        self._small.show(page, base, settle=shown.complete)
        self._district_note.text = escape(f"{small.title[language]} · {small.unit[language]}")
        self._fill_board(outcomes, titles_)
        self._show_status(shown)
        self._write_address()

    def _show_reading(self, indicator: Indicator, drawn: Mapping[str, Any], titles_: Mapping[str, str]) -> None:
        other = "against" if "against" in drawn else "baseline"
        lines = [escape(say("band", self._language))]
        for year in YEARS[::2]:
            at = self._live.times.index(float(year))
            low, _, middle, _, high = drawn["page"][:, at]
            base = drawn[other][2, at] if other in drawn else middle
            ends = {"low": low, "median": middle, "high": high, "base": base}
            numbers = {name: number(value, middle) for name, value in ends.items()}
            unit, title = indicator.unit[self._language], titles_[other]
            lines.append(escape(say("ends", self._language, **numbers, year=year, unit=unit, other=title)))
        self._reading.text = "<br>".join(lines)

    def _fill_board(self, outcomes: Mapping[str, Outcome], titles_: Mapping[str, str]) -> None:
        language = self._language
        other = "against" if "against" in outcomes else "baseline"
        mine, theirs = (standings(self._live, outcomes[role], self._targets) for role in ("page", other))
        rows = []
        for target in self._targets:
            standing = mine[target.id]
            row = {
                "id": target.id,
                "title": target.title[language],
                "section": target.section,
                "definition": (target.definition or {}).get(language, ""),
                "wanted": charts.wanted(target),
                "accepted": say("accepted", language, accepted=f"{target.limit:g}") if target.tolerance else "",
                "median": _median_in_words(standing, language),
                "unit": ("" if language == "zh" else " ") + unit_title(target.unit, language),
                "page": standing,
                "other": theirs[target.id],
            }
            rows.append((target.headline, row))
        macros: Any = _TEMPLATES.get_template("board.html").module
        words_ = self._template_words()["say"]
        self._headline.text = macros.cards([row for main, row in rows if main], words_, titles_[other])
        self._board.text = macros.table([row for _, row in rows], words_, titles_["page"], titles_[other])

    def _show_status(self, shown: Shown) -> None:
        language, members = self._language, self._live.members.sizes["member"]
        kind = "complete" if shown.complete else "preliminary"
        exact = members if shown.outcomes["page"].complete else self._live.pilots
        text = say(kind, language, members=members, exact=exact)
        if shown.seconds >= 0.005:
            text += " " + say("took", language, seconds=f"{shown.seconds:.2f}")
        if assumed := [change.constant for change in shown.outcomes["baseline"].scenario.changes]:
            joint = "、" if language == "zh" else ", "
            text += " ⚠ " + say("modified baseline note", language, names=joint.join(titles(assumed, language)))
        self._status.text = self._status_html(kind, text)

    def _write_address(self) -> None:
        other = "en" if self._language == "zh" else "zh"
        links = [f"?{to_query(state)}" for state in (self.state, replace(self.state, language=other))]
        self._address.value = json.dumps(links)

    def show_contributions(self, question: Question, result: Comparison | None) -> None:
        """Show what each lever contributed to a difference, or that nothing was changed."""
        language = self._language
        first = question.first.title[language]
        if question.first.hash == self._roles()["baseline"].hash and question.first.changes:
            first = say("modified baseline", language)
        if result is None:
            self._traced.text = escape(say("nothing changed", language, title=first))
            nothing = np.zeros(0)
            self._parts.show([], nothing, nothing, nothing, "")
            return
        indicator = self._indicators[question.indicator]
        size, unit = indicator.size[language], indicator.unit[language]
        # Percentages differ by points.
        unit = say("points", language) if unit in ("%", "percent") else unit
        parts = result.contributions[question.indicator].sel(time=float(question.year)) / size
        order = abs(parts.mean("member")).argsort().to_numpy()[::-1]
        parts = parts.isel(lever=order)
        mean = parts.mean("member").to_numpy()
        low, high = (parts.quantile(level, "member").to_numpy() for level in (0.05, 0.95))
        levers = titles([result.levers[position] for position in order], language)
        self._parts.show(levers, mean, low, high, say("contribution", language, unit=unit))
        gaps = {"indicator": indicator.title[language], "year": question.year, "title": first, "unit": unit}
        if result.permutations is None:
            how = say("exact", language)
        else:
            errors = result.sampling_error[question.indicator].sel(time=float(question.year)).mean("member")
            error = max(float(errors.max()) / size, SMALLEST)
            how = say("sampled", language, orders=result.permutations, error=number(error))
        text = say("traced", language, total=f"{mean.sum():+.2f}", members=MEMBERS_TRACED, how=how, **gaps)
        self._traced.text = escape(text)

    # What is saved, loaded and taken away

    def _files(self) -> list[UIElement]:
        language = self._language

        def button(word: str, act: Callable[[], object], **look: Any) -> Button:
            made = Button(label=say(word, language), **WIDE, **look)
            made.on_click(act)
            return made

        self._name = TextInput(title=say("name", language), max_length=60, **WIDE)
        self._brief = button("briefing", self._take_briefing)
        load = FileInput(title=say("load", language), accept=".yaml,.yml", **WIDE)
        load.on_change("value", lambda _attribute, _old, new: self._loaded(load) if new else None)
        link = Button(label=say("copy link", language), **WIDE)
        named = {"button": link, "copied": say("copied", language), "usual": link.label}
        link.js_on_click(CustomJS(args=named, code=_COPY))
        return [
            self._name,
            button("save", self._save, button_type="primary"),
            button("keep", self._keep),
            load,
            link,
            button("chart", self._take_chart),
            button("data", self._take_data),
            self._brief,
            Div(text=escape(say("brief hint", language)), **TEXT_LOOK),
        ]

    def _hand_over(self, name: str, kind: str, content: bytes) -> None:
        """Have the browser save a file."""
        self._download.data = {"name": [name], "type": [kind], "content": [base64.b64encode(content).decode()]}

    def _named(self) -> str | None:
        name = str(self._name.value).strip()
        if not name:
            self._say_problem("name wanted", "")
        elif not settings.may_be_called(name):
            self._say_problem("name wrong", "")
        elif name not in self.state.saved and len(self.state.saved) >= settings.MOST_SAVED:
            self._say_problem("saved many", "")
        else:
            return name
        return None

    def _keep(self) -> str | None:
        name = self._named()
        if name is not None:
            self.state = replace(self.state, saved={**self.state.saved, name: self.state.setting})
            self._against.options = self._comparable()
            self._problem.visible = False
            self._write_address()
        return name

    def _save(self) -> None:
        name = self._keep()
        if name is not None:
            self._hand_over(f"{name}.yaml", "application/yaml", settings.as_yaml(self.state.setting, name).encode())

    def _loaded(self, load: FileInput) -> None:
        """Take a file over once its name has come too, and be ready for the same file again."""

        def take() -> None:
            content, name = str(load.value), str(load.filename)
            load.clear()
            self._load(content, name)

        assert self._document is not None
        self._document.add_next_tick_callback(take)

    def _load(self, content: str, filename: str) -> None:
        try:
            name, setting = settings.from_yaml(base64.b64decode(content), filename)
        except settings.StateError as error:
            self._say_problem("file problem", str(error))
            return
        self._name.value = name
        self._take(setting)

    def _take_chart(self) -> None:
        if self._shown is not None:
            indicator = self._indicators[self.state.indicator]
            outcomes, titles_ = self._shown.outcomes, self._role_titles(self._shown.roles)
            drawn = downloads.chart(self._live, outcomes, indicator, titles_, self._language, self._foot())
            self._hand_over(f"{self._file_name()}_{self._language}.png", "image/png", drawn)

    def _take_data(self) -> None:
        if self._shown is not None:
            table = downloads.data(self._live, self._shown.outcomes, self._role_titles(self._shown.roles), self._facts)
            self._hand_over(f"{self._file_name()}.csv", "text/csv", table.encode("utf-8-sig"))

    def _take_briefing(self) -> None:
        """Have a briefing made of what is set; a setting of one's own needs a name, as it goes into a file."""
        setting, language = self.state.setting, self._language
        name = self._keep() if setting.changes else setting.base
        if name is not None:
            self._brief.disabled, self._brief.label = True, say("briefing is made", language)
            text = settings.as_yaml(setting, name) if setting.changes else None
            self._briefings.ask(name, text, language, self._later(partial(self._hand_briefing, name)))

    def _hand_briefing(self, name: str, content: bytes, problem: str) -> None:
        self._brief.disabled, self._brief.label = False, say("briefing", self._language)
        if problem:
            self._say_problem("briefing failed", problem)
        else:
            self._hand_over(f"{name}_{self._language}.zip", "application/zip", content)

    def _file_name(self) -> str:
        """A name in lower case that no other setting has."""
        scenario = scenario_of(self.state.setting)
        return f"dashboard_{scenario.name}_{scenario.hash}"


def _median_in_words(standing: Standing, language: str) -> str:
    """The median with its interval."""
    judged, spread = standing.judged, abs(standing.judged.median)
    low, middle, high = (number(value, spread) for value in (judged.low, judged.median, judged.high))
    return f"{middle}（{low}—{high}）" if language == "zh" else f"{middle} ({low}–{high})"
