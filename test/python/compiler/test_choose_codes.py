# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The choice of codes within a budget, against all choices that there are."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedlm.passes.choose_codes import Choice, choose_codes, fewest_bits
from seedlm.passes.sampled_error import sample_rows

A = [Choice("low", 3, 9.0), Choice("high", 4, 1.0)]
B = [Choice("low", 30, 5.0), Choice("high", 40, 4.0)]

choices = st.lists(
    st.lists(
        st.builds(Choice, st.sampled_from("abcd"), st.integers(1, 20), st.floats(0, 100)),
        min_size=1,
        max_size=4,
        unique_by=lambda choice: choice.code,
    ),
    min_size=1,
    max_size=4,
)


@pytest.mark.parametrize(
    ("bits", "chosen"),
    [
        (33, ["low", "low"]),
        (33.9, ["low", "low"]),
        (34, ["high", "low"]),
        (43, ["high", "low"]),
        (44, ["high", "high"]),
        (1e9, ["high", "high"]),
    ],
)
def test_most_gain_for_a_bit_comes_first(bits: float, chosen: list[str]) -> None:
    assert choose_codes([A, B], bits) == chosen


def test_a_step_that_does_not_fit_is_left_out_alone() -> None:
    large = [Choice("low", 10, 100.0), Choice("high", 20, 0.0)]
    small = [Choice("low", 10, 1.0), Choice("high", 12, 0.5)]
    assert choose_codes([large, small], 25) == ["low", "high"]


def test_codes_off_the_hull_are_not_chosen() -> None:
    """Neither one that costs more for more error nor one that two others are better than."""
    each = [
        Choice("low", 10, 10.0),
        Choice("worse", 12, 11.0),
        Choice("same", 10, 10.0),
        Choice("little", 15, 9.0),
        Choice("high", 20, 0.0),
    ]
    assert choose_codes([each, each], 29) == ["low", "low"]
    assert choose_codes([each, each], 39) == ["high", "low"]
    assert choose_codes([each, each], 40) == ["high", "high"]


def test_nothing_to_choose() -> None:
    assert choose_codes([], 0) == []
    assert fewest_bits([]) == 0


@given(choices, st.floats(0, 1))
def test_within_one_step_of_the_best(sets: list[list[Choice]], share: float) -> None:
    least = fewest_bits(sets)
    most = sum(max(choice.bits for choice in each) for each in sets)
    bits = least + share * (most - least)
    codes = choose_codes(sets, bits)
    chosen = [
        next(c for c in each if c.code == code) for each, code in zip(sets, codes, strict=True)
    ]
    assert sum(choice.bits for choice in chosen) <= bits
    best = min(
        sum(choice.error for choice in each)
        for each in product(*sets)
        if sum(choice.bits for choice in each) <= bits
    )
    step = max(max(c.error for c in each) - min(c.error for c in each) for each in sets)
    assert sum(choice.error for choice in chosen) <= best + step + 1e-9


@pytest.mark.parametrize("shape", [(1, 5), (3, 100_000), (1000, 64), (9, 9), (8, 4096), (4096, 8)])
def test_sample_of_rows(shape: tuple[int, int]) -> None:
    weights = np.arange(shape[0] * shape[1]).reshape(shape)
    sample = sample_rows(weights)
    rows = sample[:, 0] // shape[1]
    assert len(set(rows)) == len(rows)
    np.testing.assert_array_equal(sample, weights[rows])
    assert sample.size >= min(weights.size, 1 << 14)
    assert len(rows) <= max(8, (1 << 16) // shape[1])
