"""Office files without the time of their making, so that the same content is the same bytes."""

from __future__ import annotations

import re
from datetime import datetime
from io import BytesIO
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

#: The first date that a zip archive can hold: stands for none.
EPOCH: Final = datetime(1980, 1, 1)
#: When a document was made and changed, as its properties say.
DATES: Final = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")


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
    now = f"{EPOCH.isoformat()}Z".encode()
    with ZipFile(BytesIO(content)) as archive, ZipFile(stripped, "w", ZIP_DEFLATED) as undated:
        for part in archive.infolist():
            inside = archive.read(part)
            if part.filename.endswith(".xlsx"):
                # The data of a chart are a workbook of their own.
                inside = strip_dates(inside)
            elif part.filename == "docProps/core.xml":
                inside = DATES.sub(rb"\g<1>" + now, inside)
            undated.writestr(ZipInfo(part.filename, EPOCH.timetuple()[:6]), inside, ZIP_DEFLATED)
    return stripped.getvalue()
