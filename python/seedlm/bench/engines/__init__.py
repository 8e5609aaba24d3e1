# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What multiplies by weights: one engine a file, all with the protocol of `seedlm.bench.engine`."""
