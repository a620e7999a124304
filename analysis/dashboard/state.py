"""What one user has set: it fits into a link, and into a scenario file that `run` accepts."""

from __future__ import annotations

import json
import math
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

import numpy as np
import yaml

from analysis.outcome.words import LANGUAGES
from calibration.fit.evidence import Evidence
from model.definition import variables_by_name
from model.engine.errors import UserError
from model.files.strict_files import read_yaml, shown
from scenarios import Scenario, ScenarioError, load_levers, load_scenario, shipped_scenarios
from scenarios.scenario import Change, Value
from scenarios.start import START

#: Years in which a lever that is moved may have arrived; None for at once, in 2020.
PACES: Final = (None, 2025, 2030, 2035)
#: Numbers that differ relatively by less are the same position of a slider.
CLOSE: Final = 1e-9
#: The name of the setting on the page, where it has not been saved under another.
UNSAVED: Final = "page"
#: More would not fit into a link.
MOST_SAVED: Final = 5
#: Characters of a link and bytes of a file that are read; what the page writes itself is far shorter.
MOST_LINK: Final = 30_000
MOST_FILE: Final = 60_000
#: Constants that one setting may change: somewhat more than the page has levers and assumptions.
MOST_CHANGES: Final = 40
SOURCE: Final = "assumption: set on the live page"
_DAMAGED: Final = "The link is damaged: a part of it cannot be read."
_KEYS: Final = ("base", "language", "evidence", "indicator", "district", "against", "pace", "year", "changes", "saved")


class StateError(UserError):
    """A link or a file that cannot be taken over; the message lists every mistake in it."""


@dataclass(frozen=True)
class Setting:
    """A shipped scenario and what was changed in it, by constant."""

    base: str = "baseline"
    changes: Mapping[str, Value] = field(default_factory=dict)
    #: Changes that came with a file or a link: a move starts from these as from what the base says.
    brought: Mapping[str, Value] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class State:
    """Everything one user has chosen."""

    setting: Setting = field(default_factory=Setting)
    language: str = "zh"
    indicator: str = "target resident urbanization rate"
    district: str = "resident urbanization rate by district"
    #: The scenario that bands and contributions are held against: a shipped or a saved one.
    against: str = "baseline"
    #: When levers moved from now on arrive.
    pace: int | None = None
    #: The year of the contributions.
    year: int = 2025
    #: Settings kept by name.
    saved: Mapping[str, Setting] = field(default_factory=dict)
    #: What the members have seen; None for what the page was started with.
    evidence: Evidence | None = None


#: A shipped scenario by its name, and the levers by their constants, read once.
shipped = cache(load_scenario)
known_levers = cache(load_levers)


def inherited(base: str) -> dict[str, Value]:
    """Return what a shipped scenario sets, by constant."""
    return {change.constant: change.value for change in shipped(base).changes}


def scenario_of(setting: Setting, name: str = UNSAVED) -> Scenario:
    """Return a setting as a scenario that can be run.

    Examples
    --------
    >>> scenario_of(Setting("plan", {"RENT SUBSIDY": 0.3})).settings()["RENT SUBSIDY"].to_series().to_dict()
    {2020.0: 0.02, 2020.001: 0.3}
    """
    base = shipped(setting.base)
    if not setting.changes:
        return base
    variables, levers = variables_by_name(), known_levers()
    own = {
        constant: Change(constant, value, variables[constant].unit, SOURCE, "", constant in levers, name, None)
        for constant, value in setting.changes.items()
    }
    changes = {change.constant: change for change in base.changes} | own
    title = {"zh": name, "en": name}
    return Scenario(name, title, title, base.name, tuple(changes.values()), (), Path(f"{name}.yaml"))


def baseline_for(scenario: Scenario) -> Scenario:
    """Return the baseline with a scenario's assumptions, so that a comparison is one of policies only.

    Examples
    --------
    >>> [change.constant for change in baseline_for(shipped("low_fertility")).changes]
    ['LONG RUN FERTILITY']
    """
    assumed = tuple(change for change in scenario.changes if not change.policy)
    baseline = shipped("baseline")
    return replace(baseline, changes=assumed) if assumed else baseline


def moved(setting: Setting, constant: str, element: str | None, number: float, pace: int | None) -> Setting:
    """Return a setting with one lever, or one element of it, brought to end at a number in the model's unit.

    A path that the setting starts from is kept and shifted: by the whole move from the start, or from 2020 on by a part
    that grows to the whole until the year `pace`. Where it would leave the lever's range, it stays at the bound.

    Examples
    --------
    >>> moved(Setting("baseline"), "TALENT SUBSIDY", None, 120_000.0, 2025).changes
    {'TALENT SUBSIDY': {2020.0: 8000.0, 2025.0: 120000.0}}
    >>> moved(Setting("plan"), "EASE OF SETTLEMENT", None, 0.75, None).changes
    {'EASE OF SETTLEMENT': {2020.0: 0.65, 2025.0: 0.75}}
    >>> moved(Setting("plan"), "EASE OF SETTLEMENT", None, 1.0, None).changes
    {}
    """
    variable = variables_by_name()[constant]
    assert variable.default is not None
    begun: Any = _begun(setting, constant)
    if element is None:
        value: Any = _shifted(constant, float(variable.default) if begun is None else begun, number, pace)
        unmoved = begun is not None and value == begun
    else:
        default = float(variable.default[variable.axes[0].index(element)])
        first = (begun or {}).get(element, default)
        part = _shifted(constant, first, number, pace)
        now: Any = value_of(setting, constant) or begun or {}
        others = {name: one for name, one in now.items() if name != element}
        value = {**others, element: part}
        if begun is not None and part == first:
            value = {**others, element: begun[element]} if element in begun else others
        unmoved = begun is not None and value == begun
    if not unmoved:
        return replace(setting, changes={**setting.changes, constant: value})
    kept = {name: one for name, one in setting.changes.items() if name != constant}
    return replace(setting, changes=kept | ({constant: begun} if constant in setting.brought else {}))


def _begun(setting: Setting, constant: str) -> Value | None:
    """What moves of a constant start from: what a file or link brought, or the base says."""
    return setting.brought.get(constant, inherited(setting.base).get(constant))


def _shifted(constant: str, course: Any, number: float, pace: int | None) -> Any:
    """A number or path, shifted so that it ends at a number, within the constant's range."""
    path = course if isinstance(course, Mapping) else {START: course}
    end = path[max(path)]
    if math.isclose(number, end, rel_tol=CLOSE, abs_tol=CLOSE):
        return course
    if pace is None and not isinstance(course, Mapping):
        return number
    years = sorted(path if pace is None else {*path, START, float(pace)})
    known = sorted(path)
    values = np.interp(years, known, [path[year] for year in known])
    grown = np.ones(len(years)) if pace is None else np.clip((np.array(years) - START) / (pace - START), 0.0, 1.0)
    low, high = _range(constant)
    shifted = np.clip(values + (number - end) * grown, low, high)
    # Ten digits tell everything, and a file that people read needs no more.
    return {float(year): float(f"{value:.10g}") for year, value in zip(years, shifted, strict=True)} | {
        float(years[-1]): number
    }


def _range(constant: str) -> tuple[float, float]:
    lever, variable = known_levers().get(constant), variables_by_name()[constant]
    low, high = (lever.lowest, lever.highest) if lever else (variable.low, variable.high)
    return -math.inf if low is None else low, math.inf if high is None else high


def put_back(setting: Setting, constant: str) -> Setting:
    """Return a setting with a constant as in the scenario it starts from.

    Examples
    --------
    >>> put_back(Setting("plan", {"TALENT SUBSIDY": 90_000.0}), "TALENT SUBSIDY").changes
    {}
    """
    changes, brought = (
        {name: value for name, value in known.items() if name != constant}
        for known in (setting.changes, setting.brought)
    )
    return replace(setting, changes=changes, brought=brought)


def value_of(setting: Setting, constant: str) -> Value | None:
    """Return what a setting or its base says of a constant; None where the model's own value stands.

    Examples
    --------
    >>> value_of(Setting("plan"), "TALENT SUBSIDY")
    {2020: 8000.0, 2022: 25000.0}
    """
    return setting.changes.get(constant, inherited(setting.base).get(constant))


def as_yaml(setting: Setting, name: str) -> str:
    """Return a setting as a scenario file for `run_scenarios.py run`.

    Raises
    ------
    StateError
        If the name or a value cannot be used.

    Examples
    --------
    >>> print(as_yaml(Setting("plan", {"TALENT SUBSIDY": 90_000.0}), "less_talent").splitlines()[0])
    name: less_talent
    """
    variables = variables_by_name()
    changes = {}
    for constant, value in setting.changes.items():
        kind = "value" if not isinstance(value, dict) else "by" if _by_element(value) else "path"
        changes[constant] = {kind: _plain(value), "unit": variables[constant].unit, "source": SOURCE}
    base = shipped(setting.base)
    content = {
        "name": name,
        "title": {"zh": name, "en": name},
        "question": {
            "zh": f"在“{base.title['zh']}”的基础上改动所列杠杆，结果如何？",
            "en": f"What follows from these changes to {base.title['en']}?",
        },
        "base": setting.base,
        "changes": changes,
        "expect": [],
    }
    text = yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=110)
    _read(text, name)
    return text


def from_yaml(text: bytes, filename: str) -> tuple[str, Setting]:
    """Return the name and the setting of a scenario file.

    Raises
    ------
    StateError
        With every mistake in the file, as `run` tells them.

    Examples
    --------
    >>> from_yaml(as_yaml(Setting("plan", {"TALENT SUBSIDY": 90_000.0}), "a").encode(), "a.yaml")[1].changes
    {'TALENT SUBSIDY': 90000.0}
    """
    path = Path(filename)
    if path.suffix not in (".yaml", ".yml"):
        message = f"{filename} is not a scenario file: its name must end in .yaml."
        raise StateError(message)
    if len(text) > MOST_FILE:
        message = f"{path.name} has {len(text):,} bytes; at most {MOST_FILE:,} are read here."
        raise StateError(message)
    scenario = _read(text, path.stem)
    base = scenario.base or "baseline"
    known = inherited(base)
    own = {change.constant: change.value for change in scenario.changes if known.get(change.constant) != change.value}
    _refuse_many(len(own))
    return scenario.name, Setting(base, own, own)


def may_be_called(name: str) -> bool:
    """Say whether a setting may be kept under a name.

    Examples
    --------
    >>> may_be_called("more_homes"), may_be_called("plan"), may_be_called("a/b")
    (True, False, False)
    """
    return re.fullmatch(r"[A-Za-z0-9_\-]+", name) is not None and name not in shipped_scenarios()


def to_query(state: State) -> str:
    """Return the part of a link behind the question mark; what is as usual is left out.

    Examples
    --------
    >>> to_query(State(Setting("plan", {"TALENT SUBSIDY": 90_000.0})))
    'base=plan&changes=%7B%22TALENT+SUBSIDY%22%3A90000.0%7D'
    """
    usual, texts = _as_texts(State()), _as_texts(state)
    return urlencode({key: texts[key] for key in _KEYS if texts[key] != usual[key]})


def from_query(query: str) -> tuple[State, list[str]]:
    r"""Return what a link says, and what of it could not be taken over.

    A setting with any mistake in it is left out as a whole: half of it would be another setting.

    Examples
    --------
    >>> from_query("base=plan&language=en")[0].setting.base
    'plan'
    >>> from_query("changes=%7B%22TALENT+SUBSIDY%22%3A-1%7D")[1]
    ["page.yaml cannot be run:\n * line 11: 'TALENT SUBSIDY': -1 is outside 0 to 200000 yuan/person."]
    """
    if len(query) > MOST_LINK:
        return State(), [f"The link is {len(query):,} characters long; at most {MOST_LINK:,} are read."]
    given = dict(parse_qsl(query.lstrip("?")))
    problems = [f"The link says {key!r}, which the page does not know." for key in given if key not in _KEYS]
    state = State(language=given["language"] if given.get("language") in LANGUAGES else State().language)
    if (seen := given.get("evidence")) is not None:
        if seen in tuple(Evidence):
            state = replace(state, evidence=Evidence(seen))
        else:
            problems.append(f"The link says evidence {seen[:20]!r}; there is that of {' and '.join(Evidence)}.")
    try:
        changes = _from_plain(_json(given.get("changes", "{}")))
        setting = Setting(given.get("base", "baseline"), changes, changes)
        _check(setting, UNSAVED)
        state = replace(state, setting=setting)
    except StateError as error:
        problems.append(str(error))
    try:
        saved = {}
        wanted = _json(given.get("saved", "{}"))
        if len(wanted) > MOST_SAVED:
            message = f"The link keeps {len(wanted)} settings; at most {MOST_SAVED} are read."
            raise StateError(message)
        for name, kept in wanted.items():
            if not (may_be_called(name) and isinstance(kept, list) and len(kept) == 2 and isinstance(kept[1], dict)):
                raise StateError(_DAMAGED)
            saved[name] = Setting(kept[0], _from_plain(kept[1]))
            _check(saved[name], name)
        state = replace(state, saved=saved)
    except StateError as error:
        problems.append(str(error))
    return _chosen(state, given, problems), problems


def _chosen(state: State, given: Mapping[str, str], problems: list[str]) -> State:
    for choice, usual in (("indicator", state.indicator), ("district", state.district)):
        name = given.get(choice, usual)
        if name in variables_by_name():
            state = replace(state, **{choice: name})  # type: ignore[arg-type]
        else:
            problems.append(f"The link asks for {name!r}, which is no variable of the model.")
    against = given.get("against", "baseline")
    if against in (*shipped_scenarios(), *state.saved):
        state = replace(state, against=against)
    else:
        problems.append(f"The link compares with {against!r}, which is not there.")
    paces = {str(pace): pace for pace in PACES}
    state = replace(state, pace=paces.get(given.get("pace", "None")))
    if given.get("year") in ("2025", "2030", "2035"):
        state = replace(state, year=int(given["year"]))
    return state


def _check(setting: Setting, name: str) -> None:
    """Refuse a setting that `run` would refuse."""
    if not isinstance(setting.base, str) or setting.base not in shipped_scenarios():
        message = f"There is no scenario {setting.base!r}. Shipped: {', '.join(shipped_scenarios())}."
        raise StateError(message)
    _refuse_many(len(setting.changes))
    unknown = [constant for constant in setting.changes if constant not in variables_by_name()]
    if unknown:
        # Without a unit in the model there is nothing to write into a file.
        message = f"Not a constant of the model: {', '.join(map(repr, unknown))}."
        raise StateError(message)
    if setting.changes:
        as_yaml(setting, name)


def _refuse_many(changes: int) -> None:
    if changes > MOST_CHANGES:
        message = f"{changes} constants are changed; the page takes at most {MOST_CHANGES}. `run` has no such limit."
        raise StateError(message)


def _read(text: str | bytes, name: str) -> Scenario:
    """Read a scenario's text as if it were a file of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{Path(name).name or UNSAVED}.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        content = read_yaml(path).content
        base = content.get("base", "baseline") if isinstance(content, dict) else "baseline"
        # A path would have this machine open any of its files for whoever loads a scenario.
        if base not in shipped_scenarios():
            message = f"The base must be a shipped scenario here, not {shown(base)}: {', '.join(shipped_scenarios())}."
            raise StateError(message)
        try:
            scenario = load_scenario(path)
        except ScenarioError as error:
            raise StateError(str(error)) from None
        if scenario.until_then is not None:
            message = (
                f"{path.name} starts in {scenario.starts}, and the page moves levers from 2021 on. "
                "`run` and `compare` take it."
            )
            raise StateError(message)
        return scenario


def _by_element(value: Mapping[Any, Any]) -> bool:
    return any(isinstance(key, str) for key in value)


def _plain(value: Any) -> Any:
    """Whole years as whole numbers, as people write them."""
    if isinstance(value, Mapping):
        return {
            int(key) if isinstance(key, float) and key.is_integer() else key: _plain(part)
            for key, part in value.items()
        }
    return value


def _from_plain(value: Any) -> Any:
    """Undo what JSON does to years: its keys are texts."""
    if isinstance(value, dict):
        return {float(key) if _is_year(key) else key: _from_plain(part) for key, part in value.items()}
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _is_year(key: Any) -> bool:
    try:
        return bool(float(key))
    except (TypeError, ValueError):
        return False


def _json(text: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise StateError(_DAMAGED)
    return content


def _as_texts(state: State) -> dict[str, str]:
    def compact(content: Any) -> str:
        return json.dumps(content, ensure_ascii=False, separators=(",", ":"))

    return {
        "base": state.setting.base,
        "language": state.language,
        "evidence": "" if state.evidence is None else str(state.evidence),
        "indicator": state.indicator,
        "district": state.district,
        "against": state.against,
        "pace": str(state.pace),
        "year": str(state.year),
        "changes": compact(_plain(state.setting.changes)),
        "saved": compact({name: [kept.base, _plain(kept.changes)] for name, kept in state.saved.items()}),
    }
