"""A scenario is a question, a few named changes with their sources, and what must come out."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated, Any, Final

import numpy as np
import yaml
from pydantic import PlainValidator

from model.city import city
from model.definition import MODEL_FILE, Variable, variables_by_name
from model.engine.errors import UserError
from model.files.schemas import Line, Mistakes, Schema, Title, both_languages, checked, number, outside
from model.files.strict_files import LINE_LENGTH, Document, Where, read_yaml, refusal, shown
from scenarios.levers import load_levers
from scenarios.start import FIRST_YEAR as FIRST_START
from scenarios.start import START, from_start_on, start_constants
from scenarios.workbooks import SUFFIX, is_spreadsheet

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

FOLDER = city().folder / "scenarios"
#: Shipped scenarios that start later than the plan, by the year in which they do.
LATER_FOLDERS: Final = {2026: FOLDER / "from_2026"}
FIRST_YEAR, LAST_YEAR = 2010, 2050

# A number for the whole run, a path {year: number}, or either of them by element {"primary": ...}.
Path_ = dict[float, float]
Value = float | Path_ | dict[str, float | Path_]

#: Endings of the files that hold a scenario.
SUFFIXES: Final = (".yaml", ".yml", SUFFIX)
#: Levers of the first edition: the one that took the place of each, and what has to be known of it.
FORMER_NAMES: Final = {
    "TALENT ARRIVALS": ("TALENT SUBSIDY", "in people a year; now it is 'TALENT SUBSIDY', in yuan/person"),
}

_LIMITS = ("never above", "never below", "at least", "at most")
_DIRECTIONS = ("above", "below")
#: Scenarios that may be based on one another, and years of a path.
MOST_BASES: Final = 20
MOST_YEARS: Final = 100
NAME_LENGTH: Final = 60
QUESTION_LENGTH: Final = 500
#: What comes first where scenarios are listed.
FIRST_NAMED: Final = ("baseline", "plan", "as_carried_out", "plan_carried_on_2026")


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
    #: Elements that this change does not name and that stay as that scenario has them.
    kept: tuple[str, ...] = ()


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
        >>> import xarray as xr
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
    #: The year from whose beginning the changes hold.
    starts: int = FIRST_START
    #: What holds until then, where the scenario starts later than the run.
    until_then: Scenario | None = None

    @property
    def hash(self) -> str:
        """Return twelve hexadecimal digits that change whenever a changed constant's value does."""
        changed = [START, *((c.constant, c.value, c.unit) for c in self.changes)]
        later = [] if self.until_then is None else [self.starts, self.until_then.hash]
        content = json.dumps([*changed, *later] if self.changes or later else [], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:12]

    @property
    def acting(self) -> tuple[Change, ...]:
        """The changes that act from the start of the scenario; those that go on as before are left out."""
        return tuple(change for change in self.changes if self.until_then is None or not self._goes_on(change))

    def _goes_on(self, change: Change) -> bool:
        return self.until_then is not None and change in self.until_then.changes

    def settings(
        self, members: xr.Dataset | None = None, model_file: Path = MODEL_FILE
    ) -> dict[str, float | pd.Series | xr.DataArray]:
        """Return the changes as the model's ``run`` takes them.

        Parameters
        ----------
        members
            Parameter sets of an ensemble: constants of the model with dims ``member`` and the constant's subscripts.
            A constant that the scenario changes takes the scenario's value in every member, from the start of the
            scenario on, usually that of 2021; one that describes 2020 itself (`scenarios.start.start_constants`) takes
            it at once.
        model_file
            The model file the scenario was read for.

        Returns
        -------
        dict
            Constant name to a number, a Series over years, or an array with the constant's subscripts (and ``time``);
            members lie along ``run``.

        Examples
        --------
        >>> import xarray as xr
        >>> load_scenario("baseline").settings()
        {}
        >>> draws = xr.Dataset({"LONG RUN FERTILITY": ("member", [1.0, 1.2])})
        >>> load_scenario("baseline").settings(draws)["LONG RUN FERTILITY"].dims
        ('run',)
        """
        drawn = {} if members is None else {str(name): one.rename(member="run") for name, one in members.items()}
        return drawn | self.changed(members, model_file)

    def changed(
        self, members: xr.Dataset | None = None, model_file: Path = MODEL_FILE
    ) -> dict[str, float | pd.Series | xr.DataArray]:
        """Return of `settings` only what the scenario changes; arguments as there.

        Examples
        --------
        >>> load_scenario("affordable_housing").changed()["RENT SUBSIDY"].to_dict()
        {2020: 0.02, 2025: 0.2}
        """
        import xarray as xr

        variables, at_once = variables_by_name(model_file), start_constants(model_file)
        before = {} if self.until_then is None else self.until_then.changed(members, model_file)

        def own(name: str) -> xr.DataArray:
            if members is not None and name in members:
                return members[name].rename(member="run")
            return xr.DataArray(np.array(variables[name].default, dtype=float), dims=variables[name].dims)

        # What held until then and is not changed any more goes back to what it is where nobody changes it.
        settings = {
            name: setting
            if name in at_once or variables[name].default is None
            else from_start_on(own(name), setting, self.starts - 1.0)
            for name, setting in before.items()
        }
        for change in self.changes:
            name, variable = change.constant, variables[change.constant]
            if self._goes_on(change):
                settings[name] = before[name]
                continue
            setting = _setting(change.value, variable)
            if name in at_once or variable.default is None:
                settings[name] = setting
            else:
                settings[name] = from_start_on(setting, before.get(name, own(name)), self.starts - 1.0)
        return settings

    def begun_in(self, year: int, model_file: Path = MODEL_FILE) -> Scenario:
        """Return the scenario begun later: until then its levers rest, then each takes its path as many years later.

        Parameters
        ----------
        year
            The calendar year from whose beginning its changes hold.

        Returns
        -------
        Scenario
            Called after the year, without expectations; the scenario itself where it starts then or changes nothing.

        Raises
        ------
        ScenarioError
            If it starts later than that by itself, or changes what describes 2020.

        Examples
        --------
        >>> later = load_scenario("plan").begun_in(2026)
        >>> later.name, later.changed()["EASE OF SETTLEMENT"].to_dict()
        ('plan_from_2026', {2025: 0.9, 2030: 1.0})
        """
        acting = self.acting
        if year == self.starts or not acting:
            return self
        if year < self.starts:
            message = f"{self.name} starts in {self.starts}, so it cannot begin in {year}. Leave --from out."
            raise ScenarioError(message)
        if fixed := [change.constant for change in acting if change.constant in start_constants(model_file)]:
            message = f"{self.name} sets {fixed[0]!r}, which describes 2020, so it cannot begin in {year}."
            raise ScenarioError(message)
        shift = year - self.starts
        moved = tuple(
            replace(change, value=_shifted(change.value, shift)) if change in acting else change
            for change in self.changes
        )
        title = {"zh": f"{self.title['zh']}（{year}年起）", "en": f"{self.title['en']}, from {year}"}
        resting = self.until_then or replace(self, name="baseline", changes=())
        name = f"{self.name}_from_{year}"
        return replace(self, name=name, title=title, changes=moved, expectations=(), starts=year, until_then=resting)


def _shifted(value: Any, years: int) -> Any:
    """A value whose paths lie some years later."""
    if not isinstance(value, dict):
        return value
    if _by_element(value):
        return {element: _shifted(part, years) for element, part in value.items()}
    return {year + years: number for year, number in value.items()}


def shipped_scenarios(starts: int = FIRST_START) -> tuple[str, ...]:
    """Return the names of the shipped scenarios: the baseline, the plan, then the others by name.

    Parameters
    ----------
    starts
        The year from whose beginning their levers act; the baseline, which has none, is always there. From a year
        between two that scenarios are shipped for, the earlier ones can be begun later (`Scenario.begun_in`).

    Examples
    --------
    >>> shipped_scenarios()[:2]
    ('baseline', 'plan')
    >>> "renewal_2026" in shipped_scenarios(2026), "plan" in shipped_scenarios(2026)
    (True, False)
    """
    later = [year for year in LATER_FOLDERS if year <= starts]
    folder = LATER_FOLDERS[max(later)] if later else FOLDER
    names = {"baseline", *(path.stem for path in folder.glob("*.yaml"))}
    order = {name: number for number, name in enumerate(FIRST_NAMED)}
    return tuple(sorted(names, key=lambda name: (order.get(name, len(order)), name)))


def scenarios_from(names_or_paths: Iterable[str | Path] | None, year: int | None) -> tuple[Scenario, ...]:
    """Read scenarios whose levers act from a year on.

    Parameters
    ----------
    names_or_paths
        Names of shipped scenarios or paths of YAML files or workbooks; None for all that are shipped for the year.
    year
        The year from whose beginning levers act. A scenario that starts earlier is begun then (`Scenario.begun_in`),
        but for what those shipped for the year stand on. None leaves every scenario as it is.

    Raises
    ------
    ScenarioError
        Listing every mistake of every file, or every scenario that cannot begin in the year.

    Examples
    --------
    >>> [scenario.name for scenario in scenarios_from(["baseline", "plan"], 2026)]
    ['baseline', 'plan_from_2026']
    """
    named = list(names_or_paths or ())
    if year is None:
        return load_scenarios(named or shipped_scenarios())
    scenarios = load_scenarios(named or shipped_scenarios(year))
    every = bool(named) or year < min(LATER_FOLDERS)
    begun, wrong = [], []
    for scenario in scenarios:
        try:
            begun.append(scenario.begun_in(year) if every or scenario.starts > FIRST_START else scenario)
        except ScenarioError as error:
            wrong.append(str(error))
    if wrong:
        raise ScenarioError("\n".join(wrong))
    return tuple(begun)


def load_scenario(name_or_path: str | Path, model_file: Path = MODEL_FILE) -> Scenario:
    """Read one scenario and check it against the model.

    Parameters
    ----------
    name_or_path
        The name of a shipped scenario, or the path of a YAML file or of a workbook (`scenarios.scenario_workbook`).
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
        Names of shipped scenarios or paths of YAML files or workbooks.
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
        if other != scenario.path and other.resolve() != scenario.path.resolve():
            reader.mistakes[scenario.path].add(
                (), f"{other} has the same name {scenario.name!r}; both would write the same output."
            )
    by_file: dict[str, list[str]] = {}
    for path, mistakes in reader.mistakes.items():
        if mistakes:
            by_file[str(path) if path.name in by_file else path.name] = mistakes.listed()
    if by_file:
        raise ScenarioError(refusal(by_file, "cannot be run"))
    return tuple({scenario.name: scenario for scenario in scenarios}.values())


def load_bases(scenario: Scenario, model_file: Path = MODEL_FILE) -> Iterator[Scenario]:
    """Read the scenarios that a scenario stands on, which its expectations may name, as long as they are asked for.

    Parameters
    ----------
    scenario
        As it was read from its file.
    model_file
        The model file that it was read for.

    Yields
    ------
    Scenario
        Its base, the base of that and so on; then what holds until it starts, and the bases of that.

    Raises
    ------
    ScenarioError
        If one of their files has a mistake, which it had not when the scenario was read.

    Examples
    --------
    >>> [base.name for base in load_bases(load_scenario("low_fertility"))]
    ['plan', 'baseline']
    """
    for lowest in filter(None, (scenario, scenario.until_then)):
        if lowest is not scenario:
            yield lowest
        above = lowest
        while above.base is not None:
            above = load_scenario(_base_file(above.base, above.path), model_file)
            yield above


@cache
def _titles() -> dict[str, str]:
    """The name of each shipped scenario by its titles, for who knows one by its title."""
    return {
        title: path.stem
        for folder in (FOLDER, *LATER_FOLDERS.values())
        for path in sorted(folder.glob("*.yaml"))
        for title in read_yaml(path).content["title"].values()
    }


def wrong_name(stem: str) -> str:
    """Return why a scenario cannot be called so, as a sentence, or nothing.

    Examples
    --------
    >>> wrong_name("更多保障房"), wrong_name("more homes")
    ('', "The name 'more homes' may hold letters, digits, '_' and '-' only.")
    """
    if not re.fullmatch(r"[\w\-]+", stem):
        return f"The name {shown(stem)} may hold letters, digits, '_' and '-' only."
    if len(stem) > NAME_LENGTH:
        return f"The name of the file has {len(stem)} characters; {NAME_LENGTH} are the most."
    return ""


def workbook_as_yaml(path: Path, model_file: Path = MODEL_FILE) -> str:
    """Return what a workbook without mistakes says as the YAML file that says the same.

    Raises
    ------
    ScenarioError
        Listing every mistake of the workbook.
    """
    load_scenario(path, model_file)
    content = {key: value for key, value in _Reader(model_file).document(path).content.items() if value is not None}
    return str(yaml.safe_dump(content, allow_unicode=True, sort_keys=False, default_flow_style=None, width=120))


def _locate(name: Path, folder: Path) -> Path:
    """Find a scenario by path, or by name in a folder and then among the shipped ones."""
    if name.suffix in SUFFIXES or is_spreadsheet(name) or len(name.parts) > 1:
        return name
    folders = (folder, FOLDER, *LATER_FOLDERS.values())
    files = [folder / f"{name}.yaml", folder / f"{name}{SUFFIX}", *(each / f"{name}.yaml" for each in folders)]
    return next((file for file in files if _exists(file)), FOLDER / f"{name}.yaml")


def _base_file(base: str, path: Path) -> Path:
    """The file that is meant by the base of a scenario whose file lies at a path."""
    plain = Path(base).suffix not in SUFFIXES
    return _locate(Path(base) if plain else path.parent / base, path.parent)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


class _ScenarioFile(Schema):
    """The keys of a scenario file; changes and expectations have schemas of their own."""

    name: Line
    title: Title
    question: Annotated[Mapping[str, str], PlainValidator(both_languages(QUESTION_LENGTH))]
    base: Any = None
    starts: Any = None
    until_then: Any = None
    changes: Any
    expect: Any


class _ChangeEntry(Schema):
    """The keys of a change; its numbers are checked against the model."""

    value: Any = None
    path: Any = None
    by: Any = None
    unit: Any = None
    source: Any = None
    note: Any = None


class _ExpectEntry(Schema):
    """The keys of an expectation, of which one makes the claim."""

    variable: Any = None
    element: Any = None
    year: Any = None
    claim: Any = None


_SCENARIO_KEYS = tuple(_ScenarioFile.model_fields)
_EXPECT_KEYS = ("variable", "element", "year", "is", *_LIMITS)


@dataclass(frozen=True)
class _Source:
    """What a scenario file holds, the keys that were meant as they are written, and the file's mistakes."""

    path: Path
    mistakes: Mistakes
    content: dict[str, Any] = field(default_factory=dict)
    written: dict[str, Any] = field(default_factory=dict)

    def part(self, key: str) -> tuple[Any, Any]:
        """Return a key as it is written, and what stands under it."""
        written = self.written.get(key, key)
        return written, self.content.get(written)


class _Reader:
    """Reads scenario files against one model and gathers the mistakes of each."""

    def __init__(self, model_file: Path = MODEL_FILE) -> None:
        self.variables = variables_by_name(model_file)
        self.constants = tuple(
            name for name, variable in self.variables.items() if variable.kind == "constant" and not variable.why_fixed
        )
        self.levers = load_levers(model_file)
        self.saved_years = _saved_years(self.variables)
        self.mistakes: dict[Path, Mistakes] = {}
        self.known: dict[Path, Scenario] = {}

    def read(self, path: Path, above: tuple[Path, ...]) -> Scenario:
        """Return the scenario in a file, with whatever could be understood of it; `above` are the files based on it."""
        if path in self.known:
            return self.known[path]
        source = self._source(path)
        self.mistakes[path] = source.mistakes
        file = None
        if source.content:
            file, failed = checked(_ScenarioFile, source.content, source.mistakes, what="of a scenario")
            self._check_name(source, failed)
        base, below = self._base(source, above)
        inherited = {change.constant: change for change in below.changes} if below else {}
        starts, until_then = self._start(source, below, above)
        own = {
            change.constant: self._merged(change, inherited.get(change.constant))
            for change in self._changes(source, inherited, starts, until_then)
        }
        # Not known where a base is named that is none.
        bases = None if base is None and source.content.get("base") is not None else self._bases(base, path)
        if bases and until_then:
            bases += [name for name in (until_then.name, until_then.base) if name and name not in bases]
        self.known[path] = Scenario(
            name=path.stem,
            title=file.title if file else {"zh": "", "en": ""},
            question=file.question if file else {"zh": "", "en": ""},
            base=base,
            changes=tuple((inherited | own).values()),
            expectations=tuple(self._expectations(source, bases)),
            path=path,
            starts=starts,
            until_then=until_then,
        )
        return self.known[path]

    def _source(self, path: Path) -> _Source:
        if path.parent == FOLDER and not _exists(path):
            mistakes = Mistakes(Document(None, []))
            if _exists(Path(path.stem)) and Path(path.stem).is_file():
                mistakes.add((), f"{path.stem} is no scenario file: the name of one ends in .yaml or {SUFFIX}.")
                return _Source(path, mistakes)
            mistakes.add(
                (),
                f"There is no scenario {shown(path.stem)}.{mistakes.near(path.stem, shipped_scenarios(), _titles())}",
            )
            # Lines of their own, so that all of them fit in.
            for line in wrap(f"{', '.join(shipped_scenarios())}.", LINE_LENGTH - 10):
                mistakes.add((), f"Shipped: {line}")
            return _Source(path, mistakes)
        document = self.document(path)
        mistakes = Mistakes(document)
        content = document.content
        if not isinstance(content, dict) or not content:
            if content is not None:
                mistakes.add((), "The file must hold keys and values, such as 'name: my_scenario'.")
            return _Source(path, mistakes)
        written = {key: key for key in content}
        for key in content:
            meant = None if key in _SCENARIO_KEYS else Mistakes(Document(None, [])).guess(key, _SCENARIO_KEYS)
            if meant is not None and meant not in content:
                # What stands under a misspelt key is read as meant, so that its mistakes are reported as well.
                written.setdefault(meant, key)
        return _Source(path, mistakes, content, written)

    def document(self, path: Path) -> Document:
        """Read a file as YAML, or a workbook as the YAML file that would say the same."""
        if not is_spreadsheet(path):
            return read_yaml(path)
        from scenarios.scenario_workbook import read_scenario_workbook

        later = {name: year for year in LATER_FOLDERS for name in shipped_scenarios(year) if name != "baseline"}
        return read_scenario_workbook(path, self.constants, self.titles, later, self.variables)

    def _check_name(self, source: _Source, failed: set[str]) -> None:
        mistakes, name, stem = (
            source.mistakes,
            source.content.get("name"),
            unicodedata.normalize("NFC", source.path.stem),
        )
        if "name" in source.content and "name" not in failed and unicodedata.normalize("NFC", str(name)) != stem:
            mistakes.add(
                ("name",), f"'name' is {shown(name)}, but the file is called {shown(stem)}; they must be the same."
            )
        if wrong := wrong_name(stem):
            mistakes.add((), wrong)

    def _base(self, source: _Source, above: tuple[Path, ...]) -> tuple[str | None, Scenario | None]:
        key, base = source.part("base")
        if base is None:
            if source.content and source.path.stem != "baseline":
                source.mistakes.add(("base",), "'base' is missing. Most scenarios say 'base: baseline'.")
            return None, None
        below = self._named(source, key, base, above)
        return (None, None) if below is None else (base, below)

    def _named(self, source: _Source, key: Any, base: Any, above: tuple[Path, ...]) -> Scenario | None:
        """Return the scenario that a key of a file names; the words in messages are those of the key."""
        path, mistakes = source.path, source.mistakes
        role = "to be the base" if key == source.part("base")[0] else "to hold until then"
        ending = next((suffix for suffix in SUFFIXES if isinstance(base, str) and base.endswith(suffix)), "")
        name = base.removesuffix(ending) if isinstance(base, str) else ""
        if not re.fullmatch(r"[\w\-]+", name):
            mistakes.add(
                (key,),
                f"{key!r} must name a shipped scenario or a file beside this one, without a folder; not {shown(base)}.",
            )
            return None
        file_below = _locate(Path(base) if base == name else path.parent / base, path.parent)
        if file_below.resolve() in {file.resolve() for file in (*above, path)}:
            chain = " -> ".join(file.stem for file in (*above, path, file_below))
            mistakes.add((key,), f"The bases go round in a circle: {chain}.")
            return None
        if not _exists(file_below):
            hint = mistakes.near(base, shipped_scenarios(), _titles())
            mistakes.add((key,), f"There is no scenario {shown(base)} {role}.{hint}")
            return None
        if len(above) >= MOST_BASES:
            mistakes.add((key,), f"More than {MOST_BASES} scenarios are based on one another.")
            return None
        return self.read(file_below, (*above, path))

    def _start(self, source: _Source, base: Scenario | None, above: tuple[Path, ...]) -> tuple[int, Scenario | None]:
        """Return the year from whose beginning the changes hold, and what holds until then, usually the base."""
        mistakes, (at, starts), (until, named) = source.mistakes, source.part("starts"), source.part("until_then")
        inherited = (base.starts, base.until_then) if base else (FIRST_START, None)
        resting = None if named is None else self._named(source, until, named, above)
        if starts is None:
            if named is not None:
                mistakes.add((until,), "'until_then' needs a 'starts', such as 'starts: 2026'.")
            return inherited
        last = self.saved_years[1]
        if isinstance(starts, bool) or not isinstance(starts, int) or not FIRST_START <= starts <= last:
            what = f"{shown(starts)} is not a year in which a scenario can start"
            mistakes.add((at,), f"'starts': {what}; that is {FIRST_START} to {last}, such as 'starts: 2026'.")
            return inherited
        if base and starts < base.starts:
            fix = f"Write 'starts: {base.starts}' or leave it out."
            mistakes.add((at,), f"'starts': the base {base.name} starts in {base.starts}, after {starts}. {fix}")
            return inherited
        if starts == FIRST_START:
            if named is not None:
                mistakes.add(
                    (until,), f"'until_then': the run itself starts in {FIRST_START}, nothing is before. Delete it."
                )
            return inherited
        if named is None:
            return starts, (base.until_then if base and base.starts == starts else base)
        return starts, resting

    def _bases(self, base: str | None, path: Path) -> list[str]:
        """Return the names of the scenarios a file is based on, the nearest first."""
        bases: list[str] = []
        while base is not None:
            above = self.known.get(_base_file(base, path))
            if above is None:
                break
            bases.append(above.name)
            base, path = above.base, above.path
        return bases

    def _merged(self, own: Change, below: Change | None) -> Change:
        """Return a change that keeps, of the base's change of the same constant, the elements it does not name."""
        if below is None or not isinstance(own.value, dict) or not _by_element(own.value):
            return own
        elements = self.variables[own.constant].axes[0]
        base: Any = below.value if _by_element(below.value) else dict.fromkeys(elements, below.value)
        kept = tuple(element for element in base if element not in own.value)
        return replace(own, value=base | own.value, kept=kept)

    def _changes(
        self, source: _Source, inherited: Mapping[str, Change], starts: int, until_then: Scenario | None
    ) -> Iterator[Change]:
        mistakes, (at, changes) = source.mistakes, source.part("changes")
        if not isinstance(changes := changes or {}, dict):
            mistakes.add((at,), "'changes' must list constants of the model, each with value, unit and source.")
            return
        for name, entry in changes.items():
            where = (at, name)
            constant = self._constant(name, where, mistakes)
            if constant is None:
                continue
            label = repr(constant)
            if not isinstance(entry, dict):
                mistakes.add(where, f"{label} must have 'value', 'unit' and 'source' under it.")
                continue
            if until_then is not None:
                self._check_start(constant, entry, starts, where, mistakes)
            before = None if until_then is None else {change.constant: change.value for change in until_then.changes}
            value = self._value(constant, entry, where, mistakes, before, starts - 1.0)
            if value is not None:
                yield Change(
                    constant=constant,
                    value=value,
                    unit=self.variables[constant].unit,
                    source=str(entry.get("source", "")),
                    note=str(entry.get("note", "")),
                    policy=constant in self.levers,
                    stated_in=source.path.stem,
                    replaces=inherited[constant].stated_in if constant in inherited else None,
                )

    def _check_start(
        self, constant: str, entry: Mapping[str, Any], starts: int, where: Where, mistakes: Mistakes
    ) -> None:
        """Refuse what a scenario that starts later says of the years before."""
        if self.variables[constant].only_at_start:
            what = f"{constant!r} describes 2020, so a scenario that starts in {starts} cannot change it"
            mistakes.add(where, f"{what}. Delete it, or name a scenario that does in 'until_then'.")
        by = entry.get("by")
        paths = [((*where, "path"), entry.get("path"))]
        paths += [((*where, "by", element), part) for element, part in by.items()] if isinstance(by, dict) else []
        for at, path in paths:
            early = (
                [year for year in path if not _wrong_year(year) and year < starts - 1] if isinstance(path, dict) else []
            )
            if early:
                what = f"{constant!r}: the year {early[0]:g} is before the scenario starts, at the end of {starts - 1}"
                mistakes.add(
                    (*at, early[0]),
                    f"{what}. Let the path begin with {{{starts - 1}: before}}, before being its value until then.",
                )

    def _constant(self, name: Any, where: Where, mistakes: Mistakes) -> str | None:
        """Return the constant that a name in a file stands for, with a mistake noted when it is another's name."""
        if name in self.constants:
            return str(name)
        if name in self.variables:
            why = "is worked out by the model, so it cannot be set; only constants can"
            if self.variables[name].kind == "control":
                why = "says how the model is run; a scenario cannot change it"
            elif fixed := self.variables[name].why_fixed:
                why = f"{fixed}: it is neither a policy nor an assumption, so a scenario cannot change it"
            mistakes.add(where, f"{name!r} {why}.")
            return None
        if isinstance(name, str) and (former := FORMER_NAMES.get(name.strip().upper())):
            now, change = former
            mistakes.add(where, f"{name!r} was a lever of the first edition, {change}.")
            # What stands under it is checked as meant.
            return now
        titled = self.titles.get(name.strip().casefold()) if isinstance(name, str) else None
        # A title may be misspelt as well.
        near = None if titled else mistakes.guess(name, (*self.constants, *self.titles))
        guess = titled or (self.titles.get(near, near) if near else None)
        called = " but what a report calls one" if titled else ""
        hint = f" Did you mean {guess!r}?" if guess else ""
        mistakes.add(where, f"{shown(name)} is not a constant of the model{called}.{hint}")
        return guess

    @cached_property
    def titles(self) -> Mapping[str, str]:
        """Return each constant by what it is called in Chinese and English; names that two share are left out."""
        names: dict[str, set[str]] = {}
        for constant in self.constants:
            lever = self.levers.get(constant)
            for title in {self.variables[constant].term, *(lever.title.values() if lever else ())} - {""}:
                names.setdefault(title.casefold(), set()).add(constant)
        return {title: constants.pop() for title, constants in names.items() if len(constants) == 1}

    def _value(
        self,
        constant: str,
        entry: dict[str, Any],
        where: Where,
        mistakes: Mistakes,
        until_then: Mapping[str, Value] | None,
        start: float,
    ) -> Value | None:
        variable = self.variables[constant]
        label = repr(constant)
        checked(_ChangeEntry, entry, mistakes, where, what=f"of a change ({label})")
        if "unit" not in entry:
            mistakes.add(where, f"{label} has no unit; the model has it in {variable.unit!r}.")
        elif entry["unit"] != variable.unit:
            mistakes.add((*where, "unit"), f"{label} is in {variable.unit!r}, the file says {shown(entry['unit'])}.")
        if entry.get("source") is None or not str(entry["source"]).strip():
            mistakes.add(where, f"{label} has no source. Name the plan section or paper, or say 'assumption: ...'.")
        for key in ("source", "note"):
            if isinstance(entry.get(key), list | dict | bool):
                mistakes.add((*where, key), f"{label}: {key!r} must be a text; put quotes around it.")
        before = len(mistakes)
        given = [key for key in ("value", "path", "by") if key in entry]
        if len(given) != 1:
            said = " and ".join(f"'{key}'" for key in given) or "none of them"
            mistakes.add(where, f"{label} needs exactly one of 'value', 'path' and 'by'; the file has {said}.")
        value = None
        for key in given:
            value = _filled(entry[key], variable, until_then, start)
            check = {"value": self._check_number, "path": self._check_path, "by": self._check_elements}[key]
            check(constant, label, value, (*where, key), mistakes)
        return _as_floats(value) if len(mistakes) == before else None

    def _check_number(self, constant: str, label: str, value: Any, where: Where, mistakes: Mistakes) -> None:
        variable, lever = self.variables[constant], self.levers.get(constant)
        if value == "default":
            what = "differs from element to element; use 'by'" if variable.dims else "may stand in a path only"
            mistakes.add(where, f"{label}: 'default' {what}.")
            return
        if value == "before":
            what = "may stand in a path of a scenario with 'starts' only; by element where elements differ"
            mistakes.add(where, f"{label}: 'before' {what}.")
            return
        try:
            given = number(value)
        except ValueError as problem:
            mistakes.add(where, f"{label}: {problem}")
            return
        lowest, highest = (lever.lowest, lever.highest) if lever else (variable.low, variable.high)
        if beyond := outside(given, lowest, highest, variable.unit):
            mistakes.add(where, f"{label}: {beyond}")

    def _check_path(self, constant: str, label: str, path: Any, where: Where, mistakes: Mistakes) -> None:
        if not isinstance(path, dict) or len(path) < 2:
            mistakes.add(where, f"{label}: a path needs at least two years, such as {{2020: 0.9, 2025: 1.0}}.")
            return
        years = list(path)
        if len(years) > MOST_YEARS:
            mistakes.add(where, f"{label}: a path has {len(years):,} years; {MOST_YEARS} are the most.")
            return
        wrong = {year: problem for year in years if (problem := _wrong_year(year))}
        for year, problem in wrong.items():
            mistakes.add((*where, year), f"{label}: {problem}")
        if not wrong and years != sorted(years):
            listed = ", ".join(map(str, years[:10]))
            mistakes.add(where, f"{label}: the years of a path must go up; the file has {listed}.")
        for year, value in path.items():
            self._check_number(
                constant, f"{label} in {year if year not in wrong else shown(year)}", value, (*where, year), mistakes
            )

    def _check_elements(self, constant: str, label: str, by: Any, where: Where, mistakes: Mistakes) -> None:
        variable = self.variables[constant]
        if len(variable.axes) != 1:
            kind = "a single number" if not variable.axes else "a table of several subscripts"
            mistakes.add(where, f"{label} is {kind}, so 'by' cannot be used for it.")
            return
        elements = variable.axes[0]
        if not isinstance(by, dict) or not by:
            mistakes.add(where, f"{label}: 'by' needs elements with values, such as {{{elements[0]}: 1.0}}.")
            return
        if variable.default is None and set(by) < set(elements):
            mistakes.add(where, f"{label}: the model has no plain numbers for it; name all of {', '.join(elements)}.")
        for element, value in by.items():
            said = f"{label} for {shown(element)}"
            if element not in elements:
                mistakes.add(
                    (*where, element), f"{said}: there is no such element.{mistakes.near(str(element), elements)}"
                )
            elif isinstance(value, dict):
                self._check_path(constant, said, value, (*where, element), mistakes)
            else:
                self._check_number(constant, said, value, (*where, element), mistakes)

    def _expectations(self, source: _Source, bases: list[str] | None) -> Iterator[Expectation]:
        """Yield what must come out; `bases` is None when the base itself is not known."""
        mistakes, (at, expect) = source.mistakes, source.part("expect")
        if not isinstance(expect := expect or [], list) or not all(isinstance(entry, dict) for entry in expect):
            mistakes.add(
                (at,), "'expect' must be a list, such as '- {variable: residents, year: 2035, is: above baseline}'."
            )
            return
        for number_in_list, entry in enumerate(expect):
            where, label = (at, number_in_list), f"expect no. {number_in_list + 1}"
            before = len(mistakes)
            claims = [key for key in ("is", *_LIMITS) if key in entry]
            shape = {key if key not in claims else "claim": value for key, value in entry.items()}
            checked(_ExpectEntry, shape, mistakes, where, what=f"of {label}", keys=_EXPECT_KEYS)
            element = self._element(entry, where, label, mistakes)
            year = entry.get("year")
            if year is not None and (wrong := self._not_saved(year)):
                mistakes.add((*where, "year"), f"{label}: {wrong}")
            if len(claims) != 1:
                mistakes.add(where, f"{label} needs exactly one of 'is', {', '.join(map(repr, _LIMITS))}.")
                continue
            claim, limit = claims[0], entry[claims[0]]
            if claim.startswith("never") and year is not None:
                mistakes.add(where, f"{label}: {claim!r} holds for the whole run, so it takes no year.")
            elif not claim.startswith("never") and year is None:
                mistakes.add(where, f"{label}: {claim!r} needs a year.")
            if claim == "is":
                self._check_comparison(limit, bases, (*where, "is"), label, mistakes)
            else:
                try:
                    number(limit)
                except ValueError as problem:
                    mistakes.add((*where, claim), f"{label}: {problem}")
            if len(mistakes) == before:
                claim, limit = limit.split() if claim == "is" else (claim, float(limit))
                yield Expectation(entry["variable"], element, year, claim, limit)

    def _check_comparison(
        self, said: Any, bases: list[str] | None, where: Where, label: str, mistakes: Mistakes
    ) -> None:
        if bases == []:
            mistakes.add(
                where, f"{label}: 'is' compares with the base, and there is none; use 'at least' or 'at most'."
            )
            return
        way, _, name = said.partition(" ") if isinstance(said, str) else ("", "", "")
        if way in _DIRECTIONS and (name in bases if bases else re.fullmatch(r"[\w\-]+", name)):
            return
        known = f"and one of {', '.join(bases)}" if bases else "and the base"
        hint = mistakes.near(name, bases) if bases and way in _DIRECTIONS else ""
        mistakes.add(where, f"{label}: 'is' must be 'above' or 'below' {known}; not {shown(said)}.{hint}")

    def _not_saved(self, year: Any) -> str | None:
        """Return why no result of a run belongs to a year."""
        first, last = self.saved_years
        if isinstance(year, bool) or not isinstance(year, int | float):
            return f"{shown(year)} is not a year."
        if not first <= year <= last:
            return f"the year {shown(year)} is outside {first} to {last}, the years that a run keeps."
        if year != int(year):
            return f"{year} is not a whole year; a run keeps the ends of whole years."
        return None

    def _element(self, entry: dict[str, Any], where: Where, label: str, mistakes: Mistakes) -> tuple[str, ...]:
        name = entry.get("variable")
        variable = self.variables.get(name) if isinstance(name, str) else None
        if variable is None or variable.kind in ("table", "control"):
            known = (one.name for one in self.variables.values() if one.kind not in ("table", "control"))
            terms = {one.term: one.name for one in self.variables.values() if one.term}
            hint = mistakes.near(name, known, terms)
            mistakes.add((*where, "variable"), f"{label}: {shown(name)} is not a variable of the model.{hint}")
            return ()
        given = entry.get("element", [])
        element = tuple(map(str, given)) if isinstance(given, list) else (str(given),)
        if len(element) != len(variable.axes):
            kinds = ", ".join(f"one of {options[0]}..{options[-1]}" for options in variable.axes) or "none"
            mistakes.add((*where, "element"), f"{label}: {name!r} takes this 'element': {kinds}.")
            return ()
        for part, options in zip(element, variable.axes, strict=True):
            if part not in options:
                hint = mistakes.near(part, options)
                mistakes.add((*where, "element"), f"{label}: {name!r} has no element {shown(part)}.{hint}")
        return element


def _saved_years(variables: Mapping[str, Variable]) -> tuple[int, int]:
    """First and last year of a run, as the model file sets them."""

    def year(name: str, otherwise: int) -> int:
        written = re.search(r"=\s*([0-9.]+)", variables[name].equation) if name in variables else None
        return int(float(written[1])) if written else otherwise

    return year("INITIAL TIME", FIRST_YEAR), year("FINAL TIME", LAST_YEAR)


def _wrong_year(year: Any) -> str | None:
    if isinstance(year, bool) or not isinstance(year, int | float):
        return f"{shown(year)} is not a year."
    if FIRST_YEAR <= year <= LAST_YEAR:
        return None
    return f"the year {shown(year)} is outside {FIRST_YEAR} to {LAST_YEAR}."


def _filled(value: Any, variable: Variable, until_then: Mapping[str, Value] | None, start: float) -> Any:
    """Put numbers where a path says 'default', the model's own, or 'before', so that no number is typed twice."""
    default = variable.default
    if not isinstance(value, dict) or default is None:
        return value
    before: Any = None if until_then is None else until_then.get(variable.name)
    known = until_then is not None
    if default.ndim == 0:
        return _filled_path(value, float(default), before, start, known=known)
    filled = dict(value)
    for element, path in value.items() if default.ndim == 1 else ():
        if isinstance(path, dict) and element in variable.axes[0]:
            own = float(default[variable.axes[0].index(element)])
            rest = before.get(element) if isinstance(before, dict) and _by_element(before) else before
            filled[element] = _filled_path(path, own, rest, start, known=known)
    return filled


def _filled_path(path: dict[Any, Any], default: float, before: Any, start: float, *, known: bool) -> dict[Any, Any]:
    words: dict[str, float] = {"default": default}
    if known:
        words["before"] = default if before is None else _at_start(before, start)
    return {year: words.get(given, given) if isinstance(given, str) else given for year, given in path.items()}


def _at_start(value: Any, start: float) -> float:
    """A number or a path at a time."""
    if not isinstance(value, dict):
        return float(value)
    years = sorted(value)
    return float(np.interp(start, years, [value[year] for year in years]))


def _by_element(value: Any) -> bool:
    return isinstance(value, dict) and any(isinstance(key, str) for key in value)


def _as_floats(value: Any) -> Any:
    return {key: _as_floats(part) for key, part in value.items()} if isinstance(value, dict) else float(value)


def _setting(value: Value, variable: Variable) -> float | pd.Series | xr.DataArray:
    if not isinstance(value, dict):
        return value
    # Loaded here, as a command that only tells of a mistake does without them.
    import pandas as pd
    import xarray as xr

    if not _by_element(value):
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
