# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Codes in the form of the native module."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from seedlm.codec import _native
from seedlm.codec.code import Code
from seedlm.codec.packing import Integers, Seeds


class Records(NamedTuple):
    """The records of n blocks.

    Attributes:
        seeds: uint32 [n].
        coefficients: int8 [n, latent].
        exponents: int8 [n].
        errors: float64 [n], the squared errors of the decoded weights.
        weighted_errors: The same times importances, float64 [n] or, without importances, [].
    """

    seeds: Seeds
    coefficients: Integers
    exponents: Integers
    errors: npt.NDArray[np.float64]
    weighted_errors: npt.NDArray[np.float64] = np.zeros(())


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
