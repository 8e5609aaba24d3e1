# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Speed and error of the encoder on Gaussian weights, by preset, mode and number of threads.

Method: a matrix of i.i.d. normal weights, as many blocks as given for the mode, is encoded
`--repeat` times after a warm-up that has the tables in memory. With one thread the figure is
blocks by the least CPU time of the process, which other load on the machine hardly changes; with
more it is blocks by the least wall time. Errors are relative Frobenius errors; "excess" is that
over the exhaustive mode on the same blocks. With importances, which are log-normal with the
deviation given as "sigma", a matrix of 512 rows is encoded on one thread, and errors are weighted.
The table of each preset is built in an empty folder (cold) and read back by a new process (warm);
both are wall times of encoding one block, which takes next to no time when the table is in memory.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from seedlm.codec import PRESETS, Encoded, encode, preset

_BLOCKS = {"fast": 1 << 19, "certified": 1 << 17, "exhaustive": 1 << 14}
_COLUMN_BLOCKS = 512
_WEIGHTED_SHAPE = (512, 48)
_SIGMAS = (0.0, 1.0, 1.5, 2.0)
_FIRST_BLOCK = """
import sys, time
import numpy as np
from seedlm.codec import encode, preset
code = preset(sys.argv[1])
weights = np.ones((1, code.block), np.float32)
start = time.perf_counter()
encode(weights, code, threads=int(sys.argv[2]))
print(time.perf_counter() - start)
"""


def main() -> None:
    """Prints one line for each measurement, or all as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", choices=PRESETS, action="append", help="default: all")
    parser.add_argument("--mode", choices=_BLOCKS, action="append", help="default: all")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="most threads")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--divide", type=int, default=1, help="encode 1/DIVIDE of the blocks")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    results: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SEEDLM_CACHE"] = folder
        for name in options.preset or PRESETS:
            results.append(_table_times(name, options.threads))
            results.extend(_speeds(name, options))
            results.extend(_weighted_speeds(name, options))
            if not options.json:
                for result in results:
                    print("  ".join(f"{key} {value}" for key, value in result.items()), flush=True)
                results.clear()
    if options.json:
        print(json.dumps(results, indent=2))


def _table_times(name: str, threads: int) -> dict[str, Any]:
    command = [sys.executable, "-c", _FIRST_BLOCK, name, str(threads)]
    cold, warm = (float(subprocess.check_output(command)) for _ in range(2))
    return {"preset": name, "table_cold_s": round(cold, 2), "table_warm_s": round(warm, 2)}


def _speeds(name: str, options: argparse.Namespace) -> list[dict[str, Any]]:
    weights = _weights(name, max(_BLOCKS.values()) // options.divide)
    block = preset(name).block * _COLUMN_BLOCKS
    results = []
    for mode in options.mode or _BLOCKS:
        rows = weights[: max(1, _BLOCKS[mode] // options.divide // _COLUMN_BLOCKS)]
        for threads in range(1, options.threads + 1):
            encoded, seconds = _timed(
                lambda rows=rows, mode=mode, threads=threads: encode(
                    rows, preset(name), mode=mode, threads=threads
                ),
                time.process_time if threads == 1 else time.perf_counter,
                options.repeat,
            )
            speed = round(rows.size / preset(name).block / seconds)
            results.append(
                {"preset": name, "mode": mode, "threads": threads, "blocks_per_s": speed}
                | {"error": round(encoded.relative_error, 5)}
            )
    least = max(1, _BLOCKS["exhaustive"] // options.divide // _COLUMN_BLOCKS)
    errors = [
        encode(weights[:least, :block], preset(name), mode=mode).relative_error
        for mode in ("fast", "exhaustive")
    ]
    excess = round(100 * (errors[0] / errors[1] - 1), 3)
    return [*results, {"preset": name, "excess_of_fast_percent": excess}]


def _weighted_speeds(name: str, options: argparse.Namespace) -> list[dict[str, Any]]:
    rows, blocks = max(1, _WEIGHTED_SHAPE[0] // options.divide), _WEIGHTED_SHAPE[1]
    columns = blocks * preset(name).block
    rng = np.random.default_rng(0)
    weights, normal = rng.standard_normal((rows, columns), np.float32), rng.standard_normal(columns)
    results: list[dict[str, Any]] = []
    for sigma in _SIGMAS:
        errors = []
        for mode in ("fast", "exhaustive"):
            encoded, seconds = _timed(
                lambda mode=mode, sigma=sigma: encode(
                    weights, preset(name), mode=mode, threads=1, importance=np.exp(sigma * normal)
                ),
                time.process_time,
                options.repeat if mode == "fast" else 1,
            )
            errors.append(encoded.weighted_relative_error or 0.0)
            results.append(
                {"preset": name, "mode": mode, "sigma": sigma, "threads": 1}
                | {"us_per_block": round(1e6 * seconds / (rows * blocks), 1)}
                | {"blocks_per_s": round(rows * blocks / seconds), "error": round(errors[-1], 5)}
            )
        excess = round(100 * (errors[0] / errors[1] - 1), 3)
        results.append({"preset": name, "sigma": sigma, "excess_of_fast_percent": excess})
    return results


def _weights(name: str, blocks: int) -> npt.NDArray[np.float32]:
    shape = (max(1, blocks // _COLUMN_BLOCKS), _COLUMN_BLOCKS * preset(name).block)
    return np.random.default_rng(0).standard_normal(shape, np.float32)


def _timed(
    function: Callable[[], Encoded], clock: Callable[[], float], repeat: int
) -> tuple[Encoded, float]:
    best = float("inf")
    function()
    for _ in range(repeat):
        start = clock()
        encoded = function()
        best = min(best, clock() - start)
    return encoded, best


if __name__ == "__main__":
    main()
