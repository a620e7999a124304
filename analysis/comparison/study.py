"""What a comparison of two scenarios leaves on disk: every member's numbers, and a table over the members."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd
import xarray as xr

from analysis.charts.figures import Panel
from analysis.comparison.contributions import Comparison, ComparisonError
from analysis.comparison.tables import summary
from model.definition import Variable
from model.engine import CompiledModel
from model.engine.errors import near
from model.engine.pysd_model import ReferenceModel
from scenarios import Scenario, Target, is_reached, load_levers, load_scenarios, load_targets

#: The indicators that are compared unless others are asked for.
HEADLINES: Final = (
    Panel("resident rate", "target resident urbanization rate", "percent of the plan"),
    Panel("registered rate", "target registered urbanization rate", "percent of the plan"),
    Panel("residents", "residents", "ten thousand people"),
    Panel("unregistered coverage", "target service coverage of unregistered", "percent of the plan"),
    Panel("income ratio", "target income ratio", "ratio"),
    Panel("rent burden", "rent burden", "percent"),
    Panel("fiscal gap ratio", "fiscal gap ratio", "percent"),
)
YEARS: Final = (2025.0, 2030.0, 2035.0)
#: Runs of the model that take about two minutes on two quiet processors.
USUAL_RUNS: Final = 60_000
#: With fewer members nothing can be said about a band; more than these are not needed for one.
FEWEST, MOST = 20, 200


def usual_members(runs_per_member: int) -> int:
    """Return how many members are compared unless another number is asked for: fewer where each needs many runs.

    Examples
    --------
    >>> usual_members(2), usual_members(600), usual_members(4096)
    (200, 100, 20)
    """
    return min(MOST, max(FEWEST, USUAL_RUNS // runs_per_member))


def two_scenarios(first: str, second: str) -> tuple[Scenario, Scenario]:
    """Read two scenarios, by name or path.

    Raises
    ------
    ComparisonError
        If both are the same.
    ScenarioError
        If there is any mistake in their files.

    Examples
    --------
    >>> two_scenarios("plan", "plan")
    Traceback (most recent call last):
        ...
    analysis.comparison.contributions.ComparisonError: plan and plan are the same scenario; name two that differ.
    """
    found = load_scenarios([first, second])
    if len(found) < 2:
        message = f"{first} and {second} are the same scenario; name two that differ."
        raise ComparisonError(message)
    return found[0], found[1]


def indicators(extra: Sequence[str], variables: Mapping[str, Variable]) -> tuple[str, ...]:
    """Return the indicators to compare: the headlines and those asked for besides.

    Parameters
    ----------
    extra
        Names of further variables of the model.
    variables
        The model's variables.

    Raises
    ------
    ComparisonError
        Naming all that are unknown or not computed over time.

    Examples
    --------
    >>> len(indicators([], {})) == len(HEADLINES)
    True
    """
    computed = [name for name, known in variables.items() if known.kind in ("stock", "flow", "auxiliary")]
    problems = [
        f"{name!r} is not a computed variable of the model.{near(name, computed)}"
        for name in extra
        if name not in computed
    ]
    if problems:
        raise ComparisonError("\n".join(problems))
    return tuple(dict.fromkeys([*(panel.variable for panel in HEADLINES), *extra]))


def headline_targets() -> list[Target]:
    """Return the plan's headline targets that the model computes.

    Examples
    --------
    >>> headline_targets()[0].id
    'target.urbanization.resident.2025'
    """
    return [target for target in load_targets().values() if target.headline and target.modelled]


def in_time(
    model: CompiledModel | ReferenceModel, scenarios: Sequence[Scenario], members: xr.Dataset, targets: Sequence[Target]
) -> xr.Dataset:
    """Return by target which members reach it in time, dims ``scenario`` and ``member``.

    Examples
    --------
    >>> in_time(load_model(), two_scenarios("baseline", "plan"), members, headline_targets())  # doctest: +SKIP
    """
    outputs, found = list(dict.fromkeys(str(target.variable) for target in targets)), []
    for scenario in scenarios:
        run = model.run(scenario.settings(members), outputs=outputs).rename(run="member")
        reached = {
            target.id: is_reached(target.margin(run[target.variable].sel(time=target.year, drop=True)))
            for target in targets
        }
        found.append(xr.Dataset(reached))
    return xr.concat(found, "scenario").assign_coords(scenario=[scenario.name for scenario in scenarios])


def lever_title(constant: str, language: str, variables: Mapping[str, Variable]) -> str:
    """Return what a changed constant is called, a lever or an assumption.

    Examples
    --------
    >>> lever_title("TALENT ARRIVALS", "en", {})
    'talent programme'
    """
    levers = load_levers()
    if constant in levers:
        return str(levers[constant].title[language])
    return variables[constant].term if language == "zh" else constant.lower()


def residual(comparison: Comparison) -> float:
    """Return by how much, at most, contributions fail to sum to the difference, relative to the indicator.

    Examples
    --------
    >>> residual(comparison) < 1e-9  # doctest: +SKIP
    True
    """
    worst = 0.0
    for name, parts in comparison.contributions.data_vars.items():
        ends = comparison.values[name]
        left = parts.sum("lever") - (ends.isel(scenario=1, drop=True) - ends.isel(scenario=0, drop=True))
        size = float(abs(ends).max())
        worst = max(worst, float(abs(left).max()) / size if size else 0.0)
    return worst


def as_table(comparison: Comparison) -> pd.DataFrame:
    """Return `analysis.comparison.tables.summary` with the unit of each indicator.

    Examples
    --------
    >>> as_table(comparison).columns[:2].tolist()  # doctest: +SKIP
    ['indicator', 'unit']
    """
    table = summary(comparison)
    units = {str(name): str(array.attrs["units"]) for name, array in comparison.values.data_vars.items()}
    table.insert(1, "unit", table["indicator"].map(units))
    return table


def as_dataset(comparison: Comparison, facts: Mapping[str, str], variables: Mapping[str, Variable]) -> xr.Dataset:
    """Return everything about a comparison as it is written to disk, for every member.

    Parameters
    ----------
    comparison
        As from `analysis.comparison.contributions.compare`.
    facts
        Its manifest.
    variables
        The model's variables, for the words.

    Returns
    -------
    xarray.Dataset
        For each indicator or target: its value (dim ``scenario``), and per ``lever`` the contribution to the
        difference, its error from sampling orders, the effect of the lever alone, and that of the lever added last.

    Examples
    --------
    >>> as_dataset(comparison, {}, variables_by_name()).sizes["scenario"]  # doctest: +SKIP
    2
    """
    parts = {
        "{}": (comparison.values, "{}"),
        "contribution to {}": (comparison.contributions, "Shapley's value: part of the difference of {}"),
        "sampling error of contribution to {}": (
            comparison.sampling_error,
            "standard error, from sampling orders, of the contribution to {}",
        ),
        "effect alone on {}": (comparison.alone, "effect of changing this lever only on {}"),
        "effect last on {}": (comparison.last, "effect of changing this lever after all others on {}"),
    }
    found: dict[str, xr.DataArray] = {}
    for called, (data, told) in parts.items():
        for name, array in data.data_vars.items():
            known = variables.get(str(name))
            meaning = (known.meaning if known else "") or str(name)
            attributes = {"units": comparison.values[name].attrs["units"], "long_name": told.format(meaning)}
            if known:
                attributes["long_name_zh"] = known.term
            lower = {str(dim): str(dim).lower() for dim in array.dims if str(dim) != str(dim).lower()}
            found[called.format(name)] = array.rename(lower).assign_attrs(attributes)
    dataset = xr.Dataset(found)
    dataset = dataset.assign_coords(member=range(1, dataset.sizes["member"] + 1))
    dataset["time"].attrs = {"units": "year", "long_name": "end of calendar year", "long_name_zh": "年末", "axis": "T"}
    titles = {
        language: [lever_title(name, language, variables) for name in comparison.levers] for language in ("zh", "en")
    }
    dataset = dataset.assign_coords(lever_title=("lever", titles["en"]), lever_title_zh=("lever", titles["zh"]))
    method = "all coalitions" if comparison.permutations is None else f"{comparison.permutations} sampled orders"
    dataset.attrs = {
        "Conventions": "CF-1.11",
        "title": f"Difference {comparison.second} - {comparison.first} and the contribution of each lever",
        "method": f"Shapley's value from {method} ({comparison.coalitions} coalitions, each with every member)",
        "largest_residual": residual(comparison),
        **facts,
    }
    return dataset
