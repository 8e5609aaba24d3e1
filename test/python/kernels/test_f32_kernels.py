# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from kernel_builds import ISAS, Isa, runs, undefined_symbols
from kernel_calls import Call, multiply, random_activations, random_encoded

from seedlm.codec import PRESETS, Encoded, decode

Harness = Callable[[Isa], list[str]]

SHAPES = [(64, 96), (1, 1), (65, 97), (200, 40), (130, 1003)]


def relative_error(encoded: Encoded, x: np.ndarray, y: np.ndarray) -> float:
    expected = x.astype(np.float64) @ decode(encoded).astype(np.float64).T
    return float(np.linalg.norm(y - expected) / np.linalg.norm(expected))


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("shape", SHAPES)
def test_matvec(isa: Isa, harness: Harness, name: str, shape: tuple[int, int]) -> None:
    encoded = random_encoded(name, *shape)
    x = random_activations(1, shape[1])
    y = multiply(harness(isa), encoded, x, Call(offset=3, padding=5))
    assert relative_error(encoded, x, y) < 1e-5


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("batch", [*range(2, 18), 512])
def test_batches(isa: Isa, harness: Harness, name: str, batch: int) -> None:
    encoded = random_encoded(name, 70, 205)
    x = random_activations(batch, 205)
    y = multiply(harness(isa), encoded, x, Call(offset=1, padding=3))
    assert relative_error(encoded, x, y) < 1e-5


@pytest.mark.parametrize("name", PRESETS)
def test_only_one_row_and_column_matter(isa: Isa, harness: Harness, name: str) -> None:
    encoded = random_encoded(name, 100, 50)
    x = np.eye(50, dtype=np.float32)
    y = multiply(harness(isa), encoded, x)
    np.testing.assert_allclose(y.T, decode(encoded), rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("isa", [i for i in ISAS if i.machine == "x86_64"], ids=lambda i: i.name)
def test_kernels_touch_only_their_operands(isa: Isa, sanitized: Harness) -> None:
    if not runs(isa):
        pytest.skip(f"this machine does not run {isa.name}")
    harness = sanitized(isa)
    for name in PRESETS:
        for rows, columns, batch in [(64, 24, 1), (65, 97, 1), (70, 205, 3), (1, 300, 9)]:
            encoded = random_encoded(name, rows, columns)
            x = random_activations(batch, columns)
            y = multiply(harness, encoded, x, Call(offset=1, padding=2))
            assert relative_error(encoded, x, y) < 1e-5


@pytest.mark.parametrize("isa", ISAS, ids=lambda isa: isa.name)
def test_kernels_need_no_library(isa: Isa, tmp_path: Path) -> None:
    assert undefined_symbols(isa, tmp_path) == []
