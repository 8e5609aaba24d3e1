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
class Buffer:
    """A row-major tensor of up to two dimensions: behind a binding, or on the stack.

    Attributes:
        name: The name of the binding, if it has one, without %.
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
    def tile_type(self) -> str:
        """The type of `tile`."""
        if not self.dimensions:
            return self._type
        sizes = ["?" if each.part[0] == "%" else each.part for each in self.dimensions]
        return f"memref<{'x'.join(sizes)}x{self.element}, {self._layout(len(sizes))}>"

    def bind(self) -> list[str]:
        """Returns the lines that define `tile` from the binding."""
        batch = "{%batch}" if any(each.size is None for each in self.dimensions) else ""
        subspan = f"stream.binding.subspan %{self.name}[%c0] : !stream.binding"
        return self._define_tile(f"{subspan} -> {self._type}{batch}")

    def allocate(self) -> list[str]:
        """Returns the lines that define `tile` from memory on the stack."""
        return self._define_tile(f"memref.alloca() : {self._type}")

    def _define_tile(self, whole: str) -> list[str]:
        if not self.dimensions:
            return [f"{self.tile} = {whole}"]
        offsets = ", ".join(each.offset for each in self.dimensions)
        sizes = ", ".join(each.part for each in self.dimensions)
        return [
            f"%{self.name}_whole = {whole}",
            f"{self.tile} = memref.subview %{self.name}_whole[{offsets}][{sizes}]"
            f"[{self._ones}] : {self._type} to {self.tile_type}",
        ]

    def slice(self, indices: tuple[str, ...], size: int) -> "Slice":
        """Returns `size` elements along the last dimension, or one element if `size` is 0.

        Args:
            indices: The first index of each dimension.
            size: Elements of the vector.
        """
        if not self.dimensions:
            return Slice(self.tile, self.tile_type, [])
        name, shape = f"%{self.name}_slice", f"{size}x" if size else ""
        type_ = f"memref<{shape}{self.element}, {self._layout(1 if size else 0)}>"
        sizes = ", ".join(["1"] * (len(indices) - 1) + [str(max(size, 1))])
        line = (
            f"{name} = memref.subview {self.tile}[{', '.join(indices)}][{sizes}][{self._ones}]"
            f" : {self.tile_type} to {type_}"
        )
        return Slice(name, type_, [line])

    @property
    def _ones(self) -> str:
        return ", ".join("1" for _ in self.dimensions)

    @property
    def _type(self) -> str:
        shape = "".join(f"{'?' if each.size is None else each.size}x" for each in self.dimensions)
        return f"memref<{shape}{self.element}>"

    def _layout(self, rank: int) -> str:
        strides = [str(self.dimensions[-1].size), "1"] if rank == 2 else ["1"] * rank
        return f"strided<[{', '.join(strides)}], offset: ?>"


@dataclass(frozen=True)
class Slice:
    """A memref of a part of a buffer.

    Attributes:
        name: Its name.
        type_: Its type.
        code: The lines that define it.
    """

    name: str
    type_: str
    code: list[str]
