"""Files that carry a checksum of themselves, so that a damaged one is known before a library opens it.

The libraries below netCDF can hang or end the process on a damaged file. They ignore what stands behind the end of
their data, and that is where the checksum goes.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Final

_LENGTH: Final = len("\nsha256:") + 64 + 1


def seal(path: Path) -> None:
    """Put the checksum of a file behind its end.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "result.nc"
    ...     _ = path.write_bytes(b"numbers")
    ...     seal(path)
    ...     whole = is_whole(path)
    ...     _ = path.write_bytes(path.read_bytes().replace(b"m", b"n"))
    ...     whole, is_whole(path)
    (True, False)
    """
    checksum = hashlib.sha256(path.read_bytes()).hexdigest()
    with path.open("ab") as file:
        file.write(f"\nsha256:{checksum}\n".encode())


def is_whole(path: Path) -> bool:
    """Say whether a file is as it was when it was sealed.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    raw = path.read_bytes()
    stated = re.fullmatch(rb"\nsha256:([0-9a-f]{64})\n", raw[-_LENGTH:])
    return stated is not None and hashlib.sha256(raw[:-_LENGTH]).hexdigest().encode() == stated[1]
