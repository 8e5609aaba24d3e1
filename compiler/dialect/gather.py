# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""seedlm.gather: the rows of a compressed table that a tensor of indices names."""

from iree.compiler import ir

from seedlm.codec import Code
from seedlm.compiler.dialect.checks import check_weight, float_tensor_type, tensor_type
from seedlm.compiler.dialect.code_attributes import code_attributes, code_of
from seedlm.errors import SeedlmError

GATHER = "seedlm.gather"


def build_gather(
    indices: ir.Value,
    codes: ir.Value,
    scale: ir.Value,
    code: Code,
    result_type: ir.RankedTensorType,
) -> ir.OpResult:
    """Builds `result = seedlm.gather(indices, codes, scale)` of type [indices.., columns]."""
    return ir.Operation.create(
        GATHER,
        results=[result_type],
        operands=[indices, codes, scale],
        attributes=code_attributes(code),
    ).result


def verify_gather(operation: ir.Operation) -> None:
    """Checks what IRDL cannot say of a seedlm.gather.

    Raises:
        SeedlmError: A shape, type, attribute or constant record is invalid.
    """
    indices, codes, scale = operation.operands
    indices_type = tensor_type(indices, "indices")
    if not isinstance(indices_type.element_type, ir.IntegerType):
        raise SeedlmError(f"'indices' must hold integers, but is {indices_type}")
    result = float_tensor_type(operation.result, "result")
    if result.rank != indices_type.rank + 1 or result.shape[:-1] != indices_type.shape:
        raise SeedlmError(f"'result' must add one dimension to {indices_type}, but is {result}")
    columns = result.shape[-1]
    if columns == ir.ShapedType.get_dynamic_size():
        raise SeedlmError("the last dimension of 'result' must be static")
    codes_type = tensor_type(codes, "codes")
    if codes_type.rank != 2 or not codes_type.has_static_shape:
        raise SeedlmError(f"'codes' must be static [rows, row_bytes], but is {codes_type}")
    check_weight(codes, scale, code_of(operation), codes_type.shape[0], columns)
