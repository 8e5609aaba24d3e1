# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The codec: weight matrices to codes and back (SeedLM, arXiv 2410.10714)."""

from seedlm.codec.code import PRESETS, Code, preset
from seedlm.codec.decoder import decode
from seedlm.codec.encoded import Encoded
from seedlm.codec.encoder import Mode, encode
from seedlm.codec.statistics import Statistics, WeightStatistics
from seedlm.codec.storage import load, save

__all__ = [
    "PRESETS",
    "Code",
    "Encoded",
    "Mode",
    "Statistics",
    "WeightStatistics",
    "decode",
    "encode",
    "load",
    "preset",
    "save",
]
