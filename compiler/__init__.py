# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The seedlm dialect, helpers over IREE's IR, and the compilation pipeline."""
