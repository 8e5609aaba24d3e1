# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The verifier of the dialect: what `seedlm.irdl.mlir` cannot say."""

from collections.abc import Callable

from iree.compiler import ir

from seedlm.compiler.dialect.contract import CONTRACT, verify_contract
from seedlm.compiler.dialect.gather import GATHER, verify_gather
from seedlm.compiler.dialect.generate import GENERATE, verify_generate
from seedlm.compiler.dialect.join_planes import JOIN_PLANES, verify_join_planes
from seedlm.compiler.dialect.join_tiles import JOIN_TILES, verify_join_tiles
from seedlm.compiler.ir.values import walk
from seedlm.errors import SeedlmError

_VERIFIERS: dict[str, Callable[[ir.Operation], None]] = {
    CONTRACT: verify_contract,
    GATHER: verify_gather,
    GENERATE: verify_generate,
    JOIN_PLANES: verify_join_planes,
    JOIN_TILES: verify_join_tiles,
}
_OPERAND_COUNTS = {CONTRACT: 3, GATHER: 3, GENERATE: 2, JOIN_TILES: 1}


def verify(module: ir.Module) -> bool:
    """Verifies every seedlm operation of `module`.

    Each failure is emitted as an MLIR error at the operation's location, in one line.

    Returns:
        Whether the module is valid.
    """
    invalid = [operation for operation in walk(module.operation) if not _is_valid(operation)]
    return not invalid


def _is_valid(operation: ir.Operation) -> bool:
    if not operation.name.startswith("seedlm."):
        return True
    try:
        if operation.name not in _VERIFIERS:
            raise SeedlmError("is not an operation of the dialect")
        _check_counts(operation)
        _VERIFIERS[operation.name](operation)
    except SeedlmError as error:
        operation.location.emit_error(f"'{operation.name}' op {error}")
        return False
    return True


def _check_counts(operation: ir.Operation) -> None:
    operands = _OPERAND_COUNTS.get(operation.name, len(operation.operands))
    if (len(operation.operands), len(operation.results)) != (operands, 1):
        raise SeedlmError(f"needs {operands} operands and 1 result")
