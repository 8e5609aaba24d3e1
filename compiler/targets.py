# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The devices that modules are compiled for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from seedlm.compiler.iree import run_iree_compile
from seedlm.errors import SeedlmError
from seedlm.passes.cpu_form.kernels import best_instruction_set

TARGETS = ("cpu", "vulkan", "fpga")
_BUILT = ("cpu",)
_LLVM_CPU = re.compile(
    r'#hal\.executable\.target<"llvm-cpu".*?cpu_features = "(?P<features>[^"]*)"'
    r'.*?target_triple = "(?P<architecture>[^"-]*)-'
)


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
