# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Builds simulated engines as shared libraries, which are IREE executable plugins as well.

A library is built once for its sources, tools and options and kept in `$SEEDLM_CACHE`/fpga, by
default ~/.cache/seedlm/fpga.
"""

import hashlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

import seedlm.runtime.fpga as _sources
from seedlm.codec.storage import replacing
from seedlm.errors import SeedlmError
from seedlm.fpga.parameters import EngineParameters
from seedlm.fpga.toolchain import Verilator, compiler, run, verilator
from seedlm.fpga.verilog import expand_module, top_module

SOURCES = Path(_sources.__file__).parent
"""The folder of the Verilog and C++ sources."""

_TOP = "seedlm_top"
_VERILATOR_OPTIONS = (
    *("--cc", "--top-module", _TOP, "--language", "1364-2005", "--no-timing"),
    # Without the data-flow graph's names, the code of all lanes is the same and is kept once.
    *("-O3", "-fno-dfg", "--output-split", "0", "--x-assign", "fast", "--x-initial", "fast"),
)
_COMPILER_OPTIONS = (
    *("-std=c++20", "-O2", "-fPIC", "-fvisibility=hidden", "-fno-gnu-unique"),
    *("-fwrapv", "-w", "-pthread"),
)
_RUNTIME = ("verilated.cpp", "verilated_threads.cpp")
_TRACING_RUNTIME = ("verilated_vcd_c.cpp",)


def symbol(parameters: EngineParameters) -> str:
    """Returns the name of the C function that multiplies with an engine, see docs/fpga.md."""
    return f"seedlm_fpga_multiply_{parameters.name}"


def write_verilog(parameters: EngineParameters, folder: Path) -> None:
    """Writes the generated modules of an engine into a folder."""
    (folder / f"{_TOP}.v").write_text(top_module(parameters))
    if parameters.code is not None:
        (folder / "seedlm_expand.v").write_text(expand_module(parameters.code))


def rtl_arguments(folder: Path) -> list[str | Path]:
    """Returns the arguments with which Verilator reads the engine written into `folder`."""
    return [f"-I{SOURCES / 'rtl'}", f"-I{folder}", folder / f"{_TOP}.v"]


def build_library(parameters: EngineParameters, *, tracing: bool = False) -> Path:
    """Returns the library of an engine, built if it is not in the cache yet.

    Args:
        parameters: The engine.
        tracing: Whether it can write waveforms, which makes it slower.

    Raises:
        SeedlmError: A tool is missing or fails, or the cache cannot be written.
    """
    tools = verilator()
    library = _cache_folder() / f"libseedlm-fpga-{parameters.name}-{_digest(parameters, tracing)}.so"
    if library.is_file():
        return library
    try:
        library.parent.mkdir(parents=True, exist_ok=True)
        with (
            tempfile.TemporaryDirectory(prefix="build-", dir=library.parent) as folder,
            replacing(library) as temporary,
        ):
            _build(parameters, tools, Path(folder), temporary, tracing)
    except OSError as error:
        raise SeedlmError(f"{library.parent}: {error.strerror}") from None
    return library


def _build(
    parameters: EngineParameters, tools: Verilator, folder: Path, library: Path, tracing: bool
) -> None:
    write_verilog(parameters, folder)
    tools.run(
        [
            *_VERILATOR_OPTIONS,
            *(["--trace-vcd"] if tracing else []),
            *("--Mdir", folder / "model"),
            SOURCES / "sim" / "seedlm_sim.vlt",
            *rtl_arguments(folder),
        ]
    )
    (folder / "seedlm_parameters.h").write_text(_parameters_header(parameters))
    runtime = _RUNTIME + (_TRACING_RUNTIME if tracing else ())
    files = [
        *sorted((folder / "model").glob("*.cpp")),
        *(tools.include / name for name in runtime),
        *_library_sources(),
    ]
    everything = folder / "everything.cpp"
    everything.write_text("".join(f'#include "{file}"\n' for file in files))
    includes = [SOURCES / "sim", SOURCES / "plugin", folder, folder / "model"]
    includes += [tools.include, tools.include / "vltstd"]
    run(
        [
            *(compiler(), *_COMPILER_OPTIONS, "-shared", everything, "-o", library),
            *(["-DSEEDLM_FPGA_TRACE"] if tracing else []),
            *(f"-I{folder}" for folder in includes),
        ]
    )


def _library_sources() -> list[Path]:
    return [*sorted((SOURCES / "sim").glob("*.cpp")), *sorted((SOURCES / "plugin").glob("*.cpp"))]


def _parameters_header(parameters: EngineParameters) -> str:
    sizes = {
        "kBlock": parameters.block,
        "kLanes": parameters.lanes,
        "kPlace": parameters.place,
        "kBanks": parameters.banks,
        "kMaxSegment": parameters.max_segment,
        "kStepBits": parameters.step_bits,
    }
    lines = [f"inline constexpr size_t {name} = {size};" for name, size in sizes.items()]
    return "\n".join(
        (
            "#pragma once",
            "#include <cstddef>",
            "namespace seedlm::fpga {",
            f'inline constexpr char kSymbol[] = "{symbol(parameters)}";',
            *lines,
            "} // namespace seedlm::fpga\n",
        )
    )


def _digest(parameters: EngineParameters, tracing: bool) -> str:
    """Returns a hash of everything that a library depends on."""
    tools = verilator()
    digest = hashlib.sha256()
    words: Iterable[object] = (
        *(parameters, tracing, _VERILATOR_OPTIONS, _COMPILER_OPTIONS, compiler()),
        *(tools.binary, tools.binary.stat().st_size, tools.binary.stat().st_mtime_ns),
        *(top_module(parameters), _parameters_header(parameters)),
    )
    digest.update(repr(tuple(map(str, words))).encode())
    for file in sorted(SOURCES.rglob("*.*")):
        if file.suffix in {".v", ".vlt", ".h", ".cpp"}:
            digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


def _cache_folder() -> Path:
    folder = os.environ.get("SEEDLM_CACHE")
    return Path(folder or Path.home() / ".cache" / "seedlm") / "fpga"
