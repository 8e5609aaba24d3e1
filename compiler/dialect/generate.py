# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""seedlm.generate: a dense weight matrix regenerated from its codes."""

from iree.compiler import ir

from seedlm.codec import Code
from seedlm.compiler.dialect.checks import check_weight, float_tensor_type
from seedlm.compiler.dialect.code_attributes import code_attributes, code_of
from seedlm.errors import SeedlmError

GENERATE = "seedlm.generate"


def build_generate(
    codes: ir.Value, scale: ir.Value, code: Code, dense_type: ir.RankedTensorType
) -> ir.OpResult:
    """Builds `dense = seedlm.generate(codes, scale)` of type `dense_type` [rows, columns]."""
    return ir.Operation.create(
        GENERATE,
        results=[dense_type],
        operands=[codes, scale],
        attributes=code_attributes(code),
    ).result


def verify_generate(operation: ir.Operation) -> None:
    """Checks what IRDL cannot say of a seedlm.generate.

    Raises:
        SeedlmError: A shape, type, attribute or constant record is invalid.
    """
    codes, scale = operation.operands
    dense = float_tensor_type(operation.result, "dense")
    if dense.rank != 2 or not dense.has_static_shape:
        raise SeedlmError(f"'dense' must have a static shape [rows, columns], but is {dense}")
    check_weight(codes, scale, code_of(operation), *dense.shape)
