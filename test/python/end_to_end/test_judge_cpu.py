# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiled models compute what they do with decoded weights on each kind of processor."""

import re
from pathlib import Path

import onnx
import pytest
from judge import assert_equal, decoded_model, run_stock
from small_models import gated_model, save_model

import seedlm
from seedlm.codec import PRESETS
from seedlm.compiler.pipeline import CompileOptions
from seedlm.compiler.targets import Target
from seedlm.passes.weight_plan import Selection

_SMALL = Selection(min_size=1)


def _has_avx2() -> bool:
    flags = re.findall(r"^flags.*", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return all({"avx2", "fma", "bmi2"} <= set(line.split()) for line in flags) and bool(flags)


CPUS = [
    "host",
    "generic",
    pytest.param("haswell", marks=pytest.mark.skipif(not _has_avx2(), reason="needs AVX2")),
]


@pytest.mark.parametrize("code", PRESETS)
@pytest.mark.parametrize("cpu", CPUS)
def test_equals_decoded_weights(cpu: str, code: str, tmp_path: Path) -> None:
    model = gated_model(2, 5)
    options = CompileOptions(code=code, target=Target("cpu", cpu), selection=_SMALL)
    path = save_model(model, tmp_path / "model.onnx")
    report = seedlm.compile(path, tmp_path / "model.vmfb", options)
    assert {tensor.name for tensor in report.compressed} == set(model.columns)
    reference = tmp_path / "decoded.onnx"
    onnx.save(decoded_model(model.proto, model.columns, code), reference)
    actual = seedlm.load(tmp_path / "model.vmfb")(*model.inputs)
    assert_equal(actual, run_stock(reference, model.inputs, tmp_path), 1e-5)


def test_batches(tmp_path: Path) -> None:
    """One module takes one row, as many as a workgroup computes, more of them, and none."""
    path = save_model(gated_model(1, 1), tmp_path / "model.onnx")
    seedlm.compile(path, tmp_path / "model.vmfb", CompileOptions(selection=_SMALL))
    compiled = seedlm.load(tmp_path / "model.vmfb")
    reference = tmp_path / "decoded.onnx"
    model = gated_model(3, 100)
    onnx.save(decoded_model(model.proto, model.columns, "paper-4bit"), reference)
    (expected,) = run_stock(reference, model.inputs, tmp_path)
    (x,) = model.inputs
    for batch, rows in ((1, 1), (1, 7), (2, 64), (3, 43), (3, 100)):
        actual = compiled(x[:batch, :rows].copy())
        assert_equal(actual, [expected[:batch, :rows]], 1e-5)
    (empty,) = compiled(x[:0])
    assert empty.shape == (0, 100, 48)
