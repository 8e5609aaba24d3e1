# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""seedlm.contract as a dispatch of an executable with a microkernel."""

from collections.abc import Sequence

from iree.compiler import ir

from seedlm.compiler.dialect import code_of, contract_maps, tiles_of
from seedlm.compiler.ir.build import collapse, dim_size, split_first, static_size, transposed
from seedlm.compiler.ir.dispatch import build_dispatch, only_element
from seedlm.compiler.ir.values import erase_if_unused
from seedlm.passes.cpu_form.activations import Activation, Activations
from seedlm.passes.cpu_form.executable import Executables, Problem
from seedlm.passes.cpu_form.kernels import kernel_prefix
from seedlm.passes.epilogue import Epilogue, Operand, find_epilogue


def lower_contract(contract: ir.Operation, activations: Activations) -> None:
    """Replaces a seedlm.contract, and the elementwise operations after it, by a dispatch.

    The codes of the contraction must be tiles.
    """
    maps = contract_maps(contract)
    epilogue = find_epilogue(contract, fuse=maps.result[-1] == maps.row)
    with ir.InsertionPoint(contract), contract.location:
        x = activations.of(contract, maps, on_stack=epilogue.element != "f32")
        sizes = [dim_size(contract.operands[0], maps.lhs.index(loop)) for loop in maps.batch]
    replaced = epilogue.replaces
    with ir.InsertionPoint(replaced), replaced.location:
        y = _dispatch(contract, x, epilogue, activations.executables)
        y = split_first(y, sizes) if sizes else collapse(y, [[0, 1]])
        result = transposed(y, [[*maps.batch, maps.row].index(loop) for loop in maps.result])
    replaced.results[0].replace_all_uses_with(result)
    erase_if_unused(replaced)


def _dispatch(
    contract: ir.Operation, x: Activation, epilogue: Epilogue, executables: Executables
) -> ir.Value:
    _, codes, scale = contract.operands
    tiles = tiles_of(codes)
    assert tiles is not None
    has_row_scales = ir.RankedTensorType(scale.type).rank > 0
    scales, numbers = ([scale], []) if has_row_scales else ([], [only_element(scale)])
    problem = _problem(contract, x, tiles)
    return build_dispatch(
        executables.symbol(problem, epilogue),
        [tiles, *scales, *x.tensors, *(_collapsed(each) for each in epilogue.operands)],
        numbers,
        [dim_size(x.matrix, 0), problem.rows],
        ir.Type.parse(epilogue.element),
    )


def _problem(contract: ir.Operation, x: Activation, tiles: ir.Value) -> Problem:
    code = code_of(contract)
    prefix = kernel_prefix(code)
    assert prefix is not None
    return Problem(
        kernels=prefix,
        rows=ir.RankedTensorType(contract.operands[1].type).shape[0],
        columns=ir.RankedTensorType(x.matrix.type).shape[1],
        batch=static_size(x.matrix, 0),
        tile_bytes=ir.RankedTensorType(tiles.type).shape[1],
        scale_element=code.scale_type,
        has_row_scales=code.scale == "row",
        prepared_bytes=x.prepared_bytes,
        rounds=x.prepared_bytes is not None and x.prepared is None,
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
