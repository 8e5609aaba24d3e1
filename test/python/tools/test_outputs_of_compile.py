# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What seedlm-compile writes: modules, MLIR of each phase, parameter archives."""

import subprocess
import sys
from pathlib import Path

import iree.compiler.tools as iree_tools
import iree.runtime
import numpy as np
import pytest
from command_line import Workspace
from judge import STOCK_FLAGS, assert_equal, run_module
from small_models import SmallModel, matmul_model, save_model, two_layer_model, weights_of

import seedlm
from seedlm.codec import decode, encode, preset
from seedlm.codec.packing import pack_records, unpack_records
from seedlm.compiler.pipeline import PHASES
from seedlm.passes.cpu_form.layout import tile_codes, untile_codes

WEIGHTS = ("layer1.weight", "layer2.weight")
BYTECODE = b"ML\xefR"


@pytest.fixture
def small() -> SmallModel:
    return two_layer_model()


@pytest.fixture
def model(workspace: Workspace, small: SmallModel) -> Path:
    return save_model(small, workspace.folder / "model.onnx")


@pytest.mark.parametrize(
    ("phase", "has", "has_not"),
    [
        ("input", ["linalg.", "tensor<64x128xf32>"], ["seedlm.contract", "vm.module"]),
        ("seedlm", ['"seedlm.contract"', "layer1.weight.codes"], ["linalg.batch_matmul"]),
        ("linalg", ["flow.dispatch", "layer1.weight.codes.tiles"], ['"seedlm.']),
        ("vm", ["vm.module", "vm.rodata"], ["linalg.", '"seedlm.']),
    ],
)
def test_phases(
    phase: str, has: list[str], has_not: list[str], workspace: Workspace, model: Path
) -> None:
    output = workspace.folder / "out.mlir"
    workspace.compiled(model, "-o", output, "--compile-to", phase)
    text = output.read_text()
    assert [each for each in has if each not in text] == []
    assert [each for each in has_not if each in text] == []


@pytest.mark.parametrize("phase", PHASES)
def test_phases_as_bytecode(phase: str, workspace: Workspace, model: Path) -> None:
    output = workspace.folder / "out.mlirbc"
    workspace.compiled(model, "-o", output, "--compile-to", phase)
    assert output.read_bytes().startswith(BYTECODE)


@pytest.mark.parametrize("suffix", ["mlir", "mlirbc"])
def test_stock_compiler_takes_the_linalg_phase(
    suffix: str, workspace: Workspace, model: Path, small: SmallModel
) -> None:
    output, module = workspace.folder / f"out.{suffix}", workspace.folder / "stock.vmfb"
    workspace.compiled(model, "-o", output, "--compile-to", "linalg")
    flags = [*STOCK_FLAGS, "--compile-from=input"]
    iree_tools.compile_file(str(output), output_file=str(module), extra_args=flags)
    workspace.compiled(model)
    expected = seedlm.load(workspace.output)(*small.inputs)
    assert_equal(run_module(module, small.inputs), expected, 1e-6)


def test_mlir_input_is_what_onnx_input_was(
    workspace: Workspace, model: Path, small: SmallModel
) -> None:
    mlir = workspace.folder / "input.mlir"
    workspace.compiled(model, "-o", mlir, "--compile-to", "input")
    workspace.compiled(mlir, "-o", workspace.folder / "two.vmfb")
    workspace.compiled(model)
    (first,) = seedlm.load(workspace.output)(*small.inputs)
    (second,) = seedlm.load(workspace.folder / "two.vmfb")(*small.inputs)
    np.testing.assert_array_equal(first, second)


def test_parameters_beside_the_module(workspace: Workspace, model: Path, small: SmallModel) -> None:
    inline = workspace.folder / "inline.vmfb"
    workspace.compiled(model, "-o", inline)
    workspace.compiled(model, "--params", workspace.archive)
    expected = seedlm.load(inline)(*small.inputs)
    assert_equal(
        seedlm.load(workspace.output, parameters=workspace.archive)(*small.inputs), expected, 1e-6
    )
    by_scope = seedlm.load(workspace.output, parameters={"model": workspace.archive})
    assert_equal(by_scope(*small.inputs), expected, 1e-6)
    index = iree.runtime.ParameterIndex()
    index.load(str(workspace.archive))
    sizes = {key: entry.length for key, entry in index.items() if key != "seedlm.manifest"}
    assert sizes == {
        "layer1.weight.codes.tiles": 64 * 128 // 2,
        "layer1.bias": 4 * 128,
        "layer2.weight.codes.tiles": 64 * 128 // 2,
    }
    assert inline.stat().st_size - workspace.output.stat().st_size > 0.9 * 64 * 128


def test_codes_in_the_archive_are_the_codecs(
    workspace: Workspace, model: Path, small: SmallModel
) -> None:
    workspace.compiled(model, "--params", workspace.archive)
    index = iree.runtime.ParameterIndex()
    index.load(str(workspace.archive))
    entries = dict(index.items())
    code = preset("paper-4bit")
    for name in WEIGHTS:
        encoded = encode(weights_of(small.proto)[name].T, code)
        rows = encoded.shape[0]
        tiles = np.frombuffer(entries[f"{name}.codes.tiles"].file_view, np.uint8)
        records = untile_codes(tiles.reshape(-(-rows // 64), -1), rows, code)
        np.testing.assert_array_equal(pack_records(*records, code), encoded.codes)


def test_iree_run_module(workspace: Workspace, model: Path, small: SmallModel) -> None:
    workspace.compiled(model, "--params", workspace.archive)
    x, y = workspace.folder / "x.npy", workspace.folder / "y.npy"
    np.save(x, small.inputs[0])
    command = [
        Path(sys.executable).parent / "iree-run-module",
        "--device=local-task",
        f"--module={workspace.output}",
        f"--parameters=model={workspace.archive}",
        f"--input=@{x}",
        f"--output=@{y}",
    ]
    subprocess.run(command, check=True, capture_output=True)
    expected = seedlm.load(workspace.output, parameters=workspace.archive)(*small.inputs)
    np.testing.assert_array_equal(np.load(y), expected[0])


def test_codes_of_a_large_weight_are_all_that_is_stored(workspace: Workspace) -> None:
    layer = matmul_model(512, 512)
    workspace.compiled(save_model(layer, workspace.folder / "model.onnx"))
    module = workspace.output.read_bytes()
    weight = weights_of(layer.proto)["w"]
    code = preset("paper-4bit")
    encoded = encode(weight.T, code)
    tiles = tile_codes(*unpack_records(encoded.codes, code, 512 // code.block), code)
    assert len(module) < 512 * 512 // 2 + 150_000
    assert tiles.tobytes() in module
    for dense in (weight, decode(encoded).T):
        assert dense[:2].tobytes() not in module
        assert dense.T[:2].tobytes() not in module


def test_a_large_weight_is_not_regenerated_at_load(workspace: Workspace) -> None:
    """IREE evaluates what hangs on constants alone in initialisers, where it would be dense."""
    output = workspace.folder / "out.mlir"
    model = save_model(matmul_model(512, 512), workspace.folder / "model.onnx")
    workspace.compiled(model, "-o", output, "--compile-to", "linalg")
    flags = [*STOCK_FLAGS, "--compile-from=input", "--compile-to=flow"]
    flow = iree_tools.compile_file(str(output), extra_args=flags).decode()
    assert "flow.dispatch" in flow
    assert "512x512xf32" not in flow


def test_flags_for_the_compiler(workspace: Workspace, model: Path) -> None:
    folder = workspace.folder / "dispatches"
    flag = f"--iree-hal-dump-executable-sources-to={folder}"
    workspace.compiled(model, "--", flag)
    dumped = "".join(file.read_text() for file in folder.iterdir())
    assert "linalg.generic" in dumped


def test_target_cpu(workspace: Workspace, model: Path, small: SmallModel) -> None:
    out = workspace.compiled(model, "--target-cpu", "generic")
    assert "for cpu (generic)" in out
    assert seedlm.load(workspace.output)(*small.inputs)[0].shape == (3, 64)


def test_summary(workspace: Workspace, model: Path) -> None:
    out = workspace.compiled(model, "--params", workspace.archive)
    lines = out.splitlines()
    assert lines[0] == "2 of 3 tensors compressed with paper-4bit: 65.5 kB -> 8.2 kB"
    assert lines[1].startswith("bits a weight 4.004..4.004, 4.004 on average, relative error 0.1")
    assert str(workspace.output) in out
    assert str(workspace.archive) in out


def test_existing_outputs_are_replaced(workspace: Workspace, model: Path) -> None:
    for file in (workspace.output, workspace.archive):
        file.write_bytes(b"old")
        file.chmod(0o400)
    workspace.compiled(model, "--params", workspace.archive)
    assert workspace.output.read_bytes()[:3] != b"old"
    assert workspace.output.stat().st_mode & 0o777 == workspace.archive.stat().st_mode & 0o777
