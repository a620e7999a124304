"""The city model and the engines that run it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

if TYPE_CHECKING:
    from .definition import MODEL_FILE as MODEL_FILE
    from .engine.compiled import CompiledModel
    from .engine.pysd_model import ReferenceModel

__all__ = ["MODEL_FILE", "load_model"]


@overload
def load_model(engine: Literal["compiled"] = "compiled", path: str | Path | None = None) -> CompiledModel: ...


@overload
def load_model(
    engine: Literal["compiled", "pysd"], path: str | Path | None = None
) -> CompiledModel | ReferenceModel: ...


def load_model(
    engine: Literal["compiled", "pysd"] = "compiled", path: str | Path | None = None
) -> CompiledModel | ReferenceModel:
    """Load the city model, or the model at `path`; a run in which a balance of it is not zero fails.

    Parameters
    ----------
    engine
        "compiled" for the fast engine, "pysd" for the slow reference; both take the same calls.
    path
        Another model file.

    Raises
    ------
    ValueError
        If the engine has another name.

    Examples
    --------
    >>> load_model(path="tests/engine/models/teacup.mdl").run().sizes["time"]
    241
    """
    # The engines take seconds to load, which a command that only looks up names does without.
    from .definition import BALANCES, MODEL_FILE

    chosen = MODEL_FILE if path is None else Path(path)
    if engine == "compiled":
        from .engine.compiled import compile_model

        return compile_model(chosen, balances=BALANCES)
    if engine == "pysd":
        from .engine.pysd_model import ReferenceModel

        return ReferenceModel(chosen, balances=BALANCES)
    message = f"{engine!r} is no engine; there are 'compiled' and 'pysd'"
    raise ValueError(message)


def __getattr__(name: str) -> Path:
    # Made when it is asked for: the package is there before the city is chosen.
    if name == "MODEL_FILE":
        from .definition import MODEL_FILE

        return MODEL_FILE
    raise AttributeError(name)
