"""Read a model file, write its code, and compile it."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .arrays import time_settings
from .cache import VARIABLE, cache_folder
from .errors import UserError
from .generating import Generator
from .layout import lay_out
from .limits import lookups_read
from .loading import compile_module
from .native import NativeError
from .prepared import PREPARED, PreparedModel
from .reading.expressions import Expression, Read, rebuild, sources
from .reading.formulas import deep_recursion
from .reading.model_file import read_model
from .reading.ordering import Plan, plan
from .reading.quantities import CONTROLS, Quantity, RefusedModelError, explain_unreadable
from .replacing import NOTHING, Replaced
from .requests import ChangeError, prepare
from .spelling import PYTHON, Spelling
from .variables import list_variables


class CompilationError(UserError, RuntimeError):
    """A model was read but could not be compiled on this machine."""


def compile_to_folder(
    path: Path, name: str, folder: Path, method: str | None = None, replaced: Replaced = NOTHING
) -> None:
    """Leave in a folder all that a compiled model consists of."""
    with explain_unreadable(path):
        prepared, text = prepare_model(path, method, replaced)
    (folder / f"{name}.py").write_text(text, encoding="utf-8", newline="\n")
    (folder / PREPARED).write_bytes(pickle.dumps(prepared))
    try:
        compile_module(name, folder)
    except (NativeError, RuntimeError, MemoryError) as error:
        message = (
            f"{name} could not be compiled: {' '.join(str(error).split())[-600:]}. Compiled models are kept in "
            f"{cache_folder()}; see that there is memory left, or name another folder in the variable {VARIABLE}."
        )
        raise CompilationError(message) from None


def prepare_model(path: Path, method: str | None = None, replaced: Replaced = NOTHING) -> tuple[PreparedModel, str]:
    """Return what is kept of a model, and the source text of its code."""
    written = write_model(path, method, replaced)
    return written.prepared, written.text


@dataclass(frozen=True)
class Written:
    """What is kept of a model, its code, and the plan that the code follows."""

    prepared: PreparedModel
    plan: Plan
    text: str


def write_model(
    path: Path,
    method: str | None = None,
    replaced: Replaced = NOTHING,
    *,
    spelling: Spelling = PYTHON,
    keep: Callable[[str], bool] | None = None,
) -> Written:
    """Read a model and write its code.

    Parameters
    ----------
    path
        The model file.
    method
        How stocks are integrated; None for what the file asks for.
    replaced
        What a run gives instead of equations.
    spelling
        The language of the code.
    keep
        Says by name which variables are wanted; what none of them depends on is left out. None for all.
    """
    with deep_recursion():
        return _written(path, method, replaced, spelling, keep)


def _written(
    path: Path, method: str | None, replaced: Replaced, spelling: Spelling, keep: Callable[[str], bool] | None
) -> Written:
    definition = read_model(path)
    replaced.apply(definition)
    lookups = tuple(lookups_read(definition))
    controls = {key: _written_out(definition.quantities[key], definition.quantities) for key in CONTROLS}
    for key in CONTROLS:
        # Time settings are worked out before a run, not within it.
        definition.quantities[key].equations.clear()
    ordered = plan(definition)
    if keep is not None:
        _leave_out(ordered, {key for key, item in ordered.quantities.items() if keep(item.name)})
    layout = lay_out(ordered)
    text = Generator(ordered, layout, definition.pipes, method or definition.method, spelling).module(
        f"The model {path.stem}, generated"
    )
    blocks = {block.name: block for block in (*ordered.starting, *ordered.stepping, *ordered.updating)}.values()
    quantities = ordered.quantities
    prepared = PreparedModel(
        name=path.name,
        variables=list_variables(definition),
        ranges=definition.ranges,
        layout=layout,
        keys={item.name: key for key, item in quantities.items() if not item.hidden},
        lengths={key: item.lengths for key, item in quantities.items()},
        states=tuple(key for key, item in quantities.items() if item.starts),
        order=tuple(dict.fromkeys(statement.target for block in blocks for statement in block.statements)),
        needs=ordered.needs,
        blocks=tuple(frozenset(block.variables) for block in blocks),
        pipes=tuple(definition.pipes),
        pipe_sizes=tuple(quantities[pipe.state].size for pipe in definition.pipes),
        controls=controls,
        lookups=lookups,
        without_numbers=frozenset(key for key, item in quantities.items() if item.without_numbers),
        missing={key: item.missing for key, item in quantities.items() if item.missing is not None},
    )
    try:
        time_settings(prepared, prepare(None, [], prepared.variables, prepared.ranges, {}))
    except ChangeError as error:
        message = f"The model cannot be compiled: {error}"
        raise RefusedModelError(message) from None
    return Written(prepared, ordered, text)


def _leave_out(ordered: Plan, keys: set[str]) -> None:
    """Leave out the blocks that some variables do not depend on."""
    needed = sources(ordered.needs, keys)
    for blocks in (ordered.starting, ordered.stepping, ordered.updating):
        blocks[:] = [block for block in blocks if block.variables & needed]


def _written_out(quantity: Quantity, quantities: dict[str, Quantity], above: tuple[str, ...] = ()) -> Expression:
    """Return the one equation of a time setting with those of the variables it reads in their place."""
    if len(quantity.equations) != 1:
        message = f"The model cannot be compiled: {quantity.name} must have one equation"
        raise RefusedModelError(message)

    def written(expression: Expression) -> Expression:
        if isinstance(expression, Read) and expression.variable not in (*CONTROLS, *above):
            source = quantities[expression.variable]
            if len(source.equations) == 1 and not source.dims and not source.starts:
                return _written_out(source, quantities, (*above, source.key))
        return rebuild(expression, written)

    return written(quantity.equations[0].expression)
