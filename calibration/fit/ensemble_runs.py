"""What the studies ask of every member of the ensemble: its fit to each series, and what it says of the plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import xarray as xr

from calibration.fit.ensemble import batches, settings
from calibration.fit.later_record import LaterRecord, run_record
from calibration.fit.likelihood import Array, Target
from calibration.fit.priors import Priors
from calibration.fit.sampler import BATCH
from model.engine import CompiledModel
from scenarios import Target as PlanTarget
from scenarios import load_scenarios, load_targets

#: The plan's end, at which both urbanization rates are looked at beside their targets of 2025.
HORIZON: Final = 2035
#: Grid of the standard scale on which values are turned back into standard normal numbers.
_GRID: Final = np.linspace(-6, 6, 4801)


@dataclass(frozen=True)
class Headline:
    """A headline target of the plan, at its own year or at the plan's end."""

    target: PlanTarget
    year: int

    @property
    def label(self) -> str:
        """Its English name and year."""
        return f"{self.target.title['en']} {self.year}"

    @property
    def has_threshold(self) -> bool:
        """Whether the plan states a value for this year."""
        return self.year == self.target.year


def headlines() -> tuple[Headline, ...]:
    """The headline targets that the model computes, and both urbanization rates at the plan's end.

    Examples
    --------
    >>> [item.year for item in headlines()][:4]
    [2025, 2035, 2025, 2035]
    """
    chosen = []
    for target in load_targets().values():
        if target.headline and target.modelled:
            chosen.append(Headline(target, target.year))
            if "urbanization rate" in str(target.variable) and target.year != HORIZON:
                chosen.append(Headline(target, HORIZON))
    return tuple(chosen)


def squared_deviations(
    model: CompiledModel, members: xr.Dataset, targets: Sequence[Target], later: LaterRecord | None = None
) -> xr.DataArray:
    """Sum of squared whitened deviations, (member, series); minus half of it is the log likelihood up to a constant."""
    parts = []
    for _, part in batches(members, BATCH):
        history = run_record(model, settings(part), later)
        parts.append(np.stack([(target.whitened(history) ** 2).sum(axis=1) for target in targets], axis=1))
    names = [target.name for target in targets]
    return xr.DataArray(np.concatenate(parts), dims=("member", "series"), coords={"series": names})


def headline_values(model: CompiledModel, members: xr.Dataset, scenarios: Sequence[str]) -> xr.DataArray:
    """What each member says of the headline targets, in the plan's units, dims ``scenario, headline, member``."""
    chosen = headlines()
    outputs = list(dict.fromkeys(str(item.target.variable) for item in chosen))
    by_scenario = []
    for scenario in load_scenarios(scenarios):
        parts = []
        for _, part in batches(members, BATCH):
            run = model.run(scenario.settings(part), outputs=outputs, final_time=float(HORIZON), saveper=1.0)
            parts.append([run[item.target.variable].sel(time=item.year) / item.target.factor for item in chosen])
        by_scenario.append(np.concatenate([np.stack([np.asarray(a) for a in part]) for part in parts], axis=1))
    coords = {"scenario": list(scenarios), "headline": [item.label for item in chosen]}
    return xr.DataArray(np.stack(by_scenario), dims=("scenario", "headline", "member"), coords=coords)


def standard_points(priors: Priors, members: xr.Dataset) -> Array:
    """Turn members, factors not multiplied out, back into points on the standard scale of the priors, (member, draw).

    Examples
    --------
    >>> from calibration.fit.priors import read_priors
    >>> priors = read_priors()
    >>> points = priors.draw(2, np.random.default_rng(1))
    >>> bool(abs(standard_points(priors, priors.dataset(points)) - points).max() < 0.01)
    True
    """
    parts = []
    for parameter in priors.parameters:
        table = parameter.values(np.repeat(_GRID[:, None], parameter.size, axis=1))
        values = members[parameter.name].to_numpy().reshape(members.sizes["member"], -1)
        parts.append(np.stack([np.interp(values[:, k], table[:, k], _GRID) for k in range(parameter.size)], axis=1))
    return np.concatenate(parts, axis=1)
