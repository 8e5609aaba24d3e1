# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Levels of logic, on netlists small enough to count by hand."""

from typing import Any

import pytest

from seedlm.errors import SeedlmError
from seedlm.fpga.netlist import resources


def cell(kind: str, inputs: dict[str, list[Any]], outputs: dict[str, list[int]]) -> dict[str, Any]:
    directions = dict.fromkeys(inputs, "input") | dict.fromkeys(outputs, "output")
    connections = inputs | outputs
    return {"type": kind, "port_directions": directions, "connections": connections}


def module(*cells: dict[str, Any]) -> dict[str, Any]:
    return {"cells": {f"cell{i}": each for i, each in enumerate(cells)}}


def lut(inputs: list[int], output: int) -> dict[str, Any]:
    return cell("LUT2", {"I0": inputs[:1], "I1": inputs[1:]}, {"O": [output]})


def register(data: int, output: int) -> dict[str, Any]:
    return cell("FDRE", {"D": [data], "CE": ["1"]}, {"Q": [output]})


def carry(before: Any, first: int) -> dict[str, Any]:
    """A carry cell on the nets `first` .. first+3, with outputs first+10 .. and first+20 .."""
    nets = list(range(first, first + 4))
    outputs = {"O": [net + 10 for net in nets], "CO": [net + 20 for net in nets]}
    return cell("CARRY4", {"CI": [before], "CYINIT": ["0"], "S": nets, "DI": nets}, outputs)


def test_luts_between_registers() -> None:
    found = resources(module(register(9, 1), lut([1, 2], 3), lut([3, 1], 4), register(4, 5)))
    assert (found.levels, found.luts, found.registers) == (2, 2, 2)


def test_wide_multiplexers_and_inverters_are_free() -> None:
    mux = cell("MUXF7", {"I0": [3], "I1": [4], "S": [5]}, {"O": [6]})
    inverter = cell("INV", {"I": [6]}, {"O": [7]})
    assert resources(module(lut([1, 2], 3), lut([1, 2], 4), mux, inverter)).levels == 1


def test_a_carry_chain_is_a_level_for_each_32_bits() -> None:
    chain, before = [], "0"
    for index in range(9):
        chain.append(carry(before, 100 * (index + 1)))
        before = 100 * (index + 1) + 23  # type: ignore[assignment]
    assert resources(module(*chain[:8])).levels == 1
    found = resources(module(*chain))
    assert (found.levels, found.chain_bits) == (2, 36)
    assert resources(module(lut([1, 2], 100), *chain)).levels == 3


def test_reading_distributed_ram_is_a_level_and_writing_ends_a_path() -> None:
    addresses = {"ADDRA": [4], "ADDRD": [3]}
    ram = cell("RAM32M", addresses | {"DIA": [3], "WE": [3]}, {"DOA": [6]})
    found = resources(module(register(1, 4), lut([1, 2], 8), lut([8, 1], 3), ram))
    assert (found.levels, found.luts) == (3, 6)
    read = cell("RAM32M", {"ADDRA": [4], "DIA": [3], "WE": [3]}, {"DOA": [6]})
    assert resources(module(register(1, 4), lut([1, 2], 8), lut([8, 1], 3), read)).levels == 2


def test_multipliers_need_a_register() -> None:
    multiplier = cell("DSP48E1", {"A": [1], "B": [2]}, {"P": [3]})
    multiplier["parameters"] = {"MREG": "1", "PREG": "0"}
    assert resources(module(multiplier)).levels == 0
    multiplier["parameters"] = {"MREG": "0", "PREG": "0"}
    with pytest.raises(SeedlmError, match=r"^netlist: a multiplier has no register$"):
        resources(module(multiplier))


def test_unknown_cells_are_errors() -> None:
    with pytest.raises(SeedlmError, match=r"^netlist: unknown cell MAGIC$"):
        resources(module(cell("MAGIC", {"I": [1]}, {"O": [2]})))
