# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A compiled module against the original model: how much the outputs change."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seedlm.compiler.imported import Imported
from seedlm.compiler.pipeline import CompileOptions, compile_dense
from seedlm.errors import SeedlmError
from seedlm.inputs import Input, Sample, make_inputs
from seedlm.loader import load

_DYNAMIC_BATCH, _DYNAMIC_LENGTH = 1, 32
_INTEGERS = 100


@dataclass(frozen=True)
class OutputComparison:
    """How far one output of the compiled module is from the original's, over all samples.

    Attributes:
        index: The output.
        cosine: Cosine of all values of the two.
        max_error: Largest absolute difference.
        max_value: Largest absolute value of the original.
    """

    index: int
    cosine: float
    max_error: float
    max_value: float


def random_samples(
    types: Sequence[str],
    names: Sequence[str],
    count: int,
    *,
    batch: int = _DYNAMIC_BATCH,
    length: int = _DYNAMIC_LENGTH,
) -> list[Sample]:
    """Returns reproducible random inputs.

    Floats are standard normal. Integers are uniform in 0..99, but 1 if the input's name contains
    "mask" and 0 if it contains "type".

    Args:
        types: The inputs' types, such as "tensor<?x384xf32>".
        names: The inputs' names, or fewer.
        count: The number of samples.
        batch: The first size where it is dynamic.
        length: Any other size that is dynamic.

    Raises:
        SeedlmError: There is no dtype for a type.
    """
    generator = np.random.default_rng(0)
    try:
        inputs = make_inputs(types, names)
    except SeedlmError as error:
        raise SeedlmError(f"--verify: {error}; use --input") from None
    return [
        [_random(each, _static_shape(each, batch, length), generator) for each in inputs]
        for _ in range(count)
    ]


def load_sample(files: Sequence[Path]) -> Sample:
    """Returns a sample from .npy files, one an input.

    Raises:
        SeedlmError: A file cannot be read.
    """
    return [_load(file) for file in files]


def compare(
    imported: Imported,
    options: CompileOptions,
    compiled: Path,
    samples: Sequence[Sample],
) -> list[OutputComparison]:
    """Runs samples through a compiled module and through the original, compiled by stock IREE.

    The original runs on the CPU, so that what IREE makes of it for a GPU is compared as well.

    Raises:
        SeedlmError: One of them cannot be compiled or run.
    """
    with tempfile.TemporaryDirectory(prefix="seedlm-") as work:
        original = Path(work) / "original.vmfb"
        compile_dense(imported, original, options)
        expected = load(original, parameters=imported.parameters)
        actual = load(compiled, options.target.name, options.params)
        pairs = [(actual(*sample), expected(*sample)) for sample in samples]
    return [
        _compare_output(i, [p[0][i] for p in pairs], [p[1][i] for p in pairs])
        for i in range(len(pairs[0][0]))
    ]


def _load(file: Path) -> NDArray[Any]:
    try:
        array = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise SeedlmError(f"--input: {file}: {reason}") from None
    if not isinstance(array, np.ndarray):
        raise SeedlmError(f"--input: {file}: not one array")
    return array


def _static_shape(model_input: Input, batch: int, length: int) -> list[int]:
    defaults = [batch, *[length] * len(model_input.shape)]
    return [d if s is None else s for s, d in zip(model_input.shape, defaults, strict=False)]


def _random(
    model_input: Input, shape: Sequence[int], generator: np.random.Generator
) -> NDArray[Any]:
    name, dtype = model_input.name, model_input.dtype
    if dtype.kind == "f":
        return generator.standard_normal(shape).astype(dtype)
    if "mask" in name or dtype.kind == "b":
        return np.ones(shape, dtype)
    return (
        np.zeros(shape, dtype) if "type" in name else generator.integers(0, _INTEGERS, shape, dtype)
    )


def _compare_output(
    index: int, actual: Sequence[NDArray[Any]], expected: Sequence[NDArray[Any]]
) -> OutputComparison:
    a = np.concatenate([each.ravel() for each in actual]).astype(np.float64)
    b = np.concatenate([each.ravel() for each in expected]).astype(np.float64)
    norm = float(np.linalg.norm(a) * np.linalg.norm(b))
    return OutputComparison(
        index=index,
        cosine=float(a @ b) / norm if norm else float(np.array_equal(a, b)),
        max_error=float(np.max(np.abs(a - b), initial=0.0)),
        max_value=float(np.max(np.abs(b), initial=0.0)),
    )
