"""The city that a process is about: what its folder, a city pack, says. `docs/cities.md` tells what a pack holds.

A process has one city, chosen before anything of it is read: with ``--city`` on the command line, which leaves it in
the environment for the processes that are started from there, or with the environment variable itself.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from .engine.errors import UserError, near
from .files.repository import ROOT
from .files.strict_files import read_cells, read_number, read_yaml, refusal, shown

#: Names the city: a folder of `cities/`, or the path of a pack.
VARIABLE: Final = "URBANIZATION_CITY"
USUAL: Final = "jinan"
PACKS: Final = ROOT / "cities"
CITY_FILE: Final = "city.yaml"
DISTRICTS_FILE: Final = "districts.csv"
DISTANCES_FILE: Final = "distances.csv"
CONSTANTS_FILE: Final = "constants.csv"
TABLES_FILE: Final = "tables.mdl"
#: Columns of the districts that are no constants.
ABOUT: Final = ("district", "title_zh", "title_en", "zone", "tile_column", "tile_row", "aliases")
CONSTANT_COLUMNS: Final = ("constant", "value", "lowest", "highest", "unit", "grade", "source")
#: Keys of a city's file, and whether it must have them.
KEYS: Final[Mapping[str, bool]] = {
    **dict.fromkeys(("name", "title", "formal", "province", "plan", "unknown", "about_districts", "bounds"), True),
    **dict.fromkeys(
        ("zones", "region", "boundaries", "data_files", "control_totals", "start", "origin_districts"), True
    ),
    **dict.fromkeys(("short", "map_note", "chapters", "targets", "other_regions", "merger", "not_known"), False),
}
#: What targets are called that a plan has set.
TARGETS_OF_A_PLAN: Final = {"zh": "规划目标", "en": "the plan's targets"}
#: Modules that have read the city when they are loaded.
READERS: Final = frozenset({"model.definition"})
START_TOTALS: Final = ("unregistered", "rural in town", "urban share low", "urban share high", "urban share central")
CENSUS_YEARS: Final = (2010, 2020)


class PackError(UserError):
    """A city pack is missing, incomplete or contradictory; the message names every file, row and column."""


@dataclass(frozen=True)
class District:
    """A district or county: one of the city's parts that the model follows."""

    name: str
    title: Mapping[str, str]
    zone: str
    #: Of its tile on the map: column from the west, row from the north.
    tile: tuple[int, int]
    #: Other names in files of boundaries.
    aliases: tuple[str, ...]


@dataclass(frozen=True)
class Constant:
    """A number of the city that an equation reads, as its file writes it."""

    name: str
    #: All values in the order of the range, separated by commas; several rows by semicolons.
    value: str
    lowest: str
    highest: str
    unit: str
    grade: str
    source: str


@dataclass(frozen=True)
class City:
    """What a pack says of its city."""

    folder: Path
    name: str
    #: By language: in sentences, in full, of the province, of the plan that the targets are from.
    title: Mapping[str, str]
    formal: Mapping[str, str]
    province: Mapping[str, str]
    plan: Mapping[str, str]
    #: What is not known of the start year.
    unknown: Mapping[str, str]
    #: One sign for the city in Chinese terms.
    short: str
    about_districts: str
    #: What readers of a map must know of the districts.
    map_note: Mapping[str, str]
    #: Titles of the plan's chapters, by number; none where no plan of the city has been read.
    chapters: Mapping[str, Mapping[str, str]]
    #: What its targets are called.
    targets: Mapping[str, str]
    bounds: tuple[float, float, float, float]
    zones: Mapping[str, Mapping[str, str]]
    districts: tuple[District, ...]
    #: Kilometres between the seats of districts, as written.
    distances: tuple[tuple[str, ...], ...]
    constants: Mapping[str, Constant]
    #: The city, and further regions, in the observations; a part that joined between the censuses.
    region: str
    other_regions: tuple[str, ...]
    boundaries: tuple[str, ...]
    data_files: tuple[str, ...]
    merged_region: str | None
    merged_in: int | None
    merged_name: Mapping[str, str]
    control_totals: Mapping[tuple[str, int], int]
    start: Mapping[str, Any] = field(repr=False)
    origin_districts: tuple[str, ...] = ()

    @property
    def district_names(self) -> tuple[str, ...]:
        """The districts in their order."""
        return tuple(district.name for district in self.districts)

    @property
    def words(self) -> Mapping[str, Mapping[str, str]]:
        """What fills the gaps of sentences that tell the city, by gap and language."""
        own = {"unknown": self.unknown, "map_note": self.map_note, "targets": self.targets}
        own["city_option"] = dict.fromkeys(("zh", "en"), self.option)
        return {"city": self.title, "plan": self.plan, "merged": self.merged_name or self.title, **own}

    @property
    def is_usual(self) -> bool:
        """Whether this is the city that is taken when none is named."""
        return self.folder == PACKS / USUAL

    @property
    def option(self) -> str:
        """What a command has to be called with for this city; empty for the one that is taken when none is named."""
        return "" if self.is_usual else f" --city {os.environ.get(VARIABLE) or self.name}"

    @property
    def regions(self) -> tuple[str, ...]:
        """Everything that an observation may be about."""
        merged = () if self.merged_region is None else (self.merged_region,)
        return (*self.district_names, self.region, *merged, *self.other_regions)

    def require(self, part: str, purpose: str) -> Path:
        """Return a file or folder of the pack.

        Raises
        ------
        PackError
            If the pack has none, saying what for it is needed.
        """
        path = self.folder / part
        if not path.exists():
            msg = (
                f"The pack of {self.title['en']} has no {part}, which is needed {purpose}. "
                f"Add it to {self.folder.name}/; docs/cities.md says what it holds."
            )
            raise PackError(msg)
        return path


def choose_city(words: Sequence[str]) -> None:
    """Take the city that ``--city`` names among the words of a command, wherever it stands.

    Raises
    ------
    PackError
        If there is no such pack, or it cannot be used.
    """
    asked = [following for word, following in pairwise(words) if word == "--city"]
    asked += [word.removeprefix("--city=") for word in words if word.startswith("--city=")]
    if asked and pack_folder(asked[-1]) != city_folder():
        if READERS & set(sys.modules):
            present = city().name
            msg = f"This process is about {present} already; a process has one city, so start another for {asked[-1]}."
            raise PackError(msg)
        city.cache_clear()
        os.environ[VARIABLE] = asked[-1]
    city()


@cache
def city() -> City:
    """Return the city of this process.

    Raises
    ------
    PackError
        If there is no such pack, or it cannot be used; with every fault.

    Examples
    --------
    >>> city().district_names[0], city().title["zh"]
    ('Lixia', '济南')
    """
    return read_pack(city_folder())


def city_folder() -> Path:
    """Return the folder of the pack of this process's city, or refuse a name of which there is none."""
    return pack_folder(os.environ.get(VARIABLE) or USUAL)


def require_usual(page: str) -> None:
    """Refuse to write a page of the documentation that is about one city, the usual one.

    Raises
    ------
    PackError
        If this process is about another one.
    """
    if not city().is_usual:
        msg = (
            f"The page {page!r} tells the plan of the project's first city and what was counted there after 2020. "
            f"For {city().title['en']} see `run` and `monitor`; its pack takes the pages 'model' and 'history'."
        )
        raise PackError(msg)


def pack_names() -> list[str]:
    """Return the names of the packs that came with the project.

    Examples
    --------
    >>> "jinan" in pack_names()
    True
    """
    return sorted(file.parent.name for file in PACKS.glob(f"*/{CITY_FILE}"))


def pack_folder(name: str) -> Path:
    """Return the folder of a pack, given by the name of a city, by its title or by a path.

    Raises
    ------
    PackError
        If there is none.
    """
    if name.startswith("-"):
        msg = f"--city needs the name of a city behind it; what follows is the option {name!r}."
        raise PackError(msg)
    known = pack_names()
    if name in known:
        return PACKS / name
    folder = Path(name)
    if (folder / CITY_FILE).is_file():
        return folder.resolve()
    # By its title in either language a city is found too.
    titles = {title: one for one in known for title in read_pack(PACKS / one).title.values()}
    if name in titles:
        return PACKS / titles[name]
    hint, there_are = near(name, known, titles), f"There are: {', '.join(known)}; or name the folder of a pack."
    msg = f"There is no city {name!r}.{hint} {there_are}"
    raise PackError(msg)


def read_pack(folder: Path) -> City:
    """Read a city pack but for its observations, priors, targets and scenarios, which their own readers check.

    Parameters
    ----------
    folder
        The folder of the pack.

    Raises
    ------
    PackError
        With every fault of every file: what is missing, not a number, given twice or contradictory.

    Examples
    --------
    >>> read_pack(PACKS / "jinan").zones["counties"]["en"]
    'counties'
    """
    faults: dict[str, list[str]] = {}
    about = _about(folder, faults.setdefault(CITY_FILE, []))
    zones = {name: {"en": name, **titles} for name, titles in about.get("zones", {}).items()}
    districts, columns = _districts(folder / DISTRICTS_FILE, list(zones), faults.setdefault(DISTRICTS_FILE, []))
    names = [district.name for district in districts]
    distances = _distances(folder / DISTANCES_FILE, names, faults.setdefault(DISTANCES_FILE, []))
    constants = _constants(folder / CONSTANTS_FILE, columns, faults.setdefault(CONSTANTS_FILE, []))
    if names and (strange := [name for name in about.get("origin_districts", []) if name not in names]):
        faults[CITY_FILE].append(f"'origin_districts' names what is no district: {', '.join(map(shown, strange))}")
    if any(faults.values()):
        wrong = {f"{folder.name}/{name}": lines for name, lines in faults.items() if lines}
        raise PackError(refusal(wrong))
    merger = about.get("merger") or {}
    return City(
        folder=folder,
        name=about["name"],
        title=about["title"],
        formal=about["formal"],
        province=about["province"],
        plan=about["plan"],
        unknown=about["unknown"],
        short=about.get("short") or "本市",
        about_districts=about["about_districts"],
        map_note=about.get("map_note") or {"zh": "", "en": ""},
        chapters=about.get("chapters") or {},
        targets=about.get("targets") or TARGETS_OF_A_PLAN,
        bounds=tuple(about["bounds"]),
        zones=zones,
        districts=districts,
        distances=distances,
        constants=constants,
        region=about["region"],
        other_regions=tuple(about.get("other_regions") or ()),
        boundaries=tuple(about["boundaries"]),
        data_files=tuple(about["data_files"]),
        merged_region=merger.get("region"),
        merged_in=merger.get("year"),
        merged_name=merger.get("name", {}),
        control_totals={
            (label, year): total for label, totals in about["control_totals"].items() for year, total in totals.items()
        },
        start=about["start"],
        origin_districts=tuple(about["origin_districts"]),
    )


def _about(folder: Path, faults: list[str]) -> dict[str, Any]:
    """Return what the file of the city says, as far as it makes sense."""
    document = read_yaml(folder / CITY_FILE)
    faults += document.problems
    content = document.content
    if not isinstance(content, dict):
        if not faults:
            faults.append("The file must hold keys, the first of them 'name'.")
        return {}

    def wrong(key: str, text: str) -> None:
        faults.append(f"{document.place((key,))[1]}: {text}" if key in content else text)
        sound.discard(key)

    sound = {key for key in content if key in KEYS}
    for key in content:
        if key not in KEYS:
            wrong(str(key), f"{shown(key)} is not a key of this file.{near(str(key), KEYS)}")
    for key, needed in KEYS.items():
        if needed and key not in content:
            wrong(key, f"{key!r} is missing.")
    for key in {"name", "region", "about_districts", "short"} & sound:
        if not isinstance(content[key], str) or not content[key].strip():
            wrong(key, f"{key!r} must be a text.")
    if "name" in sound and content["name"] != folder.name:
        wrong("name", f"'name' is {shown(content['name'])}, the folder {folder.name!r}; they must be the same.")
    for key in {"title", "formal", "province", "plan", "unknown", "map_note", "targets"} & sound:
        if not _in_both_languages(content[key]):
            wrong(key, f"{key!r} must read {{zh: ..., en: ...}}.")
    if "bounds" in sound and not (
        isinstance(content["bounds"], list)
        and len(content["bounds"]) == 4
        and all(isinstance(end, int | float) for end in content["bounds"])
        and content["bounds"][0] < content["bounds"][1]
        and content["bounds"][2] < content["bounds"][3]
    ):
        wrong("bounds", "'bounds' must be four numbers in degrees: west, east, south, north.")
    if "zones" in sound and not (
        isinstance(content["zones"], dict)
        and content["zones"]
        and all(isinstance(titles, dict) and isinstance(titles.get("zh"), str) for titles in content["zones"].values())
    ):
        wrong("zones", "'zones' must hold at least one name with {zh: ...} under it.")
    for key in {"boundaries", "data_files", "other_regions", "origin_districts"} & sound:
        names = content[key]
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            wrong(key, f"{key!r} must be a list of names.")
    if "boundaries" in sound and not {"new", "district"} <= set(content["boundaries"]):
        wrong("boundaries", "'boundaries' must hold 'new' and 'district'.")
    chapters = content.get("chapters") or {}
    if not isinstance(chapters, dict) or not all(map(_in_both_languages, chapters.values())):
        wrong("chapters", "'chapters' must hold numbers of chapters with {zh: ..., en: ...} under them.")
    if content.get("merger") and not (
        isinstance(content["merger"], dict)
        and isinstance(content["merger"].get("region"), str)
        and isinstance(content["merger"].get("year"), int)
        and _in_both_languages(content["merger"].get("name"))
    ):
        wrong("merger", "'merger' must read {region: NAME, year: YEAR, name: {zh: ..., en: ...}}.")
    for key, parts in (("control_totals", ("residents", "urban residents")), ("start", START_TOTALS)):
        if key not in sound:
            continue
        held = content[key] if isinstance(content[key], dict) else {}
        for part in parts:
            years = held.get(part)
            if not isinstance(years, dict) or not all(_is_positive(years.get(year)) for year in CENSUS_YEARS):
                wrong(key, f"{key!r}: {part!r} must read {{2010: NUMBER, 2020: NUMBER}}, both above zero.")
    if "start" in sound and not _is_positive(content["start"].get("rural share elsewhere")):
        wrong("start", "'start': 'rural share elsewhere' must be a number above zero.")
    return {key: content[key] for key in sound}


def _in_both_languages(value: object) -> bool:
    return (
        isinstance(value, dict) and set(value) == {"zh", "en"} and all(isinstance(word, str) for word in value.values())
    )


def _is_positive(value: object) -> bool:
    return isinstance(value, int | float) and value > 0


def _table(path: Path, faults: list[str]) -> tuple[list[str], dict[int, list[str]]]:
    cells, problems = read_cells(path)
    faults += problems
    return cells or ([], {})


def _districts(path: Path, zones: list[str], faults: list[str]) -> tuple[tuple[District, ...], dict[str, list[str]]]:
    """Return the districts, and the values of every constant by district as written."""
    header, rows = _table(path, faults)
    if faults:
        return (), {}
    if missing := [column for column in ABOUT if column not in header]:
        faults.append(f"header: missing column(s) {', '.join(missing)}")
        return (), {}
    districts, seen = [], set[str]()
    for number, cells in rows.items():
        row = dict(zip(header, cells, strict=True))
        name = row["district"]
        if not name.isascii() or not all(sign.isalnum() or sign in " -" for sign in name) or not name[:1].isalpha():
            faults.append(
                f"row {number}, district: {shown(name)} must be letters, spaces and hyphens, beginning with a letter"
            )
        if name in seen:
            faults.append(f"row {number}, district: {name!r} stands twice")
        seen.add(name)
        if zones and row["zone"] not in zones:
            faults.append(
                f"row {number}, zone: {shown(row['zone'])} is no zone of {CITY_FILE}.{near(row['zone'], zones)}"
            )
        faults += [f"row {number}, {column}: is empty" for column in ("title_zh", "title_en") if not row[column]]
        tile = tuple(int(row[column]) if row[column].isdigit() else -1 for column in ("tile_column", "tile_row"))
        if -1 in tile:
            faults.append(f"row {number}, tile_column or tile_row: must be whole numbers from 0")
        for column in header:
            if column not in ABOUT and read_number(row[column]) is None:
                faults.append(f"row {number}, {column}: {shown(row[column])} is not a number")
        aliases = tuple(alias.strip() for alias in row["aliases"].split(";") if alias.strip())
        title = {"zh": row["title_zh"], "en": row["title_en"]}
        districts.append(District(name, title, row["zone"], (tile[0], tile[1]), aliases))
    if len(districts) < 2:
        faults.append("there must be at least two districts")
    columns = {
        column: [cells[place] for cells in rows.values()] for place, column in enumerate(header) if column not in ABOUT
    }
    return tuple(districts), columns


def _distances(path: Path, names: list[str], faults: list[str]) -> tuple[tuple[str, ...], ...]:
    header, rows = _table(path, faults)
    if faults or not names:
        return ()
    if header[1:] != names or [cells[0] for cells in rows.values()] != names:
        faults.append(f"its columns and rows must be the districts in the order of {DISTRICTS_FILE}")
        return ()
    table = tuple(tuple(cells[1:]) for cells in rows.values())
    for number, cells in rows.items():
        for name, cell in zip(names, cells[1:], strict=True):
            distance = read_number(cell)
            if distance is None or distance < 0 or (distance == 0) != (name == cells[0]):
                faults.append(f"row {number}, {name}: {shown(cell)} is no distance in kilometres")
    return table


def _constants(path: Path, columns: Mapping[str, list[str]], faults: list[str]) -> dict[str, Constant]:
    """Return the constants; the values of those by district stand in the table of districts."""
    header, rows = _table(path, faults)
    if faults:
        return {}
    if header != list(CONSTANT_COLUMNS):
        faults.append(f"header: the columns must be {', '.join(CONSTANT_COLUMNS)}")
        return {}
    constants: dict[str, Constant] = {}
    for number, cells in rows.items():
        constant = Constant(*cells)
        name = constant.name
        if name in constants:
            faults.append(f"row {number}, constant: {name!r} stands twice")
        if name in columns:
            if constant.value:
                faults.append(f"row {number}, value: those of {name!r} stand in {DISTRICTS_FILE}; leave it empty here")
            constant = Constant(name, ",".join(columns[name]), *cells[2:])
        for column in ("lowest", "highest", "value"):
            for text in getattr(constant, column).replace(";", ",").split(","):
                if text.strip() and read_number(text) is None:
                    faults.append(f"row {number}, {column}: {shown(text.strip())} is not a number")
        if constant.grade not in tuple("ABCDE"):
            faults.append(f"row {number}, grade: {shown(constant.grade)} is not a grade A-E")
        if not constant.source or any(sign in constant.source for sign in '|~"'):
            faults.append(f"row {number}, source: must say where the number is from, without | ~ or double quotes")
        faults += _beyond(number, constant)
        constants[name] = constant
    faults += [f"no row for {name!r}, a column of {DISTRICTS_FILE}" for name in columns if name not in constants]
    return constants


def _beyond(number: int, constant: Constant) -> list[str]:
    """Say which values of a constant lie outside its limits."""
    low, high = read_number(constant.lowest), read_number(constant.highest)
    values = [read_number(text) for text in constant.value.replace(";", ",").split(",") if text.strip()]
    limits = f"{constant.lowest} to {constant.highest}"
    return [
        f"row {number}, value: {value:g} of {constant.name!r} is outside its limits, {limits}"
        for value in values
        if value is not None and ((low is not None and value < low) or (high is not None and value > high))
    ]
