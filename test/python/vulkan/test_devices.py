# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Modules on Vulkan devices through seedlm.load and seedlm-compile, and what goes wrong."""

import os
import subprocess
import sys
from pathlib import Path

import iree.compiler.tools as iree_tools
import numpy as np
import onnx
import pytest
from judge import assert_equal, decoded_model, run_stock
from modules import assert_outputs_are_the_callers, save_modules
from small_models import (
    SmallModel,
    conv_model,
    embedding_model,
    gated_model,
    gaussian,
    matmul_model,
    save_model,
)

import seedlm
from seedlm.codec import PRESETS
from seedlm.compiler.pipeline import CompileOptions
from seedlm.errors import SeedlmError

_VULKAN = seedlm.Target("vulkan")
_SEVERAL = """
func.func @f(%x: tensor<?xf32>) -> (i32, tensor<?xf32>, tensor<?xi1>) {
  %number = arith.constant 3 : i32
  %sum = arith.addf %x, %x : tensor<?xf32>
  %equal = arith.cmpf oeq, %x, %sum : tensor<?xf32>
  return %number, %sum, %equal : i32, tensor<?xf32>, tensor<?xi1>
}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds what `save_modules` saves for Vulkan, and cpu.vmfb of the same model."""
    path = save_modules(tmp_path_factory.mktemp("modules"), _VULKAN)
    seedlm.compile(path / "model.onnx", path / "cpu.vmfb", CompileOptions(activations="f32"))
    return path


def test_same_outputs_as_on_the_cpu(folder: Path) -> None:
    x = gaussian(3, 64)
    (expected,) = seedlm.load(folder / "cpu.vmfb")(x)
    (inline,) = seedlm.load(folder / "inline.vmfb", device="vulkan")(x)
    archive = folder / "beside.irpa"
    (beside,) = seedlm.load(folder / "beside.vmfb", device="vulkan", parameters=archive)(x)
    assert (inline.shape, inline.dtype) == (expected.shape, expected.dtype)
    np.testing.assert_allclose(inline, expected, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(beside, inline)


def test_outputs_are_the_callers(folder: Path) -> None:
    assert_outputs_are_the_callers(seedlm.load(folder / "inline.vmfb", device="vulkan"))


def test_outputs_of_several_types(tmp_path: Path) -> None:
    path = tmp_path / "several.vmfb"
    flags = _VULKAN.iree_flags()
    iree_tools.compile_str(
        _SEVERAL,
        output_file=str(path),
        extra_args=[*flags, "--iree-vulkan-target=llvmpipe"],
    )
    module = seedlm.load(path, device="vulkan")
    x = np.array([0, 1, 2], np.float32)
    number, total, equal = module(x)
    assert number == 3
    np.testing.assert_array_equal(total, 2 * x)
    np.testing.assert_array_equal(equal, x == 0)


def assert_equals_decoded_weights(
    model: SmallModel, code: str, tolerance: float, work: Path
) -> None:
    path = save_model(model, work / "model.onnx")
    selection = seedlm.Selection(min_size=1, embeddings=model.embeddings)
    options = CompileOptions(code=code, target=_VULKAN, selection=selection)
    report = seedlm.compile(path, work / "model.vmfb", options)
    assert {tensor.name for tensor in report.compressed} == set(model.columns)
    reference = work / "decoded.onnx"
    onnx.save(decoded_model(model.proto, model.columns, code), reference)
    actual = seedlm.load(work / "model.vmfb", device="vulkan")(*model.inputs)
    assert_equal(actual, run_stock(reference, model.inputs, work), tolerance)


@pytest.mark.parametrize("code", PRESETS)
def test_equals_decoded_weights(code: str, tmp_path: Path) -> None:
    assert_equals_decoded_weights(gated_model(2, 5), code, 1e-4, tmp_path)


@pytest.mark.parametrize("code", ["seed-4bit", "paper-3bit"])
def test_float16_equals_decoded_weights(code: str, tmp_path: Path) -> None:
    model = matmul_model(dtype=np.float16, batch=("batch",), sizes=(7,))
    assert_equals_decoded_weights(model, code, 2e-3, tmp_path)


@pytest.mark.parametrize(
    "model", [conv_model((3, 3)), embedding_model(embeddings=True)], ids=["conv", "gather"]
)
def test_weights_that_are_not_multiplied_in_a_kernel(model: SmallModel, tmp_path: Path) -> None:
    assert_equals_decoded_weights(model, "seed-4bit", 1e-4, tmp_path)


def test_module_for_another_device(folder: Path) -> None:
    path = folder / "cpu.vmfb"
    with pytest.raises(SeedlmError) as error:
        seedlm.load(path, device="vulkan")
    expected = "cannot be loaded: it was compiled for 'local', not for 'vulkan'"
    assert str(error.value) == f"{path}: {expected}"
    path = folder / "inline.vmfb"
    with pytest.raises(SeedlmError) as error:
        seedlm.load(path)
    expected = "cannot be loaded: it was compiled for 'vulkan', not for 'local-task'"
    assert str(error.value) == f"{path}: {expected}"


def test_wrong_inputs(folder: Path) -> None:
    module = seedlm.load(folder / "inline.vmfb", device="vulkan")
    wrong = {
        "input list and function mismatch": (),
        "tensor shape dimension 1 mismatch; expected 64": (gaussian(3, 65),),
        "tensor element type mismatch; expected f32": (gaussian(3, 64).astype(np.float16),),
        r"Vulkan dispatch binding \d resolved to an empty buffer": (gaussian(0, 64),),
    }
    for says, inputs in wrong.items():
        with pytest.raises(SeedlmError, match=f"^call failed: {says}") as error:
            module(*inputs)
        assert len(str(error.value).splitlines()) == 1


def test_missing_driver(folder: Path) -> None:
    """In a process of its own, for a driver that was loaded stays."""
    program = (
        "import sys, seedlm\n"
        "try:\n"
        "  seedlm.load(sys.argv[1], device='vulkan')\n"
        "except seedlm.SeedlmError as error:\n"
        "  print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder / "inline.vmfb")],
        env={**os.environ, "VK_ICD_FILENAMES": "/none", "VK_DRIVER_FILES": "/none"},
        capture_output=True,
        text=True,
        check=True,
    )
    says = "device 'vulkan' cannot be opened: no Vulkan driver found a device: "
    assert done.stdout.startswith(says)
    assert len(done.stdout.splitlines()) == 1


def test_missing_loader(monkeypatch: pytest.MonkeyPatch) -> None:
    def get_device(_: str) -> None:
        raise RuntimeError(
            "Error creating driver: c/runtime/src/libvulkan.c:98: UNAVAILABLE; Vulkan loader "
            "library not found; ensure it is installed: dlopen failed; while loading\nmore"
        )

    monkeypatch.setattr("iree.runtime.get_device", get_device)
    says = (
        "^device 'vulkan' cannot be opened: Vulkan loader library not found; ensure it is installed"
    )
    with pytest.raises(SeedlmError, match=says) as error:
        seedlm.load(__file__, device="vulkan")
    assert "while" not in str(error.value)
