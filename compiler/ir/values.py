# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Walking between values, the operations that define them and their constants."""

from collections.abc import Iterator
from functools import cmp_to_key

from iree.compiler import ir

_PURE_DIALECTS = ("arith.", "linalg.", "tensor.", "seedlm.", "util.global.load")


def defining_op(value: ir.Value) -> ir.Operation | None:
    """Returns the operation that defines `value`, None for a block argument."""
    owner = value.owner
    return None if isinstance(owner, ir.Block) else owner.operation


def constant_attribute(value: ir.Value) -> ir.Attribute | None:
    """Returns the attribute of the arith.constant that defines `value`, None if none does."""
    operation = defining_op(value)
    if operation is None or operation.name != "arith.constant":
        return None
    return operation.attributes["value"]


def walk(operation: ir.Operation) -> Iterator[ir.Operation]:
    """Yields `operation` and every operation nested in it, parents first.

    The operations of a block are collected before they are visited, so a visitor may erase the one
    it was given.
    """
    yield operation
    for region in operation.regions:
        for block in region.blocks:
            for nested in list(block.operations):
                yield from walk(nested.operation)


def erase_if_unused(operation: ir.Operation) -> None:
    """Erases a pure tensor operation, and then its producers, as long as nothing uses them."""
    used = any(True for result in operation.results for _ in result.uses)
    if used or not operation.name.startswith(_PURE_DIALECTS):
        return
    producers: list[ir.Operation] = []
    for operand in operation.operands:
        producer = defining_op(operand)
        if producer is not None and producer not in producers:
            producers.append(producer)
    # In the order of the program: erasing one of them may erase what is before it.
    ordered = _in_program_order(producers, operation.block)
    operation.erase()
    for producer in ordered:
        erase_if_unused(producer)


def _in_program_order(operations: list[ir.Operation], block: ir.Block) -> list[ir.Operation]:
    """Returns `operations` in order, those that are not in `block` but around it first."""
    around = [each for each in operations if each.block != block]
    inside = [each for each in operations if each.block == block]
    return around + sorted(inside, key=cmp_to_key(_program_order))


def _program_order(a: ir.Operation, b: ir.Operation) -> int:
    return -1 if a.is_before_in_block(b) else 1
