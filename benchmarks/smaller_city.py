"""The city with seven districts, which pysimlin can address: the same equations, shorter tables."""

from __future__ import annotations

import re

#: Ranges of districts: as places to live, and to work.
PLACES = {"District", "Workplace"}
KEPT = ("Lixia", "Shizhong", "Huaiyin", "Tianqiao", "Licheng", "Zhangqiu", "Shanghe")


def smaller_city(text: str) -> str:
    """The model text with the districts of `KEPT` only: every equation stays, tables lose the numbers of the others."""
    line = re.search(r"^District:\n\t(.*)$", text, re.MULTILINE)
    assert line is not None
    names = line[1].split(", ")
    positions = [names.index(name) for name in KEPT]

    def shortened(entry: re.Match[str]) -> str:
        name, dims, numbers = entry[1], entry[2].split(","), entry[3]
        if not PLACES & set(dims) or "," not in numbers or not re.fullmatch(r"[-+\d.eE,;\s]+", numbers):
            return entry[0]
        rows = [row.strip() for row in numbers.strip().rstrip(";").split(";")]
        if len(dims) == 2 and dims[0] in PLACES:
            rows = [rows[position] for position in positions]
        if dims[-1] in PLACES:
            rows = [",".join(row.split(",")[position] for position in positions) for row in rows]
        end = ";" if len(dims) == 2 else ""
        return f"{name}[{entry[2]}]=\n\t" + ";\n\t".join(rows) + f"{end}\n\t~"

    text = text.replace(line[0], "District:\n\t" + ", ".join(KEPT))
    text = re.sub(
        r"^Workplace:\n\t.*$", "Workplace:\n\t" + ", ".join(f"at {name}" for name in KEPT), text, flags=re.MULTILINE
    )
    return re.sub(r"^([^\n=~|\t\[]+)\[([^\]\n]*)\]=\n((?:\t[^\n~]*\n)+?)\t~", shortened, text, flags=re.MULTILINE)
