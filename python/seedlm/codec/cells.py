# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tables of the encoder's fast search, built once a code and kept on disk.

A table divides the directions of blocks into cells and lists the seeds near each (see
runtime/encoder/cells.h). Its file is `$SEEDLM_CACHE`/tables-<hash>.bin, by default in
~/.cache/seedlm: a line of JSON, the arrays and a SHA-256 of all before it.
"""

import hashlib
import json
import os
import warnings
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from seedlm.codec import _native
from seedlm.codec.code import Code
from seedlm.codec.native import native_code
from seedlm.codec.storage import replacing
from seedlm.errors import SeedlmError

# To be raised with every change of a table's content or of the file.
_VERSION = 1

# With fewer seeds all are tried; and with almost as many latent dimensions as weights, where the
# nearest seeds are no better than others.
_LEAST_WIDTH = 12
_LEAST_CODIMENSION = 4
_USUAL_WIDTH = 14

_BOUND_GROUP = 32
_Arrays = dict[str, npt.NDArray[Any]]
_lock = Lock()


@dataclass(frozen=True)
class CellCounts:
    """Sizes of a table.

    Attributes:
        outer: Cells of the first level, a multiple of 16.
        inner: Cells of the second level in each, a multiple of 16.
        list: Seeds in the list of a cell, a multiple of 32.
        fast: How many of them the fast search tries.
    """

    outer: int
    inner: int
    list: int
    fast: int


_SMALL = CellCounts(outer=256, inner=16, list=1024, fast=768)
_USUAL = CellCounts(outer=256, inner=128, list=2048, fast=768)
_LARGE = CellCounts(outer=256, inner=128, list=2048, fast=2048)
_WIDE = CellCounts(outer=256, inner=64, list=4096, fast=4096)
_LARGE_AND_WIDE = CellCounts(outer=256, inner=16, list=16384, fast=16384)


def cell_counts(code: Code) -> CellCounts | None:
    """Returns the sizes of a code's table; None if all seeds are always tried.

    Measured on Gaussian weights with the presets. More seeds, latent dimensions and weights in a
    block put more seeds near a direction; with longer lists there are fewer cells, to bound memory.
    """
    if code.lfsr_width < _LEAST_WIDTH or code.block - code.latent < _LEAST_CODIMENSION:
        return None
    if code.lfsr_width < _USUAL_WIDTH:
        return _SMALL
    large = code.latent >= 4 or code.block > 10
    if code.lfsr_width > 16:
        return _LARGE_AND_WIDE if large else _WIDE
    return _LARGE if large else _USUAL


def cell_table(code: Code, counts: CellCounts, threads: int) -> _native.CellTable:
    """Returns the table of a code from memory, from disk or, at worst, newly built.

    A damaged or foreign file is replaced with a warning; where no file can be written the table
    is only kept in memory.
    """
    with _lock:
        return _remembered(code, counts, _Threads(threads))


def forget_tables() -> None:
    """Frees the tables in memory, some 300 MB each; they are still on disk."""
    with _lock:
        _remembered.cache_clear()


class _Threads(int):
    """A number of threads, of which a table does not depend."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Threads)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=2)
def _remembered(code: Code, counts: CellCounts, threads: _Threads) -> _native.CellTable:
    path = table_path(code, counts)
    table = _load(path, code, counts)
    if table is None:
        table = _native.CellTable.build(
            native_code(code),
            outer=counts.outer,
            inner=counts.inner,
            seeds=counts.list,
            threads=int(threads),
        )
        _store(path, table, code, counts)
    return table


def table_path(code: Code, counts: CellCounts) -> Path:
    """Returns the file of a code's table."""
    folder = os.environ.get("SEEDLM_CACHE")
    digest = hashlib.sha256(_header(code, counts)).hexdigest()[:16]
    return Path(folder or Path.home() / ".cache" / "seedlm") / f"tables-{digest}.bin"


def _header(code: Code, counts: CellCounts) -> bytes:
    """Returns the first line of a table's file: its version, sizes and all of the code it needs."""
    names = ("block", "latent", "lfsr_width", "taps", "basis_bits")
    fields: dict[str, Any] = {"format": "seedlm-tables", "version": _VERSION, **asdict(counts)}
    fields |= {name: getattr(code, name) for name in names}
    return json.dumps(fields, sort_keys=True).encode() + b"\n"


def _layout(code: Code, counts: CellCounts) -> dict[str, tuple[str, int]]:
    """Returns the type and the length of each array of a file."""
    pairs = (code.block + 1) // 2
    cells = counts.outer * counts.inner
    return {
        "outer_directions": ("<i4", pairs * counts.outer),
        "inner_directions": ("<i4", pairs * cells),
        "positions": ("<u2" if code.lfsr_width <= 16 else "<u4", cells * counts.list),
        "bounds": ("<f4", cells * counts.list // _BOUND_GROUP),
    }


def _load(path: Path, code: Code, counts: CellCounts) -> _native.CellTable | None:
    try:
        content = np.memmap(path, np.uint8, "r")
    except OSError:
        return None
    except ValueError:  # there is nothing to map in an empty file
        arrays = None
    else:
        arrays = _arrays(content, code, counts)
    if arrays is None:
        warnings.warn(f"{path}: not a whole table of this version, built anew", stacklevel=2)
        return None
    return _native.CellTable.of(
        native_code(code), outer=counts.outer, inner=counts.inner, seeds=counts.list, **arrays
    )


def _arrays(content: npt.NDArray[np.uint8], code: Code, counts: CellCounts) -> _Arrays | None:
    header, layout = _header(code, counts), _layout(code, counts)
    size = len(header) + sum(np.dtype(dtype).itemsize * n for dtype, n in layout.values())
    body, digest = content[:-32], content[-32:]
    if len(body) != size or content[: len(header)].tobytes() != header:
        return None
    if hashlib.sha256(body.data).digest() != digest.tobytes():
        return None
    arrays: _Arrays = {}
    offset = len(header)
    for name, (dtype, length) in layout.items():
        arrays[name] = np.frombuffer(body, dtype, length, offset)
        offset += arrays[name].nbytes
    return arrays


def _store(path: Path, table: _native.CellTable, code: Code, counts: CellCounts) -> None:
    parts: list[Any] = [_header(code, counts)]
    for name, (dtype, _) in _layout(code, counts).items():
        parts.append(getattr(table, name).astype(dtype, copy=False).data)
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary, temporary.open("wb") as file:
            file.writelines([*parts, digest.digest()])
    except (OSError, SeedlmError):
        return
