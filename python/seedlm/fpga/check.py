# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A random product on a simulated device, held against the decoder."""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from seedlm.codec.basis import states
from seedlm.codec.code import Code
from seedlm.codec.packing import Integers, Seeds, pack_records
from seedlm.errors import SeedlmError
from seedlm.fpga.device import Counters, MemoryTiming, open_device
from seedlm.fpga.layout import order_codes
from seedlm.fpga.parameters import engine_parameters


def check_product(
    code: Code,
    shape: tuple[int, int, int],
    memory: MemoryTiming,
    *,
    seed: int,
    trace: Path | None = None,
) -> Counters:
    """Multiplies random matrices of a code and returns the device's counters.

    Args:
        code: The code.
        shape: Rows, columns, vectors.
        memory: The device's memory.
        seed: Of the random numbers.
        trace: A file for waveforms.

    Raises:
        SeedlmError: The shape is out of range, the device cannot be built or its results are wrong.
    """
    rows, columns, batch = shape
    if min(shape) < 1:
        raise SeedlmError(f"fpga: rows {rows}, columns {columns} or batch {batch} is below 1")
    device = open_device(engine_parameters(code), tracing=trace is not None)
    device.set_memory(memory)
    if trace is not None:
        device.trace(trace)
    device.reset_counters()
    rng = np.random.default_rng(seed)
    blocks = (rows, code.blocks_per_row(columns))
    low, high = code.coefficient_range
    seeds = rng.integers(1, code.seeds + 1, blocks).astype(np.uint32)
    coefficients = rng.integers(low, high + 1, (*blocks, code.latent)).astype(np.int8)
    least, greatest = code.exponent_range
    exponents = rng.integers(least, greatest + 1, blocks).astype(np.int8)
    activations = rng.integers(-(1 << 15), 1 << 15, (batch, columns)).astype(np.int16)
    codes = pack_records(seeds, coefficients, exponents, code)
    results = device.multiply(order_codes(codes, code, rows, columns), activations, rows)
    weights = integer_weights(seeds, coefficients, exponents, code)[:, :columns]
    step = device.parameters.segment_columns(columns)
    for segment, result in enumerate(results):
        some = slice(segment * step, (segment + 1) * step)
        if not np.array_equal(result, activations[:, some].astype(np.int64) @ weights[:, some].T):
            raise SeedlmError(f"fpga: the results of segment {segment} are wrong")
    return device.counters()


def integer_weights(
    seeds: Seeds, coefficients: Integers, exponents: Integers, code: Code
) -> npt.NDArray[np.int64]:
    """Returns the weights that the device computes with, int64 [rows, columns padded to blocks].

    With the basis values b as integers and e_0 the least exponent, a weight is
    `2**(e - e_0) * sum_p(q_p * (b_p - 2**(basis_bits-1)))`: that of the format is this times
    `scale * 2**e_0 / (2**(basis_bits-1) - 1)`.

    Args:
        seeds: uint32 [rows, blocks].
        coefficients: int8 [rows, blocks, latent].
        exponents: int8 [rows, blocks].
        code: The code.
    """
    top = states(code, seeds) >> np.uint32(code.lfsr_width - code.basis_bits)
    basis = top.astype(np.int64) - (1 << (code.basis_bits - 1))
    sums = (basis * coefficients[..., None, :]).sum(-1)
    shifts = exponents.astype(np.int64) - code.exponent_range[0]
    return (sums << shifts[..., None]).reshape(len(seeds), -1)
