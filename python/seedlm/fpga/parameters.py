# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The sizes of an engine, which follow from the code that it decodes."""

import math
from dataclasses import dataclass

from seedlm.codec.code import Code
from seedlm.errors import SeedlmError

BEAT_BITS = 512
BEAT_BYTES = BEAT_BITS // 8
MAX_BATCH = 16
MAX_SIZE = 1 << 20
"""Most rows, and most columns, of a matrix."""

_ACTIVATION_BITS = 16
_SEGMENT_COLUMNS = 4096
_INT64_BITS = 64


@dataclass(frozen=True)
class EngineParameters:
    """The sizes of an engine.

    Attributes:
        name: Names the engine in files and symbols; two codes that differ for the engine differ
            in it.
        code: The code; None for the baseline of FP16 weights.
        block: Weights of a record.
        record_bits: Bits of a record.
        weight_bits: Bits of an integer weight, signed.
        max_shift: Largest left shift that stands for an exponent.
        shift_bits: Bits of a shift, at least 1.
        decode_cycles: Cycles from a record to its weights.
    """

    name: str
    code: Code | None
    block: int
    record_bits: int
    weight_bits: int
    max_shift: int
    shift_bits: int
    decode_cycles: int
    max_weight: int
    """Largest magnitude of an integer weight after its shift."""

    @property
    def lanes(self) -> int:
        """Rows computed side by side: enough to use up a beat a cycle.

        Up to a quarter more are taken if steps of them are then cut from beats in fewer ways.
        """
        least = -(-BEAT_BITS // self.record_bits)
        choices = range(least, least + least // 4 + 1)
        return max(
            choices, key=lambda lanes: (math.gcd(BEAT_BITS, lanes * self.record_bits), -lanes)
        )

    @property
    def step_bits(self) -> int:
        """Bits of a step, one record for each lane."""
        return self.lanes * self.record_bits

    @property
    def unit_bits(self) -> int:
        """Largest unit of which both beats and steps are made."""
        return math.gcd(BEAT_BITS, self.step_bits)

    @property
    def place(self) -> int:
        """Activations that a block takes up in a beat: `block` rounded up to a power of two."""
        return 1 << (self.block - 1).bit_length()

    @property
    def banks(self) -> int:
        """Blocks of activations in a beat."""
        return BEAT_BITS // _ACTIVATION_BITS // self.place

    @property
    def max_segment(self) -> int:
        """Most blocks of a row that are accumulated in one go."""
        return -(-_SEGMENT_COLUMNS // self.block)

    def lines(self, blocks: int) -> int:
        """Returns the beats that hold the activations of `blocks` blocks for one vector."""
        return -(-blocks // self.banks)

    @property
    def result_bits(self) -> int:
        """Bits of an accumulator, which no segment can overflow."""
        largest = self.max_weight << (_ACTIVATION_BITS - 1)
        return (largest * self.max_segment * self.block).bit_length() + 1

    def blocks(self, columns: int) -> int:
        """Returns the blocks of a row of `columns` weights."""
        return -(-columns // self.block)

    def segments(self, columns: int) -> int:
        """Returns into how many segments a row is cut."""
        return -(-self.blocks(columns) // self.max_segment)

    def segment_blocks(self, columns: int) -> int:
        """Returns the blocks of a segment, the last of which may be shorter."""
        return -(-self.blocks(columns) // self.segments(columns))

    def segment_columns(self, columns: int) -> int:
        """Returns the columns of a segment; each has an activation scale of its own."""
        return self.segment_blocks(columns) * self.block

    def groups(self, rows: int) -> int:
        """Returns the groups of rows that are computed one after another."""
        return -(-rows // self.lanes)

    def group_beats(self, blocks: int) -> int:
        """Returns the beats of a group of rows in a segment of `blocks`."""
        return -(-blocks * self.step_bits // BEAT_BITS)

    def segment_lengths(self, columns: int) -> list[int]:
        """Returns the blocks of each segment of a row."""
        blocks, length = self.blocks(columns), self.segment_blocks(columns)
        return [min(length, blocks - start) for start in range(0, blocks, length)]

    def verilog(self) -> dict[str, int]:
        """Returns the parameters of the module `seedlm_device`."""
        parameters = {
            "FP16": int(self.code is None),
            "BEAT_WIDTH": BEAT_BITS,
            "LANES": self.lanes,
            "BLOCK": self.block,
            "RECORD_WIDTH": self.record_bits,
            "WEIGHT_WIDTH": self.weight_bits,
            "SHIFT_WIDTH": self.shift_bits,
            "MAX_SHIFT": self.max_shift,
            "RESULT_WIDTH": self.result_bits,
            "UNIT_WIDTH": self.unit_bits,
            "PLACE": self.place,
            "BANK_BITS": self.banks.bit_length() - 1,
            "LINES": self.lines(self.max_segment),
            "LINE_WIDTH": (self.lines(self.max_segment) - 1).bit_length(),
            "MAX_SEGMENT": self.max_segment,
            "SEGMENT_WIDTH": self.max_segment.bit_length(),
        }
        return parameters | _code_parameters(self.code)


def _code_parameters(code: Code | None) -> dict[str, int]:
    if code is None:
        return {}
    return {
        "LATENT": code.latent,
        "SEED_WIDTH": code.lfsr_width,
        "COEFFICIENT_BITS": code.coefficient_bits,
        "EXPONENT_BITS": code.exponent_bits,
        "BASIS_BITS": code.basis_bits,
    }


FP16 = EngineParameters(
    name="fp16",
    code=None,
    block=1,
    record_bits=16,
    weight_bits=12,
    max_shift=29,
    shift_bits=5,
    decode_cycles=3,
    max_weight=0x7FF << 29,
)
"""The baseline: FP16 weights as integers in units of 2**-24, which hold all finite ones."""


def engine_parameters(code: Code) -> EngineParameters:
    """Returns the sizes of the engine of a code.

    Raises:
        SeedlmError: The code has a scale for groups of columns, or its accumulators could need
            more than 64 bits.
    """
    if code.scale_columns is not None:
        raise SeedlmError(f"fpga: a scale for each {code.scale} is not supported, only tensor, row")
    latent_bits = (code.latent - 1).bit_length()
    largest = code.latent << (code.coefficient_bits + code.basis_bits - 2)
    max_shift = (1 << code.exponent_bits) - 1
    taps = sum(1 << tap for tap in code.taps)
    parameters = EngineParameters(
        name=(
            f"c{code.block}p{code.latent}k{code.lfsr_width}t{taps:x}"
            f"q{code.coefficient_bits}e{code.exponent_bits}b{code.basis_bits}"
        ),
        code=code,
        block=code.block,
        record_bits=code.record_bits,
        weight_bits=max(largest.bit_length() + 1, code.basis_bits + 3 + latent_bits),
        max_shift=max_shift,
        shift_bits=max(1, code.exponent_bits),
        decode_cycles=3 + latent_bits,
        max_weight=largest << max_shift,
    )
    if parameters.result_bits > _INT64_BITS:
        raise SeedlmError(
            f"fpga: accumulators of {parameters.result_bits} bits, which this code needs, "
            f"are longer than {_INT64_BITS}"
        )
    return parameters
