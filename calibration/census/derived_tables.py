"""The derived block of model/jinan.mdl: rebuilt from calibration/data, printed, checked or written in place.

``python -m calibration.census.derived_tables`` prints the block, ``--check`` says whether the model's block is the
rebuilt one (exit code 1 if not), ``--write`` replaces it.
"""

import argparse
import sys
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
    """Print the derived block in Vensim's text form.

    Returns
    -------
    str
        Group header and one definition per table, ended by a blank line.

    Raises
    ------
    ObservationError
        If the data are missing or faulty.

    Examples
    --------
    >>> block_text().splitlines()[1].strip()
    '.Derived tables'
    """
    return HEADER + "\n".join(map(vensim_text, definitions(derive()))) + "\n"


def find_block(model_text: str) -> tuple[int, int]:
    r"""Say where the derived block starts and ends in the model's text.

    Parameters
    ----------
    model_text
        The text of model/jinan.mdl, line ends as in the file.

    Returns
    -------
    tuple of int
        Start and end position; the end is where the next group's rule starts.

    Raises
    ------
    DerivedBlockError
        If there is no such group, two of them, or no group after it.

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


def main(arguments: list[str] | None = None) -> int:
    """Print, check or write the derived block.

    Parameters
    ----------
    arguments
        Command-line words; none means those of the process.

    Returns
    -------
    int
        0 if done or fresh, 1 if stale, 2 if the data or the model file cannot be used.

    Examples
    --------
    >>> main(["--check", "--model", "no such file.mdl"])
    2
    """
    parser = argparse.ArgumentParser(prog="python -m calibration.census.derived_tables", description=__doc__)
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--check", action="store_true", help="say whether the model's block is the rebuilt one")
    action.add_argument("--write", action="store_true", help="replace the model's block by the rebuilt one")
    parser.add_argument("--model", type=Path, default=MODEL_FILE, help="model file (default: model/jinan.mdl)")
    options = parser.parse_args(arguments)
    model: Path = options.model
    try:
        if not (options.check or options.write):
            sys.stdout.write(block_text())
            return 0
        text = model.read_bytes().decode("utf-8")
        start, end = find_block(text)
        block = block_text()
        fresh = text[start:end] == block
        if not fresh and options.write:
            with replaced(model) as partial:
                partial.write_bytes((text[:start] + block + text[end:]).encode("utf-8"))
    except (UserError, OSError, UnicodeDecodeError) as error:
        sys.stderr.write(f"derived tables: {error}\n")
        return 2
    if fresh:
        sys.stderr.write(f"{model.name}: derived block is up to date\n")
    elif options.write:
        sys.stderr.write(f"{model.name}: derived block written\n")
    else:
        sys.stderr.write(
            f"{model.name}: derived block is stale; run python -m calibration.census.derived_tables --write\n"
        )
    return 0 if fresh or options.write else 1


if __name__ == "__main__":
    sys.exit(main())
