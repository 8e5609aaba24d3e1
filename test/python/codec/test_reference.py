# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import itertools

import numpy as np
import pytest
from samples import PAPER_EXAMPLE, code_of_width

from seedlm.codec.basis import basis
from seedlm.codec.reference import block_error, reference_encode_block


def test_block_error_is_the_formula() -> None:
    weights = np.array([1.0, -2.0, 0.5, 3.0])
    u = basis(PAPER_EXAMPLE, 5)
    expected = np.sum((weights - 0.5 * 2.0**2 * (3 * u[:, 0] - 4 * u[:, 1])) ** 2)
    assert block_error(weights, PAPER_EXAMPLE, 0.5, (5, (3, -4), 2)) == pytest.approx(expected)


@pytest.mark.parametrize("latent", [1, 2])
def test_reference_finds_the_best_of_all_records(latent: int) -> None:
    code = code_of_width(4, 4, latent, coefficient_bits=3, exponent_bits=2)
    weights = np.random.default_rng(latent).standard_normal(4)
    records = itertools.product(
        range(1, 16), itertools.product(range(-4, 4), repeat=latent), range(-2, 2)
    )
    best = min(block_error(weights, code, 0.3, record) for record in records)
    found = reference_encode_block(weights, code, 0.3)
    assert block_error(weights, code, 0.3, found) == pytest.approx(best, rel=1e-12)


def test_exact_block_is_recovered() -> None:
    code = code_of_width(8, 6, 2)
    weights = 2.0**-3 * (basis(code, 77) @ [3, -8])
    assert reference_encode_block(weights, code, 1.0) == (77, (3, -8), -3)


def test_zero_block() -> None:
    assert reference_encode_block(np.zeros(4), PAPER_EXAMPLE, 1.0) == (1, (0, 0), 0)
