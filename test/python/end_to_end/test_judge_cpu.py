# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compiled models compute what they do with decoded weights on each kind of processor."""

import re
from pathlib import Path

import numpy as np
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


def _has(*features: str) -> bool:
    flags = re.search(r"^flags.*", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return flags is not None and set(features) <= set(flags[0].split())


HAS_AVX2 = _has("avx2", "fma", "bmi2")
HAS_AVX512 = _has("avx512f", "avx512vbmi", "avx512_vbmi2", "avx512_vnni", "gfni")


CPUS = [
    "host",
    "generic",
    pytest.param("haswell", marks=pytest.mark.skipif(not HAS_AVX2, reason="needs AVX2")),
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
    onnx.save(decoded_model(model.proto, model.columns, "seed-4bit"), reference)
    (expected,) = run_stock(reference, model.inputs, tmp_path)
    (x,) = model.inputs
    for batch, rows in ((1, 1), (1, 7), (2, 64), (3, 43), (3, 100)):
        actual = compiled(x[:batch, :rows].copy())
        assert_equal(actual, [expected[:batch, :rows]], 1e-5)
    (empty,) = compiled(x[:0])
    assert empty.shape == (0, 100, 48)


@pytest.mark.skipif(not HAS_AVX512, reason="needs AVX-512")
@pytest.mark.parametrize("code", ["seed-4bit", "seed-3bit"])
def test_activations_of_8_bits(code: str, tmp_path: Path) -> None:
    """They change the outputs by much less than the codes do, and only those of few rows."""
    model = gated_model(2, 5)
    path = save_model(model, tmp_path / "model.onnx")
    modules = []
    for activations in ("f32", "int8"):
        options = CompileOptions(code=code, activations=activations, selection=_SMALL)
        seedlm.compile(path, tmp_path / f"{activations}.vmfb", options)
        modules.append(seedlm.load(tmp_path / f"{activations}.vmfb"))
    (dense,) = run_stock(path, model.inputs, tmp_path)
    (x,) = model.inputs
    few = [module(x[:1])[0] for module in modules]
    by_codes = np.linalg.norm(few[0] - dense[:1])
    assert 0 < np.linalg.norm(few[1] - few[0]) < 0.1 * by_codes
    many = [module(x)[0] for module in modules]
    np.testing.assert_array_equal(many[0], many[1])
