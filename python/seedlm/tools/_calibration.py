# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""--calibration and the options that belong to it."""

import argparse
from pathlib import Path

from seedlm.calibration import collect
from seedlm.codec import Statistics
from seedlm.compiler.outputs import check_output
from seedlm.compiler.pipeline import CompileOptions
from seedlm.errors import SeedlmError
from seedlm.frontend import Imported
from seedlm.inputs import Samples
from seedlm.samples import npz_samples
from seedlm.tools import _console

_SUFFIXES = (".npz", ".txt", ".safetensors")
_LENGTH = 512
_SAMPLES = 16


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options to a parser."""
    group = parser.add_argument_group("what weights are fitted to")
    group.add_argument(
        "--calibration",
        type=Path,
        metavar="FILE",
        help="fit codes to the inputs that weights have on samples: .npz (arrays named as the "
        "model's inputs; several samples as NAME.0, NAME.1, ..) or .txt, or to statistics that "
        "--save-calibration wrote",
    )
    group.add_argument(
        "--save-calibration",
        type=Path,
        metavar="FILE.safetensors",
        help="write the statistics that were measured, to use them again",
    )
    group.add_argument(
        "--tokenizer",
        type=Path,
        metavar="FILE",
        help="tokenizer of .txt samples (tokenizer.json beside the model)",
    )
    for name, default, what in (
        ("length", _LENGTH, "tokens in a sample of text"),
        ("samples", _SAMPLES, "samples of text"),
    ):
        group.add_argument(
            f"--calibration-{name}",
            type=int,
            default=default,
            metavar="N",
            help=f"the most {what} ({default})",
        )


def check_options(arguments: argparse.Namespace) -> None:
    """Checks the options before anything long is done.

    Raises:
        SeedlmError: A file is missing or of an unknown format, or a number is below 1.
    """
    file, saved = arguments.calibration, arguments.save_calibration
    if file is None:
        if saved is not None:
            raise SeedlmError("--save-calibration needs --calibration")
        return
    if file.suffix not in _SUFFIXES:
        raise SeedlmError(f"--calibration {file}: not one of {', '.join(_SUFFIXES)}")
    if not file.is_file():
        raise SeedlmError(f"--calibration {file}: no such file")
    for name in ("calibration_length", "calibration_samples"):
        if getattr(arguments, name) < 1:
            option = name.replace("_", "-")
            raise SeedlmError(f"--{option} {getattr(arguments, name)}: less than 1")
    if saved is not None:
        check_output(saved, [file, arguments.model])


def read_statistics(
    arguments: argparse.Namespace, imported: Imported, options: CompileOptions
) -> Statistics | None:
    """Returns the statistics to compile with, measured or read, and saves them if asked to.

    Raises:
        SeedlmError: The file is damaged or does not fit the model, or IREE failed.
    """
    file = arguments.calibration
    if file is None:
        return None
    if file.suffix == ".safetensors":
        statistics = Statistics.load(file)
    else:
        with _console.calibration_progress() as progress:
            statistics = collect(imported, _samples(arguments), options, progress)
    if arguments.save_calibration is not None:
        statistics.save(arguments.save_calibration)
    return statistics


def _samples(arguments: argparse.Namespace) -> Samples:
    if arguments.calibration.suffix == ".npz":
        return npz_samples(arguments.calibration)
    from seedlm.text import TextOptions, text_samples  # needs the text extra

    options = TextOptions(
        tokenizer=arguments.tokenizer or arguments.model.with_name("tokenizer.json"),
        length=arguments.calibration_length,
        samples=arguments.calibration_samples,
    )
    return text_samples(arguments.calibration, options)
