# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Affine maps as tuples of loops, and small attribute readers for linalg operations."""

from collections.abc import Sequence

from iree.compiler import ir
from iree.compiler.dialects import linalg


def map_loops(attribute: ir.Attribute) -> tuple[int | None, ...] | None:
    """Returns the loop that each result of an affine map reads, None for the constant 0.

    Returns None instead of a tuple if some result is any other expression.
    """
    loops: list[int | None] = []
    for expression in ir.AffineMapAttr(attribute).value.results:
        if isinstance(expression, ir.AffineDimExpr):
            loops.append(expression.position)
        elif isinstance(expression, ir.AffineConstantExpr) and expression.value == 0:
            loops.append(None)
        else:
            return None
    return tuple(loops)


def loops_of(affine_map: ir.AffineMap) -> set[int]:
    """Returns the loops that the results of an affine map depend on."""
    return set().union(*map(_loops_in, affine_map.results))


def _loops_in(expression: ir.AffineExpr) -> set[int]:
    if isinstance(expression, ir.AffineDimExpr):
        return {expression.position}
    if isinstance(expression, ir.AffineBinaryExpr):
        return _loops_in(expression.lhs) | _loops_in(expression.rhs)
    return set()


def renumber_loops(affine_map: ir.AffineMap, order: Sequence[int]) -> ir.AffineMap:
    """Returns a map over the loops of `order` only, the first of which becomes loop 0."""
    places = {loop: place for place, loop in enumerate(order)}
    renumbered = ir.AffineMap.get(
        len(order),
        0,
        [
            ir.AffineDimExpr.get(places[loop]) if loop in places else ir.AffineConstantExpr.get(0)
            for loop in range(affine_map.n_dims)
        ],
    )
    results = [expression.compose(renumbered) for expression in affine_map.results]
    return ir.AffineMap.get(len(order), 0, results)


def indexing_maps(operation: ir.Operation) -> list[ir.Attribute]:
    """Returns the indexing maps of a linalg operation, one an operand."""
    return list(linalg.get_indexing_maps(operation))


def integers(attribute: ir.Attribute) -> list[int]:
    """Returns the integers of a dense i64 array attribute."""
    return list(ir.DenseI64ArrayAttr(attribute))


def reassociation(operation: ir.Operation) -> list[list[int]]:
    """Returns the groups of dimensions of a tensor.expand_shape or tensor.collapse_shape."""
    groups = ir.ArrayAttr(operation.attributes["reassociation"])
    return [[ir.IntegerAttr(index).value for index in ir.ArrayAttr(group)] for group in groups]


def input_count(operation: ir.Operation) -> int:
    """Returns how many operands of a linalg operation are inputs, not outputs."""
    return len(operation.operands) - len(operation.results)


def body_of(operation: ir.Operation) -> ir.Block:
    """Returns the single block of a linalg operation."""
    return operation.regions[0].blocks[0]
