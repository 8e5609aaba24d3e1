# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""seedlm-opt: runs passes over MLIR, like mlir-opt."""

import argparse

from seedlm.compiler.opt import OptOptions, optimize
from seedlm.errors import SeedlmError
from seedlm.passes.pipeline import FACTORIES
from seedlm.tools._exit import exit_code_of, read_text, write_text


def main(argv: list[str] | None = None) -> int:
    """Runs the tool and returns its exit code."""
    return exit_code_of("seedlm-opt", lambda: _run(_parse(argv)))


def _parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="seedlm-opt", description=__doc__)
    parser.add_argument("file", help="MLIR text, or - for standard input")
    parser.add_argument("-o", dest="output", default="-", help="output file (default: stdout)")
    parser.add_argument(
        "--pass-pipeline",
        default="",
        metavar="PIPELINE",
        help="passes in order, with options in braces; seedlm's are: " + ", ".join(FACTORIES),
    )
    parser.add_argument("--split-input-file", action="store_true", help="split at // -----")
    parser.add_argument(
        "--verify-diagnostics", action="store_true", help="check expected-error comments"
    )
    return parser.parse_args(argv)


def _run(arguments: argparse.Namespace) -> None:
    options = OptOptions(
        arguments.pass_pipeline, arguments.split_input_file, arguments.verify_diagnostics
    )
    result = optimize(read_text(arguments.file), options)
    if result.problems:
        raise SeedlmError("\n".join(f"{arguments.file}:{problem}" for problem in result.problems))
    write_text(arguments.output, result.output)
