# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Depth and resources of a netlist of 7-series cells, as yosys writes it (`write_json`).

Levels of a path between registers are counted like this: a LUT is one; a carry chain is one for
each started CHAIN_BITS bits that a path runs along it; reading distributed RAM is one; the
multiplexers that join LUTs of a slice (MUXF7, MUXF8) and inverters, which end up in LUTs or
registers, are none. Registers, shift registers, block RAM and multipliers with an output register
end a path.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from seedlm.errors import SeedlmError

CHAIN_BITS = 32

_CARRY_BITS = 4
_CHAIN_CELLS = CHAIN_BITS // _CARRY_BITS
_FREE = {"MUXF7", "MUXF8", "INV"}
_RAM_LUTS = {"RAM32M": 4, "RAM64M": 4, "RAM32X1D": 2, "RAM64X1D": 2}
_RAM_ADDRESSES = ("ADDRA", "ADDRB", "ADDRC", "ADDRD")
_REGISTERS = {"FDRE", "FDSE", "FDCE", "FDPE", "SRL16E", "SRLC32E", "RAMB18E1", "RAMB36E1"}
_Cell = Mapping[str, Any]


@dataclass(frozen=True)
class Resources:
    """What an engine takes of a device of the 7 series, and its longest path.

    Attributes:
        luts: Look-up tables, those that serve as RAM or shift registers included.
        registers: Flip-flops.
        multipliers: DSP48E1.
        block_rams: RAMB36E1, half a one counted as a half.
        levels: Levels of the longest path between registers.
        chain_bits: Bits of the longest carry chain.
    """

    luts: int
    registers: int
    multipliers: int
    block_rams: float
    levels: int
    chain_bits: int


def resources(module: Mapping[str, Any]) -> Resources:
    """Returns the resources of a flat module of a netlist.

    Raises:
        SeedlmError: It has a cell that is not of the 7 series, or a multiplier without a register.
    """
    cells = {name: cell for name, cell in module["cells"].items() if cell["type"][0] != "$"}
    count = Counter(cell["type"] for cell in cells.values())
    luts = sum(number for kind, number in count.items() if kind.startswith("LUT"))
    luts += sum(_RAM_LUTS.get(kind, 0) * number for kind, number in count.items())
    luts += count["SRL16E"] + count["SRLC32E"]
    depth = _Depth(cells)
    return Resources(
        luts=luts,
        registers=sum(number for kind, number in count.items() if kind.startswith("FD")),
        multipliers=count["DSP48E1"],
        block_rams=count["RAMB36E1"] + count["RAMB18E1"] / 2,
        levels=depth.levels(),
        chain_bits=depth.longest_chain() * _CARRY_BITS,
    )


class _Depth:
    """The levels in front of each net."""

    def __init__(self, cells: Mapping[str, _Cell]) -> None:
        self._drivers: dict[int, tuple[_Cell, str]] = {}
        for cell in cells.values():
            for port in _outputs(cell):
                for bit in cell["connections"][port]:
                    self._drivers[bit] = (cell, port)
        self._levels: dict[int, int] = {}
        self._chains: dict[int, int] = {}
        self._place_in_chain: dict[int, int] = {}

    def levels(self) -> int:
        return max((self._level(bit) for bit in self._drivers), default=0)

    def longest_chain(self) -> int:
        cells = {id(cell): cell for cell, _ in self._drivers.values() if cell["type"] == "CARRY4"}
        return max((self._place(cell) for cell in cells.values()), default=0)

    def _level(self, net: int) -> int:
        """Returns the levels up to a net, by an explicit stack: paths are longer than Python's."""
        stack = [net]
        while stack:
            top = stack[-1]
            if top in self._levels:
                stack.pop()
                continue
            before = list(self._before(top))
            missing = [bit for bit, _ in before if bit not in self._levels]
            if missing:
                stack.extend(missing)
                continue
            self._levels[top] = max((self._levels[bit] + cost for bit, cost in before), default=0)
            stack.pop()
        return self._levels[net]

    def _before(self, net: int) -> Iterator[tuple[int, int]]:
        """Yields the nets that a net follows from without a register, and the levels between."""
        cell, port = self._drivers.get(net, (None, ""))
        if cell is None or _is_register(cell):
            return
        if cell["type"] == "CARRY4":
            yield from self._before_carry(cell, cell["connections"][port].index(net))
            return
        ports = _RAM_ADDRESSES if cell["type"] in _RAM_LUTS else _inputs(cell)
        cost = 0 if cell["type"] in _FREE else 1
        for name in ports:
            yield from ((bit, cost) for bit in _nets(cell, name))

    def _before_carry(self, cell: _Cell, index: int) -> Iterator[tuple[int, int]]:
        # A level is charged where a path enters the chain and where it begins another stretch.
        stretch = int(self._place(cell) % _CHAIN_CELLS == 1)
        for bit in _nets(cell, "CI"):
            yield bit, stretch
        for bit in _nets(cell, "CYINIT"):
            yield bit, 1
        for name in ("S", "DI"):
            for bit in cell["connections"][name][: index + 1]:
                if isinstance(bit, int):
                    yield bit, 1

    def _place(self, cell: _Cell) -> int:
        """Returns the place of a carry cell in its chain, from 1 on."""
        place, seen = 1, cell
        while True:
            before = [self._drivers[bit][0] for bit in _nets(seen, "CI") if bit in self._drivers]
            if not before or before[0]["type"] != "CARRY4":
                return place
            place, seen = place + 1, before[0]


def _is_register(cell: _Cell) -> bool:
    if cell["type"] == "DSP48E1":
        if not any(int(cell["parameters"][name], 2) for name in ("MREG", "PREG")):
            raise SeedlmError("netlist: a multiplier has no register")
        return True
    if cell["type"] in _REGISTERS:
        return True
    if not (cell["type"].startswith("LUT") or cell["type"] in {"CARRY4", *_FREE, *_RAM_LUTS}):
        raise SeedlmError(f"netlist: unknown cell {cell['type']}")
    return False


def _outputs(cell: _Cell) -> list[str]:
    return [port for port, way in cell["port_directions"].items() if way == "output"]


def _inputs(cell: _Cell) -> list[str]:
    return [port for port, way in cell["port_directions"].items() if way == "input"]


def _nets(cell: _Cell, port: str) -> list[int]:
    """Returns the nets at a port, without constants and unconnected bits."""
    return [bit for bit in cell["connections"].get(port, ()) if isinstance(bit, int)]
