"""What is asked of ``assess``: a file that can be read; what is in it is checked once it is a table."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from model.city import city
from model.engine.errors import UserError
from model.files.strict_files import CSV_BYTES, read_bytes, refusal

#: Where assessments are kept, below the folder in which the command is called.
ASSESSMENTS: Final = Path("cities") / city().name / "calibration" / "assessments"


def check_file(path: Path) -> None:
    """Refuse a file of observations that is not there or cannot be read.

    Raises
    ------
    UserError
        Saying why.

    Examples
    --------
    >>> check_file(Path("newer.csv"))
    Traceback (most recent call last):
    ...
    model.engine.errors.UserError: newer.csv cannot be used:
     * The file does not exist.
    """
    content, problem = read_bytes(path, CSV_BYTES)
    if content is None:
        raise UserError(refusal({path.name: [problem]}))
