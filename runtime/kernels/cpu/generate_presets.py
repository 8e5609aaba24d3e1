# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes presets.h, the constants of the preset codes for the CPU kernels, to standard output.

All basis values of a block are windows of one string of bits, which depends linearly over GF(2) on
the stored seed (see seedlm.passes.cpu_form.layout). The linear map is written in the forms that
instruction sets use: strings to look up by nibble, 8x8 bit matrices and, for basis values of a
byte, the windows themselves, as macros for tables to look up by byte.
"""

import sys
from collections.abc import Iterable

from seedlm.codec import PRESETS, Code, preset
from seedlm.codec.lfsr import step
from seedlm.passes.cpu_form.layout import string_bits

_NIBBLES = 4
_STRING_BYTES = 8
_WINDOW_BYTES = 32
_HEADER = """\
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Written by generate_presets.py from the presets of seedlm.codec.
#pragma once

#include "code.h"
"""


def string_of(stored: int, code: Code) -> int:
    """Returns the string of bits whose windows are the basis values of a block."""
    state, bits = stored, stored
    for position in range(code.lfsr_width, string_bits(code)):
        state = step(state, code.lfsr_width, code.taps)
        bits |= (state >> (code.lfsr_width - 1)) << position
    return bits


def main() -> None:
    """Writes the header."""
    sys.stdout.write("\n".join([_HEADER, _presets(), *(_constant(name) for name in PRESETS)]))


def _presets() -> str:
    """Returns lists of presets with the C type of their scales: all, and with bytes as basis."""
    types = {"f16": "uint16_t", "f32": "float"}
    items = {name: f"X({_identifier(name)}, {types[preset(name).scale_type]})" for name in PRESETS}
    of_bytes = [item for name, item in items.items() if preset(name).basis_bits == 8]
    return (
        f"#define SEEDLM_PRESETS(X) {' '.join(items.values())}\n"
        f"#define SEEDLM_BYTE_PRESETS(X) {' '.join(of_bytes)}\n"
    )


def _identifier(name: str) -> str:
    return name.replace("-", "_")


def _constant(name: str) -> str:
    code = preset(name)
    words = [[string_of(v << 4 * n, code) for v in _values(n, code)] for n in range(_NIBBLES)]
    bits = [string_of(1 << i, code) if i < code.lfsr_width else 0 for i in range(4 * _NIBBLES)]
    matrices = [
        _list(f"0x{_matrix(bits[8 * i : 8 * i + 8], byte):016x}" for i in range(2))
        for byte in range(_STRING_BYTES)
    ]
    half = 1 << (code.basis_bits - 1)
    exponents = [2.0 ** _exponent(nibble, code) for nibble in range(16)]
    windows = _window_macros(name, bits) if code.basis_bits == 8 else ""
    return f"""\
{windows}static const struct code {_identifier(name)} = {{
    .block = {code.block},
    .latent = {code.latent},
    .coefficient_bits = {code.coefficient_bits},
    .exponent_bits = {code.exponent_bits},
    .basis_bits = {code.basis_bits},
    .string_bits = {string_bits(code)},
    .seed_bits = {code.lfsr_width},
    .record_bits = {code.record_bits},
    .row_scales = {int(code.scale == "row")},
    .unit = 1.0f / {half - 1},
    .powers = {_list(f"{power}f" for power in exponents)},
    .words = {_lines(_list(f"0x{word:x}" for word in row) for row in words)},
    .matrices = {_lines(matrices)},
}};
"""


def _values(nibble: int, code: Code) -> Iterable[int]:
    """Returns the 16 values of a nibble of the stored seed, without bits that it has not."""
    mask = (code.seeds >> 4 * nibble) & 15
    return (value & mask for value in range(16))


def _exponent(nibble: int, code: Code) -> int:
    """Returns the exponent in the upper bits of a nibble."""
    bits = code.exponent_bits
    if bits == 0:
        return 0
    field = nibble >> (4 - bits)
    return field - (1 << bits) * (field >> (bits - 1))


def _matrix(bits: list[int], byte: int) -> int:
    """Returns the matrix from a byte of the stored seed to a byte of the string.

    Row i, for bit i of the result, is byte 7 - i, as vgf2p8affineqb reads it.
    """
    rows = [sum((b >> (8 * byte + i) & 1) << j for j, b in enumerate(bits)) for i in range(8)]
    return sum(row << 8 * (7 - i) for i, row in enumerate(rows))


def _window_macros(preset_name: str, bits: list[int]) -> str:
    """Returns a macro a byte of the stored seed: 4 words with the windows that a value gives.

    Those of the first byte have BASIS_SIGNS flipped.
    """
    name = _identifier(preset_name).upper()
    macros = []
    for byte in range(2):
        flipped = "" if byte else " BASIS_SIGNS ^ \\\n   "
        words = (
            flipped
            + " ^ \\\n   ".join(
                f" ((V) >> {i} & 1) * 0x{_windows(string) >> 64 * word & 2**64 - 1:016x}u"
                for i, string in enumerate(bits[8 * byte : 8 * byte + 8])
            )
            for word in range(_WINDOW_BYTES // 8)
        )
        macros.append(f"#define {name}_WINDOWS_{byte}(V) \\\n  " + ", \\\n  ".join(words) + "\n")
    return "".join(macros)


def _windows(string: int) -> int:
    """Returns the bytes that start at each bit of a string as one number, the first one lowest."""
    return sum((string >> n & 255) << 8 * n for n in range(_WINDOW_BYTES))


def _list(items: Iterable[str]) -> str:
    return "{" + ", ".join(items) + "}"


def _lines(items: Iterable[str]) -> str:
    return "{\n" + ",\n".join(items) + "}"


if __name__ == "__main__":
    main()
