# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seedlm.codec import PRESETS, preset
from seedlm.errors import SeedlmError
from seedlm.passes.cpu_form.layout import has_layout, step_bytes, tile_codes, untile_codes


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(PRESETS), st.integers(1, 200), st.integers(1, 9), st.integers(0, 2**32))
def test_round_trip(name: str, rows: int, blocks: int, seed: int) -> None:
    code, rng = preset(name), np.random.default_rng(seed)
    fields = (
        rng.integers(1, code.seeds, (rows, blocks), np.uint32, endpoint=True),
        rng.integers(*code.coefficient_range, (rows, blocks, code.latent), np.int8, endpoint=True),
        rng.integers(*code.exponent_range, (rows, blocks), np.int8, endpoint=True),
    )
    tiles = tile_codes(*fields, code)
    assert tiles.dtype == np.uint8
    assert tiles.shape == (-(-rows // 64), blocks * step_bytes(code))
    for actual, expected in zip(untile_codes(tiles, rows, code), fields, strict=True):
        assert actual.dtype == expected.dtype
        np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize("name", PRESETS)
def test_only_padding_rows_add_bits(name: str) -> None:
    code = preset(name)
    seeds = np.ones((64, 3), np.uint32)
    coefficients = np.zeros((64, 3, code.latent), np.int8)
    tiles = tile_codes(seeds, coefficients, np.zeros((64, 3), np.int8), code)
    assert 8 * tiles.size == seeds.size * code.record_bits


def test_other_codes_have_no_layout() -> None:
    code = replace(preset("paper-4bit"), coefficient_bits=5)
    assert not has_layout(code)
    with pytest.raises(SeedlmError, match="no CPU layout"):
        untile_codes(np.zeros((1, 256), np.uint8), 64, code)
