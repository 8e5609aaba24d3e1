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

from seedlm.codec import Code
from seedlm.codec.packing import unpack_records
from seedlm.compiler.dialect import (
    CONTRACT,
    GATHER,
    GENERATE,
    build_join_planes,
    build_join_tiles,
    code_of,
)
from seedlm.compiler.ir.blobs import Blobs
from seedlm.compiler.ir.elements import resource_name
from seedlm.compiler.ir.values import constant_attribute, defining_op, erase_if_unused, walk
from seedlm.passes.cpu_form.kernels import INDEX_TYPES, kernel_prefix
from seedlm.passes.cpu_form.layout import tile_codes

CODES_OPERAND = {GENERATE: 0, CONTRACT: 1, GATHER: 1}
"""The operations that decode, and which of their operands are the codes."""

_WORD_BYTES = 4

_PlaneElements = tuple[list[ir.Attribute], list[ir.Attribute]]


@dataclass
class PackCodes:
    """Gives constant codes the layout that the lowering of their readers reads.

    Planes of 32-bit words and of bytes, for the portable decoders:

        %codes = arith.constant dense_resource<w.codes> : tensor<1536x288xi8>
      =>
        %words = arith.constant dense_resource<w.codes.0> : tensor<1536x72xi32>
        %codes = "seedlm.join_planes"(%words) : (tensor<1536x72xi32>) -> tensor<1536x288xi8>

    A group is the least number of records that fill whole bytes; a plane has one element a group.
    32-bit records make one plane of words. Two 36-bit records make nine bytes: two planes of words
    and one of bytes. No bits are added but those that fill the last group of a row.

    Tiles of 64 rows, for CPU kernels, if they compute every reader, contractions and gathers:

        %tiles = arith.constant dense_resource<w.codes.tiles> : tensor<24x18432xi8>
        %codes = "seedlm.join_tiles"(%tiles) : (tensor<24x18432xi8>) -> tensor<1536x288xi8>

    Codes have one layout, whatever reads them: they are stored once.

    Attributes:
        blobs: Where codes are read from and packed ones are kept.
        cpu_kernels: Whether there are CPU kernels, which read tiles.
    """

    name: ClassVar[str] = "seedlm-pack-codes"

    blobs: Blobs = field(default_factory=Blobs)
    cpu_kernels: bool = False

    def run(self, module: ir.Module) -> bool:
        """Rewrites `module` in place and returns whether anything changed."""
        split, tile = cache(self._split), cache(self._tile)
        found = _constants_with_readers(module)
        for constant, readers in found:
            code = code_of(readers[0])
            codes_type = ir.RankedTensorType(constant.results[0].type)
            elements = constant.attributes["value"]
            with ir.InsertionPoint(constant), constant.location:
                if self.cpu_kernels and _have_kernel(readers):
                    packed = build_join_tiles(_constant(tile(elements, code)), codes_type)
                else:
                    planes = split(elements, code.record_bits)
                    words, bytes_ = ([_constant(each) for each in part] for part in planes)
                    packed = build_join_planes(words, bytes_, codes_type)
            for reader in readers:
                reader.operands[CODES_OPERAND[reader.name]] = packed
            erase_if_unused(constant)
        return bool(found)

    def _split(self, attribute: ir.Attribute, record_bits: int) -> _PlaneElements:
        words, bytes_ = split_planes(self.blobs.read(attribute), record_bits)
        arrays: list[npt.NDArray[Any]] = [*words, *bytes_]
        elements = [self._make(plane, attribute, str(i)) for i, plane in enumerate(arrays)]
        return elements[: len(words)], elements[len(words) :]

    def _tile(self, attribute: ir.Attribute, code: Code) -> ir.Attribute:
        codes = self.blobs.read(attribute).view(np.uint8)
        blocks = codes.shape[1] * 8 // code.record_bits
        tiles = tile_codes(*unpack_records(codes, code, blocks), code)
        return self._make(tiles.view(np.int8), attribute, "tiles")

    def _make(self, array: npt.NDArray[Any], source: ir.Attribute, suffix: str) -> ir.Attribute:
        with source.context, ir.Location.unknown():
            return self.blobs.make(array, f"{resource_name(source) or 'codes'}.{suffix}")


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


def _constants_with_readers(
    module: ir.Module,
) -> list[tuple[ir.Operation, list[ir.Operation]]]:
    """Returns the constants that are codes, each with the operations that decode it."""
    found: list[tuple[ir.Operation, list[ir.Operation]]] = []
    for operation in walk(module.operation):
        operand = CODES_OPERAND.get(operation.name)
        if operand is None or constant_attribute(operation.operands[operand]) is None:
            continue
        constant = defining_op(operation.operands[operand])
        assert constant is not None
        readers = next((readers for source, readers in found if source == constant), None)
        if readers is None:
            found.append((constant, [operation]))
        else:
            readers.append(operation)
    return found


def _have_kernel(readers: list[ir.Operation]) -> bool:
    """Returns whether CPU kernels compute all `readers` of the same codes."""
    codes = {code_of(reader) for reader in readers}
    have_form = all(reader.name == CONTRACT or _is_indexed(reader) for reader in readers)
    return have_form and len(codes) == 1 and kernel_prefix(codes.pop()) is not None


def _is_indexed(reader: ir.Operation) -> bool:
    """Returns whether `reader` is a gather with indices of a type that CPU kernels read."""
    if reader.name != GATHER:
        return False
    return str(ir.RankedTensorType(reader.operands[0].type).element_type) in INDEX_TYPES


def _constant(elements: ir.Attribute) -> ir.Value:
    return arith.ConstantOp(elements.type, elements).result
