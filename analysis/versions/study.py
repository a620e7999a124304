"""Two versions side by side: the targets that moved, what differs between them, and where two runs first part."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr

from analysis.versions.request import VersionError
from analysis.versions.sources import Version
from model import load_model
from model.definition import MODEL_FILE, Variable, variables_by_name
from model.engine.errors import UserError
from scenarios import Scenario

#: Numbers that differ by a smaller part are the rounding of another machine or library.
MOVED: Final = 1e-6
#: The same for runs on one machine in double precision; results on disk are in single precision.
PARTED: Final = 1e-9
#: Facts of a manifest that say what was asked, and then what answered, in the order in which causes are told.
ASKED: Final = ("evidence", "members", "engine", "seed")
ANSWERED: Final = ("model_hash", "posterior_hash", "scenario_hash", "code_hash", "versions")
#: Kinds of variables that stand at a moment by what was before it.
_BY_THE_PAST: Final = frozenset({"stock"})
COLUMNS: Final = (
    "target", "scenario", "year", "unit", "change", "median_first", "median_second", "median_change",
    "probability_first", "probability_second", "probability_change", "reached_first", "reached_second",
    "threshold_first", "threshold_second",
)  # fmt: skip


@dataclass(frozen=True)
class DefinitionChange:
    """A variable that two model files define differently; what one of them lacks is empty."""

    name: str
    kind: str
    #: ``added``, ``removed``, ``number``, ``equation``, ``unit`` or ``elements``.
    change: str
    first: str
    second: str


@dataclass(frozen=True)
class FirstDifference:
    """The first year at which two runs of one member differ, and the variable from which the difference comes."""

    variable: str
    year: int
    first: float
    second: float
    unit: str
    #: All variables that differ in that year, the causes first.
    others: tuple[str, ...]
    #: ``models`` where both model files were run, ``results`` where the runs on disk were compared.
    source: str
    scenario: str
    #: Element for a variable with subscripts.
    element: str = ""
    #: Its Chinese term.
    term: str = ""


@dataclass(frozen=True)
class Comparison:
    """What `compare-versions` answers."""

    first: Version
    second: Version
    #: `COLUMNS`, one row for each target and scenario that moved.
    moved: pd.DataFrame
    #: How many targets times scenarios were compared.
    compared: int
    scenarios: tuple[str, ...]
    #: Scenarios that only one of the two has.
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]
    #: Facts that differ: name to what each version states.
    causes: Mapping[str, tuple[str, str]]
    #: Scenarios whose policies differ.
    scenarios_changed: tuple[str, ...]
    definitions: tuple[DefinitionChange, ...]
    parted: FirstDifference | None = None
    #: Why nothing can be said of definitions or of the first difference.
    unknown: tuple[str, ...] = ()
    files: tuple[str, ...] = field(default=())


def moved_targets(first: pd.DataFrame, second: pd.DataFrame, scenarios: Sequence[str]) -> pd.DataFrame:
    """Return the targets whose median, probability or verdict differ, those that moved most first.

    Examples
    --------
    >>> one = pd.DataFrame({"target": ["t"], "scenario": ["plan"], "year": [2025.0], "unit": ["percent"],
    ...                     "threshold": [65.0], "median": [64.0], "probability": [0.4], "reached": ["no"]})
    >>> moved_targets(one, one.assign(median=65.5, reached="yes"), ["plan"])[["median_change", "reached_second"]].values
    array([[1.5, 'yes']], dtype=object)
    """
    keys = ["target", "scenario"]
    sides = []
    for table, side in ((first, "first"), (second, "second")):
        own = table[table["scenario"].isin(scenarios) & (table["reached"] != "not modelled")]
        names = ["year", "unit", "threshold", "median", "probability", "reached"]
        sides.append(own[[*keys, *names]].rename(columns={name: f"{name}_{side}" for name in names}))
    both = sides[0].merge(sides[1], on=keys, how="outer", sort=False)
    both["reached_first"], both["reached_second"] = both["reached_first"].fillna(""), both["reached_second"].fillna("")
    for name in ("year", "unit"):
        both[name] = both[f"{name}_second"].fillna(both[f"{name}_first"])
    for name in ("median", "probability"):
        both[f"{name}_change"] = both[f"{name}_second"] - both[f"{name}_first"]
    both["change"] = np.select(
        [both["reached_first"] == "", both["reached_second"] == ""], ["only in second", "only in first"], "moved"
    )
    differs = pd.Series(False, index=both.index)
    for name in ("median", "probability", "threshold", "year"):
        differs |= _differ(both[f"{name}_first"].to_numpy(float), both[f"{name}_second"].to_numpy(float), MOVED)
    for name in ("reached", "unit"):
        differs |= both[f"{name}_first"].astype(str) != both[f"{name}_second"].astype(str)
    moved = both[differs].copy()
    turned = moved["reached_first"] != moved["reached_second"]
    # Units differ from target to target, so the part of the threshold tells how much one moved.
    size = (moved["median_change"] / moved["threshold_second"].abs().where(lambda one: one > 0, 1.0)).abs()
    moved = moved.assign(_turned=turned, _size=size.fillna(np.inf))
    moved = moved.sort_values(["_turned", "_size"], ascending=False, kind="stable")
    return moved[list(COLUMNS)].astype({"year": int}).reset_index(drop=True)


def changed_definitions(first: Path, second: Path) -> tuple[DefinitionChange, ...]:
    """Return the variables that two model files define differently; comments and places do not count.

    Examples
    --------
    >>> changed_definitions(MODEL_FILE, MODEL_FILE)
    ()
    """
    one, other = variables_by_name(first), variables_by_name(second)
    changes = []
    for name in dict.fromkeys([*one, *other]):
        a, b = one.get(name), other.get(name)
        if a is None and b is not None:
            changes.append(DefinitionChange(name, b.kind, "added", "", _shown(b)))
        elif b is None and a is not None:
            changes.append(DefinitionChange(name, a.kind, "removed", _shown(a), ""))
        elif a is not None and b is not None and (change := _change(a, b)):
            changes.append(DefinitionChange(name, b.kind, *change))
    return tuple(changes)


def differing_facts(first: Version, second: Version, scenarios: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return the facts of the manifests that differ, what was asked first; scenarios by their own files."""
    facts: dict[str, tuple[str, str]] = {}
    for name in (*ASKED, *ANSWERED):
        if name == "scenario_hash":
            pairs = [
                (one.get(name, ""), other.get(name, ""))
                for one, other in ((first.run_facts.get(s, {}), second.run_facts.get(s, {})) for s in scenarios)
                if one and other
            ]
            pair = next((pair for pair in pairs if pair[0] != pair[1]), None)
            if pair is not None:
                facts[name] = pair
        elif first.facts.get(name, "") != second.facts.get(name, "") and first.facts and second.facts:
            facts[name] = (first.facts.get(name, ""), second.facts.get(name, ""))
    # The seed follows from the ensemble and the number of members from what was asked; neither is a cause of its own.
    if len(facts) > 1:
        facts.pop("seed", None)
    if "members" in facts:
        facts.pop("posterior_hash", None)
    return facts


def first_difference(
    first: xr.Dataset,
    second: xr.Dataset,
    variables: Mapping[str, Variable],
    changed: Iterable[str],
    *,
    tolerance: float,
    source: str,
    scenario: str,
) -> FirstDifference | None:
    """Return where two runs of one member first part, None where they never do.

    Parameters
    ----------
    first, second
        Runs with dim ``time`` and subscripts, of one member each.
    variables
        The definitions, by which a cause is told from what follows from it.
    changed
        Variables that the two versions define differently.
    tolerance
        Differences of a smaller part count as none.
    source, scenario
        What was compared, for the answer.
    """
    years = np.intersect1d(first["time"].to_numpy(), second["time"].to_numpy())
    apart: dict[str, xr.DataArray] = {}
    for name in map(str, first.data_vars):
        if name not in second or "time" not in first[name].dims or set(first[name].dims) != set(second[name].dims):
            continue
        one, other = xr.align(first[name].sel(time=years), second[name].sel(time=years), join="inner")
        if one.size:
            values = np.asarray(one, float), np.asarray(other.transpose(*one.dims), float)
            apart[name] = one.copy(data=_differ(*values, tolerance))
    starts = {
        name: int(years[np.flatnonzero(where.any([dim for dim in where.dims if dim != "time"]).to_numpy())[0]])
        for name, where in apart.items()
        if bool(where.any())
    }
    if not starts:
        return None
    year = min(starts.values())
    differ = [name for name, start in starts.items() if start == year]
    ordered = _causes_first(differ, variables, set(changed))
    name = ordered[0]
    where = apart[name].sel(time=year)
    one, other = (run[name].sel(time=year) for run in (first, second))
    element, at = "", {}
    if where.ndim:
        gap = np.where(where, np.abs(np.asarray(other.transpose(*where.dims) - one.transpose(*where.dims))), -1.0)
        position = np.unravel_index(int(gap.argmax()), gap.shape)
        at = {dim: where[dim].to_numpy()[place] for dim, place in zip(where.dims, position, strict=True)}
        element = ", ".join(map(str, at.values()))
    unit, term = (variables[name].unit, variables[name].term) if name in variables else ("", "")
    ends = float(one.sel(at)), float(other.sel(at))
    return FirstDifference(name, year, *ends, unit, tuple(ordered), source, scenario, element, term)


def run_models(
    first: Path, second: Path, scenario: Scenario, member: xr.Dataset | None
) -> tuple[xr.Dataset, xr.Dataset]:
    """Run two model files with one member, each constant that they give differently at its own value.

    Raises
    ------
    UserError
        If one of them cannot be read or run.
    """
    one, other = variables_by_name(first), variables_by_name(second)
    shared = {
        name
        for name in one.keys() & other.keys()
        if one[name].kind == other[name].kind == "constant" and one[name].axes == other[name].axes
    }
    drawn = {
        str(name): array.isel(member=0, drop=True)
        for name, array in ({} if member is None else member.data_vars).items()
        if name in shared and not _change(one[str(name)], other[str(name)])
    }
    runs = []
    for path, definition in ((first, one), (second, other)):
        known = {name: value for name, value in scenario.changed(None, MODEL_FILE).items() if name in definition}
        outputs = [name for name, variable in definition.items() if variable.kind in ("stock", "flow", "auxiliary")]
        both = [name for name in outputs if name in one and name in other]
        runs.append(load_model(path=path).run({**drawn, **known}, outputs=both))
    return runs[0], runs[1]


def compare_versions(
    first: Version,
    second: Version,
    scenarios: Sequence[str],
    member: Callable[[], xr.Dataset | None],
    question: Callable[[str], Scenario | None],
    files: Sequence[str] = (),
) -> Comparison:
    """Compare two versions.

    Parameters
    ----------
    first, second
        Their results.
    scenarios
        Those to compare; none for all that both have.
    member
        Gives the parameter set with which two models are run; None for the model files' own values.
    question
        Gives a scenario by its name, None where it is not shipped any more.
    files
        Files that differ between two commits.

    Raises
    ------
    VersionError
        If they have no scenario in common, or lack one that is asked for.
    """
    lacking = [
        f"{version.label} holds no scenario {name!r}; it has {', '.join(version.scenarios)}."
        for version in (first, second)
        for name in scenarios
        if name not in version.scenarios
    ]
    if lacking:
        raise VersionError("\n".join(lacking))
    common = [name for name in first.scenarios if name in second.scenarios and (not scenarios or name in scenarios)]
    if not common:
        msg = (
            f"{first.label} holds {', '.join(first.scenarios)}; {second.label} holds {', '.join(second.scenarios)}. "
            "They have no scenario in common, so nothing can be compared."
        )
        raise VersionError(msg)
    causes = differing_facts(first, second, common)
    unknown: list[str] = [] if first.facts and second.facts else ["no manifest"]
    definitions: tuple[DefinitionChange, ...] = ()
    parted = None
    if "model_hash" in causes:
        if first.model is None or second.model is None:
            unknown.append("no model file")
        else:
            try:
                definitions = changed_definitions(first.model, second.model)
            except UserError:
                unknown.append("model unreadable")
            else:
                try:
                    parted = _parted_models(first.model, second.model, common, member, question, definitions)
                except UserError:
                    unknown.append("model not run")
    if parted is None and causes:
        parted = _parted_results(first, second, common, definitions)
    changed = tuple(
        name
        for name in common
        if (ours := first.run_facts.get(name, {}).get("scenario_hash"))
        and (theirs := second.run_facts.get(name, {}).get("scenario_hash"))
        and ours != theirs
    )
    modelled = [
        len(version.table[version.table["scenario"].isin(common) & (version.table["reached"] != "not modelled")])
        for version in (first, second)
    ]
    return Comparison(
        first=first,
        second=second,
        moved=moved_targets(first.table, second.table, common),
        compared=max(modelled),
        scenarios=tuple(common),
        only_first=tuple(name for name in first.scenarios if name not in second.scenarios),
        only_second=tuple(name for name in second.scenarios if name not in first.scenarios),
        causes=causes,
        scenarios_changed=changed,
        definitions=definitions,
        parted=parted,
        unknown=tuple(unknown),
        files=tuple(files),
    )


def _parted_models(
    first: Path,
    second: Path,
    scenarios: Sequence[str],
    member: Callable[[], xr.Dataset | None],
    question: Callable[[str], Scenario | None],
    definitions: Sequence[DefinitionChange],
) -> FirstDifference | None:
    asked = next((scenario for name in scenarios if (scenario := question(name)) is not None), None)
    if asked is None:
        return None
    runs = run_models(first, second, asked, member())
    changed = [change.name for change in definitions]
    return first_difference(
        *runs, variables_by_name(second), changed, tolerance=PARTED, source="models", scenario=asked.name
    )


def _parted_results(
    first: Version, second: Version, scenarios: Sequence[str], definitions: Sequence[DefinitionChange]
) -> FirstDifference | None:
    """Where the first member of the runs on disk parts; only variables that are kept for every member can tell."""
    variables = variables_by_name(second.model or MODEL_FILE)
    changed = [change.name for change in definitions]
    parts = []
    for name in scenarios:
        if name not in first.runs or name not in second.runs:
            continue
        runs = [_first_member(version.runs[name], variables) for version in (first, second)]
        if runs[0] is None or runs[1] is None:
            continue
        parted = first_difference(
            runs[0], runs[1], variables, changed, tolerance=MOVED, source="results", scenario=name
        )
        if parted is not None:
            parts.append(parted)
    return min(parts, key=lambda one: one.year, default=None)


def _first_member(path: Path, variables: Mapping[str, Variable]) -> xr.Dataset | None:
    names = {dim.lower(): dim for variable in variables.values() for dim in variable.dims}
    try:
        with xr.open_dataset(path, engine="netcdf4", decode_cf=False) as stored:
            kept = [
                name
                for name, array in stored.data_vars.items()
                if "quantile" not in array.dims and ("member" in array.dims or "member" not in stored.dims)
            ]
            run = stored[kept].isel(member=0, drop=True) if "member" in stored.dims else stored[kept]
            run = run.load()
    except (OSError, ValueError, KeyError, RuntimeError):
        return None
    return run.rename({dim: names[str(dim)] for dim in run.dims if names.get(str(dim), dim) != dim})


def _differ(one: Any, other: Any, tolerance: float) -> Any:
    """Where two arrays differ by more than a part of the larger; nothing and nothing are the same."""
    scale = np.maximum(np.abs(one), np.abs(other))
    with np.errstate(invalid="ignore"):
        apart = np.abs(one - other) > tolerance * scale
    return apart | (np.isnan(one) != np.isnan(other))


def _causes_first(names: Sequence[str], variables: Mapping[str, Variable], changed: set[str]) -> list[str]:
    """Sort variables that differ in one year: those defined differently, then those that read no other that differs."""
    differ = set(names)

    def rank(name: str) -> tuple[int, int, int]:
        variable = variables.get(name)
        if variable is None:
            return 3, 0, 0
        if name in changed or changed & set(variable.uses):
            return 0, int(name not in changed), len(differ & set(variable.uses))
        behind = _read_at_once(name, variables) & differ
        # A stock carries what flows have brought in the year; the flows say where it came from.
        return 1 + int(variable.kind in _BY_THE_PAST), len(behind), 0

    return sorted(names, key=rank)


def _read_at_once(name: str, variables: Mapping[str, Variable]) -> set[str]:
    """Everything that a variable depends on at one moment; what a stock reads was before it."""
    behind: set[str] = set()
    ahead = [name]
    while ahead:
        variable = variables.get(ahead.pop())
        if variable is None or variable.kind in _BY_THE_PAST:
            continue
        fresh = set(variable.uses) - behind - {name}
        behind |= fresh
        ahead += fresh
    return behind


def _change(one: Variable, other: Variable) -> tuple[str, str, str] | None:
    """What differs between two definitions of one variable: kind of change, and both texts."""
    if one.axes != other.axes:
        return "elements", _elements(one), _elements(other)
    if one.default is not None and other.default is not None:
        if not np.array_equal(one.default, other.default):
            return "number", *_numbers(one, other)
    elif one.equation != other.equation:
        return "equation", _shown(one), _shown(other)
    if one.unit != other.unit:
        return "unit", one.unit, other.unit
    return None


def _numbers(one: Variable, other: Variable) -> tuple[str, str]:
    """The numbers of a constant where they differ; of several, the first and how many more."""
    ours, theirs = np.asarray(one.default, float), np.asarray(other.default, float)
    places = np.argwhere(ours != theirs)
    if not one.axes:
        return f"{float(ours):.10g}", f"{float(theirs):.10g}"
    place = tuple(int(number) for number in places[0])
    label = ", ".join(axis[number] for axis, number in zip(one.axes, place, strict=True))
    more = f" (+{len(places) - 1})" if len(places) > 1 else ""
    return f"{label}: {ours[place]:.10g}{more}", f"{label}: {theirs[place]:.10g}{more}"


def _shown(variable: Variable) -> str:
    return " ".join(variable.equation.split())


def _elements(variable: Variable) -> str:
    return " x ".join(",".join(axis) for axis in variable.axes) or "one number"
