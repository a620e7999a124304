"""What the engine's tests share: the folder of small models, and the comparison with the reference."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from model.engine import cache_folder, compile_model
from model.engine.pysd_model import ReferenceModel

MODELS = Path(__file__).parent / "models"


@pytest.fixture(scope="session")
def models() -> Path:
    """The folder of small models."""
    return MODELS


@pytest.fixture(scope="session")
def assert_same():
    """A function that compares the compiled engine with PySD for every variable at every saved step."""
    return compare


def compare(path: Path, changes: dict[str, Any] | None = None, **settings: Any) -> xr.Dataset:
    """Run a model on both engines and compare everything.

    Rounding only: 1e-9 relative, and 1e-12 of the variable's largest value for numbers that cancel to nearly zero.
    """
    fast = compile_model(path).run(changes, **settings)
    slow = ReferenceModel(path).run(changes, **settings)
    assert list(fast.data_vars) == list(slow.data_vars)
    assert len(fast.data_vars) > 4
    np.testing.assert_array_equal(fast["time"], slow["time"])
    for name, expected in slow.data_vars.items():
        assert fast[name].dims == expected.dims
        largest = float(np.abs(expected).max())
        np.testing.assert_allclose(fast[name], expected, rtol=1e-9, atol=1e-12 * largest, err_msg=str(name))
    return fast


@pytest.fixture
def write_model(tmp_path: Path):
    """A function that writes a model from its equations, with time from 0 to 10 in steps of a quarter."""

    def write(equations: str, name: str = "small") -> Path:
        times = "INITIAL TIME = 0 ~~|\nFINAL TIME = 10 ~~|\nTIME STEP = 0.25 ~~|\nSAVEPER = TIME STEP ~~|\n"
        path = tmp_path / f"{name}.mdl"
        path.write_text("{UTF-8}\n" + equations + "\n" + times, encoding="utf-8")
        return path

    return write


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder for one test."""
    monkeypatch.setenv("ENGINE_CACHE", str(tmp_path / "cache"))
    return cache_folder()
