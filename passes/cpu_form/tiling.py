# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How a contraction is cut into workgroups, which the runtime hands to its workers."""

from dataclasses import dataclass

from seedlm.compiler.dialect import TILE_ROWS

# A workgroup is not worth handing out for less than about two microseconds.
_MIN_PRODUCTS = 1 << 16
# What a batch that is not known is taken for where that is asked.
_USUAL_BATCH = 16
# Large products have no more workgroups than keep many workers even. Small ones have few: a worker
# reads the codes of the tiles that follow ahead, which are its own then; and from 8 workgroups for
# each worker on, IREE hands out 8 at a time, which leaves two workers uneven.
_MAX_WORKGROUPS, _MAX_WORKGROUPS_IF_SMALL = 64, 8
_SMALL_WEIGHTS = 1 << 21
# Each workgroup decodes its weights, which costs a few per cent of multiplying them by 128 rows.
_BATCH = 128
_STACK_BATCH = 64
# Where each workgroup rounds the activation itself, which takes some per cent of its time, and a
# dispatch up to ten microseconds.
_MAX_WEIGHTS_IF_ROUNDED = 1 << 20
_ROUNDED_BYTES = 24 << 10


@dataclass(frozen=True)
class Tiling:
    """The part of the result [batch, rows] that a workgroup computes.

    Attributes:
        rows: Rows of the weight, a multiple of those of a tile of codes.
        batch: Rows of the activation.
    """

    rows: int
    batch: int


def choose_tiling(rows: int, columns: int, batch: int | None, *, on_stack: bool) -> Tiling:
    """Returns the tiling of a contraction with a weight of `rows` x `columns`.

    Args:
        rows: Rows of the weight.
        columns: Columns of the weight.
        batch: Rows of the activation; None if known at run time only.
        on_stack: Whether the f32 result of a workgroup is kept on its stack, 32 KiB in IREE.
    """
    if on_stack:
        return Tiling(TILE_ROWS, _STACK_BATCH)
    tiles = -(-rows // TILE_ROWS)
    is_small = rows * columns <= _SMALL_WEIGHTS
    most = _MAX_WORKGROUPS_IF_SMALL if is_small else _MAX_WORKGROUPS
    worthwhile = -(-_MIN_PRODUCTS // (TILE_ROWS * columns * (batch or _USUAL_BATCH)))
    return Tiling(min(tiles, max(-(-tiles // most), worthwhile)) * TILE_ROWS, _BATCH)


def rounds_in_workgroups(weights: int, rounded_bytes: int, *, on_stack: bool) -> bool:
    """Returns whether each workgroup rounds the activation to 8 bits, not a dispatch before.

    Args:
        weights: Weights that are multiplied with the activation.
        rounded_bytes: Bytes of the activation in 8 bits, which are kept on the stack.
        on_stack: Whether the f32 result of a workgroup is kept there as well.
    """
    fits = rounded_bytes <= _ROUNDED_BYTES and not on_stack
    return fits and weights <= _MAX_WEIGHTS_IF_ROUNDED
