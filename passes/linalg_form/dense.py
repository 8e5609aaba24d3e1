# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""seedlm.generate and seedlm.gather as one elementwise linalg.generic [rows.., groups, columns]."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from iree.compiler import ir
from iree.compiler.dialects import arith, tensor

from seedlm.compiler.dialect import code_of
from seedlm.compiler.ir.build import collapse_last, dim_size, empty, generic, hidden, slice_first
from seedlm.passes.linalg_form.arithmetic import Int32, as_value
from seedlm.passes.linalg_form.decoder import (
    Record,
    block_factor,
    integer_weight_at,
    select_record,
)
from seedlm.passes.linalg_form.planes import Planes, planes_of_codes
from seedlm.passes.linalg_form.scales import Scales, loop_index, loop_number

Arguments = Sequence[ir.Value]


@dataclass(frozen=True)
class _Rows:
    """The rows of a weight that are decoded.

    Attributes:
        sizes: The sizes of the loops over them.
        inputs: What the body reads to know them, with the loops of each dimension.
        planes: Builds one element of each plane from the body's arguments for `inputs`.
        index: Builds the index of the row from those arguments.
        scales: How the rows' scales are read.
    """

    sizes: list[ir.Value | int]
    inputs: list[tuple[ir.Value, list[int]]]
    planes: Callable[[Arguments], Arguments]
    index: Callable[[Arguments], ir.Value]
    scales: Scales


def lower_generate(operation: ir.Operation) -> ir.Value:
    """Returns the linalg form of a seedlm.generate.

    Raises:
        SeedlmError: The codes are not packed.
    """
    codes, scale = operation.operands
    planes = planes_of_codes(codes, code_of(operation))
    rows = _Rows(
        sizes=[planes.rows],
        inputs=[(hidden(plane), [0, 1]) for plane in planes.all],
        planes=lambda arguments: arguments,
        index=lambda _: loop_index(0),
        scales=Scales(scale, planes.code, row_loop=0),
    )
    return _decode(operation, planes, rows)


def lower_gather(operation: ir.Operation) -> ir.Value:
    """Returns the linalg form of a seedlm.gather.

    Raises:
        SeedlmError: The codes are not packed.
    """
    indices, codes, scale = operation.operands
    planes = planes_of_codes(codes, code_of(operation))
    rank = ir.RankedTensorType(indices.type).rank
    sources = [hidden(plane) for plane in planes.all]

    def index(arguments: Arguments) -> ir.Value:
        return arith.IndexCastOp(ir.IndexType.get(), arguments[0]).result

    def elements(arguments: Arguments) -> Arguments:
        place = [index(arguments), loop_index(rank)]
        return [tensor.ExtractOp(plane, place).result for plane in sources]

    rows = _Rows(
        sizes=[dim_size(indices, i) for i in range(rank)],
        inputs=[(indices, list(range(rank)))],
        planes=elements,
        index=index,
        scales=Scales(scale, planes.code, row_loop=None),
    )
    return _decode(operation, planes, rows)


def _decode(operation: ir.Operation, planes: Planes, rows: _Rows) -> ir.Value:
    code, scales, count = planes.code, rows.scales, len(rows.inputs)
    result_type = ir.RankedTensorType(operation.result.type)
    group_loop, column_loop = len(rows.sizes), len(rows.sizes) + 1

    def body(arguments: Arguments) -> ir.Value:
        records = planes.records(rows.planes(arguments[:count]))
        record, block, column = _block_of(records, loop_number(column_loop), code.block)
        scale = scales.read(
            arguments[count:-1],
            lambda: rows.index(arguments),
            lambda: loop_number(group_loop) * planes.group_columns + block,
        )
        integer = integer_weight_at(record, column, code).value
        weight = arith.SIToFPOp(ir.F32Type.get(), integer).result
        weight = arith.MulFOp(weight, block_factor(record, scale, code)).result
        return _from_f32(weight, result_type.element_type)

    loops = list(range(column_loop + 1))
    output = empty([*rows.sizes, planes.groups, planes.group_columns], result_type.element_type)
    inputs = [*[each for each, _ in rows.inputs], *scales.inputs]
    maps = [*[each for _, each in rows.inputs], *scales.maps, loops]
    groups = generic(inputs, output, maps, ["parallel"] * len(loops), body)
    return slice_first(collapse_last(groups), result_type.rank - 1, result_type.shape[-1])


def _block_of(records: list[Record], column: Int32, size: int) -> tuple[Record, Int32, Int32]:
    """Returns the record of a group's column, the first column of its block and that in it."""
    if len(records) == 1:
        return records[0], Int32(as_value(0)), column
    index = column.divide(size)
    first = index * size
    return select_record(records, index), first, column - first


def _from_f32(value: ir.Value, element: ir.Type) -> ir.Value:
    if element == ir.F32Type.get():
        return value
    return arith.TruncFOp(element, value).result
