# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Codes and weights that the codec's tests share."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from seedlm.codec import Code, preset

# Maximal-period taps of each register width.
TAPS = {
    3: (0, 1),
    4: (0, 1),
    5: (0, 2),
    6: (0, 1),
    7: (0, 1),
    8: (0, 1, 2, 7),
    9: (0, 4),
    10: (0, 3),
    11: (0, 2),
    12: (0, 1, 2, 8),
    13: (0, 1, 2, 5),
    14: (0, 1, 2, 12),
    15: (0, 1),
    16: (0, 1, 3, 12),
    17: (0, 3),
    18: (0, 7),
    19: (0, 1, 2, 5),
    20: (0, 3),
}

# The worked example of SeedLM, section 3.1.
PAPER_EXAMPLE = Code(
    block=4,
    latent=2,
    lfsr_width=3,
    taps=(0, 1),
    coefficient_bits=4,
    exponent_bits=4,
    basis_bits=3,
)

# Small and quick to encode with.
SMALL = replace(preset("paper-4bit"), lfsr_width=8, taps=TAPS[8], basis_bits=8)


def code_of_width(width: int, block: int, latent: int, **fields: int) -> Code:
    """Returns a code with 4-bit coefficients and exponents unless fields say otherwise."""
    defaults = {"coefficient_bits": 4, "exponent_bits": 4, "basis_bits": width}
    return Code(
        block=block,
        latent=latent,
        lfsr_width=width,
        taps=TAPS[width],
        **{**defaults, **fields},
    )


@st.composite
def codes(draw: st.DrawFn) -> Code:
    """Draws any code with a register of at most 12 bits."""
    width = draw(st.integers(3, 12))
    latent = draw(st.integers(1, 4))
    return code_of_width(
        width,
        draw(st.integers(latent, 16)),
        latent,
        coefficient_bits=draw(st.integers(3, 5)),
        exponent_bits=draw(st.integers(0, 4)),
        basis_bits=draw(st.integers(2, width)),
    )


def gaussian(rows: int, columns: int, seed: int = 0) -> npt.NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal((rows, columns)).astype(np.float32)
