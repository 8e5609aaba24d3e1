# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Statistics are those that NumPy and PyTorch compute of what weights are multiplied with."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from catalog import model_path
from small_models import (
    SmallModel,
    also_elementwise_model,
    cast_weight_model,
    conv_model,
    einsum_model,
    embedding_model,
    gemm_model,
    left_weight_model,
    matmul_model,
    save_model,
    tied_model,
    two_layer_model,
    used_twice_model,
    vector_matrix_model,
    weights_of,
)
from torch import nn

import seedlm
from seedlm import CompileOptions, SeedlmError, Selection, Statistics

Array = npt.NDArray[Any]
Rows = Mapping[str, Array]


def last_is_column(x: Array) -> Rows:
    return {"w": x.reshape(-1, x.shape[-1])}


def first_is_column(x: Array) -> Rows:
    return {"w": x.reshape(len(x), -1).T}


def windows(
    kernel: Sequence[int],
    stride: int = 1,
    dilation: int = 1,
    padding: int = 0,
) -> Callable[[Array], Rows]:
    """Returns a function of an image [1, channels, ..] to its windows [positions, columns]."""

    def rows(image: Array) -> Rows:
        spatial = len(kernel)
        padded = np.pad(image[0], [(0, 0)] + [(padding, padding)] * spatial)
        reach = tuple((size - 1) * dilation + 1 for size in kernel)
        axes = tuple(range(1, 1 + spatial))
        view = np.lib.stride_tricks.sliding_window_view(padded, reach, axes)
        steps = [slice(None, None, stride)] * spatial
        taps = [slice(None, None, dilation)] * spatial
        view = view[(slice(None), *steps, *taps)]
        order = [*axes, 0, *range(1 + spatial, 1 + 2 * spatial)]
        ordered = view.transpose(order)
        return {"w": ordered.reshape(-1, ordered[(0,) * spatial].size)}

    return rows


def both_products(x: Array) -> Rows:
    weight = weights_of(used_twice_model().proto)["w"]
    return {"w": np.concatenate([x, x @ weight])}


def layers(x: Array) -> Rows:
    weights = weights_of(two_layer_model().proto)
    hidden = np.maximum(x @ weights["layer1.weight"] + weights["layer1.bias"], 0)
    return {"layer1.weight": x, "layer2.weight": hidden}


def head(ids: Array) -> Rows:
    return {"table": np.tanh(weights_of(tied_model(True).proto)["table"][ids[0]])}


KINDS: dict[str, tuple[SmallModel, Callable[[Array], Rows]]] = {
    "matmul": (matmul_model(), last_is_column),
    "odd sizes": (matmul_model(77, 61), last_is_column),
    "batch": (matmul_model(batch=(2, 5)), last_is_column),
    "dynamic batch": (matmul_model(batch=("b", "s"), sizes=(2, 3)), last_is_column),
    "float16": (matmul_model(dtype=np.float16), last_is_column),
    "cast weight": (cast_weight_model(), last_is_column),
    "vector": (vector_matrix_model(), last_is_column),
    "Gemm": (gemm_model(0, 1), last_is_column),
    "transposed Gemm": (gemm_model(1, 0), first_is_column),
    "left weight": (left_weight_model(3), first_is_column),
    "einsum": (einsum_model(), last_is_column),
    "also elementwise": (also_elementwise_model(), last_is_column),
    "used twice": (used_twice_model(), both_products),
    "two layers": (two_layer_model(), layers),
    "tied": (tied_model(False), head),
    "convolution": (conv_model((3, 3)), windows((3, 3))),
    "padded": (
        conv_model((3, 2), strides=[2, 2], pads=[1, 1, 1, 1]),
        windows((3, 2), stride=2, padding=1),
    ),
    "dilated": (conv_model((2, 2), dilations=[3, 3]), windows((2, 2), dilation=3)),
    "pointwise": (conv_model((1, 1), channels=128), windows((1, 1))),
    "one-dimensional": (conv_model((5,), channels=32), windows((5,))),
}


SMALL = CompileOptions(selection=Selection(min_size=1))


def scaled(array: Array, factor: float) -> Array:
    return array if array.dtype == np.int64 else (array * factor).astype(array.dtype)


@pytest.mark.parametrize("kind", KINDS)
def test_equals_numpy(kind: str, tmp_path: Path) -> None:
    model, rows_of = KINDS[kind]
    samples = [[scaled(each, factor) for each in model.inputs] for factor in (1.0, 0.5)]
    path = save_model(model, tmp_path / "model.onnx")
    statistics = seedlm.calibrate(path, samples, SMALL)
    assert statistics.samples == 2
    parts = [rows_of(sample[0]) for sample in samples]
    expected = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    assert set(statistics.weights) == set(expected)
    for name, rows in expected.items():
        assert statistics.weights[name].shape == weights_of(model.proto)[name].shape
        assert_mean_squares(statistics, name, rows, model.tolerance)


def assert_mean_squares(
    statistics: Statistics, name: str, rows: Array, tolerance: float = 1e-5
) -> None:
    measured = statistics.weights[name]
    assert measured.rows == len(rows)
    expected = np.square(rows.astype(np.float64)).mean(axis=0)
    np.testing.assert_allclose(measured.mean_squares, expected, rtol=tolerance)


class Network(nn.Module):
    """Layers of equal sizes, a convolution, and a head that shares the weight of the embedding."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(80, 64)
        self.layers = nn.ModuleList([nn.Linear(64, 64) for _ in range(3)])
        self.convolution = nn.Conv1d(64, 64, 3, padding=1)
        self.head = nn.Linear(64, 80, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        x = self.embedding(ids)
        for layer in self.layers:
            x = x + torch.relu(layer(x))
        x = x + self.convolution(x.transpose(1, 2)).transpose(1, 2)
        return self.head(x)


@pytest.fixture
def network() -> Network:
    torch.manual_seed(0)
    return Network().eval()


def inputs_of_layers(module: nn.Module, samples: Sequence[Array]) -> dict[str, Array]:
    """Returns the inputs of all linear layers, [rows, columns], as hooks see them."""
    seen: dict[str, list[Array]] = {}

    def watch(name: str) -> Callable[[nn.Module, tuple[torch.Tensor, ...], torch.Tensor], None]:
        def hook(_: nn.Module, arguments: tuple[torch.Tensor, ...], __: torch.Tensor) -> None:
            seen.setdefault(name, []).append(arguments[0].flatten(0, -2).float().numpy())

        return hook

    layers = [(name, each) for name, each in module.named_modules() if isinstance(each, nn.Linear)]
    handles = [each.register_forward_hook(watch(f"{name}.weight")) for name, each in layers]
    with torch.no_grad():
        for sample in samples:
            module(torch.from_numpy(sample))
    for handle in handles:
        handle.remove()
    return {name: np.concatenate(rows) for name, rows in seen.items()}


IDS = [np.random.default_rng(i).integers(0, 80, (1, 12)) for i in range(3)]


def test_torch_module_equals_hooks(network: Network) -> None:
    statistics = seedlm.calibrate(network, [{"ids": ids} for ids in IDS], SMALL)
    expected = inputs_of_layers(network, IDS)
    shared = expected.pop("head.weight")
    for name, rows in expected.items():
        assert_mean_squares(statistics, name, rows)
    assert_mean_squares(statistics, "embedding.weight", shared)
    assert set(statistics.weights) == {*expected, "embedding.weight", "convolution.weight"}
    assert set(statistics.weights) <= dict(network.named_parameters()).keys()


def test_bfloat16(network: Network) -> None:
    statistics = seedlm.calibrate(network.bfloat16(), [[ids] for ids in IDS], SMALL)
    rows = inputs_of_layers(network, IDS)["layers.0.weight"]
    assert_mean_squares(statistics, "layers.0.weight", rows)


def test_torch_program_has_the_names_and_shapes_of_the_module(
    network: Network, tmp_path: Path
) -> None:
    sequence = torch.export.Dim("sequence", min=2, max=64)
    program = torch.export.export(
        network, (torch.from_numpy(IDS[0]),), dynamic_shapes=({1: sequence},)
    )
    samples = [IDS[0], IDS[1][:, :5]]
    statistics = seedlm.calibrate(program, [[ids] for ids in samples], SMALL)
    assert_mean_squares(
        statistics, "layers.2.weight", inputs_of_layers(network, samples)["layers.2.weight"]
    )
    torch.export.save(program, tmp_path / "model.pt2")
    options = CompileOptions(selection=SMALL.selection, calibration=statistics)
    report = seedlm.compile(tmp_path / "model.pt2", tmp_path / "model.vmfb", options)
    assert all(tensor.activation_aware for tensor in report.compressed)


FUNCTION = """
util.global private @{weight} = dense<0.5> : tensor<64x96xf32>
func.func @{name}(%x: tensor<?x64xf32>) -> tensor<?x96xf32> {{
  %w = util.global.load @{weight} : tensor<64x96xf32>
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x64xf32>
  %empty = tensor.empty(%n) : tensor<?x96xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x96xf32>) -> tensor<?x96xf32>
  %y = linalg.matmul ins(%x, %w : tensor<?x64xf32>, tensor<64x96xf32>)
                     outs(%init : tensor<?x96xf32>) -> tensor<?x96xf32>
  return %y : tensor<?x96xf32>
}}
"""


def test_only_the_first_function_is_run(tmp_path: Path) -> None:
    functions = {"main": "first", "other": "second"}
    text = "".join(FUNCTION.format(name=name, weight=weight) for name, weight in functions.items())
    (tmp_path / "model.mlir").write_text(text)
    x = matmul_model().inputs[0]
    statistics = seedlm.calibrate(tmp_path / "model.mlir", [[x]])
    assert set(statistics.weights) == {"first"}
    assert_mean_squares(statistics, "first", x)


def test_same_statistics_twice(tmp_path: Path) -> None:
    model = save_model(two_layer_model(), tmp_path / "model.onnx")
    for name in ("first", "second"):
        seedlm.calibrate(model, [two_layer_model().inputs] * 3).save(tmp_path / name)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


def test_nothing_to_measure(tmp_path: Path) -> None:
    model = save_model(embedding_model(False), tmp_path / "model.onnx")
    assert not seedlm.calibrate(model, [embedding_model(False).inputs]).weights


def test_weights_that_no_sample_reaches_stay_free_of_data(tmp_path: Path) -> None:
    model = save_model(two_layer_model(), tmp_path / "model.onnx")
    statistics = seedlm.calibrate(model, [[np.zeros((2, 64), np.float32)]])
    assert set(statistics.weights) == {"layer2.weight"}
    aware = seedlm.compile(model, tmp_path / "aware.vmfb", CompileOptions(calibration=statistics))
    free = seedlm.compile(model, tmp_path / "free.vmfb")
    first, second = aware.compressed
    assert (first.activation_aware, first.weighted_relative_error) == (False, None)
    assert first == free.compressed[0]
    assert second.activation_aware
    assert second.weighted_relative_error < second.relative_error
    assert second.sha256 != free.compressed[1].sha256


def test_outputs_are_closer(tmp_path: Path) -> None:
    """Inputs that differ in size by column: the products' error falls, that of weights grows."""
    sizes = np.exp(np.random.default_rng(3).standard_normal(64)).astype(np.float32)
    model = matmul_model(batch=("rows",), sizes=(64,))
    path = save_model(model, tmp_path / "model.onnx")
    statistics = seedlm.calibrate(path, [[model.inputs[0] * sizes]])
    x = np.random.default_rng(4).standard_normal((256, 64)).astype(np.float32) * sizes
    exact = x @ weights_of(model.proto)["w"]
    errors = []
    for calibration in (None, statistics):
        seedlm.compile(path, tmp_path / "out.vmfb", CompileOptions(calibration=calibration))
        (y,) = seedlm.load(tmp_path / "out.vmfb")(x)
        errors.append(np.linalg.norm(y - exact) / np.linalg.norm(exact))
    assert errors[1] < 0.8 * errors[0]


X = np.ones((2, 64), np.float32)
BAD_SAMPLES: dict[str, tuple[list[Any], str]] = {
    "none": ([], "calibration: no samples"),
    "too many inputs": ([[X, X]], "calibration: sample 0: 2 arrays for 1 inputs"),
    "shape": (
        [[X], [X[:, :3]]],
        "calibration: sample 1: input 'x' (float32 ?x64) is given float32",
    ),
    "rank": ([[X[0]]], "calibration: sample 0: input 'x' (float32 ?x64) is given float32 [64]"),
    "dtype": ([[X.astype(complex)]], "calibration: sample 0: input 'x' (float32 ?x64) is given"),
    "name": ([{"y": X}], "calibration: sample 0: no input is named 'y', but: x"),
    "missing": ([{}], "calibration: sample 0: input 'x' (float32 ?x64) is missing"),
    "NaN": ([[X * np.nan]], "calibration: inputs of 'layer1.weight': mean square nan of column 0"),
    "overflow": ([[X * 1e25]], "calibration: inputs of 'layer1.weight': mean square inf"),
}


@pytest.mark.parametrize("name", BAD_SAMPLES)
def test_bad_samples(name: str, tmp_path: Path) -> None:
    model = save_model(two_layer_model(), tmp_path / "model.onnx")
    samples, message = BAD_SAMPLES[name]
    with pytest.raises(SeedlmError) as error:
        seedlm.calibrate(model, samples)
    assert message in str(error.value)


def test_no_sample_to_export_a_module_with(network: Network) -> None:
    with pytest.raises(SeedlmError, match="calibration: no samples"):
        seedlm.calibrate(network, [])


def test_samples_of_other_shapes_than_a_module_was_exported_with(network: Network) -> None:
    message = r"sample 1: input 'ids' \(int64 1x12\) is given int64 \[1, 5\]"
    with pytest.raises(SeedlmError, match=message):
        seedlm.calibrate(network, [[IDS[0]], [IDS[1][:, :5]]], SMALL)


@pytest.mark.slow
def test_minilm(tmp_path: Path) -> None:
    """Calibrated on some sentences, embeddings of others are closer to the original's."""
    sentences = np.load(model_path("lee-wordpieces.npy"))[:, :48].astype(np.int64)
    pairs = [[row[None], np.ones((1, 48), np.int64)] for row in sentences]
    model = model_path("minilm-l3.onnx")
    statistics = seedlm.calibrate(model, pairs[:12])
    assert len(statistics.weights) == 18
    nothing = CompileOptions(selection=Selection(exclude=("*",)))
    embeddings = []
    for options in (nothing, CompileOptions(), CompileOptions(calibration=statistics)):
        seedlm.compile(model, tmp_path / "model.vmfb", options)
        module = seedlm.load(tmp_path / "model.vmfb")
        embeddings.append(np.concatenate([module(*pair)[3].ravel() for pair in pairs[-8:]]))
    original, free, aware = embeddings
    assert cosine(original, free) < cosine(original, aware) < 1
    assert 1 - cosine(original, aware) < 0.9 * (1 - cosine(original, free))


def cosine(a: Array, b: Array) -> float:
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))
