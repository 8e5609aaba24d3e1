# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""seedlm-fpga-report: cycles and resources of the FPGA-style device, against FP16 weights."""

import argparse
import sys
from itertools import groupby
from pathlib import Path

from seedlm.codec.code import PRESETS, preset
from seedlm.fpga.device import IDEAL_MEMORY, MemoryTiming
from seedlm.fpga.parameters import FP16, EngineParameters, engine_parameters
from seedlm.fpga.report import (
    HEADLINE,
    Cycles,
    Timer,
    compare,
    layer_comparisons,
    matched_fp16_cycles,
    model_speed_up,
)
from seedlm.fpga.synthesis import RESULTS, kept_results, save_results, synthesize
from seedlm.tools._console import print_columns
from seedlm.tools._exit import exit_code_of

_TOOL = "seedlm-fpga-report"
_BATCHES = (1, 2, 4, 8, 16)
_REFRESH = MemoryTiming()
_Engines = dict[str, EngineParameters]


def main(argv: list[str] | None = None) -> int:
    """Runs the tool and returns its exit code."""
    return exit_code_of(_TOOL, lambda: _run(_parse(argv)))


def _parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=_TOOL, description=__doc__)
    parser.add_argument(
        "--code", action="append", choices=PRESETS, help="a code to report (default: all presets)"
    )
    parser.add_argument(
        "--simulate",
        type=int,
        default=600_000,
        metavar="CYCLES",
        help="simulate products of at most so many cycles (default: %(default)s)",
    )
    parser.add_argument(
        "--synthesize",
        type=Path,
        nargs="?",
        const=RESULTS,
        metavar="FILE",
        help="only synthesize the engines with yosys; keep the results here "
        "(default: where the report finds them)",
    )
    return parser.parse_args(argv)


def _run(arguments: argparse.Namespace) -> None:
    engines = {name: engine_parameters(preset(name)) for name in arguments.code or PRESETS}
    if arguments.synthesize is not None:
        save_results([synthesize(each) for each in (FP16, *engines.values())], arguments.synthesize)
        return
    ideal = Timer(IDEAL_MEMORY, arguments.simulate, _say)
    refresh = Timer(_REFRESH, arguments.simulate, _say)
    _print_headline(engines, ideal, refresh)
    _print_resources(engines)
    for name, parameters in engines.items():
        _print_batches(name, parameters, ideal)
        _print_layers(name, parameters, ideal)
    if ideal.simulations:
        print(
            f"\nThe closed form is at most {ideal.largest_error:.3%} off in {ideal.simulations} "
            f"simulations, with refresh {refresh.largest_error:.3%} in {refresh.simulations}."
        )


def _say(message: str) -> None:
    if sys.stderr.isatty():
        print(f"simulating {message}", file=sys.stderr)


def _print_headline(engines: _Engines, ideal: Timer, refresh: Timer) -> None:
    rows, columns = HEADLINE
    print(
        f"Cycles of a {rows} x {columns} matrix times one vector. Memory gives 512 bits a cycle, "
        f"the first after {_REFRESH.latency} cycles;\nwith refresh it stops for "
        f"{_REFRESH.refresh_cycles} of {_REFRESH.refresh_period} cycles. Results with * were "
        "simulated, the others are of the closed form.\n"
    )
    lines = []
    for name, parameters in {"fp16": FP16, **engines}.items():
        line = [name]
        for timer in (ideal, refresh):
            pair = compare(timer, parameters, rows, columns, 1)
            line += [_number(pair.code), f"{pair.speed_up:.3f}"]
        lines.append(line)
    print_columns(("weights", "cycles", "speed-up", "with refresh", "speed-up"), lines)


def _print_batches(name: str, parameters: EngineParameters, timer: Timer) -> None:
    rows, columns = HEADLINE
    multipliers = parameters.lanes * parameters.block
    print(
        f"\n{name}: {rows} x {columns} times several vectors. The engine has {multipliers} "
        f"multipliers, that of FP16 {FP16.lanes};\nthe last column is against FP16 with "
        f"{multipliers}, an estimate.\n"
    )
    lines = []
    for batch in _BATCHES:
        pair = compare(timer, parameters, rows, columns, batch)
        latency = timer.memory.latency
        matched = matched_fp16_cycles(parameters, rows, columns, batch, latency)
        line = [str(batch), _number(pair.fp16), _number(pair.code), f"{pair.speed_up:.2f}"]
        lines.append([*line, f"{matched / pair.code.cycles:.2f}"])
    header = ("vectors", "FP16 cycles", "cycles", "speed-up", "at equal multipliers")
    print_columns(header, lines)


def _print_layers(name: str, parameters: EngineParameters, timer: Timer) -> None:
    print(f"\n{name}: layers of Llama models, one vector.\n")
    lines = []
    for model, group in groupby(layer_comparisons(timer, parameters, 1), lambda each: each[0]):
        layers = [(layer, pair) for _, layer, pair in group]
        for layer, pair in layers:
            shape = f"{layer.rows} x {layer.columns}"
            cycles = [_number(pair.fp16), _number(pair.code)]
            lines.append([f"{model} {layer.name}", shape, *cycles, f"{pair.speed_up:.3f}"])
        lines.append([f"{model}, all", "", "", "", f"{model_speed_up(layers):.3f}"])
    print_columns(("layer", "shape", "FP16 cycles", "cycles", "speed-up"), lines)


def _print_resources(engines: _Engines) -> None:
    kept = {result.name: result for result in kept_results()}
    everything = {"fp16": FP16, **engines}
    found = {name: kept[each.name] for name, each in everything.items() if each.name in kept}
    if not found:
        return
    print(
        "\nResources of a 7-series device as yosys estimates them; nothing was placed or timed. "
        "Levels are of\nthe longest path between registers, carry the bits of the longest carry "
        "chain. A lane is one of the\nengine's.\n"
    )
    lines = []
    for name, synthesis in found.items():
        lane = f"  lane (of {synthesis.lanes})"
        for label, result in ((name, synthesis.engine), (lane, synthesis.lane)):
            counts = (result.luts, result.registers, result.multipliers, result.block_rams)
            depth = (result.levels, result.chain_bits)
            lines.append([label, *(f"{count:,g}" for count in counts), *map(str, depth)])
    header = ("engine", "LUTs", "registers", "DSP48", "RAMB36", "levels", "carry")
    print_columns(header, lines)


def _number(cycles: Cycles) -> str:
    return f"{cycles.cycles:,}{'*' if cycles.simulated else ' '}"
