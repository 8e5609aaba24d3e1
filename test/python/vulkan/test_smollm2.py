# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""SmolLM2-135M, all of its weights in codes, on a Vulkan device."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from catalog import model_path
from judge import assert_equal

import seedlm
from seedlm.compiler.pipeline import CompileOptions
from seedlm.loader import LoadedModule

pytestmark = pytest.mark.slow
WEIGHTS = 211  # 7 in each of 30 layers, and the head


def compiled(options: CompileOptions, files: Path) -> LoadedModule:
    module, params = files.with_suffix(".vmfb"), files.with_suffix(".irpa")
    report = seedlm.compile(model_path("smollm2.onnx"), module, replace(options, params=params))
    assert len(report.compressed) == WEIGHTS
    assert module.stat().st_size < 1_000_000
    assert report.bytes_after <= params.stat().st_size < report.bytes_after * 1.01
    return seedlm.load(module, device=options.target.name, parameters=params)


def test_same_logits_as_on_the_cpu(tmp_path: Path) -> None:
    """With the code that is encoded in the least time, and codes that both targets share."""
    options = CompileOptions(code="paper-4bit", work_dir=tmp_path / "codes")
    cpu = compiled(options, tmp_path / "cpu")
    vulkan = compiled(replace(options, target=seedlm.Target("vulkan")), tmp_path / "vulkan")
    ids = np.load(model_path("lee-tokens.npy"))[None].astype(np.int64)
    for tokens in (1, 12):
        (expected,) = cpu(ids[:, :tokens])
        assert expected.shape == (1, tokens, 49152)
        assert_equal(vulkan(ids[:, :tokens]), [expected], 1e-3)
