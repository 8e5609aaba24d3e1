# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A compiled module against the original model: how much the outputs change."""

import re
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
from seedlm.loader import load

_DYNAMIC_SIZE = 32
_INTEGERS = 100
_TENSOR = re.compile(r"tensor<((?:[?\d]+x)*)(\w+)>")
_DTYPES: dict[str, type[np.generic]] = {
    "f64": np.float64,
    "f32": np.float32,
    "f16": np.float16,
    "i64": np.int64,
    "i32": np.int32,
    "i16": np.int16,
    "i8": np.int8,
    "i1": np.bool_,
}

Sample = list[NDArray[Any]]


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


def random_samples(types: Sequence[str], names: Sequence[str], count: int) -> list[Sample]:
    """Returns reproducible random inputs.

    Floats are standard normal. Integers are uniform in 0..99, but 1 if the input's name contains
    "mask" and 0 if it contains "type". A dynamic first dimension is 1, any other 32.

    Args:
        types: The inputs' types, such as "tensor<?x384xf32>".
        names: The inputs' names, or fewer.
        count: The number of samples.

    Raises:
        SeedlmError: There is no dtype for a type.
    """
    generator = np.random.default_rng(0)
    padded = [*names, *[""] * len(types)]
    return [
        [_random(t, n, generator) for t, n in zip(types, padded, strict=False)]
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

    Raises:
        SeedlmError: One of them cannot be compiled or run.
    """
    with tempfile.TemporaryDirectory(prefix="seedlm-") as work:
        original = Path(work) / "original.vmfb"
        compile_dense(imported, original, options)
        expected = load(original, parameters=imported.parameters)
        actual = load(compiled, parameters=options.params)
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


def _random(type_: str, name: str, generator: np.random.Generator) -> NDArray[Any]:
    match = _TENSOR.fullmatch(type_)
    if match is None or match[2] not in _DTYPES:
        raise SeedlmError(f"--verify: no random input of type {type_}; use --input")
    dims = match[1].split("x")[:-1]
    shape = [int(d) if d != "?" else (1 if i == 0 else _DYNAMIC_SIZE) for i, d in enumerate(dims)]
    dtype = np.dtype(_DTYPES[match[2]])
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
