"""The parts of ``docs/behaviour.md`` that are worked out: ``python -m analysis.pages behaviour [--check]``.

The page says what it was made from, so that whether it is up to date is seen without working it out anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pandas as pd
import xarray as xr

from analysis.charts.files import save
from analysis.outcome.words import LANGUAGES
from analysis.pages import cuts, dominance, effects, lever_range, loops
from analysis.pages.answer import read_description
from analysis.pages.blocks import rewrite_blocks
from analysis.pages.words import WORDS_FILE
from calibration.fit.ensemble import read_members
from calibration.fit.evidence import Evidence as Record
from model import load_model
from model.definition import model_hash
from model.files.atomic import update_text
from scenarios import levers, scenario, targets

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "behaviour.md"
#: The tables in full, and the picture, beside the page.
TABLES: Final = ROOT / "docs" / "behaviour"
PICTURE: Final = "loop_dominance"
#: Members of the ensemble that are run.
MEMBERS: Final = 100
#: Effects of cut loops smaller than this part of a number's interval are left out of the table in full.
LEAST_SHARE: Final = 0.01
#: What the studies read besides the model and the members.
_FILES: Final = (
    levers.FILE,
    levers.CITY_FILE,
    targets.FILE,
    WORDS_FILE,
    scenario.FOLDER,
    *(Path(str(module.__file__)) for module in (cuts, dominance, effects, lever_range, loops)),
    Path(__file__),
)


@dataclass(frozen=True)
class Evidence:
    """What the page shows: the results of the three studies, and what they were made from."""

    loops: pd.DataFrame
    levers: lever_range.LeverStudy
    dominance: pd.DataFrame
    members: int
    seed: str
    inputs: str

    def blocks(self) -> dict[str, str]:
        """The parts of the page, by name."""
        return {
            "loops": loops.loop_table(self.loops),
            "levers": lever_range.lever_table(self.levers),
            "dominance": dominance.leaders(self.dominance),
        }

    def tables(self) -> dict[str, str]:
        """The tables in full, as CSV by the name of the file."""
        return {
            "loops.csv": _csv(self.loops[self.loops["share"] >= LEAST_SHARE], ["loop", "scenario"]),
            "levers.csv": _csv(self.levers.effects, ["lever", "end", "value"]),
            "loop_dominance.csv": _csv(self.dominance.assign(loop=self.dominance["loop"].replace("", "rate")), []),
        }

    def made_from(self) -> str:
        """Say what the page was made from, with the fingerprints by which `is_fresh` knows it."""
        contents = _fingerprint({**self.blocks(), **self.tables()})
        few = min(self.members, dominance.MEMBERS)
        return (
            f"Made from the first {self.members} members of the ensemble (seed {self.seed}), loop dominance from the "
            f"first {few}, and model {model_hash()}. Inputs {self.inputs}, contents {contents}."
        )


def gather(members: xr.Dataset) -> Evidence:
    """Work out all three studies; two minutes of processor time for a hundred members."""
    city = load_model()
    return Evidence(
        loops.study(city, members),
        lever_range.study(city, members),
        dominance.contributions(city, members),
        members.sizes["member"],
        str(members.attrs.get("seed", "unknown")),
        inputs_hash(members),
    )


def inputs_hash(members: xr.Dataset) -> str:
    """Return a fingerprint of everything that the page is worked out from: model, members, levers, scenarios, code."""
    digest = hashlib.sha256(model_hash().encode())
    for name in sorted(map(str, members.data_vars)):
        digest.update(name.encode() + members[name].to_numpy().tobytes())
    for path in _FILES:
        for file in sorted(path.glob("*.yaml")) if path.is_dir() else [path][: path.is_file()]:
            digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()[:12]


def is_fresh(members: xr.Dataset) -> bool:
    """Say whether page, tables and pictures are as they were made, and made from what is there now."""
    text = PAGE.read_text(encoding="utf-8")
    blocks = {name: block(text, name) for name in ("loops", "levers", "dominance")}
    tables = {name: _read(TABLES / name) for name in ("loops.csv", "levers.csv", "loop_dominance.csv")}
    contents, inputs = _fingerprint({**blocks, **tables}), inputs_hash(members)
    if f"Inputs {inputs}, contents {contents}." not in block(text, "made from"):
        return False
    return all(read_description(file) == inputs for file in _pictures().values())


def update_page(members: xr.Dataset | None = None, *, write: bool, anew: bool = False) -> list[Path]:
    """Write page, tables and pictures if they are not fresh, and return the files that were out of date.

    Parameters
    ----------
    members
        Parameter sets, as from `calibration.fit.ensemble.read_members`; the first `MEMBERS` that
        have seen the record to 2020 if left out, as what the loops do rests on no later event.
    write
        False only tells.
    anew
        Work everything out even where it looks fresh.
    """
    members = read_members(MEMBERS, Record.TO_2020) if members is None else members
    if not anew and is_fresh(members):
        return []
    if not (write or anew):
        return [PAGE]
    evidence = gather(members)
    stale = rewrite_blocks(PAGE, {**evidence.blocks(), "made from": evidence.made_from()}, write=write)
    if write:
        TABLES.mkdir(exist_ok=True)
    for name, table in evidence.tables().items():
        stale += update_text(TABLES / name, table, write=write)
    for language, file in _pictures().items():
        if read_description(file) != evidence.inputs:
            stale.append(file)
            if write:
                count = min(evidence.members, dominance.MEMBERS)
                save(dominance.picture(evidence.dominance, count, language), file, evidence.inputs)
    return stale


def block(text: str, name: str) -> str:
    """Return a worked-out part of a page's text; empty if it is not there."""
    return text.partition(f"<!-- {name} -->\n")[2].partition(f"\n<!-- end {name} -->")[0]


def _pictures() -> dict[str, Path]:
    return {language: ROOT / "docs" / "images" / f"{PICTURE}_{language}.png" for language in LANGUAGES}


def _csv(table: pd.DataFrame, first: list[str]) -> str:
    ordered = table[[*first, *(name for name in table.columns if name not in first)]]
    return ordered.to_csv(index=False, float_format="%.4g", lineterminator="\n")


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _fingerprint(texts: Mapping[str, str]) -> str:
    return hashlib.sha256("".join(f"{name}\n{texts[name]}\n" for name in sorted(texts)).encode()).hexdigest()[:12]
