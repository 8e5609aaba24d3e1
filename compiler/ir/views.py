# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Operations between a weight and its contraction that only rearrange or convert it.

A *view* is a tuple with one entry for each dimension of a tensor: the dimension of the weight that
it runs over, or None where the weight is repeated (a broadcast or unit dimension).
"""

from collections.abc import Callable

from iree.compiler import ir

from seedlm.compiler.ir.maps import body_of, input_count, integers, map_loops, reassociation

View = tuple[int | None, ...]

_CASTS = ("arith.extf", "arith.truncf")


def identity_view(rank: int) -> View:
    """Returns the view of the weight itself."""
    return tuple(range(rank))


def view_through(operation: ir.Operation, operand: int, view: View) -> View | None:
    """Returns the view of `operation`'s result if it only rearranges operand `operand`.

    Args:
        operation: A user of a tensor.
        operand: Which operand of `operation` the tensor is.
        view: The tensor's view.
    """
    if operand != 0 or operation.name not in _RULES:
        return None
    return _RULES[operation.name](operation, view)


def _through_transpose(operation: ir.Operation, view: View) -> View:
    return tuple(view[i] for i in integers(operation.attributes["permutation"]))


def _through_broadcast(operation: ir.Operation, view: View) -> View:
    added = integers(operation.attributes["dimensions"])
    kept = iter(view)
    rank = len(view) + len(added)
    return tuple(None if i in added else next(kept) for i in range(rank))


def _through_generic(operation: ir.Operation, view: View) -> View | None:
    """Sees through a generic that yields its single input, converted at most."""
    if input_count(operation) != 1 or not _yields_input(operation):
        return None
    maps = ir.ArrayAttr(operation.attributes["indexing_maps"])
    source, target = map_loops(maps[0]), map_loops(maps[1])
    if source is None or target is None or None in target or len(set(source)) != len(source):
        return None
    return tuple(view[source.index(loop)] if loop in source else None for loop in target)


def _yields_input(operation: ir.Operation) -> bool:
    body = body_of(operation)
    *casts, terminator = list(body.operations)
    value = terminator.operands[0]
    for cast in reversed(casts):
        if cast.operation.name not in _CASTS or cast.operation.result != value:
            return False
        value = cast.operation.operands[0]
    return value == body.arguments[0]


def _through_expand(operation: ir.Operation, view: View) -> View | None:
    shape = ir.RankedTensorType(operation.result.type).shape
    result: list[int | None] = []
    for dimension, group in zip(view, reassociation(operation), strict=True):
        wide = [i for i in group if shape[i] != 1]
        if len(wide) > 1:
            return None
        kept = wide[0] if wide else group[0]
        result += [dimension if i == kept else None for i in group]
    return tuple(result)


def _through_collapse(operation: ir.Operation, view: View) -> View | None:
    shape = ir.RankedTensorType(operation.operands[0].type).shape
    result: list[int | None] = []
    for group in reassociation(operation):
        wide = [i for i in group if shape[i] != 1]
        if len(wide) > 1:
            return None
        result.append(view[wide[0] if wide else group[0]])
    return tuple(result)


_RULES: dict[str, Callable[[ir.Operation, View], View | None]] = {
    "linalg.transpose": _through_transpose,
    "linalg.broadcast": _through_broadcast,
    "linalg.generic": _through_generic,
    "tensor.expand_shape": _through_expand,
    "tensor.collapse_shape": _through_collapse,
}
