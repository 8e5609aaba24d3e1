# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""seedlm.load: modules on NumPy arrays, and what it says of wrong files and inputs."""

from pathlib import Path
from typing import Any

import iree.compiler.tools as iree_tools
import numpy as np
import numpy.typing as npt
import pytest
from judge import STOCK_FLAGS
from modules import assert_outputs_are_the_callers, save_modules
from small_models import gaussian, save_model, tied_model

import seedlm
from seedlm.compiler.pipeline import CompileOptions
from seedlm.errors import SeedlmError


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds inline.vmfb, and beside.vmfb with beside.irpa, of one model; and another.irpa."""
    path = save_modules(tmp_path_factory.mktemp("modules"), seedlm.Target())
    model = save_model(tied_model(embeddings=True), path / "another.onnx")
    seedlm.compile(model, path / "another.vmfb", CompileOptions(params=path / "another.irpa"))
    return path


@pytest.mark.parametrize("as_text", [False, True])
def test_module_without_parameters(as_text: bool, folder: Path) -> None:
    path = folder / "inline.vmfb"
    module = seedlm.load(str(path) if as_text else path)
    for batch in (1, 3):
        (output,) = module(gaussian(batch, 64))
        assert (output.shape, output.dtype) == ((batch, 64), np.float32)


def test_outputs_are_the_callers(folder: Path) -> None:
    assert_outputs_are_the_callers(seedlm.load(folder / "inline.vmfb"))


def test_inputs_need_not_be_contiguous(folder: Path) -> None:
    module = seedlm.load(folder / "inline.vmfb")
    x = gaussian(64, 2)
    np.testing.assert_array_equal(module(x.T)[0], module(np.ascontiguousarray(x.T))[0])


def test_parameters(folder: Path) -> None:
    archive = folder / "beside.irpa"
    x = gaussian(3, 64)
    expected = seedlm.load(folder / "inline.vmfb")(x)[0]
    for given in (archive, str(archive), {"model": archive}, {"model": str(archive), "x": None}):
        module = seedlm.load(folder / "beside.vmfb", parameters=given)
        np.testing.assert_allclose(module(x)[0], expected, rtol=1e-5, atol=1e-5)


def test_parameters_that_are_not_needed(folder: Path) -> None:
    seedlm.load(folder / "inline.vmfb", parameters=folder / "beside.irpa")(gaussian(1, 64))


@pytest.mark.parametrize("parameters", [None, {}, "another.irpa", {"else": "beside.irpa"}])
def test_parameters_that_do_not_belong_to_the_module(parameters: Any, folder: Path) -> None:
    if isinstance(parameters, str):
        parameters = folder / parameters
    if isinstance(parameters, dict):
        parameters = {scope: folder / name for scope, name in parameters.items()}
    path = folder / "beside.vmfb"
    assert_refused(f"{path}: cannot be loaded: ", path, parameters=parameters)


@pytest.mark.parametrize("content", [b"", b"no archive" * 1000])
def test_parameters_that_are_no_archive(content: bytes, folder: Path, tmp_path: Path) -> None:
    archive = tmp_path / "damaged.irpa"
    archive.write_bytes(content)
    assert_refused("", folder / "beside.vmfb", parameters=archive)


def test_missing_files(folder: Path, tmp_path: Path) -> None:
    missing = tmp_path / "none"
    assert_refused(f"{missing}: no such file", missing)
    assert_refused(f"{missing}: no such file", folder / "beside.vmfb", parameters=missing)
    assert_refused(f"{tmp_path}: no such file", tmp_path)


def test_unknown_device(folder: Path) -> None:
    path = folder / "inline.vmfb"
    says = "unknown device 'gpu', not one of cpu, vulkan, cuda, rocm, metal"
    assert_refused(says, path, device="gpu")


def test_device_without_a_driver(folder: Path) -> None:
    says = "device 'metal' cannot be opened: no driver 'metal' registered"
    assert_refused(says, folder / "inline.vmfb", device="metal")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("kept", [0.0, 0.001, 0.3, 0.9])
def test_truncated_module(kept: float, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "m.vmfb"
    content = (folder / "inline.vmfb").read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    assert_refused(f"{path}: cannot be loaded: ", path)


def test_not_a_module(tmp_path: Path) -> None:
    path = tmp_path / "m.vmfb"
    for content in (b"hello", bytes(10_000)):
        path.write_bytes(content)
        assert_refused(f"{path}: cannot be loaded: ", path)


def assert_refused(says: str, path: Path, **options: Any) -> None:
    with pytest.raises(SeedlmError) as error:
        seedlm.load(path, **options)
    assert str(error.value).startswith(says)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize(
    "inputs",
    [
        (),
        (gaussian(3, 65),),
        (gaussian(64),),
        (gaussian(3, 64).astype(np.float16),),
        (gaussian(3, 64).astype(np.float64),),
        (gaussian(3, 64), gaussian(3, 64)),
        (np.array(["text"]),),
        (None,),
    ],
    ids=["none", "shape", "rank", "float16", "float64", "two", "text", "no array"],
)
def test_wrong_inputs(inputs: tuple[npt.NDArray[Any], ...], folder: Path) -> None:
    module = seedlm.load(folder / "inline.vmfb")
    with pytest.raises(SeedlmError, match=r"call failed: \S") as error:
        module(*inputs)
    assert len(str(error.value).splitlines()) == 1


def test_several_outputs(folder: Path) -> None:
    module = seedlm.load(folder / "another.vmfb", parameters=folder / "another.irpa")
    rows, logits = module(np.array([[1, 2]], np.int64))
    assert (rows.shape, logits.shape) == ((1, 2, 64), (1, 2, 200))


NUMBER_AND_TENSOR = """
func.func @f() -> (i32, tensor<2xf32>) {
  %number = arith.constant 3 : i32
  %tensor = arith.constant dense<1.0> : tensor<2xf32>
  return %number, %tensor : i32, tensor<2xf32>
}
"""
ONE_NUMBER = "func.func @f(%x: i32) -> i32 { return %x : i32 }"
NO_FUNCTION = "vm.module @empty {}"


def compile_text(text: str, path: Path, *flags: str) -> Path:
    extra = [*STOCK_FLAGS, *flags]
    iree_tools.compile_str(text, output_file=str(path), extra_args=extra)
    return path


def test_numbers_among_the_outputs(tmp_path: Path) -> None:
    number, tensor = seedlm.load(compile_text(NUMBER_AND_TENSOR, tmp_path / "m.vmfb"))()
    np.testing.assert_array_equal(number, 3)
    np.testing.assert_array_equal(tensor, [1, 1])
    (number,) = seedlm.load(compile_text(ONE_NUMBER, tmp_path / "n.vmfb"))(5)
    np.testing.assert_array_equal(number, 5)


def test_module_without_functions(tmp_path: Path) -> None:
    path = compile_text(NO_FUNCTION, tmp_path / "m.vmfb", "--compile-from=vm")
    assert_refused(f"{path}: cannot be loaded: the module exports no function", path)
