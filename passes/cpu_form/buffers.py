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
        return self._memref([each.part if each.part[0] != "%" else "?" for each in self.dimensions])

    def bind(self) -> list[str]:
        """Returns the lines that define `tile` from the binding."""
        # Only with an offset in its type does IREE let bindings share a buffer.
        type_ = self._memref(self._sizes)
        batch = "{%batch}" if "?" in self._sizes else ""
        subspan = f"stream.binding.subspan %{self.name}[%c0] : !stream.binding"
        return self._define_tile(f"{subspan} -> {type_}{batch}", type_)

    def allocate(self) -> list[str]:
        """Returns the lines that define `tile` from memory on the stack."""
        type_ = f"memref<{''.join(f'{size}x' for size in self._sizes)}{self.element}>"
        return self._define_tile(f"memref.alloca() : {type_}", type_)

    def _define_tile(self, whole: str, type_: str) -> list[str]:
        offsets = ", ".join(each.offset for each in self.dimensions)
        sizes = ", ".join(each.part for each in self.dimensions)
        return [
            f"%{self.name}_whole = {whole}",
            f"{self.tile} = memref.subview %{self.name}_whole[{offsets}][{sizes}]"
            f"[{self._ones}] : {type_} to {self.tile_type}",
        ]

    def slice(self, indices: tuple[str, ...], size: int) -> "Slice":
        """Returns `size` elements along the last dimension, or one element if `size` is 0.

        Args:
            indices: The first index of each dimension.
            size: Elements of the vector.
        """
        if not self.dimensions:
            return Slice(self.tile, self.tile_type, [])
        name, type_ = f"%{self.name}_slice", self._memref([str(size)] if size else [])
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
    def _sizes(self) -> list[str]:
        return ["?" if each.size is None else str(each.size) for each in self.dimensions]

    def _memref(self, sizes: list[str]) -> str:
        """Returns the type of a part of this buffer."""
        strides = [str(self.dimensions[-1].size), "1"] if len(sizes) == 2 else ["1"] * len(sizes)
        shape = "".join(f"{size}x" for size in sizes)
        return f"memref<{shape}{self.element}, strided<[{', '.join(strides)}], offset: ?>>"


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
