"""The model file as a table: what each variable is, in what unit, and where it comes from.

Parsing takes a moment, so the table is kept in the cache folder beside the compiled models.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from .building import built_model
from .engine.cache import cache_folder
from .engine.errors import UserError
from .files.atomic import replaced
from .variables import BALANCES, DefinitionError, Kind, Sector, Variable, one_line

__all__ = [
    "BALANCES",
    "MODEL_FILE",
    "DefinitionError",
    "Kind",
    "Sector",
    "Variable",
    "model_hash",
    "read_definition",
    "read_sectors",
    "variables_by_name",
]

#: The model of this process's city.
MODEL_FILE = built_model()
#: The mark behind which Vensim keeps drawings.
SKETCH = "\\\\\\---///"


def read_definition(path: Path = MODEL_FILE) -> tuple[Variable, ...]:
    """Every variable and subscript range of a Vensim text file, in the order of the file.

    Parameters
    ----------
    path
        A ``.mdl`` file in UTF-8.

    Returns
    -------
    tuple of Variable
        Without time itself, which the file does not define.

    Raises
    ------
    DefinitionError
        If the file is missing, is not UTF-8, is cut off, holds an equation that cannot be read, or reads a
        variable that it does not define.

    Examples
    --------
    >>> table = {variable.name: variable for variable in read_definition()}
    >>> table["TIME STEP"].unit
    'Year'
    """
    return tuple(variable for sector in read_sectors(path) for variable in sector.variables)


def variables_by_name(path: Path = MODEL_FILE) -> Mapping[str, Variable]:
    """The variables of a model file by name, without its subscript ranges; each file is read once.

    Examples
    --------
    >>> variables_by_name(Path("tests/models/small_town.mdl"))["HOMES"].default
    array([40., 50.])
    """
    # A default left out and the same path given would be two entries of a cache.
    return _read_by_name(path)


@cache
def _read_by_name(path: Path) -> Mapping[str, Variable]:
    return {variable.name: variable for variable in read_definition(path) if variable.kind != "subscript"}


def read_sectors(path: Path = MODEL_FILE) -> tuple[Sector, ...]:
    """The sectors of a Vensim text file with their headers; see `read_definition` for what it raises."""
    text = _read_text(path)
    kept = cache_folder() / f"definition_{_cache_key(text)}.json"
    sectors = _read_kept(kept)
    if sectors is None:
        # Only here: the grammar takes a while to load.
        from .parsing import parse_sectors

        sectors = parse_sectors(text, path.name)
        # A cache that cannot be written to costs time and nothing else.
        with suppress(OSError, UserError), replaced(kept) as partial:
            partial.write_bytes(_packed(sectors))
    return sectors


def model_hash(model_file: Path = MODEL_FILE) -> str:
    """Return twelve hexadecimal digits that change with whatever a run depends on.

    These are names, equations, units, ranges and numbers, in their order; comments, headers and line breaks are not.

    Examples
    --------
    >>> len(model_hash(Path("tests/models/small_town.mdl")))
    12
    """
    entries = [block.split("~") for block in _read_text(model_file).split("|")]
    equations = [[one_line(part) for part in parts[:2]] for parts in entries if "***" not in parts[0]]
    return hashlib.sha256(json.dumps(equations).encode()).hexdigest()[:12]


def _read_text(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        msg = f"{path.name} cannot be read: {error.strerror}"
        raise DefinitionError(msg) from error
    except UnicodeDecodeError as error:
        msg = f"{path.name} cannot be read: byte {error.start} is not UTF-8 text"
        raise DefinitionError(msg) from error
    return text.partition(SKETCH)[0].removeprefix("{UTF-8}")


def _cache_key(text: str) -> str:
    """Return a hash of the text of a model and of the code that parses it."""
    digest = hashlib.sha256(text.encode())
    for module in ("definition.py", "parsing.py", "variables.py"):
        digest.update(Path(__file__).with_name(module).read_bytes())
    for module in ("formulas.py", "syntax.py", "vensim.py"):
        digest.update((Path(__file__).parent / "engine" / "reading" / module).read_bytes())
    return digest.hexdigest()[:16]


def _packed(sectors: tuple[Sector, ...]) -> bytes:
    """Return sectors as bytes, a checksum first."""
    rows = [dataclasses.asdict(sector) for sector in sectors]
    content = json.dumps(rows, ensure_ascii=False, default=np.ndarray.tolist).encode()
    return hashlib.sha256(content).hexdigest().encode() + b"\n" + content


def _read_kept(file: Path) -> tuple[Sector, ...] | None:
    """Return the sectors kept in a file; None if there is none, or if it is damaged."""
    try:
        checksum, _, content = file.read_bytes().partition(b"\n")
    except OSError:
        return None
    if hashlib.sha256(content).hexdigest().encode() != checksum:
        return None
    return tuple(
        Sector(one["name"], one["header"], tuple(map(_unpacked, one["variables"]))) for one in json.loads(content)
    )


def _unpacked(row: Mapping[str, Any]) -> Variable:
    values = {name: _as_tuple(value) for name, value in row.items()}
    if values["default"] is not None:
        values["default"] = np.asarray(values["default"], dtype=float)
        # All who ask share this array.
        values["default"].setflags(write=False)
    return Variable(**values)


def _as_tuple(value: Any) -> Any:
    return tuple(map(_as_tuple, value)) if isinstance(value, list) else value
