# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The scales of a weight in the body of a linalg operation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from iree.compiler import ir
from iree.compiler.dialects import arith, linalg, tensor

from seedlm.codec import Code
from seedlm.passes.linalg_form.arithmetic import Int32


@dataclass(frozen=True)
class Scales:
    """How a body reads its scale.

    The scale of a tensor, or of a row that is a loop, is an input of the operation with a map. That
    of a row that an index names, or of a group of columns, is read by tensor.extract: no map says
    where, as a group of columns is no whole number of groups of records.

    Attributes:
        values: The scales: [] for a tensor, [rows] for rows, [rows, groups] for groups of columns.
        code: The code.
        row_loop: The loop over the weight's rows, None if rows are named by an index.
    """

    values: ir.Value
    code: Code
    row_loop: int | None

    @property
    def inputs(self) -> list[ir.Value]:
        """The inputs of the operation that hold scales: one or none."""
        return [self.values] if self._has_map() else []

    @property
    def maps(self) -> list[list[int]]:
        """The maps of `inputs`."""
        if not self._has_map():
            return []
        return [[] if self.code.scale == "tensor" or self.row_loop is None else [self.row_loop]]

    def read(
        self,
        elements: Sequence[ir.Value],
        row: Callable[[], ir.Value],
        first_column: Callable[[], Int32],
    ) -> ir.Value:
        """Returns the f32 scale of a block.

        Args:
            elements: The body's arguments for `inputs`.
            row: Builds the index of the block's row.
            first_column: Builds the first column of the block.
        """
        if elements:
            return _to_f32(elements[0])
        indices = [row()]
        if self.code.scale_columns is not None:
            group = first_column().divide(self.code.scale_columns).value
            indices.append(arith.IndexCastOp(ir.IndexType.get(), group).result)
        return _to_f32(tensor.ExtractOp(self.values, indices).result)

    @property
    def is_row(self) -> bool:
        """Whether there is one scale for each step of the loop over rows."""
        return self.code.scale == "row" and self.row_loop is not None

    def _has_map(self) -> bool:
        return self.code.scale == "tensor" or self.is_row


def loop_index(loop: int) -> ir.Value:
    """Returns the index of a loop in the body of a linalg operation."""
    return linalg.IndexOp(loop).result


def loop_number(loop: int) -> Int32:
    """Returns the index of a loop as an i32 number."""
    i32 = ir.IntegerType.get_signless(32)
    return Int32(arith.IndexCastOp(i32, loop_index(loop)).result)


def _to_f32(value: ir.Value) -> ir.Value:
    f32 = ir.F32Type.get()
    return value if value.type == f32 else arith.ExtFOp(f32, value).result
