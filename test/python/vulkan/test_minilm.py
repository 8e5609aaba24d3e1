# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""MiniLM-L3 on a Vulkan device, and compiled for other GPUs."""

from pathlib import Path

import numpy as np
import pytest
from catalog import model_path
from judge import assert_equal

import seedlm
from seedlm.compiler.pipeline import CompileOptions
from seedlm.tools import compile as compile_tool

pytestmark = pytest.mark.slow
MODEL = "minilm-l3.onnx"
CODE = "seed-4bit"


@pytest.fixture(scope="module")
def codes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for codes that compilations share, as encoding takes most of their time."""
    return tmp_path_factory.mktemp("codes")


def test_same_outputs_as_on_the_cpu(
    codes: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, output = str(model_path(MODEL)), tmp_path / "vulkan.vmfb"
    flags = ["--target", "vulkan", "--code", CODE, "--work-dir", str(codes), "--verify", "1"]
    assert compile_tool.main([model, "-o", str(output), *flags]) == 0
    cosines = [line.split()[3] for line in capsys.readouterr().out.splitlines() if "cosine" in line]
    assert all(float(cosine.rstrip(",")) > 0.9 for cosine in cosines)
    assert len(cosines) == 4

    exact = CompileOptions(code=CODE, work_dir=codes, activations="f32")
    seedlm.compile(model, tmp_path / "cpu.vmfb", exact)
    ids = np.load(model_path("lee-wordpieces.npy"))[:1, :40].astype(np.int64)
    inputs = [ids, np.ones_like(ids)]
    expected = seedlm.load(tmp_path / "cpu.vmfb")(*inputs)
    assert_equal(seedlm.load(output, device="vulkan")(*inputs), expected, 1e-3)


@pytest.mark.parametrize(
    "target",
    [seedlm.Target("cuda"), seedlm.Target("rocm", gpu="gfx942"), seedlm.Target("metal")],
    ids=lambda target: target.name,
)
def test_compiles_for_other_gpus(target: seedlm.Target, codes: Path, tmp_path: Path) -> None:
    output = tmp_path / "model.vmfb"
    options = CompileOptions(code=CODE, work_dir=codes, target=target)
    report = seedlm.compile(model_path(MODEL), output, options)
    assert len(report.compressed) == 18
    assert output.stat().st_size > report.bytes_after
