# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Scalar code as expressions in a normal form, in which what computes the same is mostly equal.

An expression is a number, the name of a value, or a tuple of an operation and its operands.
Products and sums are flat and sorted, with their numbers put together in front; differences and
quotients are written with them, and conversions between types of floats are left out.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence

Expression = float | str | tuple["str | Expression", ...]

_LINE = re.compile(
    r'(?P<name>%\w+) = "(?P<op>[\w.]+)"\((?P<args>[^)]*)\) \{(?P<attributes>.*)\} :'
    r"|(?P<truncated>%\w+) = arith\.truncf (?P<wide>%\w+) :"
)
_VALUE = re.compile(r"value = (?P<number>[-+.\deE]+) :")
_IS_GREATER = re.compile(r"predicate = (2|9) :")  # ogt, ugt
_FUNCTIONS = ("math.erf", "math.exp", "math.tanh")
_CONVERSIONS = ("arith.extf", "arith.truncf")
_MAX_POWER = 4


def total(*terms: Expression) -> Expression:
    """Returns the sum of terms."""
    return _flat("total", 0.0, terms)


def product(*factors: Expression) -> Expression:
    """Returns the product of factors."""
    return _flat("product", 1.0, factors)


def inverse(of: Expression) -> Expression:
    """Returns 1 over an expression."""
    if isinstance(of, float):
        return 1 / of if of else math.inf
    if isinstance(of, tuple) and of[0] == "product":
        return product(*map(inverse, of[1:]))
    return ("inverse", of)


def call(function: str, *operands: Expression) -> Expression:
    """Returns a function of operands, such as "math.exp"; those of "maximum" are sorted."""
    return (function, *(sorted(operands, key=str) if function == "maximum" else operands))


def read_expression(
    code: Iterable[str], yielded: str, numbers: Mapping[str, float]
) -> Expression | None:
    """Returns what the lines of an `Epilogue` compute; None if an operation is not known.

    Args:
        code: The lines.
        yielded: The name of the value that is wanted.
        numbers: Values that are known, by their names.
    """
    values: dict[str, Expression] = dict(numbers)
    for line in code:
        match = _LINE.match(line)
        if match is None:
            return None
        if match["wide"] is not None:
            values[match["truncated"]] = values.get(match["wide"], match["wide"])
            continue
        operands = [values.get(each, each) for each in match["args"].split(", ") if each]
        value = _value(match["op"], operands, match["attributes"])
        if value is None:
            return None
        values[match["name"]] = value
    return values.get(yielded, yielded)


def is_close(a: Expression, b: Expression, tolerance: float) -> bool:
    """Returns whether two expressions are equal but for the relative error of their numbers."""
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=tolerance)
    if isinstance(a, tuple) and isinstance(b, tuple):
        pairs = zip(a, b, strict=False)
        return len(a) == len(b) and all(is_close(x, y, tolerance) for x, y in pairs)
    return a == b


def _flat(operation: str, neutral: float, operands: Iterable[Expression]) -> Expression:
    """Returns a sum or a product, (operation, number, others..), or what it is short for."""
    number, others = neutral, []
    for each in operands:
        parts = each[1:] if isinstance(each, tuple) and each[0] == operation else (each,)
        for part in parts:
            if not isinstance(part, float):
                others.append(part)
            else:
                number = number + part if operation == "total" else number * part
    if not others:
        return number
    if len(others) == 1 and number == neutral:
        return others[0]
    return (operation, number, *sorted(others, key=str))


def _value(op: str, operands: Sequence[Expression], attributes: str) -> Expression | None:
    """Returns the value of an operation of MLIR; None if it is not known."""
    if op == "arith.constant":
        match = _VALUE.search(attributes)
        return None if match is None else float(match["number"])
    if op in _FUNCTIONS:
        return call(op, *operands)
    if op in _CONVERSIONS:
        return operands[0]
    if op == "arith.negf":
        return product(-1.0, *operands)
    if op == "arith.addf":
        return total(*operands)
    if op == "arith.mulf":
        return product(*operands)
    if op in ("arith.maximumf", "arith.maxnumf"):
        return call("maximum", *operands)
    if op == "arith.subf":
        return total(operands[0], product(-1.0, operands[1]))
    if op == "arith.divf":
        return product(operands[0], inverse(operands[1]))
    if op in ("math.powf", "math.fpowi"):
        return _power(*operands)
    if op == "arith.cmpf" and _IS_GREATER.search(attributes):
        return call("greater", *operands)
    if op == "arith.select" and operands[0] == ("greater", *operands[1:]):
        return call("maximum", *operands[1:])
    return None


def _power(base: Expression, exponent: Expression) -> Expression | None:
    if not isinstance(exponent, float) or exponent not in range(1, _MAX_POWER):
        return None
    return product(*[base] * int(exponent))
