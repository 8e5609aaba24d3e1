# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""An encoded weight matrix."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from seedlm.codec.code import Code
from seedlm.codec.packing import Codes, Integers, Seeds, padding_bits, unpack_records
from seedlm.codec.scale import Scales, spread_scales
from seedlm.errors import SeedlmError

# How many blocks are unpacked at a time to be checked.
_CHECKED_BLOCKS = 1 << 16


@dataclass(frozen=True, eq=False)
class Encoded:
    """A weight matrix in the form of a code.

    Attributes:
        code: The parameters of the code.
        shape: Rows (outputs) and columns (inputs, the reduction dimension) of the weights.
        codes: uint8 [rows, row_bytes], the records of each row (see `seedlm.codec.packing`).
        scale: The factors of the weights, `code.scale_dtype` [] for a tensor, [rows] for rows or
            [rows, groups] (see `Code.scale_shape`).
        relative_error: Frobenius norm of the error over that of the weights; 0 if all are zero.
        weighted_relative_error: The same with squares times the importances of their columns that
            the weights were encoded with; None if they were encoded without.

    Raises:
        SeedlmError: A field does not fit the others, a seed is 0 or a padding bit is set.
    """

    code: Code
    shape: tuple[int, int]
    codes: Codes
    scale: Scales
    relative_error: float
    weighted_relative_error: float | None = None

    def __post_init__(self) -> None:
        self._check_shape()
        self._check_scale()
        self._check_errors()
        self._check_records()

    def _check_shape(self) -> None:
        if len(self.shape) != 2 or any(type(size) is not int or size < 1 for size in self.shape):
            raise SeedlmError(f"shape {self.shape} is not two positive integers")
        expected = (self.shape[0], self.code.row_bytes(self.shape[1]))
        if self.codes.dtype != np.uint8 or self.codes.shape != expected:
            raise SeedlmError(
                f"codes are {self.codes.dtype} {list(self.codes.shape)}, "
                f"but weights {list(self.shape)} need uint8 {list(expected)}"
            )

    def _check_scale(self) -> None:
        expected = self.code.scale_shape(*self.shape)
        scale, dtype = self.scale, self.code.scale_dtype
        if scale.dtype != dtype or scale.shape != expected:
            raise SeedlmError(
                f"scale is {scale.dtype} {list(scale.shape)}, not {dtype} {list(expected)}"
            )
        wrong = np.flatnonzero(~(np.isfinite(scale) & (scale > 0)))
        if wrong.size:
            value = scale.reshape(-1)[wrong[0]]
            raise SeedlmError(f"scale {value} is not a finite positive number")

    def _check_errors(self) -> None:
        errors = {"relative error": self.relative_error}
        if self.weighted_relative_error is not None:
            errors["weighted relative error"] = self.weighted_relative_error
        for name, error in errors.items():
            if not 0 <= error < math.inf:
                raise SeedlmError(f"{name} {error} is not a finite number >= 0")

    def _check_records(self) -> None:
        padded = np.flatnonzero(padding_bits(self.codes, self.code, self.blocks_per_row))
        if padded.size:
            raise SeedlmError(f"codes: row {padded[0]} has padding bits that are not zero")
        step = max(1, _CHECKED_BLOCKS // self.blocks_per_row)
        for start in range(0, len(self.codes), step):
            part = unpack_records(self.codes[start : start + step], self.code, self.blocks_per_row)
            zeros = np.argwhere(part[0] == 0)
            if zeros.size:
                row, block = zeros[0]
                raise SeedlmError(f"codes: block {block} of row {start + row} has seed 0")

    @property
    def blocks_per_row(self) -> int:
        """Number of blocks in a row."""
        return self.code.blocks_per_row(self.shape[1])

    @property
    def bits(self) -> int:
        """Number of bits stored: codes with their padding, and the scales."""
        return 8 * (self.codes.nbytes + self.scale.nbytes)

    @property
    def bits_per_weight(self) -> float:
        """Number of bits stored for each weight."""
        return self.bits / math.prod(self.shape)

    def block_scales(self) -> npt.NDArray[np.float32]:
        """Returns the scale of each block, float32 [rows, blocks_per_row]."""
        return spread_scales(self.scale, self.code, self.shape)

    def fields(self) -> tuple[Seeds, Integers, Integers]:
        """Returns seeds uint32 [rows, B], coefficients int8 [rows, B, latent], exponents [rows, B].

        B is `blocks_per_row`; exponents are int8.
        """
        return unpack_records(self.codes, self.code, self.blocks_per_row)
