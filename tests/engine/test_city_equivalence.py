"""The city model means the same to the compiled engine and to PySD, for random constants and both start years."""

from __future__ import annotations

import numpy as np
import pytest

from model import MODEL_FILE
from model.engine import compile_model
from model.engine.pysd_model import ReferenceModel
from tests.support.city import OTHER_FORMS

START_YEARS = (2010, 2020)


@pytest.fixture(scope="module")
def engines():
    """Both engines on the city model."""
    return compile_model(MODEL_FILE), ReferenceModel(MODEL_FILE)


def random_constants(model, seed: int) -> dict[str, float]:
    """Every scalar constant within a tenth of its default; switches and whole numbers such as years stay."""
    table = model.variables
    scalars = table[(table["kind"] == "constant") & table["dims"].map(len).eq(0)]["default"].astype(float)
    movable = scalars[(scalars != scalars.round()) & (scalars != 0)]
    factors = np.random.default_rng(seed).uniform(0.9, 1.1, len(movable))
    return dict(movable * factors)


def assert_engines_agree(engines, seed: int, initial_time: int, final_time: float | None, forms=None) -> None:
    fast, slow = engines
    changes = random_constants(fast, seed) | (forms or {})
    assert len(changes) > 20
    # Every step is kept: what is emptied at each year end (Newborns) shows its size only within the year.
    settings = {"initial_time": initial_time, "final_time": final_time, "saveper": time_step(fast)}
    mine = fast.run(changes, **settings)
    other = slow.run(changes, **settings)
    assert list(mine.data_vars) == list(other.data_vars)
    for name, expected in other.data_vars.items():
        if str(name).endswith(" error"):
            # What should be zero, as a share of the whole: both engines give nothing but rounding.
            assert float(np.abs(mine[name]).max()) < 1e-12, name
            assert float(np.abs(expected).max()) < 1e-12, name
            continue
        largest = float(np.abs(expected).max())
        # Rounding only; sums are added in another order, so numbers that cancel are compared with the largest value.
        np.testing.assert_allclose(mine[name], expected, rtol=1e-9, atol=1e-12 * largest, err_msg=str(name))


def time_step(model) -> float:
    """The model's own time step."""
    return float(model.run(outputs=["TIME STEP"])["TIME STEP"][0])


@pytest.mark.parametrize("initial_time", START_YEARS)
def test_random_constants_give_what_pysd_gives_for_every_variable(engines, initial_time):
    assert_engines_agree(engines, 0, initial_time, initial_time + 1)


def test_the_other_forms_of_the_decision_rules_give_what_pysd_gives(engines):
    # Two steps: the first sees the start, the second what the first has made of it.
    assert_engines_agree(engines, 0, 2020, 2020.5, OTHER_FORMS)


@pytest.mark.slow
@pytest.mark.parametrize("initial_time", START_YEARS)
@pytest.mark.parametrize("seed", range(1, 6))
def test_random_constants_give_what_pysd_gives_to_the_end(engines, seed, initial_time):
    assert_engines_agree(engines, seed, initial_time, None)
