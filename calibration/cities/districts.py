"""How the structure foretells districts from 2010 to 2020 when no district's census of 2020 has been seen.

Parameter sets are drawn from the priors alone, so that nothing of 2020 is fitted; the history run then starts from the
census of 2010. What is judged is each district's share of the city's residents and its urban share, so that an error
in the city's total does not count. ``python -m calibration districts`` writes the table of a city, and the page of
`calibration.cities.transfer` puts the cities side by side.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit, logit

from calibration.fit.calibrate import SEED, problem_of
from calibration.fit.evidence import Evidence
from calibration.fit.likelihood import run_history
from calibration.observations import DISTRICTS, district_values, read_observations
from model import load_model
from model.city import city
from model.engine import CompiledModel
from model.files.atomic import replaced

Array = npt.NDArray[np.float64]
TABLE: Final = "districts_hindcast.csv"
COLUMNS: Final = (
    "district", "measure", "counted_2010", "counted_2020", "simple_rule", "median", "p05", "p95",
)  # fmt: skip


def constant_differences(residents: Array, registered: Array) -> Array:
    """Shares of 2020 if each district's growth differs from the city's as it did before 2010.

    No census of 2000 by district is at hand. Residents less the registered of 2010 are the movers of the years before,
    so their logarithmic ratio stands for the growth difference of a decade.

    Examples
    --------
    >>> constant_differences(np.array([60.0, 40.0]), np.array([50.0, 50.0])).round(3)
    array([0.692, 0.308])
    """
    grown = residents * residents / registered
    return np.asarray(grown / grown.sum())


def equal_rise(urban: Array, weights: Array, city_share: float) -> Array:
    """Urban shares of districts if the odds of living in town change alike in all, so that the city's share is met.

    The rule is told the city's share of 2020, which the model is not.

    Examples
    --------
    >>> equal_rise(np.array([0.5, 1.0]), np.array([0.5, 0.5]), 0.8).round(3)
    array([0.6, 1. ])
    """
    odds = logit(urban)
    return np.asarray(
        expit(odds + brentq(lambda shift: float(expit(odds + shift) @ weights) - city_share, -10.0, 10.0))
    )


def hindcast(count: int = 400, seed: int = SEED, model: CompiledModel | None = None) -> pd.DataFrame:
    """Districts of 2020 as foretold from 2010, beside what was counted and what simple rules say.

    Parameters
    ----------
    count
        Draws from the priors; those whose run breaks off are replaced.
    seed
        Of all random numbers.
    model
        The compiled city model; None to load it.

    Returns
    -------
    pandas.DataFrame
        A row for each district and measure (share of the city's residents; urban share of the district's), with the
        columns of `COLUMNS`; shares of 1. The simple rules are `constant_differences` and `equal_rise`.

    Raises
    ------
    ObservationError, PriorError
        If data or priors cannot be used.
    """
    chosen = load_model() if model is None else model
    problem = problem_of(Evidence.TO_2020, chosen)
    random = np.random.default_rng(seed)
    people, urban = [np.empty((0, len(DISTRICTS)))] * 2
    while len(people) < count:
        points = problem.priors.draw(count, random)
        points = points[problem.priors.allowed(points)]
        end = run_history(chosen, problem.priors.settings(points), keep_non_finite=True).end
        residents = end["Population"].sum(["Group", "Age"]).to_numpy()
        share = end["urban residents by district"].to_numpy() / residents
        whole = np.isfinite(residents).all(axis=1) & np.isfinite(share).all(axis=1)
        people = np.concatenate([people, (residents / residents.sum(axis=1, keepdims=True))[whole]])[:count]
        urban = np.concatenate([urban, share[whole]])[:count]
    observations = read_observations()
    counted = {
        (name, year): district_values(observations, f"population_{name}", year).to_numpy()
        for name in ("resident", "urban")
        for year in (2010, 2020)
    }
    registered = district_values(observations, "population_hukou_registered", 2010).to_numpy()
    before, after = (counted["resident", year] / counted["resident", year].sum() for year in (2010, 2020))
    then, now = (counted["urban", year] / counted["resident", year] for year in (2010, 2020))
    rule = constant_differences(counted["resident", 2010], registered)
    tables = []
    for measure, first, last, simple, draws in (
        ("share of residents", before, after, rule, people),
        ("urban share", then, now, equal_rise(then, rule, float(now @ after)), urban),
    ):
        low, middle, high = np.quantile(draws, [0.05, 0.5, 0.95], axis=0)
        columns = (list(DISTRICTS), measure, first, last, simple, middle, low, high)
        tables.append(pd.DataFrame(dict(zip(COLUMNS, columns, strict=True))))
    return pd.concat(tables, ignore_index=True)


def scores(table: pd.DataFrame) -> pd.DataFrame:
    """Error of each forecast by measure: root mean square over districts, and districts within the 90 % interval.

    Errors of shares of residents are relative (of the logarithm), those of urban shares in points.

    Examples
    --------
    >>> table = pd.DataFrame([["A", "urban share", 0.4, 0.6, 0.4, 0.5, 0.3, 0.7]], columns=list(COLUMNS))
    >>> scores(table).round(2).to_numpy().tolist()
    [['urban share', 1, 20.0, 20.0, 10.0, 1]]
    """
    rows = []
    for measure, part in table.groupby("measure", sort=False):
        relative = measure == "share of residents"

        def error(column: str, part: pd.DataFrame = part, relative: bool = relative) -> float:
            off = np.log(part[column] / part["counted_2020"]) if relative else part[column] - part["counted_2020"]
            return float(100 * np.sqrt((off**2).mean()))

        inside = int(part["counted_2020"].between(part["p05"], part["p95"]).sum())
        rows.append([measure, len(part), *map(error, ("counted_2010", "simple_rule", "median")), inside])
    return pd.DataFrame(rows, columns=["measure", "districts", "as in 2010", "simple rule", "model", "within 90 %"])


def write_table() -> pd.DataFrame:
    """Write the table of this process's city into its pack, whole or not at all, and return it."""
    table = hindcast()
    path = city().folder / "calibration" / TABLE
    with replaced(path) as partial:
        table.round(5).to_csv(partial, index=False, lineterminator="\n")
    return table
