# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""seedlm-eval: what storing a model's weights in few bits costs in quality.

MODEL is a Hugging Face folder (config.json, safetensors, tokeniser) of a causal language model or
of a model that embeds texts, or a GGUF file of a causal language model. Each format is applied to
the weights of all linear layers but a language model's head, and to nothing else; all is computed
in float32, so that only the weights differ. Needs the extra `eval`.
"""

import argparse
import logging
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from seedlm.codec import Mode, Statistics
from seedlm.compiler.outputs import check_distinct, check_output
from seedlm.errors import SeedlmError
from seedlm.evaluation.formats import FORMATS, Search, parse_formats
from seedlm.passes.compress_constants import Progress
from seedlm.tools import _console
from seedlm.tools._evaluation_report import check_plot, write_json, write_plot
from seedlm.tools._exit import exit_code_of, read_text

if TYPE_CHECKING:
    from seedlm.evaluation.models import Model

_DEFAULT_FORMATS = "seed-4bit,rtn4-g128"
_CALIBRATION_TOKENS = 8192
_STATISTICS = ".safetensors"


def main(argv: list[str] | None = None) -> int:
    """Runs the tool and returns its exit code."""
    return exit_code_of("seedlm-eval", lambda: _run(_parse(argv)))


def _parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="seedlm-eval",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", type=Path, help="Hugging Face folder or .gguf file")
    _add_formats(parser)
    _add_text(parser)
    _add_reporting(parser)
    return parser.parse_args(argv)


def _add_formats(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("formats")
    group.add_argument(
        "--format",
        dest="formats",
        action="append",
        metavar="NAME[,NAME..]",
        help=f"{', '.join(FORMATS)}; +aa after a code makes it activation-aware; "
        f"may be repeated ({_DEFAULT_FORMATS})",
    )
    group.add_argument(
        "--search",
        choices=get_args(Mode),
        default="fast",
        help="how seeds are found: fast, or the best of all by proof or by trying each (fast)",
    )
    group.add_argument(
        "--activations",
        choices=("f32", "int8"),
        default="f32",
        help="what weights in a format are multiplied with: activations as they are, or rounded "
        "to 8 bits as CPU kernels round few rows of them (f32)",
    )
    for name, what in (("include", "apply formats only to"), ("exclude", "leave alone")):
        group.add_argument(
            f"--{name}",
            action="append",
            default=[],
            metavar="GLOB",
            help=f"{what} weights whose name matches; may be repeated",
        )
    group.add_argument(
        "--calibration",
        type=Path,
        metavar="FILE",
        help="what +aa is fitted to: a text other than that of --text, or .safetensors statistics",
    )
    group.add_argument(
        "--calibration-tokens",
        type=int,
        default=_CALIBRATION_TOKENS,
        metavar="N",
        help=f"tokens of that text that are used ({_CALIBRATION_TOKENS})",
    )
    group.add_argument(
        "--save-calibration",
        type=Path,
        metavar="FILE.safetensors",
        help="write the statistics that were measured, to use them again",
    )
    group.add_argument("-j", dest="threads", type=int, metavar="N", help="threads (all cores)")


def _add_text(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("text")
    group.add_argument("--text", required=True, metavar="FILE", help="text to evaluate on")
    group.add_argument(
        "--context",
        type=int,
        metavar="N",
        help="most tokens that the model reads at once (512, or what it can)",
    )
    group.add_argument(
        "--tokens",
        type=int,
        metavar="N",
        help="tokens of the text that are predicted (4096) or, a line at a time, embedded (all)",
    )


def _add_reporting(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("what is reported")
    group.add_argument("--json", type=Path, metavar="FILE", help="write all figures, by weight too")
    group.add_argument(
        "--plot", type=Path, metavar="FILE", help="plot quality against bits: .png, .svg or .html"
    )
    group.add_argument("-v", dest="verbose", action="store_true", help="log scores as they come")


def _run(arguments: argparse.Namespace) -> None:
    logging.basicConfig(level=logging.INFO if arguments.verbose else logging.WARNING)
    formats = parse_formats(arguments.formats or [_DEFAULT_FORMATS])
    _check_counts(arguments)
    _check_calibration(arguments, any(each.activation_aware for each in formats))
    _check_outputs(arguments)
    text = read_text(arguments.text)
    calibration = _read_calibration(arguments.calibration)
    from seedlm.evaluation.evaluate import Options, evaluate  # needs PyTorch
    from seedlm.evaluation.models import load_model

    model = load_model(arguments.model)
    with _console.progress_bar("evaluating") as progress:
        if isinstance(calibration, str):
            calibration = _measure(model, calibration, arguments, progress)
        options = Options(
            formats=formats,
            context=arguments.context,
            tokens=arguments.tokens,
            include=tuple(arguments.include),
            exclude=tuple(arguments.exclude),
            search=Search(arguments.search, arguments.threads),
            statistics=calibration,
            activations=arguments.activations,
        )
        evaluation = evaluate(model, text, options, progress)
    _console.print_evaluation(evaluation)
    if arguments.json is not None:
        write_json(arguments.json, evaluation)
    if arguments.plot is not None:
        write_plot(arguments.plot, evaluation)


def _check_counts(arguments: argparse.Namespace) -> None:
    for flag, count in (
        ("-j", arguments.threads),
        ("--tokens", arguments.tokens),
        ("--calibration-tokens", arguments.calibration_tokens),
    ):
        if count is not None and count < 1:
            raise SeedlmError(f"{flag} {count}: less than 1")


def _check_calibration(arguments: argparse.Namespace, is_needed: bool) -> None:
    source = arguments.calibration
    if is_needed and source is None:
        raise SeedlmError("activation-aware formats need --calibration")
    if source is not None and not is_needed:
        raise SeedlmError("--calibration is of no use: no format has +aa")
    if arguments.save_calibration is not None and (source is None or source.suffix == _STATISTICS):
        raise SeedlmError("--save-calibration needs a text for --calibration")
    text = Path(arguments.text)
    if source is not None and source.exists() and text.exists() and source.samefile(text):
        raise SeedlmError(f"{source}: text to evaluate on must not be calibrated on")


def _check_outputs(arguments: argparse.Namespace) -> None:
    wanted = (arguments.json, arguments.plot, arguments.save_calibration)
    outputs = [each for each in wanted if each is not None]
    inputs = [arguments.model, Path(arguments.text)]
    if arguments.calibration is not None:
        inputs.append(arguments.calibration)
    check_distinct(outputs)
    if arguments.plot is not None:
        check_plot(arguments.plot)
    for output in outputs:
        check_output(output, inputs)


def _read_calibration(source: Path | None) -> Statistics | str | None:
    """Returns statistics, or a text to measure them on."""
    if source is None:
        return None
    return Statistics.load(source) if source.suffix == _STATISTICS else read_text(str(source))


def _measure(
    model: "Model", text: str, arguments: argparse.Namespace, progress: Progress
) -> Statistics:
    from seedlm.evaluation.calibration import measure  # needs PyTorch

    statistics = measure(
        model,
        text,
        arguments.context,
        arguments.calibration_tokens,
        partial(progress, "calibration"),
    )
    if arguments.save_calibration is not None:
        statistics.save(arguments.save_calibration)
    return statistics
