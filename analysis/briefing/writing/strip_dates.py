"""Office files without the time of their making, so that the same content is the same bytes."""

from __future__ import annotations

from datetime import datetime
from io import BytesIO
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

#: The first date that a zip archive can hold: stands for none.
EPOCH: Final = datetime(1980, 1, 1)


def strip_dates(content: bytes) -> bytes:
    """Return a zip archive with the same parts in the same order and no dates.

    Examples
    --------
    >>> file = BytesIO()
    >>> with ZipFile(file, "w") as archive:
    ...     archive.writestr("part.xml", "<part/>")
    >>> strip_dates(file.getvalue()) == strip_dates(strip_dates(file.getvalue()))
    True
    """
    stripped = BytesIO()
    with ZipFile(BytesIO(content)) as archive, ZipFile(stripped, "w", ZIP_DEFLATED) as undated:
        for part in archive.infolist():
            undated.writestr(ZipInfo(part.filename, EPOCH.timetuple()[:6]), archive.read(part), ZIP_DEFLATED)
    return stripped.getvalue()
