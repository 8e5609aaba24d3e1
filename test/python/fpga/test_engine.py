# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Whole engines against the reference, bit for bit, and their cycles."""

import threading
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pytest
from reference import CODES, product, random_activations, random_records

from seedlm.errors import SeedlmError
from seedlm.fpga.cycles import command_cycles, product_cycles
from seedlm.fpga.device import IDEAL_MEMORY, Counters, Device, MemoryTiming, open_device
from seedlm.fpga.layout import Beats, order_codes, order_fp16, total_beats
from seedlm.fpga.parameters import FP16, engine_parameters

ENGINES = [name for name in CODES if name not in {"odd", "least", "wide"}] + ["fp16"]
SHAPES = [(1, 1, 1), (5, 30, 2), (33, 200, 16), (16, 4104, 1), (40, 129, 20), (97, 8209, 3)]
SLOW = MemoryTiming(latency=3, bursts=2, stall_per_mille=400, refresh_period=100, refresh_cycles=30)


@lru_cache
def device(name: str) -> Device:
    return open_device(FP16 if name == "fp16" else engine_parameters(CODES[name]))


def matrix(name: str, rows: int, columns: int, seed: int) -> tuple[Beats, npt.NDArray[np.int64]]:
    """Returns a random matrix in burst order and its integer weights."""
    rng = np.random.default_rng(seed)
    if name == "fp16":
        bits = rng.integers(0, 1 << 16, (rows, columns)).astype(np.uint16)
        # Not larger than 2, so that accumulators fit int64.
        weights = np.where((bits & 0x7C00) < 0x4000, bits, bits & 0x83FF).view(np.float16)
        return order_fp16(weights), (weights.astype(np.float64) * 2**24).astype(np.int64)
    records = random_records(CODES[name], rows, columns, rng)
    beats = order_codes(records.codes(), CODES[name], rows, columns)
    return beats, records.weights(columns)


def run(name: str, memory: MemoryTiming, rows: int, columns: int, batch: int) -> Counters:
    """Runs a random product, checks its results and returns the counters."""
    beats, weights = matrix(name, rows, columns, rows + columns)
    activations = random_activations(batch, columns, np.random.default_rng(batch))
    simulated = device(name)
    simulated.set_memory(memory)
    simulated.reset_counters()
    results = simulated.multiply(beats, activations, rows)
    np.testing.assert_array_equal(results, product(simulated.parameters, weights, activations))
    return simulated.counters()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", ENGINES)
def test_results(name: str, shape: tuple[int, int, int]) -> None:
    rows, columns, batch = shape
    counters = run(name, IDEAL_MEMORY, rows, columns, batch)
    parameters = device(name).parameters
    commands = -(-batch // 16)
    assert counters.commands == commands
    activations = total_beats(parameters, rows, columns, batch)
    codes = total_beats(parameters, rows, columns, 0)
    assert counters.beats == activations + (commands - 1) * codes
    predicted = product_cycles(parameters, rows, columns, batch, IDEAL_MEMORY.latency)
    assert abs(counters.cycles - predicted) <= commands * (1 + parameters.segments(columns))
    assert counters.result_stalls == 0


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", ENGINES)
def test_results_with_random_stalls(name: str, shape: tuple[int, int, int]) -> None:
    counters = run(name, SLOW, *shape)
    parameters = device(name).parameters
    rows, columns, batch = shape
    assert counters.cycles > product_cycles(parameters, rows, columns, batch, SLOW.latency)
    assert counters.result_stalls > 0 or rows * batch < 8


@pytest.mark.parametrize("batch", range(1, 17))
def test_every_batch(batch: int) -> None:
    run("seed-4bit", IDEAL_MEMORY, 20, 100, batch)


@pytest.mark.parametrize("seed", range(6))
def test_results_do_not_depend_on_stalls(seed: int) -> None:
    stall = (50, 200, 500, 700, 900, 300)[seed]
    memory = MemoryTiming(latency=seed * 7, stall_per_mille=stall, bursts=1 + seed, seed=seed)
    run("seed-3bit", memory, 50, 150, 1 + seed)


@pytest.mark.parametrize("width", [64, 128, 256])
def test_narrow_memory_takes_longer(width: int) -> None:
    memory = MemoryTiming(width_bits=width, refresh_period=0)
    counters = run("seed-4bit", memory, 32, 800, 1)
    assert counters.cycles >= counters.beats * 512 // width
    assert counters.memory_stalls >= counters.beats * (512 // width - 1)


def test_counters_of_stalls_explain_the_cycles() -> None:
    bound_by_memory = run("seed-4bit", IDEAL_MEMORY, 64, 4096, 1)
    assert bound_by_memory.device_stalls == 0
    bound_by_steps = run("seed-4bit", IDEAL_MEMORY, 64, 4096, 4)
    assert bound_by_steps.device_stalls > bound_by_steps.cycles * 0.65
    for counters in (bound_by_memory, bound_by_steps):
        known = counters.beats + counters.memory_stalls + counters.device_stalls
        assert 0 <= counters.cycles - known < 120


def test_random_shapes_on_random_memories() -> None:
    rng = np.random.default_rng(11)
    for _ in range(40):
        rows, columns, batch = (int(rng.integers(1, n)) for n in (70, 400, 19))
        memory = MemoryTiming(
            width_bits=int(rng.choice([128, 256, 512])),
            latency=int(rng.integers(0, 60)),
            bursts=int(rng.integers(1, 8)),
            refresh_period=int(rng.choice([0, 50, 300])),
            refresh_cycles=int(rng.integers(0, 40)),
            stall_per_mille=int(rng.choice([0, 100, 600])),
        )
        run("seed-4bit", memory, rows, columns, batch)


def test_commands_from_many_threads() -> None:
    simulated = device("seed-4bit")
    simulated.set_memory(IDEAL_MEMORY)
    simulated.reset_counters()
    failures: list[str] = []

    def work(seed: int) -> None:
        rows, columns = 10 + seed, 50 * (1 + seed)
        beats, weights = matrix("seed-4bit", rows, columns, seed)
        for batch in (1, 2, 17):
            activations = random_activations(batch, columns, np.random.default_rng(batch))
            results = simulated.multiply(beats, activations, rows)
            if not np.array_equal(results, product(simulated.parameters, weights, activations)):
                failures.append(f"{rows} x {columns}, {batch}")

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert simulated.counters().commands == 4 * (1 + 1 + 2)


@pytest.mark.parametrize("memory", [IDEAL_MEMORY, MemoryTiming()], ids=["ideal", "refresh"])
def test_speed_up_over_fp16(memory: MemoryTiming) -> None:
    """The goal for 4096 x 4096, on a quarter of the rows; the closed form gives the rest."""
    cycles = {}
    for name in ("fp16", "paper-4bit", "paper-3bit", "seed-4bit", "seed-3bit"):
        simulated = device(name)
        beats = np.zeros((total_beats(simulated.parameters, 1056, 4096, 0), 64), np.uint8)
        simulated.set_memory(memory)
        simulated.reset_counters()
        simulated.multiply(beats, np.ones((1, 4096), np.int16), 1056)
        cycles[name] = simulated.counters().cycles
    for name, goal in (("4bit", 3.98), ("3bit", 5.2)):
        assert cycles["fp16"] / cycles[f"paper-{name}"] > goal
        assert cycles["fp16"] / cycles[f"seed-{name}"] > goal


@pytest.mark.parametrize(("name", "goal"), [("4bit", 3.99), ("3bit", 5.2)])
def test_speed_up_of_the_whole_matrix(name: str, goal: float) -> None:
    baseline = command_cycles(FP16, 4096, 4096, 1, 40)
    for family in ("paper", "seed"):
        parameters = engine_parameters(CODES[f"{family}-{name}"])
        assert baseline / command_cycles(parameters, 4096, 4096, 1, 40) > goal


def test_accumulators_longer_than_64_bits_are_seen() -> None:
    simulated = device("fp16")
    weights = np.full((3, 4096), 65504, np.float16)
    activations = np.full((1, 4096), 32767, np.int16)
    low, high = simulated.multiply_exactly(order_fp16(weights), activations, 3)
    exact = 65504 * 2**24 * 32767 * 4096
    assert [int(h) << 64 | int(w) % 2**64 for w, h in zip(low[0, 0], high[0, 0], strict=True)] == [
        exact
    ] * 3
    with pytest.raises(SeedlmError, match=r"^fpga: an accumulator is longer than 64 bits$"):
        simulated.multiply(order_fp16(weights), activations, 3)


def test_bad_calls() -> None:
    simulated = device("seed-4bit")
    beats, _ = matrix("seed-4bit", 4, 8, 0)
    with pytest.raises(SeedlmError, match=r"^fpga: 64 bytes of codes are not 2 beats$"):
        simulated.multiply(beats, np.ones((1, 8), np.int16), 17)
    with pytest.raises(SeedlmError, match=r"^fpga: a product with no rows or columns$"):
        simulated.multiply(beats[:0], np.ones((1, 8), np.int16), 0)
    with pytest.raises(SeedlmError, match=r"^fpga: this model was not built for waveforms$"):
        simulated.trace("unused.vcd")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"width_bits": 100}, "width 100 is not a power of two in 8..512"),
        ({"stall_per_mille": 1000}, "1000 stalls per mille are not in 0..999"),
        ({"refresh_period": 10}, "a refresh of 70 cycles every 10 leaves no time"),
        ({"bursts": 0}, "the latency is negative or no burst is allowed"),
    ],
)
def test_bad_memories(values: dict[str, int], reason: str) -> None:
    with pytest.raises(SeedlmError, match=f"^memory: {reason}$"):
        MemoryTiming(**values)
