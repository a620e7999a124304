"""Have generated modules compiled by LLVM, and load what came of it."""

from __future__ import annotations

import ctypes
import ctypes.util
import functools
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import llvmlite.binding as llvm
import numpy as np
import numpy.typing as npt

from . import functions
from .native import C_LIBRARY, ENTRY, INTRINSICS, assembly
from .reading.syntax import NOT_AVAILABLE

if TYPE_CHECKING:
    from .arrays import RunInputs

#: Copying out short loops takes most of the compiler's time and makes nothing faster here; what a vector loop leaves of
#: 86 ages is worth vectors too.
COMPILER_OPTIONS: Final = ("-unroll-full-max-count=0", "-unroll-runtime=0", "-epilogue-vectorization-minimum-VF=4")
#: What compiled code may ask of the C library beside functions of numbers.
FROM_C: Final = ("fmod", "free", "malloc", "memcpy", "memmove", "memset", "pow")
#: Of `run_block`: first run, run after the last, and eighteen arrays.
SIGNATURE: Final = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_int64, *[ctypes.c_void_p] * 18)


class Kernel:
    """Compiled code that is loaded."""

    def __init__(self, name: str, entry: Path) -> None:
        self.name = name
        #: The readable module that was compiled.
        self.source = entry / f"{name}.py"
        # It keeps the code in memory.
        self._engine = load_code((entry / f"{name}.o").read_bytes())
        self._run = SIGNATURE(self._engine.get_function_address(ENTRY))

    def run_block(
        self,
        first: int,
        last: int,
        inputs: RunInputs,
        out: npt.NDArray[np.float64],
        reduced: npt.NDArray[np.float64],
        failed: npt.NDArray[np.int64],
    ) -> None:
        """Make runs from `first` up to `last`; other threads may do as much at the same time.

        Parameters
        ----------
        inputs
            The same for all runs.
        out, reduced, failed
            What is filled: courses, with axes (run, time, element), reduced outputs, (run, element), and where each run
            failed; the first run is the first here.
        """
        arrays = [*inputs.arrays(out, reduced), out, reduced, failed]
        assert all(array.flags.c_contiguous for array in arrays)
        self._run(first, last, *(array.ctypes.data for array in arrays))


def compile_module(name: str, folder: Path) -> None:
    """Compile the generated module of a folder into machine code beside it."""
    text = (folder / f"{name}.py").read_text(encoding="utf-8")
    (folder / f"{name}.o").write_bytes(machine_code(translated(text)))


def translated(text: str) -> str:
    """Return a generated module, and what it calls of `functions`, in LLVM's language."""
    helpers = Path(str(functions.__file__)).read_text(encoding="utf-8")
    return assembly(text, helpers, {"NOT_AVAILABLE": NOT_AVAILABLE})


def machine_code(text: str) -> bytes:
    """Return what is written in LLVM's language as an object file for this machine."""
    _set_compiler_options()
    machine = _machine()
    module = llvm.parse_assembly(text)
    module.triple, module.data_layout = machine.triple, str(machine.target_data)
    module.verify()
    tuning = llvm.create_pipeline_tuning_options(speed_level=3)
    tuning.loop_vectorization = True
    tuning.slp_vectorization = False
    builder = llvm.create_pass_builder(machine, tuning)
    builder.getModulePassManager().run(module, builder)
    return bytes(machine.emit_object(module))


def load_code(code: bytes) -> Any:
    """Load an object file; what comes back says where its functions are, for as long as it is kept."""
    _offer_c_library()
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _machine())
    engine.add_object_file(llvm.object_file.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return engine


@functools.cache
def _set_compiler_options() -> None:
    for option in COMPILER_OPTIONS:
        llvm.set_option("engine", option)


@functools.cache
def _native_target() -> Any:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple()


def _machine() -> Any:
    features = llvm.get_host_cpu_features().flatten()
    return _native_target().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=features, opt=3, codemodel="jitdefault", jit=True
    )


@functools.cache
def _offer_c_library() -> None:
    """Say where the functions of the C library are, as not every system finds them by name."""
    _native_target()
    library = ctypes.CDLL("ucrtbase" if sys.platform == "win32" else ctypes.util.find_library("m"))
    plain = None if sys.platform == "win32" else ctypes.CDLL(None)
    for name in (*C_LIBRARY.values(), *INTRINSICS.values(), *FROM_C):
        found = next((one for one in (library, plain) if one is not None and hasattr(one, name)), None)
        if found is not None:
            llvm.add_symbol(name, ctypes.cast(getattr(found, name), ctypes.c_void_p).value)
