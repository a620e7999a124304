"""Every source leads to what it names: files, rows of data, sections of the plan, the first fit."""

from __future__ import annotations

import re
from functools import cache

import pandas as pd
import pytest

from calibration.observations import RULES_FILE, read_observations
from calibration.studies.first_fit import PARAMETERS
from model.definition import read_definition

NAMED = {variable.name: "; ".join(variable.sources) for variable in read_definition() if variable.sources}
#: A path of the project, a row of the observations, a row of the rules, and a first fit.
PATH = re.compile(r"\b(?:docs|calibration|scenarios|analysis)/[\w/.-]+\w")
OBSERVED = re.compile(r"observations? ((?:\w+_\w+)(?:(?:,| and| over| plus) \w+_\w+)*)")
RULE = re.compile(r"policy_rules_and_targets (\w+_?\w*)")
FIRST_FIT = "first fit"


@cache
def rules(folder: str) -> pd.DataFrame:
    return pd.read_csv(f"{folder}/{RULES_FILE}")


def those(pattern: re.Pattern[str]) -> list[tuple[str, str]]:
    return [(name, found) for name, source in NAMED.items() for found in pattern.findall(source)]


def test_every_path_exists(root):
    paths = those(PATH)
    assert len(paths) > 20
    assert [pair for pair in paths if not (root / pair[1]).exists()] == []


def test_every_observation_named_is_in_the_data():
    known = set(read_observations()["variable"])
    rows = [(name, row) for name, found in those(OBSERVED) for row in re.findall(r"\w+_\w+", found)]
    assert len(rows) > 6
    assert [pair for pair in rows if pair[1] not in known] == []


def test_every_rule_named_is_in_the_file(root):
    known = " ".join(rules(str(root / "cities" / "jinan" / "data"))["variable"])
    named = those(RULE)
    assert len(named) > 5
    assert [pair for pair in named if pair[1] not in known] == []


def test_what_the_first_fit_is_said_to_give_is_fitted_there():
    fitted = {parameter.name for parameter in PARAMETERS}
    said = {name for name, source in NAMED.items() if FIRST_FIT in source}
    assert len(said) > 10
    assert said <= fitted, said - fitted


@pytest.mark.parametrize("page", ["docs/data.md"])
def test_a_page_that_is_a_source_tells_of_it(root, page):
    text = (root / page).read_text(encoding="utf-8").lower()
    words = {"births": "births", "infants": "infants", "net registered migration": "net registered migration"}
    sources = [source for source in NAMED.values() if page in source]
    assert sources
    assert [
        source for source in sources if not any(key in source and word in text for key, word in words.items())
    ] == []
