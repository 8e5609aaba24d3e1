# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calls of CPU kernels through the harness, and random weights for them."""

import struct
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from kernel_codes import BYTE_CODES, CODES

from seedlm.codec import Code, Encoded
from seedlm.codec.packing import pack_records
from seedlm.passes.cpu_form.layout import prepared_bytes, tile_codes

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Array = npt.NDArray[Any]

_F32, _INT8, _PREPARE = range(3)
_GUARD = 0xA5
_NOTHING: Bytes = np.zeros((1, 1), np.uint8)


@dataclass(frozen=True)
class Call:
    """Where the operands of a call lie in their buffers."""

    offset: int = 0
    padding: int = 0


def random_encoded(name: str, rows: int, columns: int, seed: int = 0) -> Encoded:
    """Returns weights of random records, with all exponents and coefficients."""
    code, rng = CODES[name], np.random.default_rng(seed)
    blocks = code.blocks_per_row(columns)
    fields = (
        rng.integers(1, code.seeds, (rows, blocks), np.uint32, endpoint=True),
        rng.integers(*code.coefficient_range, (rows, blocks, code.latent), np.int8, endpoint=True),
        rng.integers(*code.exponent_range, (rows, blocks), np.int8, endpoint=True),
    )
    scale = rng.uniform(0.01, 2.0, code.scale_shape(rows, columns)).astype(code.scale_dtype)
    return Encoded(code, (rows, columns), pack_records(*fields, code), np.asarray(scale), 0.0)


def random_activations(batch: int, columns: int, seed: int = 1) -> Floats:
    return np.random.default_rng(seed).standard_normal((batch, columns)).astype(np.float32)


def multiply(command: list[str], encoded: Encoded, x: Floats, call: Call = Call()) -> Floats:
    """Returns the product x @ weights.T that a harness computes, f32 [batch, rows].

    Raises:
        AssertionError: The kernel failed or wrote to what is no part of the result.
    """
    return _product(command, (_F32, _index(encoded.code, CODES)), encoded, x, _NOTHING, call)


def multiply_int8(
    command: list[str], encoded: Encoded, x: Floats, prepared: Bytes, call: Call = Call()
) -> Floats:
    """Returns the product with activations, prepared as well, f32 [batch, rows].

    Raises as `multiply`.
    """
    function = (_INT8, _index(encoded.code, BYTE_CODES))
    return _product(command, function, encoded, x, prepared, call)


def prepare(command: list[str], code: Code, x: Floats, call: Call = Call()) -> Bytes:
    """Returns prepared activations, uint8 [batch, prepared_bytes]. Raises as `multiply`."""
    columns = x.shape[1]
    result = np.empty((len(x), prepared_bytes(code, columns)), np.uint8)
    function = (_PREPARE, _index(code, BYTE_CODES))
    matrices = [_NOTHING, _NOTHING, x, _NOTHING, result]
    return _run(command, function, matrices, (1, columns, len(x)), call)


def _product(
    command: list[str],
    function: tuple[int, int],
    encoded: Encoded,
    x: Floats,
    prepared: Bytes,
    call: Call,
) -> Floats:
    tiles = tile_codes(*encoded.fields(), encoded.code)
    result = np.empty((len(x), encoded.shape[0]), np.float32)
    matrices = [tiles, encoded.scale.reshape(1, -1), x, prepared, result]
    return _run(command, function, matrices, (*encoded.shape, len(x)), call)


def _run(
    command: list[str],
    function: tuple[int, int],
    matrices: list[Array],
    sizes: tuple[int, int, int],
    call: Call,
) -> Array:
    """Returns the last matrix as the harness writes it."""
    buffers = [_with_margins(matrix, call) for matrix in matrices]
    numbers = list(function)
    for i, (matrix, buffer) in enumerate(zip(matrices, buffers, strict=True)):
        numbers += [buffer.nbytes, call.offset]
        numbers += [matrix.shape[1] + call.padding] if i != 1 else []
    request = struct.pack(f"<{len(numbers) + 3}Q", *numbers, *sizes)
    data = b"".join([request, *(buffer.tobytes() for buffer in buffers)])
    done = subprocess.run(command, input=data, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return _without_margins(done.stdout, matrices[-1], call)


def _with_margins(matrix: Array, call: Call) -> Array:
    """Returns the buffer of a matrix with an offset and padded rows but for the last."""
    guard = np.frombuffer(bytes([_GUARD]) * matrix.itemsize, matrix.dtype)[0]
    padded = np.pad(matrix, ((0, 0), (0, call.padding)), constant_values=guard).reshape(-1)
    return np.pad(padded[: padded.size - call.padding], (call.offset, 0), constant_values=guard)


def _without_margins(buffer: bytes, like: Array, call: Call) -> Array:
    start = call.offset * like.itemsize
    row = (like.shape[1] + call.padding) * like.itemsize
    after = bytes([_GUARD]) * (call.padding * like.itemsize)
    rows = np.frombuffer(buffer[start:] + after, np.uint8).reshape(len(like), row)
    used = like.shape[1] * like.itemsize
    assert buffer[:start] == bytes([_GUARD]) * start, "wrote before the result"
    assert (rows[:, used:] == _GUARD).all(), "wrote after a row of the result"
    return np.ascontiguousarray(rows[:, :used]).view(like.dtype)


def _index(code: Code, names: Iterable[str]) -> int:
    return [CODES[name] for name in names].index(code)
