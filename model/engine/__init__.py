"""Compile any Vensim or XMILE model that PySD can read, and run whole ensembles of it."""

from .compiled import CompiledModel, cache_folder, compile_model
from .ensemble import Ensemble
from .reading.model_file import RefusedModelError
from .requests import FirstAbove
from .results import BALANCE_TOLERANCE, BalanceError, NonFiniteError

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
