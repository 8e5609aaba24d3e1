# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import numpy as np
import pytest
from samples import PAPER_EXAMPLE, code_of_width

from seedlm.codec import preset
from seedlm.codec.basis import basis, states
from seedlm.codec.lfsr import MAXIMAL_TAPS, orbit, step


def test_worked_example_of_the_paper() -> None:
    assert states(PAPER_EXAMPLE, 4).tolist() == [[2, 5], [6, 7], [3, 1], [4, 2]]


def test_basis_of_the_worked_example() -> None:
    expected = (np.array([[2, 5], [6, 7], [3, 1], [4, 2]]) - 4) / 3
    np.testing.assert_array_equal(basis(PAPER_EXAMPLE, 4), expected)


@pytest.mark.parametrize("width", [3, 8, 16])
def test_orbit_visits_every_state(width: int) -> None:
    assert sorted(orbit(width, MAXIMAL_TAPS[width])) == list(range(1, 2**width))


@pytest.mark.parametrize("name", ["paper-4bit", "paper-3bit"])
@pytest.mark.parametrize("seed", [1, 0xACE1, 0xFFFF])
def test_basis_follows_the_definition(name: str, seed: int) -> None:
    code = preset(name)
    expected = np.empty((code.block, code.latent))
    state = seed
    for c in range(code.block):
        for p in range(code.latent):
            feedback = (state ^ state >> 1 ^ state >> 3 ^ state >> 12) & 1
            state = state >> 1 | feedback << 15
            expected[c, p] = (state - 2**15) / (2**15 - 1)
    np.testing.assert_array_equal(basis(code, seed), expected)


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_basis_bits_take_the_top_of_a_state(bits: int) -> None:
    code = code_of_width(8, 4, 2, basis_bits=bits)
    half = 2 ** (bits - 1)
    expected = ((states(code, 77) >> (8 - bits)).astype(float) - half) / (half - 1)
    np.testing.assert_array_equal(basis(code, 77), expected)


def test_basis_of_many_seeds() -> None:
    seeds = np.array([[1, 2, 3], [4, 5, 6]], np.uint32)
    bases = basis(PAPER_EXAMPLE, seeds)
    assert bases.shape == (2, 3, 4, 2)
    np.testing.assert_array_equal(bases[1, 0], basis(PAPER_EXAMPLE, 4))


def test_step_feeds_the_taps_back() -> None:
    assert step(0b100, 3, (0, 1)) == 0b010
    assert step(0b010, 3, (0, 1)) == 0b101
