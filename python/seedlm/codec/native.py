# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Codes in the form of the native module."""

import numpy as np
import numpy.typing as npt

from seedlm.codec import _native
from seedlm.codec.code import Code
from seedlm.codec.packing import Integers, Seeds

Records = tuple[Seeds, Integers, Integers, npt.NDArray[np.float64]]
"""Seeds [n], coefficients [n, latent], exponents [n] and squared errors [n] of n blocks."""


def native_code(code: Code) -> _native.NativeCode:
    """Returns the native module's form of a code."""
    return _native.NativeCode(
        block=code.block,
        latent=code.latent,
        lfsr_width=code.lfsr_width,
        tap_mask=sum(1 << tap for tap in code.taps),
        coefficient_bits=code.coefficient_bits,
        exponent_bits=code.exponent_bits,
        basis_bits=code.basis_bits,
    )
