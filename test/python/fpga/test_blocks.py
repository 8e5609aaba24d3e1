# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Each block of the RTL against the reference, bit for bit."""

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from reference import CODES, random_activations, random_records

from bench import Bench, Instance, Port
from seedlm.fpga.parameters import FP16, EngineParameters, engine_parameters
from seedlm.fpga.verilog import modules

VECTORS = 100_000


@lru_cache
def datapath(name: str) -> tuple[EngineParameters, Bench]:
    """Returns an engine and a bench of its decoder and of its multipliers."""
    parameters = FP16 if name == "fp16" else engine_parameters(CODES[name])
    weights = Port("weights", parameters.weight_bits, parameters.block, signed=True)
    sizes = parameters.verilog()
    chosen = ("BLOCK", "WEIGHT_WIDTH", "SHIFT_WIDTH", "MAX_SHIFT")
    record = [Port("load"), Port("record", parameters.record_bits)]
    shift = Port("shift", parameters.shift_bits)
    tree = (parameters.block - 1).bit_length()
    value = parameters.weight_bits + 16 + tree + parameters.max_shift
    mac = Instance(
        "mac",
        "seedlm_mac",
        [weights, Port("activations", 16, parameters.block), shift],
        [Port("value", value, signed=True)],
        {key: sizes[key] for key in chosen},
    )
    if parameters.code is None:
        weight = Port("weight", parameters.weight_bits, signed=True)
        decode = Instance("decode", "seedlm_decode_fp16", record, [weight, shift])
    else:
        code = ("LATENT", "SEED_WIDTH", "COEFFICIENT_BITS", "EXPONENT_BITS", "BASIS_BITS")
        keys = ("BLOCK", "WEIGHT_WIDTH", "SHIFT_WIDTH", "RECORD_WIDTH", *code)
        decode = Instance(
            "decode", "seedlm_decode", record, [weights, shift], {key: sizes[key] for key in keys}
        )
    return parameters, Bench(name, [decode, mac], modules(parameters))


@pytest.mark.parametrize("name", CODES)
def test_decoder(name: str) -> None:
    parameters, bench = datapath(name)
    records = random_records(CODES[name], VECTORS, 1, np.random.default_rng(1))
    inputs = {"decode.record": records.words()[:, 0], "decode.load": np.ones(VECTORS)}
    outputs = bench.run(inputs)
    delay = parameters.decode_cycles
    weights = outputs["decode.weights"].reshape(VECTORS, -1)
    np.testing.assert_array_equal(weights[delay:], records.block_weights()[:-delay, 0])
    np.testing.assert_array_equal(outputs["decode.shift"][1:], records.shifts()[:-1, 0])


@pytest.mark.parametrize("name", ["seed-4bit", "fp16"])
def test_decoder_holds_its_weights_until_the_next_record(name: str) -> None:
    parameters, bench = datapath(name)
    rng = np.random.default_rng(2)
    load = rng.integers(0, 4, 2000) == 0
    load[0] = True
    records = rng.integers(0, 1 << 15, 2000)
    taken = records[np.maximum.accumulate(np.where(load, np.arange(2000), 0))]
    held = bench.run({"decode.record": records, "decode.load": load})
    fresh = bench.run({"decode.record": taken, "decode.load": np.ones(2000)})
    port = "decode.weight" if name == "fp16" else "decode.weights"
    delay = parameters.decode_cycles
    np.testing.assert_array_equal(held[port][delay:], fresh[port][delay:])


def test_fp16_decoder_knows_every_finite_number() -> None:
    parameters, bench = datapath("fp16")
    words = np.arange(1 << 16)
    words = words[(words & 0x7C00) != 0x7C00]
    outputs = bench.run({"decode.record": words, "decode.load": np.ones(len(words))})
    delay = parameters.decode_cycles
    weights = outputs["decode.weight"][delay:] << outputs["decode.shift"][1 : 1 - delay]
    expected = words.astype(np.uint16).view(np.float16).astype(np.float64) * 2.0**24
    np.testing.assert_array_equal(weights, expected[:-delay])


@pytest.mark.parametrize("name", [*CODES, "fp16"])
def test_multipliers(name: str) -> None:
    parameters, bench = datapath(name)
    rng = np.random.default_rng(3)
    high = parameters.max_weight >> parameters.max_shift
    weights = rng.integers(-high, high + 1, (VECTORS, parameters.block))
    weights[::8] = rng.choice([-high, high], weights[::8].shape)
    activations = random_activations(VECTORS, parameters.block, rng)
    shifts = rng.integers(0, parameters.max_shift + 1, VECTORS)
    early = 2 + (parameters.block - 1).bit_length()
    inputs = {
        "mac.weights": weights,
        "mac.activations": activations,
        "mac.shift": np.roll(shifts, early),
    }
    value = bench.run(inputs)["mac.value"]
    expected = (weights * activations).sum(1) << shifts
    np.testing.assert_array_equal(value[early + 1 :], expected[: -early - 1])


@lru_cache
def blocks() -> Bench:
    """Returns a bench of the blocks that hardly depend on the code."""
    stream = [Port("rst"), Port("in_valid"), Port("out_ready")]
    flow = [Port("in_ready"), Port("out_valid")]
    accumulator = Instance(
        "accumulator",
        "seedlm_accumulator",
        [
            *(Port("valid"), Port("index", 4), Port("first"), Port("last")),
            *(Port("value", 35), Port("result_index", 4)),
        ],
        [Port("result", 44, signed=True)],
        {"VALUE_WIDTH": 35, "WIDTH": 44},
    )
    skid = Instance(
        "skid",
        "seedlm_skid",
        [*stream, Port("in_data", 16)],
        [*flow, Port("out_data", 16)],
        {"WIDTH": 16},
    )
    gearboxes = [
        Instance(
            f"gearbox{step}",
            "seedlm_gearbox",
            [*stream, Port("in_data", 64, 8), Port("last")],
            [*flow, Port("form"), Port("out_data", 8, step // 8)],
            {"BEAT_WIDTH": 512, "STEP_WIDTH": step, "UNIT_WIDTH": unit},
        )
        for step, unit in ((512, 512), (576, 64), (528, 16))
    ]
    memory = Instance(
        "memory",
        "seedlm_activations",
        [
            *(Port("write"), Port("write_line", 3), Port("write_vector", 4)),
            *(Port("write_data", 16, 32), Port("read_block", 4), Port("read_vector", 4)),
        ],
        [Port("activations", 16, 12, signed=True)],
        {"BLOCK": 12, "PLACE": 16, "BANK_BITS": 1, "LINES": 8, "LINE_WIDTH": 3},
    )
    bursts = Instance(
        "bursts",
        "seedlm_bursts",
        [
            *(Port("rst"), Port("range_valid"), Port("range_address", 32)),
            *(Port("range_end", 10), Port("request_ready")),
        ],
        [
            *(Port("range_ready"), Port("request_valid")),
            *(Port("request_address", 32), Port("request_beats", 7)),
        ],
        {"COUNT_WIDTH": 10},
    )
    return Bench("blocks", [accumulator, skid, *gearboxes, memory, bursts])


def test_accumulators() -> None:
    rng = np.random.default_rng(4)
    cycles = VECTORS
    valid = rng.integers(0, 8, cycles) > 0
    index = rng.integers(0, 4, cycles)
    first = rng.integers(0, 50, cycles) == 0
    first[:64], index[:64], valid[:64] = True, np.arange(64) % 16, True
    last = rng.integers(0, 3, cycles) == 0
    limit = 1 << 34
    values = rng.integers(-limit, limit, cycles)
    values[1::5] = rng.choice([-limit, limit - 1, -1], len(values[1::5]))
    sums, results = np.zeros(16, np.int64), np.zeros((cycles, 16), np.int64)
    known = np.zeros(16, np.int64)
    for i in range(cycles):
        if valid[i]:
            sums[index[i]] = values[i] + (0 if first[i] else sums[index[i]])
            if last[i]:
                known[index[i]] = sums[index[i]]
        results[i] = known
    wrapped = (results << 20) >> 20
    shown = rng.integers(0, 4, cycles)
    names = ("valid", "index", "first", "last", "value", "result_index")
    columns = (valid, index, first, last, values, shown)
    inputs = {f"accumulator.{name}": column for name, column in zip(names, columns, strict=True)}
    result = blocks().run(inputs)["accumulator.result"]
    expected = wrapped[np.arange(cycles - 2), shown[2:]]
    np.testing.assert_array_equal(result[202:], expected[200:])


def stream(
    name: str, beats: npt.NDArray[np.int64], ready: float, steps: int | None = None
) -> npt.NDArray[np.int64]:
    """Returns what comes out of a stream whose beats come, and are taken, at random times.

    Args:
        name: The instance.
        beats: What goes in, [n] or [n, count].
        ready: How often the output is taken.
        steps: With every so many outputs a group ends, for a gearbox.
    """
    bench, rng = blocks(), np.random.default_rng(5)
    bench.reset()
    bench.step({f"{name}.rst": 1})
    taken: list[Any] = []
    sent = formed = idle = 0
    while idle < 20:
        valid, take = sent < len(beats) and rng.random() < 0.7, rng.random() < ready
        inputs = {f"{name}.in_valid": valid, f"{name}.out_ready": take}
        inputs[f"{name}.in_data"] = beats[min(sent, len(beats) - 1)]
        if steps is not None:
            inputs[f"{name}.last"] = formed % steps == steps - 1
        outputs = bench.step(inputs)
        sent += valid and bool(outputs[f"{name}.in_ready"])
        formed += int(outputs.get(f"{name}.form", 0))
        idle = 0 if valid or outputs[f"{name}.out_valid"] else idle + 1
        if take and outputs[f"{name}.out_valid"]:
            taken.append(outputs[f"{name}.out_data"])
    return np.array(taken)


@pytest.mark.parametrize("ready", [0.2, 0.9, 1.0])
def test_skid_loses_and_repeats_nothing(ready: float) -> None:
    words = np.random.default_rng(6).integers(0, 1 << 16, 200)
    np.testing.assert_array_equal(stream("skid", words, ready), words)


@pytest.mark.parametrize(("step", "steps"), [(512, 3), (576, 1), (576, 7), (576, 16), (528, 33)])
@pytest.mark.parametrize("ready", [0.3, 1.0])
def test_gearbox(step: int, steps: int, ready: float) -> None:
    rng = np.random.default_rng(7)
    group_beats = -(-steps * step // 512)
    groups = 2 + 60 // group_beats
    content = rng.integers(0, 256, (groups, steps * step // 8)).astype(np.uint8)
    padding = group_beats * 64 - content.shape[1]
    noise = rng.integers(0, 256, (groups, padding)).astype(np.uint8)
    beats = np.concatenate([content, noise], 1).reshape(-1, 64).view("<i8")
    got = stream(f"gearbox{step}", beats, ready, steps)
    np.testing.assert_array_equal(got, content.reshape(-1, step // 8))


def test_activations() -> None:
    rng = np.random.default_rng(8)
    beats = random_activations(128, 32, rng)
    lines, vectors = np.repeat(np.arange(8), 16), np.tile(np.arange(16), 8)
    reads = 5000
    block, vector = rng.integers(0, 16, reads), rng.integers(0, 16, reads)
    write = {
        "memory.write": np.ones(128),
        "memory.write_line": lines,
        "memory.write_vector": vectors,
        "memory.write_data": beats,
    }
    blocks().run(write)
    read = blocks().run({"memory.read_block": block, "memory.read_vector": vector})
    expected = beats.reshape(8, 16, 2, 16)[block // 2, vector, block % 2, :12]
    np.testing.assert_array_equal(read["memory.activations"][2:], expected[:-2])


def test_bursts_cover_each_range_once() -> None:
    rng = np.random.default_rng(9)
    ranges = [
        (int(a), int(n))
        for a, n in zip(rng.integers(0, 1 << 30, 30), (1, 64, 65) * 10, strict=True)
    ]
    ranges += [(int(a), int(n)) for a, n in rng.integers(1, 1000, (30, 2))]
    blocks().reset()
    blocks().step({"bursts.rst": 1})
    expected = [
        (address + first, min(64, beats - first))
        for address, beats in ranges
        for first in range(0, beats, 64)
    ]
    asked: list[tuple[int, int]] = []
    sent = 0
    for _ in range(4 * len(expected)):
        address, beats = ranges[min(sent, len(ranges) - 1)]
        valid, take = sent < len(ranges) and rng.random() < 0.8, rng.random() < 0.6
        inputs = {"range_valid": valid, "range_address": address, "range_end": beats - 1}
        inputs["request_ready"] = take
        outputs = blocks().step({f"bursts.{name}": value for name, value in inputs.items()})
        sent += valid and bool(outputs["bursts.range_ready"])
        if take and outputs["bursts.request_valid"]:
            asked.append((outputs["bursts.request_address"], outputs["bursts.request_beats"]))
    assert asked == expected
