"""The observations up to 2020, read from the city's pack and checked before anyone uses them."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from model.city import city
from model.engine.errors import UserError
from model.files.strict_files import read_table, refusal, shown

CITY = city()
DATA_FOLDER = CITY.folder / "data"
#: Rules and targets of policy, no observations: they may name later years, and some are words.
RULES_FILE = "policy_rules_and_targets.csv"
#: Later observations are withheld: the forecast is scored on them.
LAST_YEAR = 2020

DISTRICTS = CITY.district_names
REGIONS = CITY.regions
AGE_BANDS = ("0", "1-4", *(f"{a}-{a + 4}" for a in range(5, 85, 5)), "85+")
SEXES = ("male", "female")
BOUNDARIES = CITY.boundaries
GRADES = ("A", "B", "C", "D", "E")

COLUMNS = ("variable", "region", "year", "value", "unit", "boundary", "grade", "source", "url", "note")
BREAKDOWNS = ("sex", "age_band", "age")
#: Control totals of the two censuses on one boundary [person].
CONTROL_TOTALS = CITY.control_totals


class ObservationError(UserError):
    """A data file is missing, unreadable or holds a value that may not be used."""


def read_observations(folder: Path = DATA_FOLDER) -> pd.DataFrame:
    """Read and check every observation.

    Parameters
    ----------
    folder
        Folder with one CSV per origin.

    Returns
    -------
    pandas.DataFrame
        One row per observation: variable, region, year, value, unit, boundary, grade, source, url, note,
        sex, age_band, age and the file it came from; the value is in the unit of its own row.

    Raises
    ------
    ObservationError
        With every fault found, each with its file, row and column: missing or unreadable file, missing column,
        value that is not a number, year after 2020, unknown region, boundary or grade, missing unit or source,
        the same observation twice, census totals that do not add up.
    """
    faults: list[str] = []
    tables = []
    for name in CITY.data_files:
        table = _read_table(folder / name, faults)
        if table is not None:
            faults.extend(_row_faults(name, table))
            tables.append(table.assign(file=name))
    unexpected = sorted(p.name for p in folder.glob("*.csv") if p.name not in (*CITY.data_files, RULES_FILE))
    faults.extend(
        f"{name}: not a known data file; add it to 'data_files' of city.yaml or remove it" for name in unexpected
    )
    _raise_if_any(faults)
    frame = pd.concat(tables, ignore_index=True)
    frame["value"] = pd.to_numeric(frame["value"])
    frame["year"] = pd.to_numeric(frame["year"]).astype(int)
    frame = frame.reindex(columns=[*COLUMNS, *BREAKDOWNS, "file"]).fillna(dict.fromkeys(BREAKDOWNS, ""))
    faults.extend(_duplicate_faults(frame))
    faults.extend(_total_faults(frame))
    _raise_if_any(faults)
    return frame


def census_residents(observations: pd.DataFrame, year: int) -> xr.DataArray:
    """Census residents by (district, sex, age band) [person]; an `ObservationError` if a cell is missing."""
    rows = _rows(observations, "residents by sex and age band", year, REGIONS)
    cells = pd.MultiIndex.from_product([DISTRICTS, SEXES, AGE_BANDS], names=["district", "sex", "age_band"])
    full = rows.set_index(["region", "sex", "age_band"])["value"].reindex(cells)
    if full.isna().any():
        missing = ", ".join(" ".join(c) for c in full.index[full.isna()][:5])
        message = f"census_{year}_age_sex.csv: no row for {missing}"
        raise ObservationError(message)
    return xr.DataArray(
        full.to_numpy().reshape(len(DISTRICTS), len(SEXES), len(AGE_BANDS)),
        coords={"district": list(DISTRICTS), "sex": list(SEXES), "age_band": list(AGE_BANDS)},
        dims=("district", "sex", "age_band"),
        attrs={"units": "person", "boundary": "new", "grade": "B", "source": "github.com/leiii/census"},
    )


def data_hash(later: Sequence[Path] = ()) -> str:
    """Twelve hexadecimal digits that change with any change of the observations, and of what was published later."""
    digest = hashlib.sha256()
    for path in (*sorted(DATA_FOLDER.glob("*.csv")), *later):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def district_values(observations: pd.DataFrame, variable: str, year: int) -> xr.DataArray:
    """One value for each district, in the unit given in attrs.

    Raises
    ------
    ObservationError
        If a district is missing or the rows differ in unit.

    Examples
    --------
    >>> int(district_values(read_observations(), "population_rural", 2020).sum())
    2442425
    """
    rows = _rows(observations, variable, year, DISTRICTS)
    rows = rows[rows["boundary"] == "district"].set_index("region")
    missing = [d for d in DISTRICTS if d not in rows.index]
    if missing or rows["unit"].nunique() != 1:
        units = sorted(set(rows["unit"]))
        message = f"{variable}, {year}: missing districts {missing}; units found {units}"
        raise ObservationError(message)
    return xr.DataArray(
        rows["value"].reindex(list(DISTRICTS)).to_numpy(dtype=float),
        coords={"district": list(DISTRICTS)},
        dims="district",
        attrs={"units": rows["unit"].iloc[0], "boundary": "district", "grade": max(rows["grade"])},
    )


def city_value(observations: pd.DataFrame, variable: str, year: int, boundary: str = "new") -> float:
    """One value for the whole city.

    Parameters
    ----------
    variable
        Name as in the data files.
    year
        Year of observation.
    boundary
        "new" (the present one), or where a part joined later "old" (without it) or the name of that part.

    Returns
    -------
    float
        In the unit of the row.

    Raises
    ------
    ObservationError
        If there is no such row.

    Examples
    --------
    >>> city_value(read_observations(), "life_expectancy", 2020)
    79.99
    """
    region = boundary if boundary == CITY.merged_region else CITY.region
    rows = _rows(observations, variable, year, [region])
    rows = rows[rows["boundary"] == boundary]
    if len(rows) != 1:
        message = f"{variable}, {region}, {year}, boundary {boundary}: expected one row, found {len(rows)}"
        raise ObservationError(message)
    return float(rows["value"].iloc[0])


def _rows(observations: pd.DataFrame, variable: str, year: int, regions: Sequence[str]) -> pd.DataFrame:
    same = (observations["variable"] == variable) & (observations["year"] == year)
    return observations[same & observations["region"].isin(regions)]


def _read_table(path: Path, faults: list[str]) -> pd.DataFrame | None:
    """Read one CSV as text, or say why not."""
    table, problems = read_table(path)
    if table is None:
        absent = f"{path.name}: file is missing from {path.parent.name}/"
        unreadable = [f"{path.name}: cannot be read as a UTF-8 table. {problem}" for problem in problems]
        faults.extend(unreadable if path.exists() else [absent])
        return None
    missing = [c for c in COLUMNS if c not in table.columns]
    if missing:
        faults.append(f"{path.name}, header: missing column(s) {', '.join(missing)}")
        return None
    if table.empty:
        faults.append(f"{path.name}: holds no rows")
        return None
    # Rows keep the numbers that a spreadsheet shows.
    return table


def _row_faults(name: str, table: pd.DataFrame) -> list[str]:
    """Faults of single cells; row numbers count the header as row 1, as an editor does."""
    faults: list[str] = []
    value = pd.to_numeric(table["value"], errors="coerce")
    year = pd.to_numeric(table["year"], errors="coerce")
    finite = np.isfinite(value)
    checks = [
        ("value", ~finite, "is not a number"),
        ("year", year.isna() | (year % 1 != 0), "is not a year"),
        ("year", year > LAST_YEAR, f"is after {LAST_YEAR}: observations after {LAST_YEAR} are withheld"),
        ("region", ~table["region"].isin(REGIONS), "is not a known region"),
        ("boundary", ~table["boundary"].isin(BOUNDARIES), "is not a known boundary"),
        ("grade", ~table["grade"].isin(GRADES), "is not a grade A-E"),
        *((c, table[c].str.strip() == "", "is empty") for c in ("variable", "unit", "source")),
    ]
    if "age_band" in table.columns:
        checks.append(("age_band", ~table["age_band"].isin(AGE_BANDS), "is not a known age band"))
        checks.append(("sex", ~table["sex"].isin(SEXES), "is neither male nor female"))
        checks.append(("value", finite & (value < 0), "is negative"))
    for column, wrong, why in checks:
        faults.extend(
            f"{name}, row {row}, {column}: {shown(table.loc[row, column])} {why}" for row in table.index[wrong]
        )
    return faults


def _duplicate_faults(frame: pd.DataFrame) -> list[str]:
    """Two rows for one observation are a conflict somebody must settle, not average."""
    keys = ["variable", "region", "year", "boundary", *BREAKDOWNS]
    twice = frame[frame.duplicated(keys)]
    return [
        f"{row['file']}: second row for {row['variable']}, {row['region']}, {row['year']}, boundary {row['boundary']}"
        for _, row in twice.iterrows()
    ]


def _total_faults(frame: pd.DataFrame) -> list[str]:
    """District rows must add up to the published totals, to the person."""
    faults = []
    names = {
        "residents": ("residents by sex and age band", "population_resident"),
        "urban residents": ("population_urban",),
    }
    for (label, year), control in CONTROL_TOTALS.items():
        for variable in names[label]:
            rows = _rows(frame, variable, year, DISTRICTS)
            total = rows["value"].sum()
            if total != control:
                files = ", ".join(sorted(set(rows["file"]))) or "no file"
                faults.append(f"{files}, value: {variable} of {year} adds up to {total:,.0f}, control {control:,}")
    return faults


def _raise_if_any(faults: list[str]) -> None:
    if faults:
        raise ObservationError(refusal({f"{len(faults):,} fault(s)": faults}, "in the observations"))
