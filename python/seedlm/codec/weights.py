# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks of weights before they are encoded, and their blocks."""

from collections.abc import Iterator
from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt

from seedlm.codec.sources import Matrix
from seedlm.errors import SeedlmError

_DTYPES = tuple(
    np.dtype(dtype) for dtype in (np.float16, ml_dtypes.bfloat16, np.float32, np.float64)
)
_CHUNK_WEIGHTS = 1 << 20

# A decoded block is at most twice as long as the block, at most 8 times its largest weight with 16
# weights: what is decoded from weights up to this is finite.
LARGEST_WEIGHT = float(np.finfo(np.float32).max) / 8


def check_weights(weights: Matrix) -> None:
    """Raises a SeedlmError unless `weights` is a matrix that can be encoded.

    That is a float16, bfloat16, float32 or float64 [rows, columns], neither zero, with finite
    weights of at most `LARGEST_WEIGHT`.
    """
    check_shape(weights)
    for row, rows in row_chunks(weights):
        # False for NaN too.
        allowed = np.abs(rows.astype(np.float64)) <= LARGEST_WEIGHT
        if not allowed.all():
            first, column = np.argwhere(~allowed)[0]
            raise SeedlmError(
                f"weights[{row + first}, {column}] is {rows[first, column]}, "
                f"not a number of magnitude up to {LARGEST_WEIGHT:.3g}"
            )


def check_shape(weights: Matrix) -> None:
    """Raises a SeedlmError unless `weights` has the shape and the dtype that `check_weights` asks.

    Nothing of it is read.
    """
    if weights.dtype not in _DTYPES:
        raise SeedlmError(f"weights are {weights.dtype}, not float16, bfloat16, float32 or float64")
    if len(weights.shape) != 2 or 0 in weights.shape:
        raise SeedlmError(f"weights have shape {list(weights.shape)}, not [rows, columns]")


def largest_weight(weights: Matrix) -> float:
    """Returns the greatest magnitude in checked weights."""
    return max(float(np.abs(rows.astype(np.float32)).max()) for _, rows in row_chunks(weights))


def row_chunks(weights: Matrix) -> Iterator[tuple[int, npt.NDArray[Any]]]:
    """Yields the index of the first row and the rows of chunks of about a million weights."""
    rows, columns = weights.shape
    step = max(1, _CHUNK_WEIGHTS // columns)
    for row in range(0, rows, step):
        yield row, weights[row : row + step, :]
