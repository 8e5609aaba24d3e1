# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How a contraction is cut into workgroups, which the runtime hands to its workers."""

from dataclasses import dataclass

from seedlm.compiler.dialect import TILE_ROWS

# A workgroup is not worth handing out for less than about two microseconds of decoding.
_MIN_WEIGHTS = 1 << 16
# Many enough for 16 workers to have work, and no more than keeps the workers of a large layer even.
_MIN_WORKGROUPS, _MAX_WORKGROUPS = 16, 64
# Each workgroup decodes its weights, which costs a few per cent of multiplying them by 128 rows.
_BATCH = 128
_STACK_BATCH = 64


@dataclass(frozen=True)
class Tiling:
    """The part of the result [batch, rows] that a workgroup computes.

    Attributes:
        rows: Rows of the weight, a multiple of those of a tile of codes.
        batch: Rows of the activation.
    """

    rows: int
    batch: int


def choose_tiling(rows: int, columns: int, *, on_stack: bool) -> Tiling:
    """Returns the tiling of a contraction with a weight of `rows` x `columns`.

    Args:
        rows: Rows of the weight.
        columns: Columns of the weight.
        on_stack: Whether the f32 result of a workgroup is kept on its stack, 32 KiB in IREE.
    """
    if on_stack:
        return Tiling(TILE_ROWS, _STACK_BATCH)
    tiles = -(-rows // TILE_ROWS)
    worthwhile = -(-_MIN_WEIGHTS // (TILE_ROWS * columns))
    tiles_each = max(-(-tiles // _MAX_WORKGROUPS), min(worthwhile, -(-tiles // _MIN_WORKGROUPS)))
    return Tiling(tiles_each * TILE_ROWS, _BATCH)
