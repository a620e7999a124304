"""Run what is compiled for browsers in node, and compare it with the desk's engine."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import xarray as xr

from model.engine import web
from model.engine.web import WebModel

NODE = shutil.which("node")
WASM_COMPILER = importlib.util.find_spec("ziglang") is not None
#: For tests that run what is compiled.
needs_node = pytest.mark.skipif(
    NODE is None or not WASM_COMPILER, reason="needs node and the package ziglang, which `pip install .[page]` brings"
)
#: For tests that compile only.
needs_compiler = pytest.mark.skipif(not WASM_COMPILER, reason="needs the package ziglang (`pip install .[page]`)")
#: Rounding: sums run in another order, and a product and a sum are rounded one after the other.
SAME = 1e-12


@dataclass(frozen=True)
class Answer:
    """Values of each request with axes (member, element, label), or what went wrong, and how much the code imports."""

    values: list[npt.NDArray[np.float64]]
    errors: list[str | None]
    imports: int


def run_in_node(compiled: WebModel, requests: Sequence[Mapping[str, Any]], common: Sequence[Any] = ()) -> Answer:
    """Make runs with engine.js; arrays in requests are lists."""
    assert NODE is not None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "model.wasm").write_bytes(compiled.wasm)
        (folder / "model.json").write_text(json.dumps(compiled.description), encoding="utf-8")
        (folder / "engine.js").write_text(web.engine_script(), encoding="utf-8")
        asked = {"common": list(common), "requests": list(requests)}
        (folder / "asked.json").write_text(json.dumps(asked), encoding="utf-8")
        script = Path(__file__).parent / "run_web.mjs"
        files = ["engine.js", "model.wasm", "model.json", "asked.json", "values"]
        done = subprocess.run([NODE, script, *files], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        said = json.loads(done.stdout)
        flat = np.fromfile(folder / "values")
    values, start = [], 0
    for request, length in zip(requests, said["lengths"], strict=True):
        members = request.get("members", 1)
        labels = len(request.get("labels", compiled.description["times"]))
        values.append(flat[start : start + length].reshape(members, -1, labels))
        start += length
    return Answer(values, said["errors"], said["imports"])


def assert_same_values(
    compiled: WebModel,
    values: npt.NDArray[np.float64],
    desk: xr.Dataset,
    outputs: Sequence[str],
    zero: float = 0.0,
    wider: Mapping[str, float] | None = None,
) -> None:
    """Compare what engine.js gives with a result of the desk: to 1e-12 of the largest value that a variable has.

    A variable that is never further from zero than `zero` holds nothing but rounding; `wider` names those that may be
    further apart.
    """
    start = 0
    wrong = []
    for name in outputs:
        expected = desk[name] if "run" in desk[name].dims else desk[name].expand_dims("run")
        expected = expected.transpose("run", ..., "time")
        flat = expected.to_numpy().reshape(expected.sizes["run"], -1, expected.sizes["time"])
        here = values[:, start : start + flat.shape[1]]
        start += flat.shape[1]
        assert here.shape == flat.shape, name
        alike = (here == flat) | (np.isnan(here) & np.isnan(flat))
        with np.errstate(invalid="ignore"):
            largest = np.abs(flat[np.isfinite(flat)]).max(initial=0.0)
            apart = np.where(alike, 0.0, np.abs(here - flat)).max()
        if not apart <= max((wider or {}).get(name, SAME) * largest, zero if largest <= zero else 0.0):
            wrong.append(f"{name}: {apart:.3g} apart, largest {largest:.3g}")
    assert start == values.shape[1]
    assert not wrong, "\n".join(wrong)
