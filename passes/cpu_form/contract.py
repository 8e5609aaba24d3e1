# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""seedlm.contract as a dispatch of an executable with a microkernel."""

from collections.abc import Sequence

from iree.compiler import ir
from iree.compiler.dialects import arith, linalg, tensor

from seedlm.compiler.dialect import JOIN_TILES, ContractMaps, code_of, contract_maps
from seedlm.compiler.ir.build import (
    DYNAMIC,
    collapse,
    dim_size,
    empty,
    expand,
    generic,
    split_first,
)
from seedlm.compiler.ir.elements import read_elements
from seedlm.compiler.ir.values import constant_attribute, defining_op, erase_if_unused
from seedlm.passes.cpu_form.epilogue import Epilogue, Operand, find_epilogue
from seedlm.passes.cpu_form.executable import Executables, Problem
from seedlm.passes.cpu_form.kernels import kernel_prefix


def is_tiled(operation: ir.Operation) -> bool:
    """Returns whether the codes of a seedlm.contract have the layout of the microkernels."""
    codes = defining_op(operation.operands[1])
    return codes is not None and codes.name == JOIN_TILES


def lower_contract(contract: ir.Operation, executables: Executables) -> None:
    """Replaces a seedlm.contract, and the elementwise operations after it, by a dispatch.

    The codes of the contraction must be tiles, see `is_tiled`.
    """
    maps = contract_maps(contract)
    epilogue = find_epilogue(contract, fuse=maps.result[-1] == maps.row)
    replaced = epilogue.replaces
    with ir.InsertionPoint(replaced), replaced.location:
        result = _dispatch(contract, maps, epilogue, executables)
    replaced.results[0].replace_all_uses_with(result)
    erase_if_unused(replaced)


def _dispatch(
    contract: ir.Operation, maps: ContractMaps, epilogue: Epilogue, executables: Executables
) -> ir.Value:
    lhs, codes, scale = contract.operands
    batch = [loop for loop in maps.result if loop != maps.row]
    activation = _rearranged(lhs, maps.lhs, [*batch, maps.column])
    sizes = [dim_size(activation, i) for i in range(len(batch))]
    x = _as_f32(_as_matrix(activation))
    join = defining_op(codes)
    assert join is not None
    tensors = [join.operands[0], x, *(_collapsed(each) for each in epilogue.operands)]
    numbers = [dim for dim in [dim_size(x, 0)] if not isinstance(dim, int)]
    if ir.RankedTensorType(scale.type).rank > 0:
        tensors.insert(1, scale)
    else:
        numbers.insert(0, _number(scale))
    symbol = executables.symbol(_problem(contract, x, join.operands[0]), epilogue)
    shape = [ir.RankedTensorType(x.type).shape[0], ir.RankedTensorType(codes.type).shape[0]]
    result_type = ir.RankedTensorType.get(shape, ir.Type.parse(epilogue.element))
    y = _with_batch(_build_dispatch(symbol, tensors, numbers, result_type), sizes)
    return _rearranged(y, [*batch, maps.row], maps.result)


def _problem(contract: ir.Operation, x: ir.Value, tiles: ir.Value) -> Problem:
    code = code_of(contract)
    prefix = kernel_prefix(code)
    assert prefix is not None
    batch, columns = ir.RankedTensorType(x.type).shape
    return Problem(
        function=f"{prefix}_f32",
        rows=ir.RankedTensorType(contract.operands[1].type).shape[0],
        columns=columns,
        batch=None if batch == DYNAMIC else batch,
        tile_bytes=ir.RankedTensorType(tiles.type).shape[1],
        scale_element=code.scale_type,
        has_row_scales=code.scale == "row",
    )


def _number(scale: ir.Value) -> ir.Value:
    """Returns the only element of a tensor as a number.

    A dispatch would be handed a constant tensor of one element by filling a buffer in every call.
    """
    attribute = constant_attribute(scale)
    if attribute is None:
        return tensor.ExtractOp(scale, []).result
    element = ir.RankedTensorType(scale.type).element_type
    number = float(read_elements(attribute).item())
    return arith.ConstantOp(element, ir.FloatAttr.get(element, number)).result


def _build_dispatch(
    symbol: str,
    tensors: Sequence[ir.Value],
    numbers: Sequence[ir.Value],
    result_type: ir.RankedTensorType,
) -> ir.Value:
    """Builds flow.dispatch @symbol::@symbol[batch](tensors.., numbers..).

    The last number is the batch if it is not known, which is the first size of the result then.
    """
    workload = [] if result_type.has_static_shape else [numbers[-1]]
    sizes = [
        size
        for value in tensors
        for size in (dim_size(value, i) for i in range(ir.RankedTensorType(value.type).rank))
        if not isinstance(size, int)
    ]
    groups = [workload, [*tensors, *numbers], sizes, workload]
    return ir.Operation.create(
        "flow.dispatch",
        results=[result_type],
        operands=[value for group in groups for value in group],
        attributes={
            "entry_points": ir.ArrayAttr.get([ir.SymbolRefAttr.get([symbol, symbol])]),
            "operandSegmentSizes": ir.DenseI32ArrayAttr.get([len(group) for group in groups]),
        },
    ).result


def _rearranged(value: ir.Value, loops: Sequence[int], target: Sequence[int]) -> ir.Value:
    """Returns `value`, whose dimensions run over `loops`, with dimensions over `target`."""
    permutation = [list(loops).index(loop) for loop in target]
    if permutation == sorted(permutation):
        return value
    type_ = ir.RankedTensorType(value.type)
    output = empty([dim_size(value, i) for i in permutation], type_.element_type)
    return linalg.transpose(value, outs=[output], permutation=permutation).results[0]


def _as_matrix(value: ir.Value) -> ir.Value:
    """Joins all dimensions but the last; a vector becomes a matrix of one row."""
    shape = ir.RankedTensorType(value.type).shape
    if len(shape) == 1:
        return expand(value, 0, 1, shape[0])
    rank = len(shape)
    return collapse(value, [list(range(rank - 1)), [rank - 1]])


def _collapsed(operand: Operand) -> ir.Value:
    """Returns an operand of an epilogue with at most one dimension for batch and columns each."""
    rank = ir.RankedTensorType(operand.value.type).rank
    dimensions = list(range(rank))
    if operand.over_batch and operand.over_columns:
        return collapse(operand.value, [dimensions[:-1], dimensions[-1:]])
    return collapse(
        operand.value, [dimensions] if operand.over_batch or operand.over_columns else []
    )


def _with_batch(y: ir.Value, sizes: Sequence[ir.Value | int]) -> ir.Value:
    """Splits the first dimension of y [batch, rows] into `sizes`; none if there are none."""
    return split_first(y, sizes) if sizes else collapse(y, [[0, 1]])


def _as_f32(value: ir.Value) -> ir.Value:
    f32 = ir.F32Type.get()
    if ir.RankedTensorType(value.type).element_type == f32:
        return value
    output = empty([dim_size(value, i) for i in range(2)], f32)
    loops, iterators = [0, 1], ["parallel"] * 2
    return generic(
        [value],
        output,
        [loops, loops],
        iterators,
        lambda arguments: arith.ExtFOp(f32, arguments[0]).result,
    )
