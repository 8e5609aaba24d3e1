# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How seedlm operations become calls of CPU kernels."""
