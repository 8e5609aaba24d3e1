# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The pseudo-random basis U that a seed stands for (SeedLM, section 3.1)."""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from seedlm.codec.code import Code
from seedlm.codec.lfsr import orbit


def states(code: Code, seeds: npt.ArrayLike) -> npt.NDArray[np.uint32]:
    """Returns the register's states after each seed, uint32 [*seeds.shape, block, latent]."""
    return orbit(code.lfsr_width, code.taps)[_windows(code, seeds)]


def basis(code: Code, seeds: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Returns U of each seed, float64 [*seeds.shape, block, latent].

    Seeds must be in 1..`code.seeds`. With h = 2**(basis_bits-1), values are in [-h/(h-1), 1].
    """
    return _values(code)[_windows(code, seeds)]


def _windows(code: Code, seeds: npt.ArrayLike) -> npt.NDArray[np.int64]:
    start = _positions(code.lfsr_width, code.taps)[np.asarray(seeds)]
    steps = np.arange(1, code.block * code.latent + 1).reshape(code.block, code.latent)
    windows: npt.NDArray[np.int64] = (start[..., None, None] + steps) % code.seeds
    return windows


@lru_cache(maxsize=8)
def _positions(width: int, taps: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """Where each state stands in the orbit; entry 0 stands for no state."""
    states = orbit(width, taps)
    positions = np.full(1 << width, -1, np.int64)
    positions[states] = np.arange(len(states))
    return positions


@lru_cache(maxsize=8)
def _values(code: Code) -> npt.NDArray[np.float64]:
    """The basis value of each state of the orbit."""
    half = 1 << (code.basis_bits - 1)
    top = orbit(code.lfsr_width, code.taps) >> np.uint32(code.lfsr_width - code.basis_bits)
    return (top.astype(np.float64) - half) / (half - 1)
