# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The devices that modules are compiled for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from seedlm.compiler.iree import run_iree_compile
from seedlm.compiler.vulkan_target import PORTABLE
from seedlm.errors import SeedlmError
from seedlm.passes.cpu_form.kernels import best_instruction_set
from seedlm.passes.fpga_form.contract import CPU, FPGA
from seedlm.passes.fpga_form.offload import DEFAULT_MIN_WEIGHTS, Offload

TARGETS = ("cpu", "vulkan", "cuda", "rocm", "metal", "fpga")
_GPU_FLAGS = {
    "vulkan": "--iree-vulkan-target",
    "cuda": "--iree-cuda-target",
    "rocm": "--iree-rocm-target",
}
_FPGA_DEVICES = (
    f"--iree-hal-target-device={CPU}=local[0]",
    f"--iree-hal-target-device={FPGA}=local[1]",
    f"--iree-hal-default-device={CPU}",
)
_LLVM_CPU = re.compile(
    r'#hal\.executable\.target<"llvm-cpu".*?cpu_features = "(?P<features>[^"]*)"'
    r'.*?target_triple = "(?P<architecture>[^"-]*)-'
)


@dataclass(frozen=True)
class Target:
    """A device.

    Attributes:
        name: One of `TARGETS`. "fpga" is the FPGA-style device beside a CPU.
        cpu: The processor of "cpu" and "fpga" as LLVM names it; "host" for the one that compiles.
        gpu: The GPU as IREE names it; None for the default: any Vulkan device, or IREE's own choice
            for CUDA. ROCm has none.
        fpga_min_weights: Of "fpga", the least number of weights that is worth a dispatch.
    """

    name: str = "cpu"
    cpu: str = "host"
    gpu: str | None = None
    fpga_min_weights: int = DEFAULT_MIN_WEIGHTS

    def __post_init__(self) -> None:
        if self.name not in TARGETS:
            raise SeedlmError(f"unknown target '{self.name}', not one of {', '.join(TARGETS)}")
        if self.gpu is not None and self.name not in _GPU_FLAGS:
            raise SeedlmError(f"target '{self.name}' takes no GPU, but got '{self.gpu}'")
        if self.gpu is None and self.name == "rocm":
            raise SeedlmError("target 'rocm' needs the GPU, such as gfx942 or gfx1100")

    @property
    def has_cpu(self) -> bool:
        """Whether the CPU is the device, or beside it."""
        return self.name in ("cpu", "fpga")

    @property
    def processor(self) -> str:
        """The CPU or GPU, "default" if IREE chooses one for all GPUs of this kind."""
        if self.has_cpu:
            return self.cpu
        return PORTABLE if self.is_portable_vulkan else self.gpu or "default"

    @property
    def is_portable_vulkan(self) -> bool:
        """Whether the target is any Vulkan device, see `seedlm.compiler.vulkan_target`."""
        return self.name == "vulkan" and self.gpu in (None, PORTABLE)

    @property
    def offload(self) -> Offload | None:
        """What the FPGA-style device computes; None without one."""
        return Offload(self.fpga_min_weights) if self.name == "fpga" else None

    def iree_flags(self) -> list[str]:
        """Returns iree-compile's flags for the device."""
        if self.has_cpu:
            return [
                *(_FPGA_DEVICES if self.name == "fpga" else ["--iree-hal-target-device=local"]),
                "--iree-hal-local-target-device-backends=llvm-cpu",
                f"--iree-llvmcpu-target-cpu={self.cpu}",
            ]
        device = "hip" if self.name == "rocm" else self.name
        flags = [f"--iree-hal-target-device={device}"]
        if self.gpu is not None and not self.is_portable_vulkan:
            flags.append(f"{_GPU_FLAGS[self.name]}={self.gpu}")
        if self.name == "metal":
            # The other form needs Apple's own compiler.
            flags.append("--iree-metal-compile-to-metallib=false")
        return flags


def find_instruction_set(flags: Sequence[str], subject: Path, work: Path) -> str | None:
    """Returns the instruction set of the microkernels for the processors that IREE compiles for.

    IREE says what it makes of its flags, among them the features of a processor that is named, in
    the targets of a module that it has preprocessed.

    Args:
        flags: iree-compile's flags.
        subject: The file that an error message names.
        work: A folder for temporary files.

    Returns:
        One of `seedlm.passes.cpu_form.kernels.INSTRUCTION_SETS`; None if there is none that all
        targets have.

    Raises:
        SeedlmError: IREE failed, for an unknown processor for instance.
    """
    module, preprocessed = work / "empty.mlir", work / "preprocessed.mlir"
    module.write_text("module {}")
    arguments = [str(module), *flags, "--compile-to=preprocessing", "-o", str(preprocessed)]
    run_iree_compile(arguments, subject)
    return instruction_set_of(preprocessed.read_text())


def instruction_set_of(module: str) -> str | None:
    """Returns what `find_instruction_set` finds in the text of a preprocessed module."""
    targets = list(_LLVM_CPU.finditer(module))
    architectures = {target["architecture"] for target in targets}
    if len(architectures) != 1 or len(targets) != module.count("#hal.executable.target<"):
        return None
    features = [_enabled(target["features"]) for target in targets]
    return best_instruction_set(architectures.pop(), frozenset.intersection(*features))


def _enabled(features: str) -> frozenset[str]:
    """Returns the features that a list such as "+avx,+avx2,-avx2" enables; the last one counts."""
    states = {feature[1:]: feature[0] == "+" for feature in features.split(",") if feature}
    return frozenset(feature for feature, is_enabled in states.items() if is_enabled)
