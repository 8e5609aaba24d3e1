# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Products with a weight matrix: codes beside dense weights and the 4-bit formats of others.

All engines are in one process and take turns (see `seedlm.bench.timing`). A run of an engine is
one call of it for many products, one after the other, each with activations of its own; the time
of a product is that of a run over their number, so that what a call itself costs counts little.

- Streamed: a run goes through matrices of at least the given bytes in the engine's own format
  before it comes back to the first, so that weights come from memory.
- In cache: one matrix again and again, which stays in the caches it fits into.

`stream` is the time in which the bytes of a matrix of 4 bits a weight, and nothing more, are read;
on a device that is not the CPU, that of a copy which reads and writes as many.
Every product of the first run of each engine is checked against the weights that it was given.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from seedlm.bench.engine import Engine, Prepared, Unavailable, prepare_checked
from seedlm.bench.engines.codes import Codes
from seedlm.bench.engines.llama_cpp import LlamaCpp
from seedlm.bench.engines.onnx_runtime import OnnxRuntime
from seedlm.bench.engines.open_vino import OpenVino
from seedlm.bench.engines.stock_iree import DenseIree, Int4Iree
from seedlm.bench.engines.stream import prepare_copies, prepare_stream
from seedlm.bench.engines.vulkan_codes import VulkanCodes
from seedlm.bench.timing import least_seconds
from seedlm.bench.workload import Workload

STREAM = "stream"

_STREAM_BITS = 4

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class ProductTime:
    """The time of a product, and what follows from it.

    Attributes:
        name: The engine and the format.
        shape: Rows and columns as "ROWSxCOLUMNS".
        threads: Threads.
        ms: Least wall time of a product, in milliseconds.
        gweights_per_s: Weights multiplied with, for all vectors of a batch once, in 1e9 a second.
        gbytes_per_s: Bytes of weights and scales read, in 1e9 a second.
        batch: Vectors that a product is of.
        memory: "streamed" or "cache".
        bits_per_weight: Bits read for each weight.
        stream_fraction: `gbytes_per_s` over that of `stream`; None without it.
        device: What computes, see `Workload`.
    """

    name: str
    shape: str
    threads: int
    ms: float
    gweights_per_s: float
    gbytes_per_s: float
    batch: int
    memory: str
    bits_per_weight: float
    stream_fraction: float | None
    device: str = "cpu"


def all_engines(codes: Iterable[str], device: str = "cpu") -> list[Engine]:
    """Returns what multiplies by codes on a device, and everything that is compared with."""
    if device == "vulkan":
        coded = [VulkanCodes(code, has_kernels) for code in codes for has_kernels in (True, False)]
        return [*coded, DenseIree("f32"), DenseIree("f16"), Int4Iree()]
    own = [Codes(code, activations) for code in codes for activations in ("f32", "int8")]
    dense = [DenseIree(element) for element in ("f32", "f16", "bf16")]
    peers: list[Engine] = [LlamaCpp("q4_0"), LlamaCpp("q8_0"), OnnxRuntime(), OpenVino()]
    return [*own, *dense, Int4Iree(), *peers]


def time_products(
    workload: Workload,
    engines: Sequence[Engine],
    rounds: int,
    leave_out: Callable[[str, str], None],
    *,
    with_stream: bool = True,
    progress: Progress | None = None,
) -> list[ProductTime]:
    """Times all engines that can run.

    Args:
        workload: The products.
        engines: The engines.
        rounds: Turns of each.
        leave_out: Called with the name of each engine that cannot run, and the reason.
        with_stream: Whether to read memory as well.
        progress: Called with what is done, and the steps done and of all.

    Raises:
        SeedlmError: An engine's products are wrong, or IREE failed.
    """
    report = progress or (lambda name, done, total: None)
    steps = len(engines) + rounds
    prepared: dict[str, Prepared] = {}
    for i, engine in enumerate(engines):
        report(engine.name, i, steps)
        try:
            prepared[engine.name] = prepare_checked(engine, workload)
        except Unavailable as reason:
            leave_out(engine.name, str(reason))
    stream_bytes = workload.rows * workload.columns * _STREAM_BITS // 8
    products = {name: each.products for name, each in prepared.items()}
    products[STREAM] = workload.products(stream_bytes)
    runs = {name: each.run for name, each in prepared.items()}
    if with_stream:
        matrices = workload.matrices(stream_bytes)
        size = matrices * stream_bytes
        times = products[STREAM] // matrices
        runs[STREAM] = (
            prepare_stream(size, times, workload.threads)
            if workload.device == "cpu"
            else prepare_copies(size, times, workload.device)
        )
    seconds = least_seconds(
        runs, rounds, lambda done, _: report("timing", len(engines) + done, steps)
    )
    sizes = {name: each.matrix_bytes for name, each in prepared.items()} | {STREAM: stream_bytes}
    stream = stream_bytes * products[STREAM] / seconds[STREAM] if with_stream else None
    return [
        _result(workload, name, each / products[name], sizes[name], stream)
        for name, each in seconds.items()
    ]


def _result(
    workload: Workload, name: str, seconds: float, matrix_bytes: int, stream: float | None
) -> ProductTime:
    weights = workload.rows * workload.columns
    rate = matrix_bytes / seconds
    return ProductTime(
        name=name,
        shape=f"{workload.rows}x{workload.columns}",
        threads=workload.threads,
        ms=1e3 * seconds,
        gweights_per_s=weights / seconds / 1e9,
        gbytes_per_s=rate / 1e9,
        batch=workload.batch,
        memory="streamed" if workload.distinct_bytes else "cache",
        bits_per_weight=8 * matrix_bytes / weights,
        stream_fraction=None if stream is None else rate / stream,
        device=workload.device,
    )
