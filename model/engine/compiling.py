"""Read a model file, write its code, and compile it."""

from __future__ import annotations

import pickle
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
from .reading.expressions import Expression, Read, rebuild
from .reading.formulas import deep_recursion
from .reading.model_file import read_model
from .reading.ordering import plan
from .reading.quantities import CONTROLS, Quantity, RefusedModelError, explain_unreadable
from .replacing import NOTHING, Replaced
from .requests import ChangeError, prepare
from .variables import list_variables


class CompilationError(UserError, RuntimeError):
    """A model was read but could not be compiled on this machine."""


def compile_to_folder(
    path: Path, name: str, folder: Path, method: str | None = None, replaced: Replaced = NOTHING
) -> None:
    """Leave in a folder all that a compiled model consists of."""
    with explain_unreadable(path):
        prepared, text = prepare_model(path, method, replaced)
    (folder / f"{name}.py").write_text(text, encoding="utf-8")
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
    with deep_recursion():
        return _prepared(path, method, replaced)


def _prepared(path: Path, method: str | None, replaced: Replaced) -> tuple[PreparedModel, str]:
    definition = read_model(path)
    replaced.apply(definition)
    lookups = tuple(lookups_read(definition))
    controls = {key: _written_out(definition.quantities[key], definition.quantities) for key in CONTROLS}
    for key in CONTROLS:
        # Time settings are worked out before a run, not within it.
        definition.quantities[key].equations.clear()
    ordered = plan(definition)
    layout = lay_out(ordered)
    text = Generator(ordered, layout, definition.pipes, method or definition.method).module(
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
    return prepared, text


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
