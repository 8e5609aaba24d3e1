# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Simulates RTL modules on arrays of inputs, one row a cycle."""

import ctypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from seedlm.fpga.model import Model, build

Array = npt.NDArray[np.int64]
_CYCLES_AT_A_TIME = 1 << 14
_LEAST_BITS = 96


@dataclass(frozen=True)
class Port:
    """A port of `count` numbers of `width` bits, at most 64; of unsigned ones if not `signed`."""

    name: str
    width: int = 1
    count: int = 1
    signed: bool = False

    @property
    def bits(self) -> int:
        return self.width * self.count


@dataclass(frozen=True)
class Instance:
    """An instance of a module; its port `x` is called "name.x" outside."""

    name: str
    module: str
    inputs: Sequence[Port]
    outputs: Sequence[Port]
    parameters: Mapping[str, int] = field(default_factory=dict)


class Bench:
    """Instances of modules that know nothing of each other, on one clock."""

    def __init__(
        self, name: str, instances: Sequence[Instance], generated: Mapping[str, str] | None = None
    ) -> None:
        self._inputs, in_bits = _places(instances, lambda instance: instance.inputs)
        self._outputs, out_bits = _places(instances, lambda instance: instance.outputs)
        self._in_words, self._out_words = in_bits // 32, out_bits // 32
        text = self._verilog(instances)
        library = build(
            Model(
                name=f"seedlm-bench-{name}",
                top="seedlm_bench",
                generated={"seedlm_bench.v": text} | dict(generated or {}),
                cpp=[Path(__file__).with_name("bench.cpp")],
            )
        )
        self._functions = ctypes.CDLL(str(library))
        self._functions.seedlm_bench_new.restype = ctypes.c_void_p
        self._top = ctypes.c_void_p(self._functions.seedlm_bench_new())

    def reset(self) -> None:
        """Puts the instances in a new state."""
        self._functions.seedlm_bench_delete(self._top)
        self._top = ctypes.c_void_p(self._functions.seedlm_bench_new())

    def step(self, inputs: Mapping[str, npt.ArrayLike]) -> dict[str, Any]:
        """Returns the outputs of one cycle, numbers or int64 [count]."""
        rows = {name: np.asarray(value)[None] for name, value in inputs.items()}
        return {name: values[0] for name, values in self.run(rows).items()}

    def run(self, inputs: Mapping[str, npt.ArrayLike]) -> dict[str, Array]:
        """Returns the outputs in each of the next cycles, int64 [cycles] or [cycles, count].

        Args:
            inputs: The inputs in each cycle, of the same shapes; the missing ones are 0.
        """
        arrays = {name: np.asarray(values) for name, values in inputs.items()}
        cycles = len(next(iter(arrays.values())))
        words = np.zeros((cycles, self._in_words), np.uint32)
        for name, values in arrays.items():
            port, offset = self._inputs[name]
            words[:, offset // 32 : (offset + port.bits + 31) // 32] = _to_words(values, port)
        answers = np.empty((cycles, self._out_words), np.uint32)
        self._functions.seedlm_bench_run(
            self._top,
            ctypes.c_uint64(cycles),
            words.ctypes.data_as(ctypes.c_void_p),
            answers.ctypes.data_as(ctypes.c_void_p),
        )
        return {
            name: _of_words(answers[:, offset // 32 : (offset + port.bits + 31) // 32], port)
            for name, (port, offset) in self._outputs.items()
        }

    def _verilog(self, instances: Sequence[Instance]) -> str:
        lines = [
            "module seedlm_bench (",
            "  input  wire clk,",
            f"  input  wire [{32 * self._in_words - 1}:0] in,",
            f"  output wire [{32 * self._out_words - 1}:0] out",
            ");",
        ]
        for instance in instances:
            values = ", ".join(f".{name}({value})" for name, value in instance.parameters.items())
            ports = ["    .clk(clk)"]
            for bus, places, group in (
                ("in", self._inputs, instance.inputs),
                ("out", self._outputs, instance.outputs),
            ):
                for port in group:
                    offset = places[f"{instance.name}.{port.name}"][1]
                    ports.append(f"    .{port.name}({bus}[{offset} +: {port.bits}])")
            lines.append(f"  {instance.module} #({values}) {instance.name} (")
            lines.append(",\n".join(ports) + ");")
        return "\n".join([*lines, "endmodule\n"])


def _places(instances, ports_of):  # type: ignore[no-untyped-def]
    """Returns the port and the first bit of each name, a multiple of 32, and the bits of all."""
    places: dict[str, tuple[Port, int]] = {}
    bits = 0
    for instance in instances:
        for port in ports_of(instance):
            places[f"{instance.name}.{port.name}"] = (port, bits)
            bits += -(-port.bits // 32) * 32
    return places, max(bits, _LEAST_BITS)


def _to_words(values: npt.NDArray[np.generic], port: Port) -> npt.NDArray[np.uint32]:
    rows = []
    for start in range(0, len(values), _CYCLES_AT_A_TIME):
        chunk = values[start : start + _CYCLES_AT_A_TIME].astype(np.int64).view(np.uint64)
        chunk = chunk.reshape(len(chunk), port.count, 1) >> np.arange(port.width, dtype=np.uint64)
        bits = (chunk & np.uint64(1)).astype(np.uint8).reshape(len(chunk), port.bits)
        packed = np.packbits(bits, axis=1, bitorder="little")
        padded = np.pad(packed, ((0, 0), (0, -packed.shape[1] % 4)))
        rows.append(padded.view("<u4"))
    return np.concatenate(rows)


def _of_words(words: npt.NDArray[np.uint32], port: Port) -> Array:
    rows = []
    weights = np.uint64(1) << np.arange(port.width, dtype=np.uint64)
    for start in range(0, len(words), _CYCLES_AT_A_TIME):
        chunk = np.ascontiguousarray(words[start : start + _CYCLES_AT_A_TIME]).view(np.uint8)
        bits = np.unpackbits(chunk, axis=1, count=port.bits, bitorder="little")
        numbers = (bits.reshape(-1, port.count, port.width) * weights).sum(-1, dtype=np.uint64)
        left = np.uint64(64 - port.width)
        if port.signed:
            rows.append((numbers << left).view(np.int64) >> np.int64(left))
        else:
            rows.append(numbers.view(np.int64))
    values = np.concatenate(rows)
    return values[:, 0] if port.count == 1 else values
