"""Every result that a briefing may state, as typed records: the one place that its numbers come from.

Each result knows its key, a path from the topic to the statistic such as ``targets/plan/ID/median``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from analysis.briefing.likelihood import tone
from analysis.briefing.settling import PEOPLE
from analysis.briefing.study import AGE_GROUPS, Evidence
from analysis.charts.panels import CIRCLE, INDICATORS, SCHOOLS
from analysis.charts.record import FIRST_YEAR, record
from analysis.comparison.contributions import Comparison
from analysis.comparison.tables import summary
from analysis.outcome.bottlenecks import BOTTLENECKS
from analysis.outcome.ensembles import QUANTILES, quantile
from analysis.outcome.shares import CONFIDENCE, Share
from model.definition import variables_by_name

Values = npt.NDArray[np.float64]
Record = TypeVar("Record")

#: Statistics of an ensemble and their levels.
LEVELS: Final = {"p05": 0.05, "p25": 0.25, "median": 0.5, "p75": 0.75, "p95": 0.95}
#: Grades of inputs that rest on memory or on judgement.
WEAK_GRADES: Final = ("D", "E")
#: The least share in percent that is stated as a number.
SMALL_PERCENT: Final = 1
#: A bottleneck counts as felt in a district where it binds in at least this share of members.
FELT_BY: Final = 0.5


class Result(float):
    """A number with its key among the results, in the units of the model and of the plan."""

    key: str

    def __new__(cls, key: str, value: float) -> Result:
        """Keep the key beside the number."""
        result = super().__new__(cls, value)
        result.key = key
        return result


@dataclass(frozen=True)
class Spread:
    """A median with the ends of the wide interval."""

    median: Result
    p05: Result
    p95: Result


@dataclass(frozen=True)
class Quantiles(Spread):
    """A spread with the ends of the narrow interval, too."""

    p25: Result
    p75: Result


@dataclass(frozen=True)
class Probability:
    """A share of members with its standard error and its confidence interval."""

    probability: Result
    probability_se: Result
    probability_low: Result
    probability_high: Result


@dataclass(frozen=True)
class TargetResult(Spread, Probability):
    """One target in one scenario."""

    year: Result
    threshold: Result
    #: From which value on the target counts as reached.
    accepted: Result
    margin: Result
    #: The margin without its sign.
    distance: Result
    #: None where no year reaches it.
    year_reached_median: Result | None
    #: None where no discrepancy of the model is known.
    probability_with_discrepancy: Result | None


@dataclass(frozen=True)
class Condition(Probability):
    """The registered target in a third of the members, from the lowest to the highest value of a parameter there."""

    lowest: Result
    highest: Result


@dataclass(frozen=True)
class District:
    """The resident rate of a district: by year, its rise, and what it gains over the baseline in the last year."""

    years: Mapping[int, Quantiles]
    rise: Result
    gain: Result


@dataclass(frozen=True)
class AgeGroup:
    """People of a broad age group and their share of all, by year."""

    people: Mapping[int, Quantiles]
    share: Mapping[int, Quantiles]


@dataclass(frozen=True)
class School:
    """Places of a level of school: needed, provided and short, by year, and the years that stand out."""

    need: Mapping[int, Quantiles]
    capacity: Mapping[int, Quantiles]
    short: Mapping[int, Quantiles]
    peak_year: Result
    worst_year: Result
    #: None where places are never short.
    last_short_year: Result | None


@dataclass(frozen=True)
class SettlingEntry:
    """An entry of the account of settling, in all and, of money, for each person who settles."""

    total: Quantiles
    person: Quantiles | None


@dataclass(frozen=True)
class Contribution:
    """What a lever contributes to a rate in the year of its target."""

    mean: Result
    #: The mean without its sign.
    size: Result
    p05: Result | None
    p95: Result | None


@dataclass(frozen=True)
class Contributions:
    """Contributions to both headline rates, by target and lever."""

    #: From the largest contributions to both rates to the smallest.
    levers: tuple[str, ...]
    by_target: Mapping[str, Mapping[str, Contribution]]
    #: By target and number of levers named: what all the others contribute together.
    others: Mapping[str, Mapping[int, Contribution]]
    #: By number of levers named: how many others there are.
    number_of_others: Mapping[int, Result]
    #: None where nothing is sampled.
    largest_error: Result | None


@dataclass(frozen=True)
class Bottleneck:
    """Where and when something binds."""

    #: By year: districts where it is felt.
    districts: Mapping[int, Result]
    #: None where it is felt nowhere.
    first_felt: Result | None
    last_felt: Result | None


@dataclass(frozen=True)
class Gain(Spread):
    """What one step of relief adds to a target's variable."""

    step: Result


@dataclass(frozen=True)
class Setting:
    """What a scenario sets a constant to, or one element of it, by year."""

    constant: str
    #: Empty where the constant has no subscripts.
    element: str
    default: Result
    years: Mapping[int, Result]


@dataclass(frozen=True)
class Results:
    """All results of a briefing; what is by scenario or year has these in the keys of a mapping."""

    #: What words such as "wide interval" stand for.
    definitions: Mapping[str, Result]
    years: Mapping[int, Result]
    #: How many members, targets and inputs there are, and of which kind.
    counts: Mapping[str, Result]
    #: Number of inputs by grade of their source.
    grades: Mapping[str, Result]
    #: Of modelled targets, by scenario and target.
    targets: Mapping[tuple[str, str], TargetResult]
    #: By parameter and third; thirds that hold no member are missing.
    conditions: Mapping[tuple[str, int], Condition]
    #: By scenario, variable and year.
    series: Mapping[tuple[str, str], Mapping[int, Quantiles]]
    districts: Mapping[str, District]
    ages: Mapping[str, AgeGroup]
    #: Observations in the present boundary, by variable and year.
    record: Mapping[str, Mapping[int, Result]]
    schools: Mapping[str, School]
    #: Median of the yearly mean, by variable and district, the city among these.
    ledger: Mapping[tuple[str, str], Result]
    settling: Mapping[str, SettlingEntry]
    #: By target and part: by what share the two parts of a ratio differ from the baseline, without sign.
    ratios: Mapping[tuple[str, str], Result]
    #: None where the scenario is the baseline.
    contributions: Contributions | None
    #: By bottleneck.
    limits: Mapping[str, Bottleneck]
    #: By constant that is relaxed and target.
    gains: Mapping[tuple[str, str], Gain]
    settings: tuple[Setting, ...]

    def by_key(self) -> dict[str, float]:
        """Return every result by its key."""
        return {result.key: float(result) for result in _results_in(self)}


def _results_in(part: Any) -> Iterator[Result]:
    if isinstance(part, Result):
        yield part
    elif is_dataclass(part):
        for one in fields(part):
            yield from _results_in(getattr(part, one.name))
    elif isinstance(part, Mapping | tuple):
        for one in part.values() if isinstance(part, Mapping) else part:
            yield from _results_in(one)


def compute_results(evidence: Evidence) -> Results:
    """Compute every result of a briefing from what it rests on."""
    name = evidence.scenario.name
    times = evidence.run["time"].to_numpy()
    comparison = evidence.comparison
    return Results(
        definitions=_keyed("definition", _definitions(times, evidence.scenario.starts)),
        years={year: Result(f"definition/year/{year}", year) for year in range(FIRST_YEAR, int(times[-1]) + 1)},
        counts=_keyed("counts", _counts(evidence)),
        grades=_keyed("counts/grade", evidence.grades),
        targets=_targets(evidence),
        conditions=_conditions(evidence),
        series={
            (scenario, panel.variable): _by_year(
                evidence.material.runs[scenario][panel.variable], f"series/{scenario}/{panel.variable}"
            )
            for scenario in dict.fromkeys((name, "baseline"))
            for panel in INDICATORS
        },
        districts=_districts(evidence),
        ages=_ages(evidence),
        record={
            panel.variable: {
                point.year: Result(f"record/{panel.variable}/{point.year}", point.value)
                for point in record(panel.variable)
                if not point.old
            }
            for panel in INDICATORS
        },
        schools={school: _school(evidence.run, school, f"places/{name}/{school}") for school in SCHOOLS},
        ledger=_ledger(evidence),
        settling=_settling(evidence.settling),
        ratios={
            (one.target.id, part): Result(f"ratios/{one.target.id}/{part}", abs(getattr(one, part)))
            for one in evidence.ratios
            for part in ("above", "below")
        },
        contributions=None if comparison is None else _contributions(evidence, comparison),
        limits={bottleneck.id: _bottleneck(evidence, bottleneck.id) for bottleneck in BOTTLENECKS},
        gains=_gains(evidence.reached.gains, evidence.headlines),
        settings=tuple(_settings(evidence)),
    )


def _record(kind: type[Record], key: str, values: Mapping[str, Any]) -> Record:
    """A record of results, each called by the record's key and its own name; None for what is missing or not finite."""
    make: Any = kind
    return make(**{one.name: _result(f"{key}/{one.name}", values.get(one.name)) for one in fields(make)})  # type: ignore[no-any-return]


def _result(key: str, value: float | None) -> Result | None:
    return None if value is None or not np.isfinite(value) else Result(key, value)


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    return table.to_dict("records")  # type: ignore[return-value]


def _quantiles(values: xr.DataArray, key: str) -> Quantiles:
    return _record(Quantiles, key, {name: quantile(values, level).item() for name, level in LEVELS.items()})


def _by_year(series: xr.DataArray, key: str, kind: str = "") -> dict[int, Quantiles]:
    """Quantiles of a series in each year; `kind` stands behind the year in the key."""
    levels = {name: quantile(series, level).to_numpy() for name, level in LEVELS.items()}
    return {
        int(year): _record(
            Quantiles, f"{key}/{year:.0f}{kind}", {name: values[index] for name, values in levels.items()}
        )
        for index, year in enumerate(series["time"].to_numpy())
    }


def _keyed(key: str, values: Mapping[str, float]) -> dict[str, Result]:
    return {name: Result(f"{key}/{name}", value) for name, value in values.items()}


def _definitions(times: Values, starts: int) -> dict[str, float]:
    levels = sorted(QUANTILES)
    return {
        "wide_interval": round(100 * (levels[-1] - levels[0]), 9),
        "narrow_interval": round(100 * (levels[-2] - levels[1]), 9),
        "confidence": 100 * CONFIDENCE,
        "small_percent": SMALL_PERCENT,
        "large_percent": 100 - SMALL_PERCENT,
        "first_year": times[0],
        "year_after_first": times[0] + 1,
        "last_year": times[-1],
        "starts": starts,
        "child_age": AGE_GROUPS["children"][1] - 1,
        "adult_age": AGE_GROUPS["working"][0],
        "last_working_age": AGE_GROUPS["working"][1] - 1,
        "elder_age": AGE_GROUPS["elders"][0],
    }


def _counts(evidence: Evidence) -> dict[str, float]:
    table = evidence.table[evidence.table["scenario"] == evidence.scenario.name]
    modelled = table[table["reached"] != "not modelled"]
    probability, comparison = modelled["probability"], evidence.comparison
    tones = probability.map(tone)
    return {
        "members": evidence.members,
        "study_members": 0 if comparison is None else comparison.contributions.sizes["member"],
        "orders": 0 if comparison is None else comparison.permutations or 0,
        "modelled": len(modelled),
        "tracked": len(table) - len(modelled),
        "reached": (modelled["reached"] == "yes").sum(),
        "sure_yes": (probability == 1.0).sum(),
        "sure_no": (probability == 0.0).sum(),
        "likely": (tones == "good").sum(),
        "open": (tones == "open").sum(),
        "unlikely": (tones == "bad").sum(),
        "constants": sum(evidence.grades.values()),
        "weak": sum(evidence.grades.get(grade, 0) for grade in WEAK_GRADES),
    }


def _targets(evidence: Evidence) -> dict[tuple[str, str], TargetResult]:
    known: dict[tuple[str, str], dict[str, Any]] = {}
    for table in (evidence.table, evidence.reached.tables.summary):
        for row in _rows(table):
            if evidence.targets[row["target"]].modelled:
                known.setdefault((row["scenario"], row["target"]), {}).update(row)
    results = {}
    for (scenario, target), row in known.items():
        # The table of all scenarios has no bounds, which a share of none or all is stated by.
        row |= Share(round(row["probability"] * evidence.members), evidence.members).columns()
        row |= {"distance": abs(row["margin"]), "accepted": evidence.targets[target].limit}
        results[scenario, target] = _record(TargetResult, f"targets/{scenario}/{target}", row)
    return results


def _conditions(evidence: Evidence) -> dict[tuple[str, int], Condition]:
    name, table = evidence.scenario.name, evidence.reached.tables.conditions
    registered = evidence.headlines[1]
    table = table[(table["scenario"] == name) & (table["target"] == registered) & table["probability"].notna()]
    return {
        (row["parameter"], row["group"]): _record(
            Condition, f"conditions/{name}/{registered}/{row['parameter']}/{row['group']}", row
        )
        for row in _rows(table)
    }


def _districts(evidence: Evidence) -> dict[str, District]:
    name = evidence.scenario.name
    rates, others = (
        evidence.material.runs[scenario]["resident urbanization rate by district"] for scenario in (name, "baseline")
    )
    districts = {}
    for district in map(str, evidence.run["District"].to_numpy()):
        key = f"districts/{name}/{district}"
        years = _by_year(rates.sel(District=district), key)
        first, last = years[min(years)].median, years[max(years)].median
        other = quantile(others.sel(District=district), 0.5).to_numpy()[-1]
        districts[district] = District(years, Result(f"{key}/rise", last - first), Result(f"{key}/gain", last - other))
    return districts


def _ages(evidence: Evidence) -> dict[str, AgeGroup]:
    everyone, key = evidence.ages.sum("group"), f"ages/{evidence.scenario.name}"
    groups = {name: evidence.ages.sel(group=name) for name in AGE_GROUPS}
    return {
        name: AgeGroup(
            _by_year(people, f"{key}/{name}", "/people"), _by_year(people / everyone, f"{key}/{name}", "/share")
        )
        for name, people in groups.items()
    }


def _school(run: xr.Dataset, name: str, key: str) -> School:
    need, capacity = (run[f"service {word} in city"].sel(Service=name) for word in ("need", "capacity"))
    middle = quantile(need, 0.5)
    short = middle - quantile(capacity, 0.5)
    times = short["time"]
    over = times.where(short > 0, drop=True)
    return School(
        _by_year(need, key, "/need"),
        _by_year(capacity, key, "/capacity"),
        _by_year(need - capacity, key, "/short"),
        Result(f"{key}/peak_year", times[int(middle.argmax("time"))].item()),
        Result(f"{key}/worst_year", times[int(short.argmax("time"))].item()),
        Result(f"{key}/last_short_year", over.max().item()) if over.size else None,
    )


def _ledger(evidence: Evidence) -> dict[tuple[str, str], Result]:
    ledger, run = {}, evidence.run
    means = run[[panel.variable for panel in CIRCLE]].sel(time=run["time"] > run["time"][0]).mean("time")
    settled = means[CIRCLE[0].variable]
    for panel in CIRCLE:
        mean = means[panel.variable]
        parts = {str(name): mean.sel(District=name) for name in mean["District"].to_numpy()}
        # For the whole city, people are added up; what one of them brings or meets is that of the mean settled person.
        people = settled.sum("District")
        city = people if panel is CIRCLE[0] else (mean * settled).sum("District") / people
        for name, values in {"city": city, **parts}.items():
            key = f"ledger/{evidence.scenario.name}/{panel.variable}/{name}/median"
            ledger[panel.variable, name] = Result(key, quantile(values, 0.5).item())
    return ledger


def _settling(account: xr.Dataset) -> dict[str, SettlingEntry]:
    return {
        str(name): SettlingEntry(
            _quantiles(entry, f"settling/{name}/total"),
            None if name in PEOPLE else _quantiles(entry / account["people"], f"settling/{name}/person"),
        )
        for name, entry in account.data_vars.items()
    }


def _contributions(evidence: Evidence, comparison: Comparison) -> Contributions:
    table = summary(comparison)
    by_target: dict[str, dict[str, Contribution]] = {}
    keys: dict[str, str] = {}
    parts: dict[str, xr.DataArray] = {}
    for target in (evidence.targets[name] for name in evidence.headlines):
        keys[target.id] = f"contributions/{target.variable}/{target.year}"
        own = table[(table["indicator"] == target.variable) & (table["year"] == target.year)]
        by_target[target.id] = {
            row["lever"]: _record(Contribution, f"{keys[target.id]}/{row['lever']}", {**row, "size": abs(row["mean"])})
            for row in _rows(own)
        }
        parts[target.id] = comparison.contributions[target.variable].sel(time=target.year)
    sizes = sum(np.abs(part.mean("member").to_numpy()) for part in parts.values())
    order = [int(index) for index in np.argsort(-np.asarray(sizes), kind="stable")]
    counts = range(len(order))
    return Contributions(
        tuple(comparison.levers[index] for index in order),
        by_target,
        {
            name: {
                named: _contribution(part.isel(lever=order[named:]).sum("lever"), f"{keys[name]}/rest/{named}")
                for named in counts
            }
            for name, part in parts.items()
        },
        {named: Result(f"counts/rest/{named}", len(order) - named) for named in counts},
        _result("contributions/largest_error", table["sampling_error"].max()),
    )


def _contribution(members: xr.DataArray, key: str) -> Contribution:
    mean = float(members.mean())
    ends = {name: float(members.quantile(LEVELS[name])) for name in ("p05", "p95")}
    return _record(Contribution, key, {"mean": mean, "size": abs(mean), **ends})


def _bottleneck(evidence: Evidence, name: str) -> Bottleneck:
    table: pd.DataFrame = evidence.reached.calendar
    table = table[table["bottleneck"] == name]
    felt = table[table["probability"] >= FELT_BY]["year"]
    key = f"limits/{name}/city"
    return Bottleneck(
        {int(year): Result(f"{key}/{year:.0f}/districts", (felt == year).sum()) for year in table["year"].unique()},
        _result(f"{key}/first_felt", felt.min()),
        _result(f"{key}/last_felt", felt.max()),
    )


def _gains(table: pd.DataFrame, headlines: Collection[str]) -> dict[tuple[str, str], Gain]:
    gains = {}
    for row in _rows(table[table["target"].isin(headlines)]):
        # What the step brings, rather than what a unit would.
        step = {name: row[name] * row["step"] for name in ("median", "p05", "p95")}
        key = (row["constant"], row["target"])
        gains[key] = _record(Gain, f"gains/{key[0]}/{key[1]}", {**row, **step})
    return gains


def _settings(evidence: Evidence) -> Iterator[Setting]:
    """What the scenario sets, in every year and element."""
    scenario, variables = evidence.scenario, variables_by_name()
    times, settings = evidence.run["time"].to_numpy(), scenario.settings()
    for change in scenario.changes:
        array = _over_time(settings[change.constant], times)
        first = array.isel(time=0)
        default = np.broadcast_to(np.asarray(variables[change.constant].default, dtype=float), first.shape)
        for index in np.ndindex(first.shape):
            chosen = dict(zip(first.dims, index, strict=True))
            element = "/".join(str(first[dim].to_numpy()[at]) for dim, at in chosen.items())
            key = "/".join(filter(None, ("settings", scenario.name, change.constant, element)))
            values = array.isel(chosen).to_numpy()
            yield Setting(
                change.constant,
                element,
                Result(f"{key}/default", float(default[index])),
                {int(year): Result(f"{key}/{year:.0f}", value) for year, value in zip(times, values, strict=True)},
            )


def _over_time(value: float | pd.Series | xr.DataArray, times: Values) -> xr.DataArray:
    """A setting at every saved time, as the model reads it: linear between the years of a path, held at its ends."""
    if isinstance(value, pd.Series):
        value = xr.DataArray(value.to_numpy(float), dims="time", coords={"time": value.index.to_numpy(float)})
    array = value if isinstance(value, xr.DataArray) else xr.DataArray(float(value))
    if "time" not in array.dims:
        return array.expand_dims(time=times)
    own = array["time"].to_numpy()
    return array.interp(time=times.clip(own.min(), own.max())).transpose("time", ...)
