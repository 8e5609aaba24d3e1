# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""seedlm-lower-to-vulkan: contractions become dispatches of Vulkan kernels."""

from dataclasses import dataclass
from typing import ClassVar

from iree.compiler import ir

from seedlm.compiler.dialect import CONTRACT
from seedlm.compiler.ir.values import walk
from seedlm.passes.vulkan_form.contract import has_kernel, lower_contract
from seedlm.passes.vulkan_form.executable import Executables


@dataclass
class LowerToVulkan:
    """Replaces each seedlm.contract that has a kernel, whose codes must be planes, by a dispatch.

        %codes = "seedlm.join_planes"(%words)
        %y = "seedlm.contract"(%x, %codes, %scale) {..}
        %z = linalg.generic ins(%y, %bias : ..) { add }
      =>
        %z = flow.dispatch @seedlm_seed_4bit_f32::@matvec[%rows_size, %batch_size](
            %batch, %rows, %columns, %flags, %tensor_scale, %words, %scale, %x, %bias, %x)

        "hal.executable.source"() <{sym_name = "seedlm_seed_4bit_f32", ..}> ({..})

    The dispatch computes what comes next as well if that is any of a bias, a residual, an
    activation function and, without a residual, a product with a tensor, in this order.
    Contractions of a preset share an executable, which holds its kernels as SPIR-V; at run time
    IREE goes on from its first entry point to the kernel for so many rows of the activation. Other
    contractions are left to seedlm-lower-to-linalg.
    """

    name: ClassVar[str] = "seedlm-lower-to-vulkan"

    def run(self, module: ir.Module) -> bool:
        """Rewrites `module` in place and returns whether anything changed.

        Raises:
            SeedlmError: Some codes are not packed, or the package was built without kernels.
        """
        executables = Executables(module)
        contracts = [op for op in walk(module.operation) if op.name == CONTRACT and has_kernel(op)]
        for contract in contracts:
            lower_contract(contract, executables)
        return bool(contracts)
