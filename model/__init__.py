"""The city model and the engines that run it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, overload

from model.definition import BALANCES, MODEL_FILE
from model.engine import CompiledModel, compile_model
from model.engine.pysd_model import ReferenceModel
from model.engine.requests import ChangeError

__all__ = ["MODEL_FILE", "ChangeError", "load_model"]


@overload
def load_model(engine: Literal["compiled"] = "compiled", path: str | Path | None = None) -> CompiledModel: ...


@overload
def load_model(
    engine: Literal["compiled", "pysd"], path: str | Path | None = None
) -> CompiledModel | ReferenceModel: ...


def load_model(
    engine: Literal["compiled", "pysd"] = "compiled", path: str | Path | None = None
) -> CompiledModel | ReferenceModel:
    """Load the city model, or the model at `path`; a run in which a balance of it is not nil fails.

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
    chosen = MODEL_FILE if path is None else Path(path)
    if engine == "compiled":
        return compile_model(chosen, balances=BALANCES)
    if engine == "pysd":
        return ReferenceModel(chosen, balances=BALANCES)
    message = f"{engine!r} is no engine; there are 'compiled' and 'pysd'"
    raise ValueError(message)
