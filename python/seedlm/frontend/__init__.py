# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""From model files to MLIR: `import_model` takes any of them."""

from collections.abc import Mapping
from pathlib import Path

from seedlm.compiler.imported import Imported
from seedlm.errors import SeedlmError
from seedlm.frontend.mlir import import_mlir
from seedlm.frontend.onnx import import_onnx

SUFFIXES = (".onnx", ".mlir", ".mlirbc", ".pt2")

__all__ = ["SUFFIXES", "Imported", "import_model"]


def import_model(model: Path, work: Path, parameters: Mapping[str, Path] | None = None) -> Imported:
    """Imports a model file.

    Args:
        model: The file; its suffix names the format.
        work: A folder for intermediate files that lives as long as the result is used.
        parameters: For MLIR, the archives of its parameters by scope.

    Raises:
        SeedlmError: The file is missing, damaged or of an unknown format.
    """
    _check_file(model)
    try:
        return _import(model, work, parameters or {})
    except OSError as error:
        raise SeedlmError(f"{error.filename or model}: {error.strerror}") from None


def _import(model: Path, work: Path, parameters: Mapping[str, Path]) -> Imported:
    if model.suffix == ".onnx":
        return import_onnx(model, work)
    if model.suffix == ".pt2":
        from seedlm.frontend.torch import import_torch  # needs the torch extra

        return import_torch(model, work)
    return import_mlir(model, parameters)


def _check_file(model: Path) -> None:
    if model.suffix not in SUFFIXES:
        raise SeedlmError(f"{model}: unknown format, not one of {', '.join(SUFFIXES)}")
    if not model.exists():
        raise SeedlmError(f"{model}: no such file")
    if not model.is_file():
        raise SeedlmError(f"{model}: not a file")
    if model.stat().st_size == 0:
        raise SeedlmError(f"{model}: empty file")
