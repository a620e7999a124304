"""The derived tables of a city's model: rebuilt from its observations, and compared or replaced.

``python -m calibration derived-tables`` prints them; they stand in `tables.mdl` of the city's pack.
"""

from pathlib import Path
from typing import Final

from calibration.census.derivation import derive
from calibration.census.derived_definitions import definitions, vensim_text
from model.city import TABLES_FILE, city
from model.files.atomic import replaced

RULE: Final = "*" * 56
TITLE: Final = "\t.Derived tables"
HEADER: Final = (
    f"{RULE}\n{TITLE}\n{RULE}~\n"
    "\t\tOwns: tables computed by calibration/census/derived_tables.py from the city's data; do not edit by hand.\n"
    "\t|\n\n"
)
TABLES: Final = city().folder / TABLES_FILE


def block_text() -> str:
    """Print the derived block in Vensim's text form: group header, one definition per table, and a blank line."""
    return HEADER + "\n".join(map(vensim_text, definitions(derive()))) + "\n"


def update_tables(file: Path = TABLES, *, write: bool) -> bool:
    """Compare the derived tables in a file with the rebuilt ones; replace them if asked. Say if they were right."""
    block = block_text().encode("utf-8")
    current = file.is_file() and file.read_bytes() == block
    if write and not current:
        with replaced(file) as partial:
            partial.write_bytes(block)
    return current
