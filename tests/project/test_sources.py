"""Whatever the model names as a source can be followed: to a file, to a series of the data, or to docs/sources.md."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from model.definition import Variable

PAPER = re.compile(r"\b(?:[A-Z][a-z]+ and )?[A-Z][A-Za-z]+ (?:19|20)\d\d\b|\bXia and Lu\b|\bUN Manual \w+")
FILE = re.compile(r"[\w/]+\.(?:py|csv|md)\b")
SERIES = re.compile(r"\b[a-z]+(?:_[a-z0-9]+)+\b(?!\.)")
#: A census or a series of a place and year reads like a paper.
PLACES = {"Fuzhou", "Jinan"}


@pytest.fixture(scope="module")
def page(root: Path) -> str:
    return (root / "docs" / "sources.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def series(root: Path) -> set[str]:
    """Names of all series in the data."""
    found: set[str] = set()
    for file in (root / "cities" / "jinan" / "data").glob("*.csv"):
        with file.open(encoding="utf-8") as rows:
            found |= {row["variable"] for row in csv.DictReader(rows) if "variable" in row}
    return found


def unexplained(variables: Iterable[Variable], page: str, series: set[str], root: Path) -> list[str]:
    """What the sources name and nobody explains, each with the variable that names it."""
    table = tuple(variables)
    names = {variable.name for variable in table}
    explained = re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE)
    found = []
    for variable in table:
        source = "; ".join(variable.sources)
        known = {*explained, *series, *names, *(paper for paper in PAPER.findall(source) if paper in page)}
        if not any(name.casefold() in source.casefold() for name in known):
            found.append(f"{variable.name}: {source}")
        lost = [name for name in SERIES.findall(source) if name not in series and name not in explained]
        # Vensim constants in capitals look like papers too: UNREGISTERED RESIDENTS 2020.
        lost += [
            paper
            for paper in PAPER.findall(source)
            if paper not in page and paper.split()[0] not in PLACES and not any(paper in name for name in names)
        ]
        folders = (root, root / "cities" / "jinan" / "data")
        lost += [file for file in FILE.findall(source) if not any((folder / file).exists() for folder in folders)]
        found += [f"{variable.name}: {name}" for name in lost]
    return found


def test_every_source_is_explained(variables, page, series, root):
    assert unexplained(variables, page, series, root) == []


@pytest.mark.parametrize(
    "source", ["hearsay", "observations no_such_series (2020)", "literature, Nobody 1999", "cities/jinan/data/no.csv"]
)
def test_a_source_that_cannot_be_followed_is_noticed(source, variables, page, series, root):
    spoilt = replace(variables[-1], comment=f"词。 Meaning. Source: {source}. Grade: E")
    assert unexplained([spoilt], page, series, root)


def test_every_name_explained_is_used(variables, page):
    sources = " ".join("; ".join(variable.sources) for variable in variables).casefold()
    explained = re.findall(r"^\| `([^`]+)` \|", page, re.MULTILINE)
    assert [name for name in explained if name.casefold() not in sources] == []
