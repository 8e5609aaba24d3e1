# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Modules of a small model for a device, and what holds for those of all devices."""

from pathlib import Path

import numpy as np
from small_models import gaussian, save_model, two_layer_model

import seedlm
from seedlm.compiler.pipeline import CompileOptions
from seedlm.loader import LoadedModule


def save_modules(folder: Path, target: seedlm.Target) -> Path:
    """Makes inline.vmfb, and beside.vmfb with beside.irpa, of a model x [batch, 64] -> [batch, 64].

    The model itself is model.onnx.
    """
    model = save_model(two_layer_model(), folder / "model.onnx")
    seedlm.compile(model, folder / "inline.vmfb", CompileOptions(target=target))
    beside = CompileOptions(target=target, params=folder / "beside.irpa")
    seedlm.compile(model, folder / "beside.vmfb", beside)
    return folder


def assert_outputs_are_the_callers(module: LoadedModule) -> None:
    """Checks that outputs of such a module change neither with the next call nor the inputs."""
    x = gaussian(2, 64)
    (first,) = module(x)
    kept = first.copy()
    module(x + 1)
    np.testing.assert_array_equal(first, kept)
    first[:] = 0
    np.testing.assert_array_equal(module(x)[0], kept)
