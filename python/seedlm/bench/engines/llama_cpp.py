# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""llama.cpp: the products of its library ggml, as it runs a model with weights of these types.

As llama.cpp does, weights go to memory in which they are repacked for the processor, if ggml has
products for them there.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from seedlm.bench.engine import Prepared, Unavailable
from seedlm.bench.engines._ggml import F32, Ggml, Pointer
from seedlm.bench.workload import Array, Workload

_BLOCK = 32
_Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class LlamaCpp:
    """Blocks of 32 columns, an f16 scale before the integers of `kind`, "q4_0" or "q8_0"."""

    kind: str

    @property
    def name(self) -> str:
        """The name in results."""
        return f"llama.cpp/{self.kind}"

    def prepare(self, workload: Workload) -> Prepared:
        """See `Engine`."""
        if workload.columns % _BLOCK:
            raise Unavailable(f"{workload.columns} columns are no multiple of {_BLOCK}")
        ggml = Ggml(workload.threads)
        number, integer_bytes, integers = _KINDS[self.kind]
        blocks = _random_blocks(workload, integer_bytes)
        products, matrices = workload.products(blocks.nbytes), workload.matrices(blocks.nbytes)
        memory = _best_memory(ggml, workload, number)
        weights = _weights(ggml, workload, number, matrices, memory)
        for i, each in enumerate(weights):
            ggml.write(each, np.roll(blocks, i, axis=1))
        context = ggml.context(3 * products)
        inputs = [
            ggml.matrix(context, F32, workload.columns, workload.batch) for _ in range(products)
        ]
        outputs = [ggml.product(context, weights[i % matrices], x) for i, x in enumerate(inputs)]
        ggml.allocate(context)
        for i, x in enumerate(inputs):
            ggml.write(x, workload.activation(i))
        graph = ggml.graph(context, outputs)
        shape = (workload.batch, workload.rows)
        return Prepared(
            matrix_bytes=blocks.nbytes,
            products=products,
            run=lambda: ggml.compute(graph),
            result=lambda product: ggml.read(outputs[product], shape),
            dense=_dense(blocks[workload.checked_rows], integers),
            rotation=_BLOCK,
            tolerance=1e-2,
        )


def _random_blocks(workload: Workload, integer_bytes: int) -> _Bytes:
    """Returns blocks [rows, blocks, bytes]."""
    rng = np.random.default_rng(0)
    shape = (workload.rows, workload.columns // _BLOCK)
    scales = rng.uniform(0.5, 1, (*shape, 1)).astype(np.float16)
    return np.concatenate(
        [scales.view(np.uint8), rng.integers(0, 256, (*shape, integer_bytes), np.uint8)], -1
    )


def _weights(
    ggml: Ggml, workload: Workload, kind: int, count: int, memory: int | None
) -> list[Pointer]:
    """Returns matrices in a type of memory."""
    context = ggml.context(count)
    weights = [ggml.matrix(context, kind, workload.columns, workload.rows) for _ in range(count)]
    ggml.allocate(context, memory)
    return weights


def _best_memory(ggml: Ggml, workload: Workload, kind: int) -> int | None:
    """Returns the first type of memory for weights with which there is a product."""
    for memory in ggml.repacked_types():
        (weights,) = _weights(ggml, workload, kind, 1, memory)
        context = ggml.context(2)
        x = ggml.matrix(context, F32, workload.columns, workload.batch)
        if ggml.supports(ggml.product(context, weights, x)):
            return memory
    return None


def _dense(blocks: _Bytes, integers: Callable[[_Bytes], Array]) -> Array:
    scales = np.ascontiguousarray(blocks[..., :2]).view(np.float16).astype(np.float32)
    return (scales * integers(blocks[..., 2:])).reshape(len(blocks), -1)


def _q4_0(integers: _Bytes) -> Array:
    """The lower nibbles are the first half of a block; all are 8 more than the number."""
    return np.concatenate([integers & 15, integers >> 4], -1).astype(np.float32) - 8


def _q8_0(integers: _Bytes) -> Array:
    return integers.view(np.int8).astype(np.float32)


_KINDS: dict[str, tuple[int, int, Callable[[_Bytes], Array]]] = {
    "q4_0": (2, _BLOCK // 2, _q4_0),
    "q8_0": (8, _BLOCK, _q8_0),
}
