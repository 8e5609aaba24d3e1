# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The seedlm dialect in process: one file an operation, and their verifier.

`IRDL_FILE` is the dialect's source of truth, for `iree-opt --irdl-file=`.
"""

from pathlib import Path

from seedlm.compiler.dialect.code_attributes import code_attributes, code_of
from seedlm.compiler.dialect.contract import CONTRACT, ContractMaps, build_contract, contract_maps
from seedlm.compiler.dialect.gather import GATHER, build_gather
from seedlm.compiler.dialect.generate import GENERATE, build_generate
from seedlm.compiler.dialect.join_planes import JOIN_PLANES, build_join_planes, planes_of
from seedlm.compiler.dialect.join_tiles import JOIN_TILES, TILE_ROWS, build_join_tiles, tiles_of
from seedlm.compiler.dialect.verifier import verify

IRDL_FILE = Path(__file__).resolve().parent.parent / "seedlm.irdl.mlir"

__all__ = [
    "CONTRACT",
    "GATHER",
    "GENERATE",
    "IRDL_FILE",
    "JOIN_PLANES",
    "JOIN_TILES",
    "TILE_ROWS",
    "ContractMaps",
    "build_contract",
    "build_gather",
    "build_generate",
    "build_join_planes",
    "build_join_tiles",
    "code_attributes",
    "code_of",
    "contract_maps",
    "planes_of",
    "tiles_of",
    "verify",
]
