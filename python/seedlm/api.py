# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The Python API of the compiler."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from seedlm.compiler.pipeline import CompileOptions, compile_module, plan_module
from seedlm.compiler.report import Report
from seedlm.frontend import import_model
from seedlm.passes.compress_constants import Progress


def compile(  # noqa: A001
    model: str | Path,
    output: str | Path,
    options: CompileOptions | None = None,
    *,
    parameters: Mapping[str, Path] | None = None,
    progress: Progress | None = None,
) -> Report:
    """Compresses the weights of a model and compiles it for IREE.

    Args:
        model: An .onnx, .mlir, .mlirbc or .pt2 file.
        output: The .vmfb to write.
        options: The code, the selection of weights, the target and more.
        parameters: For an MLIR model, the archives of its parameters by scope.
        progress: Called with a tensor's name, and the elements encoded so far and in all.

    Returns:
        What was done with each tensor.

    Raises:
        SeedlmError: The model, an option or the output is invalid; no output is touched.
    """
    model, output = Path(model), Path(output)
    options = options or CompileOptions()
    with tempfile.TemporaryDirectory(prefix="seedlm-") as work:
        imported = import_model(model, Path(work), parameters)
        return compile_module(imported, output, options, progress)


def plan(
    model: str | Path,
    options: CompileOptions | None = None,
    *,
    parameters: Mapping[str, Path] | None = None,
) -> Report:
    """Returns what `compile` would do with each tensor, without encoding or writing anything.

    Raises:
        SeedlmError: The model or an option is invalid.
    """
    model = Path(model)
    with tempfile.TemporaryDirectory(prefix="seedlm-") as work:
        imported = import_model(model, Path(work), parameters)
        return plan_module(imported, options or CompileOptions())
