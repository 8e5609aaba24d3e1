# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The same model gives the same bytes: twice, anywhere, with any number of threads."""

from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from command_line import Workspace, run_process
from onnx import helper
from small_models import (
    FLOAT32,
    SmallModel,
    constant_node_model,
    gaussian,
    graph_model,
    matmul_model,
    save_external,
    save_model,
    tied_model,
    two_layer_model,
)

from seedlm.tools import compile as compile_tool


def outputs(workspace: Workspace, model: Path, *flags: str) -> tuple[bytes, bytes]:
    """The module and the archive that a model is compiled to."""
    workspace.compiled(model, "--params", workspace.archive, *flags)
    return workspace.output.read_bytes(), workspace.archive.read_bytes()


def test_threads_and_second_run(workspace: Workspace) -> None:
    """The weight has more blocks than are encoded at a time."""
    model = save_model(matmul_model(256, 264), workspace.folder / "model.onnx")
    first = outputs(workspace, model, "-j", "1")
    assert outputs(workspace, model, "-j", "2") == first
    assert outputs(workspace, model, "-j", "1") == first


def test_modules_with_their_weights(workspace: Workspace) -> None:
    model = save_model(two_layer_model(), workspace.folder / "model.onnx")
    modules = []
    for threads in ("1", "2"):
        workspace.compiled(model, "-j", threads)
        modules.append(workspace.output.read_bytes())
    assert modules[0] == modules[1]


@pytest.mark.parametrize("bits", ["4", "3"])
@pytest.mark.parametrize("model", [two_layer_model, lambda: tied_model(embeddings=True)])
def test_other_process_and_folder(
    bits: str, model: Callable[[], SmallModel], workspace: Workspace
) -> None:
    here = save_model(model(), workspace.folder / "model.onnx")
    flags = ("--bits", bits, "--compress-embeddings")
    first = outputs(workspace, here, *flags)
    there = workspace.folder / "another folder" / "nested"
    there.mkdir(parents=True)
    save_model(model(), there / "renamed.onnx")
    files = ("renamed.onnx", "-o", "m.vmfb", "--params", "p.irpa")
    result = run_process(compile_tool, *files, *flags, cwd=there)
    assert (result.code, result.err) == (0, "")
    assert ((there / "m.vmfb").read_bytes(), (there / "p.irpa").read_bytes()) == first


def test_external_data_is_as_inline_data(workspace: Workspace) -> None:
    model = two_layer_model()
    inline = outputs(workspace, save_model(model, workspace.folder / "inline.onnx"))
    for threshold in (0, 64):
        external = save_external(model.proto, workspace.folder / "external.onnx", threshold)
        assert outputs(workspace, external) == inline


def test_unnamed_constants(workspace: Workspace) -> None:
    """IREE's importer would give them random names."""
    model = save_model(constant_node_model(), workspace.folder / "model.onnx")
    first = outputs(workspace, model)
    assert outputs(workspace, model) == first
    assert b"w.codes.tiles" in first[1]


def test_names_of_constants(workspace: Workspace) -> None:
    model = constant_node_model("kernel")
    path = save_model(model, workspace.folder / "model.onnx")
    assert b"kernel.codes.tiles" in outputs(workspace, path)[1]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("onnx::MatMul_7", "onnx__MatMul_7"),
        ("a:0", "a_0"),
        ("it's 100% 'x'", "it's 100% 'x'"),
        ("block/0/(dense)[1]{2}", "block/0/(dense)[1]{2}"),
        ("größe.重み", "größe.重み"),
        ("%w", "%w"),
        ("@w", "@w"),
        ("0", "0"),
    ],
)
def test_unusual_names(name: str, shown: str, workspace: Workspace) -> None:
    proto = graph_model(
        [helper.make_node("MatMul", ["x", name], ["y"])],
        {"x": ((4, 64), FLOAT32)},
        {"y": ((4, 96), FLOAT32)},
        {name: gaussian(64, 96)},
    )
    model = workspace.folder / "model.onnx"
    onnx.save(proto, model)
    assert f"{shown}.codes.tiles".encode() in outputs(workspace, model)[1]
    assert workspace.compile(model, "--dry-run").out.splitlines()[1].startswith(f"{shown} ")
