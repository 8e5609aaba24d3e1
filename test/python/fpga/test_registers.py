# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The control registers, access by access."""

from functools import lru_cache
from typing import Any

import pytest

from bench import Bench, Instance, Port

ROWS, BLOCKS, SEGMENT, BATCH, STATUS, IDENTITY = 0x08, 0x0C, 0x10, 0x14, 0x04, 0x48
GOOD = {ROWS: 7, BLOCKS: 100, SEGMENT: 60, BATCH: 16}


@lru_cache
def bench() -> Bench:
    accesses = [Port("access_valid"), Port("access_write"), Port("access_address", 8)]
    events = ["busy", "done", "beat_taken", "beat_missing", "beat_waiting", "result_waiting"]
    shapes = [Port("rows", 21), Port("blocks", 21), Port("segment", 10), Port("batch", 5)]
    inputs = [*accesses, Port("access_data", 32), Port("read_ready"), *map(Port, events)]
    answers = [Port("access_ready"), Port("read_valid"), Port("read_data", 32), Port("start")]
    addresses = [Port("activations_address", 32), Port("codes_address", 32)]
    sizes = {"LANES": 16, "BLOCK": 8, "MAX_SEGMENT": 512, "SEGMENT_WIDTH": 10}
    instance = Instance(
        "r", "seedlm_registers", [Port("rst"), *inputs], [*answers, *shapes, *addresses], sizes
    )
    return Bench("registers", [instance])


def step(**inputs: int) -> dict[str, Any]:
    words = {"rst": 0} | inputs
    outputs = bench().step({f"r.{name}": value for name, value in words.items()})
    return {name.removeprefix("r."): value for name, value in outputs.items()}


def write(address: int, value: int) -> None:
    inputs = {"access_address": address, "access_data": value}
    assert step(access_valid=1, access_write=1, **inputs)["access_ready"]


def read(address: int) -> int:
    assert step(access_valid=1, access_address=address)["access_ready"]
    outputs = step(read_ready=1)
    assert outputs["read_valid"]
    return int(outputs["read_data"])


def start(values: dict[int, int]) -> dict[str, Any]:
    """Starts a command and returns the outputs of the cycle in which the engine would."""
    bench().reset()
    step(rst=1)
    for address, value in values.items():
        write(address, value)
    write(0, 1)
    step()
    return step()


def test_start_hands_over_the_shape() -> None:
    outputs = start(GOOD | {0x18: 5, 0x1C: 1 << 31})
    assert outputs["start"] == 1
    names = ("rows", "blocks", "segment", "batch", "activations_address", "codes_address")
    assert [outputs[name] for name in names] == [7, 100, 60, 16, 5, 1 << 31]
    assert step()["start"] == 0


@pytest.mark.parametrize("address", GOOD)
@pytest.mark.parametrize("value", [0, (1 << 20) + 1, (1 << 21) + 1, (1 << 31) + 1])
def test_shapes_out_of_range_are_refused(address: int, value: int) -> None:
    assert start(GOOD | {address: value})["start"] == 0
    assert read(STATUS) == 4


@pytest.mark.parametrize(("address", "limit"), [(ROWS, 1 << 20), (BLOCKS, 1 << 20), (SEGMENT, 512)])
def test_limits_of_shapes(address: int, limit: int) -> None:
    assert start(GOOD | {address: limit})["start"] == 1
    assert start(GOOD | {address: limit + 1})["start"] == 0
    assert read(address) == limit + 1


def test_the_next_start_waits_until_the_device_is_idle() -> None:
    start(GOOD)
    again = {"access_valid": 1, "access_write": 1, "access_data": 1}
    assert step(busy=1, **again)["access_ready"] == 0
    assert step(busy=1, access_valid=1, access_write=1, access_address=ROWS)["access_ready"] == 1
    assert step(busy=1, done=1, **again)["access_ready"] == 0
    assert step(**again)["access_ready"] == 1


def test_status_and_counters() -> None:
    start(GOOD)
    for _ in range(5):
        step(busy=1, beat_taken=1)
    for _ in range(3):
        step(busy=1, beat_missing=1)
    for _ in range(2):
        step(busy=1, beat_waiting=1, result_waiting=1)
    step(busy=1, done=1)
    assert read(STATUS) == 2
    assert [read(address) for address in range(0x20, 0x48, 8)] == [12, 5, 3, 2, 2]
    assert [read(address) for address in range(0x24, 0x48, 8)] == [0] * 5
    assert read(IDENTITY) == 16 | 8 << 8 | 512 << 16


def test_a_read_waits_until_it_is_taken() -> None:
    start(GOOD)
    step(access_valid=1, access_address=ROWS)
    for _ in range(3):
        outputs = step(access_valid=1, access_address=BATCH)
        assert (outputs["read_valid"], outputs["read_data"], outputs["access_ready"]) == (1, 7, 0)
    assert step(access_valid=1, access_address=BATCH, read_ready=1)["access_ready"] == 1
    assert step(read_ready=1)["read_data"] == 16
