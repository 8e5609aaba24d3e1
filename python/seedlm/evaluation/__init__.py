# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What storing a model's weights in few bits costs in quality, by format."""
