# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Importances of the columns of a weight matrix, by which errors are weighted."""

import numpy as np
import numpy.typing as npt

from seedlm.codec.code import Code
from seedlm.errors import SeedlmError

Importance = npt.NDArray[np.float64]

_DTYPES = (np.dtype(np.float32), np.dtype(np.float64))

# In a block, importances below this share of the greatest are raised to it: no weight is free, so
# that the best record is defined by all of them, and factors of bases stay well apart from zero.
_LEAST_SHARE = 2.0**-20


def check_importance(importance: npt.ArrayLike, columns: int) -> Importance:
    """Returns the importances of columns relative to the greatest, float64 [columns].

    If all are zero, so are the result's.

    Raises:
        SeedlmError: They are not float32 or float64 [columns], or one is not finite or negative.
    """
    array = np.asarray(importance)
    if array.dtype not in _DTYPES:
        raise SeedlmError(f"importance is {array.dtype}, not float32 or float64")
    if array.shape != (columns,):
        raise SeedlmError(f"importance has shape {list(array.shape)}, not [{columns}]")
    wrong = np.flatnonzero(~(np.isfinite(array) & (array >= 0)))
    if wrong.size:
        raise SeedlmError(f"importance[{wrong[0]}] is {array[wrong[0]]}, not a finite number >= 0")
    wide = array.astype(np.float64)
    return np.asarray(wide / (wide.max() or 1.0))


def measured_importance(importance: Importance, code: Code) -> Importance:
    """Returns the importance of each weight of a block, float64 [blocks_per_row, block].

    Weights that pad the last block have none.

    Args:
        importance: [columns], as `check_importance` returns it.
        code: The code.
    """
    padding = -len(importance) % code.block
    return np.pad(importance, (0, padding)).reshape(-1, code.block)


def searched_importance(importance: Importance, code: Code) -> Importance:
    """Returns the importances that records are searched with, float64 [blocks_per_row, block].

    They are relative to the greatest of their block and at least 2**-20; a block of zeros has ones
    throughout. Weights that pad the last block, which are zero, are as important as the least
    important weight in it.

    Args:
        importance: [columns], as `check_importance` returns it.
        code: The code.
    """
    last = importance[(len(importance) - 1) // code.block * code.block :]
    padding = np.full(-len(importance) % code.block, last.min())
    blocks = np.concatenate([importance, padding]).reshape(-1, code.block)
    greatest = blocks.max(axis=1, keepdims=True)
    shares = np.divide(blocks, greatest, out=np.ones_like(blocks), where=greatest > 0)
    return np.maximum(shares, _LEAST_SHARE)
