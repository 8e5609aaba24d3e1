# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the tools print: progress on a terminal, tables and summaries."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from seedlm.compiler.pipeline import CompileOptions
from seedlm.compiler.report import Report
from seedlm.passes.compress_constants import Progress as ProgressCallback
from seedlm.verification import OutputComparison

_TABLE_WIDTH = 160


@contextmanager
def encoding_progress() -> Iterator[ProgressCallback]:
    """Yields a callback that draws a progress bar with ETA on stderr, if that is a terminal."""
    console = Console(stderr=True)
    columns = (
        TextColumn("encoding"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(
        *columns, console=console, disable=not console.is_terminal, transient=True
    ) as bar:
        task = bar.add_task("", total=None)

        def advance(name: str, done: int, total: int) -> None:
            bar.update(task, description=name, completed=done, total=total)

        yield advance


def print_plan(report: Report) -> None:
    """Prints what would happen to each tensor, and why."""
    table = _table(("tensor", "shape", "type", "action", "bits", "use", "why dense"))
    for tensor in report.tensors:
        shape = "x".join(map(str, tensor.shape))
        bits = f"{tensor.bits_per_weight:.3f}" if tensor.bits_per_weight is not None else ""
        use = tensor.use or ""
        table.add_row(tensor.name, shape, tensor.dtype, tensor.action, bits, use, tensor.reason)
    _print(table)
    total = len(report.tensors)
    print(f"{len(report.compressed)} of {total} tensors would be compressed with {report.code}")


def print_tensors(report: Report) -> None:
    """Prints the compressed tensors with their bits, errors and checksums."""
    columns = ("tensor", "shape", "use", "bits", "error", "sha256 of codes")
    table = _table(columns)
    for tensor in report.compressed:
        table.add_row(
            tensor.name,
            "x".join(map(str, tensor.shape)),
            tensor.use or "",
            f"{tensor.bits_per_weight:.3f}",
            f"{tensor.relative_error:.4f}",
            (tensor.sha256 or "")[:16],
        )
    _print(table)


def print_summary(output: Path, options: CompileOptions, report: Report) -> None:
    """Prints sizes, bits and errors of a compiled model."""
    print_totals(report)
    cpu = f" for {options.target.name} ({options.target.cpu})"
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
            f"bits a weight {min(bits):.3f}..{max(bits):.3f}, "
            f"relative error {min(errors):.4f}..{max(errors):.4f}"
        )
    print(f"all tensors: {decimal(report.bytes_before)} -> {decimal(report.bytes_after)}")


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
