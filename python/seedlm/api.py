# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The Python API of the compiler."""

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from seedlm.calibration import collect
from seedlm.codec import Statistics
from seedlm.compiler.imported import Imported
from seedlm.compiler.pipeline import CompileOptions, compile_module, plan_module
from seedlm.compiler.report import Report
from seedlm.frontend import import_model
from seedlm.inputs import AnySample, Samples
from seedlm.passes.compress_constants import Progress

if TYPE_CHECKING:
    import torch


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


def calibrate(
    model: "str | Path | torch.export.ExportedProgram | torch.nn.Module",
    samples: Iterable[AnySample],
    options: CompileOptions | None = None,
    *,
    parameters: Mapping[str, Path] | None = None,
) -> Statistics:
    """Measures what the weights of a model are multiplied with, for `CompileOptions.calibration`.

    The model is compiled by stock IREE for this machine and run on each sample. Tokens that an
    attention mask hides count like any others: samples should have none.

    Names of weights are those of `compile`'s report: of ONNX initializers and MLIR globals or
    parameters, and for PyTorch those of `named_parameters()` of the exported module, such as
    "model.layers.0.mlp.up_proj.weight"; of parameters that share one tensor, the first.

    Args:
        model: What `compile` takes; or a torch.export.ExportedProgram; or a torch.nn.Module, which
            is exported with the shapes of the first sample, so that all must have these. Put it in
            evaluation mode first.
        samples: One for each call of the model: its inputs as arrays, by name or in order.
        options: Of these, what is compressed counts; use those of `compile`.
        parameters: For an MLIR model, the archives of its parameters by scope.

    Returns:
        The mean square of each column's inputs, by the name of the weight; weights that no sample
        reached are missing.

    Raises:
        SeedlmError: The model or an option is invalid, there is no sample, one does not fit the
            inputs, or an activation is not finite.
    """
    remaining = iter(samples)
    with tempfile.TemporaryDirectory(prefix="seedlm-") as work:
        if isinstance(model, (str, Path)):
            imported = import_model(Path(model), Path(work), parameters)
        else:
            imported, remaining = _import_torch(model, Path(work), remaining)
        taken = Samples("calibration", lambda inputs: remaining)
        return collect(imported, taken, options or CompileOptions())


def _import_torch(
    model: "torch.export.ExportedProgram | torch.nn.Module",
    work: Path,
    samples: Iterator[AnySample],
) -> tuple[Imported, Iterator[AnySample]]:
    """Imports a program, or a module by its first sample; also returns all the samples again."""
    from seedlm.frontend.torch import as_program, import_program  # needs the torch extra

    first = list(islice(samples, 1))
    program = as_program(model, first)
    name = Path(type(model).__name__)
    return import_program(program, name, work), chain(first, samples)
