"""Policy failed, or model wrong? What the gap between the forecast from 2020 and the record of 2021-2023 is made of."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr

from calibration.fit.ensemble import read_members
from calibration.fit.ensemble import settings as member_settings
from calibration.fit.evidence import Evidence
from calibration.fit.forecast import run_years
from calibration.fit.later_record import later_record
from calibration.fit.priors import read_priors
from model.engine import CompiledModel
from model.files.markdown import markdown_table

#: Members of each ensemble that are run.
MEMBERS: Final = 200
#: What may explain a gap, in the order in which it is let in; each is what it adds to those before.
CAUSES: Final = ("policies", "events", "parameters", "left")


def causes(city: CompiledModel, before: xr.Dataset | None = None, after: xr.Dataset | None = None) -> pd.DataFrame:
    """Split the gap between forecast and record of each series, in its last published year.

    Parameters
    ----------
    city
        The model.
    before, after
        Members that have seen the record to 2020, and to 2023; the first `MEMBERS` of the stored ones if left out.

    Returns
    -------
    pandas.DataFrame
        ``variable``, ``year``, ``forecast`` (median) and ``published`` in the model's unit; ``gap`` and its parts in
        percent of what was published: ``policies`` (levers at observed values instead of those of 2020), ``events``
        (dated events at their medians by the record to 2023), ``parameters`` (members of that record instead), and
        ``left`` (what the model does not explain).
    """
    before = read_members(MEMBERS, Evidence.TO_2020) if before is None else before
    after = read_members(MEMBERS, Evidence.TO_2023) if after is None else after
    record = later_record(Evidence.TO_2023)
    assert record is not None
    events: dict[str, Any] = {name: float(after[name].median()) for name in _events() if name in after}
    runs = [
        run_years(city, settings, record.years, record.variables).median("run")
        for settings in (
            member_settings(before),
            {**member_settings(before), **record.policies},
            {**member_settings(before), **record.policies, **events},
            {**member_settings(after), **record.policies},
        )
    ]
    rows = []
    for one in record.published:
        # A series of which only the mean counts is told by that.
        year, when = one.years[-1], list(one.years if one.values.size < len(one.years) else one.years[-1:])
        medians = [float(run[one.variable].sel(time=when).mean()) for run in runs]
        published = float(one.values[-1])
        steps = np.diff([*medians, published]) / published * 100
        gap = (published - medians[0]) / published * 100
        rows.append([one.variable, year, medians[0], published, gap, *steps])
    return pd.DataFrame(rows, columns=["variable", "year", "forecast", "published", "gap", *CAUSES])


def _events() -> list[str]:
    """Names of the dated events, which only the later record knows."""
    known = {parameter.name for parameter in read_priors().parameters}
    both = read_priors(events=Evidence.TO_2023.events).parameters
    return [parameter.name for parameter in both if parameter.name not in known]


def causes_table(table: pd.DataFrame) -> str:
    """Write the parts of each gap as a Markdown table, percent of what was published."""
    header = ["series", "year", "published less forecast, %", *("policies", "events", "parameters", "not explained")]
    rows = [
        [row["variable"], str(row["year"]), f"{row['gap']:+.1f}", *(f"{row[cause]:+.1f}" for cause in CAUSES)]
        for _, row in table.iterrows()
    ]
    return markdown_table(header, rows)
