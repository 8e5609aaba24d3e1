# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Matrices in the device's burst order.

Columns are cut into segments, rows into groups of `lanes`. Segment by segment and group by group,
a matrix is a run of steps: the records of one block of each of the group's rows, lowest row first,
without gaps. Records of rows past the last are 0. Each group ends with zero bits up to a beat.
"""

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from seedlm.codec.code import Code
from seedlm.codec.encoded import Encoded
from seedlm.codec.packing import pack_records, unpack_records
from seedlm.errors import SeedlmError
from seedlm.fpga.parameters import BEAT_BYTES, FP16, MAX_SIZE, EngineParameters, engine_parameters

Beats = npt.NDArray[np.uint8]
_T = TypeVar("_T", bound=np.generic)
_GROUPS_AT_A_TIME = 64
_INFINITE_EXPONENT = 0x7C00


def pack_codes(encoded: Encoded) -> Beats:
    """Returns the codes of a matrix in burst order, uint8 [beats, 64].

    Raises:
        SeedlmError: The device cannot decode the code or hold the matrix.
    """
    rows, columns = encoded.shape
    return order_codes(encoded.codes, encoded.code, rows, columns)


def order_codes(codes: npt.NDArray[np.uint8], code: Code, rows: int, columns: int) -> Beats:
    """Returns codes uint8 [rows, row_bytes] in burst order, uint8 [beats, 64].

    Raises:
        SeedlmError: The device cannot decode the code or hold the matrix.
    """
    parameters = engine_parameters(code)
    _check_size(rows, columns)
    blocks = parameters.blocks(columns)
    packed = []
    for start, end in _segments(parameters, columns):
        for first in range(0, rows, _GROUPS_AT_A_TIME * parameters.lanes):
            some = codes[first : first + _GROUPS_AT_A_TIME * parameters.lanes]
            seeds, coefficients, exponents = unpack_records(some, code, blocks)
            steps = pack_records(
                _by_step(seeds[:, start:end], parameters),
                _by_step(coefficients[:, start:end], parameters),
                _by_step(exponents[:, start:end], parameters),
                code,
            )
            packed.append(_to_beats(steps))
    return np.concatenate(packed)


def order_fp16(weights: npt.NDArray[np.float16]) -> Beats:
    """Returns FP16 weights [rows, columns] in the burst order of the baseline, uint8 [beats, 64].

    Raises:
        SeedlmError: A weight is not finite or the device cannot hold the matrix.
    """
    rows, columns = weights.shape
    _check_size(rows, columns)
    words = np.ascontiguousarray(weights).view(np.uint16)
    if np.any((words & _INFINITE_EXPONENT) == _INFINITE_EXPONENT):
        raise SeedlmError("fpga: an FP16 weight is not finite")
    packed = []
    for start, end in _segments(FP16, columns):
        steps = _by_step(words[:, start:end], FP16).astype("<u2")
        packed.append(_to_beats(steps.view(np.uint8)))
    return np.concatenate(packed)


def total_beats(parameters: EngineParameters, rows: int, columns: int, batch: int) -> int:
    """Returns the beats that a command reads: codes, and activations for `batch` vectors."""
    groups = parameters.groups(rows)
    return sum(
        parameters.lines(blocks) * batch + groups * parameters.group_beats(blocks)
        for blocks in parameters.segment_lengths(columns)
    )


def _segments(parameters: EngineParameters, columns: int) -> list[tuple[int, int]]:
    """Returns the first block of each segment and that after its last."""
    length, blocks = parameters.segment_blocks(columns), parameters.blocks(columns)
    return [(start, min(start + length, blocks)) for start in range(0, blocks, length)]


def _by_step(field: npt.NDArray[_T], parameters: EngineParameters) -> npt.NDArray[_T]:
    """Returns a field [rows, blocks, ...] of records as [groups, blocks * lanes, ...]."""
    lanes, blocks = parameters.lanes, field.shape[1]
    missing = -field.shape[0] % lanes
    padded = np.pad(field, ((0, missing), *((0, 0),) * (field.ndim - 1)))
    groups = padded.reshape(-1, lanes, *field.shape[1:]).swapaxes(1, 2)
    return groups.reshape(-1, blocks * lanes, *field.shape[2:])


def _to_beats(groups: npt.NDArray[np.uint8]) -> Beats:
    """Returns the bytes of groups [groups, bytes] as beats, each group filled up with zeros."""
    missing = -groups.shape[1] % BEAT_BYTES
    return np.pad(groups, ((0, 0), (0, missing))).reshape(-1, BEAT_BYTES)


def _check_size(rows: int, columns: int) -> None:
    if not (1 <= rows <= MAX_SIZE and 1 <= columns <= MAX_SIZE):
        raise SeedlmError(f"fpga: a matrix of {rows} x {columns} is not 1..2^20 rows and columns")
