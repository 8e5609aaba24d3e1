# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import SMALL, code_of_width, codes

from seedlm.codec import Code, preset
from seedlm.codec.packing import pack_records, padding_bits, unpack_records

Fields = tuple[npt.NDArray[np.uint32], npt.NDArray[np.int8], npt.NDArray[np.int8]]


def random_fields(code: Code, rows: int, blocks: int, seed: int) -> Fields:
    rng = np.random.default_rng(seed)
    low, high = code.coefficient_range
    least, greatest = code.exponent_range
    return (
        rng.integers(1, code.seeds, (rows, blocks), np.uint32, endpoint=True),
        rng.integers(low, high, (rows, blocks, code.latent), np.int8, endpoint=True),
        rng.integers(least, greatest, (rows, blocks), np.int8, endpoint=True),
    )


def bits_of_row(code: Code, fields: Fields, row: int) -> int:
    """The definition of the format, with one long integer a row."""
    number = 0
    for block, (seed, coefficients, exponent) in enumerate(
        zip(*(f[row] for f in fields), strict=True)
    ):
        record, shift = int(seed), code.lfsr_width
        for q in coefficients:
            record |= (int(q) & (1 << code.coefficient_bits) - 1) << shift
            shift += code.coefficient_bits
        record |= (int(exponent) & (1 << code.exponent_bits) - 1) << shift
        number |= record << block * code.record_bits
    return number


def assert_same_fields(actual: Fields, expected: Fields) -> None:
    fields: Iterable[tuple[npt.NDArray[Any], npt.NDArray[Any]]] = zip(actual, expected, strict=True)
    for a, b in fields:
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


@settings(max_examples=60, deadline=None)
@given(codes(), st.integers(1, 3), st.integers(1, 20), st.integers(0, 2**32))
def test_round_trip_and_layout(code: Code, rows: int, blocks: int, seed: int) -> None:
    fields = random_fields(code, rows, blocks, seed)
    packed = pack_records(*fields, code)
    assert packed.dtype == np.uint8
    assert packed.shape == (rows, code.row_bytes(blocks * code.block))
    for row in range(rows):
        assert int.from_bytes(packed[row].tobytes(), "little") == bits_of_row(code, fields, row)
    assert_same_fields(unpack_records(packed, code, blocks), fields)
    assert not padding_bits(packed, code, blocks).any()


def test_longest_record() -> None:
    code = code_of_width(20, 16, 4, coefficient_bits=5)
    fields = random_fields(code, 2, 9, 0)
    packed = pack_records(*fields, code)
    assert int.from_bytes(packed[1].tobytes(), "little") == bits_of_row(code, fields, 1)
    assert_same_fields(unpack_records(packed, code, 9), fields)


def test_4bit_record_is_a_little_endian_word() -> None:
    code = preset("paper-4bit")
    seeds, coefficients, exponents = fields = random_fields(code, 3, 5, 1)
    nibbles = coefficients.astype(np.uint32) & 15
    words = seeds | nibbles[..., 0] << 16 | nibbles[..., 1] << 20 | nibbles[..., 2] << 24
    words |= (exponents.astype(np.uint32) & 15) << 28
    np.testing.assert_array_equal(pack_records(*fields, code).view("<u4"), words)


@pytest.mark.parametrize("blocks", [1, 2, 3])
def test_padding_bits_are_found(blocks: int) -> None:
    code = preset("paper-3bit")
    packed = pack_records(*random_fields(code, 2, blocks, 2), code)
    packed[1, -1] |= 0x80
    expected = [0, 8] if blocks % 2 else [0, 0]
    assert padding_bits(packed, code, blocks).tolist() == expected


def test_fields_are_cut_to_their_bits() -> None:
    packed = pack_records(
        np.array([[5]], np.uint32),
        np.array([[[-1, 0, 7]]], np.int8),
        np.array([[-8]], np.int8),
        SMALL,
    )
    assert packed.tobytes() == bytes([0x05, 0x0F, 0x87])
