# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How each seedlm operation is written in linalg: one operation a file, and the decoder they share."""
