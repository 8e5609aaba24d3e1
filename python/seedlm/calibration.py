# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the weights of a model are multiplied with, measured by the model itself on samples."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from seedlm.codec import Statistics, WeightStatistics
from seedlm.compiler.imported import Imported
from seedlm.compiler.pipeline import CompileOptions, compile_instrumented
from seedlm.errors import SeedlmError
from seedlm.inputs import Input, Samples, make_inputs, make_sample
from seedlm.loader import LoadedModule, load
from seedlm.passes.instrument_activations import READ_FUNCTION
from seedlm.passes.weight_plan import WeightPlan

Progress = Callable[[int], None]


def collect(
    imported: Imported,
    samples: Samples,
    options: CompileOptions,
    progress: Progress | None = None,
) -> Statistics:
    """Runs samples through an instrumented model on the host and returns what it measured.

    Squares are summed in float64 inside of the model; weights stay in their archives and samples
    are taken one by one, so that neither has to fit into memory twice.

    Args:
        imported: The model.
        samples: The samples.
        options: Of these, what is compressed and the flags for iree-compile count.
        progress: Called with the number of samples that are done.

    Raises:
        SeedlmError: The model or an option is invalid, IREE failed, there is no sample, a sample
            does not fit the inputs, or an activation is not finite.
    """
    with tempfile.TemporaryDirectory(prefix="seedlm-") as work:
        file = Path(work) / "instrumented.vmfb"
        compiled = compile_instrumented(imported, file, options)
        inputs = make_inputs(compiled.inputs, imported.input_names)
        module = load(file, parameters=imported.parameters)
        count = _run(module, samples, inputs, progress)
        try:
            return Statistics(_read(module, compiled.plans), count)
        except SeedlmError as error:
            raise SeedlmError(f"{samples.name}: {error}") from None


def _run(
    module: LoadedModule, samples: Samples, inputs: Sequence[Input], progress: Progress | None
) -> int:
    """Calls `module` with each sample and returns their number."""
    count = 0
    for sample in samples.read(inputs):
        try:
            module(*make_sample(sample, inputs))
        except SeedlmError as error:
            raise SeedlmError(f"{samples.name}: sample {count}: {error}") from None
        count += 1
        if progress is not None:
            progress(count)
    if count == 0:
        raise SeedlmError(f"{samples.name}: no samples")
    return count


def _read(module: LoadedModule, plans: Sequence[WeightPlan]) -> dict[str, WeightStatistics]:
    """Returns the statistics of each weight that the samples reached."""
    if not plans:
        return {}
    results = module.call(READ_FUNCTION)
    measured = zip(plans, results[::2], results[1::2], strict=True)
    return {
        plan.weight.name: _statistics(plan, sums, int(rows))
        for plan, sums, rows in measured
        if sums.any()
    }


def _statistics(plan: WeightPlan, sums: NDArray[np.float64], rows: int) -> WeightStatistics:
    with np.errstate(over="ignore"):
        mean_squares = (sums.reshape(-1) / rows).astype(np.float32)
    try:
        return WeightStatistics(tuple(plan.weight.type.shape), mean_squares, rows)
    except SeedlmError as error:
        raise SeedlmError(f"inputs of '{plan.weight.name}': {error}") from None
