# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The two devices of IREE's runtime that modules for the FPGA-style device run on."""

import os
from collections.abc import Iterable
from pathlib import Path

import iree.runtime as rt
from iree.runtime._binding import create_hal_driver

DRIVER = "local-task"
TRACE_VARIABLE = "SEEDLM_FPGA_TRACE"
"""Names the file of waveforms, in the environment of the process that runs the module."""

_known: list[Path] = []


def wants_waveforms() -> bool:
    """Returns whether plugins of this process have to be built for waveforms."""
    return TRACE_VARIABLE in os.environ


def make_devices(plugins: Iterable[Path]) -> list[rt.HalDevice]:
    """Returns @cpu and @fpga, in the order in which modules count them.

    Args:
        plugins: The plugins of the codes of a module.
    """
    for library in plugins:
        if library not in _known:
            rt.flags.parse_flags(f"--executable_plugin={library}")
            _known.append(library)
    # A driver that exists already does not see plugins that are named later.
    driver = create_hal_driver(DRIVER)
    return [driver.create_default_device() for _ in range(2)]
