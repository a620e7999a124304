"""What a command has left in a folder, for the tests of all commands."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from model.files.atomic import metadata_of


def names_of_results(folder: Path, pattern: str = "*") -> set[str]:
    """Names of what lies in a folder, without what says of each table what made it, which is held to be there."""
    found = list(folder.glob(pattern))
    tables = [path for path in found if path.suffix == ".csv"]
    about = {metadata_of(table) for table in tables}
    for table in tables:
        described = json.loads(metadata_of(table).read_text(encoding="utf-8"))
        (note,) = described["notes"]
        assert note["sha256"] == hashlib.sha256(table.read_bytes()).hexdigest(), table
        assert note["made from"]["model_hash"], table
        assert note["made from"]["members"], table
    return {path.name for path in found if path not in about}
