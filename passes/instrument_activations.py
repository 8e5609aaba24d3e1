# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""seedlm-instrument-activations: a module that measures what its weights are multiplied with."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from iree.compiler import ir
from iree.compiler.dialects import arith, hal, util

from seedlm.compiler.ir.build import add, dim_size, empty, filled, generic
from seedlm.compiler.ir.contractions import weight_loops
from seedlm.compiler.ir.maps import indexing_maps, loops_of, renumber_loops
from seedlm.compiler.ir.weights import find_weights
from seedlm.passes.code_plan import CodePlan
from seedlm.passes.weight_plan import Reader, Selection, WeightPlan, make_plans

READ_FUNCTION = "seedlm.activations"


@dataclass
class InstrumentActivations:
    """Adds up the squares of what every weight that would be compressed is multiplied with.

        %y = linalg.matmul ins(%x, %w : tensor<4x576xf32>, tensor<576x1536xf32>) ..
      =>
        util.global private mutable @seedlm.activations.0 = dense<0.0> : tensor<576xf64>
        util.global private mutable @seedlm.activations.0.rows = 0 : i64
        ..
        %squares = linalg.generic ins(%x : ..) outs(%zeros : ..) { %out + %x * %x, over rows }
        %sums = util.global.load @seedlm.activations.0 : tensor<576xf64>
        %more = linalg.generic ins(%sums, %squares : ..) outs(%empty : ..) { %sums + %squares }
        util.global.store %more, @seedlm.activations.0 : tensor<576xf64>
        ..  // and 4 to the rows
        %y = linalg.matmul ins(%x, %w : tensor<4x576xf32>, tensor<576x1536xf32>) ..

    There is a sum for each column of the weight as a matrix, in the dimensions of the weight that
    make up a column's index: [inputs] of a linear layer, [inputs, height, width] of a convolution.
    A row is what one row of outputs is computed from: a row of the activation, or the window of a
    convolution at one position (and of one group); padding counts as zeros. Several readers of a
    weight add to the same sums; gathers do not multiply and count for nothing. Sums are never the
    output operand of an operation: IREE 3.13 lets mutable globals that start alike share a buffer,
    and would update it in place.

    The public function "seedlm.activations" returns the sums, a !hal.buffer_view, and the number of
    rows, an i64, of each weight: those of all calls since the module was loaded.

    Attributes:
        codes: Which code each weight gets; one that is left dense is not measured.
        selection: Which weights are compressed.
        plans: After `run`, the weights that the results of "seedlm.activations" belong to.
    """

    name: ClassVar[str] = "seedlm-instrument-activations"

    codes: CodePlan = field(default_factory=CodePlan)
    selection: Selection = field(default_factory=Selection)
    plans: list[WeightPlan] = field(default_factory=list, init=False)

    def run(self, module: ir.Module) -> bool:
        """Rewrites `module` in place and returns that it changed.

        Raises:
            SeedlmError: A code is unknown or a pattern matches no weight.
        """
        plans = make_plans(find_weights(module), self.selection, self.codes)
        self.plans = [plan for plan in plans if any(_products(plan))]
        with module.context, ir.Location.unknown():
            with ir.InsertionPoint.at_block_begin(module.body):
                accumulators = [
                    _add_accumulator(plan, f"{READ_FUNCTION}.{i}")
                    for i, plan in enumerate(self.plans)
                ]
            with ir.InsertionPoint(module.body):
                _add_read_function(accumulators)
        for plan, accumulator in zip(self.plans, accumulators, strict=True):
            for reader in list(_products(plan)):
                with ir.InsertionPoint(reader.operation), reader.operation.location:
                    _count(_product(reader, plan), accumulator)
        return True


@dataclass(frozen=True)
class _Accumulator:
    """The globals, by symbol, that hold the sums of a weight and the number of rows."""

    sums: str
    rows: str
    type: ir.RankedTensorType


def _products(plan: WeightPlan) -> Iterator[Reader]:
    """Yields the contractions and convolutions among the readers of a compressed weight."""
    return (reader for reader in plan.readers() if reader.operation.name.startswith("linalg."))


def _add_accumulator(plan: WeightPlan, symbol: str) -> _Accumulator:
    assert plan.matrix is not None
    shape = [plan.weight.type.shape[dim] for dim in plan.matrix.columns]
    type_ = ir.RankedTensorType.get(shape, ir.F64Type.get())
    zeros = ir.DenseElementsAttr.get_splat(type_, ir.FloatAttr.get_f64(0.0))
    zero = ir.IntegerAttr.get(ir.IntegerType.get_signless(64), 0)
    accumulator = _Accumulator(symbol, f"{symbol}.rows", type_)
    for name, initial_value in ((accumulator.sums, zeros), (accumulator.rows, zero)):
        util.GlobalOp(
            name,
            initial_value.type,
            sym_visibility="private",
            is_mutable=True,
            initial_value=initial_value,
        )
    return accumulator


def _add_read_function(accumulators: Sequence[_Accumulator]) -> None:
    view, integer = ir.Type.parse("!hal.buffer_view"), ir.IntegerType.get_signless(64)
    results = [view, integer] * len(accumulators)
    type_ = ir.TypeAttr.get(ir.FunctionType.get([], results))
    function = util.FuncOp(READ_FUNCTION, type_, sym_visibility="public")
    function.operation.attributes["iree.abi.stub"] = ir.UnitAttr.get()
    values: list[ir.Value] = []
    with ir.InsertionPoint(function.operation.regions[0].blocks.append()):
        for each in accumulators:
            sums = util.GlobalLoadOp(each.type, each.sums).result
            values.append(hal.TensorExportOp(view, sums, each.type, []).result)
            values.append(util.GlobalLoadOp(integer, each.rows).result)
        util.ReturnOp(values)


@dataclass(frozen=True)
class _Product:
    """A contraction or convolution with a weight, seen from its activation.

    Attributes:
        operation: The operation.
        activation: Its operand that is not the weight.
        map: The affine map that the activation is indexed by.
        columns: The loops that the columns of the weight run over, outermost first.
        rows: The other loops that the activation is indexed by.
    """

    operation: ir.Operation
    activation: ir.Value
    map: ir.AffineMap
    columns: list[int]
    rows: list[int]


def _product(reader: Reader, plan: WeightPlan) -> _Product:
    assert plan.matrix is not None
    operation, number = reader.operation, 1 - reader.operand
    map_ = ir.AffineMapAttr(indexing_maps(operation)[number]).value
    dims = weight_loops(operation, reader.operand, reader.view)
    loops = {dim: loop for loop, dim in dims.items()}
    columns = [loops[dim] for dim in plan.matrix.columns]
    rows = sorted(loops_of(map_) - set(columns))
    return _Product(operation, operation.operands[number], map_, columns, rows)


def _count(product: _Product, accumulator: _Accumulator) -> None:
    """Builds what adds the squares of the activation to the sums, and its rows to their number."""
    sizes = [_loop_size(product.operation, loop) for loop in product.rows]
    sums = util.GlobalLoadOp(accumulator.type, accumulator.sums).result
    util.GlobalStoreOp(add(sums, _sum_squares(product, sizes, sums.type)), accumulator.sums)
    integer = ir.IntegerType.get_signless(64)
    rows = util.GlobalLoadOp(integer, accumulator.rows).result
    more = arith.IndexCastOp(integer, _multiplied(sizes)).result
    util.GlobalStoreOp(arith.AddIOp(rows, more).result, accumulator.rows)


def _sum_squares(
    product: _Product, sizes: Sequence[ir.Value | int], type_: ir.RankedTensorType
) -> ir.Value:
    """Builds the squares of the activation, summed over rows whose loops have `sizes`."""
    order = [*product.columns, *product.rows]
    columns, rows = list(range(len(product.columns))), list(range(len(product.columns), len(order)))
    # The sizes of loops that index the activation only in sums, such as y + dy, follow from a
    # tensor that is not read, as they do from the window of a linalg.pooling.
    space = empty(sizes, ir.RankedTensorType(product.activation.type).element_type)
    maps = [renumber_loops(product.map, order), rows, columns]
    iterators = ["parallel"] * len(columns) + ["reduction"] * len(rows)
    zeros = filled(type_.shape, type_.element_type, 0.0)
    return generic([product.activation, space], zeros, maps, iterators, _add_square)


def _add_square(arguments: Sequence[ir.Value]) -> ir.Value:
    value, _, total = arguments
    if value.type != total.type:
        value = arith.ExtFOp(total.type, value).result
    return arith.AddFOp(total, arith.MulFOp(value, value).result).result


def _loop_size(operation: ir.Operation, loop: int) -> ir.Value | int:
    """Returns the size of a loop from a dimension that it runs over alone."""
    for operand, attribute in zip(operation.operands, indexing_maps(operation), strict=True):
        for dimension, expression in enumerate(ir.AffineMapAttr(attribute).value.results):
            if expression == ir.AffineDimExpr.get(loop):
                return dim_size(operand, dimension)
    raise AssertionError(f"no dimension of {operation.name} has the size of loop {loop}")


def _multiplied(sizes: Sequence[ir.Value | int]) -> ir.Value:
    fixed = math.prod(size for size in sizes if isinstance(size, int))
    product = arith.ConstantOp(ir.IndexType.get(), fixed).result
    for size in sizes:
        if not isinstance(size, int):
            product = arith.MulIOp(product, size).result
    return product
