# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""seedlm-inspect: says what a compiled module or its archive holds."""

import argparse
from pathlib import Path

from seedlm.inspection import read_report, verify_file
from seedlm.tools import _console
from seedlm.tools._exit import exit_code_of


def main(argv: list[str] | None = None) -> int:
    """Runs the tool and returns its exit code."""
    return exit_code_of("seedlm-inspect", lambda: _run(_parse(argv)))


def _parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="seedlm-inspect", description=__doc__)
    parser.add_argument("file", type=Path, help=".vmfb or .irpa written by seedlm-compile")
    parser.add_argument("--json", action="store_true", help="print the manifest as it is stored")
    parser.add_argument("--verify", action="store_true", help="check all contents by checksums")
    return parser.parse_args(argv)


def _run(arguments: argparse.Namespace) -> None:
    if arguments.verify:
        verify_file(arguments.file)
    report = read_report(arguments.file)
    if arguments.json:
        print(report.to_json())
        return
    _console.print_tensors(report)
    _console.print_totals(report)
    if arguments.verify:
        print(f"{arguments.file}: contents match their checksums")
