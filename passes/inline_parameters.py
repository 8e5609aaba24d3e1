# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""seedlm-inline-parameters: parameters of an archive become constants of the module."""

from dataclasses import dataclass, field
from typing import ClassVar

from iree.compiler import ir

from seedlm.compiler.ir.elements import make_elements
from seedlm.compiler.ir.parameters import Archives, parameter_name
from seedlm.compiler.ir.weights import drop_unused_globals, global_ops


@dataclass
class InlineParameters:
    """Gives globals that name a parameter its elements, and drops globals that nothing reads.

        util.global private @w = #stream.parameter.named<"model"::"w"> : tensor<64x64xf32>
      =>
        util.global private @w = dense_resource<w> : tensor<64x64xf32>

    Attributes:
        archives: Where the parameters are read from.
    """

    name: ClassVar[str] = "seedlm-inline-parameters"

    archives: Archives = field(default_factory=Archives)

    def run(self, module: ir.Module) -> bool:
        """Rewrites `module` in place and returns whether anything changed.

        Raises:
            SeedlmError: A parameter cannot be read.
        """
        changed = drop_unused_globals(module)
        for operation in global_ops(module).values():
            value = operation.attributes.get("initial_value")
            name = parameter_name(value) if value is not None else None
            if name is None:
                continue
            array = self.archives.read(name, ir.RankedTensorType(value.type))
            with module.context, operation.location:
                operation.attributes["initial_value"] = make_elements(array, name.key)
            changed = True
        return changed
