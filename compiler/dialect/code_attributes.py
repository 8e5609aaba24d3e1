# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The attributes that name an operation's code."""

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
    """Returns the code that an operation's attributes name.

    Raises:
        SeedlmError: An attribute is missing, of another kind or out of range.
    """
    generator = _attribute(operation, "generator", ir.StringAttr).value
    if generator != GENERATOR:
        raise SeedlmError(f"unknown generator '{generator}'")
    integers = {name: _attribute(operation, name, ir.IntegerAttr).value for name in _INTEGERS}
    taps = tuple(_attribute(operation, "taps", ir.DenseI64ArrayAttr))
    return Code(taps=taps, **integers)


def _attribute(operation: ir.Operation, name: str, kind: type[_T]) -> _T:
    if name not in operation.attributes:
        raise SeedlmError(f"requires attribute '{name}'")
    attribute = operation.attributes[name]
    if not isinstance(attribute, kind):
        raise SeedlmError(f"attribute '{name}' has the wrong kind: {attribute}")
    return attribute
