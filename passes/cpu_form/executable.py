# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The executables that contractions are dispatched to: a microkernel and an epilogue in one.

IREE leaves them alone until it generates code, so the epilogue is computed in place, on what is
still in the cache.
"""

from dataclasses import dataclass, field
from math import gcd
from typing import Any

from iree.compiler import ir

from seedlm.compiler.dialect import TILE_ROWS
from seedlm.passes.cpu_form.buffers import Buffer, Dimension, Slice
from seedlm.passes.cpu_form.kernels import ROUNDED_BATCH
from seedlm.passes.cpu_form.row_kernel import RowKernel
from seedlm.passes.cpu_form.templates import NAME, render
from seedlm.passes.cpu_form.tiling import Tiling, choose_tiling
from seedlm.passes.epilogue import Epilogue, Operand

_VECTOR = 64  # elements that the epilogue computes at a time, at most


@dataclass(frozen=True)
class Problem:
    """What is multiplied: y[batch, rows] = x[batch, columns] * weight[rows, columns]^T.

    Attributes:
        kernels: How the names of the microkernels start.
        rows: Rows of the weight.
        columns: Columns of the weight.
        batch: Rows of the activation; None if known at run time only.
        tile_bytes: Bytes of the codes of a tile of the weight's rows.
        scale_element: The MLIR type of the scales.
        has_row_scales: Whether each row has a scale; if not, the tensor has one.
        prepared_bytes: Bytes of a row of x rounded to 8 bits, which the microkernel reads as well;
            None if it reads x alone.
        rounds: Whether each workgroup rounds what it reads of x.
    """

    kernels: str
    rows: int
    columns: int
    batch: int | None
    tile_bytes: int
    scale_element: str
    has_row_scales: bool
    prepared_bytes: int | None
    rounds: bool

    @property
    def function(self) -> str:
        """The microkernel."""
        return f"{self.kernels}_{'f32' if self.prepared_bytes is None else 'int8'}"


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

        Its entry point has the same name, and takes tensors: codes, scales of rows, activations
        that are rounded before, x and the epilogue's operands; then numbers: the scale if there is
        one only, and the batch if it is not known. The batch is its workload as well.
        """
        name = f"{problem.function}_{problem.rows}x{problem.columns}"
        return self._symbol(_executable(problem, epilogue), name)

    def row_symbol(self, kernel: RowKernel) -> str:
        """Returns the name of the executable that calls `kernel`.

        Its entry point has the same name, and takes tensors: the inputs of the kernel; then
        numbers: those inputs that are numbers, and the batch if it is not known. The batch is its
        workload as well.
        """
        name = "_".join([kernel.function, "x".join(str(size) for size in kernel.sizes)])
        return self._symbol(kernel.executable(), name)

    def _symbol(self, text: str, prefix: str) -> str:
        if text not in self._symbols:
            name = f"{prefix}_{len(self._symbols)}"
            self._insert(text, name)
            self._symbols[text] = name
        return self._symbols[text]

    def _insert(self, text: str, name: str) -> None:
        data = f'dense<"0x{self.bitcode.hex()}"> : vector<{len(self.bitcode)}xi8>'
        alias = f'#kernels = #hal.executable.object<{{path = "kernels.bc", data = {data}}}>\n'
        parsed = ir.Module.parse(alias + text.replace(NAME, f"@{name}"), self.module.context)
        executable = parsed.body.operations[0].operation
        executable.detach_from_parent()
        ir.InsertionPoint.at_block_begin(self.module.body).insert(executable)


def _executable(problem: Problem, epilogue: Epilogue) -> str:
    """Returns the executable as MLIR text, with names to be put in."""
    is_in_place = epilogue.element == "f32"
    tiling = choose_tiling(problem.rows, problem.columns, problem.batch, on_stack=not is_in_place)
    batch = Dimension(problem.batch, "%m", "%height")
    rows = Dimension(problem.rows, "%n", "%width")
    inputs = _kernel_inputs(problem, batch, rows)
    scales = inputs[1]
    prepared = inputs[2:-1] if problem.rounds else []
    operands = [_operand(i, each, batch, rows) for i, each in enumerate(epilogue.operands)]
    output = Buffer("out", epilogue.element, (batch, rows))
    sums = output if is_in_place else _stack(tiling)
    numbers = [] if problem.has_row_scales else [scales]
    on_stack = [*numbers, *prepared, *([] if is_in_place else [sums])]
    bound = [each for each in (*inputs, *operands, output) if each not in on_stack]
    return render(
        "dispatch.mlir.j2",
        problem.batch,
        bound,
        numbers,
        problem=problem,
        epilogue=epilogue,
        tiling=tiling,
        tile_rows=TILE_ROWS,
        workgroups=-(-problem.rows // tiling.rows),
        rounded_batch=ROUNDED_BATCH,
        allocated=on_stack,
        prepared=prepared,
        x=inputs[-1],
        inputs_of_kernel=inputs,
        sums=sums,
        **_vectors(problem, epilogue, operands, sums, output),
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
        on_stack = Dimension(problem.batch or ROUNDED_BATCH, "%c0", "%rounded")
        inputs.append(Buffer("prepared", "i8", (on_stack if problem.rounds else batch, bytes_)))
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
