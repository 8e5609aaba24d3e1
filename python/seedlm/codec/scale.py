# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Choice of the scales of a weight matrix, which centre the exponents on its blocks."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from seedlm.codec.code import Code
from seedlm.codec.importance import Importance, measured_importance, searched_importance
from seedlm.codec.lfsr import MAXIMAL_TAPS
from seedlm.codec.outliers import raise_for_outliers
from seedlm.codec.sources import Matrix
from seedlm.codec.trials import SAMPLE_BLOCKS, errors_of, gaussian_blocks, weighted_errors_of
from seedlm.codec.weights import largest_weight, row_chunks

Scales = npt.NDArray[np.float32] | npt.NDArray[np.float16]
_Floats = npt.NDArray[np.float64]
_ErrorOf = Callable[[float], float]

# With three or four exponent bits, how far 2**greatest_exponent * scale lies below the largest
# weight, in octaves. Coefficients reach above it. Measured on Gaussian, Student-t(4), outlier-laden
# and row-scaled matrices, the error is within 0.1 % of the best for each.
_OCTAVES_BELOW_LARGEST = 2.0

# With fewer exponents, or more scales, a scale is a multiple of the root mean square, the best of
# these by the error on a sample of blocks.
_MULTIPLES = 2.0 ** (np.arange(-48, 17) / 8)
# Searched with a narrow register, which is quick. That of the code has its best multiple lower, by
# a factor that is taken from Gaussian weights.
_SAMPLE_WIDTH = 12
_GOLDEN_RATIO = (5**0.5 - 1) / 2


def choose_scales(weights: Matrix, code: Code, importance: Importance | None = None) -> Scales:
    """Returns the scales of checked weights, `code.scale_dtype` of `code.scale_shape`.

    They are positive; 1 where all weights are zero. Checked importances [columns] weight the errors
    by which a multiple of the root mean square is chosen; equal ones are the same as none.
    """
    if code.scale == "tensor" and code.exponent_bits >= 3:
        return np.array(_of_largest(largest_weight(weights), code))
    sizes = _root_mean_squares(weights, code)
    if importance is not None and bool((importance == importance[0]).all()):
        importance = None
    narrow = _narrow(code)
    best = _best_multiple(weights, sizes, narrow, importance)
    usual = _gaussian_multiple(narrow)
    scales = _multiple(best + _gaussian_multiple(code) - usual) * sizes
    if code.scale != "tensor":
        scales *= raise_for_outliers(
            weights,
            sizes,
            _multiple(best),
            narrow,
            importance,
            gaussian_multiple=_multiple(usual),
        )
    return _representable(np.where(sizes > 0, scales, 1.0), code)


def spread_scales(scale: Scales, code: Code, shape: tuple[int, int]) -> npt.NDArray[np.float32]:
    """Returns the scale of each block of a matrix of `shape`, float32 [rows, blocks_per_row]."""
    rows, columns = shape
    groups = code.scale_groups(columns)
    wide = scale.astype(np.float32).reshape(len(scale) if scale.ndim else 1, -1)
    return np.ascontiguousarray(np.broadcast_to(wide[:, groups], (rows, len(groups))))


def _of_largest(largest: float, code: Code) -> Any:
    if largest == 0:
        return code.scale_dtype.type(1)
    octaves = code.exponent_range[1] + _OCTAVES_BELOW_LARGEST
    return _representable(np.array(largest / 2**octaves), code)[()]


def _representable(scales: _Floats, code: Code) -> Scales:
    """Rounds scales to the code's type; those too small or too large become its limits."""
    limits = np.finfo(code.scale_dtype)
    least = limits.smallest_subnormal if code.scale_type == "f16" else limits.smallest_normal
    clipped = np.clip(scales, float(least), float(limits.max))
    return cast(Scales, clipped.astype(code.scale_dtype))


def _root_mean_squares(weights: Matrix, code: Code) -> _Floats:
    """Returns the root mean square of the weights of each scale, in the scales' shape."""
    rows, columns = weights.shape
    shape = code.scale_shape(rows, columns)
    groups = np.repeat(code.scale_groups(columns), code.block)[:columns]
    starts = np.flatnonzero(np.diff(groups, prepend=-1))
    largest = largest_weight(weights) or 1.0
    sums = np.empty((rows, len(starts)))
    for row, chunk in row_chunks(weights):
        squares = np.square(chunk.astype(np.float32).astype(np.float64) / largest)
        sums[row : row + len(chunk)] = np.add.reduceat(squares, starts, axis=1)
    if code.scale == "tensor":
        return np.asarray(largest * np.sqrt(sums.sum() / (rows * columns)))
    return np.asarray(largest * np.sqrt(sums / np.bincount(groups))).reshape(shape)


def _best_multiple(
    weights: Matrix, sizes: _Floats, code: Code, importance: Importance | None
) -> int:
    """Returns the index of the multiple of `sizes` that gives a sample of blocks least error."""
    start = _gaussian_multiple(code)
    blocks, units, columns = _sample(weights, sizes, code)
    if not len(blocks):
        return start
    if importance is None:
        errors = errors_of(blocks, code)
        return _search(lambda scale: float(errors(scale) @ units), start)
    searched = searched_importance(importance, code)[columns]
    measured = measured_importance(importance, code)[columns] * units[:, None]
    weighted = weighted_errors_of(blocks, searched, measured, code)
    return _search(lambda scale: float(weighted(scale).sum()), start)


def _multiple(index: int) -> float:
    return float(_MULTIPLES[min(max(index, 0), len(_MULTIPLES) - 1)])


def _narrow(code: Code) -> Code:
    """Returns the code with at most `_SAMPLE_WIDTH` register bits."""
    if code.lfsr_width <= _SAMPLE_WIDTH:
        return code
    return replace(
        code,
        lfsr_width=_SAMPLE_WIDTH,
        taps=MAXIMAL_TAPS[_SAMPLE_WIDTH],
        basis_bits=min(code.basis_bits, _SAMPLE_WIDTH),
    )


@cache
def _gaussian_multiple(code: Code) -> int:
    """Returns the index of the best multiple for independent Gaussian weights."""
    errors = errors_of(gaussian_blocks(code), code)
    middle = int(np.flatnonzero(_MULTIPLES == 0.25)[0])
    units = np.ones(SAMPLE_BLOCKS)
    return _search(lambda scale: float(errors(scale) @ units), middle)


def _search(error_of: _ErrorOf, start: int) -> int:
    """Returns the index of the multiple of least error, downhill from `start`.

    Long steps come first, which few local minima hold up.
    """

    @cache
    def error(index: int) -> float:
        return error_of(float(_MULTIPLES[index]))

    best = start
    for step in (3, -3, 1, -1):
        while 0 <= best + step < len(_MULTIPLES) and error(best + step) < error(best):
            best += step
    return best


def _sample(
    weights: Matrix, sizes: _Floats, code: Code
) -> tuple[npt.NDArray[np.float32], _Floats, npt.NDArray[np.int64]]:
    """Returns blocks in units of their sizes, the squares of the sizes and places in their rows.

    These are float32 [n, block], float64 [n] and int64 [n]. Blocks whose scale has only zeros are
    left out.
    """
    rows, columns = weights.shape
    blocks_per_row = code.blocks_per_row(columns)
    count = rows * blocks_per_row
    # An odd stride visits all columns of blocks.
    size = min(count, SAMPLE_BLOCKS)
    # One block of each of `size` equal parts, at places that do not repeat with the rows.
    places = np.arange(size) + np.arange(size) * _GOLDEN_RATIO % 1
    indices = np.unique((places * count / size).astype(np.int64))
    row, block = np.divmod(indices, blocks_per_row)
    values = np.zeros((len(indices), code.block), np.float32)
    for value, at, start in zip(values, row.tolist(), (block * code.block).tolist(), strict=True):
        part = weights[at : at + 1, start : start + code.block]
        value[: part.size] = part.reshape(-1)
    wide = sizes.reshape(rows if sizes.ndim else 1, -1)
    unit = np.broadcast_to(wide[:, code.scale_groups(columns)], (rows, blocks_per_row))[row, block]
    used = unit > 0
    values, unit = values[used], unit[used]
    squares = np.square(unit / (unit.max(initial=0.0) or 1.0))
    return (values / unit[:, None]).astype(np.float32), squares, block[used]
