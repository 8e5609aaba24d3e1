# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reading memory and nothing else: the bound of all engines for weights of 4 bits.

The C library's memchr looks for a byte that is not there.
"""

import ctypes
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

_FILLING, _SOUGHT = 1, 2


def prepare_stream(size: int, times: int, threads: int) -> Callable[[], None]:
    """Returns a function that reads memory, each thread a part.

    Args:
        size: Bytes of memory, at least as many as there are threads.
        times: How often it is read in a call.
        threads: How many threads read.
    """
    memory = np.full(size, _FILLING, np.uint8)
    parts = np.array_split(memory, threads)
    find = ctypes.CDLL(None).memchr
    find.argtypes, find.restype = (ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t), ctypes.c_void_p

    def read(part: npt.NDArray[np.uint8]) -> None:
        for _ in range(times):
            assert find(part.ctypes.data, _SOUGHT, part.nbytes) is None

    if threads == 1:
        return lambda: read(memory)
    pool = ThreadPoolExecutor(threads)

    def read_all() -> None:
        for _ in pool.map(read, parts):
            pass

    return read_all
