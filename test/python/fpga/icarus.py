# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Icarus Verilog, which PyPI does not have."""

import os
import shutil

import pytest

needs_icarus = pytest.mark.skipif(
    shutil.which("iverilog") is None and os.environ.get("SEEDLM_REQUIRE_ICARUS") != "1",
    reason="needs Icarus Verilog",
)
