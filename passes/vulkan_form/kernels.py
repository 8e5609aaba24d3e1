# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The Vulkan kernels of the package: what they are for, and their SPIR-V."""

from dataclasses import dataclass
from importlib.resources import files

from seedlm.codec import PRESETS, Code, preset
from seedlm.errors import SeedlmError

ELEMENTS = ("f32", "f16")


@dataclass(frozen=True)
class Shape:
    """A class of shapes that has a kernel.

    Attributes:
        name: The name of the kernel, whose source is runtime/kernels/vulkan/<name>.comp.
        most: The most rows that the activation may have; None for any number.
        rows: Rows of the weight that a workgroup multiplies.
        batch: Rows of the activation that a workgroup multiplies them with.
    """

    name: str
    most: int | None
    rows: int
    batch: int


MATVEC = Shape("matvec", most=1, rows=4, batch=1)
SMALL_BATCH = Shape("small_batch", most=4, rows=8, batch=4)
MEDIUM_BATCH = Shape("medium_batch", most=32, rows=8, batch=8)
TILE = Shape("tile", most=None, rows=64, batch=64)
SHAPES = (MATVEC, SMALL_BATCH, MEDIUM_BATCH, TILE)

# The classes that the kernel for a batch known at run time only chooses from.
ANY_BATCH = "any_batch"
CHOICES = (MATVEC, MEDIUM_BATCH, TILE)


def choose_shape(batch: int) -> Shape:
    """Returns the class for a number of rows of the activation."""
    return next(shape for shape in SHAPES if shape.most is None or batch <= shape.most)


def preset_with_kernels(code: Code) -> str | None:
    """Returns the name of the preset that `code` is; None if there are no kernels for it."""
    return next((name for name in PRESETS if preset(name) == code), None)


def read_spirv(preset_name: str, element: str, kernel: str) -> bytes:
    """Returns the SPIR-V of a kernel, whose entry point is "main".

    Args:
        preset_name: The code.
        element: The type of activations and results, one of `ELEMENTS`.
        kernel: `ANY_BATCH`, or the name of one of `SHAPES`.

    Raises:
        SeedlmError: The package was built without it.
    """
    name = f"{kernel}-{preset_name}-{element}.spv"
    try:
        return files("seedlm").joinpath("kernels", "vulkan", name).read_bytes()
    except OSError:
        raise SeedlmError(f"the package has no Vulkan kernel {name}: install it again") from None
