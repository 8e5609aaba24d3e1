# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""MLIR contexts and modules: parsing with one-line errors, writing bytecode."""

from pathlib import Path

from iree.compiler import ir

from seedlm.errors import SeedlmError

_PAGE_BYTES = 4096
_MIN_MAPPED_BYTES = 4 * _PAGE_BYTES


def make_context() -> ir.Context:
    """Returns a context with all of IREE's dialects that also accepts seedlm's operations.

    The wheel's Python bindings cannot load an IRDL dialect, so seedlm's operations are unregistered
    in process and `seedlm.compiler.dialect.verify` stands in for their verifier.
    """
    context = ir.Context()
    context.allow_unregistered_dialects = True
    return context


def parse_module(path: Path, context: ir.Context, subject: Path | None = None) -> ir.Module:
    """Parses a textual or bytecode MLIR file.

    Args:
      path: the file.
      context: where the module lives.
      subject: the file that an error names, if `path` is a temporary one.

    Raises:
      SeedlmError: the file cannot be read or is not valid MLIR; one line with file and position.
    """
    try:
        return ir.Module.parseFile(str(path), context)
    except ir.MLIRError as error:
        raise SeedlmError(f"{subject or path}: {first_diagnostic(error)}") from None


def first_diagnostic(error: ir.MLIRError) -> str:
    """Returns the first diagnostic of `error` as one line, `<location>: <message>`."""
    if not error.error_diagnostics:
        return str(error).splitlines()[0]
    diagnostic = error.error_diagnostics[0]
    return f"{describe_location(diagnostic.location)}: {diagnostic.message.splitlines()[0]}"


def describe_location(location: ir.Location) -> str:
    """Returns `line:column` of a file location, the location's own text of any other."""
    try:
        file_location = ir.FileLineColLoc(location)
    except ValueError:
        return str(location).removeprefix("loc(").removesuffix(")")
    return f"{file_location.start_line}:{file_location.start_col}"


def is_mapped(path: Path) -> bool:
    """Returns whether MLIR maps a file into memory instead of reading it into a buffer.

    Bytecode with resources aligned to more than 16 bytes is refused unless it is mapped.
    """
    size = path.stat().st_size
    return size >= _MIN_MAPPED_BYTES and size % _PAGE_BYTES != 0


def write_module(module: ir.Module, path: Path) -> None:
    """Writes `module` to `path` as bytecode, or as text if MLIR could refuse the bytecode."""
    write_bytecode(module, path)
    if not is_mapped(path):
        write_text(module, path, locations=True)


def write_text(module: ir.Module, path: Path, *, locations: bool = False) -> None:
    """Writes `module` to `path` as MLIR text, with the locations of its operations if asked to."""
    with path.open("wb") as file:
        module.operation.print(file=file, binary=True, enable_debug_info=locations)


def write_bytecode(module: ir.Module, path: Path) -> None:
    """Writes `module` to `path` as MLIR bytecode."""
    with path.open("wb") as file:
        module.operation.write_bytecode(file)
