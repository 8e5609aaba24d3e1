# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A model compiled once, and run with the weights of one code after another.

Stock IREE compiles the model with its weights as parameters; a code is a copy of the parameter
archive in which the weights that the code applies to are replaced by their decoded f32 values.
"""

import hashlib
import importlib.metadata
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import iree.runtime as rt
import numpy as np
import numpy.typing as npt
import onnx
from rich.console import Console
from rich.progress import track

from seedlm.codec import PRESETS, decode, encode, preset

Weights = npt.NDArray[np.float32]

CODES = ("f32", "rtn4-g128", *PRESETS)

_GROUP = 128
_CLIPS = np.arange(20, 47) / 40
_COMPILE_FLAGS = (
    "--iree-hal-target-device=local",
    "--iree-hal-local-target-device-backends=llvm-cpu",
    "--iree-llvmcpu-target-cpu=host",
)


@dataclass(frozen=True)
class Linear:
    """A weight to code: its parameter name, its ONNX initializer, and whether that is [in, out]."""

    parameter: str
    initializer: onnx.TensorProto
    transposed: bool


@dataclass(frozen=True)
class Program:
    """A compiled model and the f32 parameters that it was exported with."""

    model: Path
    module: Path
    archive: Path
    linears: tuple[Linear, ...]


@dataclass(frozen=True)
class Coding:
    """A parameter archive with decoded weights, and what the code took."""

    archive: Path
    bits_per_weight: float
    relative_error: float


def code_weights(weights: Weights, code: str) -> tuple[Weights, float]:
    """Encodes and decodes `weights` f32 [out, in] by `code`: f32 [out, in], and the bits stored."""
    if code == "rtn4-g128":
        return _round_to_nearest(weights)
    encoded = encode(weights, preset(code))
    return decode(encoded), encoded.bits_per_weight * weights.size


def _round_to_nearest(weights: Weights) -> tuple[Weights, float]:
    rows, columns = weights.shape
    groups = -(-columns // _GROUP)
    padded = np.zeros((rows, groups * _GROUP), np.float32)
    padded[:, :columns] = weights
    grouped = padded.reshape(-1, _GROUP)
    scales = _best_scales(grouped)
    decoded = (_levels(grouped, scales) * scales).reshape(padded.shape)[:, :columns]
    return decoded, 4.0 * weights.size + 16.0 * rows * groups


def _best_scales(grouped: Weights) -> Weights:
    """The f16 scale of each row of `grouped` with the least squared error: f32 [rows, 1]."""
    largest = np.take_along_axis(grouped, np.abs(grouped).argmax(1, keepdims=True), 1)
    best = np.ones_like(largest)
    least = np.full_like(largest, np.inf)
    for clip in _CLIPS:
        scales = (largest * np.float32(-clip / 8)).astype(np.float16).astype(np.float32)
        scales[scales == 0] = 1
        errors = np.square(_levels(grouped, scales) * scales - grouped).sum(1, keepdims=True)
        best = np.where(errors < least, scales, best)
        least = np.minimum(errors, least)
    return best


def _levels(grouped: Weights, scales: Weights) -> Weights:
    levels: Weights = np.clip(np.rint(grouped / scales), -8, 7)
    return levels


def compile_model(model: Path, work: Path, head: bool) -> Program:
    """Compiles the ONNX file `model`, its weights as parameters, unless `work` has it."""
    stored = model.stat()
    version = importlib.metadata.version("iree-base-compiler")
    base = work / f"{model.stem}-{_digest(version, stored.st_size, stored.st_mtime_ns)}"
    mlir, archive, module = (base.with_suffix(end) for end in (".mlir", ".irpa", ".vmfb"))
    # Not again where it was: the importer names the parameters of Constant nodes at random.
    if not module.is_file():
        flags = ["--large-model", "--externalize-params", "--save-params-to", str(archive)]
        _run_tool("import_onnx", str(model), "-o", str(mlir), *flags)
        _run_tool("scripts.iree_compile", str(mlir), "-o", str(module), *_COMPILE_FLAGS)
    return Program(model, module, archive, tuple(_linears(model, head)))


def _digest(*parts: object) -> str:
    """A short key for what a file in the work folder was made from."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]


def _run_tool(name: str, *arguments: str) -> None:
    """Runs a tool of iree.compiler, whether or not its script is on the PATH."""
    subprocess.run([sys.executable, "-m", f"iree.compiler.tools.{name}", *arguments], check=True)


def _linears(model: Path, head: bool) -> Iterator[Linear]:
    graph = onnx.load(model, load_external_data=False).graph
    matrices = {tensor.name: tensor for tensor in graph.initializer if len(tensor.dims) == 2}
    for node in graph.node:
        tensor = matrices.get(node.input[1]) if node.op_type == "MatMul" else None
        if tensor is not None:
            yield Linear(tensor.name.replace("::", "__"), tensor, transposed=True)
        tensor = matrices.get(node.input[0]) if node.op_type == "Transpose" and head else None
        if tensor is not None:
            yield Linear(tensor.name, tensor, transposed=False)


def code_model(program: Program, code: str, work: Path) -> Coding:
    """The parameters of `program` with its linears by `code`; made unless `work` has them."""
    if code == "f32":
        return Coding(program.archive, 32.0, 0.0)
    parameters = None if code == "rtn4-g128" else preset(code)
    key = _digest(parameters, importlib.metadata.version("seedlm"), len(program.linears))
    archive = work / f"{program.module.stem}-{code}-{key}.irpa"
    summary = archive.with_suffix(".json")
    if not summary.is_file():
        shutil.copyfile(program.archive, archive)
        summary.write_text(json.dumps(_code_linears(program, code, archive)))
    return Coding(archive, **json.loads(summary.read_text()))


def _code_linears(program: Program, code: str, archive: Path) -> dict[str, float]:
    """Overwrites the linears of `program` in `archive` by their decoded weights."""
    index = rt.ParameterIndex()
    index.load(str(archive))
    offsets = {name: entry.file_storage[1] for name, entry in index.items()}
    totals = np.zeros(4)
    title = f"{program.model.stem} {code}"
    for linear in track(program.linears, title, console=Console(stderr=True)):
        stored = onnx.numpy_helper.to_array(linear.initializer, str(program.model.parent))
        target = np.memmap(archive, "<f4", "r+", offsets[linear.parameter], stored.shape)
        if linear.transposed:
            stored, target = stored.T, target.T
        totals += _code_linear(np.ascontiguousarray(stored), code, target)
    weights, bits, error, norm = totals
    return {"bits_per_weight": bits / weights, "relative_error": (error / norm) ** 0.5}


def _code_linear(
    weights: Weights, code: str, target: npt.NDArray[Any]
) -> tuple[float, float, float, float]:
    """Writes `weights` [out, in] as decoded to `target`.

    Returns the number of weights, the bits stored, and the squared norms of error and weights.
    """
    decoded, bits = code_weights(weights, code)
    target[:] = decoded
    error, norm = (
        float(np.square(x, dtype=np.float64).sum()) for x in (decoded - weights, weights)
    )
    return weights.size, bits, error, norm


class Session:
    """A compiled model with one parameter archive, on the CPU."""

    def __init__(self, program: Program, archive: Path) -> None:
        config = rt.Config("local-task")
        index = rt.ParameterIndex()
        index.load(str(archive))
        provider = index.create_provider(scope="model")
        parameters = rt.create_io_parameters_module(config.vm_instance, provider)
        module = rt.VmModule.mmap(config.vm_instance, str(program.module))
        self._main = rt.load_vm_modules(parameters, module, config=config)[-1].main_graph

    def __call__(self, *inputs: npt.NDArray[np.int64]) -> tuple[npt.NDArray[Any], ...]:
        """Runs the model; returns its outputs."""
        results = self._main(*inputs)
        results = results if isinstance(results, tuple) else (results,)
        # The host array is a view that does not keep the device's buffer alive: copy it.
        return tuple(np.array(result.to_host()) for result in results)
