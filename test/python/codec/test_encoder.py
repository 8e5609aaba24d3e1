# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
from dataclasses import replace

import ml_dtypes
import numpy as np
import numpy.typing as npt
import pytest
from samples import SMALL, code_of_width, gaussian

from seedlm.codec import Encoded, decode, encode, preset
from seedlm.codec.scale import choose_scales
from seedlm.errors import SeedlmError


def relative_error(weights: npt.NDArray[np.generic], encoded: Encoded) -> float:
    exact = weights.astype(np.float64)
    return float(np.linalg.norm(exact - decode(encoded)) / np.linalg.norm(exact))


def assert_same(a: Encoded, b: Encoded) -> None:
    assert a.codes.tobytes() == b.codes.tobytes()
    assert a.scale == b.scale
    assert a.relative_error == b.relative_error


@pytest.mark.parametrize(("name", "limit"), [("paper-4bit", 0.1200), ("paper-3bit", 0.2205)])
def test_error_on_gaussian_weights(name: str, limit: float) -> None:
    weights = gaussian(512, 504)
    encoded = encode(weights, preset(name), mode="certified")
    assert encoded.relative_error <= limit
    assert encoded.relative_error == pytest.approx(relative_error(weights, encoded), rel=1e-9)


@pytest.mark.parametrize("columns", [1, 7, 8, 9, 100])
@pytest.mark.parametrize("rows", [1, 3])
def test_shapes(rows: int, columns: int) -> None:
    weights = gaussian(rows, columns)
    encoded = encode(weights, SMALL)
    assert encoded.shape == (rows, columns)
    assert decode(encoded).shape == (rows, columns)
    assert encoded.relative_error == pytest.approx(relative_error(weights, encoded), rel=1e-9)


def test_blocks_do_not_depend_on_each_other() -> None:
    weights = gaussian(4, 32)
    weights[0, 0] = 10
    whole = encode(weights, SMALL)
    first = encode(weights[:1, :8], SMALL)
    assert whole.codes[0, :3].tobytes() == first.codes.tobytes()


def test_many_chunks_are_one_matrix() -> None:
    tall = gaussian(9000, 3)
    tall[0, 0] = 10
    encoded = encode(tall, SMALL)
    for rows in (slice(0, 5), slice(8188, 8197), slice(8995, 9000)):
        alone = encode(np.vstack([tall[:1], tall[rows]]), SMALL)
        np.testing.assert_array_equal(encoded.codes[rows], alone.codes[1:])
    wide = encode(tall.reshape(1, -1), SMALL)
    flat = encode(np.pad(tall.reshape(-1), (0, -tall.size % 8)).reshape(-1, 8), SMALL)
    assert wide.codes.tobytes() == flat.codes.tobytes()


@pytest.mark.parametrize("threads", [2, 3, 7, None])
def test_threads_do_not_matter(threads: int | None) -> None:
    weights = gaussian(50, 100)
    code = preset("paper-4bit")
    assert_same(encode(weights, code, threads=threads), encode(weights, code, threads=1))


def test_progress_counts_blocks() -> None:
    calls: list[tuple[int, int]] = []
    encode(gaussian(9000, 17), SMALL, progress=lambda done, total: calls.append((done, total)))
    assert len(calls) > 1
    assert [total for _, total in calls] == [27_000] * len(calls)
    assert sorted(done for done, _ in calls) == [done for done, _ in calls]
    assert calls[-1][0] == 27_000


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float64])
def test_dtypes(dtype: npt.DTypeLike) -> None:
    weights = gaussian(5, 24).astype(dtype)
    encoded = encode(weights, SMALL)
    same = encode(weights.astype(np.float32), SMALL)
    assert encoded.codes.tobytes() == same.codes.tobytes()
    assert encoded.scale == same.scale
    assert encoded.relative_error == pytest.approx(relative_error(weights, encoded), rel=1e-9)


def test_transposed_view() -> None:
    weights = gaussian(24, 10)
    assert_same(encode(weights.T, SMALL), encode(np.ascontiguousarray(weights.T), SMALL))


def test_zeros() -> None:
    encoded = encode(np.zeros((2, 9), np.float32), SMALL)
    assert encoded.scale == 1
    assert encoded.relative_error == 0
    seeds, coefficients, exponents = encoded.fields()
    assert (seeds == 1).all()
    assert not coefficients.any()
    assert not exponents.any()
    assert not decode(encoded).any()


def test_zero_block_among_others() -> None:
    weights = gaussian(1, 24)
    weights[0, 8:16] = 0
    seeds, coefficients, exponents = (field[0, 1] for field in encode(weights, SMALL).fields())
    assert (seeds, coefficients.tolist(), exponents) == (1, [0, 0, 0], 0)


@pytest.mark.parametrize("magnitude", [1e-45, 1e-40, 1.2e-38, 1e-20, 1e20, 4e37])
def test_extreme_magnitudes(magnitude: float) -> None:
    weights = np.full((1, 8), magnitude, np.float32)
    weights[0, ::2] *= -0.5
    encoded = encode(weights, preset("paper-4bit"))
    decoded = decode(encoded)
    assert np.isfinite(decoded).all()
    assert np.abs(decoded - weights).max() <= max(0.3 * magnitude, 1e-39)


def test_tiny_float64_weights_become_zero() -> None:
    assert not decode(encode(np.full((1, 8), 1e-300), SMALL)).any()


def test_wide_register() -> None:
    code = code_of_width(20, 8, 3)
    assert encode(gaussian(2, 40), code, mode="exhaustive").relative_error < 0.085


def test_better_than_fewer_seeds() -> None:
    weights = gaussian(20, 80)
    errors = [encode(weights, code_of_width(k, 8, 3)).relative_error for k in (8, 12, 16)]
    assert errors == sorted(errors, reverse=True)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.zeros(8, np.float32), "weights have shape [8], not [rows, columns]"),
        (np.zeros((2, 2, 2), np.float32), "weights have shape [2, 2, 2], not"),
        (np.zeros((0, 8), np.float32), "weights have shape [0, 8], not"),
        (np.zeros((8, 0), np.float32), "weights have shape [8, 0], not"),
        (np.zeros((1, 8), np.int32), "weights are int32, not float16, bfloat16, float32 or"),
        (np.zeros((1, 8), np.complex64), "weights are complex64, not"),
        ([["a"]], "weights are <U1, not"),
    ],
)
def test_invalid_weights(weights: npt.ArrayLike, message: str) -> None:
    with pytest.raises(SeedlmError) as error:
        encode(weights, SMALL)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float32, np.float64])
@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_first_weight_that_is_not_finite_is_named(value: str, dtype: npt.DTypeLike) -> None:
    weights = gaussian(3, 8).astype(dtype)
    weights[1, 5] = weights[2, 0] = float(value)
    with pytest.raises(SeedlmError, match=rf"^weights\[1, 5\] is {value}, not a number of"):
        encode(weights, SMALL)


@pytest.mark.parametrize("value", [1e300, 1e38])
def test_weight_too_large_for_float32_codes(value: float) -> None:
    weights = np.zeros((3000, 800))
    weights[2900, 7] = value
    with pytest.raises(SeedlmError, match=r"^weights\[2900, 7\] is 1e\+.*up to 4.25e\+37$"):
        encode(weights, SMALL)


def test_threads_below_one() -> None:
    with pytest.raises(SeedlmError, match=r"^threads 0 is less than 1$"):
        encode(gaussian(1, 8), SMALL, threads=0)


@pytest.mark.parametrize(
    ("largest", "scale"), [(0.0, 1.0), (512.0, 1.0), (1e-45, np.finfo(np.float32).smallest_normal)]
)
def test_scale_of_many_exponents(largest: float, scale: float) -> None:
    weights = np.full((1, 8), largest, np.float32)
    assert choose_scales(weights, SMALL) == np.float32(scale)
    assert choose_scales(weights, SMALL).dtype == np.float32


@pytest.mark.parametrize("bits", [0, 1, 2, 3])
def test_few_exponents_cost_little_on_gaussian_weights(bits: int) -> None:
    weights = gaussian(40, 240)
    full = code_of_width(12, 8, 3)
    few = replace(full, exponent_bits=bits)
    assert encode(weights, few).relative_error < 1.1 * encode(weights, full).relative_error


@pytest.mark.parametrize("scale_type", ["f32", "f16"])
@pytest.mark.parametrize("scale", ["tensor", "row", "group-128", "group-256"])
def test_scales(scale: str, scale_type: str) -> None:
    weights = gaussian(6, 300) * 4.0 ** np.arange(6, dtype=np.float32)[:, None]
    weights[2] = 0
    code = code_of_width(10, 12, 3, exponent_bits=1, scale=scale, scale_type=scale_type)
    encoded = encode(weights, code)
    assert encoded.scale.shape == code.scale_shape(6, 300)
    assert encoded.scale.dtype == (np.float16 if scale_type == "f16" else np.float32)
    assert encoded.bits == 8 * encoded.codes.nbytes + 8 * encoded.scale.nbytes
    assert encoded.relative_error == pytest.approx(relative_error(weights, encoded), rel=1e-6)
    assert encoded.relative_error < 0.5


def test_row_scales_follow_the_rows() -> None:
    weights = gaussian(6, 120) * 4.0 ** np.arange(6, dtype=np.float32)[:, None]
    code = code_of_width(10, 12, 3, exponent_bits=1)
    rows = np.linalg.norm(weights, axis=1)
    errors = {}
    for scale in ("tensor", "row"):
        difference = weights - decode(encode(weights, replace(code, scale=scale)))
        errors[scale] = float(np.mean(np.linalg.norm(difference, axis=1) / rows))
    assert errors["row"] < 0.7 * errors["tensor"]


@pytest.mark.parametrize("magnitude", [1e-9, 1e-3, 1e6])
def test_scales_of_half_precision_are_in_range(magnitude: float) -> None:
    code = code_of_width(10, 12, 3, exponent_bits=1, scale="row", scale_type="f16")
    encoded = encode(gaussian(2, 24) * np.float32(magnitude), code)
    assert np.isfinite(encoded.scale).all()
    assert (encoded.scale > 0).all()
    assert encoded.relative_error <= 1


def test_unknown_mode() -> None:
    with pytest.raises(SeedlmError, match=r"^mode 'best' is not one of fast, certified, exh"):
        encode(gaussian(1, 8), SMALL, mode="best")  # type: ignore[arg-type]
