"""Compile a model to WebAssembly, and say in JSON what `engine.js` needs to run it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from ..arrays import make_inputs
from ..cache import cache_folder, is_whole, make_entry, model_digest
from ..compiling import Written, write_model
from ..errors import near
from ..prepared import PreparedModel
from ..reading.expressions import Call, Interpolation, Whole, walk
from ..reading.ordering import Plan
from ..reading.quantities import CONTROLS, RefusedModelError, explain_unreadable
from ..requests import ChangeError, Request, prepare, time_arguments
from ..results import BALANCE_TOLERANCE
from .c_spelling import CSpelling, defined_functions, runtime
from .compiler import FLAGS, WEB, compile_c, compiler_version

SOURCE: Final = "model.c"
MODULE: Final = "model.wasm"
DESCRIPTION: Final = "model.json"
#: Numbers in a line of a table.
_IN_A_LINE: Final = 8


@dataclass(frozen=True)
class WebModel:
    """A model for browsers: the compiled code, what `engine.js` needs to know of it, and the C it was made of."""

    wasm: bytes
    description: dict[str, Any]
    source: Path


def compile_to_wasm(
    path: str | Path,
    *,
    outputs: Iterable[str] | None = None,
    changeable: Iterable[str] | None = None,
    balances: tuple[str, ...] = (),
    method: Literal["euler", "rk2", "rk4"] | None = None,
    initial_time: float | None = None,
    final_time: float | None = None,
    time_step: float | None = None,
    saveper: float | None = None,
) -> WebModel:
    """Compile a Vensim or XMILE model to WebAssembly, which `engine.js` runs in browsers and in node.

    The result is kept in `cache_folder()` as `compile_model` keeps its own. Needs the package ziglang.

    Parameters
    ----------
    path
        The model file.
    outputs
        Variables that can be asked for; what no other depends on is left out. None for all.
    changeable
        Constants that a run may change; None for all that the model does not fix.
    balances, method
        As for `compile_model`.
    initial_time, final_time, time_step, saveper
        Time settings instead of the model's own, the same for all runs of what is compiled.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    RefusedModelError
        If the model uses what this engine does not know, or what it has no C for, by name.
    ChangeError
        For unknown names and impossible times, all at once.
    CompilerError
        If the compiler is not installed or fails.
    """
    path = Path(path)
    version = compiler_version()
    settings = {
        key: value
        for key, value in time_arguments(initial_time, final_time, time_step, saveper).items()
        if value is not None
    }
    wanted = None if outputs is None else list(dict.fromkeys(outputs))
    allowed = None if changeable is None else list(dict.fromkeys(changeable))
    options = repr((wanted, allowed, balances, method, settings, version, FLAGS, WEB))
    digest = model_digest(path)
    digest.update(options.encode())
    entry = cache_folder() / f"web_{digest.hexdigest()[:16]}"
    if not is_whole(entry):
        keep = None if wanted is None else lambda name: name in wanted or (bool(balances) and name.endswith(balances))
        with explain_unreadable(path):
            written = write_model(path, method, spelling=CSpelling(), keep=keep)
        request = _checked(written.prepared, wanted, allowed, settings)
        refuse_unknown(written.plan, defined_functions())
        watched = [name for name in written.prepared.variables if balances and name.endswith(balances)]
        text = complete_source(written, settings, watched)
        description = _description(written.prepared, request, allowed, watched)
        make_entry(entry, lambda folder: _fill(folder, text, description))
    description = json.loads((entry / DESCRIPTION).read_text(encoding="utf-8"))
    return WebModel((entry / MODULE).read_bytes(), description, entry / SOURCE)


def engine_script() -> str:
    """Return the text of `engine.js`, a module without imports."""
    return (Path(__file__).parent / "engine.js").read_text(encoding="utf-8")


def refuse_unknown(plan: Plan, known: frozenset[str]) -> None:
    """Refuse a model that calls functions of which there is no C.

    Raises
    ------
    RefusedModelError
        Naming each function and the variables that call it.
    """
    spelling = CSpelling()
    operators = {*spelling.arithmetic, *spelling.comparison, *spelling.logic, *(f":{name}:" for name in spelling.logic)}
    callers: dict[str, list[str]] = {}
    for block in (*plan.starting, *plan.stepping, *plan.updating):
        for statement in block.statements:
            for part in walk(statement.expression):
                if isinstance(part, Call) and part.function not in operators:
                    name = spelling.function(part.function)
                elif isinstance(part, Interpolation):
                    name = part.method
                elif isinstance(part, Whole):
                    name = part.function
                else:
                    continue
                if name not in known:
                    callers.setdefault(name, []).append(plan.quantities[statement.target].name)
    if callers:
        reasons = [f"{name} (in {', '.join(dict.fromkeys(where))})" for name, where in callers.items()]
        message = f"The model cannot be compiled for browsers: there is no C for {'; '.join(reasons)}"
        raise RefusedModelError(message)


def _checked(
    prepared: PreparedModel,
    outputs: Sequence[str] | None,
    changeable: Sequence[str] | None,
    settings: Mapping[str, float],
) -> Request:
    known = [name for name, variable in prepared.variables.items() if variable.changeable]
    mistakes = [
        f"{name!r} is not a constant that a run can change.{near(name, known)}"
        for name in changeable or ()
        if name not in known
    ]
    if mistakes:
        message = "\n".join(mistakes)
        raise ChangeError(message)
    return prepare(None, outputs, prepared.variables, prepared.ranges, settings)


def _fill(folder: Path, text: str, description: Mapping[str, Any]) -> None:
    (folder / SOURCE).write_text(text, encoding="utf-8", newline="\n")
    (folder / DESCRIPTION).write_text(
        json.dumps(description, ensure_ascii=False, separators=(",", ":"), allow_nan=False),
        encoding="utf-8",
        newline="\n",
    )
    compile_c(folder / SOURCE, folder / MODULE)


def complete_source(written: Written, settings: Mapping[str, float], watched: Sequence[str]) -> str:
    """Return the C of a model with all its tables, for some time settings and with the balances to be watched."""
    prepared, layout = written.prepared, written.prepared.layout
    inputs = make_inputs(prepared, prepare(None, [], prepared.variables, prepared.ranges, settings))
    places = [place for name in watched for place in _places(prepared, name)]
    numbers = {"SIZE": layout.size, "INPUTS": layout.inputs, "PIPES": inputs.pipes.size // 4, "WATCHED": len(places)}
    tables = [
        _table("double", "base", map(CSpelling().literal, inputs.base[: layout.inputs].tolist())),
        _table("int", "places", map(str, layout.places.tolist())),
        _table("int", "pipe_table", map(str, inputs.pipes.ravel().tolist())),
        _table("int", "watched", map(str, places)),
    ]
    constants = "\n".join(f"#define {name} {value}" for name, value in numbers.items())
    return "\n".join([runtime(), constants, "", *tables, START, written.text])


START: Final = """
// Where the model's own numbers lie.
EXPORT(numbers) place numbers(void) {
    return (place)base;
}
"""


def _table(kind: str, name: str, values: Iterable[str]) -> str:
    entries = list(values) or ["0"]
    lines = [", ".join(entries[first : first + _IN_A_LINE]) for first in range(0, len(entries), _IN_A_LINE)]
    inside = ",\n    ".join(lines)
    return f"static const {kind} {name}[] = {{\n    {inside}}};\n"


def _places(prepared: PreparedModel, name: str) -> list[int]:
    """Return the place of each element of a variable, in the order of its dims."""
    key = prepared.keys[name]
    lengths, axes = prepared.lengths[key], prepared.layout.axes[key]
    stored = np.arange(prepared.size(key)).reshape([lengths[axis] for axis in axes])
    order = [axes.index(axis) for axis in range(len(axes))]
    found: list[int] = (prepared.layout.offsets[key] + stored.transpose(order)).ravel().tolist()
    return found


def _strides(prepared: PreparedModel, key: str) -> list[int]:
    strides, distance = [0] * len(prepared.lengths[key]), 1
    for axis in reversed(prepared.layout.axes[key]):
        strides[axis] = distance
        distance *= prepared.lengths[key][axis]
    return strides


def _description(
    prepared: PreparedModel, request: Request, changeable: Sequence[str] | None, balances: Sequence[str]
) -> dict[str, Any]:
    inputs = make_inputs(prepared, request)
    always = prepared.needed(prepared.keys[name] for name in balances)
    outputs = {*request.outputs}
    variables: dict[str, Any] = {}
    for name, variable in prepared.variables.items():
        free = variable.changeable and (changeable is None or name in changeable)
        if not (free or name in outputs):
            continue
        key = prepared.keys[name]
        entry: dict[str, Any] = {
            "kind": variable.kind,
            "unit": variable.unit,
            "dims": list(variable.dims),
            "shape": list(variable.shape),
            "offset": prepared.layout.offsets[key],
            "strides": _strides(prepared, key),
        }
        if free:
            entry["changeable"] = True
        if name in outputs:
            needed = prepared.needed([key])
            entry["blocks"] = [number for number, keys in enumerate(prepared.blocks) if keys & needed]
            entry["states"] = [number for number, state in enumerate(prepared.states) if state in needed]
            data = [other for other, own in prepared.keys.items() if own in prepared.without_numbers & needed]
            if data:
                entry["data"] = data
            if key in prepared.missing:
                entry["missing"] = np.flatnonzero(prepared.missing[key]).tolist()
        variables[name] = entry
    controls = {
        name: float(inputs.base[prepared.layout.offsets[key]])
        for name, key in zip(("start", "final", "time_step", "saveper"), CONTROLS, strict=True)
    }
    dims = {dim for entry in variables.values() for dim in entry["dims"]}
    return {
        "name": prepared.name,
        **controls,
        "moments": inputs.times.tolist(),
        "saved": inputs.saved.tolist(),
        "times": inputs.labels.tolist(),
        "ranges": {dim: items for dim, items in prepared.ranges.items() if dim in dims},
        "variables": variables,
        "outputs": list(request.outputs),
        "block_count": len(prepared.blocks),
        "always": [number for number, keys in enumerate(prepared.blocks) if keys & always],
        "states": prepared.segments(prepared.states).tolist(),
        "always_states": [number for number, state in enumerate(prepared.states) if state in always],
        "balances": list(balances),
        "tolerance": BALANCE_TOLERANCE,
    }
