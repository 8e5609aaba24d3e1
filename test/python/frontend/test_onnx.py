# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The ONNX frontend: names, opsets, external data, sizes."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from judge import assert_equal, decoded, decoded_model, run_stock
from onnx import TensorProto, helper, numpy_helper
from small_models import (
    FLOAT32,
    SmallModel,
    gaussian,
    gemm_model,
    graph_model,
    matmul_model,
    mixed_model,
    save_external,
    save_model,
    two_layer_model,
    with_weights,
)

import seedlm
from seedlm.compiler.ir.parameters import load_archive
from seedlm.compiler.pipeline import CompileOptions
from seedlm.errors import SeedlmError
from seedlm.frontend import SUFFIXES, import_model
from seedlm.frontend import onnx as onnx_frontend

EXACT = CompileOptions(activations="f32")


def test_weights_go_to_the_archive(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    model = save_model(two_layer_model(), tmp_path / "model.onnx")
    imported = import_model(model, work)
    assert imported.source == model
    assert imported.input_names == ("x",)
    assert imported.external == ()
    assert "dense" not in imported.mlir.read_text()
    archive = load_archive(imported.parameters["model"])
    assert set(archive) == {"layer1.weight", "layer1.bias", "layer2.weight"}


def test_external_data_is_known(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    model = save_external(two_layer_model().proto, tmp_path / "model.onnx")
    assert import_model(model, work).external == (tmp_path / "model.onnx.data",)
    assert [path.name for path in work.iterdir()].count("graph.onnx") == 0


@pytest.mark.parametrize("threshold", [0, 64, 100_000])
def test_external_data_of_any_size(
    threshold: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The importer reads the data of large tensors alone, and from another folder."""
    model = gemm_model(0, 1)
    save_external(model.proto, tmp_path / "model.onnx", threshold)
    onnx.save(decoded_model(model.proto, model.columns, "seed-4bit"), tmp_path / "decoded.onnx")
    monkeypatch.chdir(tmp_path)
    seedlm.compile("model.onnx", "model.vmfb", EXACT)
    expected = run_stock(tmp_path / "decoded.onnx", model.inputs, tmp_path)
    assert_equal(seedlm.load("model.vmfb")(*model.inputs), expected, 1e-5)


@pytest.mark.parametrize("is_external", [False, True])
@pytest.mark.parametrize("opset", [9, 13])
def test_old_opsets_are_converted(opset: int, is_external: bool, tmp_path: Path) -> None:
    model = gemm_model(0, 1)
    old = with_weights(model.proto, {})
    old.opset_import[0].version = opset
    path = tmp_path / "model.onnx"
    save_external(old, path) if is_external else onnx.save(old, path)
    report = seedlm.compile(path, tmp_path / "model.vmfb", EXACT)
    assert [tensor.name for tensor in report.compressed] == ["w"]
    onnx.save(decoded_model(model.proto, model.columns, "seed-4bit"), tmp_path / "decoded.onnx")
    expected = run_stock(tmp_path / "decoded.onnx", model.inputs, tmp_path)
    assert_equal(seedlm.load(tmp_path / "model.vmfb")(*model.inputs), expected, 1e-5)


def test_opset_that_cannot_be_converted(tmp_path: Path) -> None:
    proto = graph_model(
        [helper.make_node("Upsample", ["x", "scales"], ["y"])],
        {"x": ((1, 1, 4, 4), FLOAT32)},
        {"y": ((1, 1, 8, 8), FLOAT32)},
        {"scales": np.array([1, 1, 2, 2], np.float32)},
        opset=3,
    )
    onnx.save(proto, tmp_path / "model.onnx")
    with pytest.raises(SeedlmError, match=r"model\.onnx: cannot convert opset 3 to 17: ") as error:
        seedlm.plan(tmp_path / "model.onnx")
    assert len(str(error.value).splitlines()) == 1


def if_model() -> SmallModel:
    """A choice of one of two weights, both unnamed constants inside of subgraphs."""

    def branch(seed: int) -> onnx.GraphProto:
        weight = numpy_helper.from_array(gaussian(64, 96, seed=seed))
        return helper.make_graph(
            [
                helper.make_node("Constant", [], [f"w{seed}"], value=weight),
                helper.make_node("MatMul", ["x", f"w{seed}"], [f"y{seed}"]),
            ],
            f"branch{seed}",
            [],
            [helper.make_tensor_value_info(f"y{seed}", TensorProto.FLOAT, [4, 96])],
        )

    proto = graph_model(
        [helper.make_node("If", ["c"], ["y"], then_branch=branch(1), else_branch=branch(2))],
        {"x": ((4, 64), FLOAT32)},
        {"y": ((4, 96), FLOAT32)},
        {},
    )
    condition = helper.make_tensor_value_info("c", TensorProto.BOOL, [])
    proto.graph.input.append(condition)
    return SmallModel(proto, (gaussian(4, 64), np.array(True)))


def test_two_constants_of_one_name(tmp_path: Path) -> None:
    """The data of each is its own."""
    a, b = gaussian(64, 96), gaussian(96, 72)
    proto = graph_model(
        [
            helper.make_node("Constant", [], ["a"], value=numpy_helper.from_array(a, "value")),
            helper.make_node("Constant", [], ["b"], value=numpy_helper.from_array(b, "value")),
            helper.make_node("MatMul", ["x", "a"], ["h"]),
            helper.make_node("MatMul", ["h", "b"], ["y"]),
        ],
        {"x": ((4, 64), FLOAT32)},
        {"y": ((4, 72), FLOAT32)},
        {},
    )
    onnx.save(proto, tmp_path / "model.onnx")
    report = seedlm.compile(tmp_path / "model.onnx", tmp_path / "model.vmfb", EXACT)
    assert {tensor.name: tensor.shape for tensor in report.compressed} == {
        "value": [64, 96],
        "b": [96, 72],
    }
    x = gaussian(4, 64, seed=1)
    expected = x @ decoded(a, (0,), "seed-4bit") @ decoded(b, (0,), "seed-4bit")
    (actual,) = seedlm.load(tmp_path / "model.vmfb")(x)
    np.testing.assert_allclose(actual, expected, rtol=1e-3, atol=1e-3)


def test_constants_in_subgraphs(tmp_path: Path) -> None:
    """Their names are lost, since the importer keeps them in the program."""
    model = save_model(if_model(), tmp_path / "model.onnx")
    modules = [tmp_path / f"{i}.vmfb" for i in range(2)]
    for module in modules:
        report = seedlm.compile(model, module, EXACT)
        assert [tensor.action for tensor in report.tensors] == ["compressed", "compressed"]
    assert modules[0].read_bytes() == modules[1].read_bytes()
    x = gaussian(4, 64)
    for seed, condition in ((1, True), (2, False)):
        weight = decoded(gaussian(64, 96, seed=seed), (0,), "seed-4bit")
        assert_equal(seedlm.load(modules[0])(x, np.array(condition)), [x @ weight], 1e-5)


def test_model_of_over_2_gb_in_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_frontend, "_MAX_PROTO_BYTES", 10_000)
    model = save_model(matmul_model(), tmp_path / "model.onnx")
    with pytest.raises(SeedlmError, match=r"over 2 GB in one file; keep its weights as external"):
        seedlm.plan(model)


def test_custom_operator_set_beside_the_standard_one(tmp_path: Path) -> None:
    proto = with_weights(matmul_model().proto, {})
    proto.opset_import.insert(0, helper.make_opsetid("com.example", 1))
    onnx.save(proto, tmp_path / "model.onnx")
    assert [tensor.name for tensor in seedlm.plan(tmp_path / "model.onnx").compressed] == ["w"]


def test_sizes_and_types_of_each_tensor(tmp_path: Path) -> None:
    model = mixed_model()
    report = seedlm.plan(save_model(model, tmp_path / "model.onnx"))
    assert report.inputs == ["tensor<64xi64>"]
    assert {tensor.dtype for tensor in report.tensors} == {"f32"}


def test_float64_weights_stay_dense(tmp_path: Path) -> None:
    model = save_model(matmul_model(dtype=np.float64), tmp_path / "model.onnx")
    (tensor,) = seedlm.plan(model).tensors
    assert (tensor.action, tensor.reason) == ("dense", "f64 elements")


def test_batched_weights_stay_dense(tmp_path: Path) -> None:
    proto = graph_model(
        [helper.make_node("MatMul", ["x", "w"], ["y"])],
        {"x": ((4, 5, 64), FLOAT32)},
        {"y": ((4, 5, 96), FLOAT32)},
        {"w": gaussian(4, 64, 96)},
    )
    onnx.save(proto, tmp_path / "model.onnx")
    (tensor,) = seedlm.plan(tmp_path / "model.onnx").tensors
    assert (tensor.action, tensor.reason) == ("dense", "batched weight")


def test_two_layouts_of_one_weight(tmp_path: Path) -> None:
    proto = graph_model(
        [
            helper.make_node("MatMul", ["x", "w"], ["h"]),
            helper.make_node("Transpose", ["w"], ["t"], perm=[1, 0]),
            helper.make_node("MatMul", ["h", "t"], ["y"]),
        ],
        {"x": ((5, 80), FLOAT32)},
        {"y": ((5, 80), FLOAT32)},
        {"w": gaussian(80, 80)},
    )
    onnx.save(proto, tmp_path / "model.onnx")
    (tensor,) = seedlm.plan(tmp_path / "model.onnx").tensors
    assert (tensor.action, tensor.reason) == ("both", "read in another layout")


def test_suffixes() -> None:
    assert SUFFIXES == (".onnx", ".mlir", ".mlirbc", ".pt2")
