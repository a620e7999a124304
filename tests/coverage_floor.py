"""Which files tests reach too little of, without a line in them that says why; part of `make coverage`.

Reads what ``coverage json -o -`` writes. Such a line is ``# Coverage: `` and the reason, below the file's docstring.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
#: Percent of the lines and branches of a file.
FLOOR: Final = 80.0
REASON: Final = re.compile(r"^# Coverage: \w.*\.$", re.MULTILINE)


def unexplained(files: Mapping[str, Any], root: Path = ROOT) -> list[str]:
    """Return the files below the floor that give no reason, each with its percentage.

    Parameters
    ----------
    files
        By path below `root`, as ``coverage json`` writes them under ``files``.
    root
        Of the project.
    """
    low = {name: entry["summary"]["percent_covered"] for name, entry in files.items()}
    return [
        f"{name}: {percent:.1f} %"
        for name, percent in sorted(low.items())
        if percent < FLOOR and not REASON.search((root / name).read_text(encoding="utf-8"))
    ]


if __name__ == "__main__":
    found = unexplained(json.load(sys.stdin)["files"])
    if found:
        print(f"Below {FLOOR:g} % and no line `# Coverage: REASON.` in it:", *found, sep="\n * ", file=sys.stderr)
    sys.exit(bool(found))
