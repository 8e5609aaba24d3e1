# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the weights of a model are multiplied with, and files of it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from seedlm.codec.storage import naming, read_tensors, write_tensors
from seedlm.errors import SeedlmError

_FORMAT = "seedlm-statistics"
_VERSION = 1


@dataclass(frozen=True, eq=False)
class WeightStatistics:
    """How large the inputs of one weight are.

    Attributes:
        shape: The shape of the weight in the model.
        mean_squares: float32 [columns], the mean of the squared inputs that each column of the
            weight as a matrix is multiplied with.
        rows: The number of rows of inputs that the mean is over.

    Raises:
        SeedlmError: A mean square is not a finite number >= 0, or they are no vector of float32.
    """

    shape: tuple[int, ...]
    mean_squares: npt.NDArray[np.float32]
    rows: int

    def __post_init__(self) -> None:
        if self.mean_squares.dtype != np.float32 or self.mean_squares.ndim != 1:
            dtype, shape = self.mean_squares.dtype, list(self.mean_squares.shape)
            raise SeedlmError(f"mean squares are {dtype} {shape}, not a vector of float32")
        wrong = np.flatnonzero(~(np.isfinite(self.mean_squares) & (self.mean_squares >= 0)))
        if wrong.size:
            value = self.mean_squares[wrong[0]]
            raise SeedlmError(f"mean square {value} of column {wrong[0]} is no finite number >= 0")


@dataclass(frozen=True, eq=False)
class Statistics:
    """How large the inputs of a model's weights are, measured on samples.

    Attributes:
        weights: By the name of the weight; weights that no sample reached are missing.
        samples: The number of samples.
    """

    weights: Mapping[str, WeightStatistics]
    samples: int

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the statistics to a safetensors file, which appears when it is complete.

        It has one tensor for each weight, the mean squares, and under the metadata key "seedlm" a
        JSON object with format, version, the number of samples, the shape and number of rows of
        each weight, and a checksum.

        Raises:
            SeedlmError: The file cannot be written.
        """
        fields = {
            "format": _FORMAT,
            "version": _VERSION,
            "samples": self.samples,
            "shapes": {name: each.shape for name, each in self.weights.items()},
            "rows": {name: each.rows for name, each in self.weights.items()},
        }
        tensors = {name: each.mean_squares for name, each in self.weights.items()}
        write_tensors(path, fields, tensors)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Statistics":
        """Reads a file that `save` wrote.

        Raises:
            SeedlmError: The file is missing, damaged or no file of statistics; the message names
                the file and, where one is wrong, the tensor.
        """
        with naming(path):
            fields, tensors = read_tensors(path, _FORMAT, _VERSION)
            try:
                weights = {name: _weight(name, tensors[name], fields) for name in sorted(tensors)}
                return cls(weights, fields["samples"])
            except (KeyError, TypeError) as error:
                raise SeedlmError(f"fields are invalid ({error!r})") from error


def _weight(name: str, mean_squares: npt.NDArray[Any], fields: dict[str, Any]) -> WeightStatistics:
    try:
        return WeightStatistics(tuple(fields["shapes"][name]), mean_squares, fields["rows"][name])
    except SeedlmError as error:
        raise SeedlmError(f"tensor '{name}': {error}") from None
