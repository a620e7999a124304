"""Who is left out: the shortfall of school places and affordable rental homes by group and district.

What the model computes of supply, need and entitlement is taken apart cell by cell, as a mean over the city hides those
who get least. Need is what a standard asks for: places for each child of an age, floor area for each mover. A place
that is missing is either not open to the child, or open to it and not there.

These are shortfalls by a standard, not people in a queue: places of a district are shared evenly among those entitled
there, and rental housing has neither applications nor turnover, so nothing can be said of waiting times. What
follows for rental housing stands in ``words.yaml``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import xarray as xr

from analysis.outcome.ensembles import by_member

#: Services that a stage of school gives.
STAGES: Final = ("childcare", "preschool", "primary", "junior secondary")
#: Groups that may look for an affordable rental home: those who live away from where they are registered.
MOVERS: Final = ("rural in town", "from province", "from other provinces")
RENTAL: Final = "affordable rental homes"
#: The end of the plan and of every run: nothing is said of what would take longer.
HORIZON: Final = 2035
#: What stands for the sum over all groups or districts.
ALL: Final = "all"
#: Fewer people in need than this in a cell are not called worst off: there a share says little.
FEWEST: Final = 100.0
#: Shares this close are one and the same: two groups may have the same rights.
EQUAL: Final = 1e-9
VARIABLES: Final = (
    "people needing service",
    "PLACES PER PERSON",
    "entitlement",
    "service coverage",
    "residents by district and group",
    "Affordable Rental Housing",
    "affordable completions",
    "RENTED FLOOR AREA",
)


@dataclass(frozen=True)
class LeftOut:
    """Who is left out in one scenario, as from `school_places` and `rental_homes`."""

    schools: xr.Dataset
    homes: xr.Dataset


def school_places(run: xr.Dataset, stages: Sequence[str] = STAGES) -> xr.Dataset:
    """Return who has no place in each stage of school.

    Parameters
    ----------
    run
        Results with `VARIABLES`, dims ``time``, the subscripts and, for an ensemble, ``run`` or ``member``.

    Returns
    -------
    xarray.Dataset
        Dims ``member, time, District, Group, Service`` with `ALL` added to districts and groups: ``need`` (places that
        children of the stage need by `PLACES PER PERSON`), ``not_entitled`` (of these not open to the child),
        ``short`` (open, but not there), ``unserved`` (both) and ``unserved_share`` of the need.
    """
    stages = list(stages)
    need = run["people needing service"].sel(Service=stages) * run["PLACES PER PERSON"].sel(Service=stages)
    entitled = need * run["entitlement"].sel(Service=stages)
    short = entitled * (1 - run["service coverage"].sel(Service=stages))
    return _with_sums(xr.Dataset({"need": need, "not_entitled": need - entitled, "short": short}))


def rental_homes(run: xr.Dataset) -> xr.Dataset:
    """Return which movers have no affordable rental home, at most; see ``rental homes`` in ``words.yaml``.

    As from `school_places`, for the groups of movers and the one service `RENTAL`; all movers count as entitled.
    Besides ``closed``: 1 where homes completed at the pace of the year would close the shortfall by the end of the
    model's horizon, else 0. Nothing is said of later years.
    """
    people = run["residents by district and group"].sel(Group=list(MOVERS))
    everyone = people.sum("Group")
    room = (run["Affordable Rental Housing"] / run["RENTED FLOOR AREA"]).clip(max=everyone)
    share = (1 - room / everyone.where(everyone > 0)).fillna(0.0)
    homes = xr.Dataset({"need": people, "not_entitled": xr.zeros_like(people), "short": people * share})
    # Newly completed homes house those without one, whatever their group.
    housed = run["affordable completions"] / run["RENTED FLOOR AREA"]
    homes["housed"] = people * (housed / everyone.where(everyone > 0)).fillna(0.0)
    homes = _with_sums(homes.expand_dims(Service=[RENTAL], axis=-1))
    years_left = HORIZON - homes["time"]
    homes["closed"] = (homes["short"] <= homes["housed"] * years_left + EQUAL).astype(float)
    return homes.drop_vars("housed")


def left_out(run: xr.Dataset) -> LeftOut:
    """Return `school_places` and `rental_homes` of the same results."""
    return LeftOut(school_places(run), rental_homes(run))


def worst_off(services: xr.Dataset) -> xr.DataArray:
    """Return where, in each member and year, the largest share goes without: which cells of one group and district.

    Cells with fewer than `FEWEST` in need never are among the worst off, nor is any cell where nobody goes without.
    """
    cells = {dim: [name for name in services[dim].to_numpy() if name != ALL] for dim in ("District", "Group")}
    share = services["unserved_share"].where(services["need"] >= FEWEST).sel(cells)
    most = share.max(["District", "Group"])
    return (share >= most - EQUAL) & (most > EQUAL)


def _with_sums(services: xr.Dataset) -> xr.Dataset:
    """Add sums over groups and districts, then what is a ratio of sums."""
    services = by_member(services)
    for over in ("Group", "District"):
        services = xr.concat([services, services.sum(over).expand_dims({over: [ALL]})], dim=over)
    services["unserved"] = services["not_entitled"] + services["short"]
    services["unserved_share"] = services["unserved"] / services["need"].where(services["need"] > 0)
    return services.transpose("member", "time", "District", "Group", "Service").drop_vars("member", errors="ignore")
