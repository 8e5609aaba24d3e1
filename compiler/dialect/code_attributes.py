# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The attributes that name an operation's code."""

from dataclasses import replace
from typing import TypeVar

from iree.compiler import ir

from seedlm.codec import Code
from seedlm.errors import SeedlmError

_T = TypeVar("_T", bound=ir.Attribute)

GENERATOR = "lfsr"
_INTEGERS = (
    "block",
    "latent",
    "lfsr_width",
    "coefficient_bits",
    "exponent_bits",
    "basis_bits",
)


def code_attributes(code: Code) -> dict[str, ir.Attribute]:
    """Returns the attributes of `code` as `seedlm.irdl.mlir` declares them."""
    i64 = ir.IntegerType.get_signless(64)
    attributes: dict[str, ir.Attribute] = {
        name: ir.IntegerAttr.get(i64, getattr(code, name)) for name in _INTEGERS
    }
    attributes["generator"] = ir.StringAttr.get(GENERATOR)
    attributes["taps"] = ir.DenseI64ArrayAttr.get(list(code.taps))
    return attributes


def code_of(operation: ir.Operation) -> Code:
    """Returns the code that an operation's attributes and the type of its scale say.

    Raises:
        SeedlmError: An attribute is missing, of another kind or out of range.
    """
    generator = _attribute(operation, "generator", ir.StringAttr).value
    if generator != GENERATOR:
        raise SeedlmError(f"unknown generator '{generator}'")
    integers = {name: _attribute(operation, name, ir.IntegerAttr).value for name in _INTEGERS}
    taps = tuple(_attribute(operation, "taps", ir.DenseI64ArrayAttr))
    code = Code(taps=taps, **integers)
    codes, scale = list(operation.operands)[-2:]
    return _with_scale(code, ir.RankedTensorType(codes.type), ir.RankedTensorType(scale.type))


def _with_scale(
    code: Code, codes_type: ir.RankedTensorType, scale_type: ir.RankedTensorType
) -> Code:
    """Returns `code` with the scales that a tensor of scales can hold for its codes.

    Groups of 128 and 256 columns are told apart by their number; where that is the same, either
    means the same.
    """
    element = str(scale_type.element_type)
    if scale_type.rank < 2:
        return replace(code, scale=("tensor", "row")[scale_type.rank], scale_type=element)
    columns = codes_type.shape[1] * 8 // code.record_bits * code.block
    grouped = [
        replace(code, scale=scale, scale_type=element) for scale in ("group-128", "group-256")
    ]
    fitting = [each for each in grouped if each.scale_shape(1, columns)[1] == scale_type.shape[1]]
    if scale_type.rank > 2 or not fitting:
        raise SeedlmError(f"'scale' does not fit groups of 128 or 256 columns: {scale_type}")
    return fitting[0]


def _attribute(operation: ir.Operation, name: str, kind: type[_T]) -> _T:
    if name not in operation.attributes:
        raise SeedlmError(f"requires attribute '{name}'")
    attribute = operation.attributes[name]
    if not isinstance(attribute, kind):
        raise SeedlmError(f"attribute '{name}' has the wrong kind: {attribute}")
    return attribute
