# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The executables that contractions are dispatched to: a microkernel and an epilogue in one.

They are written as text, since IREE's bindings have no builders for the dialects. IREE leaves them
alone until it generates code, so the epilogue is computed in place, on what is still in the cache.
"""

from dataclasses import dataclass, field
from math import gcd
from pathlib import Path
from typing import Any

from iree.compiler import ir
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from seedlm.compiler.dialect import TILE_ROWS
from seedlm.passes.cpu_form.buffers import Buffer, Dimension, Slice
from seedlm.passes.cpu_form.tiling import Tiling, choose_tiling
from seedlm.passes.epilogue import Epilogue, Operand

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    undefined=StrictUndefined,
    trim_blocks=True,
)
_PIPELINE = (
    "iree-codegen-generic-vectorization, canonicalize, cse, "
    "iree-codegen-llvmcpu-vector-lowering-pipeline"
)
_NAME = "@NAME"
_PREPARED_ROWS = 8  # rows of activations that a workgroup prepares
_VECTOR = 64  # elements that the epilogue computes at a time, at most


@dataclass(frozen=True)
class Problem:
    """What is multiplied: y[batch, rows] = x[batch, columns] * weight[rows, columns]^T.

    Attributes:
        function: The microkernel.
        rows: Rows of the weight.
        columns: Columns of the weight.
        batch: Rows of the activation; None if known at run time only.
        tile_bytes: Bytes of the codes of a tile of the weight's rows.
        scale_element: The MLIR type of the scales.
        has_row_scales: Whether each row has a scale; if not, the tensor has one.
        prepared_bytes: Bytes of a row of x rounded to 8 bits, which the microkernel reads as well;
            None if it reads x alone.
    """

    function: str
    rows: int
    columns: int
    batch: int | None
    tile_bytes: int
    scale_element: str
    has_row_scales: bool
    prepared_bytes: int | None


@dataclass
class Executables:
    """The executables of a module: one for all dispatches that compute the same.

    Attributes:
        module: The module.
        bitcode: LLVM bitcode with the microkernels.
    """

    module: ir.Module
    bitcode: bytes
    _symbols: dict[str, str] = field(default_factory=dict, init=False)

    def symbol(self, problem: Problem, epilogue: Epilogue) -> str:
        """Returns the name of the executable that computes `problem` and then `epilogue`.

        Its entry point has the same name, and takes tensors: codes, scales of rows, prepared
        activations, x and the epilogue's operands; then numbers: the scale if there is one only,
        and the batch if it is not known. The batch is its workload as well.
        """
        name = f"{problem.function}_{problem.rows}x{problem.columns}"
        return self._symbol(_executable(problem, epilogue), name)

    def prepare_symbol(self, function: str, batch: int | None, columns: int, size: int) -> str:
        """Returns the name of the executable that prepares activations.

        Its entry point has the same name, and takes x [batch, columns] and, if it is not known,
        the batch, which is its workload as well.

        Args:
            function: The microkernel.
            batch: Rows; None if known at run time only.
            columns: Elements of a row.
            size: Bytes of a row that is prepared.
        """
        return self._symbol(_prepare(function, batch, columns, size), f"{function}_{columns}")

    def _symbol(self, text: str, prefix: str) -> str:
        if text not in self._symbols:
            name = f"{prefix}_{len(self._symbols)}"
            self._insert(text, name)
            self._symbols[text] = name
        return self._symbols[text]

    def _insert(self, text: str, name: str) -> None:
        data = f'dense<"0x{self.bitcode.hex()}"> : vector<{len(self.bitcode)}xi8>'
        alias = f'#kernels = #hal.executable.object<{{path = "kernels.bc", data = {data}}}>\n'
        parsed = ir.Module.parse(alias + text.replace(_NAME, f"@{name}"), self.module.context)
        executable = parsed.body.operations[0].operation
        executable.detach_from_parent()
        ir.InsertionPoint.at_block_begin(self.module.body).insert(executable)


def _executable(problem: Problem, epilogue: Epilogue) -> str:
    """Returns the executable as MLIR text, with names to be put in."""
    is_in_place = epilogue.element == "f32"
    tiling = choose_tiling(problem.rows, problem.columns, on_stack=not is_in_place)
    batch = Dimension(problem.batch, "%m", "%height")
    rows = Dimension(problem.rows, "%n", "%width")
    codes, scales, *activations = _kernel_inputs(problem, batch, rows)
    operands = [_operand(i, each, batch, rows) for i, each in enumerate(epilogue.operands)]
    output = Buffer("out", epilogue.element, (batch, rows))
    sums = output if is_in_place else _stack(tiling)
    per_row = [scales] if problem.has_row_scales else []
    bound = [codes, *per_row, *activations, *operands, output]
    numbers = [] if per_row else [f"%scale: {scales.element}"]
    is_dynamic = problem.batch is None
    workload = "%batch: index" if is_dynamic else ""
    template = _TEMPLATES.get_template("dispatch.mlir.j2")
    return template.render(
        name=_NAME,
        problem=problem,
        epilogue=epilogue,
        tiling=tiling,
        tile_rows=TILE_ROWS,
        pipeline=_PIPELINE,
        workgroups=-(-problem.rows // tiling.rows),
        workload=workload,
        static_batch="" if is_dynamic else f"%batch = arith.constant {problem.batch} : index",
        arguments=[
            *(f"%{buffer.name}: !stream.binding" for buffer in bound),
            *numbers,
            *filter(None, [workload]),
        ],
        bound=bound,
        allocated=[each for each in (scales, sums) if each not in bound],
        scales=scales,
        inputs_of_kernel=[codes, scales, *activations],
        sums=sums,
        **_vectors(problem, epilogue, operands, sums, output),
    )


def _prepare(function: str, batch: int | None, columns: int, size: int) -> str:
    """Returns the executable that prepares activations as MLIR text, with names to be put in."""
    rows = Dimension(batch, "%m", "%height")
    x = Buffer("x", "f32", (rows, Dimension.whole(columns)))
    output = Buffer("out", "i8", (rows, Dimension.whole(size)))
    workload = "%batch: index" if batch is None else ""
    template = _TEMPLATES.get_template("prepare.mlir.j2")
    return template.render(
        name=_NAME,
        function=function,
        workload=workload,
        static_batch="" if batch is None else f"%batch = arith.constant {batch} : index",
        arguments=[
            *(f"%{buffer.name}: !stream.binding" for buffer in (x, output)),
            *filter(None, [workload]),
        ],
        rows=_PREPARED_ROWS,
        columns=columns,
        pipeline=_PIPELINE,
        x=x,
        output=output,
    )


def _kernel_inputs(problem: Problem, batch: Dimension, rows: Dimension) -> list[Buffer]:
    tiles = Dimension(-(-problem.rows // TILE_ROWS), "%tile", "%tiles")
    scales = rows if problem.has_row_scales else Dimension(1, "%c0", "1")
    inputs = [
        Buffer("codes", "i8", (tiles, Dimension.whole(problem.tile_bytes))),
        Buffer("scales", problem.scale_element, (scales,)),
    ]
    if problem.prepared_bytes is not None:
        bytes_ = Dimension.whole(problem.prepared_bytes)
        inputs.append(Buffer("prepared", "i8", (batch, bytes_)))
    return [*inputs, Buffer("x", "f32", (batch, Dimension.whole(problem.columns)))]


def _operand(index: int, operand: Operand, batch: Dimension, rows: Dimension) -> Buffer:
    dimensions = [batch] * operand.over_batch + [rows] * operand.over_columns
    return Buffer(f"operand{index}", operand.element, tuple(dimensions))


def _stack(tiling: Tiling) -> Buffer:
    """Returns the buffer of f32 results that become an output of another type."""
    batch = Dimension(tiling.batch, "%c0", "%height")
    return Buffer("sums", "f32", (batch, Dimension(tiling.rows, "%c0", "%width")))


def _vectors(
    problem: Problem, epilogue: Epilogue, operands: list[Buffer], sums: Buffer, output: Buffer
) -> dict[str, Any]:
    """Returns what the epilogue reads and writes at a time, and the names of their elements."""
    place, step = ("%row", "%column"), gcd(problem.rows, _VECTOR)
    inputs = [
        _read(buffer, operand, step)
        for buffer, operand in zip(operands, epilogue.operands, strict=True)
    ]
    elements = [f"%in{i}: {each.element}" for i, each in enumerate(epilogue.operands)]
    elements.append("%y: f32")
    if sums is not output:
        inputs.append(sums.vector(place, step))
        elements.append(f"%old: {output.element}")
    result = output.vector(place, step)
    slices = [*inputs, result]
    return {
        "step": step,
        "inputs": inputs,
        "result": result,
        "slices": slices,
        "elements": elements,
    }


def _read(buffer: Buffer, operand: Operand, step: int) -> Slice:
    row = ("%row",) if operand.over_batch else ()
    if operand.over_columns:
        return buffer.vector((*row, "%column"), step)
    return buffer.element_at(row)
