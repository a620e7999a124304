"""Compile any Vensim or XMILE model that PySD can read, and run whole ensembles of it."""

from model.changes import FirstAbove

from .ensemble import Ensemble
from .reading import RefusedModelError
from .results import BALANCE_TOLERANCE, BalanceError, NonFiniteError
from .running import CompiledModel, cache_folder, compile_model

__all__ = [
    "BALANCE_TOLERANCE",
    "BalanceError",
    "CompiledModel",
    "Ensemble",
    "FirstAbove",
    "NonFiniteError",
    "RefusedModelError",
    "cache_folder",
    "compile_model",
]
