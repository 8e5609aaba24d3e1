# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calls of CPU kernels through the harness, and random weights for them."""

import struct
import subprocess
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from seedlm.codec import PRESETS, Code, Encoded, preset
from seedlm.codec.packing import Codes, pack_records
from seedlm.passes.cpu_form.layout import tile_codes

Floats = npt.NDArray[np.float32]

GUARD = np.float32(-12345.0)


@dataclass(frozen=True)
class Call:
    """Where the operands of a call lie in their buffers."""

    offset: int = 0
    padding: int = 0


def random_encoded(name: str, rows: int, columns: int, seed: int = 0) -> Encoded:
    """Returns weights of random records, with all exponents and coefficients."""
    code, rng = preset(name), np.random.default_rng(seed)
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
    rows, columns = encoded.shape
    tiles = tile_codes(*encoded.fields(), encoded.code)
    codes = _with_margins(tiles, call)
    scale = np.pad(encoded.scale.reshape(-1), (call.offset, 0))
    activations = _with_margins(x, call)
    y = np.full(call.offset + len(x) * (rows + call.padding), GUARD, np.float32)
    sizes = [
        _preset_index(encoded.code),
        *(codes.nbytes, call.offset, tiles.shape[1] + call.padding),
        *(scale.nbytes, call.offset),
        *(activations.nbytes, call.offset, columns + call.padding),
        *(y.nbytes, call.offset, rows + call.padding),
        *(rows, columns, len(x)),
    ]
    request = struct.pack(f"<{len(sizes)}Q", *sizes)
    data = b"".join([request, *(a.tobytes() for a in (codes, scale, activations, y))])
    done = subprocess.run(command, input=data, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    result = np.frombuffer(done.stdout, np.float32)
    matrix = result[call.offset :].reshape(len(x), -1)
    assert (result[: call.offset] == GUARD).all(), "wrote before the result"
    assert (matrix[:, rows:] == GUARD).all(), "wrote after a row of the result"
    return matrix[:, :rows]


def _with_margins(matrix: npt.NDArray[np.generic], call: Call) -> npt.NDArray[np.generic]:
    """Returns the buffer of a matrix with an offset and padded rows but for the last."""
    padded = np.pad(matrix, ((0, 0), (0, call.padding))).reshape(-1)
    return np.pad(padded[: padded.size - call.padding], (call.offset, 0))


def _preset_index(code: Code) -> int:
    return [preset(name) for name in PRESETS].index(code)


__all__ = ["Call", "Codes", "multiply", "random_activations", "random_encoded"]
