# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Encoding with importances: the native search against the reference, and against itself."""

from collections.abc import Callable
from pathlib import Path
from typing import get_args

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import SMALL, code_of_width, codes, gaussian

from seedlm.codec import PRESETS, Code, Encoded, Mode, _native, decode, encode, load, preset, save
from seedlm.codec.importance import check_importance, searched_importance
from seedlm.codec.native import native_code
from seedlm.codec.reference import block_error, reference_encode_block
from seedlm.codec.scale import choose_scales
from seedlm.errors import SeedlmError

Floats = npt.NDArray[np.floating]
Make = Callable[[np.random.Generator, tuple[int, int]], Floats]

DISTRIBUTIONS: dict[str, Make] = {
    "gaussian": lambda rng, shape: rng.standard_normal(shape),
    "student-t(4)": lambda rng, shape: rng.standard_t(4, shape),
    "outliers": lambda rng, shape: rng.standard_normal(shape) * 40.0 ** (rng.random(shape) < 0.1),
    "constant": lambda rng, shape: np.full(shape, rng.standard_normal((shape[0], 1))),
}


def weighted_error(weights: Floats, encoded: Encoded, importance: Floats) -> float:
    exact = weights.astype(np.float64)
    difference = np.square(exact - decode(encoded)) @ importance
    return float(np.sqrt(difference.sum() / (np.square(exact) @ importance).sum()))


def heavy_tailed(columns: int, sigma: float, seed: int = 0) -> npt.NDArray[np.float64]:
    return np.exp(sigma * np.random.default_rng(seed).standard_normal(columns))


def wide_ranging(columns: int, seed: int = 0) -> npt.NDArray[np.float64]:
    """Importances from 1e-3 to 1e3, a quarter of them zeros."""
    rng = np.random.default_rng(seed)
    return 10.0 ** rng.uniform(-3, 3, columns) * (rng.random(columns) < 0.75)


def assert_as_good_as_reference(
    weights: npt.NDArray[np.float32], code: Code, importance: Floats
) -> None:
    encoded = encode(weights, code, mode="exhaustive", importance=importance)
    shares = searched_importance(check_importance(importance, weights.shape[1]), code)
    seeds, coefficients, exponents = encoded.fields()
    scales = encoded.block_scales()
    padded = np.pad(weights, ((0, 0), (0, -weights.shape[1] % code.block)))
    for row, column in np.ndindex(seeds.shape):
        block = padded[row].reshape(-1, code.block)[column]
        scale, share = float(scales[row, column]), shares[column]
        expected = reference_encode_block(block, code, scale, share)
        record = (
            int(seeds[row, column]),
            tuple(map(int, coefficients[row, column])),
            int(exponents[row, column]),
        )
        least = block_error(block, code, scale, expected, share)
        slack = 1e-12 * float(np.square(block, dtype=np.float64) @ share)
        assert block_error(block, code, scale, record, share) == pytest.approx(least, 1e-6, slack)


# The reference takes long with wide registers, and where few weights of a block matter.
@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_paper_4bit_against_reference(distribution: str) -> None:
    weights = DISTRIBUTIONS[distribution](np.random.default_rng(7), (2, 16)).astype(np.float32)
    assert_as_good_as_reference(weights, preset("paper-4bit"), heavy_tailed(16, 1.0))


@pytest.mark.parametrize("name", PRESETS[1:])
def test_presets_against_reference(name: str) -> None:
    code = preset(name)
    assert_as_good_as_reference(gaussian(1, code.block), code, heavy_tailed(code.block, 0.5))


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
@pytest.mark.parametrize(
    "code",
    [
        code_of_width(12, 8, 3),
        code_of_width(12, 12, 4, coefficient_bits=3),
        code_of_width(12, 8, 3, exponent_bits=2, basis_bits=8, scale="row", scale_type="f16"),
        code_of_width(13, 4, 2, exponent_bits=1),
    ],
    ids=str,
)
def test_wide_ranging_importances_against_reference(code: Code, distribution: str) -> None:
    columns = 2 * code.block + 1
    weights = DISTRIBUTIONS[distribution](np.random.default_rng(3), (1, columns))
    assert_as_good_as_reference(weights.astype(np.float32), code, wide_ranging(columns))


def test_denormals_against_reference() -> None:
    weights = (1e-41 * gaussian(2, 17)).astype(np.float32)
    assert_as_good_as_reference(weights, code_of_width(8, 8, 3), wide_ranging(17))


@settings(max_examples=15, deadline=None)
@given(
    codes().filter(lambda code: code.latent * code.coefficient_bits <= 12),
    st.integers(0, 1000),
    st.floats(0, 2),
)
def test_any_code_against_reference(code: Code, seed: int, sigma: float) -> None:
    columns = code.block + 1
    assert_as_good_as_reference(
        gaussian(1, columns, seed), code, heavy_tailed(columns, sigma, seed)
    )


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("factor", [1.0, 0.3, 1e-300])
def test_equal_importances_give_the_codes_without(name: str, factor: float) -> None:
    code = preset(name)
    weights = gaussian(7, 4 * code.block + 3)
    plain = encode(weights, code, mode="exhaustive")
    encoded = encode(weights, code, mode="exhaustive", importance=np.full(weights.shape[1], factor))
    assert encoded.codes.tobytes() == plain.codes.tobytes()
    assert encoded.relative_error == pytest.approx(plain.relative_error, rel=1e-12)
    assert encoded.weighted_relative_error == pytest.approx(plain.relative_error, rel=1e-9)


@pytest.mark.parametrize(("name", "limit"), [("seed-4bit", 0.95), ("seed-3bit", 0.7)])
def test_scales_suit_the_important_weights(name: str, limit: float) -> None:
    """Where there are exponents, less depends on the scale."""
    importance = np.tile(np.repeat([1.0, 1e-3], 8), 4)
    weights = gaussian(64, 64) * np.where(importance == 1, 0.25, 1).astype(np.float32)
    weighted = choose_scales(weights, preset(name), importance)
    assert (weighted < limit * choose_scales(weights, preset(name))).all()


def test_zero_importances_count_the_same() -> None:
    weights = gaussian(3, 24)
    importance = np.concatenate([np.zeros(8), heavy_tailed(16, 1.0)])
    encoded = encode(weights, SMALL, mode="exhaustive", importance=importance)
    plain = encode(weights, SMALL, mode="exhaustive")
    np.testing.assert_array_equal(encoded.fields()[0][:, 0], plain.fields()[0][:, 0])
    nothing = encode(weights, SMALL, importance=np.zeros(24))
    assert nothing.weighted_relative_error == 0
    assert nothing.relative_error == pytest.approx(plain.relative_error, rel=0.01)


def test_weights_of_no_importance_are_free() -> None:
    weights = gaussian(20, 16)
    importance = np.tile([1.0, 0.0], 8)
    encoded = encode(weights, SMALL, importance=importance)
    plain = weighted_error(weights, encode(weights, SMALL), importance)
    assert encoded.weighted_relative_error is not None
    assert encoded.weighted_relative_error < 0.5 * plain


@pytest.mark.parametrize("mode", ["fast", "exhaustive"])
def test_errors_are_those_of_the_decoded_weights(mode: Mode) -> None:
    weights, importance = gaussian(30, 67), heavy_tailed(67, 1.0).astype(np.float32)
    encoded = encode(weights, SMALL, mode=mode, importance=importance)
    assert encoded.relative_error == pytest.approx(
        weighted_error(weights, encoded, np.ones(67)), rel=1e-9
    )
    assert encoded.weighted_relative_error == pytest.approx(
        weighted_error(weights, encoded, importance.astype(np.float64)), rel=1e-9
    )


def test_without_importances_there_is_no_weighted_error(tmp_path: Path) -> None:
    encoded = encode(gaussian(2, 8), SMALL)
    assert encoded.weighted_relative_error is None
    save(encoded, tmp_path / "file")
    assert load(tmp_path / "file").weighted_relative_error is None


def test_storage_keeps_the_weighted_error(tmp_path: Path) -> None:
    encoded = encode(gaussian(2, 8), SMALL, importance=heavy_tailed(8, 1.0))
    save(encoded, tmp_path / "file")
    assert load(tmp_path / "file").weighted_relative_error == encoded.weighted_relative_error


@pytest.mark.parametrize("mode", ["fast", "certified"])
@pytest.mark.parametrize("sigma", [0.5, 3.0])
def test_threads_and_chunks_do_not_matter(mode: Mode, sigma: float) -> None:
    code = code_of_width(14, 8, 3)
    weights, importance = gaussian(70, 41), heavy_tailed(41, sigma)
    encoded = encode(weights, code, mode=mode, importance=importance, threads=1)
    many = encode(weights, code, mode=mode, importance=importance, threads=3)
    assert many.codes.tobytes() == encoded.codes.tobytes()
    assert many.weighted_relative_error == pytest.approx(encoded.weighted_relative_error, 1e-12)
    weights[67:68] = weights[np.argmax(np.abs(weights).max(axis=1))]
    last = encode(weights[67:], code, mode=mode, importance=importance)
    assert (
        last.codes.tobytes()
        == encode(weights, code, mode=mode, importance=importance).codes[67:].tobytes()
    )


# Few differences in importance take coarse residuals, many take fine ones.
@pytest.mark.parametrize(("exact", "sigma"), [(False, 0.3), (False, 2.5), (True, 1.5)])
@pytest.mark.parametrize("simd", _native.simd_levels())
@pytest.mark.parametrize(
    "code", [code_of_width(14, 8, 3), code_of_width(12, 11, 4), code_of_width(9, 16, 1)], ids=str
)
def test_simd_levels_give_the_same_records(
    code: Code, simd: str, exact: bool, sigma: float
) -> None:
    rng = np.random.default_rng(5)
    blocks = rng.standard_normal((60, code.block)) * 4.0 ** rng.integers(-9, 1, (60, 1))
    shares = searched_importance(heavy_tailed(3 * code.block, sigma), code)
    records = [
        _native.encode_weighted(
            blocks.astype(np.float32),
            np.full(60, 4.0 / 512, np.float32),
            native_code(code),
            importances=shares,
            measured=shares,
            exact=exact,
            threads=2,
            simd=level,
        )
        for level in (simd, "baseline")
    ]
    for mine, theirs in zip(*records, strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize(
    ("name", "rows", "columns"), [("paper-4bit", 100, 160), ("seed-4bit", 50, 80)]
)
@pytest.mark.parametrize("sigma", [0.0, 1.0, 2.0])
def test_fast_is_nearly_as_good(name: str, rows: int, columns: int, sigma: float) -> None:
    weights, importance = gaussian(rows, columns), heavy_tailed(columns, sigma)
    fast, exact = (
        encode(weights, preset(name), mode=mode, importance=importance).weighted_relative_error
        for mode in get_args(Mode)[::2]
    )
    assert fast is not None
    assert exact is not None
    assert exact <= fast <= 1.005 * exact


@pytest.mark.parametrize(
    ("importance", "message"),
    [
        (np.ones(9), "importance has shape [9], not [8]"),
        (np.ones((1, 8)), "importance has shape [1, 8], not [8]"),
        (np.ones(8, np.int32), "importance is int32, not float32 or float64"),
        (["a"] * 8, "importance is <U1, not float32 or float64"),
        (np.array([1, -1e-9, -2, 1, 1, 1, 1, 1]), "importance[1] is -1e-09, not a finite number"),
        (np.array([1, 1, 1, 1, 1, 1, 1, np.nan]), "importance[7] is nan, not a finite number"),
        (np.array([1, np.inf, 1, 1, 1, 1, 1, 1]), "importance[1] is inf, not a finite number"),
    ],
)
def test_invalid_importance(importance: npt.ArrayLike, message: str) -> None:
    with pytest.raises(SeedlmError) as error:
        encode(gaussian(1, 8), SMALL, importance=importance)
    assert str(error.value).startswith(message)
