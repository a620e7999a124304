"""Every result that a briefing may speak of, by key: the one place that its numbers come from."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from analysis.briefing.likelihood import tone
from analysis.briefing.settling import PEOPLE
from analysis.briefing.study import AGE_GROUPS, EXACT_UP_TO, HEADLINES, Evidence
from analysis.charts import figures
from analysis.comparison.tables import summary
from analysis.outcome.ensembles import QUANTILES, quantile
from analysis.reach.bottlenecks import BOTTLENECKS
from analysis.reach.probability import CONDITION_COLUMNS, CONFIDENCE, share
from model.definition import variables_by_name

Values = npt.NDArray[np.float64]

#: Names of `analysis.outcome.ensembles.QUANTILES` in keys.
LEVELS: Final = {"p05": 0.05, "p25": 0.25, "median": 0.5, "p75": 0.75, "p95": 0.95}
#: Grades of inputs that rest on memory or on judgement.
WEAK_GRADES: Final = ("D", "E")
#: A bottleneck counts as felt in a district where it binds in at least this share of members.
FELT_BY: Final = 0.5


def results(evidence: Evidence) -> dict[str, float]:
    """Return every result by its key, in the units of the model and of the plan; what does not exist has no key.

    Keys are paths: the topic, then the scenario, and so on to the statistic, as in ``targets/plan/ID/median``.
    """
    found: dict[str, float] = {}
    for part in (
        _definitions,
        _targets,
        _conditions,
        _series,
        _city,
        _settling,
        _ratios,
        _contributions,
        _limits,
        _settings,
    ):
        found |= part(evidence)
    return {key: float(value) for key, value in found.items() if np.isfinite(value)}


def _definitions(evidence: Evidence) -> dict[str, float]:
    times = evidence.run["time"].to_numpy()
    levels = sorted(QUANTILES)
    table = evidence.table[evidence.table["scenario"] == evidence.scenario.name]
    modelled = table[table["reached"] != "not modelled"]
    odds = modelled["probability"]
    tones = odds.map(tone)
    sure = {"sure_yes": odds == 1.0, "sure_no": odds == 0.0}
    sure |= {name: tones == colour for name, colour in (("likely", "good"), ("open", "open"), ("unlikely", "bad"))}
    return {
        **{f"counts/{name}": int(which.sum()) for name, which in sure.items()},
        "definition/wide_interval": round(100 * (levels[-1] - levels[0]), 9),
        "definition/narrow_interval": round(100 * (levels[-2] - levels[1]), 9),
        "definition/confidence": 100 * CONFIDENCE,
        "definition/first_year": times[0],
        "definition/year_after_first": times[0] + 1,
        "definition/last_year": times[-1],
        "definition/elder_age": AGE_GROUPS["elders"][0],
        "definition/child_age": AGE_GROUPS["children"][1] - 1,
        "definition/adult_age": AGE_GROUPS["working"][0],
        "definition/last_working_age": AGE_GROUPS["working"][1] - 1,
        "definition/felt_by": FELT_BY,
        **{f"definition/year/{year:.0f}": year for year in times},
        "counts/members": evidence.members,
        "counts/study_members": 0 if evidence.comparison is None else _study_members(evidence),
        "counts/orders": 0 if evidence.comparison is None else evidence.comparison.permutations or 0,
        "counts/exact_up_to": EXACT_UP_TO,
        "counts/scenarios": len(evidence.material.runs),
        "counts/districts": evidence.run.sizes["District"],
        "counts/targets": len(table),
        "counts/modelled": len(modelled),
        "counts/tracked": len(table) - len(modelled),
        "counts/reached": int((modelled["reached"] == "yes").sum()),
        "counts/constants": sum(evidence.grades.values()),
        "counts/weak": sum(evidence.grades.get(grade, 0) for grade in WEAK_GRADES),
        **{f"counts/grade/{grade}": number for grade, number in evidence.grades.items()},
    }


def _study_members(evidence: Evidence) -> int:
    assert evidence.comparison is not None
    return int(evidence.comparison.contributions.sizes["member"])


def _targets(evidence: Evidence) -> dict[str, float]:
    found: dict[str, float] = {}
    for table in (evidence.table, evidence.reached.tables.summary):
        for row in table.to_dict("records"):
            for column, value in row.items():
                if isinstance(value, int | float) and not isinstance(value, bool):
                    found[f"targets/{row['scenario']}/{row['target']}/{column}"] = value
    # The table of all scenarios tells no bounds, which a share of none or all is told by.
    for place in [key.removesuffix("/probability") for key in found if key.endswith("/probability")]:
        if np.isnan(found[f"{place}/probability"]):
            continue
        odds = share(round(found[f"{place}/probability"] * evidence.members), evidence.members)
        found |= {f"{place}/{column}": value for column, value in odds.items()}
    for place in [key.removesuffix("/margin") for key in found if key.endswith("/margin")]:
        found[f"{place}/distance"] = abs(found[f"{place}/margin"])
        target = evidence.targets[place.rpartition("/")[2]]
        if target.modelled:
            found[f"{place}/accepted"] = target.limit
    best = evidence.table.groupby("target")["probability"].max()
    return found | {f"targets/best/{target}/probability": value for target, value in best.items()}


def _conditions(evidence: Evidence) -> dict[str, float]:
    rows = evidence.reached.tables.conditions.to_dict("records")
    return {
        f"conditions/{row['scenario']}/{row['target']}/{row['parameter']}/{row['group']}/{column}": row[column]
        for row in rows
        for column in CONDITION_COLUMNS[4:]
    }


def _series(evidence: Evidence) -> dict[str, float]:
    found = {}
    variables = dict.fromkeys(panel.variable for panel in figures.INDICATORS)
    for name, run in evidence.material.runs.items():
        for variable in variables if name in (evidence.scenario.name, "baseline") else ():
            for statistic, level in LEVELS.items():
                for year, value in _by_year(quantile(run[variable], level)):
                    found[f"series/{name}/{variable}/{year:.0f}/{statistic}"] = value
    return found


def _by_year(series: Any) -> list[tuple[float, float]]:
    return list(zip(series["time"].to_numpy(), series.to_numpy(), strict=True))


def _city(evidence: Evidence) -> dict[str, float]:
    run, name = evidence.run, evidence.scenario.name
    found: dict[str, float] = {}
    for statistic, level in LEVELS.items():
        for scenario in dict.fromkeys((name, "baseline")):
            rates = quantile(evidence.material.runs[scenario]["resident urbanization rate by district"], level)
            for district in rates["District"].to_numpy():
                for year, value in _by_year(rates.sel(District=district)):
                    found[f"districts/{scenario}/{district}/{year:.0f}/{statistic}"] = value
        for group in AGE_GROUPS:
            ages = evidence.ages.sel(group=group)
            for kind, series in (("people", ages), ("share", ages / evidence.ages.sum("group"))):
                for year, value in _by_year(quantile(series, level)):
                    found[f"ages/{name}/{group}/{year:.0f}/{kind}/{statistic}"] = value
        for school in figures.SCHOOLS:
            need, places = (run[f"service {word} in city"].sel(Service=school) for word in ("need", "capacity"))
            for kind, series in (("need", need), ("capacity", places), ("short", need - places)):
                for year, value in _by_year(quantile(series, level)):
                    found[f"places/{name}/{school}/{year:.0f}/{kind}/{statistic}"] = value
        for panel in figures.LEDGER:
            after = run[panel.variable].sel(time=run["time"] > run["time"][0]).mean("time")
            found[f"ledger/{name}/{panel.variable}/city/{statistic}"] = quantile(after.sum("District"), level).item()
            for district in after["District"].to_numpy():
                value = quantile(after.sel(District=district), level).item()
                found[f"ledger/{name}/{panel.variable}/{district}/{statistic}"] = value
    ends = [f"{run['time'][end].item():.0f}" for end in (0, -1)]
    for district in run["District"].to_numpy():
        first, last = (found[f"districts/{name}/{district}/{year}/median"] for year in ends)
        found[f"districts/{name}/{district}/rise"] = last - first
        found[f"districts/{name}/{district}/gain"] = last - found[f"districts/baseline/{district}/{ends[1]}/median"]
    for school in figures.SCHOOLS:
        need = quantile(run["service need in city"].sel(Service=school), 0.5)
        short = need - quantile(run["service capacity in city"].sel(Service=school), 0.5)
        found[f"places/{name}/{school}/peak_year"] = need["time"][int(need.argmax("time"))].item()
        found[f"places/{name}/{school}/worst_year"] = short["time"][int(short.argmax("time"))].item()
        over = short["time"].where(short > 0, drop=True)
        if over.size:
            found[f"places/{name}/{school}/last_short_year"] = over.max().item()
    return found


def _settling(evidence: Evidence) -> dict[str, float]:
    """What settling brings and costs a year, in all and for each person who settles."""
    account, found = evidence.settling, {}
    for name, entry in account.data_vars.items():
        each = {"total": entry} if name in PEOPLE else {"total": entry, "person": entry / account["people"]}
        for kind, values in each.items():
            for statistic, level in LEVELS.items():
                found[f"settling/{name}/{kind}/{statistic}"] = quantile(values, level).item()
    return found


def _ratios(evidence: Evidence) -> dict[str, float]:
    """By what share each part of a ratio differs from the baseline, without its sign."""
    return {
        f"ratios/{one.target.id}/{part}": abs(getattr(one, part))
        for one in evidence.ratios
        for part in ("ratio", "above", "below")
    }


def _contributions(evidence: Evidence) -> dict[str, float]:
    comparison = evidence.comparison
    if comparison is None:
        return {}
    found: dict[str, float] = {}
    columns = ("mean", "p05", "p95", "same_sign", "sampling_error", "alone")
    for row in summary(comparison).to_dict("records"):
        place = f"contributions/{row['indicator']}/{row['year']:.0f}/{row['lever']}"
        found |= {f"{place}/{column}": row[column] for column in columns}
    found |= {f"{key.removesuffix('mean')}size": abs(found[key]) for key in list(found) if key.endswith("/mean")}
    found["contributions/largest_error"] = max(found[key] for key in found if key.endswith("/sampling_error"))
    for size in range(len(comparison.levers)):
        found[f"counts/rest/{size}"] = len(comparison.levers) - size
        for name in comparison.contributions:
            parts = comparison.contributions[name].isel(lever=_order(evidence)[size:]).sum("lever")
            for year, part in parts.groupby("time"):
                place = f"contributions/{name}/{year:.0f}/rest/{size}"
                found[f"{place}/mean"] = float(part.mean())
                found |= {f"{place}/{end}": float(part.quantile(LEVELS[end])) for end in ("p05", "p95")}
    return found


def _order(evidence: Evidence) -> list[int]:
    """Places of the levers, from the largest contributions to both rates in the targets' years to the smallest."""
    assert evidence.comparison is not None
    sizes = np.zeros(len(evidence.comparison.levers))
    for target in (evidence.targets[name] for name in HEADLINES):
        parts = evidence.comparison.contributions[target.variable].sel(time=target.year)
        sizes += np.abs(parts.mean("member").to_numpy())
    return [int(place) for place in np.argsort(-sizes, kind="stable")]


def ordered_levers(evidence: Evidence) -> list[str]:
    """Return the changed levers, from the largest contributions to both rates to the smallest."""
    assert evidence.comparison is not None
    return [evidence.comparison.levers[place] for place in _order(evidence)]


def _settings(evidence: Evidence) -> dict[str, float]:
    """What the scenario sets, in every year and element."""
    scenario, variables = evidence.scenario, variables_by_name()
    times, settings = evidence.run["time"].to_numpy(), scenario.settings()
    found: dict[str, float] = {}
    for change in scenario.changes:
        variable, value = variables[change.constant], settings[change.constant]
        array = _over_time(value, times)
        first = array.isel(time=0)
        start = np.broadcast_to(np.asarray(variable.default, dtype=float), first.shape)
        for place in np.ndindex(first.shape):
            elements = [str(first[dim].to_numpy()[at]) for dim, at in zip(first.dims, place, strict=True)]
            key = "/".join([f"settings/{scenario.name}/{change.constant}", *elements])
            found[f"{key}/default"] = float(start[place])
            chosen = dict(zip(first.dims, place, strict=True))
            for year, number in _by_year(array.isel(chosen)):
                found[f"{key}/{year:.0f}"] = number
    return found


def _limits(evidence: Evidence) -> dict[str, float]:
    found: dict[str, float] = {}
    table: pd.DataFrame = evidence.reached.calendar
    for row in table.to_dict("records"):
        place = f"limits/{row['bottleneck']}/{row['district']}/{row['year']:.0f}"
        found |= {f"{place}/{column}": row[column] for column in ("probability", "probability_se", "shortfall_median")}
    for bottleneck in BOTTLENECKS:
        own = table[table["bottleneck"] == bottleneck.id]
        felt = own[own["probability"] >= FELT_BY]
        for year, rows in own.groupby("year"):
            found[f"limits/{bottleneck.id}/city/{year:.0f}/districts"] = (rows["probability"] >= FELT_BY).sum()
            found[f"limits/{bottleneck.id}/city/{year:.0f}/probability"] = rows["probability"].mean()
        if len(felt):
            found[f"limits/{bottleneck.id}/city/first_felt"] = felt["year"].min()
            found[f"limits/{bottleneck.id}/city/last_felt"] = felt["year"].max()
    gains = evidence.reached.gains
    gains = gains[gains["target"].isin(HEADLINES)]
    for row in gains.to_dict("records"):
        place = f"gains/{row['constant']}/{row['target']}"
        found[f"{place}/step"] = row["step"]
        # What the step brings, rather than what a unit would.
        found |= {f"{place}/{column}": row[column] * row["step"] for column in ("median", "p05", "p95")}
        found[f"{place}/agreement"] = row["agreement"]
    for target in HEADLINES:
        own = gains[gains["target"] == target]
        found[f"gains/largest/{target}"] = (own["median"] * own["step"]).max()
    return found


def _over_time(value: float | pd.Series | xr.DataArray, times: Values) -> xr.DataArray:
    """A setting at every saved time, as the model reads it: linear between the years of a path, held at its ends."""
    if isinstance(value, pd.Series):
        value = xr.DataArray(value.to_numpy(float), dims="time", coords={"time": value.index.to_numpy(float)})
    array = value if isinstance(value, xr.DataArray) else xr.DataArray(float(value))
    if "time" not in array.dims:
        return array.expand_dims(time=times)
    path = array.transpose("time", ...)
    own = path["time"].to_numpy()
    read = np.apply_along_axis(lambda values: np.interp(times, own, values), 0, path.to_numpy())
    rest = {dim: path[dim] for dim in path.dims if dim != "time"}
    return xr.DataArray(read, dims=path.dims, coords={"time": times, **rest})
