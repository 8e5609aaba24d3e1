# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Cycles of the layers of Llama models, with codes and with FP16 weights."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from seedlm.fpga.cycles import product_cycles
from seedlm.fpga.device import Device, MemoryTiming, open_device
from seedlm.fpga.layout import total_beats
from seedlm.fpga.parameters import BEAT_BITS, FP16, MAX_BATCH, EngineParameters

HEADLINE = (4096, 4096)
"""Rows and columns of the matrix that the paper measures."""


@dataclass(frozen=True)
class Layer:
    """Equal matrices of a model: `count` of `rows` x `columns`."""

    name: str
    rows: int
    columns: int
    count: int


def _llama(hidden: int, kv: int, feed_forward: int, layers: int, words: int) -> tuple[Layer, ...]:
    return (
        Layer("query, output", hidden, hidden, 2 * layers),
        Layer("key, value", kv, hidden, 2 * layers),
        Layer("gate, up", feed_forward, hidden, 2 * layers),
        Layer("down", hidden, feed_forward, layers),
        Layer("head", words, hidden, 1),
    )


MODELS: dict[str, tuple[Layer, ...]] = {
    "Llama-2 7B": _llama(4096, 4096, 11008, 32, 32000),
    "Llama-2 13B": _llama(5120, 5120, 13824, 40, 32000),
    "Llama-2 70B": _llama(8192, 1024, 28672, 80, 32000),
    "Llama-3 8B": _llama(4096, 1024, 14336, 32, 128256),
    "Llama-3 70B": _llama(8192, 1024, 28672, 80, 128256),
}


@dataclass(frozen=True)
class Cycles:
    """Cycles of a product, and whether they were simulated or are of the closed form."""

    cycles: int
    simulated: bool


@dataclass
class Timer:
    """Finds cycles: simulates products of at most `limit` cycles on `memory`.

    Longer ones follow from the closed form, which knows no refresh: it is scaled by the part of the
    time that refresh leaves. `largest_error` is how far it was, relatively, from simulations.
    """

    memory: MemoryTiming
    limit: int
    progress: Callable[[str], None] = lambda _: None
    largest_error: float = 0.0
    simulations: int = 0
    _known: dict[tuple[str, int, int, int], Cycles] = field(default_factory=dict)
    _devices: dict[str, Device] = field(default_factory=dict)

    def cycles(self, parameters: EngineParameters, rows: int, columns: int, batch: int) -> Cycles:
        """Returns the cycles of a product."""
        key = (parameters.name, rows, columns, batch)
        if key not in self._known:
            self._known[key] = self._find(parameters, rows, columns, batch)
        return self._known[key]

    def _find(self, parameters: EngineParameters, rows: int, columns: int, batch: int) -> Cycles:
        expected = product_cycles(parameters, rows, columns, batch, self.memory.latency)
        expected = round(expected / self._share_of_time())
        if expected > self.limit:
            return Cycles(expected, simulated=False)
        self.progress(f"{parameters.name} {rows} x {columns}, batch {batch}")
        found = simulated_cycles(self._device(parameters), self.memory, rows, columns, batch)
        self.simulations += 1
        self.largest_error = max(self.largest_error, abs(found / expected - 1))
        return Cycles(found, simulated=True)

    def _share_of_time(self) -> float:
        """Returns the part of the time in which memory is not refreshed."""
        if not self.memory.refresh_period:
            return 1.0
        return 1 - self.memory.refresh_cycles / self.memory.refresh_period

    def _device(self, parameters: EngineParameters) -> Device:
        if parameters.name not in self._devices:
            self._devices[parameters.name] = open_device(parameters)
        return self._devices[parameters.name]


def simulated_cycles(
    device: Device, memory: MemoryTiming, rows: int, columns: int, batch: int
) -> int:
    """Returns the cycles of a product of zeros, on which they do not depend."""
    beats = np.zeros((total_beats(device.parameters, rows, columns, 0), BEAT_BITS // 8), np.uint8)
    device.set_memory(memory)
    device.reset_counters()
    device.multiply_exactly(beats, np.zeros((batch, columns), np.int16), rows)
    return device.counters().cycles


@dataclass(frozen=True)
class Comparison:
    """Cycles of a product with FP16 weights and with a code."""

    fp16: Cycles
    code: Cycles

    @property
    def speed_up(self) -> float:
        """Returns how many times as fast the code is."""
        return self.fp16.cycles / self.code.cycles


def compare(
    timer: Timer, parameters: EngineParameters, rows: int, columns: int, batch: int
) -> Comparison:
    """Returns the cycles of both engines for a product."""
    return Comparison(
        timer.cycles(FP16, rows, columns, batch), timer.cycles(parameters, rows, columns, batch)
    )


def layer_comparisons(
    timer: Timer, parameters: EngineParameters, batch: int
) -> Iterator[tuple[str, Layer, Comparison]]:
    """Yields the models' layers with the cycles of one of their matrices."""
    for model, layers in MODELS.items():
        for layer in layers:
            yield model, layer, compare(timer, parameters, layer.rows, layer.columns, batch)


def model_speed_up(comparisons: Sequence[tuple[Layer, Comparison]]) -> float:
    """Returns how many times as fast all matrices of a model are."""
    fp16 = sum(layer.count * each.fp16.cycles for layer, each in comparisons)
    return fp16 / sum(layer.count * each.code.cycles for layer, each in comparisons)


def matched_fp16_cycles(
    parameters: EngineParameters, rows: int, columns: int, batch: int, latency: int
) -> int:
    """Returns the least cycles of an FP16 engine with as many multipliers as an engine.

    They hold a beat for fewer cycles when there are several vectors; at one vector, memory is the
    limit as before. It is an estimate in favour of FP16: there is no such engine.
    """
    vectors = max(1, parameters.lanes * parameters.block // FP16.lanes)
    passes = sum(-(-min(MAX_BATCH, batch - i) // vectors) for i in range(0, batch, MAX_BATCH))
    beats = total_beats(FP16, rows, columns, 0)
    return latency + beats * passes + total_beats(FP16, rows, columns, batch) - beats
