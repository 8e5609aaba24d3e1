# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""seedlm-eval: what storing a model's weights in few bits costs in quality.

MODEL is a Hugging Face folder (config.json, safetensors, tokeniser) of a causal language model or
of a model that embeds texts, or a GGUF file of a causal language model. Each format is applied to
the weights of all linear layers but a language model's head, and to nothing else; all is computed
in float32, so that only the weights differ. Needs the extra `eval`.
"""

import argparse
import logging
from pathlib import Path
from typing import get_args

from seedlm.codec import Mode
from seedlm.compiler.outputs import check_distinct, check_output
from seedlm.errors import SeedlmError
from seedlm.evaluation.formats import FORMATS, Search, parse_formats
from seedlm.tools import _console
from seedlm.tools._evaluation_report import check_plot, write_json, write_plot
from seedlm.tools._exit import exit_code_of, read_text

_DEFAULT_FORMATS = "seed-4bit,rtn4-g128"


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
    for name, what in (("include", "apply formats only to"), ("exclude", "leave alone")):
        group.add_argument(
            f"--{name}",
            action="append",
            default=[],
            metavar="GLOB",
            help=f"{what} weights whose name matches; may be repeated",
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
    for name in ("threads", "tokens"):
        _check_count(name, getattr(arguments, name))
    _check_outputs(arguments)
    text = read_text(arguments.text)
    from seedlm.evaluation.evaluate import Options, evaluate  # needs PyTorch

    options = Options(
        formats=formats,
        context=arguments.context,
        tokens=arguments.tokens,
        include=tuple(arguments.include),
        exclude=tuple(arguments.exclude),
        search=Search(arguments.search, arguments.threads),
    )
    with _console.progress_bar("evaluating") as progress:
        evaluation = evaluate(arguments.model, text, options, progress)
    _console.print_evaluation(evaluation)
    if arguments.json is not None:
        write_json(arguments.json, evaluation)
    if arguments.plot is not None:
        write_plot(arguments.plot, evaluation)


def _check_count(name: str, count: int | None) -> None:
    if count is not None and count < 1:
        raise SeedlmError(f"{name}: {count} is less than 1")


def _check_outputs(arguments: argparse.Namespace) -> None:
    outputs = [each for each in (arguments.json, arguments.plot) if each is not None]
    check_distinct(outputs)
    if arguments.plot is not None:
        check_plot(arguments.plot)
    for output in outputs:
        check_output(output, [arguments.model, Path(arguments.text)])
