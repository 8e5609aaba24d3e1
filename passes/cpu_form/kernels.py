# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The microkernels of the package: which codes and processors they are for, and their bitcode."""

from collections.abc import Set
from importlib.resources import files

from seedlm.codec import Code, preset
from seedlm.errors import SeedlmError
from seedlm.passes.cpu_form.layout import has_byte_kernels, has_layout

_PRESETS = ("paper-4bit", "paper-3bit", "seed-4bit", "seed-3bit")
_AVX2 = frozenset({"avx2", "bmi", "bmi2", "f16c", "fma", "lzcnt", "movbe"})
_AVX512 = (
    _AVX2
    | {f"avx512{part}" for part in ("bw", "cd", "dq", "f", "vbmi", "vbmi2", "vl", "vnni")}
    | {"gfni"}
)

# The features that an instruction set needs beyond those of its architecture, the best set first.
_FEATURES: dict[str, dict[str, frozenset[str]]] = {
    "x86_64": {
        "x86_64-avx512": _AVX512,
        "x86_64-avx2": _AVX2,
        "x86_64-baseline": frozenset(),
    },
    "aarch64": {"aarch64-dotprod": frozenset({"dotprod"}), "aarch64-baseline": frozenset()},
}

INDEX_TYPES = ("i32", "i64")
"""The MLIR types of indices that gathering kernels read."""
ACTIVATIONS = ("auto", "f32", "int8")
"""Those of "auto" are "int8" where that is faster, else "f32"."""
ROUNDED_BATCH = 7
"""The rows of activations up to which microkernels multiply with 8 bits of them."""
_FASTER_IN_INT8 = ("x86_64-avx512",)

INSTRUCTION_SETS: tuple[str, ...] = tuple(isa for isas in _FEATURES.values() for isa in isas)


def kernel_prefix(code: Code) -> str | None:
    """Returns how the names of the kernels of `code` start, None if there are none."""
    names = [name for name in _PRESETS if preset(name) == code and has_layout(code)]
    return f"seedlm_{names[0].replace('-', '_')}" if names else None


def rounds(activations: str, code: Code, isa: str) -> bool:
    """Returns whether few rows of activations are rounded to 8 bits for a code that has kernels.

    Args:
        activations: One of `ACTIVATIONS`.
        code: The code.
        isa: The instruction set.
    """
    wanted = activations == "int8" or (activations == "auto" and isa in _FASTER_IN_INT8)
    return wanted and has_byte_kernels(code)


def best_instruction_set(architecture: str, features: Set[str]) -> str | None:
    """Returns the best instruction set that kernels are there for.

    Args:
        architecture: The first part of an LLVM target triple.
        features: Names of LLVM's features that the processor has.

    Returns:
        One of `INSTRUCTION_SETS`, None if there are no kernels for the architecture.
    """
    candidates = _FEATURES.get(architecture, {})
    return next((isa for isa, needed in candidates.items() if needed <= features), None)


def read_bitcode(isa: str) -> bytes:
    """Returns the LLVM bitcode of the kernels of an instruction set.

    Raises:
        SeedlmError: There is no such instruction set, or the package was built without it.
    """
    if isa not in INSTRUCTION_SETS:
        raise SeedlmError(f"unknown instruction set '{isa}', not one of {INSTRUCTION_SETS}")
    try:
        return files("seedlm").joinpath("kernels", "cpu", f"{isa}.bc").read_bytes()
    except OSError:
        raise SeedlmError(f"the package has no kernels for {isa}: install it again") from None
