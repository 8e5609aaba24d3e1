# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""seedlm.generate and seedlm.gather as one elementwise linalg.generic [rows.., groups, columns]."""

from collections.abc import Callable, Sequence

from iree.compiler import ir
from iree.compiler.dialects import arith, linalg, tensor, util
from seedlm.compiler.dialect import code_of
from seedlm.compiler.ir.build import collapse_last, dim_size, empty, generic, slice_first
from seedlm.passes.linalg_form.arithmetic import Int32
from seedlm.passes.linalg_form.decoder import block_factor, integer_weight_at, select_record
from seedlm.passes.linalg_form.planes import Planes, planes_of_codes


def lower_generate(operation: ir.Operation) -> ir.Value:
    """Returns the linalg form of a seedlm.generate.

    Raises:
        SeedlmError: The codes are not packed.
    """
    codes, scale = operation.operands
    planes = planes_of_codes(codes, code_of(operation))

    def elements(arguments: Sequence[ir.Value]) -> Sequence[ir.Value]:
        return arguments

    inputs = [(plane, [0, 1]) for plane in _hide(planes)]
    return _decode(operation, planes, scale, inputs, [planes.rows], elements)


def lower_gather(operation: ir.Operation) -> ir.Value:
    """Returns the linalg form of a seedlm.gather.

    Raises:
        SeedlmError: The codes are not packed.
    """
    indices, codes, scale = operation.operands
    planes = planes_of_codes(codes, code_of(operation))
    rank = ir.RankedTensorType(indices.type).rank
    hidden = _hide(planes)

    def elements(arguments: Sequence[ir.Value]) -> Sequence[ir.Value]:
        index = arith.IndexCastOp(ir.IndexType.get(), arguments[0]).result
        group = linalg.IndexOp(rank).result
        return [tensor.ExtractOp(plane, [index, group]).result for plane in hidden]

    sizes = [dim_size(indices, i) for i in range(rank)]
    return _decode(operation, planes, scale, [(indices, list(range(rank)))], sizes, elements)


def _hide(planes: Planes) -> list[ir.Value]:
    """Hides the planes behind util.optimization_barrier.

    If all operands of a decoder were constants, which indices may be as well, IREE would evaluate
    it at compile time or at load, and the weight would be dense.
    """
    return [util.OptimizationBarrierOp([plane.type], [plane]).results[0] for plane in planes.all]


def _decode(
    operation: ir.Operation,
    planes: Planes,
    scale: ir.Value,
    inputs: list[tuple[ir.Value, list[int]]],
    row_sizes: list[ir.Value | int],
    elements: Callable[[Sequence[ir.Value]], Sequence[ir.Value]],
) -> ir.Value:
    """Decodes rows; `elements` builds one element of each plane from those of the inputs."""
    code = planes.code
    result_type = ir.RankedTensorType(operation.result.type)
    column_loop = len(row_sizes) + 1

    def body(arguments: Sequence[ir.Value]) -> ir.Value:
        column = _column(column_loop)
        records = planes.records(elements(arguments[:-2]))
        record = records[0]
        if len(records) > 1:
            index = column.divide(code.block)
            record = select_record(records, index)
            column = column - index * code.block
        integer = integer_weight_at(record, column, code).value
        weight = arith.SIToFPOp(ir.F32Type.get(), integer).result
        weight = arith.MulFOp(weight, block_factor(record, arguments[-2], code)).result
        return _from_f32(weight, result_type.element_type)

    loops = list(range(column_loop + 1))
    output = empty([*row_sizes, planes.groups, planes.group_columns], result_type.element_type)
    tensors = [tensor_ for tensor_, _ in inputs]
    maps = [map_ for _, map_ in inputs]
    iterators = ["parallel"] * len(loops)
    groups = generic([*tensors, scale], output, [*maps, [], loops], iterators, body)
    return slice_first(collapse_last(groups), result_type.rank - 1, result_type.shape[-1])


def _column(loop: int) -> Int32:
    i32 = ir.IntegerType.get_signless(32)
    return Int32(arith.IndexCastOp(i32, linalg.IndexOp(loop).result).result)


def _from_f32(value: ir.Value, element: ir.Type) -> ir.Value:
    if element == ir.F32Type.get():
        return value
    return arith.TruncFOp(element, value).result
