# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Evaluations as files: figures as .json; plots as .png, .svg or .html."""

import datetime
import json
import math
import platform
from collections.abc import Callable
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter

from seedlm.compiler.outputs import atomic_outputs
from seedlm.errors import SeedlmError
from seedlm.evaluation.formats import AWARE
from seedlm.evaluation.results import EmbeddingScores, Evaluation
from seedlm.evaluation.table import evaluation_table
from seedlm.tools._svg import to_svg

_SUFFIXES = (".png", ".svg", ".html")
_DISTRIBUTIONS = ("seedlm", "numpy", "torch", "transformers")

_Loss = Callable[[Any], float]


def check_plot(path: Path) -> None:
    """Checks that a plot's file has a known suffix.

    Raises:
        SeedlmError: It has not.
    """
    if path.suffix not in _SUFFIXES:
        raise SeedlmError(f"{path}: a plot is {', '.join(_SUFFIXES[:-1])} or {_SUFFIXES[-1]}")


def write_json(path: Path, evaluation: Evaluation) -> None:
    """Writes all figures, with the date and the versions of what computed them.

    Raises:
        SeedlmError: The file cannot be written.
    """
    circumstances = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": f"{platform.machine()}, {platform.system()}",
        "versions": {name: version(name) for name in _DISTRIBUTIONS},
    }
    with atomic_outputs([path]) as files:
        files[0].write_text(json.dumps(circumstances | asdict(evaluation), indent=2) + "\n")


def write_plot(path: Path, evaluation: Evaluation) -> None:
    """Writes a plot of quality against bits; as .html also the table.

    Raises:
        SeedlmError: The file cannot be written.
    """
    figure = _plot(evaluation)
    with atomic_outputs([path]) as files:
        if path.suffix == ".png":
            figure.savefig(files[0], format="png", dpi=150, bbox_inches="tight")
        else:
            svg = to_svg(figure)
            files[0].write_text(svg if path.suffix == ".svg" else _html(svg, evaluation))


def _html(svg: str, evaluation: Evaluation) -> str:
    loader = PackageLoader("seedlm.tools", ".")
    environment = Environment(loader=loader, autoescape=select_autoescape(["j2"]))
    header, *rows = evaluation_table(evaluation)
    return environment.get_template("evaluation.html.j2").render(
        evaluation=evaluation, header=header, rows=rows, plot=svg
    )


def _plot(evaluation: Evaluation) -> Figure:
    original = evaluation.results[0].scores
    if isinstance(original, EmbeddingScores):
        figure = Figure(figsize=(6, 4.5))
        last = figure.add_subplot()
        _plot_losses(last, "1 - cosine", evaluation, lambda scores: 1 - scores.cosine)
    else:
        figure = Figure(figsize=(12, 4.5))
        first, last = figure.subplots(1, 2)
        _plot_losses(first, "KL divergence (nats)", evaluation, lambda scores: scores.kl)
        _plot_losses(last, "perplexity", evaluation, lambda scores: scores.perplexity)
        last.axhline(original.perplexity, color="gray", linestyle=":", label="original")
    last.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def _plot_losses(axes: Axes, label: str, evaluation: Evaluation, loss: _Loss) -> None:
    """Plots what a score says is lost, on a logarithmic scale; what loses nothing is left out."""
    axes.set_prop_cycle(color=colormaps["tab20"](range(20)))
    for result in evaluation.results[1:]:
        marker = "^" if result.format.endswith(AWARE) else "o"
        value = max(loss(result.scores), 0) or math.nan
        axes.plot([result.bits_per_weight or 0.0], [value], marker, label=result.format)
    axes.set_yscale("log")
    axes.yaxis.set_minor_formatter(LogFormatter(labelOnlyBase=False, minor_thresholds=(2, 0.4)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set_xlabel("bits a weight")
    axes.set_ylabel(label)
    axes.grid(which="both", alpha=0.2)
