# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which contractions the FPGA-style device computes."""

from collections.abc import Iterable
from dataclasses import dataclass

from seedlm.codec import Code
from seedlm.errors import SeedlmError
from seedlm.fpga.layout import total_beats
from seedlm.fpga.parameters import BEAT_BYTES, MAX_SIZE, engine_parameters

DEFAULT_MIN_WEIGHTS = 1 << 16


@dataclass(frozen=True)
class Offload:
    """What is left to the CPU.

    Attributes:
        min_weights: The least number of weights that is worth a dispatch to the device.
    """

    min_weights: int = DEFAULT_MIN_WEIGHTS

    def reason_against(self, uses: Iterable[str], code: Code, rows: int, columns: int) -> str:
        """Returns why the CPU computes what reads a weight's codes; empty if the device does.

        Args:
            uses: What reads them: "contraction" or another use.
            code: The code.
            rows: Rows of the weight.
            columns: Columns of the weight.
        """
        others = [use for use in uses if use != "contraction"]
        if others:
            return f"used by a {others[0]}"
        if rows * columns < self.min_weights:
            return f"fewer than {self.min_weights} weights"
        if max(rows, columns) > MAX_SIZE:
            return f"more than {MAX_SIZE} rows or columns"
        try:
            engine_parameters(code)
        except SeedlmError as error:
            return str(error)
        return ""


def code_bytes(code: Code, rows: int, columns: int) -> int:
    """Returns the bytes of a weight's codes in the order in which the device reads them.

    Raises:
        SeedlmError: The device cannot decode the code.
    """
    return BEAT_BYTES * total_beats(engine_parameters(code), rows, columns, 0)
