# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Element data that passes make, kept in a file instead of memory."""

import mmap
import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from iree.compiler import ir
from numpy.typing import NDArray

from seedlm.compiler.ir.elements import SMALL_BYTES, make_elements, read_elements
from seedlm.compiler.ir.scratch import Scratch

_ALIGNMENT = 64

# The file is mapped in segments, each as large as all before it, within these limits.
_LEAST_SEGMENT_BYTES = 1 << 20
_SEGMENT_BYTES = 1 << 28


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
        self._file: Scratch | None = None
        self._places: dict[ir.Attribute, _Place] = {}
        self._map: mmap.mmap | None = None
        self._map_start = 0

    def make(self, array: NDArray[Any], name: str) -> ir.Attribute:
        """Returns `array` as an attribute, as `make_elements` does; here it may change later.

        Raises:
            SeedlmError: The file cannot be written.
        """
        array = np.asarray(array, order="C")
        if array.nbytes <= SMALL_BYTES:
            return make_elements(array, name)
        if self._file is None:
            self._file = Scratch(self._folder)
        self._file.end = -(-self._file.end // _ALIGNMENT) * _ALIGNMENT
        place = _Place(self._file.end, array.dtype, array.shape)
        self._file.append(array.reshape(-1).view(np.uint8).data)
        attribute = make_elements(self._mapped(self._file, place), name)
        self._places[attribute] = place
        return attribute

    def read(self, attribute: ir.Attribute) -> NDArray[Any]:
        """Returns the elements of any constant attribute; those in the file are mapped anew."""
        place = self._places.get(attribute)
        if place is None:
            return read_elements(attribute)
        assert self._file is not None
        with os.fdopen(os.dup(self._file.descriptor), "rb") as file:
            return np.memmap(file, place.dtype, "r", place.offset, place.shape)

    def _mapped(self, file: Scratch, place: _Place) -> NDArray[Any]:
        """Returns the last array of the file in a map that it shares with others.

        Each map costs the process a file descriptor.
        """
        if self._map is None or file.end > self._map_start + len(self._map):
            granularity = mmap.ALLOCATIONGRANULARITY
            self._map_start = place.offset // granularity * granularity
            size = min(max(self._map_start, _LEAST_SEGMENT_BYTES), _SEGMENT_BYTES)
            size = max(size, file.end - self._map_start)
            file.reserve(self._map_start + size)
            self._map = mmap.mmap(
                file.descriptor, size, prot=mmap.PROT_READ, offset=self._map_start
            )
        return np.ndarray(
            place.shape, place.dtype, self._map, offset=place.offset - self._map_start
        )
