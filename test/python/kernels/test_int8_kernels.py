# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from kernel_builds import ISAS, Isa, runs
from kernel_calls import (
    BYTE_PRESETS,
    Call,
    multiply_int8,
    prepare,
    random_activations,
    random_encoded,
)

from seedlm.codec import Encoded, decode, preset
from seedlm.codec.basis import states

Harness = Callable[[Isa], list[str]]

PREPARED = np.dtype(
    [("halves", "i1", 8), ("parities", "i1", 8), ("correction", "<i4"), ("scale", "<f4")]
)
SHAPES = [(64, 96), (1, 1), (65, 97), (130, 1003)]


@pytest.fixture(params=[isa for isa in ISAS if isa.has_int8], ids=lambda isa: isa.name)
def isa(request: pytest.FixtureRequest) -> Isa:
    if not runs(request.param):
        pytest.skip(f"this machine does not run {request.param.name}")
    chosen: Isa = request.param
    return chosen


def sum_by_halves(v: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The sums over the last axis in the order of the kernels."""
    four = v[..., :4] + v[..., 4:]
    two = four[..., :2] + four[..., 2:]
    return two[..., 0] + two[..., 1]


def model_prepared(x: npt.NDArray[np.float32]) -> npt.NDArray[np.void]:
    """What activations are prepared to: 8 bits, with sums of magnitudes of at most 255."""
    blocks = np.pad(x, ((0, 0), (0, -x.shape[1] % 8))).reshape(len(x), -1, 8)
    magnitudes = np.abs(blocks)
    limits = [magnitudes.max(-1) / np.float32(127), sum_by_halves(magnitudes) / np.float32(248)]
    scale = np.maximum(*limits)
    inverse = np.divide(np.float32(1), scale, out=np.zeros_like(scale), where=scale > 0)
    integers = np.rint(blocks * inverse[..., None]).astype(np.int8)
    prepared = np.zeros(scale.shape, PREPARED)
    prepared["halves"] = integers
    prepared["parities"] = integers[..., [0, 2, 4, 6, 1, 3, 5, 7]]
    prepared["correction"] = -128 * integers.sum(-1, dtype=np.int32)
    prepared["scale"] = scale
    return prepared


def integer_weights(encoded: Encoded) -> npt.NDArray[np.int64]:
    """The weights without unit and scale, of whole blocks."""
    code = encoded.code
    seeds, coefficients, _ = encoded.fields()
    basis = (states(code, seeds) >> (code.lfsr_width - 8)).astype(np.int64) - 128
    return np.einsum("nbcp,nbp->nbc", basis, coefficients).reshape(len(seeds), -1)


@pytest.mark.parametrize("columns", [1, 8, 97, 1003])
def test_prepared_activations(isa: Isa, harness: Harness, columns: int) -> None:
    x = random_activations(3, columns) ** 3
    x[1] = 0
    x[2, -1] = 1e6
    prepared = prepare(harness(isa), preset("seed-4bit"), x, Call(offset=1, padding=2))
    model = model_prepared(x)
    np.testing.assert_array_equal(prepared.view(PREPARED), model)
    assert np.abs(model["halves"].astype(int)).sum(-1).max() <= 255


@pytest.mark.parametrize("name", BYTE_PRESETS)
@pytest.mark.parametrize("shape", SHAPES)
def test_products_are_exact(isa: Isa, harness: Harness, name: str, shape: tuple[int, int]) -> None:
    encoded = random_encoded(name, *shape)
    prepared = model_prepared(random_activations(2, shape[1]))
    prepared["scale"] = 1
    sums = prepared["halves"].reshape(2, -1) @ integer_weights(encoded).T
    assert np.abs(sums).max() < 2**24
    factors = np.float32(1) / np.float32(127) * encoded.scale.astype(np.float32)
    y = multiply_int8(harness(isa), encoded, prepared.view(np.uint8), Call(offset=1, padding=2))
    np.testing.assert_array_equal(y, sums.astype(np.float32) * factors)


@pytest.mark.parametrize("name", BYTE_PRESETS)
def test_activations_of_equal_magnitude(isa: Isa, harness: Harness, name: str) -> None:
    encoded = random_encoded(name, 64, 64)
    x = np.where(random_activations(2, 64) > 0, 1.0, -1.0).astype(np.float32)
    x[0] = np.tile([1, 0, 0, 0, 0, 0, 0, 0], 8)
    y = multiply_int8(harness(isa), encoded, prepare(harness(isa), encoded.code, x))
    expected = x @ decode(encoded).T
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("name", BYTE_PRESETS)
def test_error_is_a_tenth_of_the_weights_error(isa: Isa, harness: Harness, name: str) -> None:
    encoded = random_encoded(name, 512, 1024)
    x = random_activations(1, 1024)
    y = multiply_int8(harness(isa), encoded, prepare(harness(isa), encoded.code, x))
    expected = x.astype(np.float64) @ decode(encoded).astype(np.float64).T
    assert np.linalg.norm(y - expected) < 0.0086 * np.linalg.norm(expected)


@pytest.mark.parametrize("name", BYTE_PRESETS)
def test_kernels_touch_only_their_operands(isa: Isa, sanitized: Harness, name: str) -> None:
    harness = sanitized(isa)
    for rows, columns in [(64, 24), (65, 97), (1, 300)]:
        encoded = random_encoded(name, rows, columns)
        prepared = prepare(harness, encoded.code, random_activations(2, columns), Call(1, 2))
        multiply_int8(harness, encoded, prepared, Call(offset=1, padding=2))
