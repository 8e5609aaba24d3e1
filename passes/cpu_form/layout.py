# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The layout of codes that CPU kernels read: tiles of 64 rows, one step a block of columns.

A step holds the records of one block of each of a tile's 64 rows, as planes:

    64 bytes   for each whole byte of the stored seeds
    128 bytes  words of 16 bits: the coefficients, q_0 lowest, and the nibble above if there is room
    32 bytes   the nibbles, if there is no room

The nibble holds what is left of the stored seed and above it the exponent; some codes have none.
The stored seed is not the seed but the state of the register some steps later, where the lowest bit
of the first basis value has become the lowest bit of the state: then all basis values are windows
of one string of bits that starts with the stored seed. Nothing is added to the records: a step has
64 times `record_bits`. Rows that fill up the last tile have records of zeros, whose weights are 0.

Where fields are nibbles and lanes have 32 bits, the words of a row and of that 16 rows on, which
share a lane, are mixed: the lane's bytes have a nibble of the first in their upper half and of the
second in their lower one.

Kernels bring the bytes of a string together by interleaving planes, in lanes of 32 bits or, if it
is longer than 40 bits, of 64. The order of rows in planes is what this turns into ascending rows.
"""

from functools import lru_cache
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from seedlm.codec import Code
from seedlm.codec.lfsr import orbit
from seedlm.codec.packing import Codes, Integers, Seeds
from seedlm.compiler.dialect import TILE_ROWS
from seedlm.errors import SeedlmError

_WORD_BITS = 16
_NIBBLE_BITS = 4
_NARROW_STRING_BITS = 40
_ROWS = np.arange(TILE_ROWS)

_Unsigned = TypeVar("_Unsigned", np.uint8, np.uint32)
_Indices = npt.NDArray[np.int64]
_Bytes = npt.NDArray[np.uint8]


def has_layout(code: Code) -> bool:
    """Returns whether codes can be laid out for kernels."""
    return (
        8 <= code.lfsr_width <= 16
        and string_bits(code) <= 64
        and _coefficient_bits(code) in (_WORD_BITS - _NIBBLE_BITS, _WORD_BITS)
        and _nibble_bits(code) in (0, _NIBBLE_BITS)
        and code.record_bits % 8 in (0, _NIBBLE_BITS)
    )


def string_bits(code: Code) -> int:
    """Returns the length of the string that the basis values of a block are windows of."""
    return code.block * code.latent - 1 + code.basis_bits


def first_bit(code: Code) -> int:
    """Returns how many steps the register makes from the seed to the stored seed."""
    return 1 + code.lfsr_width - code.basis_bits


def step_bytes(code: Code) -> int:
    """Returns the bytes of one block of columns of a tile."""
    return TILE_ROWS * code.record_bits // 8


def prepared_bytes(code: Code, columns: int) -> int:
    """Returns the bytes of a row of activations prepared for kernels with activations of 8 bits.

    They are for codes with basis values of a byte. For each block there are 8 bytes with the
    integers of its columns, 8 with those of its even columns and then its odd ones, an i32 with
    -128 times their sum and an f32 with their scale.
    """
    return 24 * code.blocks_per_row(columns)


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
    nibbles = _join_nibbles(stored, exponents, code)
    words = _join_words(coefficients, nibbles, code)
    steps = np.zeros((tiles, blocks, step_bytes(code)), np.uint8)
    for byte in range(_seed_bytes(code)):
        at = TILE_ROWS * byte + _plane_order(code)
        steps[..., at] = _tiled(_byte_of(stored, byte), tiles)
    mixed = _mix_words(_tiled(words, tiles)) if _is_mixed(code) else _tiled(words, tiles)
    for byte in range(2):
        steps[..., _word_order(code) + byte] = _byte_of(mixed, byte)
    if _has_nibble_plane(code):
        tiled, low = _tiled(nibbles, tiles), _ROWS % 8 < 4
        steps[..., _nibble_order(code)[low]] = tiled[..., low] | tiled[..., ~low] << np.uint8(4)
    return steps.reshape(tiles, -1)


def untile_codes(tiles: Codes, rows: int, code: Code) -> tuple[Seeds, Integers, Integers]:
    """Returns seeds, coefficients and exponents of `rows` rows of tiles.

    The inverse of `tile_codes`, with the shapes and dtypes given there.

    Raises:
        SeedlmError: There is no layout for this code.
    """
    _check(code)
    steps = tiles.reshape(len(tiles), -1, step_bytes(code))
    low, high = (steps[..., _word_order(code) + byte].astype(np.uint32) for byte in range(2))
    tiled = low | high << np.uint32(8)
    words = _untiled(_separate_words(tiled) if _is_mixed(code) else tiled, rows)
    nibbles = words >> np.uint32(_coefficient_bits(code))
    if _has_nibble_plane(code):
        upper = (np.arange(rows) % 8 >= 4)[:, None]
        pairs = _rows_of(steps, _nibble_order(code), rows)
        nibbles = np.where(upper, pairs >> np.uint32(4), pairs & np.uint32(15))
    stored = (nibbles << np.uint32(8 * _seed_bytes(code))) & np.uint32(code.seeds)
    for byte in range(_seed_bytes(code)):
        plane = _rows_of(steps, TILE_ROWS * byte + _plane_order(code), rows)
        stored |= plane << np.uint32(8 * byte)
    bits = code.coefficient_bits
    coefficients = [_signed(words >> np.uint32(bits * p), bits) for p in range(code.latent)]
    exponents = _signed(nibbles >> np.uint32(code.lfsr_width % 8), code.exponent_bits)
    return _seeds_of_stored(code)[stored], np.stack(coefficients, -1), exponents


def _check(code: Code) -> None:
    if not has_layout(code):
        raise SeedlmError(f"there is no CPU layout for {code}")


def _seed_bytes(code: Code) -> int:
    return code.lfsr_width // 8


def _coefficient_bits(code: Code) -> int:
    return code.latent * code.coefficient_bits


def _nibble_bits(code: Code) -> int:
    return code.lfsr_width % 8 + code.exponent_bits


def _has_nibble_plane(code: Code) -> bool:
    return _coefficient_bits(code) + _nibble_bits(code) > _WORD_BITS


def _join_nibbles(stored: Seeds, exponents: Integers, code: Code) -> _Bytes:
    left, exponent_mask = code.lfsr_width % 8, (1 << code.exponent_bits) - 1
    upper = (exponents.view(np.uint8) & np.uint8(exponent_mask)) << np.uint8(left)
    return (stored >> np.uint32(8 * _seed_bytes(code))).astype(np.uint8) | upper


def _join_words(coefficients: Integers, nibbles: _Bytes, code: Code) -> npt.NDArray[np.uint32]:
    words = np.zeros(nibbles.shape, np.uint32)
    if not _has_nibble_plane(code):
        words |= nibbles.astype(np.uint32) << np.uint32(_WORD_BITS - _NIBBLE_BITS)
    mask = np.uint8((1 << code.coefficient_bits) - 1)
    for p in range(code.latent):
        field = (coefficients[..., p].view(np.uint8) & mask).astype(np.uint32)
        words |= field << np.uint32(code.coefficient_bits * p)
    return words


def _is_mixed(code: Code) -> bool:
    return code.coefficient_bits == _NIBBLE_BITS and _lane_bytes(code) == 4


def _mix_words(words: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """Mixes the nibbles of words [..., TILE_ROWS] in pairs, which become both halves of a lane."""
    pairs = words.reshape(*words.shape[:-1], 2, 2, 16)
    spread = (pairs | pairs << np.uint32(8)) & np.uint32(0x00FF00FF)
    spread = (spread | spread << np.uint32(4)) & np.uint32(0x0F0F0F0F)
    lanes = spread[..., 0, :] << np.uint32(4) | spread[..., 1, :]
    return np.stack([lanes & 0xFFFF, lanes >> np.uint32(16)], -2).reshape(words.shape)


def _separate_words(mixed: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """Undoes `_mix_words`."""
    pairs = mixed.reshape(*mixed.shape[:-1], 2, 2, 16)
    lanes = pairs[..., 0, :] | pairs[..., 1, :] << np.uint32(16)
    spread = np.stack([lanes >> np.uint32(4), lanes], -2) & np.uint32(0x0F0F0F0F)
    spread = (spread | spread >> np.uint32(4)) & np.uint32(0x00FF00FF)
    return ((spread | spread >> np.uint32(8)) & np.uint32(0xFFFF)).reshape(mixed.shape)


def _byte_of(values: npt.NDArray[np.uint32], byte: int) -> _Bytes:
    return (values >> np.uint32(8 * byte)).astype(np.uint8)


def _signed(values: npt.NDArray[np.uint32], bits: int) -> Integers:
    """Returns the two's complement numbers in the low `bits` bits."""
    if bits == 0:
        return np.zeros(values.shape, np.int8)
    shift = 8 - bits
    return (values.astype(np.uint8) << np.uint8(shift)).view(np.int8) >> np.int8(shift)


def _tiled(values: npt.NDArray[_Unsigned], tiles: int) -> npt.NDArray[_Unsigned]:
    """Returns values [rows, blocks] as [tiles, blocks, TILE_ROWS], filled with zeros."""
    rows, blocks = values.shape
    padded = np.pad(values, ((0, tiles * TILE_ROWS - rows), (0, 0)))
    return padded.reshape(tiles, TILE_ROWS, blocks).swapaxes(1, 2)


def _untiled(values: npt.NDArray[_Unsigned], rows: int) -> npt.NDArray[_Unsigned]:
    """Undoes `_tiled`."""
    return values.swapaxes(1, 2).reshape(-1, values.shape[1])[:rows]


def _rows_of(steps: Codes, order: _Indices, rows: int) -> npt.NDArray[np.uint32]:
    """Returns the bytes at `order` of each step as [rows, blocks]."""
    return _untiled(steps[..., order], rows).astype(np.uint32)


def _lane_bytes(code: Code) -> int:
    return 4 if string_bits(code) <= _NARROW_STRING_BITS else 8


def _plane_order(code: Code) -> _Indices:
    """Returns where the byte of each row stands in a byte plane.

    Four or eight planes interleaved in parts of 16 bytes are that many vectors of lanes.
    """
    lanes = 16 // _lane_bytes(code)
    vector, lane = _ROWS // (4 * lanes), _ROWS % (4 * lanes)
    return lane // lanes * 16 + vector * lanes + lane % lanes


def _word_order(code: Code) -> _Indices:
    """Returns the offset in a step of the word of each row.

    The words of several vectors share the lanes of one.
    """
    lanes, shared = 64 // _lane_bytes(code), _lane_bytes(code) // 2
    vector, lane = _ROWS // lanes, _ROWS % lanes
    start = TILE_ROWS * _seed_bytes(code)
    return start + vector // shared * 64 + (lane * shared + vector % shared) * 2


def _nibble_order(code: Code) -> _Indices:
    """Returns the offset in a step of the byte with the nibble of each row."""
    return TILE_ROWS * (_seed_bytes(code) + 2) + _ROWS // 8 * 4 + _ROWS % 4


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
