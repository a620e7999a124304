"""Compile Vensim and XMILE models, and run whole ensembles of them."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .cache import cache_folder as cache_folder
    from .compiled import CompiledModel as CompiledModel
    from .compiled import compile_model as compile_model
    from .ensemble import Ensemble as Ensemble
    from .reading.quantities import RefusedModelError as RefusedModelError
    from .requests import ChangeError as ChangeError
    from .requests import FirstAbove as FirstAbove
    from .results import BALANCE_TOLERANCE as BALANCE_TOLERANCE
    from .results import BalanceError as BalanceError
    from .results import NonFiniteError as NonFiniteError
    from .threads import use_threads as use_threads

_MODULES = {
    "BALANCE_TOLERANCE": "results",
    "BalanceError": "results",
    "ChangeError": "requests",
    "CompiledModel": "compiled",
    "Ensemble": "ensemble",
    "FirstAbove": "requests",
    "NonFiniteError": "results",
    "RefusedModelError": "reading.quantities",
    "cache_folder": "cache",
    "compile_model": "compiled",
    "use_threads": "threads",
}
__all__ = list(_MODULES)


def __getattr__(name: str) -> Any:
    # xarray and pandas take a second to load: only what is used is loaded.
    if name not in _MODULES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f".{_MODULES[name]}", __name__), name)
