# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Element data that passes make, kept in a file instead of memory."""

import mmap
import os
import tempfile
import weakref
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from iree.compiler import ir
from numpy.typing import NDArray

from seedlm.compiler.ir.elements import SMALL_BYTES, make_elements, read_elements

_ALIGNMENT = 64
_SEGMENT_BYTES = 1 << 28
_WRITTEN_BYTES = 1 << 30


class _Place(NamedTuple):
    """Where an array is in the file."""

    offset: int
    dtype: np.dtype[Any]
    shape: tuple[int, ...]


class Blobs:
    """Makes attributes of arrays that it moves to a temporary file, and reads them again.

    An attribute refers to a map of the file, of which nothing is in memory until MLIR itself reads
    the elements. The file has no name: it is gone with the process, whatever ends that.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """Uses a file in `folder`, by default that of temporary files."""
        self._folder = folder
        self._descriptor: int | None = None
        self._places: dict[ir.Attribute, _Place] = {}
        self._map: mmap.mmap | None = None
        self._map_start = self._end = 0

    def make(self, array: NDArray[Any], name: str) -> ir.Attribute:
        """Returns `array` as an attribute, as `make_elements` does; here it may change later.

        Raises:
            OSError: The file cannot be written.
        """
        array = np.asarray(array, order="C")
        if array.nbytes <= SMALL_BYTES:
            return make_elements(array, name)
        place = _Place(self._append(array), array.dtype, array.shape)
        assert self._map is not None
        mapped = np.frombuffer(self._map, np.uint8, array.nbytes, place.offset - self._map_start)
        attribute = make_elements(mapped.view(array.dtype).reshape(array.shape), name)
        self._places[attribute] = place
        return attribute

    def read(self, attribute: ir.Attribute) -> NDArray[Any]:
        """Returns the elements of any constant attribute; those in the file are mapped anew."""
        place = self._places.get(attribute)
        if place is None:
            return read_elements(attribute)
        assert self._descriptor is not None
        with os.fdopen(os.dup(self._descriptor), "rb") as file:
            return np.memmap(file, place.dtype, "r", place.offset, place.shape)

    def _append(self, array: NDArray[Any]) -> int:
        """Writes an array to the end of the file and returns where it starts."""
        if self._descriptor is None:
            self._descriptor = self._open()
        start = -(-self._end // _ALIGNMENT) * _ALIGNMENT
        self._end = start + array.nbytes
        if self._map is None or self._end > self._map_start + len(self._map):
            self._map_start = start // mmap.ALLOCATIONGRANULARITY * mmap.ALLOCATIONGRANULARITY
            size = max(_SEGMENT_BYTES, self._end - self._map_start)
            os.truncate(self._descriptor, self._map_start + size)
            self._map = mmap.mmap(
                self._descriptor, size, prot=mmap.PROT_READ, offset=self._map_start
            )
        data = array.reshape(-1).view(np.uint8).data
        for done in range(0, len(data), _WRITTEN_BYTES):
            _write(self._descriptor, data[done : done + _WRITTEN_BYTES], start + done)
        return start

    def _open(self) -> int:
        with tempfile.TemporaryFile(dir=self._folder) as file:
            descriptor = os.dup(file.fileno())
        weakref.finalize(self, os.close, descriptor)
        return descriptor


def _write(descriptor: int, data: memoryview, offset: int) -> None:
    while data:
        written = os.pwrite(descriptor, data, offset)
        data, offset = data[written:], offset + written
