# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The devices that modules are compiled for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from seedlm.compiler.iree import run_iree_compile
from seedlm.errors import SeedlmError
from seedlm.passes.cpu_form.kernels import best_instruction_set
from seedlm.passes.fpga_form.contract import CPU, FPGA
from seedlm.passes.fpga_form.offload import DEFAULT_MIN_WEIGHTS, Offload

TARGETS = ("cpu", "vulkan", "fpga")
_BUILT = ("cpu", "fpga")
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
        cpu: The processor as LLVM names it; "host" for the one that compiles.
        fpga_min_weights: Of "fpga", the least number of weights that is worth a dispatch.
    """

    name: str = "cpu"
    cpu: str = "host"
    fpga_min_weights: int = DEFAULT_MIN_WEIGHTS

    def __post_init__(self) -> None:
        if self.name not in TARGETS:
            raise SeedlmError(f"unknown target '{self.name}', not one of {', '.join(TARGETS)}")
        if self.name not in _BUILT:
            raise SeedlmError(f"target '{self.name}' is not built yet; built: {', '.join(_BUILT)}")

    @property
    def offload(self) -> Offload | None:
        """What the FPGA-style device computes; None without one."""
        return Offload(self.fpga_min_weights) if self.name == "fpga" else None

    def iree_flags(self) -> list[str]:
        """Returns iree-compile's flags for the device."""
        return [
            *(_FPGA_DEVICES if self.name == "fpga" else ["--iree-hal-target-device=local"]),
            "--iree-hal-local-target-device-backends=llvm-cpu",
            f"--iree-llvmcpu-target-cpu={self.cpu}",
        ]


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
