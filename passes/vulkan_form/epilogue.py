# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What of an epilogue the kernels compute: sums, an activation function and a product."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product as combinations

from iree.compiler import ir

from seedlm.compiler.ir.elements import read_elements
from seedlm.compiler.ir.values import constant_attribute
from seedlm.passes.epilogue import Epilogue, Operand
from seedlm.passes.vulkan_form.expression import (
    Expression,
    call,
    inverse,
    is_close,
    product,
    read_expression,
    total,
)

_TOLERANCES = {"f32": 1e-5, "f16": 2e-3}  # of the numbers that an activation function is made of


def _sigmoid(z: Expression) -> Expression:
    return inverse(total(1.0, call("math.exp", product(-1.0, z))))


def _gelu(z: Expression) -> Expression:
    return product(0.5, z, total(1.0, call("math.erf", product(math.sqrt(0.5), z))))


def _gelu_of_tanh(z: Expression) -> Expression:
    inner = total(z, product(0.044715, z, z, z))
    return product(0.5, z, total(1.0, call("math.tanh", product(math.sqrt(2 / math.pi), inner))))


# Their positions are the numbers by which kernel.glsl knows them.
_ACTIVATIONS: tuple[Callable[[Expression], Expression], ...] = (
    lambda z: z,
    lambda z: call("maximum", z, 0.0),
    _gelu,
    _gelu_of_tanh,
    lambda z: product(z, _sigmoid(z)),
    _sigmoid,
    lambda z: call("math.tanh", z),
)


@dataclass(frozen=True)
class KernelEpilogue:
    """What kernels compute of y: activation(y + bias + other) or activation(y + bias) * other.

    Attributes:
        bias: A tensor with an element for each row of the weight.
        other: A tensor with an element for each element of the result.
        multiplies: Whether the result is multiplied by `other`, instead of adding it at first.
        activation: A position in `_ACTIVATIONS`.
    """

    bias: ir.Value | None = None
    other: ir.Value | None = None
    multiplies: bool = False
    activation: int = 0

    @property
    def flags(self) -> int:
        """What is there, as the kernels read it."""
        adds = self.other is not None and not self.multiplies
        parts = (self.bias is not None, adds, self.multiplies)
        return sum(1 << i for i, part in enumerate(parts) if part) | self.activation << len(parts)


def kernel_epilogue(epilogue: Epilogue, element: str, *, is_vector: bool) -> KernelEpilogue | None:
    """Returns how kernels compute an epilogue, None if they cannot.

    Args:
        epilogue: The epilogue.
        element: The type of activations and results.
        is_vector: Whether the activation has one row only.
    """
    operands = {f"%in{i}": operand for i, operand in enumerate(epilogue.operands)}
    numbers = {name: _number(operand) for name, operand in operands.items()}
    known = {name: number for name, number in numbers.items() if number is not None}
    tensors = {name: operand for name, operand in operands.items() if name not in known}
    wanted = read_expression(epilogue.code, epilogue.yielded, known)
    elements = {epilogue.element, *(operand.element for operand in tensors.values())}
    if wanted is None or elements != {element}:
        return None
    tolerance, forms = _TOLERANCES[element], _forms(tensors, is_vector)
    return next((form for form, own in forms if is_close(own, wanted, tolerance)), None)


def _number(operand: Operand) -> float | None:
    """Returns the number that all elements of a constant are; None for other operands."""
    elements = constant_attribute(operand.value)
    if not isinstance(elements, ir.DenseElementsAttr) or not elements.is_splat:
        return None
    return float(read_elements(elements).flat[0])


def _forms(
    operands: Mapping[str, Operand], is_vector: bool
) -> Iterator[tuple[KernelEpilogue, Expression]]:
    """Yields all that kernels compute with operands, by their names, and the expression of it."""
    columns = [name for name, each in operands.items() if each.over_columns]
    biases = [name for name in columns if not operands[name].over_batch]
    others = [name for name in columns if operands[name].over_batch or is_vector]
    for bias, other in combinations((None, *biases), (None, *others)):
        used = [name for name in (bias, other) if name is not None]
        if sorted(used) == sorted(operands):
            for multiplies in (False,) if other is None else (False, True):
                yield from _activated(operands, bias, other, multiplies)


def _activated(
    operands: Mapping[str, Operand], bias: str | None, other: str | None, multiplies: bool
) -> Iterator[tuple[KernelEpilogue, Expression]]:
    added = [name for name in (bias, None if multiplies else other) if name is not None]
    factors = [other] if multiplies and other is not None else []
    for number, activation in enumerate(_ACTIVATIONS):
        expression = product(activation(total("%y", *added)), *factors)
        form = KernelEpilogue(
            bias=None if bias is None else operands[bias].value,
            other=None if other is None else operands[other].value,
            multiplies=multiplies,
            activation=number,
        )
        yield form, expression
