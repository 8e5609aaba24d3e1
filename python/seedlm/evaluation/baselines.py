# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Plain formats to compare codes with: each weight rounded by itself, groups of inputs scaled.

Where the group does not divide the columns, the last group of a row is shorter and has a scale too.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

import ml_dtypes
import numpy as np
import numpy.typing as npt

from seedlm.codec.weights import row_chunks

Weights = npt.NDArray[np.float32]
_RoundGroups = Callable[[Weights], Weights]

# Fractions of the scale at which a group's largest weight is just in range.
_CLIPS = np.arange(20, 47) / 40

_INT4_BITS, _F16_BITS = 4, 16
_LARGEST_F16 = float(np.finfo(np.float16).max)

_E2M1_LARGEST_EXPONENT, _E2M1_LARGEST = 2, 6.0
_E8M0_BITS, _E8M0_EXPONENTS = 8, (-127, 127)
_MX_BLOCK = 32


class Rounded(NamedTuple):
    """What a matrix is in a format: the weights that it stands for, and the bits stored."""

    weights: Weights
    bits: int


def round_to_nearest(weights: npt.NDArray[np.generic], group: int) -> Rounded:
    """Rounds to symmetric int4: integers -8..7 times an f16 scale for each group of inputs.

    The largest weight of a group, of magnitude m, is on the side of -8. The scale is the one of
    m/8 times 0.5, 0.525, .. 1.15 with the least squared error; 4 + 16 / `group` bits a weight.

    Args:
        weights: [rows, columns]; columns is the reduction dimension.
        group: Columns that share a scale.
    """
    return _round(weights, group, _round_int4, _INT4_BITS, _F16_BITS)


def round_to_mxfp4(weights: npt.NDArray[np.generic]) -> Rounded:
    """Rounds to MXFP4 of the OCP Microscaling Formats 1.0: E2M1 times a power of two for each 32.

    With m the largest magnitude of a block of 32 inputs, the scale is 2**(floor(log2(m)) - 2), as
    in section 6.3 of the specification, or twice that if it has less squared error; elements are
    rounded to even and saturate at 6 times the scale. 4.25 bits a weight.

    Args:
        weights: [rows, columns]; columns is the reduction dimension.
    """
    return _round(weights, _MX_BLOCK, _round_e2m1, 4, _E8M0_BITS)


BASELINES: dict[str, Callable[[npt.NDArray[np.generic]], Rounded]] = {
    "rtn4-g32": partial(round_to_nearest, group=32),
    "rtn4-g128": partial(round_to_nearest, group=128),
    "mxfp4": round_to_mxfp4,
}


def _round(
    weights: npt.NDArray[np.generic],
    group: int,
    round_groups: _RoundGroups,
    element_bits: int,
    scale_bits: int,
) -> Rounded:
    """Rounds groups, each a row of what `round_groups` gets; the rows fill whole bytes."""
    rows, columns = weights.shape
    groups = -(-columns // group)
    rounded = np.empty((rows, columns), np.float32)
    for row, chunk in row_chunks(weights):
        padded = np.zeros((len(chunk), groups * group), np.float32)
        padded[:, :columns] = chunk
        found = round_groups(padded.reshape(-1, group)).reshape(padded.shape)
        rounded[row : row + len(chunk)] = found[:, :columns]
    element_bytes = -(-columns * element_bits // 8)
    return Rounded(rounded, rows * (8 * element_bytes + groups * scale_bits))


def _round_int4(groups: Weights) -> Weights:
    places = np.abs(groups).argmax(axis=1, keepdims=True)
    largest = np.take_along_axis(groups, places, axis=1).astype(np.float64)
    return _best_of(groups, (_int4(groups, largest * (-clip / 8)) for clip in _CLIPS))


def _int4(groups: Weights, wanted: npt.NDArray[np.float64]) -> Weights:
    """Returns `groups` in integers times the f16 scales nearest to those `wanted`, [n, 1]."""
    limited = np.clip(wanted, -_LARGEST_F16, _LARGEST_F16)
    scales = limited.astype(np.float16).astype(np.float32)
    scales[scales == 0] = 1
    levels: Weights = np.clip(np.rint(groups / scales), -8, 7)
    return levels * scales


def _round_e2m1(groups: Weights) -> Weights:
    largest = np.abs(groups).max(axis=1, keepdims=True)
    exponents = np.frexp(largest)[1] - 1 - _E2M1_LARGEST_EXPONENT
    return _best_of(groups, (_e2m1(groups, exponents + more) for more in (0, 1)))


def _e2m1(groups: Weights, wanted: npt.NDArray[np.integer]) -> Weights:
    exponents = np.clip(wanted, *_E8M0_EXPONENTS)
    scaled = np.clip(np.ldexp(groups.astype(np.float64), -exponents), -_E2M1_LARGEST, _E2M1_LARGEST)
    elements = scaled.astype(ml_dtypes.float4_e2m1fn).astype(np.float32)
    return np.ldexp(elements, exponents)


def _best_of(groups: Weights, candidates: Iterable[Weights]) -> Weights:
    """Returns for each row of `groups` the candidate of least squared error, of equal the first."""
    best = np.zeros_like(groups)
    least = np.full((len(groups), 1), np.inf)
    for candidate in candidates:
        errors = np.square(candidate - groups, dtype=np.float64).sum(axis=1, keepdims=True)
        best = np.where(errors < least, candidate, best)
        least = np.minimum(errors, least)
    return best
