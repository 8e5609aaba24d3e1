# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The entry point of a module and the types of its inputs."""

from iree.compiler import ir

_FUNCTIONS = ("util.func", "func.func")


def entry_point(module: ir.Module) -> ir.Operation | None:
    """Returns the first public function of `module`, None if it has none."""
    for operation in module.body.operations:
        visibility = operation.operation.attributes.get("sym_visibility")
        is_public = visibility is None or ir.StringAttr(visibility).value == "public"
        if operation.operation.name in _FUNCTIONS and is_public:
            return operation.operation
    return None


def input_types(module: ir.Module) -> list[str]:
    """Returns the tensor types of the entry point's inputs, such as "tensor<?x384xf32>".

    In IREE's input phase arguments are buffer views that hal.tensor.import gives a type; those
    without one, such as fences, are no inputs.
    """
    function = entry_point(module)
    if function is None or not function.regions[0].blocks:
        return []
    types = [_imported_type(argument) for argument in function.regions[0].blocks[0].arguments]
    return [type_ for type_ in types if type_ is not None]


def _imported_type(argument: ir.Value) -> str | None:
    if isinstance(argument.type, ir.RankedTensorType):
        return str(argument.type)
    for use in argument.uses:
        if use.operand_number == 0 and use.owner.operation.name == "hal.tensor.import":
            return str(use.owner.operation.results[0].type)
    return None
