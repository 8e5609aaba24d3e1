# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The activations of contractions in the form that microkernels read."""

from dataclasses import dataclass, field

from iree.compiler import ir

from seedlm.compiler.dialect import ContractMaps, code_of
from seedlm.compiler.ir.build import as_f32_matrix, dim_size, transposed
from seedlm.compiler.ir.dispatch import build_dispatch
from seedlm.passes.cpu_form.executable import Executables
from seedlm.passes.cpu_form.kernels import kernel_prefix
from seedlm.passes.cpu_form.layout import prepared_bytes


@dataclass
class Activations:
    """Makes the matrices [batch, columns] that microkernels multiply with.

    Attributes:
        executables: The executables of the module.
        is_int8: Whether activations are rounded to 8 bits, in a dispatch of their own.
    """

    executables: Executables
    is_int8: bool
    _prepared: list[tuple[ir.Block, str, tuple[int, ...], ir.Value, ir.Value]] = field(
        default_factory=list, init=False
    )

    def matrix(self, contract: ir.Operation, maps: ContractMaps) -> ir.Value:
        """Returns the activation of a seedlm.contract as a matrix: f32, or prepared bytes.

        Contractions of one block that read the same activation share what is prepared.
        """
        lhs = contract.operands[0]
        loops = [maps.lhs.index(loop) for loop in (*maps.batch, maps.column)]
        if not self.is_int8:
            return as_f32_matrix(transposed(lhs, loops))
        code = code_of(contract)
        prefix = kernel_prefix(code)
        assert prefix is not None
        for block, *key, prepared in self._prepared:
            if block == contract.block and key == [prefix, tuple(loops), lhs]:
                return prepared
        x = as_f32_matrix(transposed(lhs, loops))
        prepared = self._prepare(x, f"{prefix}_prepare", prepared_bytes(code, _columns(x)))
        self._prepared.append((contract.block, prefix, tuple(loops), lhs, prepared))
        return prepared

    def _prepare(self, x: ir.Value, function: str, bytes_: int) -> ir.Value:
        batch = dim_size(x, 0)
        static = batch if isinstance(batch, int) else None
        symbol = self.executables.prepare_symbol(function, static, _columns(x), bytes_)
        return build_dispatch(symbol, [x], [], [batch, bytes_], ir.IntegerType.get_signless(8))


def _columns(x: ir.Value) -> int:
    return ir.RankedTensorType(x.type).shape[1]
