# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The planes that packed codes are read from."""

from collections.abc import Sequence
from dataclasses import dataclass

from iree.compiler import ir

from seedlm.codec import Code
from seedlm.compiler.dialect import JOIN_PLANES, planes_of
from seedlm.compiler.ir.values import defining_op
from seedlm.errors import SeedlmError
from seedlm.passes.linalg_form.decoder import Record, read_records
from seedlm.passes.pack_codes import group_records


@dataclass(frozen=True)
class Planes:
    """Codes as planes [rows, groups].

    Attributes:
        words: Planes of i32.
        bytes_: Planes of i8.
        code: The code of their records.
    """

    words: list[ir.Value]
    bytes_: list[ir.Value]
    code: Code

    @property
    def all(self) -> list[ir.Value]:
        """The planes in the order in which they make up a group."""
        return [*self.words, *self.bytes_]

    @property
    def rows(self) -> int:
        """Number of the weight's rows."""
        return ir.RankedTensorType(self.all[0].type).shape[0]

    @property
    def groups(self) -> int:
        """Number of groups in a row."""
        return ir.RankedTensorType(self.all[0].type).shape[1]

    @property
    def group_columns(self) -> int:
        """Number of the weight's columns that one group holds."""
        return group_records(self.code.record_bits) * self.code.block

    def records(self, elements: Sequence[ir.Value]) -> list[Record]:
        """Returns the records of a group from one element of each plane, in the order of `all`."""
        split = len(self.words)
        return read_records(list(elements[:split]), list(elements[split:]), self.code)


def planes_of_codes(codes: ir.Value, code: Code) -> Planes:
    """Returns the planes that packed `codes` are made of.

    Raises:
        SeedlmError: The codes are not packed.
    """
    join = defining_op(codes)
    if join is None or join.name != JOIN_PLANES:
        raise SeedlmError("codes are not packed: run seedlm-pack-codes first")
    words, bytes_ = planes_of(join)
    return Planes(words, bytes_, code)
