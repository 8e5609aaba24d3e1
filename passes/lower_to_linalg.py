# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""seedlm-lower-to-linalg: seedlm operations become linalg that stock IREE compiles everywhere."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from iree.compiler import ir

from seedlm.compiler.dialect import CONTRACT, GATHER, GENERATE
from seedlm.compiler.ir.values import erase_if_unused, walk
from seedlm.passes.linalg_form.contract import lower_contract
from seedlm.passes.linalg_form.dense import lower_gather, lower_generate

_LOWERINGS: dict[str, Callable[[ir.Operation], ir.Value]] = {
    CONTRACT: lower_contract,
    GATHER: lower_gather,
    GENERATE: lower_generate,
}


@dataclass
class LowerToLinalg:
    """Replaces each seedlm operation, whose codes must be packed, by its linalg form.

        %y = "seedlm.contract"(%x, %codes, %scale) {..}
      =>
        %y = linalg.generic {iterator_types = ["parallel", "parallel", "reduction"]}
            ins(%words, %scale, %x_0, .., %x_7 : ..) outs(%zeros : ..) { decode, multiply and add }

    No seedlm operation is left.
    """

    name: ClassVar[str] = "seedlm-lower-to-linalg"

    def run(self, module: ir.Module) -> bool:
        """Rewrites `module` in place and returns whether anything changed.

        Raises:
            SeedlmError: Some codes are not packed.
        """
        operations = [op for op in walk(module.operation) if op.name in _LOWERINGS]
        for operation in operations:
            with ir.InsertionPoint(operation), operation.location:
                value = _LOWERINGS[operation.name](operation)
            operation.results[0].replace_all_uses_with(value)
            erase_if_unused(operation)
        return bool(operations)
