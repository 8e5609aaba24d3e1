# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Simulated engines as shared libraries, which are IREE executable plugins as well."""

from pathlib import Path

from seedlm.fpga.model import SOURCES, Model, build
from seedlm.fpga.parameters import EngineParameters
from seedlm.fpga.verilog import TOP, modules


def symbol(parameters: EngineParameters) -> str:
    """Returns the name of the C function that multiplies with an engine, see docs/fpga.md."""
    return f"seedlm_fpga_multiply_{parameters.name}"


def build_library(parameters: EngineParameters, *, tracing: bool = False) -> Path:
    """Returns the library of an engine, built if it is not in the cache yet.

    Args:
        parameters: The engine.
        tracing: Whether it can write waveforms, which makes it slower.

    Raises:
        SeedlmError: A tool is missing or fails, or the cache cannot be written.
    """
    headers = {"seedlm_parameters.h": _parameters_header(parameters)}
    cpp = [*sorted((SOURCES / "sim").glob("*.cpp")), *sorted((SOURCES / "plugin").glob("*.cpp"))]
    return build(
        Model(
            name=f"seedlm-fpga-{parameters.name}",
            top=TOP,
            generated=modules(parameters) | headers,
            cpp=cpp,
            tracing=tracing,
        )
    )


def _parameters_header(parameters: EngineParameters) -> str:
    sizes = {
        "kBlock": parameters.block,
        "kLanes": parameters.lanes,
        "kPlace": parameters.place,
        "kBanks": parameters.banks,
        "kMaxSegment": parameters.max_segment,
        "kStepBits": parameters.step_bits,
    }
    lines = [f"inline constexpr size_t {name} = {size};" for name, size in sizes.items()]
    return "\n".join(
        (
            "#pragma once",
            "#include <cstddef>",
            "namespace seedlm::fpga {",
            f'inline constexpr char kSymbol[] = "{symbol(parameters)}";',
            *lines,
            "} // namespace seedlm::fpga\n",
        )
    )
