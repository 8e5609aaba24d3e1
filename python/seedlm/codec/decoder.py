# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Codes back to weights."""

import numpy as np
import numpy.typing as npt

from seedlm.codec.basis import basis
from seedlm.codec.code import Code
from seedlm.codec.encoded import Encoded
from seedlm.codec.packing import Integers, Seeds

_CHUNK_BLOCKS = 1 << 15


def decode(encoded: Encoded) -> npt.NDArray[np.float32]:
    """Returns the weights that codes stand for, float32 [rows, columns].

    Each is computed in float64 as `scale * (sum_p(q_p * U[c][p]) * 2**e)`, the sum starting with
    p = 0, and rounded once.
    """
    rows, columns = encoded.shape
    code = encoded.code
    seeds, coefficients, exponents = encoded.fields()
    scales = encoded.block_scales().reshape(-1)
    weights = np.empty((seeds.size, code.block), np.float32)
    for start in range(0, seeds.size, _CHUNK_BLOCKS):
        chunk = slice(start, start + _CHUNK_BLOCKS)
        weights[chunk] = decode_blocks(
            seeds.reshape(-1)[chunk],
            coefficients.reshape(-1, code.latent)[chunk],
            exponents.reshape(-1)[chunk],
            scales[chunk],
            code,
        )
    return np.ascontiguousarray(weights.reshape(rows, -1)[:, :columns])


def decode_blocks(
    seeds: Seeds, coefficients: Integers, exponents: Integers, scales: npt.ArrayLike, code: Code
) -> npt.NDArray[np.float32]:
    """Returns the weights of n blocks, float32 [n, block].

    Args:
        seeds: uint32 [n].
        coefficients: int8 [n, latent].
        exponents: int8 [n].
        scales: float32 [n], or one factor of all blocks.
        code: The code.
    """
    bases = basis(code, seeds)
    sums = np.zeros(bases.shape[:2])
    for p in range(code.latent):
        sums += coefficients[:, p, None] * bases[:, :, p]
    factors = np.asarray(scales, np.float64).reshape(-1, 1)
    return (factors * np.ldexp(sums, exponents[:, None])).astype(np.float32)
