# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks that the verifiers of several operations share."""

import numpy as np
from iree.compiler import ir

from seedlm.codec import Code, Encoded
from seedlm.compiler.ir.elements import read_elements
from seedlm.compiler.ir.values import constant_attribute
from seedlm.errors import SeedlmError

FLOAT_TYPES = ("f32", "f16", "bf16")


def tensor_type(value: ir.Value, name: str) -> ir.RankedTensorType:
    """Returns the ranked tensor type of operand or result `name`.

    Raises:
        SeedlmError: It has another type.
    """
    if not isinstance(value.type, ir.RankedTensorType):
        raise SeedlmError(f"'{name}' must be a ranked tensor, but is {value.type}")
    return value.type


def float_tensor_type(value: ir.Value, name: str) -> ir.RankedTensorType:
    """Returns the type of tensor `name` after checking that it holds f32, f16 or bf16.

    Raises:
        SeedlmError: It has another type.
    """
    checked = tensor_type(value, name)
    if str(checked.element_type) not in FLOAT_TYPES:
        raise SeedlmError(
            f"'{name}' must hold {', '.join(FLOAT_TYPES)}, but holds {checked.element_type}"
        )
    return checked


def check_weight(codes: ir.Value, scale: ir.Value, code: Code, rows: int, columns: int) -> None:
    """Checks codes and scale of a `rows` x `columns` weight, and their values if constant.

    Raises:
        SeedlmError: A type does not match the weight, or a constant record or scale is invalid.
    """
    expected = f"tensor<{rows}x{code.row_bytes(columns)}xi8>"
    if str(codes.type) != expected:
        raise SeedlmError(
            f"'codes' of {rows} x {columns} weights must be {expected}, but is {codes.type}"
        )
    sizes = "".join(f"{size}x" for size in code.scale_shape(rows, columns))
    if str(scale.type) != f"tensor<{sizes}{code.scale_type}>":
        raise SeedlmError(f"'scale' must be tensor<{sizes}{code.scale_type}>, but is {scale.type}")
    codes_attribute, scale_attribute = constant_attribute(codes), constant_attribute(scale)
    if codes_attribute is None or scale_attribute is None:
        return
    records = read_elements(codes_attribute).view(np.uint8)
    Encoded(code, (rows, columns), records, read_elements(scale_attribute), relative_error=0.0)
