# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Activations as block-scaled int16 and the sums of the device as results, both on the CPU.

A segment of the columns of each row of an activation has a scale of its own, the largest magnitude
in it over 32767. Where that is not finite, the scale is not either, and so are the results.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from iree.compiler import ir
from iree.compiler.dialects import arith, math

from seedlm.codec import Code
from seedlm.compiler.ir.build import (
    collapse_last,
    dim_size,
    empty,
    expand,
    filled,
    generic,
    pad_end,
    slice_first,
)
from seedlm.fpga.parameters import engine_parameters

_LARGEST = 32767.0
# The least magnitude whose reciprocal, times _LARGEST, is a number; what is below counts as 0.
_LEAST = 2.0**-100
_MATRIX = [0, 1]
_BLOCKS = [0, 1, 2]


@dataclass(frozen=True)
class Quantized:
    """An activation as the device takes it.

    Attributes:
        integers: i16 [batch, columns].
        scales: f32 [batch, segments].
    """

    integers: ir.Value
    scales: ir.Value


def quantize(x: ir.Value, code: Code) -> Quantized:
    """Rounds an f32 matrix [batch, columns] to the integers that the device of a code takes."""
    columns = ir.RankedTensorType(x.type).shape[1]
    engine = engine_parameters(code)
    segments, width = engine.segments(columns), engine.segment_columns(columns)
    blocks = expand(pad_end(x, 1, segments * width), 1, segments, width)
    largest = _largest(blocks)
    rounded = collapse_last(_rounded(blocks, largest))
    return Quantized(slice_first(rounded, 1, columns), _scaled_down(largest))


def results(sums: ir.Value, quantized: Quantized, scale: ir.Value, code: Code) -> ir.Value:
    """Returns the product that the device's sums stand for, f32 [batch, rows].

    Args:
        sums: i64 [segments, batch, rows].
        quantized: The activation.
        scale: The scales of the weight, of the tensor or of its rows.
        code: The code of the weight.
    """
    f32 = ir.F32Type.get()
    sizes = [dim_size(sums, 1), dim_size(sums, 2)]
    unit = 2.0 ** code.exponent_range[0] / ((1 << (code.basis_bits - 1)) - 1)

    def add_segment(arguments: Sequence[ir.Value]) -> ir.Value:
        number = arith.SIToFPOp(f32, arguments[0]).result
        return arith.AddFOp(arguments[2], arith.MulFOp(number, arguments[1]).result).result

    def scaled(arguments: Sequence[ir.Value]) -> ir.Value:
        factor = arith.MulFOp(_to_f32(arguments[1]), _number(unit)).result
        return arith.MulFOp(arguments[0], factor).result

    maps, iterators = [[2, 0, 1], [0, 2], _MATRIX], ["parallel", "parallel", "reduction"]
    start = filled(sizes, f32, 0.0)
    total = generic([sums, quantized.scales], start, maps, iterators, add_segment)
    maps = [_MATRIX, [1] if code.scale == "row" else [], _MATRIX]
    return generic([total, scale], empty(sizes, f32), maps, ["parallel"] * 2, scaled)


def _largest(blocks: ir.Value) -> ir.Value:
    """Returns the largest magnitudes of blocks [batch, segments, width], f32 [batch, segments]."""
    start = filled([dim_size(blocks, 0), dim_size(blocks, 1)], ir.F32Type.get(), 0.0)
    iterators = ["parallel", "parallel", "reduction"]

    def body(arguments: Sequence[ir.Value]) -> ir.Value:
        return arith.MaximumFOp(math.AbsFOp(arguments[0]).result, arguments[1]).result

    return generic([blocks], start, [_BLOCKS, _MATRIX], iterators, body)


def _rounded(blocks: ir.Value, largest: ir.Value) -> ir.Value:
    """Returns the integers of blocks; those of blocks that have no finite scale are 0."""
    i16 = ir.IntegerType.get_signless(16)

    def body(arguments: Sequence[ir.Value]) -> ir.Value:
        is_large = _compare(arith.CmpFPredicate.OGE, arguments[1], _number(_LEAST))
        inverse = arith.DivFOp(_number(_LARGEST), arguments[1]).result
        factor = arith.SelectOp(is_large, inverse, _number(0.0)).result
        number = math.RoundEvenOp(arith.MulFOp(arguments[0], factor).result).result
        is_integer = _compare(
            arith.CmpFPredicate.OLE, math.AbsFOp(number).result, _number(_LARGEST)
        )
        return arith.FPToSIOp(i16, arith.SelectOp(is_integer, number, _number(0.0)).result).result

    output = empty([dim_size(blocks, i) for i in _BLOCKS], i16)
    maps = [_BLOCKS, _MATRIX, _BLOCKS]
    return generic([blocks, largest], output, maps, ["parallel"] * 3, body)


def _scaled_down(largest: ir.Value) -> ir.Value:
    output = empty([dim_size(largest, i) for i in _MATRIX], ir.F32Type.get())

    def body(arguments: Sequence[ir.Value]) -> ir.Value:
        return arith.MulFOp(arguments[0], _number(1 / _LARGEST)).result

    return generic([largest], output, [_MATRIX, _MATRIX], ["parallel"] * 2, body)


def _compare(predicate: arith.CmpFPredicate, a: ir.Value, b: ir.Value) -> ir.Value:
    return arith.CmpFOp(predicate, a, b).result


def _number(number: float) -> ir.Value:
    f32 = ir.F32Type.get()
    return arith.ConstantOp(f32, ir.FloatAttr.get(f32, number)).result


def _to_f32(value: ir.Value) -> ir.Value:
    f32 = ir.F32Type.get()
    return value if value.type == f32 else arith.ExtFOp(f32, value).result
