# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""seedlm-lower-to-cpu: contractions and gathers become dispatches that call microkernels."""

from dataclasses import dataclass
from typing import ClassVar

from iree.compiler import ir

from seedlm.compiler.dialect import CONTRACT, GATHER, tiles_of
from seedlm.compiler.ir.values import walk
from seedlm.errors import SeedlmError
from seedlm.passes.cpu_form.activations import Activations
from seedlm.passes.cpu_form.contract import lower_contract
from seedlm.passes.cpu_form.executable import Executables
from seedlm.passes.cpu_form.gather import lower_gather
from seedlm.passes.cpu_form.kernels import ACTIVATIONS, read_bitcode


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
    A seedlm.gather of tiles becomes a dispatch as well, which decodes the rows that are named:

        %rows = flow.dispatch @kernel::@gather[%count](%tiles, %scale, %indices, %count)

    Other operations are left to seedlm-lower-to-linalg.

    With activations of 8 bits, and codes that have microkernels for them, a dispatch before it
    rounds them, once for all contractions that read them; if these are small, their workgroups do
    so themselves. If the batch is large, microkernels multiply with them as they are:

        %p = flow.dispatch @prepare::@prepare[%batch](%x, %batch)
        %z = flow.dispatch @kernel::@contract[%batch](%tiles, %scale, %p, %x, %bias, %batch)

    Attributes:
        isa: The instruction set of the microkernels, one of `INSTRUCTION_SETS`.
        activations: The numbers that weights are multiplied with, one of `ACTIVATIONS`.

    Raises:
        SeedlmError: There are no such activations.
    """

    isa: str
    activations: str = "f32"

    name: ClassVar[str] = "seedlm-lower-to-cpu"

    def __post_init__(self) -> None:
        if self.activations not in ACTIVATIONS:
            known = ", ".join(ACTIVATIONS)
            raise SeedlmError(f"activations '{self.activations}' are not one of {known}")

    def run(self, module: ir.Module) -> bool:
        """Rewrites `module` in place and returns whether anything changed.

        Raises:
            SeedlmError: There are no microkernels for the instruction set.
        """
        executables = Executables(module, read_bitcode(self.isa))
        activations = Activations(executables, self.activations, self.isa)
        found = [op for op in walk(module.operation) if op.name in (CONTRACT, GATHER)]
        tiled = [op for op in found if tiles_of(op.operands[1]) is not None]
        for operation in tiled:
            if operation.name == GATHER:
                lower_gather(operation, executables)
            else:
                lower_contract(operation, activations)
        return bool(tiled)
