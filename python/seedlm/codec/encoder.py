# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Weights to codes."""

import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np
import numpy.typing as npt

from seedlm.codec import _native
from seedlm.codec.cells import cell_counts, cell_table
from seedlm.codec.code import Code
from seedlm.codec.decoder import decode_blocks
from seedlm.codec.encoded import Encoded
from seedlm.codec.importance import (
    Importance,
    check_importance,
    measured_importance,
    searched_importance,
)
from seedlm.codec.native import Records, native_code
from seedlm.codec.packing import Integers, Seeds, pack_records
from seedlm.codec.scale import Scales, choose_scales, spread_scales
from seedlm.codec.weights import check_weights
from seedlm.errors import SeedlmError

Progress = Callable[[int, int], None]
Mode = Literal["fast", "certified", "exhaustive"]
_Place = tuple[slice, slice]
_Blocks = npt.NDArray[np.float32]
_EncodeBlocks = Callable[[_Blocks, _Blocks, slice], Records]

# A chunk takes about a second, so that progress is shown and an interrupt is heeded.
_CHUNK_BLOCKS = {"fast": 1 << 19, "certified": 1 << 16, "exhaustive": 1 << 13}
_CHUNK_TRIALS = 1 << 29
# With importances a chunk is of whole columns of blocks, for each thread some.
_WEIGHTED_CHUNK_TRIALS = 1 << 32


def encode(
    weights: npt.ArrayLike,
    code: Code,
    *,
    mode: Mode = "fast",
    threads: int | None = None,
    progress: Progress | None = None,
    importance: npt.ArrayLike | None = None,
) -> Encoded:
    """Encodes a weight matrix.

    Modes differ in what they guarantee for each block:

    - "certified" and "exhaustive" find the seed, coefficients and exponent of least squared error
      of all there are (SeedLM, section 3.2, without its rounding heuristic), of equal errors that
      of the least seed. Both give the same codes; "exhaustive" looks at every seed, "certified"
      only at those near the block's direction and, if a bound says that others could be better,
      at these too.
    - "fast" takes the best of the nearest seeds by an estimate of the error, and for that seed the
      best coefficients and exponent. On Gaussian weights the error is less than 0.5 % above the
      least with all presets but "seed-3bit", where it is about 2.5 % above.

    With `importance`, an error counts times the importance of its column: with the mean square of
    the activation that a column is multiplied with, the sum is the mean squared error of the
    products, were activations independent. In a block, importances below 2**-20 of the greatest
    count as that, and if all are zero, all count the same. The codes have the same form. There is
    no table; "certified" and "exhaustive" are then the same, "fast" tries at most 4096 seeds, and
    its weighted error is less than 0.5 % above the least.

    The result depends on the weights, the importances, the code and, for "fast", the mode alone:
    not on `threads`, the processor or the chunks. Without importances, codes with fewer than
    14 register bits, or less than four more weights in a block than latent dimensions, are always
    encoded exhaustively; for others "fast" and "certified" use a table that is built at the first
    use of a code and kept on disk
    (see `seedlm.codec.cells`).

    Args:
        weights: float16, bfloat16, float32 or float64 [rows, columns]; columns is the reduction
            dimension. Weights are rounded to float32 first, and errors are against those.
        code: The code.
        mode: "fast", "certified" or "exhaustive".
        threads: Number of threads, all processors if None.
        progress: Called with the number of blocks done and the number of all blocks.
        importance: Importances of the columns, float32 or float64 [columns], finite and not
            negative; those of all columns times a factor are the same. None for equal ones.

    Raises:
        SeedlmError: The weights are no matrix of one of these dtypes or empty, a weight is not
            finite or too large for float32 codes, `importance` is not as described, `threads` is
            below 1 or there is no such mode.
    """
    array = np.asarray(weights)
    check_weights(array)
    threads = (os.cpu_count() or 1) if threads is None else threads
    if threads < 1:
        raise SeedlmError(f"threads {threads} is less than 1")
    if mode not in get_args(Mode):
        raise SeedlmError(f"mode {mode!r} is not one of {', '.join(get_args(Mode))}")
    rows, columns = array.shape
    shares = None if importance is None else check_importance(importance, columns)
    blocks = code.blocks_per_row(columns)
    scale = choose_scales(array, code, shares)
    seeds = np.empty((rows, blocks), np.uint32)
    coefficients = np.empty((rows, blocks, code.latent), np.int8)
    exponents = np.empty((rows, blocks), np.int8)
    plain, weighted = _Squares(), _Squares()
    done = 0
    for chunk in _encode_chunks(array, code, scale, shares, mode, threads):
        shape = seeds[chunk.place].shape
        seeds[chunk.place] = chunk.seeds.reshape(shape)
        coefficients[chunk.place] = chunk.coefficients.reshape(*shape, -1)
        exponents[chunk.place] = chunk.exponents.reshape(shape)
        plain += chunk.plain
        weighted += chunk.weighted
        done += chunk.seeds.size
        if progress is not None:
            progress(done, seeds.size)
    return Encoded(
        code=code,
        shape=(rows, columns),
        codes=pack_records(seeds, coefficients, exponents, code),
        scale=scale,
        relative_error=plain.relative_error,
        weighted_relative_error=None if shares is None else weighted.relative_error,
    )


@dataclass(frozen=True)
class _Squares:
    """The squared norms of error and weights."""

    error: float = 0.0
    energy: float = 0.0

    def __add__(self, other: "_Squares") -> "_Squares":
        return _Squares(self.error + other.error, self.energy + other.energy)

    @property
    def relative_error(self) -> float:
        return math.sqrt(self.error / self.energy) if self.energy else 0.0


class _Chunk(NamedTuple):
    """The records of the blocks at `place`, and their errors without and with importances."""

    place: _Place
    seeds: Seeds
    coefficients: Integers
    exponents: Integers
    plain: _Squares
    weighted: _Squares


def _encode_chunks(
    weights: npt.NDArray[np.generic],
    code: Code,
    scale: Scales,
    importance: Importance | None,
    mode: Mode,
    threads: int,
) -> Iterator[_Chunk]:
    encode_blocks = _block_encoder(code, mode, importance, threads)
    rows, columns = weights.shape
    scales = spread_scales(scale, code, (rows, columns))
    size = _chunk_size(code, mode, importance is not None, threads)
    measured = measured_importance(np.zeros(columns) if importance is None else importance, code)
    for place in _places(rows, code.blocks_per_row(columns), size, tall=importance is not None):
        blocks, factors = _blocks_at(weights, place, code.block), scales[place].reshape(-1)
        records = encode_blocks(blocks, factors, place[1])
        errors = records.errors - _padding_errors(records, factors, code, place[1], columns)
        squares = np.square(blocks, dtype=np.float64)
        plain = _Squares(float(errors.sum()), float(squares.sum()))
        by_column = squares.reshape(-1, *measured[place[1]].shape).sum(axis=0)
        weighted = _Squares(
            float(records.weighted_errors.sum()), float((by_column * measured[place[1]]).sum())
        )
        yield _Chunk(place, *records[:3], plain, weighted)


def _chunk_size(code: Code, mode: Mode, weighted: bool, threads: int) -> int:
    """Returns how many blocks a chunk has at most."""
    if weighted:
        return threads * max(1, _WEIGHTED_CHUNK_TRIALS // code.seeds)
    if cell_counts(code) is None or mode == "exhaustive":
        return min(_CHUNK_BLOCKS["exhaustive"], max(1, _CHUNK_TRIALS // code.seeds))
    return _CHUNK_BLOCKS[mode]


def _padding_errors(
    records: Records, scales: _Blocks, code: Code, blocks: slice, columns: int
) -> npt.NDArray[np.float64]:
    """Returns the squared errors of weights that pad the last block of a row, float64 [n]."""
    width = blocks.stop - blocks.start
    last = slice(width - 1, None, width)
    errors = np.zeros(len(scales))
    padding = blocks.stop * code.block - columns
    if padding > 0:
        decoded = decode_blocks(
            records.seeds[last],
            records.coefficients[last],
            records.exponents[last],
            scales[last],
            code,
        )
        errors[last] = np.square(decoded[:, -padding:], dtype=np.float64).sum(axis=1)
    return errors


def _block_encoder(
    code: Code, mode: Mode, importance: Importance | None, threads: int
) -> _EncodeBlocks:
    """Returns a function of blocks float32 [n, block], their scales [n] and block columns."""
    native, counts = native_code(code), cell_counts(code)
    if importance is not None:
        searched = searched_importance(importance, code)
        measured = measured_importance(importance, code)
        return lambda blocks, scales, columns: Records(
            *_native.encode_weighted(
                blocks,
                scales,
                native,
                importances=searched[columns],
                measured=measured[columns],
                exact=mode != "fast",
                threads=threads,
            )
        )
    if mode == "exhaustive" or counts is None:
        return lambda blocks, scales, _: Records(
            *_native.encode_blocks(blocks, scales, native, threads=threads)
        )
    table, certify, tried = cell_table(code, counts, threads), mode == "certified", counts.fast
    return lambda blocks, scales, _: Records(
        *table.encode_blocks(blocks, scales, seeds=tried, certify=certify, threads=threads)
    )


def _places(rows: int, blocks: int, size: int, *, tall: bool) -> Iterator[_Place]:
    """Yields slices of rows and blocks of at most `size` that together cover a matrix of blocks.

    They have as many blocks of a row as fit, or if `tall`, of a column.
    """
    height = min(rows, size) if tall else max(1, size // blocks)
    width = min(blocks, max(1, size // height) if tall else size)
    for row in range(0, rows, height):
        for block in range(0, blocks, width):
            yield slice(row, row + height), slice(block, min(block + width, blocks))


def _blocks_at(weights: npt.NDArray[np.generic], place: _Place, size: int) -> _Blocks:
    """Returns the blocks at slices of rows and blocks, padded with zeros, float32 [n, size]."""
    rows, blocks = place
    part = weights[rows, blocks.start * size : blocks.stop * size].astype(np.float32)
    padding = -part.shape[1] % size
    return np.ascontiguousarray(np.pad(part, ((0, 0), (0, padding))).reshape(-1, size))
