# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The activations of contractions in the form that microkernels read."""

from dataclasses import dataclass, field

from iree.compiler import ir

from seedlm.compiler.dialect import CONTRACT, ContractMaps, code_of
from seedlm.compiler.ir.build import as_f32_matrix, dim_size, static_size, transposed
from seedlm.compiler.ir.dispatch import build_dispatch
from seedlm.passes.cpu_form.buffers import Buffer, Dimension
from seedlm.passes.cpu_form.executable import Executables
from seedlm.passes.cpu_form.kernels import ROUNDED_BATCH, kernel_prefix, rounds
from seedlm.passes.cpu_form.layout import prepared_bytes
from seedlm.passes.cpu_form.row_kernel import RowKernel, row_dimension
from seedlm.passes.cpu_form.tiling import rounds_in_workgroups

_PREPARED_ROWS = 8  # rows of activations that a workgroup prepares


@dataclass(frozen=True)
class Activation:
    """What a contraction multiplies its weight with.

    Attributes:
        matrix: f32 [batch, columns].
        prepared_bytes: Bytes of a row rounded to 8 bits; None if it is not rounded.
        prepared: i8 [batch, prepared_bytes], rounded by a dispatch; None if it is not rounded, or
            by each workgroup.
    """

    matrix: ir.Value
    prepared_bytes: int | None = None
    prepared: ir.Value | None = None

    @property
    def tensors(self) -> list[ir.Value]:
        """The operands of the contraction's dispatch."""
        return [self.matrix] if self.prepared is None else [self.prepared, self.matrix]


@dataclass
class Activations:
    """Makes the matrices that microkernels multiply with.

    Attributes:
        executables: The executables of the module.
        kind: What weights are multiplied with, one of `ACTIVATIONS`.
        isa: The instruction set of the microkernels.
    """

    executables: Executables
    kind: str
    isa: str
    _prepared: list[tuple[ir.Block, str, tuple[int, ...], ir.Value, ir.Value]] = field(
        default_factory=list, init=False
    )

    def of(self, contract: ir.Operation, maps: ContractMaps, *, on_stack: bool) -> Activation:
        """Returns the activation of a seedlm.contract.

        Contractions of one block that read the same activation share what a dispatch rounds.

        Args:
            contract: The contraction.
            maps: Its maps.
            on_stack: Whether the f32 result of a workgroup is kept on its stack.
        """
        lhs = contract.operands[0]
        loops = [maps.lhs.index(loop) for loop in (*maps.batch, maps.column)]
        x = as_f32_matrix(transposed(lhs, loops))
        code, batch = code_of(contract), static_size(x, 0) or ROUNDED_BATCH
        if batch > ROUNDED_BATCH or not rounds(self.kind, code, self.isa):
            return Activation(x)
        columns = ir.RankedTensorType(x.type).shape[1]
        bytes_ = prepared_bytes(code, columns)
        prefix = kernel_prefix(code)
        assert prefix is not None
        for block, *key, prepared in self._prepared:
            if block == contract.block and key == [prefix, tuple(loops), lhs]:
                return Activation(x, bytes_, prepared)
        weights = columns * sum(_rows(each) for each in _contracts_of(lhs))
        if rounds_in_workgroups(weights, batch * bytes_, on_stack=on_stack):
            return Activation(x, bytes_)
        prepared = self._prepare(x, f"{prefix}_prepare", bytes_)
        self._prepared.append((contract.block, prefix, tuple(loops), lhs, prepared))
        return Activation(x, bytes_, prepared)

    def _prepare(self, x: ir.Value, function: str, bytes_: int) -> ir.Value:
        rows, columns = row_dimension(static_size(x, 0)), ir.RankedTensorType(x.type).shape[1]
        kernel = RowKernel(
            function=function,
            batch=rows.size,
            inputs=(Buffer("x", "f32", (rows, Dimension.whole(columns))),),
            output=Buffer("out", "i8", (rows, Dimension.whole(bytes_))),
            sizes=(columns,),
            rows=_PREPARED_ROWS,
        )
        symbol = self.executables.row_symbol(kernel)
        sizes = [dim_size(x, 0), bytes_]
        return build_dispatch(symbol, [x], [], sizes, ir.IntegerType.get_signless(8))


def _contracts_of(x: ir.Value) -> list[ir.Operation]:
    """Returns the contractions that read an activation."""
    readers = [use.owner.operation for use in x.uses]
    return [each for each in readers if each.name == CONTRACT and each.operands[0] == x]


def _rows(contract: ir.Operation) -> int:
    """Returns the rows of a contraction's weight."""
    return ir.RankedTensorType(contract.operands[1].type).shape[0]
