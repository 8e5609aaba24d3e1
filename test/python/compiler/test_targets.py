# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Targets and their flags."""

from pathlib import Path

import pytest

from seedlm.compiler.targets import Target, find_instruction_set, instruction_set_of
from seedlm.errors import SeedlmError
from seedlm.passes.fpga_form.offload import Offload

_SUBJECT = Path("model.onnx")


def test_cpu() -> None:
    assert "--iree-llvmcpu-target-cpu=host" in Target().iree_flags()
    assert "--iree-llvmcpu-target-cpu=skylake" in Target("cpu", "skylake").iree_flags()


def test_fpga() -> None:
    """The CPU is the first device, and where everything is that nothing else is said of."""
    flags = Target("fpga", "skylake", fpga_min_weights=7).iree_flags()
    devices = [flag for flag in flags if flag.startswith("--iree-hal-target-device=")]
    assert [flag.partition("=")[2] for flag in devices] == ["cpu=local[0]", "fpga=local[1]"]
    assert "--iree-hal-default-device=cpu" in flags
    assert "--iree-llvmcpu-target-cpu=skylake" in flags
    assert Target("fpga", fpga_min_weights=7).offload == Offload(7)
    assert Target().offload is None


def test_unknown() -> None:
    with pytest.raises(SeedlmError, match="unknown target 'abacus', not one of cpu, vulkan, cuda"):
        Target("abacus")


@pytest.mark.parametrize(
    ("target", "flags"),
    [
        (Target("vulkan"), ["--iree-hal-target-device=vulkan"]),
        (Target("vulkan", gpu="portable"), ["--iree-hal-target-device=vulkan"]),
        (
            Target("vulkan", gpu="rdna3"),
            ["--iree-hal-target-device=vulkan", "--iree-vulkan-target=rdna3"],
        ),
        (Target("cuda"), ["--iree-hal-target-device=cuda"]),
        (
            Target("cuda", gpu="sm_90"),
            ["--iree-hal-target-device=cuda", "--iree-cuda-target=sm_90"],
        ),
        (
            Target("rocm", gpu="gfx942"),
            ["--iree-hal-target-device=hip", "--iree-rocm-target=gfx942"],
        ),
        (
            Target("metal"),
            ["--iree-hal-target-device=metal", "--iree-metal-compile-to-metallib=false"],
        ),
    ],
)
def test_gpus(target: Target, flags: list[str]) -> None:
    assert target.iree_flags() == flags
    assert target.is_portable_vulkan == (flags == ["--iree-hal-target-device=vulkan"])


@pytest.mark.parametrize("name", ["cpu", "metal"])
def test_gpu_of_a_target_without_a_choice(name: str) -> None:
    with pytest.raises(SeedlmError, match=f"target '{name}' takes no GPU, but got 'rdna3'"):
        Target(name, gpu="rdna3")


def test_rocm_needs_a_gpu() -> None:
    with pytest.raises(SeedlmError, match="target 'rocm' needs the GPU, such as gfx942"):
        Target("rocm")


@pytest.mark.parametrize(
    ("cpu", "isa"),
    [
        ("generic", "x86_64-baseline"),
        ("x86-64-v2", "x86_64-baseline"),
        ("haswell", "x86_64-avx2"),
        ("skylake-avx512", "x86_64-avx2"),
        ("icelake-server", "x86_64-avx512"),
        ("znver4", "x86_64-avx512"),
    ],
)
def test_instruction_set(cpu: str, isa: str, tmp_path: Path) -> None:
    flags = [*Target("cpu", cpu).iree_flags(), "--iree-llvmcpu-target-triple=x86_64-linux-gnu"]
    assert find_instruction_set(flags, _SUBJECT, tmp_path) == isa


@pytest.mark.parametrize(
    ("cpu", "isa"), [("generic", "aarch64-baseline"), ("neoverse-n1", "aarch64-dotprod")]
)
def test_instruction_set_of_another_architecture(cpu: str, isa: str, tmp_path: Path) -> None:
    flags = [*Target("cpu", cpu).iree_flags(), "--iree-llvmcpu-target-triple=aarch64-linux"]
    assert find_instruction_set(flags, _SUBJECT, tmp_path) == isa


def test_no_kernels_for_an_architecture(tmp_path: Path) -> None:
    flags = [*Target("cpu", "").iree_flags(), "--iree-llvmcpu-target-triple=riscv64-linux"]
    assert find_instruction_set(flags, _SUBJECT, tmp_path) is None


def test_unknown_processor(tmp_path: Path) -> None:
    with pytest.raises(SeedlmError, match=r"^model\.onnx: iree-compile: Unknown CPU"):
        find_instruction_set(Target("cpu", "abacus").iree_flags(), _SUBJECT, tmp_path)


def _targets(*targets: tuple[str, str]) -> str:
    return ", ".join(
        f'#hal.executable.target<"llvm-cpu", "elf", {{cpu_features = "{features}", '
        f'target_triple = "{architecture}-unknown-elf"}}>'
        for architecture, features in targets
    )


_AVX2 = "+avx2,+bmi,+bmi2,+f16c,+fma,+lzcnt,+movbe"


def test_features_that_are_taken_back() -> None:
    assert instruction_set_of(_targets(("x86_64", _AVX2))) == "x86_64-avx2"
    assert instruction_set_of(_targets(("x86_64", f"{_AVX2},-fma"))) == "x86_64-baseline"


def test_several_targets() -> None:
    both = _targets(("x86_64", _AVX2), ("x86_64", "+avx2"))
    assert instruction_set_of(both) == "x86_64-baseline"
    assert instruction_set_of(_targets(("x86_64", _AVX2), ("aarch64", ""))) is None
    vmvx = '#hal.executable.target<"vmvx", "vmvx-bytecode-fb">'
    assert instruction_set_of(f"{_targets(('x86_64', _AVX2))}, {vmvx}") is None
    assert instruction_set_of(vmvx) is None
