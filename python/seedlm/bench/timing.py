# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Wall times of things that take turns.

Each round gives every contender a turn. A turn starts with a pause, in which threads that spin
after the last one's work go to sleep, and a call that is not timed, which wakes the contender's
own threads and brings what fits into the caches. The calls that follow are timed, one by one, and
the least time of all rounds counts: other work on the machine only ever adds to a time, and what
changes slowly, such as the clock rate, meets all contenders alike.
"""

import math
import time
from collections.abc import Callable, Hashable, Mapping
from typing import TypeVar

_PAUSE_SECONDS = 0.005
_TIMED_CALLS = 2

_Name = TypeVar("_Name", bound=Hashable)
Round = Callable[[int, int], None]


def least_seconds(
    runs: Mapping[_Name, Callable[[], None]], rounds: int, progress: Round | None = None
) -> dict[_Name, float]:
    """Returns the least wall time of a call of each contender, in seconds.

    Args:
        runs: The contenders by name.
        rounds: How many turns each gets.
        progress: Called after each round with the number of rounds done and of all.
    """
    least = dict.fromkeys(runs, math.inf)
    for done in range(1, rounds + 1):
        for name, run in runs.items():
            time.sleep(_PAUSE_SECONDS)
            run()
            least[name] = min(least[name], *(_seconds(run) for _ in range(_TIMED_CALLS)))
        if progress is not None:
            progress(done, rounds)
    return least


def _seconds(run: Callable[[], None]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start
