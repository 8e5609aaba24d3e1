# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""seedlm.join_planes: codes that are stored as planes of 32-bit words and of bytes."""

from iree.compiler import ir

from seedlm.compiler.dialect.checks import tensor_type
from seedlm.errors import SeedlmError

JOIN_PLANES = "seedlm.join_planes"


def build_join_planes(
    words: list[ir.Value], bytes_: list[ir.Value], codes_type: ir.RankedTensorType
) -> ir.OpResult:
    """Builds `codes = seedlm.join_planes(words.., bytes..)` of type [rows, row_bytes]."""
    segments = ir.DenseI32ArrayAttr.get([len(words), len(bytes_)])
    return ir.Operation.create(
        JOIN_PLANES,
        results=[codes_type],
        operands=[*words, *bytes_],
        attributes={"operandSegmentSizes": segments},
    ).result


def planes_of(operation: ir.Operation) -> tuple[list[ir.Value], list[ir.Value]]:
    """Returns the planes of words and of bytes of a seedlm.join_planes."""
    segments = ir.DenseI32ArrayAttr(operation.attributes["operandSegmentSizes"])
    operands = list(operation.operands)
    return operands[: segments[0]], operands[segments[0] :]


def verify_join_planes(operation: ir.Operation) -> None:
    """Checks what IRDL cannot say of a seedlm.join_planes.

    Raises:
        SeedlmError: The planes' types do not hold the codes.
    """
    _check_segments(operation)
    words, bytes_ = planes_of(operation)
    codes = tensor_type(operation.result, "codes")
    group_bytes = 4 * len(words) + len(bytes_)
    if group_bytes == 0:
        raise SeedlmError("needs at least one plane")
    if codes.rank != 2 or not codes.has_static_shape or str(codes.element_type) != "i8":
        raise SeedlmError(f"'codes' must be static i8 [rows, row_bytes], but is {codes}")
    rows, row_bytes = codes.shape
    groups = -(-row_bytes // group_bytes)
    for values, element in ((words, "i32"), (bytes_, "i8")):
        for value in values:
            if str(value.type) != f"tensor<{rows}x{groups}x{element}>":
                raise SeedlmError(
                    f"a plane must be tensor<{rows}x{groups}x{element}>, but is {value.type}"
                )


def _check_segments(operation: ir.Operation) -> None:
    segments = operation.attributes.get("operandSegmentSizes")
    if (
        not isinstance(segments, ir.DenseI32ArrayAttr)
        or len(segments) != 2
        or min(segments) < 0
        or sum(segments) != len(operation.operands)
    ):
        raise SeedlmError("'operandSegmentSizes' must be the numbers of word and of byte planes")
