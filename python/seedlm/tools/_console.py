# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the tools print: progress on a terminal, tables and summaries."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any

from rich.console import Console, JustifyMethod
from rich.filesize import decimal
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from seedlm.compiler.pipeline import CompileOptions
from seedlm.compiler.report import Report, TensorReport
from seedlm.evaluation.results import Evaluation
from seedlm.evaluation.table import evaluation_table
from seedlm.passes.compress_constants import Progress as ProgressCallback
from seedlm.verification import OutputComparison

_TABLE_WIDTH = 160
_WHOLE = 1e4  # numbers from here on are shown without decimals


@contextmanager
def progress_bar(title: str) -> Iterator[ProgressCallback]:
    """Yields a callback that draws a progress bar with ETA on stderr, if that is a terminal."""
    columns = (
        TextColumn(title),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with _progress(*columns) as bar:
        task = bar.add_task("", total=None)

        def advance(name: str, done: int, total: int) -> None:
            bar.update(task, description=name, completed=done, total=total)

        yield advance


@contextmanager
def calibration_progress() -> Iterator[Callable[[int], None]]:
    """Yields a callback that draws the number of samples on stderr, if that is a terminal."""
    columns = (TextColumn("calibrating"), SpinnerColumn(), TimeElapsedColumn())
    with _progress(*columns, TextColumn("{task.completed} samples")) as bar:
        task = bar.add_task("", total=None)
        yield lambda done: bar.update(task, completed=done)


def _progress(*columns: ProgressColumn) -> Progress:
    console = Console(stderr=True)
    return Progress(*columns, console=console, disable=not console.is_terminal, transient=True)


def print_plan(report: Report) -> None:
    """Prints what would happen to each tensor, and why."""
    columns = ("tensor", "shape", "type", "action", "code", "bits", "fitted to", "use", "why dense")
    on_fpga = report.target == "fpga"
    table = _table((*columns, "device", "why there") if on_fpga else columns)
    for tensor in report.tensors:
        shape = "x".join(map(str, tensor.shape))
        bits = f"{tensor.bits_per_weight:.3f}" if tensor.bits_per_weight is not None else ""
        fitted = _fitted_to(tensor) if tensor.use else ""
        row = (tensor.name, shape, tensor.dtype, tensor.action, tensor.code or "", bits, fitted)
        device = (tensor.device if tensor.use else "", tensor.reason_on_cpu) if on_fpga else ()
        table.add_row(*row, tensor.use or "", tensor.reason, *device)
    _print(table)
    total = len(report.tensors)
    average = report.bits_per_weight
    print(
        f"{len(report.compressed)} of {total} tensors would be compressed with {report.code}"
        + ("" if average is None else f", {average:.3f} bits a weight on average")
    )
    _print_offloaded(report)


def print_tensors(report: Report) -> None:
    """Prints the compressed tensors with their bits, errors and checksums."""
    columns = ("tensor", "shape", "use", "code", "bits", "error", "weighted error", "sha256")
    table = _table(columns)
    for tensor in report.compressed:
        table.add_row(
            tensor.name,
            "x".join(map(str, tensor.shape)),
            tensor.use or "",
            tensor.code or "",
            f"{tensor.bits_per_weight:.3f}",
            f"{tensor.relative_error:.4f}",
            _weighted_error(tensor),
            (tensor.sha256 or "")[:16],
        )
    _print(table)


def print_summary(output: Path, options: CompileOptions, report: Report) -> None:
    """Prints sizes, bits and errors of a compiled model."""
    print_totals(report)
    cpu = f" for {options.target.name} ({options.target.processor})"
    print(f"{output}: {_size(output)}{cpu}")
    if options.params is not None:
        print(f"{options.params}: {_size(options.params)}")


def print_totals(report: Report) -> None:
    """Prints how much was compressed to how many bits and with what error."""
    tensors = report.compressed
    before = sum(tensor.bytes_before for tensor in tensors)
    after = sum(tensor.bytes_after for tensor in tensors)
    print(
        f"{len(tensors)} of {len(report.tensors)} tensors compressed with {report.code}: "
        f"{decimal(before)} -> {decimal(after)}"
    )
    if tensors:
        bits = [tensor.bits_per_weight or 0.0 for tensor in tensors]
        errors = [tensor.relative_error or 0.0 for tensor in tensors]
        print(
            f"bits a weight {min(bits):.3f}..{max(bits):.3f}, {report.bits_per_weight:.3f} on "
            "average, "
            f"relative error {min(errors):.4f}..{max(errors):.4f}"
        )
    _print_calibration(report)
    _print_offloaded(report)
    print(f"all tensors: {decimal(report.bytes_before)} -> {decimal(report.bytes_after)}")


def _print_calibration(report: Report) -> None:
    """Prints how many tensors have statistics, if any have, and with what error."""
    aware = report.activation_aware
    if not aware:
        return
    errors = [tensor.weighted_relative_error or 0.0 for tensor in aware]
    print(
        f"{len(aware)} fitted to activations, weighted error {min(errors):.4f}..{max(errors):.4f}; "
        f"{len(report.compressed) - len(aware)} without statistics, fitted to weights"
    )


def _print_offloaded(report: Report) -> None:
    """Prints how much the FPGA-style device computes, and why it does not the rest."""
    if report.target != "fpga":
        return
    counts = Counter(tensor.reason_on_cpu for tensor in report.compressed if tensor.reason_on_cpu)
    reasons = "".join(f"; {count} on the CPU: {reason}" for reason, count in counts.items())
    print(f"{len(report.offloaded)} of {len(report.compressed)} on the FPGA-style device{reasons}")


def _fitted_to(tensor: TensorReport) -> str:
    return "activations" if tensor.activation_aware else "weights"


def _weighted_error(tensor: TensorReport) -> str:
    error = tensor.weighted_relative_error
    return "" if error is None else f"{error:.4f}"


def print_comparison(outputs: Sequence[OutputComparison]) -> None:
    """Prints how far each output is from the original model's."""
    for output in outputs:
        print(
            f"output {output.index}: cosine {output.cosine:.6f}, max error {output.max_error:.3g} "
            f"(largest value {output.max_value:.3g})"
        )


def print_columns(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints a table; all columns but the first are aligned on the right."""
    table = Table(box=None, pad_edge=False)
    for index, column in enumerate(columns):
        table.add_column(column, justify="right" if index else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    _print(table)


def print_evaluation(evaluation: Evaluation) -> None:
    """Prints a table of formats with their sizes, errors and scores."""
    header, *rows = evaluation_table(evaluation)
    table = Table(box=None, pad_edge=False)
    for column in header:
        table.add_column(column, justify="left" if column == "format" else "right")
    for row in rows:
        table.add_row(*row)
    _print(table)


def print_results(results: Sequence[Any]) -> None:
    """Prints a table of measurements, objects of one dataclass, with a column for each field."""
    if not results:
        return
    table = Table(box=None, pad_edge=False)
    for field in fields(results[0]):
        justify: JustifyMethod = "left" if field.type is str else "right"
        table.add_column(field.name, justify=justify)
    for result in results:
        table.add_row(*(_cell(value) for value in astuple(result)))
    _print(table)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < _WHOLE else f"{value:.0f}"
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return "" if value is None else str(value)


def _table(columns: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _print(table: Table) -> None:
    console = Console()
    Console(width=None if console.is_terminal else _TABLE_WIDTH).print(table)


def _size(path: Path) -> str:
    return decimal(path.stat().st_size)
