# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""seedlm-bench: how fast the encoder, products with codes, and compiled models are.

Each command measures everything in one run, beside what else there is: brute force and the NumPy
reference, stock IREE, and the other engines that are installed (extra `bench`). An engine that is
not there is left out, with one line on standard error.
"""

import argparse
import math
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, get_args

from matplotlib.figure import Figure

from seedlm.codec import PRESETS, Mode
from seedlm.compiler.outputs import check_distinct, check_output
from seedlm.compiler.pipeline import CompileOptions
from seedlm.errors import SeedlmError
from seedlm.frontend import import_model
from seedlm.tools import _console
from seedlm.tools._bench_report import (
    check_plot,
    encoder_plot,
    times_plot,
    write_figure,
    write_json,
)
from seedlm.tools._exit import exit_code_of
from seedlm.tools._size import parse_size

_SHAPE = re.compile(r"([1-9]\d*)x([1-9]\d*)")
_DISTINCT = "1GiB"
_BLOCKS = 1 << 19


def main(argv: list[str] | None = None) -> int:
    """Runs the tool and returns its exit code."""
    return exit_code_of("seedlm-bench", lambda: _run(_parse(argv)))


def _parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="seedlm-bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_encode(_command(commands, "encode", "speed and error of the encoder", _encode))
    _add_matvec(_command(commands, "matvec", "products with one weight matrix", _matvec))
    _add_model(_command(commands, "model", "calls of a whole model", _model))
    return parser.parse_args(argv)


def _command(commands: Any, name: str, what: str, run: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=what, description=what)
    parser.set_defaults(run=run)
    parser.add_argument(
        "--code",
        dest="codes",
        action="append",
        choices=PRESETS,
        help="code to measure; may be repeated (all)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="plot them: .png or .svg")
    return parser


def _add_encode(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--search",
        dest="modes",
        action="append",
        choices=get_args(Mode),
        help="search to measure; may be repeated (all)",
    )
    parser.add_argument(
        "--threads", default="1", metavar="N[,N..]", help="numbers of threads, each measured (1)"
    )
    parser.add_argument(
        "--blocks",
        type=int,
        default=_BLOCKS,
        metavar="N",
        help=f"blocks for the fast search; others get a fraction ({_BLOCKS})",
    )
    parser.add_argument(
        "--importance",
        dest="deviations",
        action="append",
        type=float,
        default=[],
        metavar="SIGMA",
        help="also with log-normal importances of columns of this deviation; may be repeated",
    )


def _add_matvec(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--shape", required=True, metavar="NxK", help="outputs and inputs of the matrix"
    )
    parser.add_argument("--batch", type=int, default=1, metavar="B", help="vectors at a time (1)")
    parser.add_argument(
        "--device", choices=("cpu", "vulkan"), default="cpu", help="what computes (cpu)"
    )
    parser.add_argument("--threads", type=int, default=1, metavar="T", help="CPU threads (1)")
    memory = parser.add_mutually_exclusive_group()
    memory.add_argument("--in-cache", action="store_true", help="one matrix again and again")
    memory.add_argument(
        "--streamed",
        nargs="?",
        const=_DISTINCT,
        default=_DISTINCT,
        metavar="SIZE",
        help=f"matrices of so many bytes, for each engine, one after the other ({_DISTINCT})",
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="GLOB",
        help="measure only what has such a name, such as 'iree/*'; may be repeated (all)",
    )
    parser.add_argument("--rounds", type=int, default=10, metavar="N", help="turns of each (10)")


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", type=Path, help=".onnx, .mlir, .mlirbc or .pt2 file")
    for name, what in (("batch", "first size"), ("length", "any other size")):
        parser.add_argument(
            f"--{name}", type=int, default=1, metavar="N", help=f"{what} that is dynamic (1)"
        )
    parser.add_argument("--threads", type=int, default=1, metavar="T", help="threads (1)")
    parser.add_argument("--rounds", type=int, default=20, metavar="N", help="turns of each (20)")
    parser.add_argument(
        "--work-dir", type=Path, metavar="DIR", help="folder to keep codes in, for other runs"
    )


def _run(arguments: argparse.Namespace) -> None:
    arguments.codes = arguments.codes or list(PRESETS)
    outputs = [each for each in (arguments.json, arguments.plot) if each is not None]
    check_distinct(outputs)
    for output in outputs:
        check_output(output, [])
    if arguments.plot is not None:
        check_plot(arguments.plot)
    arguments.run(arguments)


def _encode(arguments: argparse.Namespace) -> None:
    from seedlm.bench.encode import MODES, measure_encoder

    threads = _thread_counts(arguments.threads)
    _check_counts(("--blocks", arguments.blocks))
    for deviation in arguments.deviations:
        if not 0 <= deviation < math.inf:
            raise SeedlmError(f"--importance {deviation}: not a finite number of 0 or more")
    with _console.progress_bar("encoding") as progress:
        speeds, tables = measure_encoder(
            arguments.codes,
            arguments.modes or MODES,
            threads,
            arguments.blocks,
            arguments.deviations,
            progress,
        )
    _report(arguments, [speeds, tables], encoder_plot)


def _matvec(arguments: argparse.Namespace) -> None:
    from seedlm.bench.matvec import STREAM, all_engines, time_products
    from seedlm.bench.workload import Workload

    counts = [(f"--{name}", getattr(arguments, name)) for name in ("batch", "threads", "rounds")]
    _check_counts(*counts)
    rows, columns = _shape(arguments.shape)
    distinct = 0 if arguments.in_cache else parse_size("--streamed", arguments.streamed)
    device = arguments.device
    if device != "cpu" and arguments.threads != 1:
        raise SeedlmError(f"--threads {arguments.threads}: only the CPU has threads")
    workload = Workload(rows, columns, arguments.batch, arguments.threads, distinct, device=device)
    engines = [
        each for each in all_engines(arguments.codes, device) if _is_wanted(each.name, arguments)
    ]
    with_stream = _is_wanted(STREAM, arguments)
    if not engines and not with_stream:
        raise SeedlmError(f"--only {' '.join(arguments.only)}: nothing has such a name")
    with _console.progress_bar("products") as progress:
        times = time_products(
            workload,
            engines,
            arguments.rounds,
            _leave_out,
            with_stream=with_stream,
            progress=progress,
        )
    _report(arguments, [times], times_plot)


def _model(arguments: argparse.Namespace) -> None:
    from seedlm.bench.model import Case, time_model

    names = ("batch", "length", "threads", "rounds")
    _check_counts(*((f"--{name}", getattr(arguments, name)) for name in names))
    case = Case(
        arguments.codes, arguments.threads, arguments.batch, arguments.length, arguments.rounds
    )
    options = CompileOptions(work_dir=arguments.work_dir)
    with tempfile.TemporaryDirectory(prefix="seedlm-") as work:
        imported = import_model(arguments.model, Path(work), {})
        with _console.progress_bar("model") as progress:
            times = time_model(imported, case, options, Path(work), _leave_out, progress)
    _report(arguments, [times], times_plot)


def _report(
    arguments: argparse.Namespace, tables: Sequence[Sequence[Any]], plot: Callable[..., Figure]
) -> None:
    """Prints tables of results and writes the files that are asked for."""
    for table in tables:
        _console.print_results(table)
    if arguments.json is not None:
        write_json(arguments.json, [row for table in tables for row in table])
    if arguments.plot is not None:
        write_figure(arguments.plot, plot(tables[0]))


def _leave_out(name: str, reason: str) -> None:
    print(f"seedlm-bench: {name} is left out: {reason}", file=sys.stderr)


def _is_wanted(name: str, arguments: argparse.Namespace) -> bool:
    patterns = arguments.only
    return not patterns or any(fnmatchcase(name, each) for each in patterns)


def _shape(text: str) -> tuple[int, int]:
    match = _SHAPE.fullmatch(text)
    if match is None:
        raise SeedlmError(f"--shape {text}: not a shape such as 4096x4096")
    return int(match[1]), int(match[2])


def _thread_counts(text: str) -> list[int]:
    if re.fullmatch(r"[1-9]\d*(,[1-9]\d*)*", text) is None:
        raise SeedlmError(f"--threads {text}: not numbers of threads such as 1,2")
    return [int(each) for each in text.split(",")]


def _check_counts(*counts: tuple[str, int]) -> None:
    for flag, count in counts:
        if count < 1:
            raise SeedlmError(f"{flag} {count}: less than 1")
