# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a contraction, convolution or gather does with a weight that reaches it through a view."""

from dataclasses import dataclass

from iree.compiler import ir
from iree.compiler.dialects import linalg

from seedlm.compiler.ir.maps import body_of, indexing_maps, input_count, map_loops
from seedlm.compiler.ir.values import defining_op
from seedlm.compiler.ir.views import View

_GATHER_OPS = ("arith.cmpi", "arith.index_cast", "cf.assert", "linalg.index", "tensor.extract")


@dataclass(frozen=True)
class MatrixUse:
    """How an operation reads a weight as a matrix [rows, columns], columns being summed over.

    Attributes:
        kind: "contraction", "convolution" or "gather".
        rows: The weight's dimensions that make a row's index, outermost first.
        columns: The weight's dimensions that make a column's index, outermost first.
    """

    kind: str
    rows: tuple[int, ...]
    columns: tuple[int, ...]


@dataclass(frozen=True)
class OtherUse:
    """A use that is no matrix product; `reason` says why in a few words."""

    reason: str


def classify_use(operation: ir.Operation, operand: int, view: View) -> MatrixUse | OtherUse:
    """Returns how `operation` uses its operand `operand`, a weight seen through `view`."""
    if operation.name == "tensor.extract":
        return _classify_gather(operation, operand, view)
    if not operation.name.startswith("linalg.") or operand >= input_count(operation):
        return OtherUse(f"used by {operation.name}")
    if linalg.isa_contraction_op(operation):
        return _classify_contraction(operation, operand, view)
    if linalg.isa_convolution_op(operation) and operand == 1:
        return _classify_convolution(operation, view)
    return OtherUse(f"used by {operation.name}")


def weight_loops(operation: ir.Operation, operand: int, view: View) -> dict[int, int]:
    """Returns the weight's dimension that each loop of a linalg operation runs over."""
    loops = map_loops(indexing_maps(operation)[operand])
    if loops is None:
        return {}
    pairs = zip(loops, view, strict=True)
    return {loop: dim for loop, dim in pairs if loop is not None and dim is not None}


def _classify_contraction(
    operation: ir.Operation, operand: int, view: View
) -> MatrixUse | OtherUse:
    if str(ir.RankedTensorType(operation.results[0].type).element_type) == "f64":
        return OtherUse("f64 arithmetic")
    dimensions = linalg.infer_contraction_dimensions(operation)
    dims = weight_loops(operation, operand, view)
    if any(loop in dims for loop in dimensions.batch):
        return OtherUse("batched weight")
    rows = tuple(dims[loop] for loop in [*dimensions.m, *dimensions.n] if loop in dims)
    columns = tuple(dims[loop] for loop in dimensions.k if loop in dims)
    if len(rows) != 1 or len(columns) != 1 or len(dimensions.k) != 1:
        return OtherUse("not a product of two matrices")
    return MatrixUse("contraction", rows, columns)


def _classify_convolution(operation: ir.Operation, view: View) -> MatrixUse | OtherUse:
    dimensions = linalg.infer_convolution_dimensions(operation)
    dims = weight_loops(operation, 1, view)
    if not list(dimensions.input_channel):
        return OtherUse("depthwise convolution")
    inner = [*dimensions.input_channel, *dimensions.filter_loop]
    columns = tuple(dims[loop] for loop in inner if loop in dims)
    rows = tuple(dim for dim in sorted(dims.values()) if dim not in columns)
    return MatrixUse("convolution", rows, columns)


def _classify_gather(extract: ir.Operation, operand: int, view: View) -> MatrixUse | OtherUse:
    if operand != 0 or view != (0, 1) or gathered_indices(extract) is None:
        return OtherUse("read element by element")
    return MatrixUse("gather", (0,), (1,))


def gathered_indices(extract: ir.Operation) -> ir.Value | None:
    """Returns the tensor of row indices if `extract` is the body of a gather of whole rows.

    %rows = linalg.generic ins(%indices : tensor<?xi64>) outs(.. : tensor<?x576xf32>) {
      %row = arith.index_cast %in : i64 to index
      %column = linalg.index 1 : index
      %value = tensor.extract %table[%row, %column] : tensor<49152x576xf32>
      linalg.yield %value : f32 }

    Assertions that the index is in range may stand between.
    """
    generic = extract.parent
    if generic is None or generic.operation.name != "linalg.generic":
        return None
    generic = generic.operation
    body = body_of(generic)
    *inner, terminator = [each.operation for each in body.operations]
    if terminator.operands[0] != extract.result or any(op.name not in _GATHER_OPS for op in inner):
        return None
    rank = ir.RankedTensorType(generic.results[0].type).rank
    indices = list(extract.operands)[1:]
    if len(indices) != 2:
        return None
    row, column = (defining_op(index) for index in indices)
    if row is None or column is None or row.name != "arith.index_cast":
        return None
    if row.operands[0] != body.arguments[0]:
        return None
    if column.name != "linalg.index" or ir.IntegerAttr(column.attributes["dim"]).value != rank - 1:
        return None
    maps = [map_loops(each) for each in ir.ArrayAttr(generic.attributes["indexing_maps"])]
    if maps != [tuple(range(rank - 1)), tuple(range(rank))]:
        return None
    return generic.operands[0]
