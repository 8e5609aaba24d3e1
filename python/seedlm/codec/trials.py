# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Errors of blocks at scales that are tried, by which scales are chosen."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from seedlm.codec import _native
from seedlm.codec.code import Code
from seedlm.codec.importance import Importance
from seedlm.codec.native import native_code

Blocks = npt.NDArray[np.float32]
Errors = npt.NDArray[np.float64]
SAMPLE_BLOCKS = 512


def gaussian_blocks(code: Code) -> Blocks:
    """Returns independent Gaussian weights, float32 [SAMPLE_BLOCKS, block], always the same."""
    shape = (SAMPLE_BLOCKS, code.block)
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def errors_of(blocks: Blocks, code: Code) -> Callable[[float], Errors]:
    """Returns the squared errors [n] of blocks [n, block] by their scale."""
    native = native_code(code)

    def errors(scale: float) -> Errors:
        scales = np.full(len(blocks), scale, np.float32)
        return _native.encode_blocks(blocks, scales, native, threads=1)[3]

    return errors


def weighted_errors_of(
    blocks: Blocks, searched: Importance, measured: Importance, code: Code
) -> Callable[[float], Errors]:
    """Returns the weighted errors [n] of blocks [n, block] by their scale.

    Args:
        blocks: The blocks.
        searched: Importances that records are searched with, float64 [n, block].
        measured: Importances that errors count with, float64 [n, block].
        code: The code.
    """
    native = native_code(code)

    def errors(scale: float) -> Errors:
        scales = np.full(len(blocks), scale, np.float32)
        return _native.encode_weighted(
            blocks,
            scales,
            native,
            importances=searched,
            measured=measured,
            exact=False,
            threads=1,
        )[4]

    return errors
