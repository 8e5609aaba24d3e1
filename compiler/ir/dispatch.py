# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calls of executables that are written out, and transfers between devices."""

from collections.abc import Sequence

from iree.compiler import ir
from iree.compiler.dialects import arith, tensor

from seedlm.compiler.ir.build import DYNAMIC, dim_size
from seedlm.compiler.ir.elements import read_elements
from seedlm.compiler.ir.values import constant_attribute


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
    shape = [size if isinstance(size, int) else DYNAMIC for size in sizes]
    result = ir.RankedTensorType.get(shape, element)
    arguments = [*tensors, *numbers, *dynamic]
    return flow_dispatch((symbol, symbol), dynamic, arguments, result, dynamic, affinity)


def flow_dispatch(
    entry: tuple[str, str],
    workload: Sequence[ir.Value],
    arguments: Sequence[ir.Value],
    result: ir.RankedTensorType,
    result_sizes: Sequence[ir.Value],
    affinity: ir.Attribute | None = None,
) -> ir.Value:
    """Builds flow.dispatch @executable::@entry[workload..](arguments..) -> result.

    Args:
        entry: The executable and its entry point.
        workload: What the number of workgroups is computed from.
        arguments: Tensors and numbers.
        result: The type of the result.
        result_sizes: Its sizes that are not static.
        affinity: The device; None for the default one.
    """
    tensors = [each for each in arguments if isinstance(each.type, ir.RankedTensorType)]
    sizes = [size for value in tensors for size in dynamic_sizes(value)]
    groups = [workload, arguments, sizes, result_sizes]
    attributes: dict[str, ir.Attribute] = {
        "entry_points": ir.ArrayAttr.get([ir.SymbolRefAttr.get(list(entry))]),
        "operandSegmentSizes": ir.DenseI32ArrayAttr.get([len(group) for group in groups]),
    }
    if affinity is not None:
        attributes["stream.affinity"] = affinity
    return ir.Operation.create(
        "flow.dispatch",
        results=[result],
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


def only_element(value: ir.Value) -> ir.Value:
    """Returns the only element of a tensor as a number.

    A dispatch would be handed a constant tensor of one element by filling a buffer in every call.
    """
    attribute = constant_attribute(value)
    if attribute is None:
        return tensor.ExtractOp(value, []).result
    element = ir.RankedTensorType(value.type).element_type
    number = float(read_elements(attribute).item())
    return arith.ConstantOp(element, ir.FloatAttr.get(element, number)).result
