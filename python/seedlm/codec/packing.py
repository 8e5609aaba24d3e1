# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Records as bits: the storage of seeds, coefficients and exponents.

A record holds the seed in its low bits, then the coefficients q_0, q_1, .. and the exponent in
two's complement. The records of a row follow each other without gaps, least significant bit first,
and a row ends with zero bits up to a whole byte. With 32-bit records a row is an array of "<u4".
"""

from collections.abc import Iterator
from math import gcd

import numpy as np
import numpy.typing as npt

from seedlm.codec.code import Code

Seeds = npt.NDArray[np.uint32]
Integers = npt.NDArray[np.int8]
Codes = npt.NDArray[np.uint8]
_Words = npt.NDArray[np.uint64]


def pack_records(seeds: Seeds, coefficients: Integers, exponents: Integers, code: Code) -> Codes:
    """Returns the codes of rows of blocks, uint8 [rows, row_bytes].

    Args:
        seeds: uint32 [rows, blocks_per_row].
        coefficients: int8 [rows, blocks_per_row, latent].
        exponents: int8 [rows, blocks_per_row].
        code: The code; its ranges are not checked here, higher bits are cut off.
    """
    words = seeds.astype(np.uint64)
    shift = code.lfsr_width
    for p in range(code.latent):
        words |= _field(coefficients[..., p], code.coefficient_bits, shift)
        shift += code.coefficient_bits
    words |= _field(exponents, code.exponent_bits, shift)
    return _to_bytes(words, code.record_bits)


def unpack_records(
    codes: Codes, code: Code, blocks_per_row: int
) -> tuple[Seeds, Integers, Integers]:
    """Returns seeds, coefficients and exponents of codes uint8 [rows, row_bytes].

    The inverse of `pack_records`, with the shapes and dtypes given there. `row_bytes` must hold
    `blocks_per_row` records and no byte more.
    """
    words = _to_words(codes, code.record_bits, blocks_per_row)
    seeds = (words & np.uint64(code.seeds)).astype(np.uint32)
    coefficients = np.empty((*words.shape, code.latent), np.int8)
    shift = code.lfsr_width
    for p in range(code.latent):
        coefficients[..., p] = _signed(words, code.coefficient_bits, shift)
        shift += code.coefficient_bits
    return seeds, coefficients, _signed(words, code.exponent_bits, shift)


def padding_bits(codes: Codes, code: Code, blocks_per_row: int) -> Codes:
    """Returns the bits after the last record of each row of codes, uint8 [rows]; 0 if valid."""
    used = blocks_per_row * code.record_bits % 8
    return codes[:, -1] >> np.uint8(used or 8)


def _field(values: Integers, bits: int, shift: int) -> _Words:
    return (values.astype(np.uint64) & np.uint64((1 << bits) - 1)) << np.uint64(shift)


def _signed(words: _Words, bits: int, shift: int) -> Integers:
    if bits == 0:
        return np.zeros(words.shape, np.int8)
    field = (words >> np.uint64(shift)).astype(np.uint8) << np.uint8(8 - bits)
    return field.view(np.int8) >> np.int8(8 - bits)


def _overlaps(bits: int) -> Iterator[tuple[int, int, int]]:
    """Yields (record, byte, shift) of each overlap in the shortest run of whole records and bytes.

    `shift` is the position of the byte's lowest bit inside the record, negative if it lies before.
    """
    records = 8 // gcd(bits, 8)
    for byte in range(records * bits // 8):
        first, last = 8 * byte // bits, (8 * byte + 7) // bits
        for record in range(first, last + 1):
            yield record, byte, 8 * byte - record * bits


def _shifted(values: _Words, left: int) -> _Words:
    return values << np.uint64(left) if left >= 0 else values >> np.uint64(-left)


def _to_bytes(words: _Words, bits: int) -> Codes:
    rows, blocks = words.shape
    group = 8 // gcd(bits, 8)
    groups = -(-blocks // group)
    padded = np.pad(words, ((0, 0), (0, groups * group - blocks))).reshape(rows, groups, group)
    codes = np.zeros((rows, groups, group * bits // 8), np.uint8)
    for record, byte, shift in _overlaps(bits):
        codes[..., byte] |= _shifted(padded[..., record], -shift).astype(np.uint8)
    return np.ascontiguousarray(codes.reshape(rows, -1)[:, : -(-blocks * bits // 8)])


def _to_words(codes: Codes, bits: int, blocks: int) -> _Words:
    rows = len(codes)
    group = 8 // gcd(bits, 8)
    groups = -(-blocks // group)
    row_bytes = groups * group * bits // 8
    padded = np.pad(codes, ((0, 0), (0, row_bytes - codes.shape[1]))).reshape(rows, groups, -1)
    words = np.zeros((rows, groups, group), np.uint64)
    for record, byte, shift in _overlaps(bits):
        words[..., record] |= _shifted(padded[..., byte].astype(np.uint64), shift)
    words &= np.uint64((1 << bits) - 1)
    return words.reshape(rows, -1)[:, :blocks]
