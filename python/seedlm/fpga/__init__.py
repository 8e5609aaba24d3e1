# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The FPGA-style device: a matrix-vector engine in Verilog, simulated cycle by cycle.

A plugin is the device of one code. IREE's runtime loads it and calls it for the dispatches of the
device; see docs/fpga.md.
"""

from pathlib import Path

from seedlm.codec.code import Code
from seedlm.fpga.build import build_library
from seedlm.fpga.build import symbol as _symbol
from seedlm.fpga.device import Counters, Device, MemoryTiming
from seedlm.fpga.layout import order_codes, pack_codes
from seedlm.fpga.parameters import EngineParameters, engine_parameters

__all__ = [
    "Counters",
    "EngineParameters",
    "MemoryTiming",
    "counters",
    "engine_parameters",
    "order_codes",
    "pack_codes",
    "plugin",
    "reset_counters",
    "set_memory",
    "symbol",
]

_devices: dict[Path, Device] = {}


def symbol(code: Code) -> str:
    """Returns the name of the function that multiplies with matrices of a code.

    Raises:
        SeedlmError: The device cannot decode the code.
    """
    return _symbol(engine_parameters(code))


def plugin(code: Code, *, tracing: bool = False) -> Path:
    """Returns IREE's executable plugin for a code, built if need be.

    It is also opened in this process, where IREE's runtime uses the same device if it loads it.

    Args:
        code: The code.
        tracing: Whether it writes waveforms to the file that `$SEEDLM_FPGA_TRACE` names.

    Raises:
        SeedlmError: The device cannot decode the code, or the plugin cannot be built.
    """
    parameters = engine_parameters(code)
    library = build_library(parameters, tracing=tracing)
    if library not in _devices:
        _devices[library] = Device(parameters, library)
    return library


def counters() -> Counters:
    """Returns the sums of the counters of all plugins that `plugin` returned."""
    return sum((device.counters() for device in _devices.values()), Counters())


def reset_counters() -> None:
    """Sets the counters of all plugins to 0."""
    for device in _devices.values():
        device.reset_counters()


def set_memory(timing: MemoryTiming) -> None:
    """Gives the devices of all plugins another memory."""
    for device in _devices.values():
        device.set_memory(timing)
