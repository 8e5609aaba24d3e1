# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Choice of the scale of a weight matrix, which centres the exponents on its blocks."""

import numpy as np

from seedlm.codec.code import Code

# By exponent_bits, how far 2**greatest_exponent * scale lies below the largest weight, in octaves.
# Coefficients reach above it. With few exponents the best place is lower, where the largest blocks
# are clipped. Measured on Gaussian, Student-t(4), outlier-laden and row-scaled matrices: for 3 and
# 4 bits the error is within 0.1 % of the best for each, for fewer a compromise between them.
_OCTAVES_BELOW_LARGEST = (4.0, 4.0, 3.5, 2.0, 2.0)


def choose_scale(largest: float, code: Code) -> np.float32:
    """Returns the scale for weights of magnitude up to `largest`: positive, normal, 1 for zeros."""
    if largest == 0:
        return np.float32(1)
    octaves = code.exponent_range[1] + _OCTAVES_BELOW_LARGEST[code.exponent_bits]
    return max(np.float32(largest / 2**octaves), np.finfo(np.float32).smallest_normal)
