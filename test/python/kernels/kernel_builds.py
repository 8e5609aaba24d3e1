# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Builds of the CPU kernels with the harness that calls them."""

import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

KERNELS = Path(__file__).parents[3] / "runtime" / "kernels" / "cpu"

_HARNESS = Path(__file__).parent / "harness.c"
_SYSTEM_CALLS = Path(__file__).parent / "system_calls.c"
_WARNINGS = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Wno-psabi"]
_KERNEL_FLAGS = ["-fPIC", "-ffreestanding", "-fno-builtin", "-ffp-contract=fast", "-fno-math-errno"]
_ZIG = [sys.executable, "-m", "ziglang", "cc", "-fno-sanitize=all"]


@dataclass(frozen=True)
class Isa:
    """An instruction set: a level of a machine with further features, as zig and gcc name them."""

    name: str
    machine: str
    level: str
    features: tuple[str, ...] = ()
    cpu_flags: tuple[str, ...] = ()

    @property
    def source(self) -> Path:
        return KERNELS / f"{self.name.split('-')[0]}.c"

    @property
    def zig_flags(self) -> list[str]:
        target = ["-target", f"{self.machine}-linux-musl", "-g0"]
        return [*target, f"-mcpu={'+'.join([self.level, *self.features])}"]

    @property
    def gcc_flags(self) -> list[str]:
        return [f"-march={self.level.replace('_v', '-v').replace('x86_', 'x86-')}"] + [
            f"-m{feature}" for feature in self.features
        ]


ISAS = (
    Isa(
        "avx512",
        "x86_64",
        "x86_64_v4",
        ("avx512vbmi", "avx512vbmi2", "avx512vnni", "gfni"),
        (
            *("avx512f", "avx512bw", "avx512dq", "avx512vl"),
            *("avx512vbmi", "avx512_vbmi2", "avx512_vnni", "gfni"),
        ),
    ),
    Isa("avx2", "x86_64", "x86_64_v3", (), ("avx2", "fma", "bmi2", "f16c")),
    Isa("baseline-x86_64", "x86_64", "x86_64"),
    Isa("neon", "aarch64", "generic", ("dotprod",)),
    Isa("baseline-aarch64", "aarch64", "generic"),
)


def runs(isa: Isa) -> bool:
    """Returns whether this machine runs an instruction set, if need be in an emulator."""
    if isa.machine == platform.machine():
        return _cpu_flags().issuperset(isa.cpu_flags)
    return _emulator(isa) is not None


def command(isa: Isa, executable: Path) -> list[str]:
    """Returns the command that runs a harness."""
    emulator = _emulator(isa) if isa.machine != platform.machine() else None
    return [emulator, str(executable)] if emulator else [str(executable)]


def build(isa: Isa, folder: Path, codes: Path) -> Path:
    """Builds the harness with kernels made by the compiler that packages are built with.

    Args:
        isa: The instruction set.
        folder: Where the builds are put.
        codes: A header like presets.h.
    """
    executable = folder / isa.name
    harness = ["-O1", "-fno-builtin", *_harness_flags(isa, codes)]
    sources = [*_WARNINGS, *harness, _kernels(isa, folder, ["-include", codes])]
    if isa.machine == platform.machine():
        _run(["gcc", *sources], executable)
    else:
        alone = [*isa.zig_flags, "-nostdlib", "-static"]
        _run([*_ZIG, *alone, *sources, _SYSTEM_CALLS], executable)
    return executable


def build_sanitized(isa: Isa, folder: Path, codes: Path) -> Path:
    """Builds the harness as `build` does with gcc's address and undefined behaviour sanitizers."""
    sanitizers = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    flags = [*isa.gcc_flags, "-O0", "-ffp-contract=fast", *_harness_flags(isa, codes)]
    executable = folder / f"{isa.name}-sanitized"
    _run(["gcc", *flags, *sanitizers, isa.source], executable)
    return executable


def undefined_symbols(isa: Isa, folder: Path) -> list[str]:
    """Returns the symbols that the kernels of an instruction set take from elsewhere."""
    symbols = ["nm", "-u", _kernels(isa, folder, [])]
    return subprocess.run(symbols, check=True, capture_output=True, text=True).stdout.split()


def _harness_flags(isa: Isa, codes: Path) -> list[str | Path]:
    return [f"-I{KERNELS}", "-include", codes, _HARNESS]


def _kernels(isa: Isa, folder: Path, codes: list[str | Path]) -> Path:
    output = folder / f"{isa.name}.o"
    flags = [*isa.zig_flags, *_WARNINGS, *_KERNEL_FLAGS, f"-I{KERNELS}", *codes]
    _run([*_ZIG, *flags, "-O3", "-c", isa.source], output)
    return output


def _run(command: list[str | Path], output: Path) -> None:
    done = subprocess.run([*command, "-o", output], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _emulator(isa: Isa) -> str | None:
    return shutil.which(f"qemu-{isa.machine}")


@lru_cache(maxsize=1)
def _cpu_flags() -> frozenset[str]:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    flags = next((line for line in lines if line.startswith("flags")), "")
    return frozenset(flags.split())


def required() -> bool:
    """Returns whether it is an error that the emulator is not there."""
    return os.environ.get("SEEDLM_REQUIRE_QEMU") == "1"
