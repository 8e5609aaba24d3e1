# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Reading memory and nothing else: the bound of all engines for weights of 4 bits.

On the CPU the C library's memchr looks for a byte that is not there. Other devices copy half of the
bytes, so that as many are read and written.
"""

import ctypes
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import iree.runtime as rt
import numpy as np
import numpy.typing as npt

from seedlm.devices import open_device

_FILLING, _SOUGHT = 1, 2


def prepare_copies(size: int, times: int, device: str) -> Callable[[], None]:
    """Returns a function that copies memory of a device.

    Args:
        size: Bytes that a copy reads and writes together.
        times: How many copies a call makes.
        device: One of `seedlm.devices.DRIVERS`.

    Raises:
        SeedlmError: There is no such device.
    """
    opened = open_device(device)
    kind, usage = int(rt.MemoryType.DEVICE_LOCAL), int(rt.BufferUsage.DEFAULT)
    source, target = (
        opened.allocator.allocate_buffer(kind, usage, max(size // 2, 1)) for _ in range(2)
    )

    def copy_all() -> None:
        semaphore = opened.create_semaphore(0)
        fences = [rt.HalFence.create_at(semaphore, value) for value in range(times + 1)]
        for ready, done in pairwise(fences):
            opened.queue_copy(source, target, ready, done)
        fences[-1].wait()

    return copy_all


def prepare_stream(size: int, times: int, threads: int) -> Callable[[], None]:
    """Returns a function that reads memory of the host, each thread a part.

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
