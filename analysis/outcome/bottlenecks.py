"""What holds a scenario back: which of land, housing, places, money and willingness binds, where, when and how surely.

`BOTTLENECKS` lists every condition: what falls short of what, and from which shortfall on it binds. More than one may
bind in the same district and year. That something binds does not say that relaxing it brings a target nearer; `gains`
works out what a unit more of each does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import xarray as xr

from analysis.outcome.ensembles import by_member
from analysis.outcome.shares import SHARE_COLUMNS, share_columns
from analysis.outcome.words import SENTENCES, sentences_in
from model.engine import CompiledModel
from model.engine.pysd_model import ReferenceModel
from scenarios import Scenario, Target

#: A smaller shortfall does not count: the plan's targets count 99 percent as all, too.
FELT: Final = 0.01
#: Housing burdens move by a few percent from year to year without anyone's being short of a home.
BURDEN_FELT: Final = 0.05
#: The services of compulsory schooling, at which the plan aims first.
SCHOOLS: Final = ("primary", "junior secondary")
#: Steps of different size agree if the gains per unit differ by less than this share.
AGREEMENT: Final = 0.1
#: A smaller gain per step, in the plan's unit, is rounding.
NO_GAIN: Final = 1e-9

CALENDAR_COLUMNS: Final = ("bottleneck", "kind", "district", "year", "members", *SHARE_COLUMNS, "shortfall_median")
GAIN_COLUMNS: Final = (
    *("bottleneck", "constant", "unit", "step", "target", "year"),
    *("median", "p05", "p95", "median_at_half_step", "agreement"),
)


@dataclass(frozen=True)
class Bottleneck:
    """One condition by district: how far something falls short of what is wanted, as a share from 0 to 1."""

    id: str
    shortfall: Callable[[xr.Dataset], xr.DataArray]
    #: Of the model, that a run must hold.
    variables: tuple[str, ...]
    #: It binds where the shortfall is larger than this.
    threshold: float = FELT

    @property
    def title(self) -> Mapping[str, str]:
        """What it is called, by language."""
        return sentences_in(SENTENCES)[self.id]

    @property
    def kind(self) -> str:
        """Of what there is too little: "land", "housing", "places", "money" or "willingness"."""
        return self.id.partition(".")[0]


@dataclass(frozen=True)
class Relief:
    """A constant whose increase relaxes a bottleneck, and the step by which it is raised throughout."""

    bottleneck: str
    constant: str
    step: float


def _boundary(run: xr.Dataset) -> xr.DataArray:
    """Approval share below 1: the boundary or the land at hand does not allow the whole quota."""
    return 1 - run["approval share"]


def _service_land(run: xr.Dataset) -> xr.DataArray:
    """Land share of orders below 1 and below funded share of orders: land, not money, holds up new places."""
    land, money = run["land share of orders"], run["funded share of orders"]
    return (1 - land).where(land < money, 0.0)


def _starts(run: xr.Dataset) -> xr.DataArray:
    """Market starts below desired market starts: serviced residential land does not allow what builders want."""
    wanted, made = run["desired market starts"], run["market starts"]
    return (1 - made / wanted.where(wanted > 0)).fillna(0.0)


def _burden(run: xr.Dataset) -> xr.DataArray:
    """Perceived housing burden above RELATIVE HOUSE PRICE, that of 2020."""
    reference = run["RELATIVE HOUSE PRICE"]
    return (1 - reference / run["perceived housing burden"]).clip(min=0.0)


def _schools(run: xr.Dataset) -> xr.DataArray:
    """Service coverage below 1 in primary or junior secondary schools: entitled children without a place."""
    return 1 - run["service coverage"].sel(Service=list(SCHOOLS)).min("Service")


def _service_money(run: xr.Dataset) -> xr.DataArray:
    """Funded share of orders below 1 and not above land share of orders: money holds up new places."""
    land, money = run["land share of orders"], run["funded share of orders"]
    return (1 - money).where(money <= land, 0.0)


def _squeeze(run: xr.Dataset) -> xr.DataArray:
    """Capital Funded Share below 1: the budget carries out less than planned, in the whole city alike."""
    everywhere = xr.ones_like(run["approval share"])
    return (1 - run["Capital Funded Share"]) * everywhere


def _willingness(run: xr.Dataset) -> xr.DataArray:
    """Mean willingness to settle of the movers below ease now: fewer want to register than may."""
    willing = run["willingness to settle"]
    people = run["residents by district and group"].sel(Group=willing["Mover"].to_numpy())
    weights = people.rename(Group="Mover").assign_coords(Mover=willing["Mover"])
    mean = (willing * weights).sum("Mover") / weights.sum("Mover")
    return (1 - mean / run["ease now"]).clip(min=0.0)


#: Every condition; the limits are those of the model's own equations.
BOTTLENECKS: Final = (
    Bottleneck("land.boundary", _boundary, ("approval share",)),
    Bottleneck("land.services", _service_land, ("land share of orders", "funded share of orders")),
    Bottleneck("housing.starts", _starts, ("desired market starts", "market starts")),
    Bottleneck(
        "housing.burden",
        _burden,
        ("perceived housing burden", "RELATIVE HOUSE PRICE"),
        BURDEN_FELT,
    ),
    Bottleneck("places.schools", _schools, ("service coverage",)),
    Bottleneck("money.services", _service_money, ("funded share of orders", "land share of orders")),
    Bottleneck("money.squeeze", _squeeze, ("Capital Funded Share", "approval share")),
    Bottleneck("willingness", _willingness, ("willingness to settle", "ease now", "residents by district and group")),
)

#: A constant for each bottleneck that relaxes it; land for housing is relaxed by quota and by share.
RELIEFS: Final = (
    Relief("land.boundary", "URBAN DEVELOPMENT BOUNDARY", 10.0),
    Relief("land.services", "PUBLIC SERVICE SHARE OF NEW LAND", 0.01),
    Relief("housing.starts", "BASE LAND QUOTA", 1.0),
    Relief("housing.starts", "RESIDENTIAL SHARE OF NEW LAND", 0.01),
    Relief("housing.burden", "AFFORDABLE RENTAL STARTS", 1000.0),
    Relief("places.schools", "CAPITAL BUDGET FOR SERVICES", 0.01),
    Relief("money.squeeze", "BASE TRANSFERS", 1e9),
    Relief("willingness", "WILLINGNESS 2020", 0.01),
)


def variables_needed(bottlenecks: Iterable[Bottleneck] = BOTTLENECKS) -> tuple[str, ...]:
    """Return the variables of the model that a run must hold for `calendar`."""
    return tuple(dict.fromkeys(name for bottleneck in bottlenecks for name in bottleneck.variables))


def shortfalls(run: xr.Dataset, bottlenecks: Sequence[Bottleneck] = BOTTLENECKS) -> xr.Dataset:
    """Return how far each bottleneck falls short, as a share of what is wanted, dims ``member, time, District``.

    A run holds `variables_needed`, and dim ``run`` or ``member`` where it is an ensemble.

    Examples
    --------
    >>> run = xr.Dataset({"approval share": (("time", "District"), [[1.0, 0.25]])})
    >>> shortfalls(run, BOTTLENECKS[:1])["land.boundary"].values
    array([[[0.  , 0.75]]])
    """
    short = {
        bottleneck.id: by_member(bottleneck.shortfall(run)).transpose("member", "time", "District")
        for bottleneck in bottlenecks
    }
    return xr.Dataset({name: array.drop_vars("member", errors="ignore") for name, array in short.items()})


def calendar(run: xr.Dataset, bottlenecks: Sequence[Bottleneck] = BOTTLENECKS) -> pd.DataFrame:
    """Return in what share of members each bottleneck binds, by district and year, of results as for `shortfalls`.

    In `CALENDAR_COLUMNS`, with standard error and interval as in `analysis.outcome.shares.Share`; ``shortfall_median``
    is over all members, whether it binds or not.
    """
    short = shortfalls(run, bottlenecks)
    tables = []
    for bottleneck in bottlenecks:
        array = short[bottleneck.id].transpose("District", "time", "member")
        districts, years = array["District"].to_numpy(), array["time"].to_numpy()
        members = array.sizes["member"]
        table = pd.DataFrame(share_columns((array > bottleneck.threshold).sum("member").to_numpy().ravel(), members))
        table["district"] = np.repeat([str(district) for district in districts], len(years))
        table["year"] = np.tile(years.astype(float), len(districts))
        table["shortfall_median"] = array.median("member").to_numpy().ravel()
        tables.append(table.assign(bottleneck=bottleneck.id, kind=bottleneck.kind, members=members))
    return pd.concat(tables, ignore_index=True)[list(CALENDAR_COLUMNS)]


def gains(
    model: CompiledModel | ReferenceModel,
    scenario: Scenario,
    members: xr.Dataset | None,
    targets: Iterable[Target],
    reliefs: Sequence[Relief] = RELIEFS,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> pd.DataFrame:
    """Return what each target gains per unit of a relaxed bottleneck, by finite difference.

    Parameters
    ----------
    members
        Parameter sets of an ensemble, dim ``member``; None for the model's own.
    targets
        Those that are not modelled are passed over.
    reliefs
        What is raised, one at a time, in every element and year.
    progress
        Called with the number of finished reliefs and of all.

    Returns
    -------
    pandas.DataFrame
        `GAIN_COLUMNS`: quantiles over members of the gain in margin (plan's unit) per unit of the constant, in the
        target's year; positive is nearer to the target. ``agreement`` is the share of members whose gain per unit
        at half the step is the same within `AGREEMENT`: low where a limit ceases to bind on the way, so that the gain
        holds for the step but for no other.
    """
    modelled = [target for target in targets if target.modelled]
    outputs = list(dict.fromkeys(str(target.variable) for target in modelled))
    settings = scenario.settings(members)
    table = model.variables

    def margins(changed: Mapping[str, Any]) -> list[xr.DataArray]:
        last = max((float(target.year) for target in modelled), default=None)
        run = model.run({**settings, **changed}, outputs=outputs, final_time=last)
        return [target.margin(run[target.variable].sel(time=target.year)) for target in modelled]

    if not modelled:
        return pd.DataFrame(columns=list(GAIN_COLUMNS))
    start = margins({})
    rows: list[dict[str, object]] = []
    for done, relief in enumerate(reliefs):
        progress(done, len(reliefs))
        name = relief.constant
        # A name that the model does not know is left to the model to refuse, in its own words.
        value = _value(settings, name, table) if name in table.index else 0.0
        whole, half = (margins({name: value + step}) for step in (relief.step, relief.step / 2))
        for target, before, after, halfway in zip(modelled, start, whole, half, strict=True):
            gain = np.atleast_1d((after - before).to_numpy()) / relief.step
            check = np.atleast_1d((halfway - before).to_numpy()) / (relief.step / 2)
            agree = np.abs(gain - check) <= AGREEMENT * np.abs(gain) + NO_GAIN / relief.step
            rows.append(
                {
                    "bottleneck": relief.bottleneck,
                    "constant": name,
                    "unit": f"{target.unit} per {table['unit'][name]}",
                    "step": relief.step,
                    "target": target.id,
                    "year": target.year,
                    "median": float(np.median(gain)),
                    "p05": float(np.quantile(gain, 0.05)),
                    "p95": float(np.quantile(gain, 0.95)),
                    "median_at_half_step": float(np.median(check)),
                    "agreement": float(agree.mean()),
                }
            )
    progress(len(reliefs), len(reliefs))
    return pd.DataFrame(rows, columns=list(GAIN_COLUMNS))


def _value(
    settings: Mapping[str, float | pd.Series | xr.DataArray], name: str, table: pd.DataFrame
) -> float | pd.Series | xr.DataArray:
    """A constant as the scenario and the members set it, or as it is in the model."""
    own = settings.get(name)
    if own is not None:
        return own
    row = table.loc[name]
    return xr.DataArray(np.asarray(row["default"], dtype=float), dims=tuple(row["dims"]))
