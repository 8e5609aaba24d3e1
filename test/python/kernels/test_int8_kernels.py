# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from kernel_builds import ISAS, Isa, runs
from kernel_calls import (
    Call,
    multiply,
    multiply_int8,
    prepare,
    random_activations,
    random_encoded,
)
from kernel_codes import BYTE_CODES, CODES

from seedlm.codec import Code, Encoded, decode
from seedlm.codec.basis import states
from seedlm.passes.cpu_form.kernels import ROUNDED_BATCH

Harness = Callable[[Isa], list[str]]

PREPARED = np.dtype([("integers", "i1", 8), ("correction", "<i4"), ("scale", "<f4")])
SHAPES = [(64, 96), (1, 1), (65, 97), (130, 1003)]


def sum_by_halves(v: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The sums over the last axis in the order of the kernels."""
    four = v[..., :4] + v[..., 4:]
    two = four[..., :2] + four[..., 2:]
    return two[..., 0] + two[..., 1]


def order_of(code: Code) -> list[int]:
    """The columns of a block as they are prepared."""
    return [0, 2, 4, 6, 1, 3, 5, 7] if code.latent == 4 else list(range(8))


def model_prepared(x: npt.NDArray[np.float32], code: Code) -> npt.NDArray[np.void]:
    """What activations are prepared to: 8 bits, with sums of magnitudes of at most 255."""
    blocks = np.pad(x, ((0, 0), (0, -x.shape[1] % 8))).reshape(len(x), -1, 8)
    magnitudes = np.abs(blocks)
    limits = [magnitudes.max(-1) / np.float32(127), sum_by_halves(magnitudes) / np.float32(248)]
    scale = np.maximum(*limits)
    inverse = np.divide(np.float32(1), scale, out=np.zeros_like(scale), where=scale > 0)
    integers = np.rint(blocks * inverse[..., None]).astype(np.int8)
    prepared = np.zeros(scale.shape, PREPARED)
    prepared["integers"] = integers[..., order_of(code)]
    prepared["correction"] = -128 * integers.sum(-1, dtype=np.int32)
    prepared["scale"] = scale
    return prepared


def integer_weights(encoded: Encoded) -> npt.NDArray[np.int64]:
    """The weights of whole blocks as multiples of the least power, without unit and scale."""
    code = encoded.code
    seeds, coefficients, exponents = encoded.fields()
    basis = (states(code, seeds) >> (code.lfsr_width - 8)).astype(np.int64) - 128
    integers = np.einsum("nbcp,nbp->nbc", basis, coefficients)
    above_least = exponents.astype(np.int64) - code.exponent_range[0]
    return (integers << above_least[..., None]).reshape(len(seeds), -1)


def products(prepared: npt.NDArray[np.void], encoded: Encoded) -> npt.NDArray[np.float32]:
    """What prepared activations with scales of 1 give."""
    code = encoded.code
    integers = prepared["integers"][..., np.argsort(order_of(code))].reshape(len(prepared), -1)
    sums = integers @ integer_weights(encoded).T
    assert np.abs(sums).max() < 2**24
    unit = np.float32(1) / np.float32(127) * np.float32(2.0 ** code.exponent_range[0])
    scaled: npt.NDArray[np.float32] = sums.astype(np.float32) * (
        unit * encoded.scale.astype(np.float32)
    )
    return scaled


@pytest.mark.parametrize("name", ["four-16-0", "three-20-0"])
@pytest.mark.parametrize("columns", [1, 8, 97, 1003])
def test_prepared_activations(isa: Isa, harness: Harness, name: str, columns: int) -> None:
    x = random_activations(3, columns) ** 3
    x[1] = 0
    x[2, -1] = 1e6
    prepared = prepare(harness(isa), CODES[name], x, Call(offset=1, padding=2))
    model = model_prepared(x, CODES[name])
    np.testing.assert_array_equal(prepared.view(PREPARED), model)
    assert np.abs(model["integers"].astype(int)).sum(-1).max() <= 255


@pytest.mark.parametrize("name", BYTE_CODES)
@pytest.mark.parametrize("shape", SHAPES)
def test_products_are_exact(isa: Isa, harness: Harness, name: str, shape: tuple[int, int]) -> None:
    encoded = random_encoded(name, *shape)
    x = random_activations(2, shape[1])
    prepared = model_prepared(x, encoded.code)
    prepared["scale"] = 1
    y = multiply_int8(harness(isa), encoded, x, prepared.view(np.uint8), Call(offset=1, padding=2))
    np.testing.assert_array_equal(y, products(prepared, encoded))


@pytest.mark.parametrize("name", BYTE_CODES)
@pytest.mark.parametrize("batch", [1, 3, 4, ROUNDED_BATCH])
def test_batches(isa: Isa, harness: Harness, name: str, batch: int) -> None:
    encoded = random_encoded(name, 70, 205)
    x = random_activations(batch, 205)
    prepared = model_prepared(x, encoded.code)
    prepared["scale"] = 1
    y = multiply_int8(harness(isa), encoded, x, prepared.view(np.uint8), Call(offset=1, padding=2))
    np.testing.assert_array_equal(y, products(prepared, encoded))


@pytest.mark.parametrize("name", BYTE_CODES)
def test_large_batches_are_not_rounded(isa: Isa, harness: Harness, name: str) -> None:
    encoded = random_encoded(name, 70, 205)
    x = random_activations(ROUNDED_BATCH + 1, 205)
    nothing = np.zeros(model_prepared(x, encoded.code).shape, PREPARED)
    y = multiply_int8(harness(isa), encoded, x, nothing.view(np.uint8))
    np.testing.assert_array_equal(y, multiply(harness(isa), encoded, x))


@pytest.mark.parametrize("name", BYTE_CODES)
def test_activations_of_equal_magnitude(isa: Isa, harness: Harness, name: str) -> None:
    encoded = random_encoded(name, 64, 64)
    x = np.where(random_activations(2, 64) > 0, 1.0, -1.0).astype(np.float32)
    x[0] = np.tile([1, 0, 0, 0, 0, 0, 0, 0], 8)
    y = multiply_int8(harness(isa), encoded, x, prepare(harness(isa), encoded.code, x))
    expected = x @ decode(encoded).T
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("name", BYTE_CODES)
def test_error_is_a_tenth_of_the_weights_error(isa: Isa, harness: Harness, name: str) -> None:
    encoded = random_encoded(name, 512, 1024)
    x = random_activations(1, 1024)
    y = multiply_int8(harness(isa), encoded, x, prepare(harness(isa), encoded.code, x))
    expected = x.astype(np.float64) @ decode(encoded).astype(np.float64).T
    assert np.linalg.norm(y - expected) < 0.0086 * np.linalg.norm(expected)


@pytest.mark.parametrize("isa", [i for i in ISAS if i.machine == "x86_64"], ids=lambda i: i.name)
def test_kernels_touch_only_their_operands(isa: Isa, sanitized: Harness) -> None:
    if not runs(isa):
        pytest.skip(f"this machine does not run {isa.name}")
    harness = sanitized(isa)
    for name in BYTE_CODES:
        for rows, columns, batch in [(64, 24, 1), (65, 97, 5), (1, 300, 2)]:
            encoded = random_encoded(name, rows, columns)
            x = random_activations(batch, columns)
            prepared = prepare(harness, encoded.code, x, Call(offset=1, padding=2))
            multiply_int8(harness, encoded, x, prepared, Call(offset=1, padding=2))
