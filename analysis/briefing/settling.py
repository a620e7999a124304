"""The account of those who settle: what the budget gets and pays for them, as far as the model attributes it."""

from __future__ import annotations

from typing import Final

import xarray as xr

#: What has to be run for it.
VARIABLES: Final = (
    "settled people",
    "talent settled in year",
    "settlement award by district",
    "land supplied by quota",
    "land supplied",
    "land sale revenue",
    "LAND SALE NET SHARE",
    "service cost of settled by district",
    "settled by district and group",
    "PAYMENT FOR RURAL RIGHTS",
    "TALENT SUBSIDY",
    "cost index",
)
#: Sources of land that those who settle open: the quota linked to them, and the homesteads that they leave.
OPENED_BY_SETTLING: Final = ("settlement linked", "homestead exchange")
#: Entries in yuan; the balance is income less costs.
INCOME: Final = ("award", "land")
COSTS: Final = ("services", "rights", "talent subsidy")
BALANCE: Final = "balance"
#: Entries in people.
PEOPLE: Final = ("people", "young")


def settling_account(run: xr.Dataset) -> xr.Dataset:
    """Return what settling brings and costs a year, member by member, from a run or an ensemble with `VARIABLES`.

    Means over the years after the first: `PEOPLE` in people a year; `INCOME`, `COSTS`, sums and `BALANCE` in yuan.
    """
    after = run.sel(time=run["time"] > run["time"][0])
    opened = after["land supplied by quota"].sel({"Quota source": list(OPENED_BY_SETTLING)})
    supplied = after["land supplied"].sum("District")
    # A year's land is sold at the mean of all land of that year: the model keeps no price by source of quota.
    net_price = after["LAND SALE NET SHARE"] * after["land sale revenue"] / supplied.where(supplied > 0)
    rural = after["settled by district and group"].sel(Mover="rural in town").sum("District")
    entries = {
        "people": after["settled people"],
        "young": after["talent settled in year"],
        "award": after["settlement award by district"].sum("District"),
        "land": (opened.sum(["District", "Quota source"]) * net_price).fillna(0.0),
        "services": after["service cost of settled by district"].sum("District"),
        "rights": after["PAYMENT FOR RURAL RIGHTS"] * rural,
        "talent subsidy": after["talent settled in year"] * after["TALENT SUBSIDY"] * after["cost index"],
    }
    entries["income"] = sum((entries[name] for name in INCOME), xr.zeros_like(supplied))
    entries["cost"] = sum((entries[name] for name in COSTS), xr.zeros_like(supplied))
    entries[BALANCE] = entries["income"] - entries["cost"]
    means = xr.Dataset({name: series.mean("time") for name, series in entries.items()})
    means = means.drop_vars([name for name in means.coords if name not in means.dims])
    return means.rename(run="member") if "run" in means.dims else means
