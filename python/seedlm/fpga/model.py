# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Verilog modules as shared libraries: Verilator's model of one and C++ that drives it.

A library is built once for its sources, tools and options and kept in `$SEEDLM_CACHE`/fpga, by
default ~/.cache/seedlm/fpga.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import seedlm.runtime.fpga as _sources
from seedlm.codec.storage import replacing
from seedlm.errors import SeedlmError
from seedlm.fpga.toolchain import Verilator, compiler, run, verilator

SOURCES = Path(_sources.__file__).parent
"""The folder of the Verilog and C++ sources."""

LANGUAGE = "1364-2005"
"""The Verilog that all sources are written in, as Verilator calls it."""

_PREFIX = "Vseedlm_top"
_VERILATOR_OPTIONS = (
    *("--cc", "--prefix", _PREFIX, "--language", LANGUAGE, "--no-timing"),
    # Without the data-flow graph's names, the code of all lanes is the same and is kept once.
    *("-O3", "-fno-dfg", "--output-split", "0", "--x-assign", "fast", "--x-initial", "fast"),
)
_COMPILER_OPTIONS = (
    *("-std=c++20", "-O2", "-fPIC", "-fvisibility=hidden", "-fno-gnu-unique"),
    *("-fwrapv", "-w", "-pthread"),
)
_RUNTIME = ("verilated.cpp", "verilated_threads.cpp", "verilated_vcd_c.cpp")


@dataclass(frozen=True)
class Model:
    """A library to build.

    Attributes:
        name: Begins the name of its file.
        top: The top module.
        generated: Texts of files that are generated, by name: Verilog modules, one a file, and
            C++ headers.
        cpp: C++ sources, which find the model's class in "Vseedlm_top.h".
        tracing: Whether it can write waveforms, for which C++ has SEEDLM_FPGA_TRACE.
    """

    name: str
    top: str
    generated: Mapping[str, str]
    cpp: Sequence[Path]
    tracing: bool = False


def build(model: Model) -> Path:
    """Returns the library of a model, built if it is not in the cache yet.

    Raises:
        SeedlmError: A tool is missing or fails, or the cache cannot be written.
    """
    tools = verilator()
    library = cache_folder() / f"lib{model.name}-{_digest(model, tools)}.so"
    if not library.is_file():
        _replace(library, lambda folder, file: _build(model, tools, folder, file))
    return library


def cache_folder() -> Path:
    """Returns the folder in which libraries are kept."""
    folder = os.environ.get("SEEDLM_CACHE")
    return Path(folder or Path.home() / ".cache" / "seedlm") / "fpga"


def rtl_arguments(folder: Path, top: str) -> list[str | Path]:
    """Returns the arguments with which Verilator reads generated modules in `folder`."""
    return ["--top-module", top, f"-I{SOURCES / 'rtl'}", f"-I{folder}", folder / f"{top}.v"]


def _build(model: Model, tools: Verilator, folder: Path, library: Path) -> None:
    for name, text in model.generated.items():
        (folder / name).write_text(text)
    configuration = SOURCES / "sim" / "seedlm_sim.vlt"
    tracing = ["--trace-vcd"] if model.tracing else []
    directory = folder / "model"
    options = (*_VERILATOR_OPTIONS, *tracing)
    inputs = (configuration, *rtl_arguments(folder, model.top))
    tools.run([*options, "--Mdir", directory, *inputs])
    # One source of all, as most of the time goes into reading the same headers.
    everything = folder / "everything.cpp"
    files = [*sorted(directory.glob("*.cpp")), *model.cpp]
    everything.write_text("".join(f'#include "{file}"\n' for file in files))
    folders = [folder, directory, *dict.fromkeys(file.parent for file in model.cpp)]
    _compile(
        tools,
        ["-shared", everything, _runtime(tools), "-o", library],
        folders,
        ["-DSEEDLM_FPGA_TRACE"] if model.tracing else [],
    )


def _runtime(tools: Verilator) -> Path:
    """Returns the object file of Verilator's runtime, which all libraries share."""
    digest = hashlib.sha256(_identity(tools)).hexdigest()[:16]
    file = cache_folder() / f"verilated-{digest}.o"
    if not file.is_file():
        _replace(file, lambda folder, output: _compile_runtime(tools, folder, output))
    return file


def _compile_runtime(tools: Verilator, folder: Path, output: Path) -> None:
    source = folder / "runtime.cpp"
    source.write_text("".join(f'#include "{tools.include / name}"\n' for name in _RUNTIME))
    _compile(tools, ["-c", source, "-o", output], [], [])


def _compile(
    tools: Verilator,
    arguments: Sequence[str | Path],
    folders: Sequence[Path],
    options: Sequence[str],
) -> None:
    includes = [*folders, tools.include, tools.include / "vltstd"]
    command = [compiler(), *_COMPILER_OPTIONS, *options, *arguments]
    run([*command, *(f"-I{folder}" for folder in includes)])


def _replace(file: Path, make: Callable[[Path, Path], None]) -> None:
    """Makes a file of the cache: calls `make` with a folder for its work and the file to write."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with (
            tempfile.TemporaryDirectory(prefix="build-", dir=file.parent) as folder,
            replacing(file) as temporary,
        ):
            make(Path(folder), temporary)
    except OSError as error:
        raise SeedlmError(f"{error.filename or file.parent}: {error.strerror}") from None


def _digest(model: Model, tools: Verilator) -> str:
    """Returns a hash of everything that a library depends on."""
    digest = hashlib.sha256(_identity(tools))
    digest.update(repr((model.top, sorted(model.generated.items()), model.tracing)).encode())
    sources = {*model.cpp, *SOURCES.rglob("*.v"), *SOURCES.rglob("*.vlt")}
    headers = {header for file in model.cpp for header in file.parent.glob("*.h")}
    for file in sorted(sources | headers):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


def _identity(tools: Verilator) -> bytes:
    status = tools.binary.stat()
    words = (tools.root, status.st_size, status.st_mtime_ns, compiler())
    return repr((words, _VERILATOR_OPTIONS, _COMPILER_OPTIONS, _RUNTIME)).encode()
