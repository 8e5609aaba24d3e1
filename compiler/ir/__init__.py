# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Helpers over `iree.compiler.ir` that know nothing of seedlm."""
