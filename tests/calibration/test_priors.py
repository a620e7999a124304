"""Priors name every constant of the model once, say what they mean, and refuse mistakes all at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from calibration.fit.priors import PRIORS_FILE, PriorError, changes, read_priors
from model.definition import variables_by_name
from scenarios import load_scenarios, shipped_scenarios


@pytest.fixture(scope="module")
def priors():
    return read_priors()


@pytest.fixture(scope="module")
def points(priors):
    return priors.draw(4000, np.random.default_rng(5))


def test_every_constant_has_a_prior_or_a_reason_to_be_held_fixed(priors):
    constants = {name for name, variable in variables_by_name().items() if variable.kind == "constant"}
    named = [parameter.name for parameter in priors.parameters] + list(priors.held_fixed)
    assert sorted(named) == sorted(constants)
    assert all(reason.strip() for reason in priors.held_fixed.values())


def test_no_prior_is_put_on_what_a_shipped_scenario_starts_from_its_own_default():
    # A path that begins at "default" means the model file's number, which a draw would contradict.
    uncertain = {parameter.name for parameter in read_priors().parameters}
    for scenario in load_scenarios(shipped_scenarios()):
        text = scenario.path.read_text(encoding="utf-8")
        for name in uncertain:
            block = text.partition(f"  {name}:")[2].partition("source:")[0]
            assert "default" not in block, f"{scenario.name}: {name}"


@pytest.mark.parametrize("name", ["MORTALITY 2020", "TALENT RESPONSE", "UNIT COST"])
def test_a_range_holds_nine_tenths_of_the_draws(priors, name):
    parameter = priors.parameter(name)
    standard = np.random.default_rng(1).standard_normal((20_000, 1))
    values = parameter.values(standard)
    # Two standard errors of a share of 0.9 among 20,000, and what the model's limits cut off.
    assert ((values > parameter.p05) & (values < parameter.p95)).mean() == pytest.approx(0.9, abs=0.02)


def test_no_draw_leaves_the_limits_of_the_model(priors, points):
    drawn = changes(priors.dataset(points[:500]))
    for name, array in drawn.data_vars.items():
        variable = variables_by_name()[str(name)]
        if variable.low is not None and variable.high is not None:
            # Rounding of a factor times a table.
            room = 1e-9 * max(abs(variable.low), abs(variable.high))
            assert float(array.min()) >= variable.low - room, name
            assert float(array.max()) <= variable.high + room, name


def test_every_draw_meets_the_constraints(priors, points):
    values = priors.values(points)
    assert priors.allowed(points).all()
    assert (values["LONG RUN FERTILITY"] <= values["FERTILITY 2020"]).all()
    assert (values["FARM LABOUR SHARE 2020"] <= values["FARM LABOUR SHARE 2010"]).all()
    assert not priors.allowed(np.random.default_rng(2).standard_normal((500, priors.size))).all()


def test_the_short_way_to_the_engine_gives_the_same_numbers(priors, points):
    long = changes(priors.dataset(points[:3]))
    short = priors.settings(points[:3])
    assert set(short) == set(long.data_vars)
    for name, array in short.items():
        np.testing.assert_allclose(array.to_numpy(), long[name].to_numpy(), rtol=1e-14)


def test_all_mistakes_of_a_file_are_told_at_once(tmp_path: Path):
    text = PRIORS_FILE.read_text(encoding="utf-8")
    broken = (
        text.replace("  POOL CHANGE: {shape: normal", "  POOL CHNAGE: {shape: gaussian")
        .replace(
            "  MIND CHANGE TIME: {shape: lognormal, range: [1.2, 3.4]",
            "  MIND CHANGE TIME: {shape: lognormal, range: [3.4, 1.2]",
        )
        .replace("  - LONG RUN FERTILITY <= FERTILITY 2020", "  - LONG RUN FERTILITI <= FERTILITY 2020")
    )
    assert broken.count("CHNAGE") == broken.count("[3.4, 1.2]") == broken.count("FERTILITI") == 1
    path = tmp_path / "priors.yaml"
    path.write_text(broken, encoding="utf-8")
    with pytest.raises(PriorError) as caught:
        read_priors(path)
    for told in ("POOL CHNAGE", "Did you mean 'POOL CHANGE'", "must go up", "LONG RUN FERTILITI", "stands neither"):
        assert told in str(caught.value), told


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("{shape: gaussian, range: [0, 1], grade: E, source: judged}", "'shape' must be one of normal, lognormal"),
        ("{shape: normal, range: [0, 1], grade: F, source: judged}", "'grade' must be one of A, B, C, D, E; not 'F'"),
        ("{shape: normal, range: [0, 1], grade: E}", "'source' is missing"),
        ("{shape: lognormal, range: [-1, 1], grade: E, source: judged}", "above zero"),
        ("{shape: normal, grade: E, source: judged}", "either a range or a factor"),
        ("{shape: normal, range: [5, 6], grade: E, source: judged}", "beyond the limits"),
        ("{shape: normal, range: [0, 1], each: true, grade: E, source: judged}", "belongs to a factor"),
        ("{shape: normal, rnage: [0, 1], grade: E, source: judged}", "Did you mean 'range'"),
    ],
)
def test_a_prior_that_makes_no_sense_is_refused(tmp_path: Path, entry: str, told: str):
    lines = PRIORS_FILE.read_text(encoding="utf-8").splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith("  POOL CHANGE:"))
    lines[place] = f"  POOL CHANGE: {entry}"
    path = tmp_path / "priors.yaml"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(PriorError, match=told):
        read_priors(path)
