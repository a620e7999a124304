"""Which units of the census of 2010 are which of 2020: by code, by name, or by a table that the user states.

Zones that were new in 2020, merged districts and moved boundaries cannot be guessed. What no rule matches is asked for
by name, all of it at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pandas as pd

from calibration.cities.tabulations import city_units
from model.engine.errors import UserError
from model.files.strict_files import read_table, refusal

MATCH_COLUMNS: Final = ("group", "codes_2010", "codes_2020", "note")
OPTIONAL_COLUMNS: Final = ("name", "zone", "zone_zh")
KINDS: Final = {"区": "district", "市": "county city", "县": "county", "旗": "county"}
#: Third pair of digits from which a code is of a development zone, which the census counts apart.
FIRST_ZONE: Final = 70
#: Tolerance of the check against the panel of prefectures on the boundary of 2020, relative.
PANEL_TOLERANCE: Final = 0.002
#: How near the residents of a unit must be to what is missing for it to be named, relative.
CLOSE: Final = 0.05


#: One district as read: names, codes of each year, note.
Row = dict[str, Any]


class MatchError(UserError):
    """Units of the two censuses do not match; every one that needs an answer is named."""


@dataclass(frozen=True)
class Unit:
    """One district of a pack: what it is called and which units of the two censuses it is."""

    #: English, an element of the model's range of districts.
    name: str
    name_zh: str
    kind: str
    zone: str
    zone_zh: str
    codes_2010: tuple[str, ...]
    codes_2020: tuple[str, ...]
    note: str

    @property
    def short_zh(self) -> str:
        """The name without its kind, as on a map; names of two characters stay."""
        return self.name_zh[:-1] if len(self.name_zh) > 2 and self.name_zh[-1] in KINDS else self.name_zh

    def codes(self, year: int) -> list[str]:
        """Codes of the unit in a census year."""
        return list(self.codes_2010 if year == 2010 else self.codes_2020)


def match_units(
    tables: Mapping[int, pd.DataFrame], prefecture: str, stated: Path | None = None, city: str = ""
) -> list[Unit]:
    """Match the units of a prefecture.

    Parameters
    ----------
    tables
        The tabulations of 2010 and 2020 (`calibration.cities.tabulations.read_tabulation`).
    prefecture
        Code of six digits, as 340100.
    stated
        A CSV with the columns ``group, codes_2010, codes_2020, note``, several codes joined by ``+``; further
        columns ``name`` (English), ``zone`` and ``zone_zh`` are taken if they are there. None to match by code and
        by name.
    city
        English name of the city, which no district may have.

    Returns
    -------
    list of Unit
        In the order of the table, or of the codes of 2020.

    Raises
    ------
    MatchError
        Naming every unit that is not matched, matched twice, unknown or of another prefecture, with row and remedy.
    """
    now = city_units(tables[2020], prefecture)
    if now.empty:
        near = ", ".join(sorted({code[:4] + "00" for code in tables[2020].index if code[:2] == prefecture[:2]}))
        message = f"No unit of 2020 has a code that begins with {prefecture[:4]}. Prefectures of that province: {near}."
        raise MatchError(message)
    rows, faults = _automatic(tables, prefecture) if stated is None else _stated(stated, tables, prefecture)
    if faults:
        raise MatchError(refusal({_title(stated, prefecture): faults}))
    names = _english([row["name"] or "" for row in rows], [row["group"] for row in rows], city)
    units = []
    for row, name in zip(rows, names, strict=True):
        kind = KINDS.get(row["group"][-1], "district")
        zone, zone_zh = row["zone"], row["zone_zh"]
        if not zone:
            zone, zone_zh = {
                "district": ("city districts", "市辖区"),
                "county city": ("county cities", "县级市"),
                "county": ("counties", "县"),
            }[kind]
        codes = (tuple(row["codes_2010"]), tuple(row["codes_2020"]))
        units.append(Unit(name, row["group"], kind, zone, zone_zh, *codes, row["note"]))
    return units


def panel_faults(units: Sequence[Unit], then: pd.DataFrame, panel_residents: float) -> list[str]:
    """Compare the matched units of 2010 with the prefecture on the boundary of 2020, which the panel states.

    A difference is a unit forgotten or one too many: the pack would be of the wrong boundary.
    """
    total = float(sum(then.loc[unit.codes(2010), "population_resident"].sum() for unit in units))
    if abs(total / panel_residents - 1) <= PANEL_TOLERANCE:
        return []
    apart = total - panel_residents
    province = then[then.index.str[:2] == next(code for unit in units for code in unit.codes_2020)[:2]]
    near = province["population_resident"].sub(abs(apart)).abs()
    code = str(near.idxmin())
    guess = ""
    if near.min() < CLOSE * abs(apart):
        which = "is one too many" if apart > 0 else "is missing"
        guess = f" Perhaps {province['name'][code]} ({code}) {which}."
    return [
        f"codes_2010: the units add up to {total:,.0f} residents of 2010, but the prefecture on its boundary of "
        f"2020 had {panel_residents:,.0f}. Take units in or out until both agree.{guess}"
    ]


def _title(stated: Path | None, prefecture: str) -> str:
    return stated.name if stated is not None else f"units of {prefecture} that need an answer (state them with --match)"


def _stem(name: str) -> str:
    return name[:-1] if len(name) > 2 and name[-1] in KINDS else name


def _automatic(tables: Mapping[int, pd.DataFrame], prefecture: str) -> tuple[list[Row], list[str]]:
    """Units of the same code, else of the same name in the prefecture, else of that name alone in the province."""
    now, before = city_units(tables[2020], prefecture), city_units(tables[2010], prefecture)
    province = tables[2010][tables[2010].index.str.startswith(prefecture[:2])]
    rows, faults, taken = [], [], set()
    for code, unit in now.iterrows():
        name = str(unit["name"])
        same = before.index[before["name"].map(_stem) == _stem(name)]
        elsewhere = province.index[province["name"].map(_stem) == _stem(name)]
        found = code if code in before.index else same[0] if len(same) == 1 else None
        if found is None and len(elsewhere) == 1 and int(str(code)[4:]) < FIRST_ZONE:
            found = elsewhere[0]
        if found is None or found in taken:
            residents = f"{unit['population_resident']:,.0f} residents in 2020"
            faults.append(
                f"{name} ({code}, {residents}) has no unit of 2010. Add its code with + to codes_2020 of the unit that "
                "it lay in, or state its own codes_2010."
            )
            continue
        taken.add(found)
        rows.append(_row(name, [str(found)], [str(code)], ""))
    for code, unit in before.iterrows():
        if code not in taken:
            people = f"{unit['population_resident']:,.0f}"
            faults.append(
                f"{unit['name']} ({code}, {people} residents in 2010) is no unit of 2020. Add "
                "its code with + to codes_2010 of the unit that it joined."
            )
    return rows, faults


def _row(group: str, then: list[str], now: list[str], note: str) -> Row:
    return {"group": group, "codes_2010": then, "codes_2020": now, "note": note, "name": "", "zone": "", "zone_zh": ""}


def _stated(path: Path, tables: Mapping[int, pd.DataFrame], prefecture: str) -> tuple[list[Row], list[str]]:
    """Rows of a stated table and every fault in them."""
    table, problems = read_table(path)
    if table is None:
        raise MatchError(refusal({path.name: problems}))
    absent = [f"header: column {name!r} is missing" for name in MATCH_COLUMNS if name not in table.columns]
    if absent:
        raise MatchError(refusal({path.name: absent}))
    if "city" in table.columns:
        message = f"{path.name}, column city: keep the rows of one city and leave the column out."
        raise MatchError(message)
    now = city_units(tables[2020], prefecture)
    rows, faults = [], []
    seen: dict[tuple[int, str], int] = {}
    for number, line in table.iterrows():
        row = _row(line["group"].strip(), [], [], line["note"].strip())
        row |= {name: line[name].strip() for name in OPTIONAL_COLUMNS if name in table.columns}
        for year in (2010, 2020):
            column = f"codes_{year}"
            codes = [code.strip() for code in line[column].split("+") if code.strip()]
            if not codes:
                faults.append(f"row {number}, {column}: no code; {row['group']} needs at least one of {year}")
            for code in codes:
                if code not in tables[year].index:
                    faults.append(f"row {number}, {column}: {code} is no unit of the tabulation of {year}")
                elif year == 2020 and code not in now.index:
                    there = tables[2020].loc[code, "prefecture"]
                    faults.append(
                        f"row {number}, {column}: {code} belongs to {there}, not to {prefecture}; take it out"
                    )
                elif (year, code) in seen:
                    faults.append(f"row {number}, {column}: {code} stands in row {seen[year, code]} already")
                else:
                    seen[year, code] = int(str(number))
                    row[column].append(code)
        rows.append(row)
    for code, unit in now.iterrows():
        if (2020, str(code)) not in seen and not any(str(code) in fault for fault in faults):
            people = f"{unit['population_resident']:,.0f}"
            faults.append(
                f"codes_2020: {unit['name']} ({code}, {people} residents) stands in no row; add "
                "its code with + to the row of the unit that it lies in"
            )
    return rows, faults


def _english(given: list[str], chinese: list[str], city: str) -> list[str]:
    """English names: those given, else the Chinese in Latin letters without tones; a second one gets its kind."""
    from pypinyin import lazy_pinyin

    names: list[str] = []
    for name, zh in zip(given, chinese, strict=True):
        chosen = name or "".join(lazy_pinyin(_stem(zh.split("+")[0]))).capitalize()
        if chosen in (*names, city):
            chosen = f"{chosen} {KINDS.get(zh[-1], 'district')}"
        names.append(chosen)
    return names
