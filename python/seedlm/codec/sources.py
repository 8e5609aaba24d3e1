# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Weight matrices that are read slice by slice, from files larger than memory if need be."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import ml_dtypes
import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open

from seedlm.errors import SeedlmError

# What is mapped of a file at a time.
_MAPPED_BYTES = 1 << 24

_SAFETENSORS_DTYPES: dict[str, npt.DTypeLike] = {
    "F16": np.float16,
    "BF16": ml_dtypes.bfloat16,
    "F32": np.float32,
    "F64": np.float64,
}


@runtime_checkable
class Matrix(Protocol):
    """What weights are read from: an array, or anything that reads slices as an array does."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and columns."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the slices."""
        ...

    def __getitem__(self, index: tuple[slice, slice], /) -> npt.NDArray[Any]:
        """Returns the elements at slices of rows and of columns."""
        ...


def matrix_of(weights: Matrix | npt.ArrayLike) -> Matrix:
    """Returns `weights` as they are if they can be read slice by slice, else as an array."""
    if isinstance(weights, Matrix) and isinstance(weights.dtype, np.dtype):
        return weights
    array: Matrix = np.asarray(weights)
    return array


@dataclass(frozen=True)
class StoredMatrix:
    """A matrix in a file, of which each slice is read when it is asked for and then forgotten.

    Attributes:
        path: The file.
        offset: Where its elements start, in bytes; they follow each other row by row.
        dtype: Their dtype.
        shape: Rows and columns.
        transposed: Whether the file has it column by column instead.
    """

    path: Path
    offset: int
    dtype: np.dtype[Any]
    shape: tuple[int, int]
    transposed: bool = False

    def __getitem__(self, index: tuple[slice, slice]) -> npt.NDArray[Any]:
        """Returns a copy of the elements at slices of step 1."""
        if self.transposed:
            return self._read(index[1], index[0], self.shape[::-1]).T
        return self._read(index[0], index[1], self.shape)

    def _read(self, rows: slice, columns: slice, shape: tuple[int, int]) -> npt.NDArray[Any]:
        first, last, _ = rows.indices(shape[0])
        width = len(range(*columns.indices(shape[1])))
        row_bytes = shape[1] * self.dtype.itemsize
        step = max(1, _MAPPED_BYTES // max(row_bytes, 1))
        result = np.empty((max(last - first, 0), width), self.dtype)
        for row in range(first, last, step):
            height = min(step, last - row)
            place = self.offset + row * row_bytes
            part = np.memmap(self.path, self.dtype, "r", place, (height, shape[1]))
            result[row - first : row - first + height] = part[:, columns]
        return result


def open_safetensors(path: str | os.PathLike[str]) -> dict[str, StoredMatrix]:
    """Returns the matrices of floats in a safetensors file by name; nothing of them is read yet.

    Tensors of other ranks and types are left out.

    Raises:
        SeedlmError: The file is missing or is not a whole safetensors file.
    """
    file = Path(path)
    try:
        with safe_open(file, framework="numpy"):  # checks the header and the size
            pass
        with file.open("rb") as stream:
            header_bytes = int.from_bytes(stream.read(8), "little")
            header = json.loads(stream.read(header_bytes))
    except OSError as error:
        raise SeedlmError(f"{file}: {error.strerror or error}") from None
    except SafetensorError as error:
        raise SeedlmError(f"{file}: not a whole safetensors file ({error})") from None
    start = 8 + header_bytes
    return {
        name: StoredMatrix(
            file,
            start + entry["data_offsets"][0],
            np.dtype(_SAFETENSORS_DTYPES[entry["dtype"]]),
            (entry["shape"][0], entry["shape"][1]),
        )
        for name, entry in header.items()
        if entry.get("dtype") in _SAFETENSORS_DTYPES and len(entry["shape"]) == 2
    }
