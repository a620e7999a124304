"""Run a model's generated code as plain Python: the same lines as when compiled, without waiting for the compiler."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from model.engine import arrays, functions
from model.engine.compiling import prepare_model
from model.engine.requests import prepare
from model.engine.results import build_dataset


def run_plainly(
    path: Path, changes: dict[str, Any] | None = None, run: int = 0, method: str | None = None
) -> xr.Dataset:
    """The results of one run; numbers that are not finite are kept."""
    prepared, text = prepare_model(path, method)
    names = dict(vars(functions))
    # These two work on the bits of numbers, and are tested on their own.
    names.update(exponential=np.exp, divide=lambda a, b, _: a / b, np=np, math=math)
    body = re.sub(r"from model\.engine\.functions import \([^)]*\)", "", text)
    exec(compile(body, str(path), "exec"), names)
    request = prepare(changes, None, prepared.variables, prepared.ranges, {})
    inputs = arrays.make_inputs(prepared, request)._replace(keep_going=True)
    courses, reduced = arrays.allocate_outputs(inputs, 1)
    with np.errstate(all="ignore"):
        filled = [courses.reshape(-1), reduced.reshape(-1), np.full(1, -1)]
        names["run_block"](run, run + 1, *(array.reshape(-1) for array in inputs.arrays(courses, reduced)), *filled)
    values = {name: array[0] for name, array in arrays.split_outputs(prepared, request, courses, reduced).items()}
    return build_dataset(prepared.variables, prepared.ranges, values, inputs.labels, None, {})
