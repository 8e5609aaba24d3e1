# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The tensors that a dispatch reads and writes, as MLIR text."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Dimension:
    """A dimension of a buffer and the part of it that a workgroup works on.

    Attributes:
        size: Its size; None for the batch that is known at run time only.
        offset: The first index of the part, a name or a number.
        part: The size of the part, a name or a number.
    """

    size: int | None
    offset: str
    part: str

    @classmethod
    def whole(cls, size: int) -> Self:
        """Returns a dimension that each workgroup reads from end to end."""
        return cls(size, "0", str(size))


@dataclass(frozen=True)
class Slice:
    """A vector of a workgroup's part of a buffer, or one element.

    Attributes:
        name: Its name.
        type_: Its MLIR type.
        code: The line that defines it, empty for a buffer without dimensions.
        map: Its affine map from the loop over the elements of vectors.
    """

    name: str
    type_: str
    code: str
    map: str


@dataclass(frozen=True)
class Buffer:
    """A row-major tensor of up to two dimensions, %<name>_whole: bound, or on the stack.

    Attributes:
        name: Its name, without %.
        element: The MLIR element type.
        dimensions: Its dimensions.
    """

    name: str
    element: str
    dimensions: tuple[Dimension, ...]

    @property
    def tile(self) -> str:
        """The name of the memref of a workgroup's part."""
        return f"%{self.name}_tile"

    @property
    def is_dynamic(self) -> bool:
        """Whether a size is known at run time only."""
        return any(each.size is None for each in self.dimensions)

    @property
    def type(self) -> str:
        """The type of the whole when bound: bindings that share a buffer have offsets in it."""
        return self._part_type(self._sizes)

    @property
    def stack_type(self) -> str:
        """The type of the whole when it is on the stack."""
        return f"memref<{''.join(f'{size}x' for size in self._sizes)}{self.element}>"

    @property
    def tile_type(self) -> str:
        """The type of a workgroup's part."""
        parts = (each.part for each in self.dimensions)
        return self._part_type(["?" if part.startswith("%") else part for part in parts])

    def subview(self, whole_type: str) -> str:
        """Returns the line that defines `tile` from the whole, whose type is given."""
        offsets = ", ".join(each.offset for each in self.dimensions)
        sizes = ", ".join(each.part for each in self.dimensions)
        return (
            f"{self.tile} = memref.subview %{self.name}_whole[{offsets}][{sizes}]"
            f"[{self._strides}] : {whole_type} to {self.tile_type}"
        )

    def vector(self, indices: tuple[str, ...], size: int) -> Slice:
        """Returns `size` elements along the last dimension of `tile`, from `indices` on."""
        sizes = ", ".join(["1"] * (len(indices) - 1) + [str(size)])
        return self._slice(indices, sizes, self._part_type([str(size)]), "affine_map<(v) -> (v)>")

    def element_at(self, indices: tuple[str, ...]) -> Slice:
        """Returns one element of `tile`, for all elements of a vector."""
        constant = "affine_map<(v) -> ()>"
        if not indices:
            return Slice(self.tile, self.tile_type, "", constant)
        return self._slice(indices, "1", self._part_type([]), constant)

    def _slice(self, indices: tuple[str, ...], sizes: str, type_: str, map_: str) -> Slice:
        name = f"%{self.name}_slice"
        code = (
            f"{name} = memref.subview {self.tile}[{', '.join(indices)}][{sizes}]"
            f"[{self._strides}] : {self.tile_type} to {type_}"
        )
        return Slice(name, type_, code, map_)

    @property
    def _strides(self) -> str:
        return ", ".join("1" for _ in self.dimensions)

    @property
    def _sizes(self) -> list[str]:
        return ["?" if each.size is None else str(each.size) for each in self.dimensions]

    def _part_type(self, sizes: list[str]) -> str:
        strides = [str(self.dimensions[-1].size), "1"] if len(sizes) == 2 else ["1"] * len(sizes)
        shape = "".join(f"{size}x" for size in sizes)
        return f"memref<{shape}{self.element}, strided<[{', '.join(strides)}], offset: ?>>"
