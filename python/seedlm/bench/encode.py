# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Speed and error of the encoder on Gaussian weights.

A matrix of i.i.d. normal weights is encoded after a warm-up that has the tables in memory. With one
thread the speed is by the least CPU time of the process, which other work on the machine hardly
changes; with more by the least wall time. The exhaustive search is the brute force: it tries every
seed for every block. "reference" is the NumPy reference, on one thread.

Errors are relative Frobenius errors; the excess is that over the exhaustive search on the same
blocks. With importances, which are log-normal with the deviation given, errors are weighted, and a
matrix of many rows is encoded on one thread, as all rows of a column of blocks share work.

The table of each code is built in an empty folder (built) and read back by a new process (read);
both are wall times of encoding one block, which takes next to no time with the table in memory.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import get_args

import numpy as np
import numpy.typing as npt

from seedlm.codec import Encoded, Mode, encode, preset
from seedlm.codec.cells import forget_tables
from seedlm.codec.reference import reference_encode_block

MODES: tuple[Mode, ...] = get_args(Mode)
REFERENCE = "reference"

_CACHE = "SEEDLM_CACHE"
_COLUMN_BLOCKS = 512
_WEIGHTED_COLUMN_BLOCKS = 48
_WEIGHTED_ROWS = 1 << 10  # as a fraction of the blocks given
_FRACTIONS = {"fast": 1, "certified": 4, "exhaustive": 32}
_REFERENCE_BLOCKS = 2
_REPEATS = 3
_FIRST_BLOCK = """
import sys, time
import numpy as np
from seedlm.codec import encode, preset
code = preset(sys.argv[1])
weights = np.ones((1, code.block), np.float32)
start = time.perf_counter()
encode(weights, code, threads=int(sys.argv[2]))
print(time.perf_counter() - start)
"""

Progress = Callable[[str, int, int], None]
_Weights = npt.NDArray[np.float32]


@dataclass(frozen=True)
class EncodingSpeed:
    """The speed of a search.

    Attributes:
        code: Name of the code.
        search: One of `MODES`, or "reference".
        threads: Threads.
        blocks_per_s: Blocks encoded a second.
        error: Relative error of the weights, weighted if there are importances.
        excess: That error over the least possible, less 1, on the same blocks; None if unknown.
        deviation: Standard deviation of the logarithms of importances; None without importances.
    """

    code: str
    search: str
    threads: int
    blocks_per_s: float
    error: float | None
    excess: float | None
    deviation: float | None = None


@dataclass(frozen=True)
class TableTime:
    """How long the first use of a code takes.

    Attributes:
        code: Name of the code.
        threads: Threads.
        built_s: Seconds if its table has to be built.
        read_s: Seconds if it is on disk.
    """

    code: str
    threads: int
    built_s: float
    read_s: float


def measure_encoder(
    codes: Sequence[str],
    modes: Sequence[Mode],
    threads: Sequence[int],
    blocks: int,
    deviations: Sequence[float] = (),
    progress: Progress | None = None,
) -> tuple[list[EncodingSpeed], list[TableTime]]:
    """Measures searches of codes.

    Args:
        codes: Names of presets.
        modes: The searches.
        threads: Numbers of threads.
        blocks: Blocks for the fast search; others get a fraction.
        deviations: Deviations of importances, each for the fast and the exhaustive search.
        progress: Called with what is done, and the codes done and of all.
    """
    speeds: list[EncodingSpeed] = []
    tables: list[TableTime] = []
    with _empty_cache():
        for i, name in enumerate(codes):
            if progress is not None:
                progress(name, i, len(codes))
            tables.append(_table_time(name, max(threads)))
            speeds.append(_reference_speed(name))
            for mode in modes:
                speeds.extend(_speeds(name, mode, threads, blocks))
            for deviation in deviations:
                speeds.extend(_weighted_speeds(name, blocks, deviation))
            forget_tables()
    return speeds, tables


@contextmanager
def _empty_cache() -> Iterator[None]:
    """Keeps tables in an empty folder."""
    before = os.environ.get(_CACHE)
    with tempfile.TemporaryDirectory(prefix="seedlm-") as folder:
        os.environ[_CACHE] = folder
        try:
            yield
        finally:
            del os.environ[_CACHE]
            if before is not None:
                os.environ[_CACHE] = before


def _table_time(name: str, threads: int) -> TableTime:
    command = [sys.executable, "-c", _FIRST_BLOCK, name, str(threads)]
    built, read = (float(subprocess.check_output(command)) for _ in range(2))
    return TableTime(name, threads, built, read)


def _reference_speed(name: str) -> EncodingSpeed:
    code = preset(name)
    weights = _normal(_REFERENCE_BLOCKS, code.block)
    scale = float(encode(weights, code, mode="exhaustive", threads=1).block_scales().flat[0])
    start = time.process_time()
    for block in weights:
        reference_encode_block(block, code, scale)
    seconds = time.process_time() - start
    return EncodingSpeed(name, REFERENCE, 1, len(weights) / seconds, None, None)


def _speeds(name: str, mode: Mode, threads: Sequence[int], blocks: int) -> list[EncodingSpeed]:
    weights = _weights(name, blocks // _FRACTIONS[mode])
    excess = _excess(name, mode, blocks)
    results = []
    for count in threads:
        encoded, seconds = _timed(weights, name, mode, count)
        speed = weights.size / preset(name).block / seconds
        results.append(EncodingSpeed(name, mode, count, speed, encoded.relative_error, excess))
    return results


def _excess(name: str, mode: Mode, blocks: int) -> float:
    weights = _weights(name, blocks // _FRACTIONS["exhaustive"])
    error, least = (
        encode(weights, preset(name), mode=each).relative_error for each in (mode, MODES[-1])
    )
    return error / least - 1


def _weighted_speeds(name: str, blocks: int, deviation: float) -> list[EncodingSpeed]:
    block = preset(name).block
    columns = _WEIGHTED_COLUMN_BLOCKS * block
    weights = _normal(max(1, blocks // _WEIGHTED_ROWS), columns)
    importance = np.exp(deviation * np.random.default_rng(1).standard_normal(columns))
    results: list[EncodingSpeed] = []
    searches: tuple[Mode, ...] = ("exhaustive", "fast")
    for mode in searches:
        encoded, seconds = _timed(weights, name, mode, 1, importance)
        error = encoded.weighted_relative_error or 0.0
        least = results[0].error if results else error
        excess = error / least - 1 if least else 0.0
        speed = weights.size / block / seconds
        results.append(EncodingSpeed(name, mode, 1, speed, error, excess, deviation))
    return results


def _timed(
    weights: _Weights,
    name: str,
    mode: Mode,
    threads: int,
    importance: npt.ArrayLike | None = None,
) -> tuple[Encoded, float]:
    clock = time.process_time if threads == 1 else time.perf_counter
    code, best = preset(name), float("inf")
    for attempt in range(1 + _REPEATS):
        start = clock()
        encoded = encode(weights, code, mode=mode, threads=threads, importance=importance)
        best = min(best, clock() - start) if attempt else best
    return encoded, best


def _weights(name: str, blocks: int) -> _Weights:
    """Returns about so many blocks, in rows of `_COLUMN_BLOCKS`."""
    return _normal(max(1, blocks // _COLUMN_BLOCKS), _COLUMN_BLOCKS * preset(name).block)


def _normal(rows: int, columns: int) -> _Weights:
    return np.random.default_rng(0).standard_normal((rows, columns), np.float32)
