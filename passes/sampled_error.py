# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The error that a code would have on a weight, estimated from some of its rows."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from seedlm.codec import Code, Matrix, encode
from seedlm.codec.weights import check_weights
from seedlm.errors import SeedlmError

_SAMPLE_WEIGHTS = 1 << 15
_RUNS = 8


def sampled_error(
    weights: Matrix,
    code: Code,
    *,
    importance: NDArray[np.float32] | None = None,
    threads: int | None = None,
    memory_limit: int | None = None,
) -> float:
    """Returns the squared error of a weight matrix in units of its mean squared weight.

    That is its relative error squared, times the number of its weights: a sum over matrices does
    not depend on how each is scaled, which the layers of a model make up for. With importances of
    columns, squares are times these.

    Raises:
        SeedlmError: See `encode`.
    """
    try:
        encoded = encode(
            sample_rows(weights),
            code,
            importance=importance,
            threads=threads,
            memory_limit=memory_limit,
        )
    except SeedlmError:
        check_weights(weights)  # names the place of a bad weight in the matrix, not the sample
        raise
    error = encoded.weighted_relative_error
    relative = encoded.relative_error if error is None else error
    rows, columns = weights.shape
    return relative**2 * rows * columns


def sample_rows(weights: Matrix) -> NDArray[Any]:
    """Returns some 30,000 weights: runs of neighbouring rows, in the middle of equal parts.

    Rows are neighbours because a matrix that is stored by columns is read faster so.
    """
    rows, columns = weights.shape
    if rows * columns <= _SAMPLE_WEIGHTS:
        return weights[:, :]
    runs = min(rows, _RUNS)
    length = min(-(-_SAMPLE_WEIGHTS // (runs * columns)), rows // runs)
    starts = [(2 * i + 1) * rows // (2 * runs) - length // 2 for i in range(runs)]
    return np.concatenate([weights[start : start + length, :] for start in starts])
