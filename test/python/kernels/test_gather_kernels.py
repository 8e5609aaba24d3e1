# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from kernel_builds import ISAS, Isa, runs
from kernel_calls import Call, gather, random_encoded
from kernel_codes import CODES

from seedlm.codec import Encoded, decode

Harness = Callable[[Isa], list[str]]

SHAPES = [(64, 96), (1, 1), (65, 97), (200, 40), (130, 1003)]


def expected_rows(encoded: Encoded, indices: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    return decode(encoded).astype(np.float32)[indices]


@pytest.mark.parametrize("name", CODES)
@pytest.mark.parametrize("shape", SHAPES)
def test_rows_are_those_of_the_reference(
    isa: Isa, harness: Harness, name: str, shape: tuple[int, int]
) -> None:
    encoded = random_encoded(name, *shape)
    indices = np.random.default_rng(2).integers(0, shape[0], 11)
    indices[-1] = shape[0] - 1
    expected = expected_rows(encoded, indices)
    for dtype in (np.int32, np.int64):
        call = Call(offset=3, padding=5)
        rows = gather(harness(isa), encoded, indices.astype(dtype), call)
        np.testing.assert_allclose(rows, expected, rtol=3e-7, atol=1e-12)


@pytest.mark.parametrize("name", ["seed-4bit", "paper-3bit"])
def test_indices_of_no_row_give_zeros(isa: Isa, harness: Harness, name: str) -> None:
    encoded = random_encoded(name, 100, 50)
    for dtype in (np.int32, np.int64):
        limits = np.iinfo(dtype)
        indices = np.array([99, 100, -1, limits.max, limits.min, 127, 0], dtype)
        rows = gather(harness(isa), encoded, indices)
        np.testing.assert_array_equal(rows[1:-1], 0)
        assert rows[[0, -1]].any(axis=1).all()


@pytest.mark.parametrize("name", CODES)
def test_no_indices_give_no_rows(isa: Isa, harness: Harness, name: str) -> None:
    rows = gather(harness(isa), random_encoded(name, 10, 20), np.zeros(0, np.int64))
    assert rows.shape == (0, 20)


@pytest.mark.parametrize("isa", [i for i in ISAS if i.machine == "x86_64"], ids=lambda i: i.name)
def test_kernels_touch_only_their_operands(isa: Isa, sanitized: Harness) -> None:
    if not runs(isa):
        pytest.skip(f"this machine does not run {isa.name}")
    harness = sanitized(isa)
    for name in CODES:
        for rows, columns in [(64, 24), (65, 97), (1, 300)]:
            encoded = random_encoded(name, rows, columns)
            indices = np.array([rows - 1, 0, rows, -1])
            result = gather(harness, encoded, indices, Call(offset=1, padding=2))
            expected = expected_rows(encoded, indices[:2])
            np.testing.assert_allclose(result[:2], expected, rtol=3e-7, atol=1e-12)
