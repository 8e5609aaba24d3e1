# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calls of executables."""

from collections.abc import Sequence

from iree.compiler import ir

from seedlm.compiler.ir.build import DYNAMIC, dim_size


def build_dispatch(
    symbol: str,
    tensors: Sequence[ir.Value],
    numbers: Sequence[ir.Value],
    batch: ir.Value | int,
    columns: int,
    element: ir.Type,
) -> ir.Value:
    """Builds flow.dispatch @symbol::@symbol[batch](tensors.., numbers.., batch).

    Args:
        symbol: The executable.
        tensors: Tensors that it reads.
        numbers: Numbers that it takes.
        batch: The first size of the result; if it is a value, the executable takes it as well.
        columns: The second size of the result.
        element: The element type of the result.
    """
    dynamic = [] if isinstance(batch, int) else [batch]
    sizes = [
        size
        for value in tensors
        for size in (dim_size(value, i) for i in range(ir.RankedTensorType(value.type).rank))
        if not isinstance(size, int)
    ]
    groups = [dynamic, [*tensors, *numbers, *dynamic], sizes, dynamic]
    shape = [batch if isinstance(batch, int) else DYNAMIC, columns]
    return ir.Operation.create(
        "flow.dispatch",
        results=[ir.RankedTensorType.get(shape, element)],
        operands=[value for group in groups for value in group],
        attributes={
            "entry_points": ir.ArrayAttr.get([ir.SymbolRefAttr.get([symbol, symbol])]),
            "operandSegmentSizes": ir.DenseI32ArrayAttr.get([len(group) for group in groups]),
        },
    ).result
