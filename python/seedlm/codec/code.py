# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The parameters of a code: how a block of weights becomes one record of bits."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from seedlm.codec.lfsr import MAXIMAL_TAPS, orbit
from seedlm.errors import SeedlmError

MAX_RECORD_BITS = 64

_RANGES = {
    "block": (1, 16),
    "latent": (1, 4),
    "lfsr_width": (3, 20),
    "coefficient_bits": (3, 5),
    "exponent_bits": (0, 4),
    "basis_bits": (2, 20),
}

_SCALE_GROUPS = {"tensor": None, "row": None, "group-128": 128, "group-256": 256}
_SCALE_TYPES: dict[str, np.dtype[np.float16] | np.dtype[np.float32]] = {
    "f32": np.dtype(np.float32),
    "f16": np.dtype(np.float16),
}


@dataclass(frozen=True, kw_only=True)
class Code:
    """A code of SeedLM (section 3): `block` weights from one seed and `latent` coefficients.

    With `v_0, v_1, ..` the register's states after the seed and `b_i` their `basis_bits` top bits,

        U[c][p] = (b_{c*latent+p} - 2**(basis_bits-1)) / (2**(basis_bits-1) - 1)
        w[c]    = scale * 2**e * sum_p q_p * U[c][p]

    Attributes:
        block: Weights in a block, 1 to 16.
        latent: Coefficients in a block, 1 to 4 and at most `block`.
        lfsr_width: Bits of the register, 3 to 20.
        taps: Ascending bit positions XORed into the bit that enters; the period must be maximal.
        coefficient_bits: Bits of a two's complement coefficient, 3 to 5.
        exponent_bits: Bits of the two's complement exponent, 0 to 4.
        basis_bits: Top bits of a state used as basis value, 2 to `lfsr_width`.
        scale: What has a scale of its own: "tensor", "row", or "group-128" or "group-256", that
            many columns of a row. A block belongs to the group of its first column.
        scale_type: "f32" or "f16".

    Raises:
        SeedlmError: A parameter is out of range, the register is not maximal or a record has
            more than 64 bits.
    """

    block: int
    latent: int
    lfsr_width: int
    taps: tuple[int, ...]
    coefficient_bits: int
    exponent_bits: int
    basis_bits: int
    scale: str = "tensor"
    scale_type: str = "f32"

    def __post_init__(self) -> None:
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if type(value) is not int or not low <= value <= high:
                raise SeedlmError(f"code: {name} {value!r} is not an integer in {low}..{high}")
        if self.latent > self.block:
            raise SeedlmError(f"code: latent {self.latent} is more than block {self.block}")
        if self.basis_bits > self.lfsr_width:
            raise SeedlmError(
                f"code: basis_bits {self.basis_bits} is more than lfsr_width {self.lfsr_width}"
            )
        if self.record_bits > MAX_RECORD_BITS:
            raise SeedlmError(
                f"code: a record of {self.record_bits} bits is longer than {MAX_RECORD_BITS}"
            )
        if self.scale not in _SCALE_GROUPS:
            raise SeedlmError(
                f"code: scale {self.scale!r} is not one of {', '.join(_SCALE_GROUPS)}"
            )
        if self.scale_type not in _SCALE_TYPES:
            raise SeedlmError(
                f"code: scale_type {self.scale_type!r} is not one of {', '.join(_SCALE_TYPES)}"
            )
        self._check_taps()

    def _check_taps(self) -> None:
        taps = self.taps
        if type(taps) is not tuple or any(type(tap) is not int for tap in taps):
            raise SeedlmError(f"code: taps {taps!r} is not a tuple of integers")
        if list(taps) != sorted(set(taps)) or not set(taps) <= set(range(self.lfsr_width)):
            raise SeedlmError(f"code: taps {taps} are not ascending positions below lfsr_width")
        period = len(orbit(self.lfsr_width, taps))
        if period != self.seeds:
            raise SeedlmError(
                f"code: taps {taps} do not give a register of width {self.lfsr_width} "
                f"the maximal period {self.seeds}"
            )

    @property
    def seeds(self) -> int:
        """Number of seeds, which is the register's period: 1 to `seeds` are valid."""
        return (1 << self.lfsr_width) - 1

    @property
    def record_bits(self) -> int:
        """Bits of the record of one block."""
        return self.lfsr_width + self.latent * self.coefficient_bits + self.exponent_bits

    @property
    def bits_per_weight(self) -> float:
        """Bits of a record for each weight of a block, without scale and padding."""
        return self.record_bits / self.block

    @property
    def coefficient_range(self) -> tuple[int, int]:
        """Least and greatest coefficient."""
        return _signed_range(self.coefficient_bits)

    @property
    def exponent_range(self) -> tuple[int, int]:
        """Least and greatest exponent; (0, 0) when a record holds none."""
        return _signed_range(self.exponent_bits)

    def blocks_per_row(self, columns: int) -> int:
        """Returns how many blocks hold a row of `columns` weights."""
        return -(-columns // self.block)

    def row_bytes(self, columns: int) -> int:
        """Returns how many bytes hold the records of a row of `columns` weights."""
        return -(-self.blocks_per_row(columns) * self.record_bits // 8)

    @property
    def scale_dtype(self) -> np.dtype[np.float16] | np.dtype[np.float32]:
        """The dtype of scales."""
        return _SCALE_TYPES[self.scale_type]

    def scale_shape(self, rows: int, columns: int) -> tuple[int, ...]:
        """Returns the shape of the scales of a matrix: (), (rows,) or (rows, groups)."""
        if self.scale == "tensor":
            return ()
        if self.scale == "row":
            return (rows,)
        return (rows, int(self.scale_groups(columns)[-1]) + 1)

    @property
    def scale_columns(self) -> int | None:
        """Columns of a row that share a scale; None if all of them do."""
        return _SCALE_GROUPS[self.scale]

    def scale_groups(self, columns: int) -> npt.NDArray[np.int64]:
        """Returns the index of the scale group of each block of a row, int64 [blocks_per_row]."""
        starts = np.arange(self.blocks_per_row(columns)) * self.block
        return starts // (self.scale_columns or max(columns, 1))


def _signed_range(bits: int) -> tuple[int, int]:
    half = (1 << bits) >> 1
    return -half, max(half - 1, 0)


_PAPER_4BIT = Code(
    block=8,
    latent=3,
    lfsr_width=16,
    taps=MAXIMAL_TAPS[16],
    coefficient_bits=4,
    exponent_bits=4,
    basis_bits=16,
)
_SEED_4BIT = replace(
    _PAPER_4BIT, latent=4, exponent_bits=0, basis_bits=8, scale="row", scale_type="f16"
)
_CODES = {
    "paper-4bit": _PAPER_4BIT,
    "paper-3bit": replace(_PAPER_4BIT, block=12, latent=4),
    "seed-4bit": _SEED_4BIT,
    "seed-3bit": replace(_SEED_4BIT, lfsr_width=12, taps=MAXIMAL_TAPS[12], coefficient_bits=3),
}

PRESETS: tuple[str, ...] = tuple(_CODES)


def preset(name: str) -> Code:
    """Returns the code of a preset.

    "paper-4bit" and "paper-3bit" are those of SeedLM, table 1. "seed-4bit" and "seed-3bit" scale
    each row and spend the exponent's bits on a fourth coefficient; docs/codes.md compares them with
    their neighbours.

    Raises:
        SeedlmError: There is no preset of that name.
    """
    if name not in _CODES:
        raise SeedlmError(f"preset {name!r} is unknown; known presets: {', '.join(PRESETS)}")
    return _CODES[name]
