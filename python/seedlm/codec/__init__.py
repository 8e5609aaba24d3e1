# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The codec: weight matrices to codes and back (SeedLM, arXiv 2410.10714)."""

from seedlm.codec.code import PRESETS, Code, preset
from seedlm.codec.decoder import decode
from seedlm.codec.encoded import Encoded
from seedlm.codec.encoder import Mode, encode, encode_tensors
from seedlm.codec.sources import Matrix, StoredMatrix, open_safetensors
from seedlm.codec.statistics import Statistics, WeightStatistics
from seedlm.codec.storage import load, save
from seedlm.codec.store import CodeStore

__all__ = [
    "PRESETS",
    "Code",
    "CodeStore",
    "Encoded",
    "Matrix",
    "Mode",
    "Statistics",
    "StoredMatrix",
    "WeightStatistics",
    "decode",
    "encode",
    "encode_tensors",
    "load",
    "open_safetensors",
    "preset",
    "save",
]
