# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""seedlm.join_tiles: codes that are stored as the tiles of 64 rows that CPU kernels read."""

from iree.compiler import ir

from seedlm.compiler.dialect.checks import tensor_type
from seedlm.compiler.ir.values import defining_op
from seedlm.errors import SeedlmError

JOIN_TILES = "seedlm.join_tiles"
TILE_ROWS = 64


def build_join_tiles(tiles: ir.Value, codes_type: ir.RankedTensorType) -> ir.OpResult:
    """Builds `codes = seedlm.join_tiles(tiles)` of type [rows, row_bytes]."""
    return ir.Operation.create(JOIN_TILES, results=[codes_type], operands=[tiles]).result


def tiles_of(codes: ir.Value) -> ir.Value | None:
    """Returns the tiles that a seedlm.join_tiles makes `codes` of, None if there is none."""
    join = defining_op(codes)
    return join.operands[0] if join is not None and join.name == JOIN_TILES else None


def verify_join_tiles(operation: ir.Operation) -> None:
    """Checks what IRDL cannot say of a seedlm.join_tiles.

    Raises:
        SeedlmError: The type of the tiles does not hold the codes.
    """
    tiles = tensor_type(operation.operands[0], "tiles")
    codes = tensor_type(operation.result, "codes")
    for name, type_ in (("tiles", tiles), ("codes", codes)):
        if type_.rank != 2 or not type_.has_static_shape or str(type_.element_type) != "i8":
            raise SeedlmError(f"'{name}' must be static i8 with two dimensions, but is {type_}")
    rows, row_bytes = codes.shape
    expected = (-(-rows // TILE_ROWS), -(-tiles.shape[1] // TILE_ROWS))
    if (tiles.shape[0], row_bytes) != expected:
        raise SeedlmError(f"'tiles' must hold the {TILE_ROWS} rows of each tile, but is {tiles}")
