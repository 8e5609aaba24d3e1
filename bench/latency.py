# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Time of one call of a compressed module against the same model in f32, both by IREE.

    python bench/latency.py ORIGINAL.vmfb COMPRESSED.vmfb --input 1x16xi64=7 [--input ..]
        [--original-parameters FILE.irpa] [--compressed-parameters FILE.irpa] [--json FILE]

Both modules are loaded into one process on IREE's local-sync device, which runs on the calling
thread. After a warm-up the two are called in turn, `--rounds` times; the time of a call is the
process's CPU time, and the least of all rounds is reported, with the ratio of the two. The weights
of a model that is larger than the last-level cache are read from memory in every call.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import iree.runtime as rt
import numpy as np
from numpy.typing import NDArray

_DTYPES = {"i64": np.int64, "i32": np.int32, "f32": np.float32}


def main() -> None:
    """Prints the two times and their ratio."""
    arguments = _parse()
    inputs = [_make_input(text) for text in arguments.input]
    calls = [
        _load(arguments.original, arguments.original_parameters, inputs),
        _load(arguments.compressed, arguments.compressed_parameters, inputs),
    ]
    original, compressed = _time_in_turn(calls, arguments.rounds)
    result = {
        "original_ms": 1e3 * original,
        "compressed_ms": 1e3 * compressed,
        "speed_up": original / compressed,
        "rounds": arguments.rounds,
        "inputs": arguments.input,
    }
    print(json.dumps(result, indent=2))
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=2) + "\n")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Compare the latency of two modules.")
    parser.add_argument("original", type=Path)
    parser.add_argument("compressed", type=Path)
    parser.add_argument("--input", action="append", required=True, help="as 1x16xi64=7")
    parser.add_argument("--original-parameters", type=Path)
    parser.add_argument("--compressed-parameters", type=Path)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def _make_input(text: str) -> NDArray[Any]:
    type_, _, value = text.partition("=")
    *dims, element = type_.split("x")
    return np.full([int(dim) for dim in dims], float(value), _DTYPES[element])


def _load(module: Path, parameters: Path | None, inputs: list[NDArray[Any]]) -> Callable[[], Any]:
    config = rt.Config("local-sync")
    modules = [rt.VmModule.mmap(config.vm_instance, str(module))]
    if parameters is not None:
        index = rt.ParameterIndex()
        index.load(str(parameters))
        provider = index.create_provider(scope="model")
        modules.insert(0, rt.create_io_parameters_module(config.vm_instance, provider))
    loaded = rt.load_vm_modules(*modules, config=config)[-1]
    name = next(n for n in loaded.vm_module.function_names if not n.startswith("__"))
    function = loaded[name.removesuffix("$async")]
    buffers = [rt.asdevicearray(config.device, each) for each in inputs]
    return lambda: function(*buffers)


def _time_in_turn(calls: list[Callable[[], Any]], rounds: int) -> list[float]:
    """Returns the least CPU time of each call in seconds."""
    best = [float("inf")] * len(calls)
    for call in calls:
        call()
    for _ in range(rounds):
        for i, call in enumerate(calls):
            start = time.process_time()
            call()
            best[i] = min(best[i], time.process_time() - start)
    return best


if __name__ == "__main__":
    main()
