# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writing parameter archives (.irpa) larger than memory."""

import hashlib
import json
import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import iree.runtime
import numpy as np
from numpy.typing import NDArray

from seedlm.compiler.ir.parameters import METADATA_PREFIX, Place, status_message
from seedlm.compiler.ir.scratch import Scratch
from seedlm.errors import SeedlmError

_CHUNK_BYTES = 1 << 24


class ArchiveWriter:
    """Writes an archive, of which never more than a chunk is in memory.

    IREE writes an archive from all of its tensors at once: those that are no part of a file yet
    wait in a temporary one beside the archive.
    """

    def __init__(self, path: Path) -> None:
        """Prepares to write to `path`, which is overwritten when a `with` block of this ends.

        Raises:
            SeedlmError: Its folder cannot be written to.
        """
        self._path = path
        self._index = iree.runtime.ParameterIndex()
        self._files: dict[Path, iree.runtime.FileHandle] = {}
        try:
            self._waiting = Scratch(path.parent)
        except OSError as error:
            raise SeedlmError(f"{path}: cannot be written: {error.strerror}") from None
        self._handle = _handle_of(self._waiting.descriptor)

    def add(self, key: str, array: NDArray[Any]) -> None:
        """Adds a tensor, which may change afterwards; its SHA-256 is kept as metadata.

        Raises:
            SeedlmError: It cannot be written.
        """
        start = self._waiting.end
        digest = hashlib.sha256()
        for chunk in _chunks(array):
            self._waiting.append(chunk)
            digest.update(chunk)
        metadata = _metadata(array, digest.hexdigest())
        self._index.add_from_file_handle(key, self._handle, array.nbytes, start, metadata=metadata)

    def add_stored(self, key: str, place: Place, length: int) -> None:
        """Adds `length` bytes of a file as a tensor.

        Raises:
            OSError: The file cannot be opened.
        """
        if place.path not in self._files:
            with place.path.open("rb") as file:
                self._files[place.path] = _handle_of(file.fileno())
        self._index.add_from_file_handle(key, self._files[place.path], length, place.offset)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Writes the archive if all went well.

        Raises:
            SeedlmError: It cannot be written.
        """
        if kind is not None:
            return
        try:
            self._index.create_archive_file(str(self._path))
        except Exception as error:  # the bindings raise a type for each IREE status
            reason = status_message(error)
            raise SeedlmError(f"{self._path}: cannot be written: {reason}") from None


def write_archive(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Writes tensors to an archive; each entry's metadata has its SHA-256.

    Raises:
        SeedlmError: The file cannot be written.
    """
    with ArchiveWriter(path) as writer:
        for key, array in arrays.items():
            writer.add(key, array)


def _handle_of(descriptor: int) -> iree.runtime.FileHandle:
    """Returns a handle of an open file; it owns a descriptor of its own."""
    return iree.runtime.FileHandle.wrap_fd(os.dup(descriptor))


def _chunks(array: NDArray[Any]) -> Iterator[memoryview]:
    """Yields the bytes of an array in order."""
    rows = array.reshape(1) if array.ndim == 0 else array
    row_bytes = math.prod(rows.shape[1:]) * array.itemsize
    step = max(1, _CHUNK_BYTES // max(row_bytes, 1))
    for start in range(0, len(rows), step):
        part = np.ascontiguousarray(rows[start : start + step])
        yield part.reshape(-1).view(np.uint8).data


def _metadata(array: NDArray[Any], sha256: str) -> str:
    """Returns metadata in the layout of IREE's Python bindings, with a checksum added."""
    description = {
        "type": "Tensor",
        "dtype": array.dtype.name,
        "shape": list(array.shape),
        "sha256": sha256,
    }
    return f"{METADATA_PREFIX}{json.dumps(description)}"
