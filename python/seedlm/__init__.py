# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Neural-network weights as LFSR seeds: codec, compiler and tools (SeedLM, arXiv 2410.10714)."""

from importlib.metadata import version

from seedlm.api import compile, plan  # noqa: A004
from seedlm.errors import SeedlmError
from seedlm.loader import load

__version__ = version("seedlm")

__all__ = ["SeedlmError", "compile", "load", "plan"]
