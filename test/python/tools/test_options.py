# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Options of seedlm-compile that are wrong: one line, before anything long is done."""

from pathlib import Path

import numpy as np
import pytest
from command_line import Workspace, assert_one_line, run_process
from small_models import gaussian, matmul_model, save_model

from seedlm.tools import compile as compile_tool
from seedlm.tools import inspect as inspect_tool
from seedlm.tools import opt as opt_tool
from seedlm.tools._size import parse_size

TOOLS = {"compile": compile_tool, "inspect": inspect_tool, "opt": opt_tool}


@pytest.fixture
def model(workspace: Workspace) -> Path:
    return save_model(matmul_model(), workspace.folder / "model.onnx")


def test_rocm_needs_a_gpu(workspace: Workspace, model: Path) -> None:
    workspace.refuses(model, "--target", "rocm", says=("target 'rocm' needs the GPU",))


def test_gpu_of_a_cpu(workspace: Workspace, model: Path) -> None:
    says = ("target 'cpu' takes no GPU, but got 'rdna3'",)
    workspace.refuses(model, "--vulkan-target", "rdna3", says=says)


def test_gpu_that_iree_does_not_know(workspace: Workspace, model: Path) -> None:
    says = (str(model), "Unknown Vulkan target 'abacus'")
    workspace.refuses(model, "--target", "vulkan", "--vulkan-target", "abacus", says=says)


def test_verify_needs_the_device(workspace: Workspace, model: Path) -> None:
    says = ("device 'metal' cannot be opened: ",)
    workspace.refuses(model, "--target", "metal", "--verify", "1", says=says)


def test_activations_without_kernels(workspace: Workspace, model: Path) -> None:
    says = ("activations of 8 bits need a code with basis values of 8 bits, not 16",)
    workspace.refuses(model, "--activations", "int8", "--code", "paper-4bit", says=says)


@pytest.mark.parametrize("threads", ["0", "-1"])
def test_number_of_threads(threads: str, workspace: Workspace, model: Path) -> None:
    workspace.refuses(model, "-j", threads, says=(f"-j {threads}: ",))


def test_number_of_samples(workspace: Workspace, model: Path) -> None:
    workspace.refuses(model, "--verify", "-1", says=("--verify -1: ",))


@pytest.mark.parametrize("size", ["", "0", "0GiB", "-1", "many", "2 XB", "1e9", "GiB"])
def test_memory_limit_that_is_no_size(size: str, workspace: Workspace, model: Path) -> None:
    workspace.refuses(model, f"--memory-limit={size}", says=(f"--memory-limit {size}: ",))


@pytest.mark.parametrize("size", ["1", "100KiB", "64MiB"])
def test_memory_limit_too_low(size: str, workspace: Workspace, model: Path) -> None:
    says = (f"{model}: w: memory limit of ", "MiB that encoding needs")
    workspace.refuses(model, "--memory-limit", size, says=says)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("4096", 4096),
        ("1kB", 1000),
        ("1K", 1024),
        ("1.5 KiB", 1536),
        ("2GiB", 2 << 30),
        ("2gb", 2_000_000_000),
        ("1T", 1 << 40),
        ("7B", 7),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size("--memory-limit", text) == size


def test_verify_needs_a_module(workspace: Workspace, model: Path) -> None:
    arguments = (model, "--compile-to", "linalg", "--verify", "1")
    workspace.refuses(*arguments, says=("--verify needs a .vmfb",))


@pytest.mark.parametrize("name", ["report.txt", "report", "report.html.gz"])
def test_report_of_unknown_format(name: str, workspace: Workspace, model: Path) -> None:
    report = workspace.folder / name
    says = (f"{report}: a report is .json or .html",)
    workspace.refuses(model, "--report", report, says=says)


def test_sample_that_cannot_be_read(workspace: Workspace, model: Path) -> None:
    sample = workspace.folder / "x.npy"
    workspace.refuses(model, "--input", sample, says=("--input: ", str(sample)))
    for content in (b"", b"no array", b"\x93NUMPY\x01\x00"):
        sample.write_bytes(content)
        workspace.refuses(model, "--input", sample, says=("--input: ", str(sample)))


def test_sample_with_objects(workspace: Workspace, model: Path) -> None:
    """Objects are pickled, and unpickling runs code."""
    sample = workspace.folder / "x.npy"
    np.save(sample, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    workspace.refuses(model, "--input", sample, says=("--input: ", str(sample)))


@pytest.mark.parametrize(
    "samples",
    [(gaussian(4, 65),), (gaussian(4, 64).astype(np.float64),), (gaussian(4, 64),) * 2],
    ids=["shape", "dtype", "count"],
)
def test_sample_that_does_not_fit(
    samples: tuple[np.ndarray, ...], workspace: Workspace, model: Path
) -> None:
    flags: list[str | Path] = []
    for i, sample in enumerate(samples):
        np.save(workspace.folder / f"{i}.npy", sample)
        flags += ["--input", workspace.folder / f"{i}.npy"]
    assert_one_line(workspace.compile(model, *flags), "seedlm-compile", "call failed: ")


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("model.onnx",),
        ("model.onnx", "-o"),
        ("model.onnx", "-o", "out.vmfb", "--bits", "5"),
        ("model.onnx", "-o", "out.vmfb", "--target", "abacus"),
        ("model.onnx", "-o", "out.vmfb", "--compile-to", "gold"),
        ("model.onnx", "-o", "out.vmfb", "--min-size", "many"),
        ("model.onnx", "-o", "out.vmfb", "--no-such-option"),
        ("model.onnx", "out.vmfb"),
    ],
    ids=" ".join,
)
def test_wrong_usage(arguments: tuple[str, ...], workspace: Workspace) -> None:
    """As other compilers do, argparse ends with 2 and shows the usage."""
    with pytest.raises(SystemExit) as exit_:
        workspace.run(compile_tool.main, *arguments)
    assert exit_.value.code == 2


@pytest.mark.parametrize("tool", TOOLS)
def test_help(tool: str) -> None:
    result = run_process(TOOLS[tool], "--help")
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith(f"usage: seedlm-{tool}")
