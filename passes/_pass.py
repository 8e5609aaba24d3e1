# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a pass is."""

from typing import ClassVar, Protocol

from iree.compiler import ir


class Pass(Protocol):
    """A rewrite of a module: a dataclass whose fields are its options.

    A pass raises SeedlmError, and leaves the module in an unspecified but destroyable state, when it
    cannot do its work.
    """

    name: ClassVar[str]

    def run(self, module: ir.Module) -> bool:
        """Rewrites `module` in place and returns whether anything changed."""
        ...
