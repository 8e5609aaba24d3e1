# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The two devices of IREE's runtime that modules for the FPGA-style device run on."""

import os
from functools import cache
from pathlib import Path

import iree.runtime as rt
from iree.runtime._binding import create_hal_driver

DRIVER = "local-task"
TRACE_VARIABLE = "SEEDLM_FPGA_TRACE"
"""Names the file of waveforms, in the environment of the process that runs the module."""


def wants_waveforms() -> bool:
    """Returns whether plugins of this process have to be built for waveforms."""
    return TRACE_VARIABLE in os.environ


@cache
def open_devices(plugins: tuple[Path, ...]) -> tuple[rt.HalDevice, rt.HalDevice]:
    """Returns @cpu and @fpga, in the order in which modules count them.

    They are kept as long as the process runs: IREE 3.13 now and then (once in some ten thousand
    times on a busy machine) waits for ever in the end of a device's workers.

    Args:
        plugins: The plugins of the codes of a module.
    """
    for library in plugins:
        _announce(library)
    # A driver that exists already does not see plugins that are named later.
    driver = create_hal_driver(DRIVER)
    return driver.create_default_device(), driver.create_default_device()


@cache
def _announce(library: Path) -> None:
    """Makes IREE's runtime load a plugin with each driver that is created from now on."""
    rt.flags.parse_flags(f"--executable_plugin={library}")
