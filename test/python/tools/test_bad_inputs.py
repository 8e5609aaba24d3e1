# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Bad model files: exit code 1, one line that names file and reason, and nothing is touched."""

import json
import os
import zipfile
from pathlib import Path

import iree.runtime
import numpy as np
import onnx
import pytest
import torch
from command_line import Workspace
from judge import decoded
from onnx import helper
from safetensors.numpy import save_file
from small_models import (
    FLOAT32,
    gaussian,
    gemm_model,
    graph_model,
    matmul_model,
    save_external,
    save_model,
    with_weights,
)

import seedlm


@pytest.fixture
def model(workspace: Workspace) -> Path:
    return save_model(matmul_model(), workspace.folder / "model.onnx")


@pytest.fixture
def external(workspace: Workspace) -> Path:
    """A model whose weight "w" is in model.onnx.data."""
    return save_external(matmul_model().proto, workspace.folder / "model.onnx")


def set_external(model: Path, **fields: str) -> None:
    """Changes what a model says of where the bytes of its first weight are."""
    proto = onnx.load(model, load_external_data=False)
    entries = {entry.key: entry for entry in proto.graph.initializer[0].external_data}
    for key, value in fields.items():
        entry = entries.get(key) or proto.graph.initializer[0].external_data.add(key=key)
        entry.value = value
    model.write_bytes(proto.SerializeToString())


@pytest.mark.parametrize("kept", [0.02, 0.3, 0.6, 0.99])
def test_truncated_onnx(kept: float, workspace: Workspace, model: Path) -> None:
    data = model.read_bytes()
    model.write_bytes(data[: int(kept * len(data))])
    workspace.refuses(model, says=(f"{model}: ", "damaged"))


def test_onnx_without_its_last_byte(workspace: Workspace, model: Path) -> None:
    model.write_bytes(model.read_bytes()[:-1])
    workspace.refuses(model, says=(f"{model}: ", "damaged"))


@pytest.mark.parametrize("suffix", [".onnx", ".mlir", ".mlirbc", ".pt2"])
def test_empty_file(suffix: str, workspace: Workspace) -> None:
    file = workspace.folder / f"model{suffix}"
    file.touch()
    workspace.refuses(file, says=(f"{file}: empty file",))


@pytest.mark.parametrize("suffix", [".onnx", ".mlir", ".mlirbc", ".pt2"])
@pytest.mark.parametrize("content", [b"hello, I am a text\n", bytes(range(256)) * 16])
def test_other_content(suffix: str, content: bytes, workspace: Workspace) -> None:
    file = workspace.folder / f"model{suffix}"
    file.write_bytes(content)
    workspace.refuses(file, says=(f"{file}: ",))


@pytest.mark.parametrize("suffix", [".onnx", ".mlir", ".mlirbc", ".pt2"])
def test_folder_and_missing_file(suffix: str, workspace: Workspace) -> None:
    folder = workspace.folder / f"folder{suffix}"
    folder.mkdir()
    workspace.refuses(folder, says=(f"{folder}: not a file",))
    missing = workspace.folder / f"missing{suffix}"
    workspace.refuses(missing, says=(f"{missing}: no such file",))


@pytest.mark.parametrize("name", ["model.tflite", "model", "model.ONNX", "model.vmfb"])
def test_unknown_suffix(name: str, workspace: Workspace) -> None:
    file = workspace.folder / name
    file.write_bytes(b"x")
    workspace.refuses(file, says=(f"{file}: unknown format", ".onnx, .mlir, .mlirbc, .pt2"))


def test_missing_external_data(workspace: Workspace, external: Path) -> None:
    (workspace.folder / "model.onnx.data").unlink()
    workspace.refuses(external, says=(f"{external}: ", "model.onnx.data", "tensor name: w"))


def test_short_external_data(workspace: Workspace, external: Path) -> None:
    os.truncate(workspace.folder / "model.onnx.data", 1000)
    workspace.refuses(external, says=(f"{external}: ", "'w'"))


def test_external_data_in_parent_folder(workspace: Workspace, external: Path) -> None:
    (workspace.folder / "model.onnx.data").rename(workspace.folder.parent / "outside.data")
    set_external(external, location="../outside.data")
    workspace.refuses(external, says=(f"{external}: ", "tensor name: w", "../outside.data"))


def test_external_data_at_absolute_path(workspace: Workspace, external: Path) -> None:
    data = workspace.folder / "model.onnx.data"
    set_external(external, location=str(data))
    workspace.refuses(external, says=(f"{external}: ", "tensor name: w", str(data)))


def test_external_data_through_symlink(workspace: Workspace, external: Path) -> None:
    data = workspace.folder / "model.onnx.data"
    data.rename(workspace.folder.parent / "outside.data")
    data.symlink_to(workspace.folder.parent / "outside.data")
    workspace.refuses(external, says=(f"{external}: ", "tensor name: w", "model.onnx.data"))


def test_external_data_through_hardlink(workspace: Workspace, external: Path) -> None:
    (workspace.folder.parent / "outside.data").hardlink_to(workspace.folder / "model.onnx.data")
    workspace.refuses(external, says=(f"{external}: ", "tensor name: w", "model.onnx.data"))


@pytest.mark.parametrize("key", ["offset", "length"])
@pytest.mark.parametrize("value", ["-1", "-24576", str(2**50), str(2**63), "many"])
def test_external_data_beyond_its_file(
    key: str, value: str, workspace: Workspace, external: Path
) -> None:
    set_external(external, **{key: value})
    workspace.refuses(external, says=(f"{external}: ", "'w'", value))


@pytest.mark.parametrize("length", [0, 24572, 24580])
def test_external_data_of_another_length(length: int, workspace: Workspace, external: Path) -> None:
    with (workspace.folder / "model.onnx.data").open("ab") as data:
        data.write(bytes(100))
    set_external(external, length=str(length))
    workspace.refuses(external, says=(f"{external}: tensor 'w' has {length} bytes, not 24576",))


@pytest.mark.parametrize("name", ["w", "bias"])
def test_missing_external_data_of_old_opset(name: str, workspace: Workspace) -> None:
    """Models of old opsets are converted with their weights."""
    proto = with_weights(gemm_model(0, 0).proto, {})
    proto.opset_import[0].version = 13
    path = save_external(proto, workspace.folder / "model.onnx")
    (workspace.folder / "model.onnx.data").unlink()
    workspace.refuses(path, says=(f"{path}: ", "model.onnx.data"))


def test_inline_data_of_another_length(workspace: Workspace) -> None:
    proto = matmul_model().proto
    proto.graph.initializer[0].raw_data = proto.graph.initializer[0].raw_data[:-4]
    path = workspace.folder / "model.onnx"
    onnx.save(proto, path)
    workspace.refuses(path, says=(f"{path}: tensor 'w' has 24572 bytes, not 24576",))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("is_external", [False, True])
def test_weight_that_is_no_number(value: float, is_external: bool, workspace: Workspace) -> None:
    weight = gaussian(64, 96)
    weight[7, 5] = value
    proto = with_weights(matmul_model().proto, {"w": weight})
    path = workspace.folder / "model.onnx"
    save_external(proto, path) if is_external else onnx.save(proto, path)
    workspace.refuses(path, says=(f"{path}: w: ", "[5, 7]", str(value)))


def test_product_with_a_weight_of_no_elements(workspace: Workspace) -> None:
    """IREE's compiler divides by zero; that is an error in one line, too."""
    proto = graph_model(
        [
            helper.make_node("MatMul", ["x", "empty"], ["none"]),
            helper.make_node("MatMul", ["none", "w"], ["y"]),
        ],
        {"x": ((4, 64), FLOAT32)},
        {"y": ((4, 96), FLOAT32)},
        {"empty": np.zeros((64, 0), np.float32), "w": np.zeros((0, 96), np.float32)},
    )
    path = workspace.folder / "model.onnx"
    onnx.save(proto, path)
    workspace.refuses(path, says=(f"{path}: iree-compile crashed",))


def test_empty_and_zero_tensors_compile(workspace: Workspace) -> None:
    proto = graph_model(
        [
            helper.make_node("MatMul", ["x", "w"], ["y"]),
            helper.make_node("Concat", ["y", "empty"], ["z"], axis=1),
        ],
        {"x": ((4, 64), FLOAT32)},
        {"z": ((4, 96), FLOAT32)},
        {"empty": np.zeros((4, 0), np.float32), "w": np.zeros((64, 96), np.float32)},
    )
    onnx.save(proto, workspace.folder / "model.onnx")
    workspace.compiled(workspace.folder / "model.onnx")
    (output,) = seedlm.load(workspace.output)(gaussian(4, 64))
    np.testing.assert_array_equal(output, np.zeros((4, 96), np.float32))


def test_two_tensors_that_get_one_name(workspace: Workspace) -> None:
    weights = {"layer:0": gaussian(64, 96), "layer_0": gaussian(96, 80)}
    proto = graph_model(
        [
            helper.make_node("MatMul", ["x", "layer:0"], ["h"]),
            helper.make_node("MatMul", ["h", "layer_0"], ["y"]),
        ],
        {"x": ((4, 64), FLOAT32)},
        {"y": ((4, 80), FLOAT32)},
        weights,
    )
    path = workspace.folder / "model.onnx"
    onnx.save(proto, path)
    workspace.refuses(path, says=(f"{path}: ", "'layer_0'"))


@pytest.mark.parametrize("name", ['say "w"', "back\\slash", "two\nlines", "tab\t", "nul\0"])
def test_names_that_mlir_would_misread(name: str, workspace: Workspace) -> None:
    proto = graph_model(
        [helper.make_node("MatMul", ["x", name], ["y"])],
        {"x": ((4, 64), FLOAT32)},
        {"y": ((4, 96), FLOAT32)},
        {name: gaussian(64, 96)},
    )
    path = workspace.folder / "model.onnx"
    onnx.save(proto, path)
    workspace.refuses(path, says=(f"{path}: tensor {name!r}",))


def test_unknown_operator(workspace: Workspace) -> None:
    proto = graph_model(
        [helper.make_node("Frobnicate", ["x"], ["y"], domain="com.example")],
        {"x": ((4, 64), FLOAT32)},
        {"y": ((4, 64), FLOAT32)},
        {},
    )
    proto.opset_import.append(helper.make_opsetid("com.example", 1))
    path = workspace.folder / "model.onnx"
    onnx.save(proto, path)
    workspace.refuses(path, says=(f"{path}: ", "Frobnicate"))


def test_shapes_that_do_not_fit(workspace: Workspace) -> None:
    proto = graph_model(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        {"x": ((4, 64), FLOAT32)},
        {"y": ((4, 96), FLOAT32)},
        {"w": gaussian(65, 96)},
    )
    path = workspace.folder / "model.onnx"
    onnx.save(proto, path)
    workspace.refuses(path, says=(f"{path}: ", "64", "65"))


def test_graph_without_inputs_of_its_nodes(workspace: Workspace, model: Path) -> None:
    proto = onnx.load(model)
    del proto.graph.initializer[:]
    onnx.save(proto, model)
    workspace.refuses(model, says=(f"{model}: ", "w"))


MLIR = """
func.func @main(%x: tensor<4x64xf32>) -> tensor<4x64xf32> {
  %w = arith.constant dense<0.5> : tensor<64x64xf32>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<4x64xf32>
  %start = linalg.fill ins(%zero : f32) outs(%empty : tensor<4x64xf32>) -> tensor<4x64xf32>
  %y = linalg.matmul ins(%x, %w : tensor<4x64xf32>, tensor<64x64xf32>)
      outs(%start : tensor<4x64xf32>) -> tensor<4x64xf32>
  return %y : tensor<4x64xf32>
}
"""


def test_truncated_mlir(workspace: Workspace) -> None:
    path = workspace.folder / "model.mlir"
    path.write_text(MLIR[: len(MLIR) // 2])
    workspace.refuses(path, says=(f"{path}: iree-compile: ",))


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.95])
def test_truncated_bytecode(kept: float, workspace: Workspace) -> None:
    text, path = workspace.folder / "model.mlir", workspace.folder / "model.mlirbc"
    text.write_text(MLIR)
    workspace.compiled(text, "-o", path, "--compile-to", "input")
    os.truncate(path, int(kept * path.stat().st_size))
    workspace.refuses(path, says=(f"{path}: iree-compile: ",))


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.95])
def test_truncated_torch_program(kept: float, workspace: Workspace) -> None:
    path = workspace.folder / "model.pt2"
    program = torch.export.export(torch.nn.Linear(64, 64), (torch.zeros(4, 64),))
    torch.export.save(program, path)
    os.truncate(path, int(kept * path.stat().st_size))
    workspace.refuses(path, says=(f"{path}: cannot be imported: ",))


@pytest.mark.parametrize("name", ["data.pkl", "model.pt2.zip"])
def test_zip_file_that_is_no_torch_program(name: str, workspace: Workspace) -> None:
    path = workspace.folder / "model.pt2"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, b"nothing of use")
    workspace.refuses(path, says=(f"{path}: cannot be imported: ",))


PARAMETERS_MLIR = """
util.global private @w = #stream.parameter.named<"weights"::"layer.w"> : tensor<64x96xf32>
func.func @main(%x: tensor<4x64xf32>) -> tensor<4x96xf32> {
  %w = util.global.load @w : tensor<64x96xf32>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<4x96xf32>
  %start = linalg.fill ins(%zero : f32) outs(%empty : tensor<4x96xf32>) -> tensor<4x96xf32>
  %y = linalg.matmul ins(%x, %w : tensor<4x64xf32>, tensor<64x96xf32>)
      outs(%start : tensor<4x96xf32>) -> tensor<4x96xf32>
  return %y : tensor<4x96xf32>
}
"""


@pytest.fixture
def parametric(workspace: Workspace) -> Path:
    """An MLIR model whose weight is the parameter "layer.w" of scope "weights"."""
    path = workspace.folder / "model.mlir"
    path.write_text(PARAMETERS_MLIR)
    return path


def write_archive(path: Path, arrays: dict[str, np.ndarray]) -> Path:
    index = iree.runtime.ParameterIndex()
    for name, array in arrays.items():
        index.add_buffer(name, array)
    index.create_archive_file(str(path))
    return path


def test_parameters_compile(workspace: Workspace, parametric: Path) -> None:
    weight = gaussian(64, 96)
    archive = write_archive(workspace.folder / "weights.irpa", {"layer.w": weight})
    flags = ("--parameters", f"weights={archive}", "--activations", "f32")
    workspace.compiled(parametric, *flags)
    x = gaussian(4, 64, seed=1)
    (y,) = seedlm.load(workspace.output)(x)
    np.testing.assert_allclose(y, x @ decoded(weight, (0,), "seed-4bit"), rtol=1e-3, atol=1e-4)


def test_parameters_not_given(workspace: Workspace, parametric: Path) -> None:
    workspace.refuses(parametric, says=(f"{parametric}: ", "w", "scope 'weights'"))


def test_parameters_missing_or_not_an_archive(workspace: Workspace, parametric: Path) -> None:
    missing = workspace.folder / "missing.irpa"
    arguments = (parametric, "--parameters", f"weights={missing}")
    workspace.refuses(*arguments, says=(f"{missing}: no such file",))
    for content in (b"", b"this is no archive" * 100):
        missing.write_bytes(content)
        workspace.refuses(*arguments, says=(f"{missing}: not a readable parameter archive",))


@pytest.mark.parametrize("kept", [0.01, 0.5, 0.8])
def test_truncated_parameters(kept: float, workspace: Workspace, parametric: Path) -> None:
    weights = {"layer.w": gaussian(64, 96)}
    archive = write_archive(workspace.folder / "weights.irpa", weights)
    os.truncate(archive, int(kept * archive.stat().st_size))
    workspace.refuses(parametric, "--parameters", f"weights={archive}", says=(f"{archive}: ",))


@pytest.mark.parametrize(
    "arrays", [{"another": gaussian(64, 96)}, {"layer.w": gaussian(64, 95)}], ids=["name", "size"]
)
def test_parameters_that_do_not_fit(
    arrays: dict[str, np.ndarray], workspace: Workspace, parametric: Path
) -> None:
    archive = write_archive(workspace.folder / "weights.irpa", arrays)
    arguments = (parametric, "--parameters", f"weights={archive}")
    workspace.refuses(*arguments, says=(f"{archive}: ", "'layer.w'"))


def test_parameters_without_a_scope(workspace: Workspace, parametric: Path) -> None:
    workspace.refuses(parametric, "--parameters", "w.irpa", says=("w.irpa", "SCOPE=FILE"))


def tensor(start: int, end: int, shape: tuple[int, ...] = (64, 96), dtype: str = "F32") -> str:
    entry = {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}
    return json.dumps(entry)


SIZE = 4 * 64 * 96


@pytest.mark.parametrize(
    ("header", "size", "declared"),
    [
        (f'{{"layer.w": {tensor(0, SIZE)}}}', 100, None),
        (f'{{"layer.w": {tensor(SIZE, 0)}}}', SIZE, None),
        (f'{{"layer.w": {tensor(0, 2**50)}}}', SIZE, None),
        (f'{{"layer.w": {tensor(2**50, 2**50 + SIZE)}}}', SIZE, None),
        (f'{{"layer.w": {tensor(-SIZE, 0)}}}', SIZE, None),
        (f'{{"layer.w": {tensor(0, SIZE)}}}', SIZE, 2**50),
        (f'{{"layer.w": {tensor(0, SIZE)}}}', SIZE, 2**63),
        ("no JSON at all", SIZE, None),
        (f'{{"layer.w": {tensor(0, SIZE, (1, 2))}}}', SIZE, None),
        (f'{{"layer.w": {tensor(0, SIZE, dtype="F16")}}}', SIZE, None),
        (f'{{"layer.w": {tensor(0, SIZE)}, "b": {tensor(400, 800, (100,))}}}', SIZE, None),
        (f'{{"layer.w": {tensor(4, SIZE + 4)}}}', SIZE + 4, None),
        (f'{{"layer.w": {tensor(0, SIZE)}, "layer.w": {tensor(4, SIZE + 4)}}}', SIZE + 4, None),
    ],
    ids=[
        *("short", "reversed", "huge", "far", "negative", "long header", "longest header"),
        *("no JSON", "shape", "dtype", "overlap", "hole", "duplicate"),
    ],
)
def test_damaged_safetensors(
    header: str, size: int, declared: int | None, workspace: Workspace, parametric: Path
) -> None:
    archive = workspace.folder / "weights.safetensors"
    content = np.random.default_rng(0).standard_normal(size // 4).astype(np.float32).tobytes()
    length = len(header) if declared is None else declared
    archive.write_bytes(length.to_bytes(8, "little") + header.encode() + content)
    says = (f"{archive}: not a readable parameter archive",)
    workspace.refuses(parametric, "--parameters", f"weights={archive}", says=says)


def test_header_of_100_megabytes(workspace: Workspace, parametric: Path) -> None:
    """It takes no time and memory to refuse it: nothing but its length is read."""
    archive = workspace.folder.parent / "weights.safetensors"
    with archive.open("wb") as file:
        file.write((100_000_001).to_bytes(8, "little") + b"{")
        file.truncate(100_000_009 + SIZE)
    says = (f"{archive}: not a readable parameter archive",)
    workspace.refuses(parametric, "--parameters", f"weights={archive}", says=says)


def test_safetensors_compile(workspace: Workspace, parametric: Path) -> None:
    archive = workspace.folder / "weights.safetensors"
    save_file({"layer.w": gaussian(64, 96), "more": gaussian(3)}, archive)
    workspace.compiled(parametric, "--parameters", f"weights={archive}")
