# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Passes of MLIR and IREE between those of seedlm, for pipelines written by hand."""

from dataclasses import dataclass

from iree.compiler import ir
from iree.compiler.passmanager import PassManager

from seedlm.errors import SeedlmError


@dataclass
class UpstreamPass:
    """Runs a pass that MLIR or IREE registers, such as canonicalize.

    Attributes:
        name: Its name with its options, as in a textual pipeline.
    """

    name: str

    def run(self, module: ir.Module) -> bool:
        """Runs the pass; reports a change always, since MLIR does not tell.

        Raises:
            SeedlmError: There is no such pass or it failed.
        """
        with module.context:
            try:
                PassManager.parse(f"builtin.module({self.name})").run(module.operation)
            except (ValueError, ir.MLIRError) as error:
                raise SeedlmError(f"pass '{self.name}': {_reason(str(error))}") from None
        return True


def _reason(message: str) -> str:
    """Returns the first error in a message of several lines."""
    lines = message.strip().splitlines()
    errors = [line.partition("error: ")[2] for line in lines if "error: " in line]
    return [*errors, *lines][0]
