# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How much memory encoding takes, and how many blocks fit in a limit."""

from seedlm.codec.cells import cell_counts
from seedlm.codec.code import Code
from seedlm.errors import SeedlmError

_MIB = 1 << 20

# For passes over the weights before they are encoded.
_CHECKS_BYTES = 48 * _MIB


def chunk_blocks(code: Code, largest: int, memory_limit: int | None, exhaustive: bool) -> int:
    """Returns how many blocks are encoded at a time: `largest` or what fits in the limit.

    Args:
        code: The code.
        largest: Blocks that are encoded at a time without a limit.
        memory_limit: Bytes for everything but the weights and the codes; None for no limit.
        exhaustive: Whether all seeds are tried, for which no table of cells is needed.

    Raises:
        SeedlmError: The limit is too low to encode anything.
    """
    if memory_limit is None:
        return largest
    least = _table_bytes(code, exhaustive) + _CHECKS_BYTES
    if memory_limit < least:
        raise SeedlmError(
            f"memory limit of {memory_limit / _MIB:.4g} MiB is less than the "
            f"{-(-least // _MIB)} MiB that encoding needs"
        )
    return min(largest, (memory_limit - least + _CHECKS_BYTES) // _block_bytes(code))


def _table_bytes(code: Code, exhaustive: bool) -> int:
    """Returns an upper bound of the size of a code's tables, also while they are built."""
    seeds = code.seeds * (4 * code.block * code.latent + 64)
    counts = cell_counts(code)
    if counts is None or exhaustive:
        return seeds
    return seeds + 6 * counts.outer * counts.inner * counts.list


def _block_bytes(code: Code) -> int:
    """Returns an upper bound of what the encoding of one block takes, measured as 20 a weight."""
    return 64 + 28 * code.block
