"""Page and desk tell the same: of every member, every output and year, and of every target."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from analysis.comparison.contributions import compare
from analysis.outcome.shares import share_in_percent
from analysis.outcome.targets import judge
from analysis.page.content import outputs
from benchmarks.browser import values_of
from calibration.fit.ensemble import read_members
from calibration.fit.evidence import Evidence
from model import load_model
from scenarios import load_levers, load_scenario, load_targets
from tests.analysis.page.conftest import MEMBERS

pytestmark = pytest.mark.browser

YEARS = range(2020, 2036)
#: Both compute with 64 bits; exp, log and powers are functions of two libraries, and differ in the last bit at times.
RELATIVE = 1e-12
SETS = 5


def random_changes(seed: int) -> dict[str, Any]:
    """Levers set by a number, a path or in one of their parts, as a link has them."""
    chance = random.Random(seed)
    changes: dict[str, Any] = {}
    for lever in chance.sample(list(load_levers().values()), 6):

        def value(lever=lever) -> float:
            return round(chance.uniform(lever.lowest, lever.highest), 6)

        kind = chance.random()
        if isinstance(lever.default, dict):
            first, second = chance.sample(list(lever.default), 2)
            changes[lever.constant] = {first: value(), second: {"2021": value(), "2030": value()}}
        elif kind < 0.5:
            changes[lever.constant] = {"2020": value(), "2024": value(), "2031": value()}
        else:
            changes[lever.constant] = value()
    if seed % 2:
        changes["LONG RUN FERTILITY"] = 1.2
    return changes


@pytest.fixture(scope="module")
def asked():
    bases = ("baseline", "plan", "tight_finance")
    random_sets = [
        (bases[seed % 3], random_changes(seed), str(Evidence("2020" if seed == 2 else "2023"))) for seed in range(SETS)
    ]
    return [("baseline", {}, "2023"), ("plan", {}, "2023"), *random_sets]


def scenario_file(tmp_path, base: str, changes: dict[str, Any]):
    """What the page would save, read as `run` reads it."""
    if not changes:
        return load_scenario(base)
    import yaml

    from model.definition import variables_by_name

    def plain(value):
        if not isinstance(value, dict):
            return value
        return {int(key) if key.isdigit() else key: plain(part) for key, part in value.items()}

    entries = {}
    for name, value in changes.items():
        kind = "value" if not isinstance(value, dict) else "path" if next(iter(value)).isdigit() else "by"
        entries[name] = {kind: plain(value), "unit": variables_by_name()[name].unit, "source": "assumption: a test"}
    content = {"name": "x", "title": {"zh": "x", "en": "x"}, "question": {"zh": "x", "en": "x"}, "base": base}
    path = tmp_path / "x.yaml"
    path.write_text(yaml.safe_dump({**content, "changes": entries, "expect": []}, sort_keys=False), encoding="utf-8")
    return load_scenario(path)


def test_fifty_members_under_several_settings_come_to_the_same(visit, larger_file, asked, tmp_path):
    targets = [one for one in load_targets().values() if one.modelled]
    names = outputs(targets)
    city = load_model()
    for base, changes, evidence in asked:
        page = visit(file=larger_file, base=base, changes=changes, evidence=evidence, compared=[])
        told = np.array(values_of(page)).reshape(MEMBERS, -1, len(YEARS))
        scenario = scenario_file(tmp_path, base, changes)
        run = city.run(scenario.settings(read_members(MEMBERS, Evidence(evidence))), outputs=names)
        parts = [run[name].transpose("run", ..., "time").to_numpy().reshape(MEMBERS, -1, len(YEARS)) for name in names]
        wanted = np.concatenate(parts, axis=1)
        # Of the largest value of each output: what is near nought is a difference of what is not.
        scale = np.abs(wanted).max(axis=(0, 2), keepdims=True)
        error = np.abs(told - wanted) / np.where(scale == 0, 1, scale)
        assert error.max() < RELATIVE, (base, changes)
        for target in targets:
            judged = judge(target, run[target.variable].rename(run="member"))
            cells = page.locator(f"#board [data-target='{target.id}'] td.number")
            assert cells.first.inner_text() == share_in_percent(judged.reached, judged.members), target.id
        page.close()


def test_contributions_are_those_of_compare(visit, larger_file):
    page = visit(
        file=larger_file, base="registration_reform", indicator="target registered urbanization rate", year=2030
    )
    page.locator("#why").scroll_into_view_if_needed()
    page.wait_for_selector("#why ol:not(.old) li", timeout=240_000)
    rows = page.evaluate("livePage.why.result.rows")
    first, second = load_scenario("baseline"), load_scenario("registration_reform")
    members = read_members(MEMBERS).isel(member=slice(16))
    indicator = "target registered urbanization rate"
    result = compare(load_model(), first, second, members, [indicator], [2030.0])
    means = result.contributions[indicator].sel(time=2030.0).mean("member")
    assert {row["constant"] for row in rows} == set(result.levers)
    for row in rows:
        assert row["mean"] == pytest.approx(float(means.sel(lever=row["constant"])), rel=1e-6, abs=1e-9)
