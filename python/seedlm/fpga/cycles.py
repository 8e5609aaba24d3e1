# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How many cycles a product takes, in closed form, on a memory that gives a beat a cycle."""

from seedlm.fpga.parameters import MAX_BATCH, EngineParameters

# Cycles of the control logic, besides those of the datapath.
_START = 16
_BETWEEN_SEGMENTS = 5
_BETWEEN_GROUPS = 5


def product_cycles(
    parameters: EngineParameters, rows: int, columns: int, batch: int, latency: int
) -> int:
    """Returns the cycles of a product, in commands of up to 16 vectors each."""
    full, rest = divmod(batch, MAX_BATCH)
    batches = [MAX_BATCH] * full + [rest] * (rest > 0)
    return sum(command_cycles(parameters, rows, columns, each, latency) for each in batches)


def command_cycles(
    parameters: EngineParameters, rows: int, columns: int, batch: int, latency: int
) -> int:
    """Returns the cycles of a command for `batch` vectors, at most 16.

    It is exact but for one cycle and one for each segment. A group of rows takes as long as the
    slowest of reading its beats, issuing each step once a vector, and sending results.

    Args:
        parameters: The engine.
        rows: Rows of the matrix.
        columns: Columns of the matrix.
        batch: Vectors.
        latency: Cycles from a request to its first beat, at least 1.
    """
    groups = parameters.groups(rows)
    last_rows = rows - (groups - 1) * parameters.lanes
    depth = parameters.decode_cycles + (parameters.block - 1).bit_length()
    results = depth + (1 + parameters.lanes) * batch + _BETWEEN_GROUPS
    cycles = _START + latency + depth + last_rows * batch
    cycles += (parameters.segments(columns) - 1) * (parameters.decode_cycles + _BETWEEN_SEGMENTS)
    for blocks in parameters.segment_lengths(columns):
        group = max(parameters.group_beats(blocks), blocks * batch)
        cycles += parameters.lines(blocks) * batch
        cycles += (groups - 1) * max(group, results) + group
    return cycles
