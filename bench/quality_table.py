# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Joins what seedlm-eval wrote about several models into one Markdown table, a row a format.

    python bench/quality_table.py SmolLM2-135M=smollm2.json MiniLM-L6=minilm.json

Each report has the name that its columns get.
"""

import argparse
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

_COLUMNS: dict[str, Callable[[dict[str, Any]], str]] = {
    "bits": lambda result: f"{result['bits_per_weight']:.3f}",
    "error": lambda result: f"{result['relative_error']:.4f}",
    "perplexity": lambda result: f"{result['scores']['perplexity']:.2f}",
    "KL (nats)": lambda result: f"{result['scores']['kl']:.4f}",
    "top-1": lambda result: f"{100 * result['scores']['top1']:.1f} %",
    "cosine": lambda result: f"{result['scores']['cosine']:.4f}",
}
_SHOWN = {
    "causal": ("bits", "error", "perplexity", "KL (nats)", "top-1"),
    "embedding": ("bits", "error", "cosine"),
}


def table(reports: dict[str, dict[str, Any]]) -> str:
    """Returns the table of reports by the name of their model."""
    header, formats = ["format"], list[str]()
    for name, report in reports.items():
        first, *others = _SHOWN[report["kind"]]
        header += [f"{name} {first}", *others]
        formats += [each["format"] for each in report["results"] if each["format"] not in formats]
    rows = [header, ["---", *["--:"] * (len(header) - 1)]]
    rows += [_row(format_, reports.values()) for format_ in formats]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _row(format_: str, reports: Iterable[dict[str, Any]]) -> list[str]:
    return [format_, *(cell for report in reports for cell in _cells(report, format_))]


def _cells(report: dict[str, Any], format_: str) -> list[str]:
    columns = _SHOWN[report["kind"]]
    for result in report["results"]:
        if result["format"] == format_:
            return [_COLUMNS[column](result) if _has(result, column) else "" for column in columns]
    return [""] * len(columns)


def _has(result: dict[str, Any], column: str) -> bool:
    """Whether a column applies: the original has no bits and no error."""
    return result["bits_per_weight"] is not None or column not in ("bits", "error")


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("reports", nargs="+", metavar="NAME=JSON", help="a model and its figures")
    pairs = [each.split("=", 1) for each in parser.parse_args().reports]
    print(table({name: json.loads(Path(file).read_text()) for name, file in pairs}), end="")


if __name__ == "__main__":
    main()
