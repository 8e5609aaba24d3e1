# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes presets.h, the constants of the preset codes for the CPU kernels, to standard output.

All basis values of a block are windows of one string of bits, which depends linearly over GF(2) on
the stored seed in the head of a record (see seedlm.passes.cpu_form.layout). The linear map is
written in the forms that instruction sets use: strings to look up by nibble, 8x8 bit matrices and,
for basis values of a byte, the windows themselves, as macros for tables to look up by half.
"""

import sys
from collections.abc import Iterable, Mapping

from seedlm.codec import PRESETS, Code, preset
from seedlm.codec.lfsr import step
from seedlm.passes.cpu_form.layout import has_byte_kernels, string_bits

_HEAD_BYTES = 3
_NIBBLES = 2 * _HEAD_BYTES - 1
_STRING_BYTES = 8
_HEADER = """\
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Written by generate_presets.py from the presets of seedlm.codec.
#ifndef SEEDLM_PRESETS
#include "code.h"
"""


def string_of(stored: int, code: Code) -> int:
    """Returns the string of bits whose windows are the basis values of a block."""
    state, bits = stored, stored
    for position in range(code.lfsr_width, string_bits(code)):
        state = step(state, code.lfsr_width, code.taps)
        bits |= (state >> (code.lfsr_width - 1)) << position
    return bits


def header(codes: Mapping[str, Code]) -> str:
    """Returns the header with the constants of codes, by names of presets."""
    constants = (_constant(name, code, _table(codes, name)) for name, code in codes.items())
    return "\n".join([_HEADER, _lists(codes), *constants, "#endif\n"])


def main() -> None:
    """Writes the header of the presets."""
    sys.stdout.write(header({name: preset(name) for name in PRESETS}))


def _lists(codes: Mapping[str, Code]) -> str:
    """Returns lists of codes with the C type of their scales: all, and those of byte kernels."""
    types = {"f16": "uint16_t", "f32": "float"}
    items = {name: f"X({_identifier(name)}, {types[codes[name].scale_type]})" for name in codes}
    of_bytes = [items[name] for name in _names_of_bytes(codes)]
    return (
        f"#define SEEDLM_PRESETS(X) {' '.join(items.values())}\n"
        f"#define SEEDLM_BYTE_PRESETS(X) {' '.join(of_bytes)}\n"
    )


def _names_of_bytes(codes: Mapping[str, Code]) -> list[str]:
    return [name for name, code in codes.items() if has_byte_kernels(code)]


def _table(codes: Mapping[str, Code], name: str) -> int:
    """Returns how many entries the tables of the codes before have."""
    names = _names_of_bytes(codes)
    before = names[: names.index(name)] if name in names else []
    return sum(1 << bits for each in before for bits in _halves(codes[each]))


def _halves(code: Code) -> tuple[int, int]:
    """Returns how many bits of the stored seed are looked up in the first and second table."""
    return code.lfsr_width - code.lfsr_width // 2, code.lfsr_width // 2


def _identifier(name: str) -> str:
    return name.replace("-", "_")


def _constant(name: str, code: Code, table: int) -> str:
    words = [[string_of(v << 4 * n, code) for v in _values(n, code)] for n in range(_NIBBLES)]
    head = range(8 * _HEAD_BYTES)
    bits = [string_of(1 << i, code) if i < code.lfsr_width else 0 for i in head]
    matrices = [
        _list(f"0x{_matrix(bits[8 * i : 8 * i + 8], byte):016x}" for i in range(_HEAD_BYTES))
        for byte in range(_STRING_BYTES)
    ]
    half = 1 << (code.basis_bits - 1)
    windows = _window_macros(name, code, bits) if has_byte_kernels(code) else ""
    return f"""\
{windows}static const struct code {_identifier(name)} = {{
    .table = {table},
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
    .powers = {_list(f"{_power(stored, code)}f" for stored in range(16))},
    .words = {_lines(_list(f"0x{word:x}" for word in row) for row in words)},
    .matrices = {_lines(matrices)},
}};
"""


def _values(nibble: int, code: Code) -> Iterable[int]:
    """Returns the 16 values of a nibble of the head, without bits that are not the seed's."""
    mask = (code.seeds >> 4 * nibble) & 15
    return (value & mask for value in range(16))


def _power(stored: int, code: Code) -> float:
    """Returns what an exponent stands for, given as what it is above the least one."""
    least, greatest = code.exponent_range
    return 2.0 ** min(least + stored, greatest)


def _matrix(bits: list[int], byte: int) -> int:
    """Returns the matrix from a byte of the head to a byte of the string.

    Row i, for bit i of the result, is byte 7 - i, as vgf2p8affineqb reads it.
    """
    rows = [sum((b >> (8 * byte + i) & 1) << j for j, b in enumerate(bits)) for i in range(8)]
    return sum(row << 8 * (7 - i) for i, row in enumerate(rows))


def _window_macros(preset_name: str, code: Code, bits: list[int]) -> str:
    """Returns macros that add to basis values what each bit of a half of a stored seed gives.

    Basis values are 4 words, those of two columns each. One more macro has the entries of both
    tables, the first of which start with some bits.
    """
    name, (low, high) = _identifier(preset_name), _halves(code)
    macros = [_window_macro(f"{name}_lower_{i}", code, bits[i]) for i in range(low)]
    macros += [_window_macro(f"{name}_upper_{i}", code, bits[low + i]) for i in range(high)]
    tables = (
        f"#define {name}_tables(SIGNS) \\\n"
        f"  ENTRIES_{low}({name}_lower, SIGNS, SIGNS, SIGNS, SIGNS), \\\n"
        f"  ENTRIES_{high}({name}_upper, 0u, 0u, 0u, 0u)\n"
    )
    return "".join(macros) + tables


def _window_macro(name: str, code: Code, string: int) -> str:
    words = zip("ABCD", _window_words(string, code), strict=True)
    sums = ", ".join(f"{word} ^ 0x{value:x}u" if value else word for word, value in words)
    return f"#define {name}(A, B, C, D) {sums}\n"


def _window_words(string: int, code: Code) -> list[int]:
    """Returns the basis values of a block, four bytes a column, as 4 words of 64 bits."""
    places = ((c, p) for c in range(code.block) for p in range(code.latent))
    windows = sum((string >> c * code.latent + p & 255) << 32 * c + 8 * p for c, p in places)
    return [windows >> 64 * word & 2**64 - 1 for word in range(code.block // 2)]


def _list(items: Iterable[str]) -> str:
    return "{" + ", ".join(items) + "}"


def _lines(items: Iterable[str]) -> str:
    return "{\n" + ",\n".join(items) + "}"


if __name__ == "__main__":
    main()
