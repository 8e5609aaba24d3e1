# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The devices that modules are compiled for."""

from dataclasses import dataclass

from seedlm.errors import SeedlmError

TARGETS = ("cpu", "vulkan", "fpga")
_BUILT = ("cpu",)


@dataclass(frozen=True)
class Target:
    """A device.

    Attributes:
        name: One of `TARGETS`.
        cpu: The processor as LLVM names it; "host" for the one that compiles.
    """

    name: str = "cpu"
    cpu: str = "host"

    def __post_init__(self) -> None:
        if self.name not in TARGETS:
            raise SeedlmError(f"unknown target '{self.name}', not one of {', '.join(TARGETS)}")
        if self.name not in _BUILT:
            raise SeedlmError(f"target '{self.name}' is not built yet; built: {', '.join(_BUILT)}")

    def iree_flags(self) -> list[str]:
        """Returns iree-compile's flags for the device."""
        return [
            "--iree-hal-target-device=local",
            "--iree-hal-local-target-device-backends=llvm-cpu",
            f"--iree-llvmcpu-target-cpu={self.cpu}",
        ]
