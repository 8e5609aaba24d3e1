# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The codes that kernels are tested with: the presets, and others that kernels are general for."""

import importlib.util
from pathlib import Path

from kernel_builds import KERNELS

from seedlm.codec import PRESETS, Code, preset
from seedlm.codec.lfsr import MAXIMAL_TAPS
from seedlm.passes.cpu_form.layout import has_byte_kernels


def _other(latent: int, width: int, exponent_bits: int) -> Code:
    return Code(
        block=8,
        latent=latent,
        lfsr_width=width,
        taps=MAXIMAL_TAPS[width],
        coefficient_bits=4,
        exponent_bits=exponent_bits,
        basis_bits=8,
        scale="row",
        scale_type="f16",
    )


CODES = {name: preset(name) for name in PRESETS} | {
    "three-20-0": _other(3, 20, 0),
    "three-19-1": _other(3, 19, 1),
    "three-18-2": _other(3, 18, 2),
    "four-16-0": _other(4, 16, 0),
    "four-15-1": _other(4, 15, 1),
    "four-14-2": _other(4, 14, 2),
}
BYTE_CODES = [name for name, code in CODES.items() if has_byte_kernels(code)]


def write_header(folder: Path) -> Path:
    """Writes the constants of `CODES`, which take the place of those of the presets."""
    spec = importlib.util.spec_from_file_location("presets", KERNELS / "generate_presets.py")
    assert spec is not None
    assert spec.loader is not None
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    path = folder / "codes.h"
    path.write_text(generator.header(CODES), encoding="utf-8")
    return path
