# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calls of executables and transfers between devices."""

from collections.abc import Sequence

from iree.compiler import ir

from seedlm.compiler.ir.build import DYNAMIC, dim_size


def build_dispatch(
    symbol: str,
    tensors: Sequence[ir.Value],
    numbers: Sequence[ir.Value],
    sizes: Sequence[ir.Value | int],
    element: ir.Type,
    affinity: ir.Attribute | None = None,
) -> ir.Value:
    """Builds flow.dispatch @symbol::@symbol[sizes..](tensors.., numbers.., sizes..).

    Args:
        symbol: The executable.
        tensors: Tensors that it reads.
        numbers: Numbers that it takes.
        sizes: The sizes of the result; it takes those that are values as well.
        element: The element type of the result.
        affinity: The device; None for the default one.
    """
    dynamic = [size for size in sizes if not isinstance(size, int)]
    dimensions = [size for value in tensors for size in dynamic_sizes(value)]
    groups = [dynamic, [*tensors, *numbers, *dynamic], dimensions, dynamic]
    shape = [size if isinstance(size, int) else DYNAMIC for size in sizes]
    attributes: dict[str, ir.Attribute] = {
        "entry_points": ir.ArrayAttr.get([ir.SymbolRefAttr.get([symbol, symbol])]),
        "operandSegmentSizes": ir.DenseI32ArrayAttr.get([len(group) for group in groups]),
    }
    if affinity is not None:
        attributes["stream.affinity"] = affinity
    return ir.Operation.create(
        "flow.dispatch",
        results=[ir.RankedTensorType.get(shape, element)],
        operands=[value for group in groups for value in group],
        attributes=attributes,
    ).result


def build_transfer(value: ir.Value, device: ir.Attribute) -> ir.Value:
    """Builds flow.tensor.transfer of a tensor to a device."""
    return ir.Operation.create(
        "flow.tensor.transfer",
        results=[value.type],
        operands=[value, *dynamic_sizes(value)],
        attributes={"target": device},
    ).result


def dynamic_sizes(value: ir.Value) -> list[ir.Value]:
    """Returns the sizes of a tensor that are known at run time only."""
    sizes = [dim_size(value, i) for i in range(ir.RankedTensorType(value.type).rank)]
    return [size for size in sizes if not isinstance(size, int)]
