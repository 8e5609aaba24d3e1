# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""MLIR files, which are what the compiler takes already."""

from collections.abc import Mapping
from pathlib import Path

from seedlm.compiler.imported import Imported
from seedlm.errors import SeedlmError


def import_mlir(model: Path, parameters: Mapping[str, Path]) -> Imported:
    """Returns an MLIR file with the archives of its parameters.

    Raises:
        SeedlmError: An archive is missing.
    """
    for scope, path in parameters.items():
        if not path.is_file():
            raise SeedlmError(f"{path}: no such file (parameters of scope '{scope}')")
    return Imported(model, model, parameters)
