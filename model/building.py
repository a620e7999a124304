"""The files of a city that are made from what all cities share and from its pack: the model first of all.

`urbanization.mdl` holds every equation, with gaps where the numbers of a city go: `{{value}}`, `{{limits}}` and
`{{source}}` in the entry of a constant, the names of districts in the ranges, and the derived tables. What is filled in
is kept in the cache folder, as the reader of models and Vensim want a file; `city build` writes one where it is asked.
"""

from __future__ import annotations

import atexit
import hashlib
import re
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

from .city import CONSTANTS_FILE, DISTRICTS_FILE, TABLES_FILE, City, PackError, city
from .engine.cache import cache_folder
from .engine.errors import UserError, near
from .files.atomic import replaced
from .files.strict_files import refusal

TEMPLATE: Final = Path(__file__).with_name("urbanization.mdl")
#: An entry whose numbers are the city's.
ENTRY: Final = re.compile(
    r"(?P<name>[A-Z][A-Z0-9 ]*)(?P<subscripts>\[[^\]]*\])?=\n\t\{\{value\}\}\n\t~\t(?P<unit>[^\n]*?) \{\{limits\}\}\n"
    r"(?P<comment>.*?)\{\{source\}\}",
    re.DOTALL,
)
GAP: Final = re.compile(r"\{\{([a-z ]+)\}\}")
#: Constants whose values are worked out from what the pack says of its districts.
MEMBERSHIP: Final = "ZONE MEMBERSHIP"
DISTANCE: Final = "DISTANCE"


def model_text(pack: City, template: str | None = None) -> str:
    """Return the model of a city in Vensim's text form.

    Parameters
    ----------
    pack
        The city.
    template
        Equations with gaps, if not those of the project.

    Raises
    ------
    PackError
        With every gap that the pack does not fill, and every row of the pack that fills none.

    Examples
    --------
    >>> "{{" in model_text(city())
    False
    """
    text = _template() if template is None else template
    faults: list[str] = []
    used = set[str]()

    def filled(entry: re.Match[str]) -> str:
        name = entry["name"]
        used.add(name)
        constant = pack.constants.get(name)
        if constant is None:
            where = f" and its column in {DISTRICTS_FILE}" if entry["subscripts"] == "[District]" else ""
            faults.append(f"no row for {name!r} [{entry['unit']}]; add it{where}")
            return ""
        if constant.unit != entry["unit"]:
            faults.append(f"{name!r}, unit: is {constant.unit!r}, in the equations {entry['unit']!r}")
        value = {MEMBERSHIP: _membership, DISTANCE: _distance}.get(name, lambda _: constant.value)(pack)
        if not value:
            faults.append(f"{name!r}, value: is empty")
        rows = "\n\t".join(part.strip() + ";" * (";" in value) for part in value.split(";") if part.strip())
        limits = f"[{constant.lowest},{constant.highest}]"
        return (
            f"{name}{entry['subscripts'] or ''}=\n\t{rows}\n\t~\t{entry['unit']} {limits}\n"
            f"{entry['comment']}Source: {constant.source}. Grade: {constant.grade}."
        )

    text = ENTRY.sub(filled, text)
    if not used:
        msg = f"{TEMPLATE.name} cannot be read: none of its entries is a constant of a city"
        raise PackError(msg)
    faults += [f"{name!r} is no constant of a city.{near(name, used)}" for name in pack.constants if name not in used]
    if faults:
        raise PackError(refusal({f"{pack.folder.name}/{CONSTANTS_FILE}": faults}))
    names = pack.district_names
    gaps = {
        "districts": ", ".join(names),
        "workplaces": ", ".join(f"at {name}" for name in names),
        "zones": ", ".join(pack.zones),
        "about districts": pack.about_districts,
        "city": pack.title["en"],
        "short": pack.short,
        "province": pack.province["en"],
        "tables": pack.require(TABLES_FILE, "to run the model").read_text(encoding="utf-8"),
    }
    return GAP.sub(lambda gap: gaps[gap[1]], text)


def _template() -> str:
    try:
        return TEMPLATE.read_text(encoding="utf-8")
    except OSError as error:
        msg = f"{TEMPLATE.name} cannot be read: {error.strerror}"
        raise PackError(msg) from error
    except UnicodeDecodeError as error:
        msg = f"{TEMPLATE.name} cannot be read: byte {error.start} is not UTF-8 text"
        raise PackError(msg) from error


def _membership(pack: City) -> str:
    return "".join(
        ",".join(str(int(district.zone == zone)) for district in pack.districts) + ";" for zone in pack.zones
    )


def _distance(pack: City) -> str:
    return "".join(",".join(row) + ";" for row in pack.distances)


@cache
def built_model() -> Path:
    """Return the model file of this process's city, which is named after the city.

    Raises
    ------
    PackError
        If the pack does not fill the gaps.

    Examples
    --------
    >>> built_model().name
    'jinan.mdl'
    """
    return kept_file(f"{city().name}.mdl", model_text(city()))


def kept_file(name: str, text: str) -> Path:
    """Return a file that holds a text: in the cache folder, or, where that takes none, for as long as the process."""
    content = text.encode("utf-8")
    file = cache_folder() / f"city_{hashlib.sha256(content).hexdigest()[:16]}" / name
    try:
        if not file.is_file() or file.read_bytes() != content:
            with replaced(file) as partial:
                partial.write_bytes(content)
    except (OSError, UserError):
        folder = Path(tempfile.mkdtemp(prefix="urbanization-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        file = folder / name
        file.write_bytes(content)
    return file
