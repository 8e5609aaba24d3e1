# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""seedlm.contract as one linalg.generic, which IREE makes one dispatch on every target.

A single reduction loop runs over groups of blocks, and the columns of a group are unrolled in the
body, so the activation comes as one strided slice a column. (With two reduction loops IREE cannot
distribute the operation on GPUs; a decoder of its own would not be fused.)
"""

from collections.abc import Sequence
from functools import partial

from iree.compiler import ir
from iree.compiler.dialects import arith

from seedlm.compiler.dialect import ContractMaps, code_of, contract_maps
from seedlm.compiler.ir.build import (
    dim_size,
    empty,
    expand,
    filled,
    generic,
    pad_end,
    slice_at,
)
from seedlm.passes.linalg_form.arithmetic import Int32
from seedlm.passes.linalg_form.decoder import (
    block_factor,
    block_power,
    integer_weights,
    unit_scale,
)
from seedlm.passes.linalg_form.planes import Planes, planes_of_codes
from seedlm.passes.linalg_form.scales import Scales, loop_index, loop_number


def lower_contract(operation: ir.Operation) -> ir.Value:
    """Returns the linalg form of a seedlm.contract.

    Raises:
        SeedlmError: The codes are not packed.
    """
    lhs, codes, scale = operation.operands
    maps = contract_maps(operation)
    planes = planes_of_codes(codes, code_of(operation))
    sizes: dict[int, ir.Value | int] = {loop: dim_size(lhs, i) for i, loop in enumerate(maps.lhs)}
    sizes[maps.row] = planes.rows
    result_sizes = [sizes[loop] for loop in maps.result]
    element = ir.RankedTensorType(operation.result.type).element_type
    slices = _column_slices(lhs, maps, planes)
    total = _accumulate(slices, planes, Scales(scale, planes.code, maps.row), maps, result_sizes)
    row_scales = Scales(scale, planes.code, maps.result.index(maps.row))
    return _finish(total, row_scales, result_sizes, element)


def _column_slices(lhs: ir.Value, maps: ContractMaps, planes: Planes) -> list[ir.Value]:
    """Returns the activation at each column of all groups: k becomes the group index."""
    k = maps.lhs.index(maps.column)
    padded = pad_end(lhs, k, planes.groups * planes.group_columns)
    grouped = expand(padded, k, planes.groups, planes.group_columns)
    return [slice_at(grouped, k + 1, column) for column in range(planes.group_columns)]


def _accumulate(
    slices: list[ir.Value],
    planes: Planes,
    scales: Scales,
    maps: ContractMaps,
    result_sizes: Sequence[ir.Value | int],
) -> ir.Value:
    code, plane_count = planes.code, len(planes.all)
    scale_inputs = [] if scales.is_row else scales.inputs
    split = plane_count + len(scale_inputs)

    def body(arguments: Sequence[ir.Value]) -> ir.Value:
        total, scale_elements = arguments[-1], arguments[plane_count:split]
        for i, record in enumerate(planes.records(arguments[:plane_count])):
            block = arguments[split + i * code.block : split + (i + 1) * code.block]
            weights = [_to_f32(weight.value) for weight in integer_weights(record, code)]
            dot = _dot(weights, [_to_f32(x) for x in block])
            if scales.is_row:
                factor = block_power(record)
            else:
                row = partial(loop_index, maps.row)
                column = partial(_first_column, maps.column, planes, i)
                factor = block_factor(record, scales.read(scale_elements, row, column), code)
            term = dot if factor is None else arith.MulFOp(dot, factor).result
            total = arith.AddFOp(total, term).result
        return total

    zeros = filled(result_sizes, ir.F32Type.get(), 0.0)
    all_maps = [
        *[[maps.row, maps.column]] * plane_count,
        *([] if scales.is_row else scales.maps),
        *[maps.lhs] * planes.group_columns,
        maps.result,
    ]
    iterators = ["parallel"] * (maps.loops - 1) + ["reduction"]
    return generic([*planes.all, *scale_inputs, *slices], zeros, all_maps, iterators, body)


def _first_column(loop: int, planes: Planes, record: int) -> Int32:
    """Returns the first column of a record of the group that `loop` is at."""
    return loop_number(loop) * planes.group_columns + record * planes.code.block


def _dot(weights: Sequence[ir.Value], activations: Sequence[ir.Value]) -> ir.Value:
    products = [arith.MulFOp(w, x).result for w, x in zip(weights, activations, strict=True)]
    total = products[0]
    for product in products[1:]:
        total = arith.AddFOp(total, product).result
    return total


def _to_f32(value: ir.Value) -> ir.Value:
    f32 = ir.F32Type.get()
    if value.type == f32:
        return value
    convert = arith.SIToFPOp if isinstance(value.type, ir.IntegerType) else arith.ExtFOp
    return convert(f32, value).result


def _finish(
    total: ir.Value,
    scales: Scales,
    sizes: Sequence[ir.Value | int],
    element: ir.Type,
) -> ir.Value:
    """Multiplies sums by the scales of rows and converts them, where either is needed.

    The scale of a row is no input of the sum: IREE 3.13 cannot distribute that on some GPUs.
    """
    if not scales.is_row and element == ir.F32Type.get():
        return total

    def body(arguments: Sequence[ir.Value]) -> ir.Value:
        value = arguments[0]
        if scales.is_row:
            factor = unit_scale(_to_f32(arguments[1]), scales.code)
            value = arith.MulFOp(value, factor).result
        return value if value.type == element else arith.TruncFOp(element, value).result

    loops = list(range(len(sizes)))
    inputs, maps = (scales.inputs, scales.maps) if scales.is_row else ([], [])
    result = empty(sizes, element)
    return generic([total, *inputs], result, [loops, *maps, loops], ["parallel"] * len(loops), body)
