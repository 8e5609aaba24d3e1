# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The Vulkan kernels of the package: what they are for, and their SPIR-V."""

from dataclasses import dataclass
from importlib.resources import files

from seedlm.codec import PRESETS, Code, preset
from seedlm.errors import SeedlmError

ELEMENTS = ("f32", "f16")


@dataclass(frozen=True)
class Kernel:
    """A kernel for a class of shapes.

    Attributes:
        name: Its name, that of its source <name>.comp and of its entry point.
        most: The most rows that the activation may have; None for any number.
        rows: Rows of the weight that a workgroup multiplies.
        batch: Rows of the activation that a workgroup multiplies them with.
    """

    name: str
    most: int | None
    rows: int
    batch: int


# The first one that an activation has not too many rows for is run.
KERNELS = (
    Kernel("matvec", most=1, rows=4, batch=1),
    Kernel("small_batch", most=4, rows=8, batch=4),
    Kernel("medium_batch", most=32, rows=8, batch=8),
    Kernel("tile", most=None, rows=64, batch=64),
)


def preset_with_kernels(code: Code) -> str | None:
    """Returns the name of the preset that `code` is; None if there are no kernels for it."""
    return next((name for name in PRESETS if preset(name) == code), None)


def read_spirv(preset_name: str, element: str) -> bytes:
    """Returns the SPIR-V that all `KERNELS` of a code are entry points of.

    Args:
        preset_name: The code.
        element: The type of activations and results, one of `ELEMENTS`.

    Raises:
        SeedlmError: The package was built without it.
    """
    name = f"{preset_name}-{element}.spv"
    try:
        return files("seedlm").joinpath("kernels", "vulkan", name).read_bytes()
    except OSError:
        raise SeedlmError(f"the package has no Vulkan kernels {name}: install it again") from None
