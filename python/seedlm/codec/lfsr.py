# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fibonacci linear-feedback shift registers (SeedLM, section 3.1)."""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

MAXIMAL_TAPS: dict[int, tuple[int, ...]] = {
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
"""Taps of maximal period by register width; those of 16 bits are SeedLM's."""


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
