"""Compile any Vensim or XMILE model that PySD can read, and run whole ensembles of it."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .cache import cache_folder
    from .compiled import CompiledModel, compile_model
    from .ensemble import Ensemble
    from .reading.quantities import RefusedModelError
    from .requests import ChangeError, FirstAbove
    from .results import BALANCE_TOLERANCE, BalanceError, NonFiniteError

__all__ = [
    "BALANCE_TOLERANCE",
    "BalanceError",
    "ChangeError",
    "CompiledModel",
    "Ensemble",
    "FirstAbove",
    "NonFiniteError",
    "RefusedModelError",
    "cache_folder",
    "compile_model",
]

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
}


def __getattr__(name: str) -> Any:
    # Numba and xarray take a second to load: only what is used is loaded.
    if name not in _MODULES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f".{_MODULES[name]}", __name__), name)
