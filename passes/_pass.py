# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a pass is."""

from typing import Protocol

from iree.compiler import ir


class Pass(Protocol):
    """A rewrite of a module: a dataclass whose fields are its options.

    A pass that cannot do its work raises SeedlmError and leaves the module half rewritten.
    """

    @property
    def name(self) -> str:
        """Its name in textual pipelines."""
        ...

    def run(self, module: ir.Module) -> bool:
        """Rewrites `module` in place and returns whether anything changed."""
        ...
