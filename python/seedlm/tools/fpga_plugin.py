# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""seedlm-fpga-plugin: builds IREE's executable plugins of the FPGA-style device.

For a module it prints the flags of iree-run-module that name its devices and plugins; for a code,
the path of its plugin.
"""

import argparse
from pathlib import Path

from seedlm import fpga
from seedlm.codec.code import PRESETS, preset
from seedlm.errors import SeedlmError
from seedlm.fpga.iree_devices import DRIVER, TRACE_VARIABLE
from seedlm.inspection import read_report
from seedlm.loader import plugins_of
from seedlm.tools._exit import exit_code_of

_TOOL = "seedlm-fpga-plugin"


def main(argv: list[str] | None = None) -> int:
    """Runs the tool and returns its exit code."""
    return exit_code_of(_TOOL, lambda: _run(_parse(argv)))


def _parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog=_TOOL, description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("module", type=Path, nargs="?", help=".vmfb compiled with --target fpga")
    what.add_argument("--code", choices=PRESETS, help="a code, for a module of other origin")
    parser.add_argument(
        "--tracing",
        action="store_true",
        help=f"for waveforms, written to the file that {TRACE_VARIABLE} names; slower",
    )
    return parser.parse_args(argv)


def _run(arguments: argparse.Namespace) -> None:
    if arguments.code is not None:
        print(fpga.plugin(preset(arguments.code), tracing=arguments.tracing))
        return
    report = read_report(arguments.module)
    try:
        plugins = plugins_of(report, tracing=arguments.tracing)
    except SeedlmError as error:
        raise SeedlmError(f"{arguments.module}: {error}") from None
    flags = [f"--device={DRIVER}"] * 2
    print(*flags, *(f"--executable_plugin={plugin}" for plugin in plugins))
