# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fibonacci linear-feedback shift registers (SeedLM, section 3.1)."""

from functools import lru_cache

import numpy as np
import numpy.typing as npt


def step(state: int, width: int, taps: tuple[int, ...]) -> int:
    """Returns the state after `state`: shifted right, the XOR of the tap bits enters at the top."""
    feedback = 0
    for tap in taps:
        feedback ^= state >> tap
    return (state >> 1) | ((feedback & 1) << (width - 1))


@lru_cache(maxsize=8)
def orbit(width: int, taps: tuple[int, ...]) -> npt.NDArray[np.uint32]:
    """Returns the states that follow one another from state 1 until it comes back.

    The register has maximal period exactly when there are `2**width - 1` of them. One that never
    comes back to 1 gives `2**width` states. The array is shared and read-only.
    """
    states = np.empty(1 << width, np.uint32)
    state, count = 1, 0
    while count < len(states):
        states[count] = state
        state, count = step(state, width, taps), count + 1
        if state == 1:
            break
    states = states[:count]
    states.flags.writeable = False
    return states
