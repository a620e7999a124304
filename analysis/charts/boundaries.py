"""Boundaries of districts that a user gives as a GeoJSON file; none is shipped."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

import numpy as np
import numpy.typing as npt

from analysis.outcome.words import element_name
from model.city import city
from model.definition import variables_by_name
from model.engine.errors import UserError, listed, near

Ring = npt.NDArray[np.float64]

#: Bytes of a file, and corners of all rings together.
LARGEST: Final = 20_000_000
CORNERS: Final = 1_000_000
CITY: Final = city()
#: Systems whose degrees are those of WGS84 to within what a map of a city shows.
SYSTEMS: Final = ("CRS84", "4326", "4490")
#: Names that files still have from before 2020, or for parts that the model counts with a district.
OTHER_NAMES: Final[Mapping[str, str]] = {
    alias: district.name for district in CITY.districts for alias in district.aliases
}
#: Corners that lie on the same of so many steps across a map are one.
STEPS: Final = 2_000
#: Names of what no district is called that a message lists.
NAMED: Final = 6


class BoundaryError(UserError):
    """A boundary file cannot be used; the message lists every reason."""


@dataclass(frozen=True)
class Boundaries:
    """Rings of every district in degrees (longitude, latitude): each polygon is its outer ring and then its holes."""

    polygons: Mapping[str, tuple[tuple[Ring, ...], ...]]
    #: Twelve hexadecimal digits of the file's fingerprint.
    hash: str

    @property
    def aspect(self) -> float:
        """How many times longer a degree of latitude is than one of longitude there."""
        corners = np.concatenate([polygon[0] for polygons in self.polygons.values() for polygon in polygons])
        middle = (corners[:, 1].min() + corners[:, 1].max()) / 2
        return float(1 / np.cos(np.radians(middle)))


def district_names() -> tuple[str, ...]:
    """Return the districts of the model.

    Examples
    --------
    >>> len(district_names()), district_names()[0]
    (12, 'Lixia')
    """
    return tuple(variables_by_name()["residents by district"].axes[0])


def read_boundaries(path: Path) -> Boundaries:
    """Read the boundaries of the districts from a GeoJSON file in WGS84 degrees.

    A feature belongs to the district whose Chinese or English name any of its properties is, with or without 区, 县 or
    "District"; features of other places are left out, and several of one district are taken together.

    Raises
    ------
    BoundaryError
        With every fault: no GeoJSON, a district without a feature, coordinates that are not degrees around the city.
    """
    document, digest = _document(path)
    features = _features(document)
    if features is None:
        msg = f"{path}: it is no GeoJSON FeatureCollection: export the layer as GeoJSON."
        raise BoundaryError(msg)
    mistakes = _system(document)
    polygons: dict[str, list[tuple[Ring, ...]]] = {name: [] for name in district_names()}
    others: list[str] = []
    corners = 0
    for number, feature in enumerate(features, 1):
        district, written = _district_of(feature)
        if district is None:
            others += written
            continue
        try:
            rings = list(_polygons(feature.get("geometry")))
            corners += sum(len(ring) for polygon in rings for ring in polygon)
            if corners > CORNERS:
                msg = f"{path}: more than {CORNERS:,} corners: simplify the layer before exporting it."
                raise BoundaryError(msg)
            polygons[district] += rings
        except (TypeError, KeyError, OverflowError, ValueError) as error:
            if isinstance(error, BoundaryError):
                raise
            reason = str(error) if type(error) is ValueError else "its coordinates cannot be read."
            mistakes.append(f"feature {number} ({element_name(district, 'zh')} {district}): {reason}")
            # It is there, only wrong: not to be told as missing, too.
            polygons[district].append(())
    for district, found in polygons.items():
        if not found:
            name = element_name(district, "zh")
            hint = near(name, others) or near(district, others)
            mistakes.append(f"no feature is named {name} or {district}.{hint}")
    if len(others) > 0 and any(not found for found in polygons.values()):
        named = ", ".join(dict.fromkeys(others[:NAMED]))
        mistakes.append(
            f"names in the file that no district of {CITY.title['en']} has: {named}{', ...' if others[NAMED:] else ''}"
        )
    if mistakes:
        msg = f"{path} cannot be used as boundaries:\n{listed(mistakes)}"
        raise BoundaryError(msg)
    return Boundaries(_simplified({name: tuple(found) for name, found in polygons.items()}), digest)


def _document(path: Path) -> tuple[Any, str]:
    """What a file holds, and its fingerprint."""
    if not path.is_file():
        raise BoundaryError(f"{path}: there is no such file." if not path.exists() else f"{path} is no plain file.")
    if path.stat().st_size > LARGEST:
        msg = f"{path}: it is larger than {LARGEST:,} bytes: simplify the layer before exporting it."
        raise BoundaryError(msg)
    content = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            document = json.loads(content.decode(encoding), parse_constant=_no_number)
            return document, hashlib.sha256(content).hexdigest()[:12]
        except UnicodeDecodeError:
            continue
        except (ValueError, RecursionError) as error:
            reason = "its parts stand too deep in each other" if isinstance(error, RecursionError) else str(error)
            msg = f"{path} cannot be read as GeoJSON: {reason[:120]}."
            raise BoundaryError(msg) from None
    msg = f"{path} cannot be read as GeoJSON: it is no text in UTF-8."
    raise BoundaryError(msg)


def _no_number(word: str) -> NoReturn:
    msg = f"{word} is no number"
    raise ValueError(msg)


def _features(document: Any) -> list[dict[str, Any]] | None:
    listed = document.get("features") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        return None
    return [feature for feature in listed if isinstance(feature, dict)]


def _system(document: dict[str, Any]) -> list[str]:
    """What is wrong with the system of coordinates that a file names, if it names one."""
    named = document.get("crs")
    if named is None or any(system in json.dumps(named) for system in SYSTEMS):
        return []
    return ["its coordinates are not in WGS84 (EPSG:4326): export the layer in that system."]


def _district_of(feature: dict[str, Any]) -> tuple[str | None, list[str]]:
    """The district that a feature belongs to, and the names that its properties hold."""
    properties = feature.get("properties")
    known = _known_names()
    values = properties.values() if isinstance(properties, dict) else ()
    written = [value for value in values if isinstance(value, str) and value.strip()]
    for value in written:
        if (district := known.get(bare_name(value))) is not None:
            return district, []
    return None, [value[:40] for value in written if re.search("[一-鿿A-Za-z]", value)]


def _known_names() -> dict[str, str]:
    names = {bare_name(element_name(name, "zh")): name for name in district_names()}
    return {**names, **{bare_name(name): name for name in district_names()}, **OTHER_NAMES}


def bare_name(name: str) -> str:
    """Return a district's name without the city before it, brackets, and the word for district or county.

    Examples
    --------
    >>> bare_name("山东省济南市历城区（含高新区）"), bare_name("Licheng District"), bare_name("商河县")
    ('历城', 'licheng', '商河')
    """
    name = re.split(r"[（(]", name.strip())[0].strip().casefold()
    province, whole = (re.escape(title["zh"]) for title in (CITY.province, CITY.formal))
    name = re.sub(rf"^({province})?({whole})?(?=.)", "", name)
    name = re.sub(r"[\s_-]*(district|county|city|qu|xian|shi)$", "", name)
    return re.sub(r"(?<=..)[区县市]$", "", name).strip()


def _polygons(geometry: Any) -> Iterator[tuple[Ring, ...]]:
    """The polygons of a geometry, outer rings counter-clockwise and holes clockwise."""
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind not in ("Polygon", "MultiPolygon"):
        msg = f"its geometry is {kind or 'missing'}, and must be a Polygon or a MultiPolygon."
        raise ValueError(msg)
    listed = geometry["coordinates"]
    for polygon in [listed] if kind == "Polygon" else listed:
        rings = tuple(_ring(ring) for ring in polygon)
        if not rings:
            msg = "one of its polygons has no ring."
            raise ValueError(msg)
        yield (_turned(rings[0], 1.0), *(_turned(ring, -1.0) for ring in rings[1:]))


def _ring(corners: Any) -> Ring:
    ring = np.array([corner[:2] for corner in corners], dtype=float)
    if ring.ndim != 2 or ring.shape[1] != 2 or len(ring) < 4:
        msg = "a ring needs at least 4 corners of longitude and latitude."
        raise ValueError(msg)
    west, east, south, north = CITY.bounds
    longitude, latitude = ring.T
    if not ((longitude > west) & (longitude < east) & (latitude > south) & (latitude < north)).all():
        if ((latitude > west) & (latitude < east) & (longitude > south) & (longitude < north)).all():
            msg = "longitude and latitude are exchanged: GeoJSON has the longitude first."
            raise ValueError(msg)
        msg = (
            f"({ring[0, 0]:g}, {ring[0, 1]:g}) is not in degrees around {CITY.title['en']} "
            f"(about {(west + east) / 2:.4g}, {(south + north) / 2:.4g}): "
            "export the layer in WGS84 (EPSG:4326)."
        )
        raise ValueError(msg)
    return ring


def _turned(ring: Ring, wanted: float) -> Ring:
    following = np.roll(ring, -1, axis=0)
    area = float((ring[:, 0] * following[:, 1] - following[:, 0] * ring[:, 1]).sum())
    return ring if area * wanted >= 0 else ring[::-1]


def _simplified(polygons: Mapping[str, tuple[tuple[Ring, ...], ...]]) -> dict[str, tuple[tuple[Ring, ...], ...]]:
    """Rings whose corners stand on a grid too fine to see, so that a file of any detail draws at once."""
    corners = np.concatenate([ring for found in polygons.values() for polygon in found for ring in polygon])
    step = float(np.ptp(corners, axis=0).max()) / STEPS

    def coarse(ring: Ring) -> Ring | None:
        grid = np.round(ring / step)
        moved = np.append(True, np.any(np.diff(grid, axis=0) != 0, axis=1))
        return grid[moved] * step if moved.sum() > 3 else None

    simple: dict[str, tuple[tuple[Ring, ...], ...]] = {}
    for name, found in polygons.items():
        kept = [[coarse(ring) for ring in polygon] for polygon in found]
        drawn = [tuple(ring for ring in polygon if ring is not None) for polygon in kept if polygon[0] is not None]
        # What is smaller than a step altogether is drawn as given.
        simple[name] = tuple(drawn) or found
    return simple
