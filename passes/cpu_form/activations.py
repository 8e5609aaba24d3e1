# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The activations of contractions in the form that microkernels read."""

from dataclasses import dataclass, field

from iree.compiler import ir

from seedlm.compiler.dialect import ContractMaps, code_of
from seedlm.compiler.ir.build import DYNAMIC, as_f32_matrix, dim_size, transposed
from seedlm.compiler.ir.dispatch import build_dispatch
from seedlm.passes.cpu_form.executable import Executables
from seedlm.passes.cpu_form.kernels import ROUNDED_BATCH, kernel_prefix
from seedlm.passes.cpu_form.layout import prepared_bytes


@dataclass
class Activations:
    """Makes the matrices [batch, columns] that microkernels multiply with.

    Attributes:
        executables: The executables of the module.
        rounds: Whether activations of few rows are rounded to 8 bits, in a dispatch of their own.
    """

    executables: Executables
    rounds: bool
    _prepared: list[tuple[ir.Block, str, tuple[int, ...], ir.Value, ir.Value]] = field(
        default_factory=list, init=False
    )

    def matrices(self, contract: ir.Operation, maps: ContractMaps) -> list[ir.Value]:
        """Returns the activation of a seedlm.contract: f32, after its prepared form if rounded.

        Contractions of one block that read the same activation share what is prepared.
        """
        lhs = contract.operands[0]
        loops = [maps.lhs.index(loop) for loop in (*maps.batch, maps.column)]
        x = as_f32_matrix(transposed(lhs, loops))
        if not self.rounds or (_static_batch(x) or 0) > ROUNDED_BATCH:
            return [x]
        code = code_of(contract)
        prefix = kernel_prefix(code)
        assert prefix is not None
        for block, *key, prepared in self._prepared:
            if block == contract.block and key == [prefix, tuple(loops), lhs]:
                return [prepared, x]
        prepared = self._prepare(x, f"{prefix}_prepare", prepared_bytes(code, _columns(x)))
        self._prepared.append((contract.block, prefix, tuple(loops), lhs, prepared))
        return [prepared, x]

    def _prepare(self, x: ir.Value, function: str, bytes_: int) -> ir.Value:
        symbol = self.executables.prepare_symbol(function, _static_batch(x), _columns(x), bytes_)
        sizes = [dim_size(x, 0), bytes_]
        return build_dispatch(symbol, [x], [], sizes, ir.IntegerType.get_signless(8))


def _static_batch(x: ir.Value) -> int | None:
    batch: int = ir.RankedTensorType(x.type).shape[0]
    return None if batch == DYNAMIC else batch


def _columns(x: ir.Value) -> int:
    return ir.RankedTensorType(x.type).shape[1]
