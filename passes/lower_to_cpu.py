# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""seedlm-lower-to-cpu: contractions become dispatches that call microkernels."""

from dataclasses import dataclass
from typing import ClassVar

from iree.compiler import ir

from seedlm.compiler.dialect import CONTRACT
from seedlm.compiler.ir.values import walk
from seedlm.passes.cpu_form.contract import is_tiled, lower_contract
from seedlm.passes.cpu_form.executable import Executables
from seedlm.passes.cpu_form.kernels import read_bitcode


@dataclass
class LowerToCpu:
    """Replaces each seedlm.contract whose codes are tiles by a dispatch.

        %codes = "seedlm.join_tiles"(%tiles)
        %y = "seedlm.contract"(%x, %codes, %scale) {..}
        %z = linalg.generic ins(%y, %bias : ..) { add, clamp }
      =>
        %z = flow.dispatch @kernel::@contract[%batch](%tiles, %scale, %x, %bias, %batch)

        stream.executable @kernel { .. iree_codegen.ukernel.generic "seedlm_paper_4bit_f32" .. }

    The dispatch computes the elementwise operations after the contraction as well. Contractions of
    the same shape share an executable, in which the microkernels are embedded as LLVM bitcode.
    Other contractions are left to seedlm-lower-to-linalg.

    Attributes:
        isa: The instruction set of the microkernels, one of `INSTRUCTION_SETS`.
    """

    isa: str

    name: ClassVar[str] = "seedlm-lower-to-cpu"

    def run(self, module: ir.Module) -> bool:
        """Rewrites `module` in place and returns whether anything changed.

        Raises:
            SeedlmError: There are no microkernels for the instruction set.
        """
        executables = Executables(module, read_bitcode(self.isa))
        contracts = [op for op in walk(module.operation) if op.name == CONTRACT and is_tiled(op)]
        for contract in contracts:
            lower_contract(contract, executables)
        return bool(contracts)
