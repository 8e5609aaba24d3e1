# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Weights to codes."""

import math
import os
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from seedlm.codec import _native
from seedlm.codec.code import Code
from seedlm.codec.decoder import decode_blocks
from seedlm.codec.encoded import Encoded
from seedlm.codec.packing import Integers, Seeds, pack_records
from seedlm.codec.scale import choose_scale
from seedlm.codec.weights import check_weights, largest_weight
from seedlm.errors import SeedlmError

Progress = Callable[[int, int], None]
_Place = tuple[slice, slice]

_MAX_CHUNK_BLOCKS = 1 << 13
_CHUNK_TRIALS = 1 << 29


def encode(
    weights: npt.ArrayLike,
    code: Code,
    *,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Encoded:
    """Encodes a weight matrix.

    Each block gets the seed, coefficients and exponent of least squared error of all there are
    (SeedLM, section 3.2, without its rounding heuristic). Equal errors are resolved by the least
    seed. The result does not depend on `threads` or on the processor.

    Args:
        weights: float16, bfloat16, float32 or float64 [rows, columns]; columns is the reduction
            dimension. Weights are rounded to float32 first.
        code: The code.
        threads: Number of threads, all processors if None.
        progress: Called with the number of blocks done and the number of all blocks.

    Raises:
        SeedlmError: The weights are no matrix of one of these dtypes or empty, a weight is not
            finite or too large for float32 codes, or `threads` is below 1.
    """
    array = np.asarray(weights)
    check_weights(array)
    threads = (os.cpu_count() or 1) if threads is None else threads
    if threads < 1:
        raise SeedlmError(f"threads {threads} is less than 1")
    rows, columns = array.shape
    blocks = code.blocks_per_row(columns)
    scale = choose_scale(largest_weight(array), code)
    seeds = np.empty((rows, blocks), np.uint32)
    coefficients = np.empty((rows, blocks, code.latent), np.int8)
    exponents = np.empty((rows, blocks), np.int8)
    error = energy = 0.0
    done = 0
    for chunk in _encode_chunks(array, code, float(scale), threads):
        shape = seeds[chunk.place].shape
        seeds[chunk.place] = chunk.seeds.reshape(shape)
        coefficients[chunk.place] = chunk.coefficients.reshape(*shape, -1)
        exponents[chunk.place] = chunk.exponents.reshape(shape)
        error += chunk.error
        energy += chunk.energy
        done += chunk.seeds.size
        if progress is not None:
            progress(done, seeds.size)
    return Encoded(
        code=code,
        shape=(rows, columns),
        codes=pack_records(seeds, coefficients, exponents, code),
        scale=np.array(scale),
        relative_error=math.sqrt(error / energy) if energy else 0.0,
    )


class _Chunk(NamedTuple):
    """The records of the blocks at `place`, and the squared norms of error and weights."""

    place: _Place
    seeds: Seeds
    coefficients: Integers
    exponents: Integers
    error: float
    energy: float


def _encode_chunks(
    weights: npt.NDArray[np.generic], code: Code, scale: float, threads: int
) -> Iterator[_Chunk]:
    native = native_code(code)
    rows, columns = weights.shape
    for place in _places(rows, code.blocks_per_row(columns), code):
        part = _weights_at(weights, place, code.block)
        records = _native.encode_blocks(_blocks(part, code.block), scale, native, threads=threads)
        decoded = decode_blocks(*records, scale, code).reshape(len(part), -1)
        error = np.square(part - decoded[:, : part.shape[1]]).sum()
        yield _Chunk(place, *records, float(error), float(np.square(part).sum()))


def native_code(code: Code) -> _native.NativeCode:
    """Returns the native module's form of a code."""
    return _native.NativeCode(
        block=code.block,
        latent=code.latent,
        lfsr_width=code.lfsr_width,
        tap_mask=sum(1 << tap for tap in code.taps),
        coefficient_bits=code.coefficient_bits,
        exponent_bits=code.exponent_bits,
        basis_bits=code.basis_bits,
    )


def _places(rows: int, blocks: int, code: Code) -> Iterator[_Place]:
    """Yields slices of rows and blocks that together cover a matrix of blocks.

    A chunk takes less than a second, so that progress is shown and an interrupt is heeded.
    """
    size = min(_MAX_CHUNK_BLOCKS, max(1, _CHUNK_TRIALS // code.seeds))
    width = min(blocks, size)
    height = max(1, size // blocks)
    for row in range(0, rows, height):
        for block in range(0, blocks, width):
            yield slice(row, row + height), slice(block, block + width)


def _weights_at(
    weights: npt.NDArray[np.generic], place: _Place, size: int
) -> npt.NDArray[np.float64]:
    """Returns the weights at slices of rows and blocks; the last block of a row may be short."""
    rows, blocks = place
    return weights[rows, blocks.start * size : blocks.stop * size].astype(np.float64)


def _blocks(part: npt.NDArray[np.float64], size: int) -> npt.NDArray[np.float32]:
    """Returns the blocks of rows, padded with zeros, float32 [n, size]."""
    padding = -part.shape[1] % size
    return np.pad(part, ((0, 0), (0, padding))).reshape(-1, size).astype(np.float32)
