# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""seedlm-fpga-plugin: builds IREE's executable plugin of the FPGA-style device, prints its path."""

import argparse

from seedlm import fpga
from seedlm.codec.code import PRESETS, preset
from seedlm.tools._exit import exit_code_of

_TOOL = "seedlm-fpga-plugin"


def main(argv: list[str] | None = None) -> int:
    """Runs the tool and returns its exit code."""
    return exit_code_of(_TOOL, lambda: _run(_parse(argv)))


def _parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=_TOOL, description=__doc__)
    parser.add_argument(
        "--code", choices=PRESETS, default="seed-4bit", help="code of the model's weights"
    )
    parser.add_argument(
        "--tracing",
        action="store_true",
        help="for waveforms, written to the file that SEEDLM_FPGA_TRACE names; slower",
    )
    return parser.parse_args(argv)


def _run(arguments: argparse.Namespace) -> None:
    print(fpga.plugin(preset(arguments.code), tracing=arguments.tracing))
