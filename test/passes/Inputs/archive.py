# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes a parameter archive: `archive.py out.irpa`."""

import sys

import iree.runtime
import numpy as np

index = iree.runtime.ParameterIndex()
index.add_buffer("w.key", np.full((8, 2), 0.5, np.float32))
index.add_buffer("counts", np.arange(4, dtype=np.int32))
index.add_splat("splat", np.float32(0.25), 16 * 4)
index.create_archive_file(sys.argv[1])
