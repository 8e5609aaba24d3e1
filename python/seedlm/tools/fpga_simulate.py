# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""seedlm-fpga-simulate: runs a random product on the simulated device, and checks it."""

import argparse
from pathlib import Path

from seedlm.codec.code import PRESETS, preset
from seedlm.fpga.check import check_product
from seedlm.fpga.device import MemoryTiming
from seedlm.tools._console import print_columns
from seedlm.tools._exit import exit_code_of

_TOOL = "seedlm-fpga-simulate"
_USUAL = MemoryTiming()


def main(argv: list[str] | None = None) -> int:
    """Runs the tool and returns its exit code."""
    return exit_code_of(_TOOL, lambda: _run(_parse(argv)))


def _parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog=_TOOL, description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--code", choices=PRESETS, default="seed-4bit", help="code of the weights")
    parser.add_argument("--rows", type=int, default=64, help="rows of the matrix")
    parser.add_argument("--columns", type=int, default=1024, help="columns of the matrix")
    parser.add_argument("--batch", type=int, default=1, help="vectors")
    parser.add_argument("--trace", type=Path, metavar="FILE", help="write waveforms (VCD)")
    memory = parser.add_argument_group("memory, in cycles")
    memory.add_argument("--width", type=int, default=_USUAL.width_bits, help="bits a cycle")
    memory.add_argument("--latency", type=int, default=_USUAL.latency, help="to the first beat")
    memory.add_argument("--refresh-period", type=int, default=_USUAL.refresh_period, help="or 0")
    memory.add_argument("--refresh-cycles", type=int, default=_USUAL.refresh_cycles, help="of it")
    memory.add_argument("--stalls", type=int, default=0, help="late beats, in a thousand")
    memory.add_argument("--seed", type=int, default=1, help="of all random numbers")
    return parser.parse_args(argv)


def _run(arguments: argparse.Namespace) -> None:
    memory = MemoryTiming(
        width_bits=arguments.width,
        latency=arguments.latency,
        refresh_period=arguments.refresh_period,
        refresh_cycles=arguments.refresh_cycles,
        stall_per_mille=arguments.stalls,
        seed=arguments.seed,
    )
    shape = (arguments.rows, arguments.columns, arguments.batch)
    code = preset(arguments.code)
    counters = check_product(code, shape, memory, seed=arguments.seed, trace=arguments.trace)
    names = ("cycles", "beats", "memory stalls", "device stalls", "result stalls")
    values = [getattr(counters, name.replace(" ", "_")) for name in names]
    print_columns(("counter", "value"), [[n, f"{v:,}"] for n, v in zip(names, values, strict=True)])
    print("results equal those of the decoder")
    if arguments.trace is not None:
        print(f"{arguments.trace}: waveforms")
