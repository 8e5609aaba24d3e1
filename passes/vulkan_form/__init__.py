# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How seedlm operations become dispatches of Vulkan kernels."""
