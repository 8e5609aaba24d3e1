# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Element data in a temporary file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt
import pytest
from iree.compiler import ir

from seedlm.compiler.ir import blobs as blobs_module
from seedlm.compiler.ir.blobs import Blobs
from seedlm.compiler.ir.context import make_context
from seedlm.compiler.ir.elements import make_elements, read_elements

ARRAYS: dict[str, npt.NDArray[Any]] = {
    "small": np.arange(6, dtype=np.int32).reshape(2, 3),
    "empty": np.zeros((0, 5), np.float32),
    "large": np.random.default_rng(0).standard_normal((100, 30)).astype(np.float32),
    "bf16": np.arange(2000).astype(ml_dtypes.bfloat16),
    "transposed": np.arange(4000, dtype=np.int8).reshape(40, 100).T,
}


@pytest.fixture(autouse=True)
def context() -> Iterator[None]:
    with make_context(), ir.Location.unknown():
        yield


@pytest.mark.parametrize("segment", [1, 1 << 28])
def test_elements_are_kept(segment: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blobs_module, "_SEGMENT_BYTES", segment)
    monkeypatch.setattr(blobs_module, "_LEAST_SEGMENT_BYTES", 1)
    blobs = Blobs(tmp_path)
    attributes = {name: blobs.make(array.copy(), name) for name, array in ARRAYS.items()}
    assert list(tmp_path.iterdir()) == []
    for name, attribute in attributes.items():
        assert attribute.type == make_elements(ARRAYS[name], name).type
        np.testing.assert_array_equal(blobs.read(attribute), ARRAYS[name])
        np.testing.assert_array_equal(read_elements(attribute), ARRAYS[name])


def test_the_array_may_change() -> None:
    array = ARRAYS["large"].copy()
    attribute = Blobs().make(array, "w")
    array[:] = 0
    np.testing.assert_array_equal(read_elements(attribute), ARRAYS["large"])


def test_elements_of_others() -> None:
    attribute = make_elements(ARRAYS["large"], "w")
    np.testing.assert_array_equal(Blobs().read(attribute), ARRAYS["large"])
    module = ir.Module.create()
    module.operation.attributes["w"] = Blobs().make(ARRAYS["large"], "v")
    found = module.operation.attributes["w"]
    np.testing.assert_array_equal(Blobs().read(found), ARRAYS["large"])


def test_attributes_are_found_again() -> None:
    """By the attribute of an operation, however it was come by."""
    blobs = Blobs()
    module = ir.Module.create()
    module.operation.attributes["w"] = blobs.make(ARRAYS["large"], "w")
    found = blobs.read(module.operation.attributes["w"])
    assert isinstance(found, np.memmap)
