# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Plain formats against slow and obvious ones, and their sizes."""

import itertools
from collections.abc import Iterable

import ml_dtypes
import numpy as np
import numpy.typing as npt
import pytest

from seedlm.evaluation.baselines import BASELINES, Rounded, round_to_mxfp4, round_to_nearest

Array = npt.NDArray[np.float32]

E2M1 = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)


def gaussian(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def relative_error(weights: Array, rounded: Rounded) -> float:
    return float(np.linalg.norm(rounded.weights - weights) / np.linalg.norm(weights))


def least(group: Array, candidates: Iterable[Array]) -> Array:
    return min(candidates, key=lambda each: float(((each - group) ** 2).sum()))


def slow_int4(group: Array) -> Array:
    largest = max(group.tolist(), key=abs)
    candidates = []
    for step in range(20, 47):
        scale = float(np.float16(-largest * (step / 40) / 8)) or 1.0
        levels = [min(7, max(-8, round(float(np.float32(w / np.float32(scale)))))) for w in group]
        candidates.append(np.array([level * scale for level in levels], np.float32))
    return least(group, candidates)


def slow_e2m1(group: Array) -> Array:
    largest = float(np.abs(group).max())
    exponent = int(np.floor(np.log2(largest))) - 2
    candidates = []
    for scale in (2.0**exponent, 2.0 ** (exponent + 1)):
        places = [nearest_even(abs(float(w)) / scale) for w in group]
        values = [
            np.copysign(E2M1[place] * scale, w) for place, w in zip(places, group, strict=True)
        ]
        candidates.append(np.array(values, np.float32))
    return least(group, candidates)


def nearest_even(value: float) -> int:
    """The index of the nearest value, of two the one whose mantissa bit is 0."""
    return min(range(8), key=lambda place: (abs(E2M1[place] - min(value, 6.0)), place % 2))


@pytest.mark.parametrize("group", [32, 128])
def test_int4_is_the_slow_one(group: int) -> None:
    weights = gaussian(5, 2 * group)
    expected = [slow_int4(each) for each in weights.reshape(-1, group)]
    found = round_to_nearest(weights, group).weights
    np.testing.assert_array_equal(found, np.reshape(expected, weights.shape))


def test_mxfp4_is_the_slow_one() -> None:
    weights = gaussian(20, 64) * np.float32(2.0) ** np.arange(-10, 10)[:, None]
    expected = [slow_e2m1(each) for each in weights.reshape(-1, 32)]
    found = round_to_mxfp4(weights).weights
    np.testing.assert_array_equal(found, np.reshape(expected, weights.shape))


def test_mxfp4_rounds_to_even() -> None:
    halves = [(low + high) / 2 for low, high in itertools.pairwise(E2M1)]
    weights = np.zeros((1, 32), np.float32)
    weights[0, : len(halves) + 1] = [6.0, *halves]
    found = round_to_mxfp4(weights).weights[0, : len(halves) + 1]
    assert found.tolist() == [6.0, 0.0, 1.0, 1.0, 2.0, 2.0, 4.0, 4.0]


@pytest.mark.parametrize(
    ("name", "columns", "bits"),
    [
        ("rtn4-g32", 64, 4 * 64 + 2 * 16),
        ("rtn4-g32", 65, 33 * 8 + 3 * 16),
        ("rtn4-g128", 256, 4 * 256 + 2 * 16),
        ("rtn4-g128", 576, 4 * 576 + 5 * 16),
        ("mxfp4", 64, 4 * 64 + 2 * 8),
        ("mxfp4", 1, 8 + 8),
    ],
)
def test_bits_of_a_row(name: str, columns: int, bits: int) -> None:
    assert BASELINES[name](gaussian(3, columns)).bits == 3 * bits


@pytest.mark.parametrize(
    ("name", "error"), [("rtn4-g32", 0.081), ("rtn4-g128", 0.097), ("mxfp4", 0.1115)]
)
def test_error_on_gaussian_weights(name: str, error: float) -> None:
    weights = gaussian(256, 1024)
    assert relative_error(weights, BASELINES[name](weights)) == pytest.approx(error, rel=0.01)


def test_weights_in_range_are_kept() -> None:
    int4 = np.random.default_rng(0).integers(-8, 8, (4, 64)) * 0.25
    int4[:, ::32] = -2
    for name in ("rtn4-g32", "rtn4-g128"):
        np.testing.assert_array_equal(BASELINES[name](int4.astype(np.float32)).weights, int4)
    e2m1 = np.random.default_rng(0).choice([*E2M1, -6.0, -0.5], (4, 64)) * 2.0**-9
    e2m1[:, ::32] = 6 * 2.0**-9
    np.testing.assert_array_equal(round_to_mxfp4(e2m1.astype(np.float32)).weights, e2m1)


@pytest.mark.parametrize("name", BASELINES)
def test_a_short_last_group_is_a_group(name: str) -> None:
    weights = gaussian(3, 128 + 40)
    found = BASELINES[name](weights).weights
    np.testing.assert_array_equal(found[:, :128], BASELINES[name](weights[:, :128]).weights)
    np.testing.assert_array_equal(found[:, 128:], BASELINES[name](weights[:, 128:]).weights)


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize("size", [0.0, 1e-38, 1e30])
def test_extreme_sizes_stay_finite(name: str, size: float) -> None:
    weights = gaussian(2, 64) * np.float32(size)
    found = BASELINES[name](weights).weights
    assert np.isfinite(found).all()
    assert (np.abs(found - weights) <= np.abs(weights).max()).all()


@pytest.mark.parametrize("name", BASELINES)
def test_other_types_are_read_as_float32(name: str) -> None:
    weights = gaussian(2, 64).astype(ml_dtypes.bfloat16)
    found = BASELINES[name](weights)
    np.testing.assert_array_equal(found.weights, BASELINES[name](weights.astype("f4")).weights)
    assert found.weights.dtype == np.float32
