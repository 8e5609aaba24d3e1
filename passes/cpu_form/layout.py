# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The layout of codes that CPU kernels read: tiles of 64 rows, one step a block of columns.

A step holds the records of one block of each of a tile's 64 rows, as planes:

    64 bytes   the low bytes of the stored seeds
    64 bytes   the second bytes of the stored seeds
    128 bytes  words of 16 bits: q_0 in the low nibble, q_1, q_2 and q_3 or, if there is no q_3,
               the nibble below
    32 bytes   (only with q_3) the nibble: what is left of the stored seed, the exponent above it

The stored seed is not the seed but the state of the register some steps later, where the lowest
bit of the first basis value has become the lowest bit of the state: then all basis values are
windows of one string of bits that starts with the stored seed. Nothing is added to the records: a
step has 64 times `record_bits`. Rows that fill up the last tile have records of zeros, whose
weights are 0.

The order of rows in a plane is what the interleaving of bytes that kernels do (a byte of each of
four or eight planes becomes a word of 32 or 64 bits) turns into ascending rows.
"""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from seedlm.codec import Code
from seedlm.codec.lfsr import orbit
from seedlm.codec.packing import Codes, Integers, Seeds
from seedlm.errors import SeedlmError

TILE_ROWS = 64

_SHAPES = ((8, 3), (12, 4))
_SEED_BYTES = 2
_NIBBLE_BITS = 4
_ROWS = np.arange(TILE_ROWS)

_Indices = npt.NDArray[np.int64]


def has_layout(code: Code) -> bool:
    """Returns whether codes can be laid out for kernels."""
    extra = code.lfsr_width - 8 * _SEED_BYTES
    return (
        (code.block, code.latent) in _SHAPES
        and code.coefficient_bits == _NIBBLE_BITS
        and 0 <= extra < _NIBBLE_BITS
        and extra + code.exponent_bits == _NIBBLE_BITS
    )


def step_bytes(code: Code) -> int:
    """Returns the bytes of one block of columns of a tile."""
    return TILE_ROWS * code.record_bits // 8


def tile_codes(seeds: Seeds, coefficients: Integers, exponents: Integers, code: Code) -> Codes:
    """Returns records in tiles, uint8 [tiles, blocks * step_bytes].

    Args:
        seeds: uint32 [rows, blocks].
        coefficients: int8 [rows, blocks, latent].
        exponents: int8 [rows, blocks].
        code: The code of the records.

    Raises:
        SeedlmError: There is no layout for this code.
    """
    _check(code)
    rows, blocks = seeds.shape
    tiles = -(-rows // TILE_ROWS)
    stored = _stored_seeds(code)[seeds]
    nibbles = _nibbles(stored, exponents, code)
    words = np.zeros((rows, blocks), np.uint16)
    fields = [*np.moveaxis(coefficients, -1, 0), nibbles][:_NIBBLE_BITS]
    for i, field in enumerate(fields):
        words |= (field & 15).astype(np.uint16) << np.uint16(_NIBBLE_BITS * i)
    steps = np.zeros((tiles, blocks, step_bytes(code)), np.uint8)
    planes = _plane_order(code)
    steps[..., planes] = _tiled(stored.astype(np.uint8), tiles)
    steps[..., TILE_ROWS + planes] = _tiled((stored >> 8).astype(np.uint8), tiles)
    for byte in range(2):
        plane = (words >> np.uint16(8 * byte)).astype(np.uint8)
        steps[..., _word_order(code) + byte] = _tiled(plane, tiles)
    if code.latent == _NIBBLE_BITS:
        tiled = _tiled(nibbles, tiles)
        low = _ROWS % 8 < 4
        steps[..., _nibble_order()[low]] = tiled[..., low] | tiled[..., ~low] << np.uint8(4)
    return steps.reshape(tiles, -1)


def untile_codes(tiles: Codes, rows: int, code: Code) -> tuple[Seeds, Integers, Integers]:
    """Returns seeds, coefficients and exponents of `rows` rows of tiles.

    The inverse of `tile_codes`, with the shapes and dtypes given there.

    Raises:
        SeedlmError: There is no layout for this code.
    """
    _check(code)
    steps = tiles.reshape(len(tiles), -1, step_bytes(code))
    words = _rows_of(steps, _word_order(code), rows).astype(np.uint16)
    words |= _rows_of(steps, _word_order(code) + 1, rows).astype(np.uint16) << np.uint16(8)
    fields = [(words >> np.uint16(_NIBBLE_BITS * i)).astype(np.uint8) & 15 for i in range(4)]
    if code.latent == _NIBBLE_BITS:
        nibbles = _rows_of(steps, _nibble_order(), rows)
        upper = (np.arange(rows) % 8 >= 4)[:, None]
        fields.append(np.where(upper, nibbles >> np.uint8(4), nibbles & np.uint8(15)))
    extra = code.lfsr_width - 8 * _SEED_BYTES
    planes = _plane_order(code)
    stored = _rows_of(steps, planes, rows).astype(np.uint32)
    stored |= _rows_of(steps, TILE_ROWS + planes, rows).astype(np.uint32) << np.uint32(8)
    stored |= (fields[-1] & ((1 << extra) - 1)).astype(np.uint32) << np.uint32(16)
    exponents = (fields[-1] << np.uint8(4)).view(np.int8) >> np.int8(4 + extra)
    coefficients = np.stack(fields[: code.latent], -1)
    signed = (coefficients << np.uint8(4)).view(np.int8) >> np.int8(4)
    return _seeds_of_stored(code)[stored], signed, exponents


def first_bit(code: Code) -> int:
    """Returns how many steps the register makes from the seed to the stored seed."""
    return 1 + code.lfsr_width - code.basis_bits


def _check(code: Code) -> None:
    if not has_layout(code):
        raise SeedlmError(f"there is no CPU layout for {code}")


def _nibbles(stored: Seeds, exponents: Integers, code: Code) -> npt.NDArray[np.uint8]:
    extra = code.lfsr_width - 8 * _SEED_BYTES
    upper = exponents.view(np.uint8) << np.uint8(extra)
    return ((stored >> 16).astype(np.uint8) | upper) & np.uint8(15)


def _tiled(values: npt.NDArray[np.uint8], tiles: int) -> npt.NDArray[np.uint8]:
    """Returns values [rows, blocks] as [tiles, blocks, TILE_ROWS], filled with zeros."""
    rows, blocks = values.shape
    padded = np.pad(values, ((0, tiles * TILE_ROWS - rows), (0, 0)))
    return padded.reshape(tiles, TILE_ROWS, blocks).swapaxes(1, 2)


def _rows_of(steps: Codes, order: _Indices, rows: int) -> npt.NDArray[np.uint8]:
    """Returns the bytes at `order` of each step as [rows, blocks]."""
    tiled = steps[..., order].swapaxes(1, 2)
    return tiled.reshape(-1, steps.shape[1])[:rows]


def _plane_order(code: Code) -> _Indices:
    """Returns where the byte of each row stands in a byte plane."""
    word_bytes = 4 if code.latent == 3 else 8
    lanes = 16 // word_bytes
    vector, lane = _ROWS // (4 * lanes), _ROWS % (4 * lanes)
    return lane // lanes * 16 + vector * lanes + lane % lanes


def _word_order(code: Code) -> _Indices:
    """Returns the offset in a step of the word of each row."""
    start = 2 * TILE_ROWS
    if code.latent == _NIBBLE_BITS:
        return start + 2 * _ROWS
    vector, lane = _ROWS // 16, _ROWS % 16
    return start + vector // 2 * 64 + lane * 4 + vector % 2 * 2


def _nibble_order() -> _Indices:
    """Returns the offset in a step of the byte with the nibble of each row."""
    return 4 * TILE_ROWS + _ROWS // 8 * 4 + _ROWS % 4


@lru_cache(maxsize=8)
def _stored_seeds(code: Code) -> Seeds:
    """Returns the stored seed of each seed, uint32 [seeds + 1]; 0 stays 0."""
    states = orbit(code.lfsr_width, code.taps)
    stored = np.zeros(code.seeds + 1, np.uint32)
    stored[states] = np.roll(states, -first_bit(code))
    return stored


@lru_cache(maxsize=8)
def _seeds_of_stored(code: Code) -> Seeds:
    """Returns the seed of each stored seed, uint32 [seeds + 1]."""
    stored = _stored_seeds(code)
    seeds = np.zeros_like(stored)
    seeds[stored] = np.arange(len(stored), dtype=np.uint32)
    return seeds
