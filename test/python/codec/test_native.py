# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The native encoder against the exhaustive reference, and against itself on other processors."""

import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from samples import code_of_width

from seedlm.codec import PRESETS, Code, _native, preset
from seedlm.codec.native import native_code
from seedlm.codec.reference import block_error, reference_encode_block
from seedlm.codec.scale import choose_scales

PAPER_PRESETS = PRESETS[:2]

Blocks = npt.NDArray[np.float32]


def with_outliers(rng: np.random.Generator, shape: tuple[int, int]) -> npt.NDArray[np.float64]:
    blocks = rng.standard_normal(shape)
    blocks[:, 3] *= 40
    return blocks


DISTRIBUTIONS: dict[
    str, Callable[[np.random.Generator, tuple[int, int]], npt.NDArray[np.float64]]
] = {
    "gaussian": lambda rng, shape: rng.standard_normal(shape),
    "student-t(4)": lambda rng, shape: rng.standard_t(4, shape),
    "outliers": with_outliers,
    "constant": lambda rng, shape: np.full(shape, rng.standard_normal((shape[0], 1))),
    "magnitudes": lambda rng, shape: (
        rng.standard_normal(shape) * 4.0 ** -np.arange(shape[0])[:, None]
    ),
}


def native_records(
    blocks: Blocks, code: Code, scale: float, simd: str = ""
) -> list[tuple[int, tuple[int, ...], int]]:
    scales = np.full(len(blocks), scale, np.float32)
    *fields, _ = _native.encode_blocks(blocks, scales, native_code(code), threads=2, simd=simd)
    return [(int(s), tuple(map(int, q)), int(e)) for s, q, e in zip(*fields, strict=True)]


def tensor_scale(blocks: Blocks, code: Code) -> float:
    return float(choose_scales(blocks, replace(code, scale="tensor")))


def assert_as_good_as_reference(blocks: Blocks, code: Code, scale: float) -> None:
    for block, record in zip(blocks, native_records(blocks, code, scale), strict=True):
        expected = block_error(block, code, scale, reference_encode_block(block, code, scale))
        # Rounding counts against the block, where the error is all but zero.
        slack = 1e-12 * float(np.square(block, dtype=np.float64).sum())
        assert block_error(block, code, scale, record) == pytest.approx(expected, 1e-6, slack)


# The reference takes long with the wide registers.
@pytest.mark.parametrize(
    ("name", "distribution"),
    [
        *itertools.product(PAPER_PRESETS, DISTRIBUTIONS),
        *((name, "gaussian") for name in PRESETS[2:]),
    ],
)
def test_presets_against_reference(name: str, distribution: str) -> None:
    code = preset(name)
    rng = np.random.default_rng(7)
    count = 3 if distribution in ("outliers", "constant") or code.lfsr_width > 16 else 9
    blocks = DISTRIBUTIONS[distribution](rng, (count, code.block)).astype(np.float32)
    scale = tensor_scale(blocks, code)
    assert_as_good_as_reference(blocks, code, scale)


@pytest.mark.parametrize(
    "code",
    [
        code_of_width(3, 1, 1, basis_bits=2),
        code_of_width(3, 8, 4),
        code_of_width(5, 4, 4, coefficient_bits=3),
        code_of_width(8, 16, 2, exponent_bits=0),
        code_of_width(10, 6, 3, basis_bits=2),
        code_of_width(12, 5, 2, coefficient_bits=5, exponent_bits=1),
        code_of_width(13, 7, 3, coefficient_bits=3, exponent_bits=2, basis_bits=4),
        code_of_width(14, 8, 4, coefficient_bits=3, exponent_bits=3, basis_bits=8),
        code_of_width(15, 4, 2),
        code_of_width(17, 6, 2, basis_bits=16),
        code_of_width(18, 6, 2, exponent_bits=2),
    ],
    ids=str,
)
def test_other_codes_against_reference(code: Code) -> None:
    blocks = np.random.default_rng(3).standard_normal((3, code.block)).astype(np.float32)
    blocks[2] /= 4.0**code.exponent_bits
    scale = tensor_scale(blocks, code)
    assert_as_good_as_reference(blocks, code, scale)


@pytest.mark.parametrize("simd", _native.simd_levels())
@pytest.mark.parametrize(
    "code", [*map(preset, PAPER_PRESETS), code_of_width(12, 4, 4), code_of_width(9, 16, 1)], ids=str
)
def test_simd_levels_give_the_same_records(code: Code, simd: str) -> None:
    rng = np.random.default_rng(5)
    blocks = rng.standard_normal((60, code.block)) * 4.0 ** rng.integers(-9, 1, (60, 1))
    scale = 4.0 / 512
    weights = blocks.astype(np.float32)
    assert native_records(weights, code, scale, simd) == native_records(
        weights, code, scale, "baseline"
    )


def test_result_does_not_depend_on_neighbours() -> None:
    code = preset("paper-4bit")
    blocks = np.random.default_rng(5).standard_normal((11, 8)).astype(np.float32)
    together = native_records(blocks, code, 0.01)
    assert together == [native_records(blocks[i : i + 1], code, 0.01)[0] for i in range(11)]


def test_unknown_simd_level() -> None:
    with pytest.raises(ValueError, match="simd level 'neon9' is not available"):
        native_records(np.zeros((1, 8), np.float32), preset("paper-4bit"), 1.0, "neon9")


def test_blocks_of_another_size() -> None:
    with pytest.raises(ValueError, match="blocks do not have the code's size"):
        native_records(np.zeros((1, 7), np.float32), preset("paper-4bit"), 1.0)
