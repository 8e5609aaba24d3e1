# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reports as files: .json, or .html with plots."""

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, PackageLoader, select_autoescape
from matplotlib.figure import Figure

from seedlm.compiler.outputs import atomic_outputs, check_output
from seedlm.compiler.report import Report
from seedlm.errors import SeedlmError
from seedlm.tools._svg import to_svg

_SUFFIXES = (".json", ".html")
_MAX_BARS = 40


def check_report(path: Path, inputs: Sequence[Path]) -> None:
    """Checks that a report can be written before anything long is done.

    Raises:
        SeedlmError: The suffix is unknown or the file cannot be written.
    """
    if path.suffix not in _SUFFIXES:
        raise SeedlmError(f"{path}: a report is .json or .html")
    check_output(path, inputs)


def write_report(path: Path, model: Path, report: Report) -> None:
    """Writes the report of compiling `model` to `path`.

    Raises:
        SeedlmError: The file cannot be written.
    """
    text = report.to_json() if path.suffix == ".json" else _html(model, report)
    with atomic_outputs([path]) as files:
        files[0].write_text(text)


def _html(model: Path, report: Report) -> str:
    loader = PackageLoader("seedlm.tools", ".")
    environment = Environment(loader=loader, autoescape=select_autoescape(["j2"]))
    plots = [_plot_sizes(report), _plot_errors(report)] if report.compressed else []
    return environment.get_template("report.html.j2").render(
        model=model.name, report=report, plots=plots
    )


def _plot_sizes(report: Report) -> str:
    """Returns an SVG of the largest compressed tensors' sizes before and after."""
    tensors = sorted(report.compressed, key=lambda t: t.bytes_before, reverse=True)[:_MAX_BARS]
    figure = Figure(figsize=(9, 1 + 0.22 * len(tensors)))
    axes = figure.add_subplot()
    rows = range(len(tensors))
    axes.barh(rows, [t.bytes_before / 1e6 for t in tensors], color="lightgray", label="before")
    axes.barh(rows, [t.bytes_after / 1e6 for t in tensors], color="tab:blue", label="after")
    axes.set_yticks(rows, [t.name for t in tensors], fontsize=7)
    axes.invert_yaxis()
    axes.set_xlabel("MB")
    axes.legend()
    return to_svg(figure)


def _plot_errors(report: Report) -> str:
    """Returns an SVG of each compressed tensor's relative error, in model order."""
    figure = Figure(figsize=(9, 3))
    axes = figure.add_subplot()
    axes.plot([tensor.relative_error or 0.0 for tensor in report.compressed], ".")
    axes.set_xlabel("tensor, in order of first use")
    axes.set_ylabel("relative error")
    axes.set_ylim(bottom=0)
    return to_svg(figure)
