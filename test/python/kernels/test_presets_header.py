# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import subprocess
import sys

from kernel_builds import KERNELS


def test_header_is_what_the_presets_give() -> None:
    script = KERNELS / "generate_presets.py"
    written = subprocess.run([sys.executable, script], check=True, capture_output=True).stdout
    assert written == (KERNELS / "presets.h").read_bytes(), f"run {script.name} > presets.h"
