# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from samples import PAPER_EXAMPLE, SMALL, gaussian

from seedlm.codec import Encoded, decode, encode, preset
from seedlm.codec.basis import basis
from seedlm.codec.packing import pack_records
from seedlm.errors import SeedlmError


@pytest.fixture(scope="module")
def encoded() -> Encoded:
    return encode(gaussian(3, 20), SMALL)


def test_sizes(encoded: Encoded) -> None:
    assert encoded.blocks_per_row == 3
    assert encoded.codes.shape == (3, 9)
    assert encoded.bits == 3 * 9 * 8 + 32
    assert encoded.bits_per_weight == encoded.bits / 60


def test_fields(encoded: Encoded) -> None:
    fields: tuple[npt.NDArray[Any], ...] = encoded.fields()
    assert [field.shape for field in fields] == [(3, 3), (3, 3, 3), (3, 3)]
    assert [field.dtype for field in fields] == [np.uint32, np.int8, np.int8]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shape": (3,)}, "shape (3,) is not two positive integers"),
        ({"shape": (0, 20)}, "shape (0, 20) is not two positive integers"),
        ({"shape": (3, 20.0)}, "shape (3, 20.0) is not two positive integers"),
        ({"shape": (3, 25)}, "codes are uint8 [3, 9], but weights [3, 25] need uint8 [3, 12]"),
        ({"codes": np.zeros((3, 9), np.int8)}, "codes are int8 [3, 9], but"),
        ({"scale": np.float32(0)}, "scale 0.0 is not a finite positive number"),
        ({"scale": np.float32("inf")}, "scale inf is not"),
        ({"scale": np.float64(1)}, "scale is float64 [], not float32 []"),
        ({"scale": np.ones(3, np.float32)}, "scale is float32 [3], not float32 []"),
        ({"relative_error": float("nan")}, "relative error nan is not a finite number >= 0"),
        ({"relative_error": -1.0}, "relative error -1.0 is not"),
    ],
)
def test_invalid_fields(encoded: Encoded, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SeedlmError) as error:
        replace(encoded, **changes)
    assert str(error.value).startswith(message)


def test_seed_zero(encoded: Encoded) -> None:
    codes = encoded.codes.copy()
    codes[1, 3] = 0
    with pytest.raises(SeedlmError, match=r"^codes: block 1 of row 1 has seed 0$"):
        replace(encoded, codes=codes)


def test_padding_bits() -> None:
    encoded = encode(gaussian(2, 12), replace(SMALL, exponent_bits=3))
    codes = encoded.codes.copy()
    codes[1, -1] |= 0x80
    with pytest.raises(SeedlmError, match=r"^codes: row 1 has padding bits that are not zero$"):
        replace(encoded, codes=codes)


@pytest.mark.parametrize("columns", [1, 23, 24, 25])
def test_decode_is_the_formula(columns: int) -> None:
    rng = np.random.default_rng(columns)
    code = preset("paper-3bit")
    blocks = code.blocks_per_row(columns)
    seeds = rng.integers(1, 65536, (2, blocks), np.uint32)
    coefficients = rng.integers(-8, 8, (2, blocks, 4), np.int8)
    exponents = rng.integers(-8, 8, (2, blocks), np.int8)
    codes = pack_records(seeds, coefficients, exponents, code)
    scale = np.float32(0.0123)
    encoded = Encoded(
        code=code, shape=(2, columns), codes=codes, scale=np.array(scale), relative_error=0.0
    )
    weights = decode(encoded)
    assert weights.dtype == np.float32
    assert weights.shape == (2, columns)
    for row, column in np.ndindex(2, columns):
        block, c = divmod(column, 12)
        u = basis(code, seeds[row, block])[c]
        total = sum(float(q) * x for q, x in zip(coefficients[row, block], u, strict=True))
        value = float(scale) * (total * 2.0 ** int(exponents[row, block]))
        assert weights[row, column] == np.float32(value)


def test_decode_of_more_blocks_than_a_chunk() -> None:
    rng = np.random.default_rng(0)
    seeds = rng.integers(1, 8, (3, 20_000), np.uint32)
    coefficients = rng.integers(-8, 8, (3, 20_000, 2), np.int8)
    exponents = np.zeros((3, 20_000), np.int8)
    codes = pack_records(seeds, coefficients, exponents, PAPER_EXAMPLE)
    encoded = Encoded(
        code=PAPER_EXAMPLE,
        shape=(3, 80_000),
        codes=codes,
        scale=np.ones((), np.float32),
        relative_error=0.0,
    )
    expected = np.einsum("rbcp,rbp->rbc", basis(PAPER_EXAMPLE, seeds), coefficients)
    np.testing.assert_allclose(decode(encoded), expected.reshape(3, -1), rtol=1e-6, atol=1e-7)
