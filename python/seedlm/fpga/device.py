# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Simulated devices: their results, cycles and memory."""

import ctypes
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from seedlm.errors import SeedlmError
from seedlm.fpga.build import build_library
from seedlm.fpga.layout import Beats, total_beats
from seedlm.fpga.parameters import EngineParameters


@dataclass(frozen=True)
class MemoryTiming:
    """The DRAM channel of a device, in cycles of the device.

    Attributes:
        width_bits: Width of the channel: a beat of 512 bits takes 512 / width cycles.
        latency: From a request to its first beat.
        bursts: Requests under way at once.
        refresh_period: From the start of a refresh to the next; 0 if there is none.
        refresh_cycles: Cycles of a refresh, in which no beat comes.
        stall_per_mille: How often a beat, or the taker of a result, is a cycle late.
        seed: Of these stalls.
    """

    width_bits: int = 512
    latency: int = 40
    bursts: int = 16
    refresh_period: int = 1560
    refresh_cycles: int = 70
    stall_per_mille: int = 0
    seed: int = 1

    def __post_init__(self) -> None:
        if self.width_bits not in (8, 16, 32, 64, 128, 256, 512):
            raise SeedlmError(f"memory: width {self.width_bits} is not a power of two in 8..512")
        if not 0 <= self.stall_per_mille < 1000:
            raise SeedlmError(f"memory: {self.stall_per_mille} stalls per mille are not in 0..999")
        if self.refresh_period and not 0 <= self.refresh_cycles < self.refresh_period:
            raise SeedlmError(
                f"memory: a refresh of {self.refresh_cycles} cycles every {self.refresh_period} "
                "leaves no time"
            )
        if self.latency < 0 or self.bursts < 1:
            raise SeedlmError("memory: the latency is negative or no burst is allowed")


IDEAL_MEMORY = MemoryTiming(refresh_period=0)
"""A channel that gives a beat a cycle after its latency."""


@dataclass(frozen=True)
class Counters:
    """What a device's counters say, summed over commands.

    Attributes:
        commands: Commands done.
        cycles: Cycles in which a command ran.
        beats: Beats of 512 bits read.
        memory_stalls: Cycles in which the device waited for memory.
        device_stalls: Cycles in which memory waited for the device.
        result_stalls: Cycles in which a result waited to be taken.
    """

    commands: int = 0
    cycles: int = 0
    beats: int = 0
    memory_stalls: int = 0
    device_stalls: int = 0
    result_stalls: int = 0

    def __add__(self, other: "Counters") -> "Counters":
        return Counters(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


class _Timing(ctypes.Structure):
    _fields_ = tuple((field.name, ctypes.c_uint32) for field in fields(MemoryTiming))


class _Counters(ctypes.Structure):
    _fields_ = tuple((field.name, ctypes.c_uint64) for field in fields(Counters))


class _Product(ctypes.Structure):
    _fields_ = (
        ("codes", ctypes.c_void_p),
        ("activations", ctypes.c_void_p),
        ("low", ctypes.c_void_p),
        ("high", ctypes.c_void_p),
        ("rows", ctypes.c_size_t),
        ("columns", ctypes.c_size_t),
        ("batch", ctypes.c_size_t),
    )


class Device:
    """The device of a library: there is one in a process, whoever uses it."""

    def __init__(self, parameters: EngineParameters, library: Path) -> None:
        """Opens a library that `seedlm.fpga.build.build_library` has built."""
        self.parameters = parameters
        self.library = library
        self._functions = ctypes.CDLL(str(library))

    def multiply(
        self, beats: Beats, activations: npt.NDArray[np.int16], rows: int
    ) -> npt.NDArray[np.int64]:
        """Returns the accumulators of a product, int64 [segments, batch, rows].

        Args:
            beats: The matrix in burst order, uint8 [beats, 64].
            activations: int16 [batch, columns].
            rows: Rows of the matrix.

        Raises:
            SeedlmError: The beats are not as many as the matrix has, or an accumulator does not
                fit 64 bits, which only those of the FP16 baseline can do.
        """
        low, high = self.multiply_exactly(beats, activations, rows)
        if np.any(high != low >> 63):
            raise SeedlmError("fpga: an accumulator is longer than 64 bits")
        return low

    def multiply_exactly(
        self, beats: Beats, activations: npt.NDArray[np.int16], rows: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Returns the low 64 bits of the accumulators and the rest, each as `multiply` does."""
        batch, columns = activations.shape
        vectors = np.ascontiguousarray(activations, np.int16)
        codes = np.ascontiguousarray(beats)
        expected = total_beats(self.parameters, rows, columns, 0)
        if codes.dtype != np.uint8 or codes.size != 64 * expected:
            raise SeedlmError(f"fpga: {codes.size} bytes of codes are not {expected} beats")
        shape = (self.parameters.segments(columns), batch, rows)
        low, high = np.empty(shape, np.int64), np.empty(shape, np.int64)
        pointers = (array.ctypes.data for array in (codes, vectors, low, high))
        self._call("multiply", ctypes.byref(_Product(*pointers, rows, columns, batch)))
        return low, high

    def set_memory(self, timing: MemoryTiming) -> None:
        """Gives the device another memory, after what it has been asked to do before."""
        values = (getattr(timing, field.name) for field in fields(timing))
        self._call("set_memory", ctypes.byref(_Timing(*values)))

    def trace(self, path: Path) -> None:
        """Writes waveforms (VCD) of what comes after; only a library built for it can.

        Raises:
            SeedlmError: The library cannot, or the file cannot be written.
        """
        self._call("trace", str(path).encode())

    def counters(self) -> Counters:
        """Returns the counters since the library was loaded or they were reset."""
        values = _Counters()
        self._call("counters", ctypes.byref(values))
        return Counters(*(getattr(values, field.name) for field in fields(Counters)))

    def reset_counters(self) -> None:
        """Sets the counters to 0."""
        self._call("reset_counters")

    def _call(self, name: str, *arguments: Any) -> None:
        function = getattr(self._functions, f"seedlm_fpga_{name}")
        function.restype = ctypes.c_char_p
        reason = function(*arguments)
        if reason is not None:
            raise SeedlmError(f"fpga: {reason.decode()}")


def open_device(parameters: EngineParameters, *, tracing: bool = False) -> Device:
    """Returns the device of an engine, building its library if need be.

    Raises:
        SeedlmError: It cannot be built.
    """
    return Device(parameters, build_library(parameters, tracing=tracing))
