"""What the reference city lends: its constants, priors and the totals by which they are handed on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from calibration.cities.matching import Unit, match_units
from calibration.cities.numbers import CENTRE_SPAN, Lender
from calibration.cities.rules import children_per_woman, households
from calibration.cities.tabulations import joined
from model.files.strict_files import read_yaml


def census_rows(units: list[Unit], tables: Mapping[int, pd.DataFrame]) -> dict[int, pd.DataFrame]:
    """Census counts by district and year, units of a district joined."""
    return {
        year: pd.DataFrame([joined(tables[year], unit.codes(year)) for unit in units], index=[u.name for u in units])
        for year in (2010, 2020)
    }


def read_lender(folder: Path, common_priors: Path, tables: Mapping[int, pd.DataFrame]) -> Lender:
    """Read the reference city from its pack.

    Parameters
    ----------
    folder
        The pack: constants.csv, districts.csv, priors.yaml, units.csv and the budgets of its data.
    common_priors
        Priors that all cities have in common.
    tables
        The national tabulations, from which its own totals are counted in the same way as another city's.
    """
    constants = pd.read_csv(folder / "constants.csv", dtype=str, keep_default_na=False).set_index("constant")
    districts = pd.read_csv(folder / "districts.csv", dtype=str, keep_default_na=False)
    values: dict[str, np.ndarray] = {}
    limits: dict[str, tuple[float | None, float | None]] = {}
    units: dict[str, str] = {}
    for name, row in constants.iterrows():
        if row["value"]:
            values[str(name)] = np.array([float(v) for v in row["value"].replace(";", ",").split(",") if v.strip()])
        elif name in districts.columns:
            values[str(name)] = districts[name].astype(float).to_numpy()
        low, high = (float(row[end]) if row[end] not in ("", "?") else None for end in ("lowest", "highest"))
        limits[str(name)] = (low, high)
        units[str(name)] = row["unit"]
    shared, own_priors = (read_yaml(path).content["parameters"] for path in (common_priors, folder / "priors.yaml"))
    priors = {name: entry for name, entry in {**shared, **own_priors}.items() if isinstance(entry, dict)}
    own = match_units(
        tables, f"{pd.read_csv(folder / 'units.csv', dtype=str)['codes_2020'].iloc[0][:4]}00", folder / "units.csv"
    )
    rows = census_rows(own, tables)
    return Lender(
        name=str(read_yaml(folder / "city.yaml").content["title"]["en"]),
        values=values,
        limits=limits,
        units=units,
        priors=priors,
        own=tuple(own_priors),
        bases=_bases(values, rows, folder),
    )


def _bases(values: Mapping[str, np.ndarray], rows: Mapping[int, pd.DataFrame], folder: Path) -> dict[str, float]:
    """Totals of the reference city that what it lends is counted by."""
    total = {(name, year): float(rows[year][name].sum()) for year in rows for name in rows[year].columns}

    def one(name: str) -> float:
        return float(values[name].item())

    bases: dict[str, float] = {}
    for year in (2010, 2020):
        bases |= {
            f"{short} {year}": total[f"population_{name}", year]
            for short, name in (("urban", "urban"), ("rural", "rural"), ("residents", "resident"))
        }
        farming = total["employed_in_agriculture", year] / total["employed_in_long_form", year]
        bases[f"farming per rural {year}"] = farming / (bases[f"rural {year}"] / bases[f"residents {year}"])
    bases["urban growth"] = bases["urban 2020"] - bases["urban 2010"]
    other = total["residents_hukou_in_other_province", 2020]
    bases["unregistered from other provinces"] = other
    bases["unregistered from province"] = one("UNREGISTERED RESIDENTS 2020") - other
    series = pd.concat(
        [pd.read_csv(path, dtype=str, keep_default_na=False) for path in sorted((folder / "data").glob("*.csv"))]
    )

    def published(variable: str, year: int, boundary: str = "new") -> float:
        found = series[
            (series["variable"] == variable) & (series["year"] == str(year)) & (series["boundary"] == boundary)
        ]
        return float(found["value"].iloc[0])

    for year in (2010, 2020):
        outside = total["residents_hukou_in_other_province", year]
        bases |= {
            f"mover in town {year}": one(f"RURAL RESIDENTS IN TOWN {year}"),
            f"mover province {year}": one(f"UNREGISTERED RESIDENTS {year}") - outside,
            f"mover elsewhere {year}": outside,
        }
    bases["rate gap 2020"] = bases["urban 2020"] / bases["residents 2020"] - one("REGISTERED URBAN SHARE 2020")
    for band in ("5-9", "0"):
        bases[f"children per woman {band}"] = children_per_woman(rows, band)
    bases["households by headship"] = total["family_households", 2020] / households(rows[2020], values["HEADSHIP"])
    bases["land area"] = float(values["LAND AREA"].sum())
    distances = pd.read_csv(folder / "distances.csv", index_col=0)
    far = np.exp(-distances.iloc[0].to_numpy(dtype=float) / CENTRE_SPAN)
    for name in ("RELATIVE JOB DENSITY", "RELATIVE HOUSE PRICE", "LAND PER URBAN RESIDENT RELATIVE"):
        slope, intercept = np.polyfit(far, np.log(values[name]), 1)
        bases |= {f"{name}: far": float(intercept), f"{name}: centre": float(slope)}
    lends = read_yaml(folder / "lends.yaml").content
    revenue_then, gap_then = float(lends["budget revenue 2010"]), float(lends["transfers 2010"])
    revenue, spending = (published(f"general_public_budget_{kind}", 2020) * 1e8 for kind in ("revenue", "expenditure"))
    bases |= {
        "revenue 2020": revenue,
        "spending 2020": spending,
        "revenue ratio": revenue_then / revenue,
        "spending ratio": (revenue_then + gap_then) / spending,
        "transfers check": one("TRANSFERS RELATIVE 2010") / (gap_then / one("BASE TRANSFERS")),
        "income index 2010": one("URBAN INCOME 2010") / one("URBAN INCOME 2020"),
    }
    return bases
