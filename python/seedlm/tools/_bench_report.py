# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measurements as files: a list of records as .json, plots as .png or .svg."""

import datetime
import json
import platform
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from seedlm.bench.encode import EncodingSpeed
from seedlm.bench.matvec import ProductTime
from seedlm.bench.model import ModelTime
from seedlm.compiler.outputs import atomic_outputs
from seedlm.devices import device_name
from seedlm.errors import SeedlmError
from seedlm.tools._svg import to_svg

_SUFFIXES = (".png", ".svg")
_DISTRIBUTIONS = {
    "iree": "iree-base-compiler",
    "llama.cpp": "llama-cpp-python",
    "onnxruntime": "onnxruntime",
    "openvino": "openvino",
}
_PROCESSORS = Path("/proc/cpuinfo")


def check_plot(path: Path) -> None:
    """Checks that a plot's file has a known suffix.

    Raises:
        SeedlmError: It has not.
    """
    if path.suffix not in _SUFFIXES:
        raise SeedlmError(f"{path}: a plot is {' or '.join(_SUFFIXES)}")


def write_json(path: Path, results: Sequence[Any]) -> None:
    """Writes measurements, each with the date, the processor and the version of what was measured.

    The processor is the device's if that is not the CPU.

    Raises:
        SeedlmError: The file cannot be written.
    """
    date = datetime.datetime.now(datetime.UTC).date().isoformat()
    records = [asdict(each) for each in results]
    for record in records:
        processor = _processor(record.get("device", "cpu"))
        version_ = _version(record.get("name", ""))
        record |= {"date": date, "processor": processor, "version": version_}
    with atomic_outputs([path]) as files:
        files[0].write_text(json.dumps(records, indent=2) + "\n")


def write_figure(path: Path, figure: Figure) -> None:
    """Writes a plot.

    Raises:
        SeedlmError: The file cannot be written.
    """
    with atomic_outputs([path]) as files:
        if path.suffix == ".png":
            figure.savefig(files[0], format="png", dpi=150, bbox_inches="tight")
        else:
            files[0].write_text(to_svg(figure))


def times_plot(times: Sequence[ProductTime] | Sequence[ModelTime]) -> Figure:
    """Returns bars of times, those of seedlm in a colour of their own."""
    figure = Figure(figsize=(7, 1 + 0.3 * len(times)))
    axes = figure.add_subplot()
    colors = ["tab:blue" if each.name.startswith("seedlm/") else "lightgray" for each in times]
    bars = axes.barh(range(len(times)), [each.ms for each in times], color=colors)
    axes.bar_label(bars, fmt="%.3g", padding=3)
    axes.set_yticks(range(len(times)), [each.name for each in times])
    axes.invert_yaxis()
    axes.set_xlabel(f"ms, {times[0].threads} threads")
    return figure


def encoder_plot(speeds: Sequence[EncodingSpeed]) -> Figure:
    """Returns a plot of the blocks a second of each search, by number of threads."""
    figure = Figure(figsize=(7, 4.5))
    axes = figure.add_subplot()
    series: dict[str, list[tuple[int, float]]] = {}
    for each in speeds:
        if each.deviation is None:
            point = (each.threads, each.blocks_per_s)
            series.setdefault(f"{each.code} {each.search}", []).append(point)
    for label, points in series.items():
        axes.plot(*zip(*points, strict=True), "o-", label=label)
    axes.set_yscale("log")
    axes.set_xticks(sorted({each.threads for each in speeds}))
    axes.set_xlabel("threads")
    axes.set_ylabel("blocks a second")
    axes.grid(which="both", alpha=0.2)
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def _processor(device: str) -> str:
    """Returns the name of a device's processor as far as the system knows it."""
    if device != "cpu":
        return device_name(device)
    lines = _PROCESSORS.read_text().splitlines() if _PROCESSORS.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _version(name: str) -> str | None:
    try:
        return version(_DISTRIBUTIONS.get(name.partition("/")[0], "seedlm"))
    except PackageNotFoundError:
        return None
