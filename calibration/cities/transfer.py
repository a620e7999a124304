"""What transfers between cities: their posteriors side by side, and what they give the prior of the next one.

Only parameters that every city draws from the same prior are compared, on the scale on which that prior is a standard
normal. ``python -m calibration transfer`` writes the page from the ensembles of the packs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from calibration.cities.districts import TABLE, scores
from calibration.fit.priors import Parameter, read_priors
from model.city import PACKS, city
from model.engine.errors import UserError
from model.files.atomic import replaced
from model.files.markdown import markdown_table
from model.files.repository import ROOT
from model.files.strict_files import read_yaml

Array = npt.NDArray[np.float64]
PAGE: Final = ROOT / "docs" / "transfer.md"
#: A parameter is learnt where the posterior is narrower than this share of its prior, as in the report of a city.
LEARNT: Final = 0.8
#: Difference of two posteriors, in units of both their widths, from which they count as different.
DIFFERENT: Final = 2.0
#: How far from the middle of the prior a record may be said to point, in its standard deviations.
FARTHEST: Final = 3.0
#: Standard normal numbers at which the quantile function of a prior is tabulated.
GRID: Final = np.linspace(-5.0, 5.0, 2001)


class TransferError(UserError):
    """There are not two cities with ensembles to compare."""


@dataclass(frozen=True)
class Ensemble:
    """Members of one city: name and values by parameter."""

    name: str
    members: xr.Dataset


@dataclass(frozen=True)
class Compared:
    """One parameter in every city: mean and standard deviation of its posterior on the scale of its prior."""

    parameter: Parameter
    label: str
    means: Array
    deviations: Array

    @property
    def learnt(self) -> npt.NDArray[np.bool_]:
        """Where the record of a city says something of it."""
        return self.deviations < LEARNT

    @cached_property
    def difference(self) -> float:
        """Largest difference of two cities that learnt it, in units of both their widths."""
        known = np.flatnonzero(self.learnt)
        apart = [
            abs(self.means[a] - self.means[b]) / np.hypot(self.deviations[a], self.deviations[b])
            for a in known
            for b in known
            if a < b
        ]
        return float(max(apart, default=0.0))

    @cached_property
    def next_city(self) -> tuple[float, float]:
        """Mean and standard deviation that the cities give the next one, on the scale of the prior.

        Each posterior is taken apart into what the record says, a Gaussian likelihood, and the prior; what differs
        between cities beyond the widths of these is the spread between cities [DerSimonian and Laird 1986]. The next
        city is drawn from that spread about the pooled mean, and the shared prior still holds.
        """
        precision = np.maximum(1 / self.deviations**2 - 1, 1e-6)
        # A posterior at the end of a prior says which way, and not how far beyond.
        said = np.clip(self.means / self.deviations**2 / precision, -FARTHEST, FARTHEST)
        pooled = float((precision * said).sum() / precision.sum())
        excess = float((precision * (said - pooled) ** 2).sum()) - (len(said) - 1)
        scale = precision.sum() - (precision**2).sum() / precision.sum()
        between = max(excess / scale, 0.0) if scale > 0 else 0.0
        weight = 1 / (1 / precision + between)
        mean = float((weight * said).sum() / weight.sum())
        spread = between + 1 / weight.sum()
        together = 1 / (1 + 1 / spread)
        return together * mean / spread, float(np.sqrt(together))


def ensembles() -> list[Ensemble]:
    """Read the ensembles that have seen the record to 2020, of every pack that has been calibrated.

    Raises
    ------
    TransferError
        If there are fewer than two.
    """
    found = []
    for folder in sorted(path.parent for path in PACKS.glob("*/calibration/posterior_2020.nc")):
        if not (folder / "not_calibrated_2020.txt").exists():
            name = str(read_yaml(folder.parent / "city.yaml").content["title"]["en"])
            found.append(Ensemble(name, xr.load_dataset(folder / "posterior_2020.nc")))
    if len(found) < 2:
        message = (
            f"{len(found)} city pack has a calibrated ensemble; two are needed to compare. Calibrate another city."
        )
        raise TransferError(message)
    return found


def shared_parameters() -> list[Parameter]:
    """Parameters with the same prior in all cities and no district of their own."""
    own: set[str] = set()
    for file in PACKS.glob("*/priors.yaml"):
        own |= set(read_yaml(file).content["parameters"])
    return [p for p in read_priors().parameters if p.name not in own and "District" not in p.dims]


def compare(cities: list[Ensemble], parameters: list[Parameter]) -> list[Compared]:
    """Put every shared parameter on the scale of its prior, city by city."""
    result = []
    for parameter in parameters:
        tables = np.atleast_2d(parameter.values(np.repeat(GRID[:, None], parameter.size, axis=1)).T)
        for column, label in enumerate(parameter.labels):
            scaled = []
            for one in cities:
                values = one.members[parameter.name].to_numpy().reshape(one.members.sizes["member"], -1)[:, column]
                scaled.append(np.interp(values, tables[column], GRID))
            means = np.array([values.mean() for values in scaled])
            result.append(Compared(parameter, label, means, np.array([values.std() for values in scaled])))
    return result


def district_spread(cities: list[Ensemble]) -> pd.DataFrame:
    """Mean over districts of the posterior medians and their spread, of parameters that each district has by itself."""
    names = [
        p.name
        for p in read_priors().parameters
        if p.dims == ("District",) and p.role == "value" and p.name != "LAND AREA"
    ]
    rows = []
    for name in names:
        medians = [np.median(one.members[name].to_numpy(), axis=0) for one in cities]
        rows.append([name, *(text for m in medians for text in (f"{m.mean():.3g}", f"{m.std():.2g}"))])
    header = ["parameter", *(text for one in cities for text in (f"{one.name}: mean", "spread"))]
    return pd.DataFrame(rows, columns=header)


def page() -> str:
    """Return the page as Markdown."""
    cities = ensembles()
    names = [one.name for one in cities]
    compared = compare(cities, shared_parameters())
    known = [one for one in compared if one.learnt.sum() > 1]
    apart = sorted((one for one in known if one.difference >= DIFFERENT), key=lambda one: -one.difference)
    alike = sorted((one for one in known if one.difference < DIFFERENT), key=lambda one: one.deviations.mean())
    local = sorted((one for one in compared if one.learnt.sum() == 1), key=lambda one: one.deviations.min())
    never = len(compared) - len(known) - len(local)

    def rows(chosen: list[Compared]) -> list[list[str]]:
        return [
            [
                one.label,
                *(
                    f"{_value(one, mean)}{'' if learnt else ' (prior)'}"
                    for mean, learnt in zip(one.means, one.learnt, strict=True)
                ),
                f"{one.difference:.1f}",
                f"{_value(one, one.next_city[0])} ({_value(one, one.next_city[0] - 1.645 * one.next_city[1])} to "
                f"{_value(one, one.next_city[0] + 1.645 * one.next_city[1])})",
            ]
            for one in chosen
        ]

    header = ["parameter", *names, "difference", "next city: median (90 %)"]
    spread = district_spread(cities)
    parts = [
        "# What transfers between cities",
        f"Written by `python -m calibration transfer` from the ensembles of {', '.join(names)} that have "
        "seen the record to 2020; nothing here is typed by hand. The equations are the same in all, and so "
        f"are the priors of the parameters compared here: {len(compared)} that are no city's own and no "
        "district's.",
        f"Of these the record of more than one city says something about {len(known)} (posterior narrower "
        f"than {LEARNT} of the prior), of one city alone about {len(local)}, of none about {never}: their "
        "values are judgements in every city.",
        f"## Different between cities ({len(apart)})",
        f"Two posteriors lie {DIFFERENT:g} or more of their joint widths apart. Here a city may not borrow "
        "another's value.",
        markdown_table(header, rows(apart)) if apart else "None.",
        f"## Alike as far as the records say ({len(alike)})",
        "The last column is what a hierarchical prior over these cities gives the next one: the shared "
        "prior, what each record says of the parameter, and the spread between cities beyond the widths of "
        "what they say. With so few cities that spread is itself hardly known.",
        markdown_table(header, rows(alike)) if alike else "None.",
        f"## Learnt in one city alone ({len(local)})",
        markdown_table(header, rows(local[:25])) if local else "None.",
        "## By district",
        "Parameters that every district has by itself, under the same prior: mean and spread over districts"
        " of the posterior medians. Alike means and spreads say that a district of a new city may be drawn "
        "from them.",
        markdown_table(list(spread.columns), spread.to_numpy().tolist()),
        *_hindcast(),
        "## What this does not say",
        "The cities are few and not drawn at random. Constraints between parameters hold some off their written "
        "prior in every city (long-run below present fertility, growth falling). Priors of what is a "
        "city's own differ between packs and are left out, as are values that one city lends another. What "
        "happens after 2020 the stored forecasts answer when they are scored.",
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _hindcast() -> list[str]:
    """What `calibration.cities.districts` found in each pack that has its table."""
    found = [
        scores(pd.read_csv(file)).assign(city=str(read_yaml(file.parents[1] / "city.yaml").content["title"]["en"]))
        for file in sorted(PACKS.glob(f"*/calibration/{TABLE}"))
    ]
    if not found:
        return []
    table = pd.concat(found, ignore_index=True)
    rows = [
        [
            row["city"],
            row["measure"],
            *(f"{row[column]:.1f}" for column in ("as in 2010", "simple rule", "model")),
            f"{row['within 90 %']} of {row['districts']}",
        ]
        for _, row in table.iterrows()
    ]
    better = [int((part["model"] < part["simple rule"]).sum()) for _, part in table.groupby("measure", sort=False)]
    cities = table["city"].nunique()
    return [
        "## Districts that no fit has seen",
        f"Started in 2010 from parameters drawn from the priors alone, so that no number of 2020 is fitted, the model "
        f"foretells the districts' shares of residents better than constant growth differences in {better[0]} of "
        f"{cities} cities, and their urban shares better than an equal rise in {better[1]}.",
        markdown_table(["city", "measure", "as in 2010", "simple rule", "model", "within 90 %"], rows),
        "Errors are root mean squares over districts: of shares of residents in percent of the share, of urban shares "
        "in points. The simple rule for shares is that each district's growth goes on differing from the city's as it "
        "did before 2010, of which residents over registered people of 2010 are the trace, as no census of 2000 by "
        "district is at hand. That for urban shares is that the odds of living in town rise alike in all districts, by "
        "what meets the city's share of 2020, which the rule is told and the model is not. Registered people by "
        "district are not in the tabulation of 2020. Schedules of movers by age come from both censuses of the whole "
        "city, and a few tables by district (industry's share of jobs, people of another township) from that of 2020: "
        "of these 2020 is not unseen. `python -m calibration districts` makes the table of a city.",
    ]


def write_page(path: Path = PAGE) -> None:
    """Write the page, whole or not at all; it is the usual city that shared priors are read with.

    Raises
    ------
    TransferError
        If the process is about another city, or there are not two to compare.
    """
    if not city().is_usual:
        message = "The page compares all cities; call it without --city."
        raise TransferError(message)
    text = page()
    with replaced(path) as partial:
        partial.write_text(text, encoding="utf-8", newline="\n")


def _value(one: Compared, standard: float) -> str:
    """Value of a parameter, in the unit of its prior, at a point on the standard scale."""
    column = one.parameter.labels.index(one.label)
    values = one.parameter.values(np.full((1, one.parameter.size), standard))
    value = float(values.reshape(-1)[column])
    return f"{value:.1f}" if abs(value) >= 1000 else f"{value:.3g}"
