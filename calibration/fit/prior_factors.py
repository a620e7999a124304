"""Uncertain parameters as factors of a study: each prior by itself, or whole members of the calibrated ensemble."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import partial

import numpy as np
import xarray as xr
from scipy.special import ndtri

from calibration.fit.priors import Array, Parameter, Priors
from model.definition import Variable, variables_by_name
from scenarios.factors import Factor, Input, lever_factors, structure_factors, without


def _quantile(parameter: Parameter, table: Array, shares: Array) -> dict[str, Array]:
    """Return values of one draw of a prior, times the model's table where it is of a factor, dims ``run, cell``."""
    values = parameter.values(ndtri(shares))
    return {parameter.name: values[:, None] * table}


def _members(tables: Mapping[str, Array], shares: Array) -> dict[str, Array]:
    """Return the parameters of the members, all equally likely, that the shares point at, dims ``run, cell``."""
    count = len(next(iter(tables.values())))
    draw = np.minimum((shares * count).astype(int), count - 1)
    return {name: table[draw] for name, table in tables.items()}


def prior_factors(priors: Priors) -> list[Factor]:
    """Every independent draw of the priors as a factor. The constraints between parameters are not among them.

    Examples
    --------
    >>> from calibration.fit.priors import read_priors
    >>> priors = read_priors()
    >>> len(prior_factors(priors)) == priors.size
    True
    """
    known = variables_by_name()
    factors = []
    for parameter in priors.parameters:
        own = np.asarray(known[parameter.name].default, dtype=float).ravel()
        for draw in range(parameter.size):
            alone = replace(
                parameter,
                lower_bound=np.asarray(np.broadcast_to(parameter.lower_bound.ravel(), (parameter.size,))[draw]),
                upper_bound=np.asarray(np.broadcast_to(parameter.upper_bound.ravel(), (parameter.size,))[draw]),
                dims=(),
                elements=(),
            )
            cells = (draw,) if parameter.dims else tuple(range(own.size))
            table = own[list(cells)] if parameter.role == "factor" else np.ones(len(cells))
            one = Input(parameter.labels[draw], "parameters", parameter.name, parameter.element_names[draw])
            values = partial(_quantile, alone, table)
            factors.append(Factor(one.name, "parameters", (one,), {parameter.name: cells}, values))
    return factors


def member_factor(priors: Priors, members: xr.Dataset) -> Factor:
    """One factor that draws whole members of the calibrated ensemble, whose parameters depend on each other."""
    known = variables_by_name()
    tables = {str(name): _flat(array, known[str(name)]) for name, array in members.data_vars.items()}
    inputs = []
    for parameter in priors.parameters:
        for draw in range(parameter.size):
            # One factor on a whole table is seen in its largest number.
            own = np.asarray(known[parameter.name].default, dtype=float).ravel()
            cell = draw if parameter.dims else int(np.argmax(np.abs(own)))
            element = parameter.element_names[draw]
            inputs.append(Input(parameter.labels[draw], "parameters", parameter.name, element, cell))
    cells = {name: tuple(range(table.shape[1])) for name, table in tables.items()}
    return Factor("member of the ensemble", "parameters", tuple(inputs), cells, partial(_members, tables))


def broken_constraints(priors: Priors, points: Array) -> float:
    """Return the share of points on the standard scale that break a constraint which a run from 2020 on can feel."""
    early = {name for rule in priors.constraints for name in (*rule.smaller, *rule.larger) if name.endswith(" 2010")}
    felt = tuple(rule for rule in priors.constraints if early.isdisjoint((*rule.smaller, *rule.larger)))
    return float(1 - replace(priors, constraints=felt).allowed(points).mean())


def study_points(priors: Priors, seed: int, count: int = 10_000) -> Array:
    """Return independent points on the standard scale, as a study on priors takes them.

    Examples
    --------
    >>> from calibration.fit.priors import read_priors
    >>> len(study_points(read_priors(), seed=1, count=10))
    10
    """
    return np.random.default_rng(seed).standard_normal((count, priors.size))


def _flat(array: xr.DataArray, variable: Variable) -> Array:
    table = array.transpose("member", *variable.dims).to_numpy().astype(float)
    return np.asarray(table.reshape(len(table), -1))


def study_factors(
    priors: Priors, members: xr.Dataset | None, vary: Collection[str], scenario_sets: Collection[str]
) -> list[Factor]:
    """Return everything that a study varies, in the order structure, parameters, policy.

    Parameters
    ----------
    members
        Of the calibrated ensemble, to draw parameters from; None for independent priors.
    vary
        Which of `scenarios.factors.GROUPS`.
    scenario_sets
        Constants that the scenario sets: no parameter is drawn for these. A lever that is varied goes over its range
        all the same, and is no parameter.
    """
    levers = lever_factors() if "policy" in vary else []
    drawn = [member_factor(priors, members)] if members is not None else prior_factors(priors)
    known = {name for lever in levers for name in lever.cells} | set(scenario_sets)
    return [
        *(structure_factors() if "structure" in vary else []),
        *(without(drawn, known) if "parameters" in vary else []),
        *levers,
    ]
