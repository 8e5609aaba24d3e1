# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The elementwise operations after a contraction that its dispatch computes as well."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from iree.compiler import ir

from seedlm.compiler.ir.maps import body_of, indexing_maps, input_count, map_loops
from seedlm.compiler.ir.values import constant_attribute, defining_op

_MAX_OPERATIONS = 16
_BODY_DIALECTS = ("arith.", "math.")


@dataclass(frozen=True)
class Operand:
    """A tensor that an epilogue reads beside the contraction's result [batch.., n].

    Attributes:
        value: The tensor.
        over_batch: Whether it has an element for each row of the batch.
        over_columns: Whether it has an element for each n.
    """

    value: ir.Value
    over_batch: bool
    over_columns: bool

    @property
    def element(self) -> str:
        """The MLIR element type."""
        return str(ir.RankedTensorType(self.value.type).element_type)


@dataclass(frozen=True)
class Epilogue:
    """Scalar code from one element of a contraction's f32 result to one of the dispatch's result.

    Attributes:
        operands: The tensors read; in `code`, %in<i> is the element of the i-th.
        code: Lines of MLIR, from %y, the f32 element of the contraction's result.
        yielded: The name of the value computed.
        element: Its MLIR type.
        replaces: The operation whose result the dispatch computes.
    """

    operands: tuple[Operand, ...]
    code: tuple[str, ...]
    yielded: str
    element: str
    replaces: ir.Operation


def find_epilogue(
    contract: ir.Operation,
    *,
    fuse: bool,
    accepts: Callable[[Epilogue], bool] = lambda _: True,
) -> Epilogue:
    """Returns what a contraction's dispatch computes after it.

    Elementwise linalg.generic operations are taken in the order of the program, as many as there
    are up to one whose result is all that others read of them. They are not erased here.

    Args:
        contract: The contraction.
        fuse: Whether operations after it may be taken; if not, the epilogue only converts the
            result to its type.
        accepts: Says of an epilogue with operations whether the dispatch can compute it.
    """
    writer = _Writer(contract)
    found = writer.epilogue(contract)
    group = [contract]
    while fuse and len(group) <= _MAX_OPERATIONS:
        following = _next_reader(group)
        if following is None or not writer.append(following):
            break
        group.append(following)
        if _escaping(group) == [following]:
            candidate = writer.epilogue(following)
            found = candidate if accepts(candidate) else found
    return found


def _next_reader(group: list[ir.Operation]) -> ir.Operation | None:
    """Returns the first operation after `group` in its block that reads a result of it."""
    block = group[0].block
    readers = [
        use.owner.operation
        for operation in group
        for use in operation.results[0].uses
        if use.owner.operation not in group
    ]
    if any(reader.block != block for reader in readers):
        return None
    if not readers:
        return None
    first = readers[0]
    for reader in readers[1:]:
        if reader.is_before_in_block(first):
            first = reader
    return first


def _escaping(group: list[ir.Operation]) -> list[ir.Operation]:
    """Returns the operations of `group` whose results are read outside of it."""
    return [
        operation
        for operation in group
        if any(use.owner.operation not in group for use in operation.results[0].uses)
    ]


class _Writer:
    """Turns the bodies of elementwise operations into one piece of scalar code."""

    def __init__(self, contract: ir.Operation) -> None:
        result_type = ir.RankedTensorType(contract.results[0].type)
        self._shape = list(result_type.shape)
        self._operands: list[Operand] = []
        self._code: list[str] = []
        self._results: list[tuple[ir.Value, str]] = []
        element, name = str(result_type.element_type), "%y"
        if element != "f32":
            name = self._emit(f"arith.truncf %y : f32 to {element}")
        self._results.append((contract.results[0], name))

    def epilogue(self, last: ir.Operation) -> Epilogue:
        """Returns what is written, up to the result of `last`."""
        element = ir.RankedTensorType(last.results[0].type).element_type
        name = self._result_name(last.results[0])
        assert name is not None
        return Epilogue(tuple(self._operands), tuple(self._code), name, str(element), last)

    def append(self, operation: ir.Operation) -> bool:
        """Adds the body of `operation`; returns False if it cannot be computed element by element.

        What is written is not to be used any more then.
        """
        if not _is_elementwise(operation, len(self._shape)):
            return False
        body = body_of(operation)
        names: list[tuple[ir.Value, str]] = []
        *maps, _ = indexing_maps(operation)
        for argument, value, attribute in zip(
            list(body.arguments)[:-1], operation.operands, maps, strict=False
        ):
            name = self._input_name(value, attribute)
            if name is None:
                return False
            names.append((argument, name))
        *inner, terminator = [each.operation for each in body.operations]
        for each in inner:
            if not self._append_scalar(each, names):
                return False
        yielded = self._scalar_name(terminator.operands[0], names)
        if yielded is None:
            return False
        self._results.append((operation.results[0], yielded))
        return True

    def _input_name(self, value: ir.Value, map_attribute: ir.Attribute) -> str | None:
        loops = map_loops(map_attribute)
        result = self._result_name(value)
        if result is not None:
            return result if loops == tuple(range(len(self._shape))) else None
        operand = _operand(value, loops, self._shape) if loops is not None else None
        if operand is None:
            return None
        if operand not in self._operands:
            self._operands.append(operand)
        return f"%in{self._operands.index(operand)}"

    def _append_scalar(self, operation: ir.Operation, names: list[tuple[ir.Value, str]]) -> bool:
        is_scalar = operation.name.startswith(_BODY_DIALECTS) and len(operation.results) == 1
        if not is_scalar or list(operation.regions):
            return False
        operands = [self._scalar_name(value, names) for value in operation.operands]
        if None in operands:
            return False
        names.append((operation.results[0], self._emit_generic(operation, operands)))
        return True

    def _scalar_name(self, value: ir.Value, names: list[tuple[ir.Value, str]]) -> str | None:
        """Returns the name of a value in a body; constants from outside are written again."""
        for known, name in names:
            if known == value:
                return name
        constant = defining_op(value)
        if constant is None or constant_attribute(value) is None:
            return None
        return self._emit_generic(constant, [])

    def _emit_generic(self, operation: ir.Operation, operands: Sequence[str | None]) -> str:
        attributes = ", ".join(f"{name} = {value}" for name, value in operation.attributes.items())
        types = ", ".join(str(value.type) for value in operation.operands)
        return self._emit(
            f'"{operation.name}"({", ".join(map(str, operands))}) {{{attributes}}} '
            f": ({types}) -> {operation.results[0].type}"
        )

    def _emit(self, right: str) -> str:
        name = f"%v{len(self._code)}"
        self._code.append(f"{name} = {right}")
        return name

    def _result_name(self, value: ir.Value) -> str | None:
        return next((name for known, name in self._results if known == value), None)


def _is_elementwise(operation: ir.Operation, rank: int) -> bool:
    """Returns whether `operation` writes each element of one tensor once, not reading the old."""
    if operation.name != "linalg.generic" or len(operation.results) != 1:
        return False
    if input_count(operation) < 1 or any(True for _ in body_of(operation).arguments[-1].uses):
        return False
    iterators = [str(each) for each in ir.ArrayAttr(operation.attributes["iterator_types"])]
    is_parallel = all("parallel" in each for each in iterators)
    return is_parallel and map_loops(indexing_maps(operation)[-1]) == tuple(range(rank))


def _operand(
    value: ir.Value, loops: tuple[int | None, ...], shape: Sequence[int]
) -> Operand | None:
    """Returns the operand that is read by a map `loops`, None if it is no whole broadcast."""
    if not isinstance(value.type, ir.RankedTensorType):
        return None
    sizes = value.type.shape
    kept = [loop for loop in loops if loop is not None]
    if kept != sorted(set(kept)):
        return None
    if any(loop is None and size != 1 for loop, size in zip(loops, sizes, strict=True)):
        return None
    columns = len(shape) - 1
    over_columns = columns in kept
    if over_columns and loops[-1] != columns:
        return None
    wide = {loop for loop in range(columns) if shape[loop] != 1}
    read = wide & set(kept)
    if read and read != wide:
        return None
    return Operand(value, bool(read), over_columns)
