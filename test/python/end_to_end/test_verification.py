# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random samples, and the comparison of a compiled module with the original."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from judge import decoded_model
from onnx import helper
from small_models import (
    FLOAT32,
    SmallModel,
    gaussian,
    graph_model,
    matmul_model,
    save_model,
)

import seedlm
from seedlm.compiler.pipeline import CompileOptions
from seedlm.errors import SeedlmError
from seedlm.frontend import import_model
from seedlm.verification import OutputComparison, compare, load_sample, random_samples


def test_random_samples_follow_types_and_names() -> None:
    types = [
        "tensor<?x?x8xf32>",
        "tensor<?x4xi64>",
        "tensor<?x4xi64>",
        "tensor<3xi32>",
        "tensor<2xi1>",
        "tensor<f16>",
        "tensor<5xf64>",
        "tensor<2xi8>",
    ]
    names = ["x", "attention_mask", "token_type_ids", "ids"]
    samples = random_samples(types, names, 2)
    assert len(samples) == 2
    x, mask, kinds, ids, flags, half, wide, small = samples[0]
    assert (x.shape, x.dtype) == ((1, 32, 8), np.float32)
    np.testing.assert_array_equal(mask, np.ones((1, 4), np.int64))
    np.testing.assert_array_equal(kinds, np.zeros((1, 4), np.int64))
    assert (ids.shape, ids.dtype) == ((3,), np.int32)
    assert flags.all()
    assert (half.shape, half.dtype, wide.dtype, small.dtype) == (
        (),
        np.float16,
        np.float64,
        np.int8,
    )
    assert not np.array_equal(samples[0][0], samples[1][0])


def test_random_samples_are_the_same_each_time() -> None:
    first, second = (random_samples(["tensor<4x4xf32>"], [], 1)[0][0] for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("type_", ["tensor<4xbf16>", "tensor<4xcomplex<f32>>", "!hal.buffer", ""])
def test_no_random_sample(type_: str) -> None:
    with pytest.raises(SeedlmError, match="no NumPy dtype fits; use --input"):
        random_samples([type_], [], 1)


def test_samples_from_files(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", gaussian(2, 3))
    np.save(tmp_path / "y.npy", np.array(True))
    x, y = load_sample([tmp_path / "x.npy", tmp_path / "y.npy"])
    np.testing.assert_array_equal(x, gaussian(2, 3))
    assert y.dtype == np.bool_
    np.savez(tmp_path / "z.npz", x)
    with pytest.raises(SeedlmError, match=r"z\.npz"):
        load_sample([tmp_path / "z.npz"])


def compared(
    model: SmallModel, work: Path, samples: list[list[npt.NDArray[Any]]]
) -> list[OutputComparison]:
    options = CompileOptions(activations="f32")
    path = save_model(model, work / "model.onnx")
    seedlm.compile(path, work / "model.vmfb", options)
    (work / "import").mkdir()
    return compare(import_model(path, work / "import"), options, work / "model.vmfb", samples)


def test_numbers_are_those_of_numpy(tmp_path: Path) -> None:
    model = matmul_model()
    samples = [[gaussian(4, 64, seed=i)] for i in range(2)]
    (found,) = compared(model, tmp_path, samples)
    codes = decoded_model(model.proto, model.columns, "seed-4bit").graph.initializer[0]
    weight = np.frombuffer(codes.raw_data, np.float32).reshape(64, 96)
    x = np.concatenate([sample[0] for sample in samples])
    actual, expected = (x @ weight).ravel(), (x @ gaussian(64, 96)).ravel()
    cosine = actual @ expected / np.linalg.norm(actual) / np.linalg.norm(expected)
    assert found.index == 0
    assert found.cosine == pytest.approx(cosine, 1e-5)
    assert found.max_error == pytest.approx(np.abs(actual - expected).max(), 1e-4)
    assert found.max_value == pytest.approx(np.abs(expected).max(), 1e-4)


def test_outputs_of_zeros_flags_and_integers(tmp_path: Path) -> None:
    proto = graph_model(
        [
            helper.make_node("MatMul", ["x", "w"], ["y"]),
            helper.make_node("Mul", ["y", "zero"], ["zeros"]),
            helper.make_node("ArgMax", ["y"], ["largest"], axis=1),
        ],
        {"x": ((4, 64), FLOAT32)},
        {"zeros": ((4, 96), FLOAT32), "largest": ((4, 1), np.int64)},
        {"w": gaussian(64, 96), "zero": np.zeros((), np.float32)},
    )
    zeros, largest = compared(SmallModel(proto, ()), tmp_path, [[gaussian(4, 64)]])
    assert (zeros.cosine, zeros.max_error, zeros.max_value) == (1, 0, 0)
    assert 0 <= largest.max_value < 96
