# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""seedlm-pack-codes: constant codes take the layout that the lowerings read."""

from dataclasses import dataclass, field
from functools import cache
from math import gcd
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from iree.compiler import ir
from iree.compiler.dialects import arith

from seedlm.compiler.dialect import CONTRACT, GATHER, GENERATE, build_join_planes, code_of
from seedlm.compiler.ir.blobs import Blobs
from seedlm.compiler.ir.elements import resource_name
from seedlm.compiler.ir.values import constant_attribute, defining_op, erase_if_unused, walk

_CODES_OPERAND = {GENERATE: 0, CONTRACT: 1, GATHER: 1}
_WORD_BYTES = 4

_PlaneElements = tuple[list[ir.Attribute], list[ir.Attribute]]


@dataclass
class PackCodes:
    """Splits constant codes into planes of 32-bit words and of bytes.

        %codes = arith.constant dense_resource<w.codes> : tensor<1536x288xi8>
      =>
        %words = arith.constant dense_resource<w.codes.0> : tensor<1536x72xi32>
        %codes = "seedlm.join_planes"(%words) : (tensor<1536x72xi32>) -> tensor<1536x288xi8>

    A group is the least number of records that fill whole bytes; a plane has one element a group.
    32-bit records make one plane of words. Two 36-bit records make nine bytes: two planes of words
    and one of bytes. No bits are added but those that fill the last group of a row.

    Attributes:
        blobs: Where codes are read from and planes are kept.
    """

    name: ClassVar[str] = "seedlm-pack-codes"

    blobs: Blobs = field(default_factory=Blobs)

    def run(self, module: ir.Module) -> bool:
        """Rewrites `module` in place and returns whether anything changed."""
        packed: list[tuple[ir.Operation, ir.Value]] = []
        split = cache(self._split)
        for operation in list(walk(module.operation)):
            operand = _CODES_OPERAND.get(operation.name)
            if operand is None or constant_attribute(operation.operands[operand]) is None:
                continue
            constant = defining_op(operation.operands[operand])
            assert constant is not None
            known = [planes for source, planes in packed if source == constant]
            if not known:
                elements = split(constant.attributes["value"], code_of(operation).record_bits)
                known = [_join(constant, elements)]
                packed.append((constant, known[0]))
            operation.operands[operand] = known[0]
        for constant, _ in packed:
            erase_if_unused(constant)
        return bool(packed)

    def _split(self, attribute: ir.Attribute, record_bits: int) -> _PlaneElements:
        name = resource_name(attribute) or "codes"
        words, bytes_ = split_planes(self.blobs.read(attribute), record_bits)
        arrays: list[npt.NDArray[Any]] = [*words, *bytes_]
        with attribute.context, ir.Location.unknown():
            elements = [self.blobs.make(plane, f"{name}.{i}") for i, plane in enumerate(arrays)]
        return elements[: len(words)], elements[len(words) :]


def group_records(record_bits: int) -> int:
    """Returns the least number of records that fill whole bytes."""
    return 8 // gcd(record_bits, 8)


def split_planes(
    codes: npt.NDArray[np.int8], record_bits: int
) -> tuple[list[npt.NDArray[np.int32]], list[npt.NDArray[np.int8]]]:
    """Returns the planes of words and the planes of bytes of codes [rows, row_bytes].

    Each plane is [rows, groups]; a row's last group is filled with zero bits.
    """
    rows, row_bytes = codes.shape
    group_bytes = group_records(record_bits) * record_bits // 8
    groups = -(-row_bytes // group_bytes)
    filled = np.pad(codes, ((0, 0), (0, groups * group_bytes - row_bytes)))
    filled = filled.reshape(rows, groups, group_bytes)
    split = group_bytes // _WORD_BYTES * _WORD_BYTES
    words = np.ascontiguousarray(filled[..., :split]).view("<i4")
    return (
        [np.ascontiguousarray(words[..., i]) for i in range(words.shape[-1])],
        [np.ascontiguousarray(filled[..., i]) for i in range(split, group_bytes)],
    )


def _join(constant: ir.Operation, elements: _PlaneElements) -> ir.Value:
    """Builds the planes beside the constant `constant` and joins them."""
    with ir.InsertionPoint(constant), constant.location:
        words, bytes_ = ([arith.ConstantOp(e.type, e).result for e in part] for part in elements)
        return build_join_planes(words, bytes_, ir.RankedTensorType(constant.results[0].type))
