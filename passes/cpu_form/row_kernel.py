# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Executables whose workgroups make some rows of a matrix with a microkernel, and nothing else."""

from dataclasses import dataclass

from seedlm.passes.cpu_form.buffers import Buffer, Dimension
from seedlm.passes.cpu_form.templates import render


@dataclass(frozen=True)
class RowKernel:
    """A microkernel that takes inputs, a matrix to write, sizes and the number of its rows.

    Attributes:
        function: The microkernel.
        batch: Rows of the matrix; None if known at run time only.
        inputs: What it reads.
        output: The matrix.
        sizes: The sizes that it takes.
        rows: Rows that a workgroup makes.
        numbers: Those of the inputs that are handed over as numbers.
    """

    function: str
    batch: int | None
    inputs: tuple[Buffer, ...]
    output: Buffer
    sizes: tuple[int, ...]
    rows: int
    numbers: tuple[Buffer, ...] = ()

    def executable(self) -> str:
        """Returns the executable as MLIR text, with names to be put in."""
        operands = (*self.inputs, self.output)
        bound = [each for each in operands if each not in self.numbers]
        strides = ["[0]" if len(each.dimensions) == 2 else "[]" for each in operands]
        return render(
            "row_kernel.mlir.j2", self.batch, bound, self.numbers, kernel=self, strides=strides
        )


def row_dimension(batch: int | None) -> Dimension:
    """Returns the dimension of the rows that workgroups make, of `batch`."""
    return Dimension(batch, "%m", "%height")
