# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What engines that run on IREE share: modules from templates, with parameters in memory."""

import mmap
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt
from jinja2 import Environment, PackageLoader, StrictUndefined

from seedlm.bench.engine import Prepared
from seedlm.bench.iree_program import Program, arrays
from seedlm.bench.workload import Array, Workload
from seedlm.compiler.ir.context import make_context, parse_module, write_module
from seedlm.compiler.iree import run_iree_compile
from seedlm.compiler.targets import Target
from seedlm.compiler.vulkan_target import set_portable_target
from seedlm.passes._pass import Pass
from seedlm.passes.pipeline import run_pipeline

SCOPE = "model"

_DTYPES: dict[str, npt.DTypeLike] = {
    "f32": np.float32,
    "f16": np.float16,
    "bf16": ml_dtypes.bfloat16,
}

Compile = Callable[[Path, Path], None]
MakeParameters = Callable[[int], Mapping[str, npt.NDArray[Any]]]


@dataclass(frozen=True)
class Format:
    """A format of weights as a module has it.

    Attributes:
        template: The name of the template of the module.
        fields: What its template needs beyond the workload.
        x_element: The elements of x, as MLIR names them.
        compile: Compiles a file of MLIR to a .vmfb file.
        parameters: Returns the parameters of the matrix of a number, each key with that number
            at its end.
    """

    template: str
    fields: Mapping[str, object]
    x_element: str
    compile: Compile
    parameters: MakeParameters


def prepare_program(
    workload: Workload, form: Format, dense: Array, rotation: int, tolerance: float
) -> Prepared:
    """Builds, compiles and loads a module; see `Prepared` for the other arguments."""
    matrix_bytes = sum(each.nbytes for each in form.parameters(0).values())
    products, matrices = workload.products(matrix_bytes), workload.matrices(matrix_bytes)
    with tempfile.TemporaryDirectory(prefix="seedlm-") as work:
        source, compiled = Path(work) / "products.mlir", Path(work) / "products.vmfb"
        source.write_text(_module_text(workload, form, products, matrices))
        form.compile(source, compiled)
        program = _load(compiled, workload, form.parameters, matrices)
    dtype = _DTYPES[form.x_element]
    program.bind([workload.activation(i).astype(dtype) for i in range(products)])
    return Prepared(matrix_bytes, products, program.run, program.output, dense, rotation, tolerance)


def compile_program(
    source: Path,
    output: Path,
    *,
    device: str,
    passes: Sequence[Pass] = (),
    flags: Sequence[str] = (),
) -> None:
    """Compiles a file of MLIR for this machine's processor or for any Vulkan device.

    Args:
        source: The file.
        output: The .vmfb file.
        device: That of `Workload`.
        passes: What is run before IREE.
        flags: Flags for iree-compile.

    Raises:
        SeedlmError: A pass or IREE failed.
    """
    target = Target(device)
    module = parse_module(source, make_context())
    with module.context:
        run_pipeline(module, list(passes))
    if target.is_portable_vulkan:
        set_portable_target(module)
    lowered = source.with_suffix(".lowered.mlir")
    write_module(module, lowered)
    run_iree_compile([str(lowered), *target.iree_flags(), *flags, "-o", str(output)], source)


def _load(compiled: Path, workload: Workload, parameters: MakeParameters, matrices: int) -> Program:
    """Loads a module with the parameters of so many matrices.

    IREE copies parameters, so their memory is given back afterwards. Were that not so, the check
    of the products would find zeros.
    """
    memory: list[mmap.mmap] = []
    held: dict[str, npt.NDArray[Any]] = {}
    for i in range(matrices):
        for key, array in parameters(i).items():
            memory.append(mmap.mmap(-1, array.nbytes))
            held[key] = np.frombuffer(memory[-1], array.dtype).reshape(array.shape)
            held[key][...] = array
    program = Program(compiled, workload.threads, {SCOPE: arrays(held)}, workload.device)
    for each in memory:
        each.madvise(mmap.MADV_DONTNEED)
    return program


def _module_text(workload: Workload, form: Format, products: int, matrices: int) -> str:
    x = f"tensor<{workload.batch}x{workload.columns}x{form.x_element}>"
    y = f"tensor<{workload.batch}x{workload.rows}xf32>"
    environment = Environment(
        loader=PackageLoader("seedlm.bench"), undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template(form.template).render(
        products=products,
        matrices=matrices,
        x=x,
        y=y,
        arguments=_listed(f"%x{i}: {x}" for i in range(products)),
        results=_listed([y] * products),
        returned=_listed(f"%y{i}" for i in range(products)),
        **form.fields,
    )


def _listed(items: Iterable[str]) -> str:
    return ", ".join(items)
