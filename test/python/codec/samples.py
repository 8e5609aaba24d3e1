# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Codes and weights that the codec's tests share."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st

from seedlm.codec import Code, preset
from seedlm.codec.lfsr import MAXIMAL_TAPS

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
SMALL = replace(preset("paper-4bit"), lfsr_width=8, taps=MAXIMAL_TAPS[8], basis_bits=8)


def code_of_width(width: int, block: int, latent: int, **fields: Any) -> Code:
    """Returns a code with 4-bit coefficients and exponents unless fields say otherwise."""
    defaults = {"coefficient_bits": 4, "exponent_bits": 4, "basis_bits": width}
    return Code(
        block=block,
        latent=latent,
        lfsr_width=width,
        taps=MAXIMAL_TAPS[width],
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
        scale=draw(st.sampled_from(["tensor", "row", "group-128", "group-256"])),
        scale_type=draw(st.sampled_from(["f32", "f16"])),
    )


def gaussian(rows: int, columns: int, seed: int = 0) -> npt.NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal((rows, columns)).astype(np.float32)
