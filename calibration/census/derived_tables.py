"""The derived block of model/jinan.mdl: rebuilt from calibration/data, and compared or replaced.

``python -m calibration derived-tables`` prints it.
"""

from pathlib import Path
from typing import Final

from calibration.census.derivation import derive
from calibration.census.derived_definitions import definitions, vensim_text
from model.definition import MODEL_FILE
from model.engine.errors import UserError
from model.files.atomic import replaced

RULE: Final = "*" * 56
TITLE: Final = "\t.Derived tables"
HEADER: Final = (
    f"{RULE}\n{TITLE}\n{RULE}~\n"
    "\t\tOwns: tables computed by calibration/census/derived_tables.py from calibration/data; do not edit by hand.\n"
    "\t|\n\n"
)


class DerivedBlockError(UserError):
    """The model file has no derived block to compare or replace."""


def block_text() -> str:
    """Print the derived block in Vensim's text form: group header, one definition per table, and a blank line."""
    return HEADER + "\n".join(map(vensim_text, definitions(derive()))) + "\n"


def find_block(model_text: str) -> tuple[int, int]:
    r"""Say where the derived block starts in the model's text, and where the rule of the next group does.

    Examples
    --------
    >>> find_block(HEADER + RULE + "\n\t.Control")[0]
    0
    """
    marker = f"{RULE}\n{TITLE}\n"
    if model_text.count(marker) != 1:
        message = f"expected one group '{TITLE.strip()}' in the model, found {model_text.count(marker)}"
        raise DerivedBlockError(message)
    start = model_text.index(marker)
    end = model_text.find(f"\n{RULE}\n\t.", start + len(marker))
    if end < 0:
        message = f"no group follows '{TITLE.strip()}'; the block must end before the next group header"
        raise DerivedBlockError(message)
    return start, end + 1


def update_block(model: Path = MODEL_FILE, *, write: bool) -> bool:
    """Compare the derived block of a model file with the rebuilt one, replace it if asked; say if it was up to date."""
    text = model.read_bytes().decode("utf-8")
    start, end = find_block(text)
    block = block_text()
    current = text[start:end] == block
    if write and not current:
        with replaced(model) as partial:
            partial.write_bytes((text[:start] + block + text[end:]).encode("utf-8"))
    return current
