"""A scenario is a question, a few named changes with their sources, and what must come out."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from model.changes import near
from model.definition import MODEL_FILE, Variable, variables_by_name
from model.errors import UserError
from scenarios.levers import load_levers
from scenarios.strict_yaml import read_yaml

FOLDER = Path(__file__).parent
FIRST_YEAR, LAST_YEAR = 2010, 2050

# A number for the whole run, a path {year: number}, or either of them by element {"primary": ...}.
Path_ = dict[float, float]
Value = float | Path_ | dict[str, float | Path_]

_SCENARIO_KEYS = ("name", "title", "question", "base", "changes", "expect")
_CHANGE_KEYS = ("value", "path", "by", "unit", "source", "note")
_LIMITS = ("never above", "never below", "at least", "at most")
_DIRECTIONS = ("above", "below")
_EXPECT_KEYS = ("variable", "element", "year", "is", *_LIMITS)


class ScenarioError(UserError):
    """A scenario file cannot be run as written; the message lists every mistake in it."""


@dataclass(frozen=True)
class Change:
    """One constant of the model set to a value, a path over years, or one of these by element."""

    constant: str
    value: Value
    unit: str
    source: str
    note: str
    #: False for an uncertain factor that nobody decides: such a change is an assumption, not a policy.
    policy: bool
    #: The scenario whose file states the change.
    stated_in: str
    #: The base scenario whose change of the same constant this one replaces.
    replaces: str | None


@dataclass(frozen=True)
class Expectation:
    """One thing that must come out of a scenario."""

    variable: str
    element: tuple[str, ...]
    year: float | None
    #: "above", "below" (another scenario), "never above", "never below", "at least" or "at most" (a limit).
    claim: str
    #: A number, or the name of the baseline or of another scenario that this one is based on.
    limit: float | str

    def __str__(self) -> str:
        """Return the claim as a sentence."""
        what = self.variable + (f" [{', '.join(self.element)}]" if self.element else "")
        when = "" if self.year is None else f" in {self.year:g}"
        limit = self.limit if isinstance(self.limit, str) else f"{self.limit:g}"
        return f"{what}{when} is {self.claim} {limit}"

    def holds(self, run: xr.Dataset, others: Mapping[str, xr.Dataset]) -> bool:
        """Say whether the claim is true of a run.

        Parameters
        ----------
        run
            Result of one member, with the claim's variable and dims ``time`` and its subscripts.
        others
            Results of the scenarios that the claim compares with, by name.

        Returns
        -------
        bool
            True when the claim holds; for "never" claims at every saved time.

        Raises
        ------
        KeyError
            If the variable, the year or the other scenario is not there.

        Examples
        --------
        >>> run = xr.Dataset({"rate": ("time", [0.7, 0.8])}, coords={"time": [2020.0, 2025.0]})
        >>> Expectation("rate", (), 2025, "at least", 0.75).holds(run, {})
        True
        """
        ours = self._series(run)
        limit = self._series(others[self.limit]) if isinstance(self.limit, str) else self.limit
        if self.claim in _DIRECTIONS:
            return bool(ours > limit) if self.claim == "above" else bool(ours < limit)
        beyond = ours > limit if self.claim in ("never above", "at most") else ours < limit
        return not bool(beyond.any())

    def _series(self, run: xr.Dataset) -> xr.DataArray:
        series = run[self.variable].squeeze("run", drop=True) if "run" in run.dims else run[self.variable]
        dims = [dim for dim in series.dims if dim != "time"]
        series = series.sel(dict(zip(dims, self.element, strict=True)))
        return series if self.year is None else series.sel(time=self.year)


@dataclass(frozen=True)
class Scenario:
    """A question put to the model, with everything inherited from its base resolved."""

    name: str
    title: Mapping[str, str]
    question: Mapping[str, str]
    base: str | None
    changes: tuple[Change, ...]
    expectations: tuple[Expectation, ...]
    path: Path

    @property
    def hash(self) -> str:
        """Return twelve hexadecimal digits that change whenever a changed constant's value does."""
        content = json.dumps([(c.constant, c.value, c.unit) for c in self.changes], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:12]

    def settings(
        self, members: xr.Dataset | None = None, model_file: Path = MODEL_FILE
    ) -> dict[str, float | pd.Series | xr.DataArray]:
        """Return the changes as the model's ``run`` takes them.

        Parameters
        ----------
        members
            Parameter sets of an ensemble: constants of the model with dims ``member`` and the constant's subscripts.
            A constant that the scenario changes takes the scenario's value in every member.
        model_file
            The model file the scenario was read for.

        Returns
        -------
        dict
            Constant name to a number, a Series over years, or an array with the constant's subscripts (and ``time``);
            members lie along ``run``.

        Examples
        --------
        >>> load_scenario("baseline").settings()
        {}
        >>> draws = xr.Dataset({"LONG RUN FERTILITY": ("member", [1.0, 1.2])})
        >>> load_scenario("baseline").settings(draws)["LONG RUN FERTILITY"].dims
        ('run',)
        """
        variables = variables_by_name(model_file)
        own = {change.constant: _setting(change.value, variables[change.constant]) for change in self.changes}
        if members is None:
            return own
        drawn = {str(name): array.rename(member="run") for name, array in members.data_vars.items()}
        return drawn | own


def shipped_scenarios() -> tuple[str, ...]:
    """Return the names of the scenarios in this folder: the baseline, the plan, then the others by name.

    Examples
    --------
    >>> shipped_scenarios()[:2]
    ('baseline', 'plan')
    """
    names = {path.stem for path in FOLDER.glob("*.yaml")} - {"levers", "targets"}
    return tuple(sorted(names, key=lambda name: (name != "baseline", name != "plan", name)))


def load_scenario(name_or_path: str | Path, model_file: Path = MODEL_FILE) -> Scenario:
    """Read one scenario and check it against the model.

    Parameters
    ----------
    name_or_path
        The name of a shipped scenario, or the path of a YAML file.
    model_file
        The model file whose constants the scenario changes.

    Returns
    -------
    Scenario
        With the changes of its base scenarios included.

    Raises
    ------
    ScenarioError
        If there is any mistake in the file or in one it is based on; the message lists all of them.

    Examples
    --------
    >>> load_scenario("plan").title["en"]
    'The plan'
    """
    return load_scenarios([name_or_path], model_file)[0]


def load_scenarios(names_or_paths: Iterable[str | Path], model_file: Path = MODEL_FILE) -> tuple[Scenario, ...]:
    """Read several scenarios; nothing is returned unless all of them can be run.

    Parameters
    ----------
    names_or_paths
        Names of shipped scenarios or paths of YAML files.
    model_file
        The model file whose constants the scenarios change.

    Returns
    -------
    tuple of Scenario
        In the order given.

    Raises
    ------
    ScenarioError
        Listing every mistake of every file, and two scenarios that would write the same output.

    Examples
    --------
    >>> [s.name for s in load_scenarios(["baseline", "plan"])]
    ['baseline', 'plan']
    """
    reader = _Reader(model_file)
    scenarios = [reader.read(_locate(Path(name), FOLDER), ()) for name in names_or_paths]
    paths: dict[str, Path] = {}
    for scenario in scenarios:
        other = paths.setdefault(scenario.name, scenario.path)
        if other.resolve() != scenario.path.resolve():
            reader.problems.setdefault(scenario.path, []).append(
                f"{other} has the same name {scenario.name!r}; both would write the same output."
            )
    found = {path: problems for path, problems in reader.problems.items() if problems}
    if found:
        raise ScenarioError(
            "\n".join(
                f"{path.name} cannot be run:\n" + "\n".join(f" * {problem}" for problem in problems)
                for path, problems in found.items()
            )
        )
    return tuple({scenario.name: scenario for scenario in scenarios}.values())


def _locate(name: Path, folder: Path) -> Path:
    """Find a scenario by path, or by name in a folder and then among the shipped ones."""
    if name.suffix in (".yaml", ".yml") or len(name.parts) > 1:
        return name
    beside = folder / f"{name}.yaml"
    return beside if beside.exists() else FOLDER / f"{name}.yaml"


class _Reader:
    """Reads scenario files against one model and gathers the mistakes of each."""

    def __init__(self, model_file: Path = MODEL_FILE) -> None:
        self.variables = variables_by_name(model_file)
        self.levers = load_levers(model_file)
        self.problems: dict[Path, list[str]] = {}
        self.known: dict[Path, Scenario] = {}

    def read(self, path: Path, above: tuple[Path, ...]) -> Scenario:
        """Return the scenario in a file, with whatever could be understood of it; `above` are the files based on it."""
        if path in self.known:
            return self.known[path]
        content, problems = self._content(path)
        self.problems[path] = problems
        name = content.get("name", path.stem)
        if name != path.stem:
            problems.append(f"'name' is {name!r}, but the file is called {path.stem!r}; they must be the same.")
        elif not re.fullmatch(r"[A-Za-z0-9_\-]+", path.stem):
            problems.append(f"The name {path.stem!r} may hold letters, digits, '_' and '-' only.")
        base, inherited = self._base(content, path, above, problems)
        own = {change.constant: change for change in self._changes(content, path.stem, inherited, problems)}
        self.known[path] = Scenario(
            name=path.stem,
            title=_bilingual(content, "title", problems),
            question=_bilingual(content, "question", problems),
            base=base,
            changes=tuple((inherited | own).values()),
            expectations=tuple(self._expectations(content, self._bases(base, path), problems)),
            path=path,
        )
        return self.known[path]

    def _content(self, path: Path) -> tuple[dict[str, Any], list[str]]:
        if not path.exists() and path.parent == FOLDER:
            hint = near(path.stem, shipped_scenarios())
            return {}, [f"There is no scenario {path.stem!r}.{hint} Shipped: {', '.join(shipped_scenarios())}."]
        content, problems = read_yaml(path)
        if content is None:
            return {}, problems
        if not isinstance(content, dict):
            return {}, [*problems, "The file must hold keys and values, such as 'name: my_scenario'."]
        problems += _unknown_keys(content, _SCENARIO_KEYS, "of a scenario")
        problems += [
            f"'{key}' is missing." for key in ("name", "title", "question", "changes", "expect") if key not in content
        ]
        return content, problems

    def _base(
        self, content: dict[str, Any], path: Path, above: tuple[Path, ...], problems: list[str]
    ) -> tuple[str | None, dict[str, Change]]:
        base = content.get("base")
        if base is None:
            if content and path.stem != "baseline":
                problems.append("'base' is missing. Most scenarios say 'base: baseline'.")
            return None, {}
        found = _locate(Path(str(base)), path.parent)
        if found.resolve() in {file.resolve() for file in (*above, path)}:
            chain = " -> ".join(file.stem for file in (*above, path, found))
            problems.append(f"The bases go round in a circle: {chain}.")
            return None, {}
        if not found.exists():
            problems.append(f"There is no scenario {str(base)!r} to be the base.{near(str(base), shipped_scenarios())}")
            return None, {}
        return str(base), {change.constant: change for change in self.read(found, (*above, path)).changes}

    def _bases(self, base: str | None, path: Path) -> list[str]:
        """Return the names of the scenarios a file is based on, the nearest first."""
        bases: list[str] = []
        while base is not None and (above := self.known.get(_locate(Path(base), path.parent))):
            bases.append(above.name)
            base, path = above.base, above.path
        return bases

    def _changes(
        self, content: dict[str, Any], scenario: str, inherited: Mapping[str, Change], problems: list[str]
    ) -> Iterator[Change]:
        changes = content.get("changes") or {}
        if not isinstance(changes, dict):
            problems.append("'changes' must list constants of the model, each with value, unit and source.")
            return
        for constant, entry in changes.items():
            wrong = self._wrong_name(constant)
            if wrong:
                problems.append(wrong)
                continue
            if not isinstance(entry, dict):
                problems.append(f"{constant!r} must have 'value', 'unit' and 'source' under it.")
                continue
            value = self._value(constant, entry, problems)
            if value is not None:
                yield Change(
                    constant=constant,
                    value=value,
                    unit=self.variables[constant].unit,
                    source=str(entry.get("source", "")),
                    note=str(entry.get("note", "")),
                    policy=constant in self.levers,
                    stated_in=scenario,
                    replaces=inherited[constant].stated_in if constant in inherited else None,
                )

    def _wrong_name(self, constant: Any) -> str | None:
        constants = [
            name for name, variable in self.variables.items() if variable.kind == "constant" and not variable.why_fixed
        ]
        if constant in constants:
            return None
        if constant in self.variables:
            if why := self.variables[constant].why_fixed:
                return f"{constant!r} {why}: it is neither a policy nor an assumption, so a scenario cannot change it."
            if self.variables[constant].kind == "control":
                return f"{constant!r} says how the model is run; a scenario cannot change it."
            return f"{constant!r} is worked out by the model, so it cannot be set; only constants can."
        return f"{constant!r} is not a constant of the model.{near(str(constant), constants)}"

    def _value(self, constant: str, entry: dict[str, Any], problems: list[str]) -> Value | None:
        variable = self.variables[constant]
        problems += _unknown_keys(entry, _CHANGE_KEYS, f"of a change ({constant!r})")
        if "unit" not in entry:
            problems.append(f"{constant!r} has no unit; the model has it in {variable.unit!r}.")
        elif entry["unit"] != variable.unit:
            problems.append(f"{constant!r} is in {variable.unit!r}, the file says {entry['unit']!r}.")
        if not str(entry.get("source") or "").strip():
            problems.append(f"{constant!r} has no source. Name the plan section or paper, or say 'assumption: ...'.")
        given = [key for key in ("value", "path", "by") if key in entry]
        if len(given) != 1:
            said = " and ".join(f"'{key}'" for key in given) or "none of them"
            problems.append(f"{constant!r} needs exactly one of 'value', 'path' and 'by'; the file has {said}.")
            return None
        before = len(problems)
        value = _filled(entry[given[0]], variable)
        if given[0] == "value":
            self._check_number(constant, repr(constant), value, problems)
        elif given[0] == "path":
            self._check_path(constant, repr(constant), value, problems)
        else:
            self._check_elements(constant, value, problems)
        return _as_floats(value) if len(problems) == before else None

    def _check_number(self, constant: str, where: str, value: Any, problems: list[str]) -> None:
        problem = _not_a_number(value)
        if problem:
            problems.append(f"{where}: {problem}")
            return
        variable, lever = self.variables[constant], self.levers.get(constant)
        lowest, highest = (lever.lowest, lever.highest) if lever else (variable.low, variable.high)
        if (lowest is not None and value < lowest) or (highest is not None and value > highest):
            span = f"{'any' if lowest is None else f'{lowest:g}'} to {'any' if highest is None else f'{highest:g}'}"
            problems.append(f"{where}: {value:g} is outside {span} {variable.unit}.")

    def _check_path(self, constant: str, where: str, path: Any, problems: list[str]) -> None:
        if not isinstance(path, dict) or len(path) < 2:
            problems.append(f"{where}: a path needs at least two years, such as {{2020: 0.9, 2025: 1.0}}.")
            return
        years = list(path)
        for year in years:
            wrong = _wrong_year(year)
            if wrong:
                problems.append(f"{where}: {wrong}")
        if all(_wrong_year(year) is None for year in years) and years != sorted(years):
            problems.append(f"{where}: the years of a path must go up; the file has {', '.join(map(str, years))}.")
        for year, value in path.items():
            self._check_number(constant, f"{where} in {year}", value, problems)

    def _check_elements(self, constant: str, by: Any, problems: list[str]) -> None:
        elements = self.variables[constant].axes
        if len(elements) != 1:
            kind = "a single number" if not elements else "a table of several subscripts"
            problems.append(f"{constant!r} is {kind}, so 'by' cannot be used for it.")
            return
        if not isinstance(by, dict) or not by:
            problems.append(f"{constant!r}: 'by' needs elements with values, such as {{{elements[0][0]}: 1.0}}.")
            return
        for element, value in by.items():
            where = f"{constant!r} for {element!r}"
            if element not in elements[0]:
                problems.append(f"{where}: there is no such element.{near(str(element), elements[0])}")
            elif isinstance(value, dict):
                self._check_path(constant, where, value, problems)
            else:
                self._check_number(constant, where, value, problems)

    def _expectations(self, content: dict[str, Any], bases: list[str], problems: list[str]) -> Iterator[Expectation]:
        expect = content.get("expect") or []
        if not isinstance(expect, list) or not all(isinstance(entry, dict) for entry in expect):
            problems.append(
                "'expect' must be a list, such as '- {variable: residents, year: 2035, is: above baseline}'."
            )
            return
        for number, entry in enumerate(expect, 1):
            where = f"expect no. {number}"
            before = len(problems)
            problems += _unknown_keys(entry, _EXPECT_KEYS, f"of {where}")
            element = self._checked_element(entry, where, problems)
            claims = [key for key in ("is", *_LIMITS) if key in entry]
            year = entry.get("year")
            if year is not None and (wrong := _wrong_year(year)):
                problems.append(f"{where}: {wrong}")
            if len(claims) != 1:
                problems.append(f"{where} needs exactly one of 'is', {', '.join(map(repr, _LIMITS))}.")
            elif claims[0].startswith("never") and year is not None:
                problems.append(f"{where}: {claims[0]!r} holds for the whole run, so it takes no year.")
            elif not claims[0].startswith("never") and year is None:
                problems.append(f"{where}: {claims[0]!r} needs a year.")
            elif claims[0] == "is" and not bases:
                problems.append(
                    f"{where}: 'is' compares with the base, and there is none; use 'at least' or 'at most'."
                )
            elif claims[0] == "is" and entry["is"] not in [f"{way} {name}" for way in _DIRECTIONS for name in bases]:
                known = ", ".join(bases)
                problems.append(f"{where}: 'is' must be 'above' or 'below' and one of {known}; not {entry['is']!r}.")
            elif claims[0] != "is" and (wrong := _not_a_number(entry[claims[0]])):
                problems.append(f"{where}: {wrong}")
            if len(problems) == before:
                claim, limit = entry["is"].split() if claims[0] == "is" else (claims[0], float(entry[claims[0]]))
                yield Expectation(entry["variable"], element, year, claim, limit)

    def _checked_element(self, entry: dict[str, Any], where: str, problems: list[str]) -> tuple[str, ...]:
        name = entry.get("variable")
        if not isinstance(name, str) or name not in self.variables:
            problems.append(f"{where}: {name!r} is not a variable of the model.{near(str(name), self.variables)}")
            return ()
        given = entry.get("element", [])
        element = tuple(map(str, given)) if isinstance(given, list) else (str(given),)
        known = self.variables[str(name)].axes
        if len(element) != len(known):
            kinds = ", ".join(f"one of {options[0]}..{options[-1]}" for options in known) or "none"
            problems.append(f"{where}: {name!r} takes this 'element': {kinds}.")
            return ()
        for part, options in zip(element, known, strict=True):
            if part not in options:
                problems.append(f"{where}: {name!r} has no element {part!r}.{near(part, options)}")
        return element


def _unknown_keys(entry: Mapping[Any, Any], known: tuple[str, ...], what: str) -> list[str]:
    return [f"{key!r} is not a key {what}.{near(str(key), known)}" for key in entry if key not in known]


def _bilingual(content: Mapping[str, Any], key: str, problems: list[str]) -> dict[str, str]:
    entry = content.get(key)
    if entry is None:
        return {"zh": "", "en": ""}
    if (
        not isinstance(entry, dict)
        or set(entry) != {"zh", "en"}
        or not all(str(text or "").strip() for text in entry.values())
    ):
        problems.append(f"{key!r} must be given in both languages, as {{zh: ..., en: ...}}.")
        return {"zh": "", "en": ""}
    return {language: str(text).strip() for language, text in entry.items()}


def _not_a_number(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return f"{value!r} is not a number."
    if isinstance(value, int) and value.bit_length() > 1000:
        return "a whole number of that size is not one that a model takes."
    return None if math.isfinite(value) else f"{value} is not a finite number."


def _wrong_year(year: Any) -> str | None:
    if isinstance(year, bool) or not isinstance(year, (int, float)):
        return f"{year!r} is not a year."
    return None if FIRST_YEAR <= year <= LAST_YEAR else f"the year {year} is outside {FIRST_YEAR} to {LAST_YEAR}."


def _filled(value: Any, variable: Variable) -> Any:
    """Put the model's own number where a path says 'default', so that no number is typed twice."""
    default = variable.default
    if not isinstance(value, dict) or default is None:
        return value
    if default.ndim == 0:
        return {year: float(default) if number == "default" else number for year, number in value.items()}
    filled = dict(value)
    for element, path in value.items():
        if isinstance(path, dict) and element in variable.axes[0]:
            own = float(default[variable.axes[0].index(element)])
            filled[element] = {year: own if number == "default" else number for year, number in path.items()}
    return filled


def _as_floats(value: Any) -> Any:
    return {key: _as_floats(part) for key, part in value.items()} if isinstance(value, dict) else float(value)


def _setting(value: Value, variable: Variable) -> float | pd.Series | xr.DataArray:
    if not isinstance(value, dict):
        return value
    if not any(isinstance(key, str) for key in value):
        return pd.Series(value, dtype=float)
    dim, elements = variable.dims[0], variable.axes[0]
    years = sorted({year for part in value.values() if isinstance(part, dict) for year in part})
    default = xr.DataArray(np.array(variable.default), dims=[dim], coords={dim: list(elements)})
    if not years:
        for element, number in value.items():
            default.loc[{dim: element}] = number
        return default
    table = default.expand_dims(time=[float(year) for year in years]).copy()
    for element, part in value.items():
        # numpy-style interpolation: linear between the years of a path, held at its ends.
        path = pd.Series(part, dtype=float) if isinstance(part, dict) else pd.Series({years[0]: part}, dtype=float)
        at_years = path.reindex(path.index.union(years)).interpolate(method="index", limit_direction="both")
        table.loc[{dim: element}] = at_years.loc[years].to_numpy()
    return table
