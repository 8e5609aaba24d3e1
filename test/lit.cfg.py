# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The tests that lit runs: `lit -v test`. Tools are those of the Python that runs lit."""

import os
import sys
from pathlib import Path

import lit.formats

from seedlm.compiler.dialect import IRDL_FILE

config = globals()["config"]  # lit puts it there

_TOOLS = Path(sys.executable).parent
_TESTS = Path(__file__).resolve().parent

config.name = "seedlm"
config.test_format = lit.formats.ShTest()
config.suffixes = [".mlir"]
config.excludes = ["Inputs"]
config.test_source_root = str(_TESTS)
config.test_exec_root = str(_TESTS.parent / "build" / "lit")
config.environment["PATH"] = os.pathsep.join([str(_TOOLS), config.environment["PATH"]])
config.substitutions += [
    (r"\bFileCheck\b", "filecheck"),
    ("%irdl", str(IRDL_FILE)),
    ("%python", sys.executable),
]
