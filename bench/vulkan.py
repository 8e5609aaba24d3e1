# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Time of products with coded weights on a Vulkan device, beside IREE's own f32, f16 and int4.

    python bench/vulkan.py [--size 4096] [--batch 1 16 ..] [--layers 4] [--rounds 10] [--json FILE]

A module is a chain of square layers, each with weights of its own that are arguments, so that one
call is several dispatches and no weight is left in a cache that is smaller than all of them. All
modules are compiled for the portable target, loaded into one process and called in turn; the least
time of all rounds is reported for one layer: the wall time, and the process's CPU time, which says
more where the device is lavapipe. GB/s are the bytes of a layer's weights over its wall time, to be
compared with the copy of a buffer of the size of the f32 weights, read and written.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import iree.runtime as rt
import numpy as np
from iree.compiler import ir
from numpy.typing import NDArray

from seedlm.codec import PRESETS, Code, preset
from seedlm.compiler.ir.context import make_context, write_module
from seedlm.compiler.iree import run_iree_compile
from seedlm.compiler.targets import Target
from seedlm.compiler.vulkan_target import set_portable_target
from seedlm.devices import open_device
from seedlm.passes.lower_to_linalg import LowerToLinalg
from seedlm.passes.lower_to_vulkan import LowerToVulkan
from seedlm.passes.pack_codes import PackCodes, split_planes
from seedlm.passes.pipeline import run_pipeline

Array = NDArray[Any]
_GROUP = 128
_INTEGERS = ("block", "latent", "lfsr_width", "coefficient_bits", "exponent_bits", "basis_bits")


@dataclass(frozen=True)
class Layer:
    """One layer as MLIR: y from x and the weights, whose types follow each other.

    Attributes:
        element: The type of the activations.
        weights: The weights of one layer.
        types: Their MLIR types.
        body: The operations, with `{x}`, `{y}` and `{w0}`, `{w1}`, .. for the values.
        has_kernels: Whether the kernels of the package compute it, instead of IREE's code.
    """

    element: str
    weights: list[Array]
    types: list[str]
    body: str
    has_kernels: bool = False


@dataclass(frozen=True)
class Result:
    """The least time of one layer."""

    weights: str
    batch: int
    wall_ms: float
    cpu_ms: float
    gigabytes_per_second: float


def main() -> None:
    """Prints a table, and writes it as JSON if asked to."""
    arguments = _parse()
    device = open_device("vulkan")
    copy = _copy_bandwidth(device, arguments.size)
    print(f"copy: {copy:.1f} GB/s read and written, {arguments.size} x {arguments.size}")
    results = []
    for batch in arguments.batch:
        calls = {name: _load(layer, batch, arguments) for name, layer in _layers(batch, arguments)}
        results += _time_in_turn(calls, batch, arguments)
    for result in results:
        print(
            f"{result.weights:19} batch {result.batch:3}: {result.wall_ms:8.3f} ms, "
            f"CPU {result.cpu_ms:8.3f} ms, {result.gigabytes_per_second:7.2f} GB/s"
        )
    if arguments.json:
        content = {"copy_gigabytes_per_second": copy, "results": [asdict(r) for r in results]}
        arguments.json.write_text(json.dumps(content, indent=2) + "\n")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Compare products on a Vulkan device.")
    parser.add_argument("--size", type=int, default=4096, help="rows and columns of a weight")
    parser.add_argument("--batch", type=int, nargs="+", default=[1])
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--codes", nargs="+", default=list(PRESETS), choices=PRESETS)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def _layers(batch: int, arguments: argparse.Namespace) -> list[tuple[str, Layer]]:
    size = arguments.size
    dense = [(kind, _dense(kind, batch, size)) for kind in ("f32", "f16")]
    layers = [*dense, ("int4-g128", _int4(batch, size))]
    for code in arguments.codes:
        portable = _coded(preset(code), batch, size)
        layers.append((f"{code} portable", portable))
        layers.append((f"{code} kernels", replace(portable, has_kernels=True)))
    return layers


def _dense(element: str, batch: int, size: int) -> Layer:
    dtype = np.float16 if element == "f16" else np.float32
    weight = np.full((size, size), 1 / size, dtype)
    widen = "" if element == "f32" else "    %a = arith.extf %p : f16 to f32\n"
    widen += "" if element == "f32" else "    %b = arith.extf %q : f16 to f32\n"
    left, right = ("%p", "%q") if element == "f32" else ("%a", "%b")
    body = _contraction(
        batch,
        size,
        element,
        maps=["(m, n, k) -> (n, k)"],
        loops="(m, n, k)",
        columns="(m, n, k) -> (m, k)",
        iterators='"parallel", "parallel", "reduction"',
        inputs=f"{{x}}, {{w0}} : tensor<{batch}x{size}x{element}>, tensor<{size}x{size}x{element}>",
        arguments=f"%p: {element}, %q: {element}",
        code=f"{widen}    %t = arith.mulf {left}, {right} : f32\n",
    )
    return Layer(element, [weight], [f"tensor<{size}x{size}x{element}>"], body)


def _int4(batch: int, size: int) -> Layer:
    """Signed integers of 4 bits with an f16 scale for each group of 128 columns."""
    groups = size // _GROUP
    values = np.full((size, groups, _GROUP // 2), 0x11, np.int8)
    scales = np.full((size, groups), 1 / size, np.float16)
    packed, integers = f"{size}x{groups}x{_GROUP // 2}xi8", f"{size}x{groups}x{_GROUP}xi4"
    types = [f"tensor<{packed}>", f"tensor<{size}x{groups}xf16>"]
    expanded = f"tensor<{batch}x{groups}x{_GROUP}xf32>"
    expand = (
        f"  {{y}}_x = tensor.expand_shape {{x}} [[0], [1, 2]] "
        f"output_shape [{batch}, {groups}, {_GROUP}] : tensor<{batch}x{size}xf32> into {expanded}\n"
        f"  {{y}}_w = flow.tensor.bitcast {{w0}} : {types[0]} -> tensor<{integers}>\n"
    )
    body = _contraction(
        batch,
        size,
        "f32",
        maps=["(m, n, g, k) -> (n, g, k)", "(m, n, g, k) -> (n, g)"],
        loops="(m, n, g, k)",
        columns="(m, n, g, k) -> (m, g, k)",
        iterators='"parallel", "parallel", "reduction", "reduction"',
        inputs=f"{{y}}_x, {{y}}_w, {{w1}} : {expanded}, tensor<{integers}>, {types[1]}",
        arguments="%p: f32, %q: i4, %s: f16",
        code="    %i = arith.sitofp %q : i4 to f32\n    %f = arith.extf %s : f16 to f32\n"
        "    %w = arith.mulf %i, %f : f32\n    %t = arith.mulf %p, %w : f32\n",
    )
    return Layer("f32", [values, scales], types, expand + body)


def _contraction(
    batch: int,
    size: int,
    element: str,
    *,
    maps: list[str],
    loops: str,
    columns: str,
    iterators: str,
    inputs: str,
    arguments: str,
    code: str,
) -> str:
    result = f"tensor<{batch}x{size}xf32>"
    all_maps = ", ".join(f"affine_map<{each}>" for each in [columns, *maps, f"{loops} -> (m, n)"])
    text = (
        f"  {{y}}_zero = arith.constant 0.0 : f32\n"
        f"  {{y}}_empty = tensor.empty() : {result}\n"
        f"  {{y}}_init = linalg.fill ins({{y}}_zero : f32) outs({{y}}_empty : {result}) "
        f"-> {result}\n"
        f"  {{y}}_sum = linalg.generic {{{{indexing_maps = [{all_maps}], "
        f"iterator_types = [{iterators}]}}}} ins({inputs}) outs({{y}}_init : {result}) {{{{\n"
        f"  ^bb0({arguments}, %acc: f32):\n{code}"
        f"    %total = arith.addf %acc, %t : f32\n    linalg.yield %total : f32\n"
        f"  }}}} -> {result}\n"
    )
    final = f"tensor<{batch}x{size}x{element}>"
    if element == "f32":
        return text + f"  {{y}} = tensor.cast {{y}}_sum : {result} to {final}\n"
    return text + f"  {{y}} = arith.truncf {{y}}_sum : {result} to {final}\n"


def _coded(code: Code, batch: int, size: int) -> Layer:
    rng = np.random.default_rng(0)
    codes = rng.integers(-128, 127, (size, code.row_bytes(size)), np.int8, endpoint=True)
    words, bytes_ = split_planes(codes, code.record_bits)
    scale = np.full(code.scale_shape(size, size), 1e-3, code.scale_dtype)
    planes = [*words, *bytes_]
    types = [f"tensor<{'x'.join(map(str, p.shape))}x{'i' + str(8 * p.itemsize)}>" for p in planes]
    shape = "".join(f"{n}x" for n in scale.shape)
    scale_type = f"tensor<{shape}{code.scale_type}>"
    x, joined = f"tensor<{batch}x{size}xf32>", f"tensor<{size}x{codes.shape[1]}xi8>"
    integers = ", ".join(f"{name} = {getattr(code, name)}" for name in _INTEGERS)
    taps = ", ".join(map(str, code.taps))
    operands = ", ".join(f"{{w{i}}}" for i in range(len(planes)))
    body = (
        f'  {{y}}_codes = "seedlm.join_planes"({operands}) {{{{operandSegmentSizes = '
        f"array<i32: {len(words)}, {len(bytes_)}>}}}} : ({', '.join(types)}) -> {joined}\n"
        f'  {{y}} = "seedlm.contract"({{x}}, {{y}}_codes, {{w{len(planes)}}}) {{{{indexing_maps = '
        "[affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (m, n)>], "
        f'generator = "lfsr", taps = array<i64: {taps}>, {integers}}}}} '
        f": ({x}, {joined}, {scale_type}) -> {x}\n"
    )
    return Layer("f32", [*planes, scale], [*types, scale_type], body)


def _load(layer: Layer, batch: int, arguments: argparse.Namespace) -> Callable[[], None]:
    with tempfile.TemporaryDirectory() as folder:
        path = _compile(_chain(layer, batch, arguments), layer.has_kernels, Path(folder))
        config = rt.Config(device=open_device("vulkan"))
        module = rt.VmModule.copy_buffer(config.vm_instance, path.read_bytes())
    context = rt.SystemContext(vm_modules=[module], config=config)
    dtype = np.float16 if layer.element == "f16" else np.float32
    inputs = [np.ones((batch, arguments.size), dtype), *layer.weights * arguments.layers]
    buffers = [rt.asdevicearray(config.device, each) for each in inputs]
    function = rt.FunctionInvoker(context.vm_context, config.device, module.lookup_function("f"))

    def call() -> None:
        function(*buffers)

    return call


def _chain(layer: Layer, batch: int, arguments: argparse.Namespace) -> str:
    x = f"tensor<{batch}x{arguments.size}x{layer.element}>"
    names = [f"%w{i}" for i in range(len(layer.types) * arguments.layers)]
    typed = [f"{n}: {t}" for n, t in zip(names, layer.types * arguments.layers, strict=True)]
    body = ""
    for i in range(arguments.layers):
        own = names[i * len(layer.types) : (i + 1) * len(layer.types)]
        values = {f"w{j}": name for j, name in enumerate(own)}
        body += layer.body.format(x=f"%x{i}", y=f"%x{i + 1}", **values)
    return (
        f"util.func public @f(%x0: {x}, {', '.join(typed)}) -> {x} {{\n{body}"
        f"  util.return %x{arguments.layers} : {x}\n}}\n"
    )


def _compile(text: str, has_kernels: bool, folder: Path) -> Path:
    module = ir.Module.parse(text, make_context())
    with module.context:
        kernels = [LowerToVulkan()] if has_kernels else []
        run_pipeline(module, [PackCodes(), *kernels, LowerToLinalg()])
    set_portable_target(module)
    lowered, compiled = folder / "f.mlirbc", folder / "f.vmfb"
    write_module(module, lowered)
    flags = [*Target("vulkan").iree_flags(), "--compile-from=input"]
    run_iree_compile([str(lowered), *flags, "-o", str(compiled)], compiled)
    return compiled


def _time_in_turn(
    calls: dict[str, Callable[[], None]], batch: int, arguments: argparse.Namespace
) -> list[Result]:
    wall, cpu = dict.fromkeys(calls, float("inf")), dict.fromkeys(calls, float("inf"))
    for call in calls.values():
        call()
    for _ in range(arguments.rounds):
        for name, call in calls.items():
            start, start_cpu = time.perf_counter(), time.process_time()
            call()
            wall[name] = min(wall[name], time.perf_counter() - start)
            cpu[name] = min(cpu[name], time.process_time() - start_cpu)
    sizes = {
        name: sum(w.nbytes for w in layer.weights) for name, layer in _layers(batch, arguments)
    }
    return [
        Result(
            weights=name,
            batch=batch,
            wall_ms=1e3 * wall[name] / arguments.layers,
            cpu_ms=1e3 * cpu[name] / arguments.layers,
            gigabytes_per_second=1e-9 * sizes[name] * arguments.layers / wall[name],
        )
        for name in calls
    ]


def _copy_bandwidth(device: rt.HalDevice, size: int) -> float:
    """Returns what a copy of the device reads and writes in a second, in GB."""
    allocate = device.allocator.allocate_buffer
    kind, usage = int(rt.MemoryType.DEVICE_LOCAL), int(rt.BufferUsage.DEFAULT)
    source, target = (allocate(kind, usage, 4 * size * size) for _ in range(2))
    best = float("inf")
    for _ in range(10):
        semaphore = device.create_semaphore(0)
        start = time.perf_counter()
        ready, done = (rt.HalFence.create_at(semaphore, value) for value in (0, 1))
        device.queue_copy(source, target, ready, done)
        done.wait()
        best = min(best, time.perf_counter() - start)
    return 2e-9 * 4 * size * size / best


if __name__ == "__main__":
    main()
