# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Neural-network weights as LFSR seeds: codec, compiler and tools (SeedLM, arXiv 2410.10714)."""

from importlib.metadata import version

from seedlm.api import calibrate, compile, plan  # noqa: A004
from seedlm.codec import Statistics
from seedlm.compiler.pipeline import CompileOptions
from seedlm.compiler.targets import Target
from seedlm.errors import SeedlmError
from seedlm.loader import load
from seedlm.passes.code_plan import Budget
from seedlm.passes.weight_plan import Selection

__version__ = version("seedlm")

__all__ = [
    "Budget",
    "CompileOptions",
    "SeedlmError",
    "Selection",
    "Statistics",
    "Target",
    "calibrate",
    "compile",
    "load",
    "plan",
]
