# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the device computes, slow and obvious, and inputs for it."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from seedlm.codec.code import PRESETS, Code, preset
from seedlm.codec.lfsr import MAXIMAL_TAPS
from seedlm.codec.packing import Codes, Integers, Seeds, pack_records
from seedlm.fpga.check import integer_weights
from seedlm.fpga.parameters import EngineParameters

Array = npt.NDArray[np.int64]


def _code(block: int, latent: int, width: int, bits: int, exponents: int, basis: int) -> Code:
    return Code(
        block=block,
        latent=latent,
        lfsr_width=width,
        taps=MAXIMAL_TAPS[width],
        coefficient_bits=bits,
        exponent_bits=exponents,
        basis_bits=basis,
        scale="row",
    )


CODES: dict[str, Code] = {name: preset(name) for name in PRESETS} | {
    "wide": _code(8, 3, 18, 4, 2, 8),
    "short": _code(8, 4, 12, 3, 0, 8),
    "odd": _code(5, 2, 11, 5, 1, 6),
    "least": _code(1, 1, 3, 3, 0, 2),
}


@dataclass(frozen=True)
class Records:
    """Records of a matrix, of the shapes [rows, blocks] and, coefficients, [.., latent]."""

    code: Code
    seeds: Seeds
    coefficients: Integers
    exponents: Integers

    def codes(self) -> Codes:
        return pack_records(self.seeds, self.coefficients, self.exponents, self.code)

    def words(self) -> Array:
        """Returns the records as numbers, int64 [rows, blocks]."""
        code, shift = self.code, self.code.lfsr_width
        words = self.seeds.astype(np.int64)
        for p in range(code.latent):
            field = self.coefficients[..., p].astype(np.int64) & ((1 << code.coefficient_bits) - 1)
            words |= field << shift
            shift += code.coefficient_bits
        return words | (self.exponents.astype(np.int64) & ((1 << code.exponent_bits) - 1)) << shift

    def block_weights(self) -> Array:
        """Returns the integer weights without their exponents, int64 [rows, blocks, block]."""
        least = np.full_like(self.exponents, self.code.exponent_range[0])
        weights = integer_weights(self.seeds, self.coefficients, least, self.code)
        return weights.reshape(*self.seeds.shape, -1)

    def shifts(self) -> Array:
        return self.exponents.astype(np.int64) - self.code.exponent_range[0]

    def weights(self, columns: int) -> Array:
        """Returns the integer weights, int64 [rows, columns]."""
        fields = (self.seeds, self.coefficients, self.exponents)
        return integer_weights(*fields, self.code)[:, :columns]


def random_records(code: Code, rows: int, columns: int, rng: np.random.Generator) -> Records:
    """Returns random records; an eighth of the fields is the least or the greatest there is."""
    shape = (rows, code.blocks_per_row(columns))
    return Records(
        code,
        _random(rng, 1, code.seeds, shape).astype(np.uint32),
        _random(rng, *code.coefficient_range, (*shape, code.latent)).astype(np.int8),
        _random(rng, *code.exponent_range, shape).astype(np.int8),
    )


def random_activations(batch: int, columns: int, rng: np.random.Generator) -> npt.NDArray[np.int16]:
    """Returns activations int16 [batch, columns]; an eighth of them is extreme."""
    return _random(rng, -(1 << 15), (1 << 15) - 1, (batch, columns)).astype(np.int16)


def product(
    parameters: EngineParameters, weights: Array, activations: npt.NDArray[np.int16]
) -> Array:
    """Returns the accumulators of a product, int64 [segments, batch, rows]."""
    columns, step = activations.shape[1], parameters.segment_columns(activations.shape[1])
    starts = range(0, columns, step)
    wide = activations.astype(np.int64)
    return np.stack([wide[:, s : s + step] @ weights[:, s : s + step].T for s in starts])


def _random(rng: np.random.Generator, low: int, high: int, shape: tuple[int, ...]) -> Array:
    values = rng.integers(low, high + 1, shape)
    kind = rng.integers(0, 16, shape)
    return np.where(kind == 0, low, np.where(kind == 1, high, values))
