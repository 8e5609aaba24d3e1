# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Weights to codes."""

import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
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
from seedlm.codec.memory import chunk_blocks
from seedlm.codec.native import Records, native_code
from seedlm.codec.packing import Integers, Seeds, pack_records
from seedlm.codec.scale import Scales, choose_scales, spread_scales
from seedlm.codec.sources import Matrix, matrix_of
from seedlm.codec.weights import check_weights
from seedlm.errors import SeedlmError

Progress = Callable[[int, int], None]
Mode = Literal["fast", "certified", "exhaustive"]
_Blocks = npt.NDArray[np.float32]
_EncodeBlocks = Callable[[_Blocks, _Blocks, slice], Records]

# To be raised with every change of the codes that weights get: stored codes are not used then.
ENCODER_VERSION = 1

# A chunk takes about a second, so that progress is shown and an interrupt is heeded.
_CHUNK_BLOCKS = {"fast": 1 << 19, "certified": 1 << 16, "exhaustive": 1 << 13}
_CHUNK_TRIALS = 1 << 29
# With importances, a chunk is of whole columns of blocks, for each thread some.
_WEIGHTED_CHUNK_TRIALS = 1 << 32
_DECODED_BLOCKS = 1 << 13


def encode(
    weights: Matrix | npt.ArrayLike,
    code: Code,
    *,
    mode: Mode = "fast",
    threads: int | None = None,
    memory_limit: int | None = None,
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
      least with all presets.

    With `importance`, an error counts times the importance of its column: with the mean square of
    the activation that a column is multiplied with, the sum is the mean squared error of the
    products, were activations independent. In a block, importances below 2**-20 of the greatest
    count as that, and if all are zero, all count the same. The codes have the same form. There is
    no table; "certified" and "exhaustive" are then the same, "fast" tries at most 4096 seeds, and
    its weighted error is less than 0.5 % above the least.

    The result depends on the weights, the importances, the code and, for "fast", the mode alone:
    not on `threads`, `memory_limit` or the processor. Without importances, codes with fewer than
    12 register bits, or less than four more weights in a block than latent dimensions, are always
    encoded exhaustively; for others "fast" and "certified" use a table that is built at the first
    use of a code and kept on disk
    (see `seedlm.codec.cells`).

    Args:
        weights: float16, bfloat16, float32 or float64 [rows, columns]; columns is the reduction
            dimension. Weights are rounded to float32 first, and errors are against those. They are
            read a few rows at a time, four times over: a numpy.memmap, a `StoredMatrix` or any
            other `Matrix` is never copied as a whole.
        code: The code.
        mode: "fast", "certified" or "exhaustive".
        threads: Number of threads, all processors if None.
        memory_limit: Bytes that encoding may take beyond the weights given and the codes returned;
            with less, fewer rows are encoded at a time. What there is no choice about, tables for
            the most part, counts too.
        progress: Called with the number of blocks done and the number of all blocks.
        importance: Importances of the columns, float32 or float64 [columns], finite and not
            negative; those of all columns times a factor are the same. None for equal ones.

    Raises:
        SeedlmError: The weights are no matrix of one of these dtypes or empty, a weight is not
            finite or too large for float32 codes, `importance` is not as described, `threads` is
            below 1, there is no such mode or `memory_limit` is too low.
    """
    matrix = matrix_of(weights)
    check_weights(matrix)
    threads = (os.cpu_count() or 1) if threads is None else threads
    if threads < 1:
        raise SeedlmError(f"threads {threads} is less than 1")
    if mode not in get_args(Mode):
        raise SeedlmError(f"mode {mode!r} is not one of {', '.join(get_args(Mode))}")
    rows, columns = matrix.shape
    shares = None if importance is None else check_importance(importance, columns)
    tall = shares is not None
    largest = _largest_chunk(code, mode, threads, weighted=tall)
    size = chunk_blocks(code, largest, memory_limit, mode == "exhaustive" or tall)
    height = rows if tall and memory_limit is None else size // code.blocks_per_row(columns)
    encode_blocks = _block_encoder(code, mode, shares, threads)
    codes = np.empty((rows, code.row_bytes(columns)), np.uint8)
    squares = np.empty((4, rows))
    done, total = 0, rows * code.blocks_per_row(columns)

    def advance(blocks: int) -> None:
        nonlocal done
        done += blocks
        if progress is not None:
            progress(done, total)

    measured = measured_importance(np.zeros(columns) if shares is None else shares, code)
    scale = choose_scales(matrix, code, shares)
    job = _Job(matrix, code, scale, measured, encode_blocks, advance)
    for band in _slices(rows, max(1, height)):
        fields = _encode_band(job, band, size)
        codes[band] = pack_records(fields.seeds, fields.coefficients, fields.exponents, code)
        squares[:, band] = fields.squares.sum(axis=2)
    return Encoded(
        code=code,
        shape=(rows, columns),
        codes=codes,
        scale=scale,
        relative_error=_ratio(squares[:2]),
        weighted_relative_error=None if shares is None else _ratio(squares[2:]),
    )


def _ratio(squares: npt.NDArray[np.float64]) -> float:
    """Returns the root of error over energy, given both for each row."""
    # Sums of rows, added exactly, do not depend on how rows are split.
    error, energy = (math.fsum(each) for each in squares)
    return math.sqrt(error / energy) if energy else 0.0


def encode_tensors(
    source: Mapping[str, Matrix | npt.ArrayLike] | Iterable[tuple[str, Matrix | npt.ArrayLike]],
    code: Code,
    *,
    mode: Mode = "fast",
    threads: int | None = None,
    memory_limit: int | None = None,
) -> Iterator[tuple[str, Encoded]]:
    """Encodes one weight matrix after the other, each when it is asked for.

    No more than one matrix is read at a time, and none is kept: with a source that opens matrices
    as it is iterated, or one of `open_safetensors`, models larger than memory can be encoded.

    Args:
        source: Names and matrices.
        code: See `encode`.
        mode: See `encode`.
        threads: See `encode`.
        memory_limit: See `encode`.

    Yields:
        A name and its codes, in the order of `source`.

    Raises:
        SeedlmError: As `encode`; the message names the matrix.
    """
    for name, weights in source.items() if isinstance(source, Mapping) else source:
        try:
            encoded = encode(weights, code, mode=mode, threads=threads, memory_limit=memory_limit)
        except SeedlmError as error:
            raise SeedlmError(f"{name}: {error}") from None
        yield name, encoded


class _Band(NamedTuple):
    """The records of some rows, and squares of each block, float64 [4, rows, blocks].

    These are the squared norms of error and weights, and the same times importances.
    """

    seeds: Seeds
    coefficients: Integers
    exponents: Integers
    squares: npt.NDArray[np.float64]


class _Job(NamedTuple):
    """What the bands of a matrix have in common; `advance` is told of blocks that are done.

    `measured` are the importances of the weights of each block of a row, zeros without importances.
    """

    weights: Matrix
    code: Code
    scale: Scales
    measured: Importance
    encode_blocks: _EncodeBlocks
    advance: Callable[[int], None]


def _encode_band(job: _Job, band: slice, size: int) -> _Band:
    """Encodes the rows of a slice, at most `size` blocks at a time."""
    height = band.stop - band.start
    blocks = job.code.blocks_per_row(job.weights.shape[1])
    parts = [_encode_part(job, band, each) for each in _slices(blocks, max(1, size // height))]
    return _Band(
        seeds=np.concatenate([part.seeds for part in parts], axis=1),
        coefficients=np.concatenate([part.coefficients for part in parts], axis=1),
        exponents=np.concatenate([part.exponents for part in parts], axis=1),
        squares=np.concatenate([part.squares for part in parts], axis=2),
    )


def _encode_part(job: _Job, band: slice, blocks: slice) -> _Band:
    """Encodes the blocks at slices of rows and of the blocks of a row."""
    code, columns, height = job.code, job.weights.shape[1], band.stop - band.start
    scale = job.scale[band] if job.scale.ndim else job.scale
    scales = spread_scales(scale, code, (height, columns))[:, blocks].reshape(-1)
    chunk = _blocks_at(job.weights, (band, blocks), code.block)
    records = job.encode_blocks(chunk, scales, blocks)
    job.advance(len(chunk))
    energies = np.square(chunk, dtype=np.float64).reshape(height, -1, code.block)
    squares = np.empty((4, *energies.shape[:2]))
    errors = records.errors - _padding_errors(records, scales, code, blocks, columns)
    squares[0] = errors.reshape(height, -1)
    squares[1] = energies.sum(axis=2)
    squares[2] = np.broadcast_to(records.weighted_errors, len(chunk)).reshape(height, -1)
    squares[3] = (energies * job.measured[blocks]).sum(axis=2)
    return _Band(
        seeds=records.seeds.reshape(height, -1),
        coefficients=records.coefficients.reshape(height, -1, code.latent),
        exponents=records.exponents.reshape(height, -1),
        squares=squares,
    )


def _padding_errors(
    records: Records, scales: _Blocks, code: Code, blocks: slice, columns: int
) -> npt.NDArray[np.float64]:
    """Returns the squared errors of weights that pad the last block of a row, float64 [n]."""
    width = blocks.stop - blocks.start
    last = slice(width - 1, None, width)
    errors = np.zeros(len(scales))
    padding = blocks.stop * code.block - columns
    if padding <= 0:
        return errors
    for part in _slices(len(errors[last]), _DECODED_BLOCKS):
        decoded = decode_blocks(
            records.seeds[last][part],
            records.coefficients[last][part],
            records.exponents[last][part],
            scales[last][part],
            code,
        )
        errors[last][part] = np.square(decoded[:, -padding:], dtype=np.float64).sum(axis=1)
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


def _largest_chunk(code: Code, mode: Mode, threads: int, *, weighted: bool) -> int:
    if weighted:
        return threads * min(_CHUNK_BLOCKS["certified"], _WEIGHTED_CHUNK_TRIALS // code.seeds)
    if cell_counts(code) is None or mode == "exhaustive":
        return min(_CHUNK_BLOCKS["exhaustive"], max(1, _CHUNK_TRIALS // code.seeds))
    return _CHUNK_BLOCKS[mode]


def _slices(length: int, step: int) -> Iterator[slice]:
    for start in range(0, length, step):
        yield slice(start, min(start + step, length))


def _blocks_at(weights: Matrix, place: tuple[slice, slice], size: int) -> _Blocks:
    """Returns the blocks at slices of rows and blocks, padded with zeros, float32 [n, size]."""
    rows, blocks = place
    part = weights[rows, blocks.start * size : blocks.stop * size]
    result = np.zeros((len(part), (blocks.stop - blocks.start) * size), np.float32)
    result[:, : part.shape[1]] = part
    return result.reshape(-1, size)
