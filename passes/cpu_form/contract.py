# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""seedlm.contract as a dispatch of an executable with a microkernel."""

from collections.abc import Sequence

from iree.compiler import ir

from seedlm.compiler.dialect import JOIN_TILES, code_of, contract_maps
from seedlm.compiler.ir.build import DYNAMIC, collapse, dim_size, split_first, transposed
from seedlm.compiler.ir.dispatch import build_dispatch, only_element
from seedlm.compiler.ir.values import defining_op, erase_if_unused
from seedlm.passes.cpu_form.activations import Activations
from seedlm.passes.cpu_form.executable import Problem
from seedlm.passes.cpu_form.kernels import kernel_prefix
from seedlm.passes.epilogue import Epilogue, Operand, find_epilogue


def is_tiled(operation: ir.Operation) -> bool:
    """Returns whether the codes of a seedlm.contract have the layout of the microkernels."""
    codes = defining_op(operation.operands[1])
    return codes is not None and codes.name == JOIN_TILES


def lower_contract(contract: ir.Operation, activations: Activations) -> None:
    """Replaces a seedlm.contract, and the elementwise operations after it, by a dispatch.

    The codes of the contraction must be tiles, see `is_tiled`.
    """
    maps = contract_maps(contract)
    epilogue = find_epilogue(contract, fuse=maps.result[-1] == maps.row)
    with ir.InsertionPoint(contract), contract.location:
        x = activations.matrices(contract, maps)
        sizes = [dim_size(contract.operands[0], maps.lhs.index(loop)) for loop in maps.batch]
    replaced = epilogue.replaces
    with ir.InsertionPoint(replaced), replaced.location:
        y = _dispatch(contract, x, epilogue, activations)
        y = split_first(y, sizes) if sizes else collapse(y, [[0, 1]])
        result = transposed(y, [[*maps.batch, maps.row].index(loop) for loop in maps.result])
    replaced.results[0].replace_all_uses_with(result)
    erase_if_unused(replaced)


def _dispatch(
    contract: ir.Operation, x: list[ir.Value], epilogue: Epilogue, activations: Activations
) -> ir.Value:
    _, codes, scale = contract.operands
    join = defining_op(codes)
    assert join is not None
    tiles = join.operands[0]
    has_row_scales = ir.RankedTensorType(scale.type).rank > 0
    scales, numbers = ([scale], []) if has_row_scales else ([], [only_element(scale)])
    problem = _problem(contract, x, tiles)
    return build_dispatch(
        activations.executables.symbol(problem, epilogue),
        [tiles, *scales, *x, *(_collapsed(each) for each in epilogue.operands)],
        numbers,
        [dim_size(x[-1], 0), problem.rows],
        ir.Type.parse(epilogue.element),
    )


def _problem(contract: ir.Operation, x: list[ir.Value], tiles: ir.Value) -> Problem:
    code = code_of(contract)
    prefix = kernel_prefix(code)
    assert prefix is not None
    *prepared, (batch, columns) = [ir.RankedTensorType(each.type).shape for each in x]
    return Problem(
        function=f"{prefix}_{'int8' if prepared else 'f32'}",
        rows=ir.RankedTensorType(contract.operands[1].type).shape[0],
        columns=columns,
        batch=None if batch == DYNAMIC else batch,
        tile_bytes=ir.RankedTensorType(tiles.type).shape[1],
        scale_element=code.scale_type,
        has_row_scales=code.scale == "row",
        prepared_bytes=prepared[0][1] if prepared else None,
    )


def _collapsed(operand: Operand) -> ir.Value:
    """Returns an operand of an epilogue with at most one dimension for batch and columns each."""
    dimensions = list(range(ir.RankedTensorType(operand.value.type).rank))
    groups: Sequence[list[int]] = [dimensions]
    if operand.over_batch and operand.over_columns:
        groups = [dimensions[:-1], dimensions[-1:]]
    elif not operand.over_batch and not operand.over_columns:
        groups = []
    return collapse(operand.value, groups)
