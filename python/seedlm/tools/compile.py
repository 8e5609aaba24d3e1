# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""seedlm-compile: compresses a model's weights and compiles it for IREE.

Random inputs of --verify: floats are standard normal; integers are uniform in 0..99, but ones if an
input is named like "mask" and zeros if like "type"; a dynamic first size is 1, any other 32.
"""

import argparse
import logging
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import get_args

from seedlm.codec import PRESETS, Mode
from seedlm.compiler.imported import Imported
from seedlm.compiler.outputs import check_distinct, check_output
from seedlm.compiler.pipeline import PHASES, CompileOptions, compile_module, plan_module
from seedlm.compiler.report import Report
from seedlm.compiler.targets import TARGETS, Target
from seedlm.devices import open_device
from seedlm.errors import SeedlmError
from seedlm.frontend import import_model
from seedlm.passes.code_plan import BUDGET_CODES, DENSE, Budget, check_code, split_pair
from seedlm.passes.cpu_form.kernels import ACTIVATIONS
from seedlm.passes.fpga_form.offload import DEFAULT_MIN_WEIGHTS
from seedlm.passes.weight_plan import DEFAULT_MIN_SIZE, Selection
from seedlm.tools import _calibration, _console
from seedlm.tools._exit import exit_code_of
from seedlm.tools._report_file import check_report, write_report
from seedlm.tools._size import parse_size
from seedlm.verification import compare, load_sample, random_samples

_BITS = {4: "seed-4bit", 3: "seed-3bit"}


def main(argv: list[str] | None = None) -> int:
    """Runs the tool and returns its exit code."""
    return exit_code_of("seedlm-compile", lambda: _run(_parse(argv)))


def _parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="seedlm-compile",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Flags after -- go to iree-compile.",
    )
    parser.add_argument("model", type=Path, help=".onnx, .mlir, .mlirbc or .pt2 file")
    parser.add_argument("-o", dest="output", type=Path, help="file to write, usually .vmfb")
    _add_selection(parser)
    _calibration.add_options(parser)
    _add_target(parser)
    _add_reporting(parser)
    own, flags = _split_flags(argv)
    arguments = parser.parse_args(own)
    if arguments.output is None and not arguments.dry_run:
        parser.error("-o is required")
    arguments.iree_flags = flags
    return arguments


def _split_flags(argv: list[str] | None) -> tuple[list[str], list[str]]:
    """Splits the arguments at the first `--`."""
    arguments = sys.argv[1:] if argv is None else argv
    split = arguments.index("--") if "--" in arguments else len(arguments)
    return arguments[:split], arguments[split + 1 :]


def _add_selection(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what is compressed")
    codes = group.add_mutually_exclusive_group()
    codes.add_argument("--bits", type=int, choices=_BITS, default=4, help="bits a weight (4)")
    codes.add_argument("--code", choices=PRESETS, help="code, instead of the default one of --bits")
    codes.add_argument(
        "--budget",
        type=float,
        metavar="BITS",
        help="bits a weight on average; the code of each tensor is chosen by its error",
    )
    group.add_argument(
        "--budget-codes",
        metavar="NAME,NAME",
        help=f"codes to choose from, presets or {DENSE} ({','.join(BUDGET_CODES)})",
    )
    group.add_argument(
        "--code-for",
        action="append",
        default=[],
        metavar="GLOB=NAME",
        help=f"code of tensors whose name matches, a preset or {DENSE}; may be repeated, the first "
        "that matches counts",
    )
    group.add_argument(
        "--search",
        choices=get_args(Mode),
        default="fast",
        help="how seeds are found: fast, or the best of all by proof or by trying each (fast)",
    )
    for name, what in (("include", "compress only"), ("exclude", "leave dense")):
        group.add_argument(
            f"--{name}",
            action="append",
            default=[],
            metavar="GLOB",
            help=f"{what} tensors whose name matches; may be repeated",
        )
    group.add_argument(
        "--min-size",
        type=int,
        default=DEFAULT_MIN_SIZE,
        metavar="N",
        help=f"leave tensors of fewer than N elements dense ({DEFAULT_MIN_SIZE})",
    )
    group.add_argument(
        "--compress-embeddings",
        action="store_true",
        help="compress tables that rows are gathered from, too",
    )


def _add_target(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("how it is compiled")
    group.add_argument("--target", choices=TARGETS, default="cpu", help="device (cpu)")
    group.add_argument(
        "--target-cpu",
        default="host",
        metavar="CPU",
        help="processor as LLVM names it; the module runs on no lesser one (host)",
    )
    group.add_argument(
        "--target-gpu",
        "--vulkan-target",
        metavar="GPU",
        help="GPU as IREE names it, such as rdna3 (Vulkan), sm_90 (CUDA) or gfx942 (ROCm); what is "
        "compiled for one may compute wrongly on another (Vulkan: portable, CUDA: sm_60)",
    )
    group.add_argument(
        "--fpga-min-weights",
        type=int,
        default=DEFAULT_MIN_WEIGHTS,
        metavar="N",
        help="with --target fpga, leave products with fewer than N weights to the CPU "
        f"({DEFAULT_MIN_WEIGHTS})",
    )
    group.add_argument(
        "--activations",
        choices=ACTIVATIONS,
        default=CompileOptions.activations,
        help="what weights are multiplied with: activations as they are; few rows of them rounded "
        "to 8 bits for codes that have kernels for that; or that where it is faster "
        f"({CompileOptions.activations})",
    )
    group.add_argument(
        "--params", type=Path, metavar="FILE.irpa", help="write codes and weights to an archive"
    )
    group.add_argument(
        "--parameters",
        action="append",
        default=[],
        metavar="SCOPE=FILE",
        help="archive that an MLIR model's parameters are read from; may be repeated",
    )
    group.add_argument(
        "--work-dir",
        type=Path,
        metavar="DIR",
        help="folder to keep codes in, so that an interrupted run can go on later",
    )
    group.add_argument("--compile-to", choices=PHASES, help="stop after a phase and write MLIR")
    group.add_argument("-j", dest="threads", type=int, metavar="N", help="threads (all cores)")
    group.add_argument(
        "--memory-limit",
        metavar="SIZE",
        help="memory for encoding, such as 2GiB; large tensors are split by rows (no limit)",
    )


def _add_reporting(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what is reported")
    group.add_argument(
        "--dry-run", action="store_true", help="only list what happens to each tensor, and why"
    )
    group.add_argument(
        "--report", type=Path, metavar="FILE", help="write a report: .json or .html with plots"
    )
    group.add_argument(
        "--verify",
        type=int,
        default=0,
        metavar="N",
        help="compare with the original model on N random inputs",
    )
    group.add_argument(
        "--input",
        action="append",
        default=[],
        type=Path,
        metavar="FILE.npy",
        help="input for --verify instead of random ones, one for each of the model's inputs",
    )
    group.add_argument("-v", dest="verbose", action="store_true", help="say what is run")


def _run(arguments: argparse.Namespace) -> None:
    level = logging.INFO if arguments.verbose else logging.WARNING
    logging.basicConfig(level=level, format="seedlm-compile: %(message)s")
    options = _options(arguments)
    _calibration.check_options(arguments)
    outputs = [arguments.output, arguments.params, arguments.report, arguments.save_calibration]
    check_distinct([each for each in outputs if each is not None])
    given = [load_sample(arguments.input)] if arguments.input else []
    with tempfile.TemporaryDirectory(prefix="seedlm-") as work:
        imported = import_model(arguments.model, Path(work), _parameters(arguments.parameters))
        if not arguments.dry_run:
            _check_outputs(arguments, imported)
        statistics = _calibration.read_statistics(arguments, imported, options)
        options = replace(options, calibration=statistics)
        if arguments.dry_run:
            _console.print_plan(plan_module(imported, options))
            return
        report = _compile(imported, arguments.output, options)
        _console.print_summary(arguments.output, options, report)
        if arguments.report is not None:
            write_report(arguments.report, arguments.model, report)
        if arguments.verify or arguments.input:
            samples = given or random_samples(report.inputs, imported.input_names, arguments.verify)
            _console.print_comparison(compare(imported, options, arguments.output, samples))


def _check_outputs(arguments: argparse.Namespace, imported: Imported) -> None:
    files = imported.files
    for output in (arguments.output, arguments.params):
        if output is not None:
            check_output(output, files)
    if arguments.report is not None:
        check_report(arguments.report, files)


def _options(arguments: argparse.Namespace) -> CompileOptions:
    if arguments.threads is not None and arguments.threads < 1:
        raise SeedlmError(f"-j {arguments.threads}: at least one thread is needed")
    if arguments.verify < 0:
        raise SeedlmError(f"--verify {arguments.verify}: not a number of inputs")
    if (arguments.verify or arguments.input) and arguments.compile_to is not None:
        raise SeedlmError("--verify needs a .vmfb, not --compile-to")
    target = Target(
        arguments.target,
        arguments.target_cpu,
        arguments.target_gpu,
        fpga_min_weights=arguments.fpga_min_weights,
    )
    if (arguments.verify or arguments.input) and not target.has_cpu:
        open_device(target.name)
    limit = arguments.memory_limit
    return CompileOptions(
        code_for=tuple(_code_for(pair) for pair in arguments.code_for),
        budget=_budget(arguments),
        code=arguments.code or _BITS[arguments.bits],
        selection=Selection(
            include=tuple(arguments.include),
            exclude=tuple(arguments.exclude),
            min_size=arguments.min_size,
            embeddings=arguments.compress_embeddings,
        ),
        target=target,
        activations=arguments.activations,
        params=arguments.params,
        compile_to=arguments.compile_to,
        mode=arguments.search,
        threads=arguments.threads,
        memory_limit=None if limit is None else parse_size("--memory-limit", limit),
        work_dir=arguments.work_dir,
        iree_flags=tuple(arguments.iree_flags),
    )


def _code_for(pair: str) -> tuple[str, str]:
    pattern, name = split_pair("--code-for", pair)
    try:
        check_code(name)
    except SeedlmError as error:
        raise SeedlmError(f"--code-for {pair}: {error}") from None
    return pattern, name


def _budget(arguments: argparse.Namespace) -> Budget | None:
    names = arguments.budget_codes
    if arguments.budget is None and names is not None:
        raise SeedlmError("--budget-codes needs --budget")
    if arguments.budget is None:
        return None
    codes = BUDGET_CODES if names is None else tuple(filter(None, names.split(",")))
    return Budget(arguments.budget, codes)


def _parameters(pairs: list[str]) -> dict[str, Path]:
    for pair in pairs:
        if "=" not in pair:
            raise SeedlmError(f"--parameters {pair}: not SCOPE=FILE")
    return {scope: Path(file) for scope, file in (pair.split("=", 1) for pair in pairs)}


def _compile(imported: Imported, output: Path, options: CompileOptions) -> Report:
    with _console.progress_bar("encoding") as progress:
        return compile_module(imported, output, options, progress)
