# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The passes of seedlm, one a file."""
