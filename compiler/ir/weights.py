# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The dense constants of a module, in each of the forms that models have."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, count
from typing import Any

from iree.compiler import ir
from numpy.typing import NDArray

from seedlm.compiler.ir.blobs import Blobs
from seedlm.compiler.ir.elements import read_elements, resource_name
from seedlm.compiler.ir.parameters import Archives, parameter_name
from seedlm.compiler.ir.values import walk


@dataclass(frozen=True)
class Weight:
    """A tensor constant: `value` is the result of an arith.constant or a util.global.load.

    Attributes:
        name: Of the parameter, global or resource, else `constant<N>`; unique in the module.
        values: The values that hold it: a global may be loaded more than once.
        attribute: Its elements: `dense`, `dense_resource` or a named parameter.
    """

    name: str
    values: tuple[ir.Value, ...]
    attribute: ir.Attribute

    @property
    def type(self) -> ir.RankedTensorType:
        """The static tensor type."""
        return ir.RankedTensorType(self.attribute.type)

    def read(self, archives: Archives, blobs: Blobs | None = None) -> NDArray[Any]:
        """Returns the elements, from `archives` if they are a parameter.

        Args:
            archives: Where parameters are read from.
            blobs: Where constants are read from that passes made.

        Raises:
            SeedlmError: They cannot be read.
        """
        parameter = parameter_name(self.attribute)
        if parameter is not None:
            return archives.read(parameter, self.type)
        return blobs.read(self.attribute) if blobs else read_elements(self.attribute)


def find_weights(module: ir.Module) -> list[Weight]:
    """Returns the tensor constants of `module` in the order in which they are first used."""
    globals_ = global_ops(module)
    found: dict[tuple[str, ir.Attribute], list[ir.Value]] = {}
    for name, attribute, value in _constants(module, globals_):
        found.setdefault((name, attribute), []).append(value)
    taken = _symbols(module)
    weights = []
    for (name, attribute), values in found.items():
        is_global = name in globals_ and _initial_value(globals_[name]) == attribute
        unique = name if is_global else _unused_name(name, taken)
        taken.add(unique)
        weights.append(Weight(unique, tuple(values), attribute))
    return weights


def global_ops(module: ir.Module) -> dict[str, ir.Operation]:
    """Returns the util.global operations of `module` by name."""
    return {
        ir.StringAttr(op.operation.attributes["sym_name"]).value: op.operation
        for op in module.body.operations
        if op.operation.name == "util.global"
    }


def drop_unused_globals(module: ir.Module) -> bool:
    """Erases tensor globals that no operation refers to; returns whether there were any."""
    used = {
        ir.FlatSymbolRefAttr(operation.attributes["global"]).value
        for operation in walk(module.operation)
        if operation.name.startswith("util.global.") and "global" in operation.attributes
    }
    unused = [
        operation
        for name, operation in global_ops(module).items()
        if name not in used and _is_static_tensor(ir.TypeAttr(operation.attributes["type"]).value)
    ]
    for operation in unused:
        operation.erase()
    return bool(unused)


def _constants(
    module: ir.Module, globals_: dict[str, ir.Operation]
) -> Iterator[tuple[str, ir.Attribute, ir.Value]]:
    anonymous = 0
    for operation in walk(module.operation):
        if not operation.results or not _is_static_tensor(operation.results[0].type):
            continue
        if operation.name == "util.global.load":
            symbol = ir.FlatSymbolRefAttr(operation.attributes["global"]).value
            initial_value = _initial_value(globals_[symbol])
            if initial_value is not None:
                yield symbol, initial_value, operation.result
        if operation.name == "arith.constant":
            attribute = operation.attributes["value"]
            name = resource_name(attribute) or f"constant{anonymous}"
            anonymous += 1
            yield name, attribute, operation.result


def _initial_value(owner: ir.Operation) -> ir.Attribute | None:
    """Returns what a util.global always holds, None if it may change."""
    if "is_mutable" in owner.attributes:
        return None
    return owner.attributes.get("initial_value")


def _symbols(module: ir.Module) -> set[str]:
    names = (operation.attributes.get("sym_name") for operation in module.body.operations)
    return {ir.StringAttr(name).value for name in names if name is not None}


def _unused_name(name: str, taken: set[str]) -> str:
    candidates = chain([name], (f"{name}_{i}" for i in count(1)))
    return next(candidate for candidate in candidates if candidate not in taken)


def _is_static_tensor(type_: ir.Type) -> bool:
    return isinstance(type_, ir.RankedTensorType) and type_.has_static_shape
