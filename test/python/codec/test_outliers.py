# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Scales of rows with weights far above the others."""

from dataclasses import replace

import numpy as np
import pytest

from seedlm.codec import decode, encode, preset
from seedlm.codec.scale import choose_scales

ROWS, COLUMNS, SPIKED = 24, 512, 7


def gaussian() -> np.ndarray:
    return np.random.default_rng(5).standard_normal((ROWS, COLUMNS)).astype(np.float32)


def spiked() -> np.ndarray:
    """Gaussian weights with one of 30 standard deviations."""
    weights = gaussian()
    weights[SPIKED, 100] = 30
    return weights


@pytest.mark.parametrize("name", ["seed-4bit", "seed-3bit"])
def test_an_outlier_stays_in_reach(name: str) -> None:
    encoded = encode(spiked(), preset(name))
    decoded = decode(encoded)
    multiples = encoded.scale / np.sqrt((gaussian() ** 2).mean(axis=1))
    usual = np.median(multiples)
    assert multiples[SPIKED] > 1.5 * usual
    assert (np.delete(multiples, SPIKED) < 1.25 * usual).all()
    assert abs(decoded[SPIKED, 100] - 30) < 15


@pytest.mark.parametrize("scale", ["row", "group-128"])
def test_a_row_with_an_outlier_has_less_error_than_if_it_were_cut_off(scale: str) -> None:
    weights = spiked()
    decoded = decode(encode(weights, replace(preset("seed-4bit"), scale=scale)))
    cut_off = 30 - 6 * np.sqrt(np.square(weights[SPIKED]).mean())
    assert np.square(decoded - weights)[SPIKED].sum() < 0.3 * cut_off**2


def test_an_outlier_that_does_not_matter_is_cut_off() -> None:
    importance = np.ones(COLUMNS)
    importance[96:104] = 0
    weights = spiked()
    code = preset("seed-4bit")
    multiples = choose_scales(weights, code, importance) / np.sqrt((weights**2).mean(axis=1))
    assert multiples[SPIKED] < 1.1 * np.median(multiples)
