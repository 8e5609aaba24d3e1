# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How seedlm operations are written in linalg, and the decoder that they share."""
