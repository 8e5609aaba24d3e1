# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What of an epilogue the kernels compute: y + bias + residual, then max(y, 0)."""

import re
from dataclasses import dataclass, field

from iree.compiler import ir

from seedlm.passes.epilogue import Epilogue, Operand

_OPERATION = re.compile(r'(?P<name>%\w+) = "(?P<op>[\w.]+)"\((?P<args>[^)]*)\) \{(?P<attrs>.*)\} :')
_TRUNCATION = re.compile(r"(?P<name>%\w+) = arith\.truncf (?P<arg>%\w+) : f32 to f16")
_ZERO = re.compile(r"value = 0\.0+e\+00 : ")
_IS_GREATER = re.compile(r"predicate = (2|9) : i64")  # ogt, ugt


@dataclass
class KernelEpilogue:
    """The operands of a kernel's epilogue.

    Attributes:
        bias: A tensor with an element for each row of the weight.
        residual: A tensor with an element for each element of the result.
        has_relu: Whether negative results become 0.
    """

    bias: ir.Value | None = None
    residual: ir.Value | None = None
    has_relu: bool = False

    @property
    def flags(self) -> int:
        """What is there, as the kernels read it."""
        parts = (self.bias is not None, self.residual is not None, self.has_relu)
        return sum(1 << i for i, part in enumerate(parts) if part)


def kernel_epilogue(epilogue: Epilogue, element: str, *, is_vector: bool) -> KernelEpilogue | None:
    """Returns how kernels compute an epilogue, None if they cannot.

    Args:
        epilogue: The epilogue.
        element: The type of activations and results.
        is_vector: Whether the activation has one row only.
    """
    reader = _Reader(epilogue, element, is_vector)
    if epilogue.element != element or not all(map(reader.read, epilogue.code)):
        return None
    return reader.found if epilogue.yielded == reader.current else None


@dataclass
class _Reader:
    """Reads the lines of an epilogue as long as they are what kernels compute."""

    epilogue: Epilogue
    element: str
    is_vector: bool
    found: KernelEpilogue = field(default_factory=KernelEpilogue)
    current: str = "%y"
    _zeros: set[str] = field(default_factory=set)
    _is_positive: str | None = None

    def read(self, line: str) -> bool:
        """Takes the next line; returns False if kernels do not compute it."""
        truncation = _TRUNCATION.match(line)
        if truncation is not None and truncation["arg"] == self.current == "%y":
            self.current = truncation["name"]
            return True
        match = _OPERATION.match(line)
        if match is None or self.found.has_relu:
            return False
        name, arguments = match["name"], match["args"].split(", ")
        if match["op"] == "arith.constant":
            self._zeros |= {name} if _ZERO.search(match["attrs"]) else set()
            return True
        if match["op"] == "arith.addf":
            return self._add(name, arguments)
        return self._relu(match["op"], name, arguments, match["attrs"])

    def _add(self, name: str, arguments: list[str]) -> bool:
        others = [each for each in arguments if each != self.current]
        if len(others) != 1 or not others[0].startswith("%in"):
            return False
        self.current = name
        return self._take(self.epilogue.operands[int(others[0].removeprefix("%in"))])

    def _take(self, operand: Operand) -> bool:
        if operand.element != self.element or not operand.over_columns:
            return False
        if not operand.over_batch and self.found.bias is None:
            self.found.bias = operand.value
            return True
        if self.found.residual is None and (operand.over_batch or self.is_vector):
            self.found.residual = operand.value
            return True
        return False

    def _relu(self, op: str, name: str, arguments: list[str], attributes: str) -> bool:
        """Takes maximumf(y, 0), or cmpf(y > 0) and then select(.., y, 0)."""
        first, *rest = arguments
        if op == "arith.cmpf" and first == self.current and rest[0] in self._zeros:
            self._is_positive = name
            return _IS_GREATER.search(attributes) is not None
        if op == "arith.select" and first == self._is_positive:
            first, *rest = rest
        elif op != "arith.maximumf":
            return False
        if first != self.current or rest[0] not in self._zeros:
            return False
        self.found.has_relu = True
        self.current = name
        return True
