# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Rows of real models' weights, and the errors of codes on them."""

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx

from seedlm.codec import Code, _native
from seedlm.codec.decoder import decode_blocks
from seedlm.codec.native import Records, native_code

Floats = npt.NDArray[np.float32]

_SEGMENT = 72
_SAMPLE = 384


def real_rows(models: Path) -> Iterator[Floats]:
    """Yields rows of the weights of real models, by model and length."""
    for name, every in (("smollm2.onnx", 9), ("minilm-l3.onnx", 1)):
        graph = onnx.load(models / name, load_external_data=False).graph
        used = {node.input[1] for node in graph.node if node.op_type == "MatMul"}
        tensors = [t for t in graph.initializer if t.name in used and len(t.dims) == 2]
        rows: dict[int, list[Floats]] = {}
        for index, tensor in enumerate(tensors[::every]):
            weights = onnx.numpy_helper.to_array(tensor, str(models)).T
            row = weights[np.random.default_rng(index).integers(len(weights))]
            rows.setdefault(len(row), []).append(row / np.sqrt(np.square(weights).mean()))
        yield from (np.array(group, np.float32) for group in rows.values())


def differences(matrix: Floats, code: Code) -> Floats:
    """Returns decoded weights less the weights, with scales as good as a sample of blocks tells."""
    columns = matrix.shape[1]
    padded = np.pad(matrix, ((0, 0), (0, -columns % code.block)))
    blocks = padded.reshape(-1, code.block)
    sizes = _sizes(padded, code, columns).reshape(-1)
    sample = slice(None, None, max(1, len(blocks) // _SAMPLE))
    multiple = _best_multiple(blocks[sample], sizes[sample], code)
    scales = _stored(multiple * sizes, code)
    records = Records(*_native.encode_blocks(blocks, scales, native_code(code), threads=1))
    decoded = decode_blocks(*records[:3], scales, code).reshape(padded.shape)
    return (decoded - padded)[:, :columns]


def _sizes(padded: Floats, code: Code, columns: int) -> Floats:
    """Returns the root mean square of what shares a scale, of each block [rows, blocks]."""
    groups = code.scale_groups(columns)
    starts = np.flatnonzero(np.diff(groups, prepend=-1))
    counts = np.diff(np.append(starts * code.block, columns))
    means = np.add.reduceat(np.square(padded), starts * code.block, axis=1) / counts
    if code.scale == "tensor":
        means[:] = means.mean()
    return np.sqrt(means)[:, groups]


def _best_multiple(blocks: Floats, sizes: Floats, code: Code) -> float:
    native = native_code(code)

    @cache
    def error(octave: float) -> float:
        scales = _stored(2.0**octave * sizes, code)
        return float(_native.encode_blocks(blocks, scales, native, threads=1)[3].sum())

    octave = -1.5
    for step in (0.5, 0.25, 0.125):
        while error(nearest := min(octave - step, octave + step, key=error)) < error(octave):
            octave = nearest
    return float(2.0**octave)


def _stored(scales: Floats, code: Code) -> Floats:
    return scales.astype(code.scale_dtype).astype(np.float32)


def segments(matrices: Iterable[Floats]) -> list[float]:
    """Returns the squared norms of the segments of all rows."""
    flat = np.concatenate([np.square(m, dtype=np.float64).reshape(-1) for m in matrices])
    return [float(x) for x in np.add.reduceat(flat, np.arange(0, len(flat), _SEGMENT))]
