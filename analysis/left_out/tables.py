"""Output files of `left-out`: quantiles over the members as CSV, and every member's numbers as netCDF."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd
import xarray as xr

from analysis.left_out.study import LeftOut, worst_off
from analysis.left_out.words import say
from analysis.outcome.ensembles import QUANTILES
from analysis.outcome.files import YEARS

DATA: Final = "left_out.nc"
TABLE: Final = "left_out.csv"
FILES: Final = (DATA, TABLE)
CHARTS: Final = "left_out_*.png"
MEASURES: Final = ("need", "unserved", "short", "not_entitled", "unserved_share")
#: Names of `QUANTILES` in columns.
LEVELS: Final = ("p05", "p25", "median", "p75", "p95")
KEYS: Final = ("scenario", "service", "group", "district", "year")
QUANTILE_COLUMNS: Final = tuple(f"{measure}_{level}" for measure in MEASURES for level in LEVELS)
COLUMNS: Final = (*KEYS, *QUANTILE_COLUMNS, "among_worst_off", "closed_by_horizon")


def as_table(results: Mapping[str, LeftOut]) -> pd.DataFrame:
    """Return quantiles over the members by service, group, district and year; results are by scenario.

    Returns
    -------
    pandas.DataFrame
        `COLUMNS`; ``need``, ``unserved``, ``short`` and ``not_entitled`` count places or movers.
        ``among_worst_off`` is the share of members in which the cell is, by `worst_off`; empty for sums.
        ``closed_by_horizon`` is the share of members in which the pace of the year would close the shortfall by the
        end of the model's horizon; rental homes only.
    """
    tables = []
    for scenario, result in results.items():
        for services in (result.schools, result.homes):
            columns = {}
            for measure in MEASURES:
                values = np.quantile(services[measure].to_numpy(), QUANTILES, axis=0)
                for level, value in zip(LEVELS, values, strict=True):
                    columns[f"{measure}_{level}"] = services[measure].isel(member=0, drop=True).copy(data=value)
            columns["among_worst_off"] = worst_off(services).mean("member").reindex_like(columns["need_median"])
            columns["closed_by_horizon"] = (
                services["closed"].mean("member")
                if "closed" in services
                else xr.full_like(columns["need_median"], np.nan)
            )
            table = xr.Dataset(columns).to_dataframe(dim_order=["Service", "Group", "District", "time"]).reset_index()
            names = {"Service": "service", "Group": "group", "District": "district", "time": "year"}
            tables.append(table.rename(columns=names).assign(scenario=scenario))
    return pd.concat(tables, ignore_index=True)[list(COLUMNS)]


def as_dataset(results: Mapping[str, LeftOut], facts: Mapping[str, str]) -> xr.Dataset:
    """Return every member's numbers as they are written to disk; `results` as for `as_table`."""
    meanings = {
        "need": "places that the standard asks for; for rental homes: movers",
        "unserved": "shortfall of places or homes by the standard",
        "short": "of these open to the person, but not there",
        "not_entitled": "of these not open to the person",
        "unserved_share": "share of the need that is not served",
    }
    each = []
    for scenario, result in results.items():
        # Groups that do not look for rental homes have no numbers there.
        homes = result.homes.reindex(Group=result.schools["Group"])
        both = xr.concat([result.schools, homes], dim="Service", data_vars="all")
        each.append(both.expand_dims(scenario=[scenario]))
    dataset = xr.concat(each, dim="scenario")[list(MEASURES)].astype(np.float32)
    dataset = dataset.rename(District="district", Group="group", Service="service")
    dataset = dataset.assign_coords(member=range(1, dataset.sizes["member"] + 1))
    for name, meaning in meanings.items():
        dataset[name].attrs = {"units": "1", "long_name": meaning}
    dataset["time"].attrs = dict(YEARS)
    title = {
        "Conventions": "CF-1.11",
        "title": "Who is left out, by group and district",
        "comment": say("rental homes", "en"),
    }
    dataset.attrs = title | dict(facts)
    return dataset
