"""Models in browsers: compiled to WebAssembly, and run by `engine.js`."""

from .compiler import CompilerError
from .web_model import WebModel, compile_to_wasm, engine_script

__all__ = ["CompilerError", "WebModel", "compile_to_wasm", "engine_script"]
