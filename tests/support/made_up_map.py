"""Boundaries with made-up districts, roughly where those of Jinan are: no map of the city."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

#: Longitude, latitude and size of each district, in degrees.
PLACES = {
    "历下区": (117.08, 36.66, 0.05),
    "市中区": (116.99, 36.60, 0.06),
    "槐荫区": (116.89, 36.67, 0.05),
    "天桥区": (116.98, 36.73, 0.06),
    "历城区": (117.20, 36.62, 0.13),
    "长清区": (116.75, 36.45, 0.16),
    "章丘区": (117.50, 36.70, 0.19),
    "济阳区": (117.13, 36.98, 0.16),
    "莱芜区": (117.60, 36.28, 0.2),
    "钢城区": (117.80, 36.07, 0.1),
    "平阴县": (116.42, 36.25, 0.14),
    "商河县": (117.18, 37.32, 0.17),
}


def square(x: float, y: float, half: float, *, corners: int = 40) -> list[list[float]]:
    """A closed ring."""
    angles = np.linspace(0, 2 * np.pi, corners + 1)
    return [[x + half * np.cos(angle) * 1.2, y + half * np.sin(angle)] for angle in angles]


def collection(**changes: Any) -> dict[str, Any]:
    """A collection of features, some of them changed: by name a geometry, or None to leave it out."""
    features = []
    for name, (x, y, half) in PLACES.items():
        geometry: Any = {"type": "Polygon", "coordinates": [square(x, y, half)]}
        if name == "章丘区":
            geometry["coordinates"].append(square(x, y, half / 4))
        if name == "长清区":
            # Two parts, one of them tiny.
            geometry = {"type": "MultiPolygon", "coordinates": [[square(x, y, half)], [square(x - 0.3, y, 1e-6)]]}
        geometry = changes.get(name, geometry)
        if geometry is not None:
            features.append({"type": "Feature", "properties": {"name": name}, "geometry": geometry})
    return {"type": "FeatureCollection", "features": features}


def write(path: Path, document: Any = None, encoding: str = "utf-8") -> Path:
    """Write a boundary file."""
    path.write_text(json.dumps(collection() if document is None else document, ensure_ascii=False), encoding)
    return path
