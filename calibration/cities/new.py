"""A pack of a city from the national county tabulations: it runs at once, with wide priors where nothing is known."""

from __future__ import annotations

import csv
import io
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import yaml

from calibration.cities.files import URL
from calibration.cities.lender import census_rows, read_lender
from calibration.cities.matching import Unit, match_units, panel_faults
from calibration.cities.numbers import CityFacts, Lender, Number
from calibration.cities.policies import levers_text, scenario_files, targets_text
from calibration.cities.rules import all_numbers
from calibration.cities.tabulations import COUNTS, RATIOS, SOURCE, read_tabulation
from calibration.cities.uses import used_series
from calibration.observations import AGE_BANDS, COLUMNS, SEXES
from model.city import VARIABLE
from model.engine.errors import UserError
from model.files.repository import ROOT
from model.files.strict_files import read_table, read_yaml, refusal

#: Shape of fertility by age, which every city without its own takes.
FERTILITY: Final = "census_2020_fuzhou_fertility.csv"
PANEL: Final = "census_city_2010-2020_v1.csv"
#: The first city, which lends what a city does not know of itself.
REFERENCE: Final = "jinan"
CITIES: Final = Path(__file__).parents[2] / "cities"
COMMON_PRIORS: Final = Path(__file__).parents[1] / "fit" / "priors.yaml"
#: Residents of a census unit may differ from the sum of its ages by what the printed volume rounds.
AGE_TOLERANCE: Final = 0
#: Distance of the registered urban share from the centre at which the LOW and HIGH tables stand.
SHARE_ENDS: Final = 0.12
RURAL_SHARE_ELSEWHERE: Final = 0.5
#: Words of what is asked for: series, what it narrows, where it is published.
ASKED: Final = Path(__file__).with_name("checklist.yaml")


class NewCityError(UserError):
    """A pack cannot be made from what was given; everything that is wrong is named."""


@dataclass(frozen=True)
class Names:
    """What the city is called: key of the folder, English and Chinese."""

    key: str
    en: str
    zh: str
    province_en: str
    province_zh: str


def city_names(key: str, prefecture: str, tabulations: Path) -> tuple[Names, str]:
    """Find what a city is called in the tabulation of 2020, and its code.

    Parameters
    ----------
    key
        Name of the folder, as hefei; without a code it is looked up as the Chinese name in Latin letters.
    prefecture
        Code of six digits, or nothing.

    Raises
    ------
    NewCityError
        If no prefecture has the name or the code, with those that come near.
    """
    from pypinyin import lazy_pinyin

    if not re.fullmatch(r"[a-z][a-z0-9_]*", key):
        message = f"{key!r} cannot name a pack: small Latin letters, digits and '_', as hefei."
        raise NewCityError(message)
    table = read_tabulation(tabulations, 2020)
    rows = table[table.index.str.endswith("00") & ~table.index.str.endswith("0000")]

    def latin(name: str) -> str:
        return "".join(lazy_pinyin(name.removesuffix("市").removesuffix("地区")))

    if not prefecture:
        spelt = {code: latin(name) for code, name in rows["name"].items()}
        found = [code for code, name in spelt.items() if name == key]
        if len(found) != 1:
            close = get_close_matches(key, spelt.values(), n=5)
            both = [code for code in spelt if spelt[code] in close or code in found]
            near = ", ".join(f"{spelt[code]} {code} {rows['name'][str(code)]}" for code in both)
            message = f"{len(found)} prefectures of 2020 are spelt {key!r}. Give the code of one with --code: {near}."
            raise NewCityError(message)
        prefecture = str(found[0])
    if prefecture not in rows.index:
        near = ", ".join(f"{code} {rows['name'][code]}" for code in rows.index if code[:2] == prefecture[:2])
        message = f"--code {prefecture} is no prefecture of the tabulation of 2020. Of that province: {near}."
        raise NewCityError(message)
    row = rows.loc[prefecture]
    province = str(row["province"])
    english = "".join(
        lazy_pinyin(re.sub("(省|市|壮族自治区|回族自治区|维吾尔自治区|自治区)$", "", province))
    ).capitalize()
    return Names(key, latin(str(row["name"])).capitalize(), str(row["name"]), english, province), prefecture


@dataclass(frozen=True)
class Made:
    """A pack in memory: the content of each file, and what it rests on."""

    names: Names
    files: Mapping[str, str]
    numbers: Mapping[str, Number]
    lender: Lender
    facts: CityFacts
    #: Constants that the reference city lends.
    borrowed: tuple[str, ...]


def make_pack(
    names: Names,
    prefecture: str,
    tabulations: Path,
    *,
    match: Path | None = None,
    series: Path | None = None,
    reference: Path = CITIES / REFERENCE,
    common_priors: Path = COMMON_PRIORS,
) -> Made:
    """Make the pack of a city.

    Parameters
    ----------
    names
        What the city is called.
    prefecture
        Code of six digits of the census of 2020.
    tabulations
        Folder of the two national county tabulations and of the panel of prefectures, as published.
    match
        A table that states which units of 2010 are which of 2020 (`calibration.cities.matching.match_units`); its
        columns ``longitude`` and ``latitude`` are the seats [degree].
    series
        The city's own series to 2020, in the columns of ``cities/*/data``; None where there are none yet.
    reference
        The pack that lends.

    Returns
    -------
    Made
        Nothing is written yet.

    Raises
    ------
    TabulationError, MatchError, NewCityError
        Naming every fault with its file, row, column and remedy.
    """
    tables = {year: read_tabulation(tabulations, year) for year in (2010, 2020)}
    units = match_units(tables, prefecture, match, names.en)
    faults = [*_age_faults(units, tables), *_panel(units, tables, tabulations, prefecture)]
    own_series, more = _series(series, names, units)
    faults += more
    if faults:
        raise NewCityError(refusal({f"the pack of {names.en}": faults}))
    facts = CityFacts(units, census_rows(units, tables), own_series, _seats(match, units))
    lender = read_lender(reference, common_priors, tables)
    numbers = all_numbers(facts, lender)
    given = None if series is None else series.read_text(encoding="utf-8")
    files = _files(names, facts, lender, numbers, reference, given)
    borrowed = tuple(sorted(name for name, number in numbers.items() if number.borrowed))
    return Made(names, files, numbers, lender, facts, borrowed)


def write_pack(made: Made, folder: Path) -> None:
    """Write a new pack whole; a folder that exists is left alone.

    Raises
    ------
    NewCityError
        If the folder exists.
    """
    if folder.exists():
        message = f"{folder} exists: choose another name, or remove it first if it may go."
        raise NewCityError(message)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as kept:
        partial = Path(kept) / folder.name
        for name, text in made.files.items():
            path = partial / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        # A process has one city, so what is derived from the pack is in one of its own.
        for words in (["derived-tables", "--write"], ["prior-ensemble"]):
            done = subprocess.run(
                [sys.executable, "-m", "calibration", *words],
                cwd=ROOT,
                env={**os.environ, VARIABLE: str(partial.resolve())},
                capture_output=True,
                text=True,
                encoding="utf-8",
                check=False,
            )
            if done.returncode:
                message = f"The pack of {made.names.en} cannot be run; nothing is written.\n{done.stderr.strip()}"
                raise NewCityError(message)
        partial.rename(folder)


def _age_faults(units: Sequence[Unit], tables: Mapping[int, pd.DataFrame]) -> list[str]:
    """Units whose ages do not add up to their residents, or whose urban and rural residents do not."""
    faults = []
    for unit in units:
        for year in (2010, 2020):
            for code in unit.codes(year):
                row = tables[year].loc[code]
                ages = sum(row[f"{sex} {band}"] for sex in SEXES for band in AGE_BANDS)
                place = row["population_urban"] + row["population_rural"]
                for label, total in (("ages and sexes", ages), ("urban and rural residents", place)):
                    if abs(total - row["population_resident"]) > AGE_TOLERANCE:
                        where, people = f"tabulation of {year}, row {code} {row['name']}", row["population_resident"]
                        faults.append(
                            f"{where}: {label} add up to {total:,.0f}, residents are {people:,.0f}; "
                            "compare with the printed volume and correct the workbook"
                        )
    return faults


def _panel(units: Sequence[Unit], tables: Mapping[int, pd.DataFrame], tabulations: Path, prefecture: str) -> list[str]:
    """Compare with the prefecture on its boundary of 2020, where the panel is at hand."""
    path = tabulations / PANEL
    if not path.is_file():
        return []
    panel = pd.read_csv(path, usecols=["city_code", "popu_2010", "popu_2020"], dtype=str).set_index("city_code")
    if prefecture not in panel.index:
        return []
    row = panel.loc[prefecture]
    return panel_faults(units, tables[2010], float(str(row["popu_2010"])))


def _series(path: Path | None, names: Names, units: Sequence[Unit]) -> tuple[pd.DataFrame, list[str]]:
    """The city's own series, and what is wrong in them."""
    if path is None:
        return pd.DataFrame(columns=[*COLUMNS]), []
    table, problems = read_table(path)
    if table is None:
        return pd.DataFrame(), [f"{path.name}: {problem}" for problem in problems]
    missing = [column for column in COLUMNS if column not in table.columns]
    if missing:
        return pd.DataFrame(), [f"{path.name}, header: missing column(s) {', '.join(missing)}"]
    regions = {names.en, *(unit.name for unit in units)}
    faults = []
    value, year = (pd.to_numeric(table[column], errors="coerce") for column in ("value", "year"))
    for number in table.index:
        row = table.loc[number]
        where = f"{path.name}, row {number}"
        if not np.isfinite(value[number]):
            faults.append(f"{where}, value: {row['value']!r} is not a number")
        if not year[number] <= 2020:
            faults.append(f"{where}, year: {row['year']!r} must be a year up to 2020")
        if row["region"] not in regions:
            faults.append(f"{where}, region: {row['region']!r} is neither {names.en} nor one of its districts")
        if row["boundary"] not in BOUNDARIES:
            faults.append(f"{where}, boundary: {row['boundary']!r} must be one of {', '.join(BOUNDARIES)}")
        if row["grade"] not in ("A", "B", "C", "D", "E"):
            faults.append(f"{where}, grade: {row['grade']!r} must be A to E")
        faults += [
            f"{where}, {column}: is empty" for column in ("variable", "unit", "source") if not row[column].strip()
        ]
    keys = ["variable", "region", "year", "boundary"]
    for number in table.index[table.duplicated(keys)]:
        row = table.loc[number]
        same = f"{row['variable']}, {row['year']}, boundary {row['boundary']}"
        faults.append(
            f"{path.name}, row {number}: a second row for {same}; "
            "keep the better one and name the other among what is left out"
        )
    table = table.assign(value=value, year=year.fillna(0).astype(int))
    faults += _contradictions(path.name, table)
    return table, faults


#: Labels of the column `boundary` of a city's series.
BOUNDARIES: Final = ("new", "old", "district", "city districts", "other city")
#: Series that cannot be larger than another of the same year: smaller, larger.
_PARTS: Final = (
    ("population_urban_yearend", "population_resident_yearend"),
    ("population_hukou_urban", "population_hukou_registered_yearend"),
    ("gdp_primary", "gdp"),
    ("income_per_capita_rural", "income_per_capita_urban"),
)
#: Largest change from one year to the next on one boundary that is no mistake of units or boundary.
_LARGEST_STEP: Final = {
    "population_resident_yearend": 0.12, "population_hukou_registered_yearend": 0.08, "gdp": 0.45,
    "general_public_budget_revenue": 0.6, "general_public_budget_expenditure": 0.6,
    "commodity_residential_average_price": 0.5, "income_per_capita_urban": 0.35,
}  # fmt: skip


def _contradictions(file: str, table: pd.DataFrame) -> list[str]:
    """Rows that cannot both be right: a part above its whole, a step no year makes."""
    faults = []
    for part, whole in _PARTS:
        for number, row in table[table["variable"] == part].iterrows():
            other = table[
                (table["variable"] == whole) & (table["year"] == row["year"]) & (table["boundary"] == row["boundary"])
            ]
            if len(other) and row["value"] > other["value"].iloc[0]:
                faults.append(
                    f"{file}, row {number}, value: {part} {row['value']:g} of {row['year']} is above {whole} "
                    f"{other['value'].iloc[0]:g} (row {other.index[0]}); look at the units of both"
                )
    for name, most in _LARGEST_STEP.items():
        for boundary, rows in table[table["variable"] == name].groupby("boundary"):
            rows = rows.sort_values("year")
            for (_, before), (number, after) in zip(list(rows.iterrows())[:-1], list(rows.iterrows())[1:], strict=True):
                years = after["year"] - before["year"]
                step = abs(np.log(after["value"] / before["value"])) / max(years, 1)
                if step > np.log1p(most):
                    faults.append(
                        f"{file}, row {number}, value: {name} goes from {before['value']:g} ({before['year']}) to "
                        f"{after['value']:g} ({after['year']}) on boundary {boundary}: a change of units or of "
                        "boundary? Give rows before the change the boundary old"
                    )
    return faults


def _seats(match: Path | None, units: Sequence[Unit]) -> dict[str, tuple[float, float]]:
    """Seats of the districts that the table of units states [degree]."""
    if match is None:
        return {}
    table, _ = read_table(match)
    if table is None or not {"longitude", "latitude"} <= set(table.columns):
        return {}
    seats = {}
    for unit, (_, row) in zip(units, table.iterrows(), strict=True):
        try:
            seats[unit.name] = (float(row["longitude"]), float(row["latitude"]))
        except ValueError:
            continue
    return seats


def _files(
    names: Names, facts: CityFacts, lender: Lender, numbers: Mapping[str, Number], reference: Path, series: str | None
) -> dict[str, str]:
    """Content of every file of the pack."""
    files = {f"data/{FERTILITY}": (reference / "data" / FERTILITY).read_text(encoding="utf-8")}
    for year in (2010, 2020):
        files[f"data/census_{year}_age_sex.csv"] = _ages(facts, year)
        files[f"data/census_{year}_county.csv"] = _county(names, facts, year)
    if series is not None:
        files["data/series.csv"] = series
    if derived := derived_rows(names, facts):
        files["data/derived_from_other_rows.csv"] = _table(COLUMNS, derived)
    if assumed := assumed_rows(names, facts):
        files["data/assumed.csv"] = _table(COLUMNS, assumed)
    everything = facts.series
    if derived:
        more = pd.DataFrame(derived, columns=list(COLUMNS))
        more = more.assign(value=pd.to_numeric(more["value"]), year=more["year"].astype(int))
        everything = pd.concat([everything, more], ignore_index=True) if len(everything) else more
    asked = questions(facts)
    files |= {
        "city.yaml": _city(names, facts, numbers, sorted(Path(name).name for name in files), asked),
        "districts.csv": _districts(facts, numbers),
        "distances.csv": _distances(facts),
        "constants.csv": _constants(lender, numbers),
        "priors.yaml": _priors(names, lender, numbers),
        "units.csv": _units(facts),
        "record.yaml": _record(names, used_series(everything, names.en)),
        "checklist.md": _checklist(names, asked, numbers),
    }
    rate = facts.total("population_urban", 2020) / facts.total("population_resident", 2020)
    registered = numbers["REGISTERED URBAN SHARE 2020"].values[0]
    files |= scenario_files(names.en, names.zh.removesuffix("市"), numbers, rate)
    files["levers.yaml"] = levers_text(names.en, {name: number.high for name, number in numbers.items()})
    files["targets.yaml"] = targets_text(names.en, rate, registered, numbers["INCOME RATIO 2020"].values[0])
    return files


def derived_rows(names: Names, facts: CityFacts) -> list[list[object]]:
    """What follows from published rows: the ratio of incomes, and registered growth less births and deaths."""
    rows: list[list[object]] = []

    def add(variable: str, year: int, value: float, unit: str, note: str) -> None:
        row = [variable, names.en, year, f"{value:.4g}", unit, "new", "C", "derived from rows of this pack", "", note]
        rows.append(row)

    for year in range(2014, 2021):
        urban, rural = (facts.value(f"income_per_capita_{kind}", year) for kind in ("urban", "rural"))
        if urban and rural:
            add("income_ratio_urban_rural", year, urban / rural, "ratio", "urban over rural income per head")
    for year in (2019, 2020):
        now, before = (facts.value("population_hukou_registered_yearend", y) for y in (year, year - 1))
        births, deaths = (facts.value(f"{event}_registered", year) for event in ("births", "deaths"))
        if None not in (now, before, births, deaths):
            moved = now - before - (births - deaths) / 10_000  # type: ignore[operator]
            if moved > 0:
                add("hukou_net_migration_derived", year, moved, "10k persons", "growth less births and deaths declared")
    return rows


#: Life expectancy where a city's is not known: between the country's of 2020 and that of large cities [year].
LIFE_EXPECTANCY: Final = 79.0


def assumed_rows(names: Names, facts: CityFacts) -> list[list[object]]:
    """What the tables cannot do without and nobody has given: grade E, compared with nothing."""
    rows: list[list[object]] = []
    for variable, value, unit, note in (
        ("population_hukou_registered_yearend", facts.registered[2020] / 10_000, "10k persons",
         "registered of 2010 moved on with half the growth of residents"),
        ("life_expectancy", LIFE_EXPECTANCY, "years", "between the country and its large cities"),
    ):  # fmt: skip
        if facts.value(variable, 2020) is None:
            rows.append([variable, names.en, 2020, f"{value:.6g}", unit, "new", "E", "not known", "", note])
    return rows


def questions(facts: CityFacts) -> list[dict[str, Any]]:
    """What is still asked for, of the list of series that narrow a pack."""
    document = read_yaml(ASKED)
    asked = []
    for entry in document.content:
        when = entry.get("when")
        if when == "units":
            missing = False
        elif when == "seats":
            missing = not facts.seats_known
        elif when == "by district":
            missing = any(facts.district_value(entry["series"][0], unit.name, 2020) is None for unit in facts.units)
        else:
            missing = any(not _there(facts.series, name, entry) for name in entry["series"])
        if missing:
            asked.append(entry)
    return asked


def _there(series: pd.DataFrame, name: str, entry: Mapping[str, Any]) -> bool:
    """Whether a series has every year that is asked for where levels are, or one of several years."""
    if series.empty:
        return False
    rows = series[(series["variable"] == name) & series["grade"].isin(entry.get("grade", ["A", "B", "C", "D"]))]
    rows = rows[rows["boundary"] == entry.get("boundary", "new")] if "index" not in name else rows
    return set(entry["years"]) <= set(rows["year"])


def _record(names: Names, content: Mapping[str, Any]) -> str:
    head = (
        f"# What of the observations of {names.en} the history run of 2010-2020 is compared with, by the names of\n"
        "# calibration/record.py, all on the present boundary. Chosen by rule (calibration/cities/uses.py).\n"
    )
    return head + yaml.safe_dump(
        dict(content), allow_unicode=True, sort_keys=False, width=4096, default_flow_style=None
    )


def _checklist(names: Names, asked: Sequence[Mapping[str, Any]], numbers: Mapping[str, Number]) -> str:
    """What would narrow the pack, in both languages, and what it borrows."""
    lines = [
        f"# {names.en}: what would narrow this pack",
        "",
        "| series | narrows | where it is published |",
        "|---|---|---|",
    ]
    for entry in asked:
        codes = ", ".join(f"`{name}`" for name in entry["series"])
        lines.append(f"| {codes}: {entry['what']['en']} | {', '.join(entry['narrows'])} | {entry['where']['en']} |")
    lines += ["", f"# {names.zh}：补充哪些数据可以缩小不确定性", "", "| 数据 | 影响的参数 | 来源 |", "|---|---|---|"]
    for entry in asked:
        codes = "、".join(f"`{name}`" for name in entry["series"])
        lines.append(f"| {codes}：{entry['what']['zh']} | {'、'.join(entry['narrows'])} | {entry['where']['zh']} |")
    borrowed = sorted(name for name, number in numbers.items() if number.borrowed)
    lines += [
        "",
        "Borrowed from the first city by head, wide / 按人口规模借用首个城市数值、范围放宽：",
        "",
        ", ".join(borrowed),
        "",
    ]
    return "\n".join(lines)


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def _plain(value: float) -> str:
    return f"{value:.10g}"


def _districts(facts: CityFacts, numbers: Mapping[str, Number]) -> str:
    columns = [name for name, number in numbers.items() if number.by_district]
    tiles = tile_places(facts)
    rows = [
        [unit.name, unit.name_zh, unit.name, unit.zone, *tiles[place], "",
         *(_plain(numbers[name].values[place]) for name in columns)]
        for place, unit in enumerate(facts.units)
    ]  # fmt: skip
    return _table(["district", "title_zh", "title_en", "zone", "tile_column", "tile_row", "aliases", *columns], rows)


def tile_places(facts: CityFacts) -> list[tuple[int, int]]:
    """Places of the districts on a map of equal tiles: as they lie, none on another."""
    count = len(facts.units)
    side = int(np.ceil(np.sqrt(count))) + 1
    if not facts.seats_known:
        return [(place % side + 1, place // side + 1) for place in range(count)]
    seats = np.array([facts.seats[unit.name] for unit in facts.units])
    # Ranks rather than degrees: a crowded centre would else need a tile for every kilometre.
    across, up = (seats[:, axis].argsort().argsort() * (side - 1) / max(count - 1, 1) for axis in (0, 1))
    taken: dict[tuple[int, int], int] = {}
    for place in np.argsort(facts.from_centre):
        wanted = np.array([across[place], side - 1 - up[place]])
        free = [(c, r) for c in range(side) for r in range(side) if (c, r) not in taken]
        taken[min(free, key=lambda tile: float(np.hypot(*(wanted - tile))))] = int(place)
    found = {place: tile for tile, place in taken.items()}
    return [(found[place][0] + 1, found[place][1] + 1) for place in range(count)]


def _distances(facts: CityFacts) -> str:
    names = [unit.name for unit in facts.units]
    return _table(
        ["district", *names], [[n, *(f"{v:.0f}" for v in row)] for n, row in zip(names, facts.distances, strict=True)]
    )


def _constants(lender: Lender, numbers: Mapping[str, Number]) -> str:
    rows = []
    for name, unit in lender.units.items():
        if name in ("ZONE MEMBERSHIP", "DISTANCE"):
            low, high = lender.limits[name]
            source = (
                "zones of city.yaml" if name == "ZONE MEMBERSHIP" else "coordinates of the seats, as the crow flies"
            )
            rows.append([name, "", _end(low), _end(high), unit, "C", source])
            continue
        number = numbers.get(name)
        if number is None:
            low, high = lender.limits[name]
            lent = ",".join(_plain(v) for v in np.atleast_1d(lender.values[name]).ravel())
            source = f"not known: {lender.name}'s, as it stands"
            rows.append([name, lent, _end(low), _end(high), unit, "E", source])
        else:
            values = "" if number.by_district else ",".join(map(_plain, number.values))
            rows.append([name, values, _end(number.low), _end(number.high), unit, number.grade, number.source])
    return _table(["constant", "value", "lowest", "highest", "unit", "grade", "source"], rows)


def _end(value: float | None) -> str:
    return "" if value is None else _plain(value)


def _priors(names: Names, lender: Lender, numbers: Mapping[str, Number]) -> str:
    """Priors of the city's own constants, and why others are held fixed."""
    entries = {name: dict(number.prior) for name, number in numbers.items() if number.prior is not None}
    for name in lender.own:
        if name not in entries and name not in numbers:
            entries[name] = {**lender.priors[name], "source": f"not known: {lender.name}'s, as it stands"}
    head = (
        f"# Priors of the constants that are {names.en}'s own; all others: calibration/fit/priors.yaml.\n"
        f"# What nobody publishes of {names.en} is {lender.name}'s by head, with a range half as wide again.\n"
        "parameters:\n"
    )
    lines = [f"  {name}: {_flow(entry)}\n" for name, entry in entries.items()]
    return head + "".join(lines)


def _flow(entry: Mapping[str, Any]) -> str:
    parts = []
    for key, value in entry.items():
        if key == "source":
            text = str(value).replace('"', "'")
            parts.append(f'source: "{text}"')
        elif isinstance(value, list):
            parts.append(f"{key}: [{', '.join(_plain(v) for v in value)}]")
        else:
            parts.append(f"{key}: {str(value).lower() if isinstance(value, bool) else value}")
    return "{" + ", ".join(parts) + "}"


def _units(facts: CityFacts) -> str:
    header = ["group", "name", "zone", "zone_zh", "codes_2010", "codes_2020", "longitude", "latitude", "note"]
    rows = [
        [u.name_zh, u.name, u.zone, u.zone_zh, "+".join(u.codes_2010), "+".join(u.codes_2020),
         *(facts.seats.get(u.name, ("", ""))), u.note]
        for u in facts.units
    ]  # fmt: skip
    return _table(header, rows)


def _city(
    names: Names,
    facts: CityFacts,
    numbers: Mapping[str, Number],
    data: Sequence[str],
    asked: Sequence[Mapping[str, Any]],
) -> str:
    zones = {unit.zone: unit.zone_zh for unit in facts.units}
    start = start_totals(facts, numbers)
    origins = origin_districts(facts)
    if facts.seats_known:
        east, north = np.array([facts.seats[u.name] for u in facts.units]).T
        bounds = [float(east.min() - 1), float(east.max() + 1), float(north.min() - 1), float(north.max() + 1)]
    else:
        bounds = [73.0, 136.0, 17.0, 54.0]
    totals = {
        "residents": {year: int(facts.total("population_resident", year)) for year in (2010, 2020)},
        "urban residents": {year: int(facts.total("population_urban", year)) for year in (2010, 2020)},
    }
    content = {
        "name": names.key,
        "title": {"zh": names.zh.removesuffix("市"), "en": names.en},
        "formal": {"zh": names.zh, "en": names.en},
        "short": names.zh[0],
        "province": {"zh": names.province_zh, "en": names.province_en},
        "plan": {"zh": f"{names.zh}参考值（本项目设定）", "en": f"milestones of this project for {names.en}"},
        "targets": {"zh": "参考目标", "en": "milestones"},
        "unknown": _unknown(names),
        "about_districts": f"The {len(facts.units)} districts and counties of {names.en} as matched in units.csv.",
        "bounds": [round(b, 2) for b in bounds],
        "zones": {zone: {"zh": zh} for zone, zh in zones.items()},
        "region": names.en,
        "other_regions": ["Fuzhou"],
        "boundaries": list(BOUNDARIES),
        "data_files": list(data),
        "control_totals": totals,
        "start": start,
        "origin_districts": origins,
        "not_known": [{key: entry[key] for key in ("what", "narrows", "where")} for entry in asked],
    }
    head = (
        f"# The city itself: {names.en}. Made by `city new` from the county tabulations; what each key is for:\n"
        "# docs/cities.md.\n"
    )
    return head + yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=120)


def _unknown(names: Names) -> dict[str, str]:
    """One sentence on what of the start year was not found published."""
    en = "start year no published land, service places, debt or origin of movers was at hand; they are the first city's"
    zh = "起点年份的土地、服务设施、债务和流动人口来源没有查到公布的数据，按首个城市的人均水平借用，范围放宽。"
    return {"zh": names.zh + zh, "en": f"Of {names.en}'s {en} by head, with wide ranges."}


def start_totals(facts: CityFacts, numbers: Mapping[str, Number]) -> dict[str, Any]:
    """Central totals of the groups that no census counts."""
    years = (2010, 2020)
    value = {name: number.values[0] for name, number in numbers.items() if not number.by_district}
    central = {year: round(value[f"REGISTERED URBAN SHARE {year}"], 4) for year in years}
    del facts
    return {
        "unregistered": {year: round(value[f"UNREGISTERED RESIDENTS {year}"], -3) for year in years},
        "rural in town": {year: round(value[f"RURAL RESIDENTS IN TOWN {year}"], -3) for year in years},
        "urban share low": {year: round(central[year] + SHARE_ENDS, 4) for year in years},
        "urban share high": {year: round(central[year] - SHARE_ENDS, 4) for year in years},
        "urban share central": central,
        "rural share elsewhere": RURAL_SHARE_ELSEWHERE,
    }


def origin_districts(facts: CityFacts, count: int = 2) -> list[str]:
    """Districts that people leave: fewest residents of 2020 by registered of 2010 among those without a centre."""
    ratio = facts.census[2020]["population_resident"] / facts.census[2010]["population_hukou_registered"]
    return [str(name) for name in ratio.nsmallest(count).index]


def _ages(facts: CityFacts, year: int) -> str:
    rows = [
        ["residents by sex and age band", unit.name, year, sex, band,
         f"{facts.census[year][f'{sex} {band}'][unit.name]:.0f}",
         "person", "district", "B" if len(unit.codes(year)) == 1 else "C", SOURCE[year], URL,
         "" if len(unit.codes(year)) == 1 else f"units {' + '.join(unit.codes(year))} joined"]
        for unit in facts.units for sex in SEXES for band in AGE_BANDS
    ]  # fmt: skip
    return _table([*COLUMNS[:3], "sex", "age_band", *COLUMNS[3:]], rows)


def _county(names: Names, facts: CityFacts, year: int) -> str:
    rows = []

    def add(
        variable: str, region: str, value: float, unit: str, boundary: str, grade: str, digits: int, note: str
    ) -> None:
        rows.append([variable, region, year, f"{value:.{digits}f}", unit, boundary, grade, SOURCE[year], URL, note])

    for unit in facts.units:
        row = {name: float(facts.census[year][name][unit.name]) for name in facts.census[year].columns}
        joined = len(unit.codes(year)) > 1
        grade, note = ("C", f"units {' + '.join(unit.codes(year))} joined") if joined else ("B", "")
        for variable, columns in COUNTS.items():
            if year in columns:
                kind = "household" if variable == "family_households" else "person"
                add(variable, unit.name, row[variable], kind, "district", grade, 0, note)
        for variable, (headers, unit_of, _) in RATIOS.items():
            if year in headers:
                add(variable, unit.name, row[variable], unit_of, "district", grade, 2, note)
        size = row["family_household_population"] / row["family_households"]
        add("avg_family_household_size", unit.name, size, "persons/household", "district", grade, 2, note)
    if year == 2010:
        city = facts.census[2010]
        for variable in ("population_hukou_registered", "population_resident"):
            add(variable, names.en, float(city[variable].sum()), "person", "new", "B", 0, "sum of the units")
        rate = float(
            (city["death_rate_census"] * city["population_resident"]).sum() / city["population_resident"].sum()
        )
        add("death_rate_census", names.en, rate, "permille", "new", "C", 3, "units weighed by residents")
    return _table(COLUMNS, rows)
