# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes presets.glsl, the layout and the decoder of each preset code, to standard output.

The decoder is what seedlm.passes.linalg_form.decoder builds, as straight-line GLSL.
"""

import sys
from math import gcd

import source_tree  # noqa: F401

from seedlm.codec.code import PRESETS, Code, preset
from seedlm.passes.linalg_form.arithmetic import WORD_BITS, BitString, Int32
from seedlm.passes.linalg_form.decoder import Record, integer_weights, split_records

_HEADER = """\
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Written by generate_presets.py from the presets of seedlm.codec.
"""
_BYTE_BITS = 8
_SCALES = {"f16": "float16_t", "f32": "float"}


class GlslWord(Int32):
    """A uint variable of GLSL; its operators write the lines that compute others."""

    def __init__(self, name: str, lines: list[str]) -> None:
        """Wraps the variable `name`, after `lines`."""
        self.value = name
        self.lines = lines

    def _infix(self, symbol: str, other: "GlslWord | int") -> "GlslWord":
        number = other.value if isinstance(other, GlslWord) else f"0x{other & 0xFFFFFFFF:x}u"
        return self._new(f"{self.value} {symbol} {number}")

    def _new(self, expression: str) -> "GlslWord":
        name = f"t{len(self.lines)}"
        self.lines.append(f"const uint {name} = {expression};")
        return GlslWord(name, self.lines)

    def __and__(self, other: "GlslWord | int") -> "GlslWord":
        return self._infix("&", other)

    def __or__(self, other: "GlslWord | int") -> "GlslWord":
        return self._infix("|", other)

    def __xor__(self, other: "GlslWord | int") -> "GlslWord":
        return self._infix("^", other)

    def __add__(self, other: "GlslWord | int") -> "GlslWord":
        return self._infix("+", other)

    def __sub__(self, other: "GlslWord | int") -> "GlslWord":
        return self._infix("-", other)

    def __mul__(self, other: "GlslWord | int") -> "GlslWord":
        return self._infix("*", other)

    def shift_left(self, bits: int) -> "GlslWord":
        """Returns the value shifted towards the high end."""
        return self if bits == 0 else self._new(f"{self.value} << {bits}")

    def shift_right(self, bits: int) -> "GlslWord":
        """Returns the value shifted towards the low end, filled with zeros."""
        return self if bits == 0 else self._new(f"{self.value} >> {bits}")

    def shift_right_signed(self, bits: int) -> "GlslWord":
        """Returns the value shifted towards the low end, filled with its sign."""
        return self if bits == 0 else self._new(f"uint(int({self.value}) >> {bits})")


def main() -> None:
    """Writes the presets: that whose name in capitals is defined is seen."""
    first, *others = PRESETS
    parts = [_preset(first, "#if"), *(_preset(name, "#elif") for name in others)]
    sys.stdout.write("\n".join([_HEADER, *parts, "#endif\n"]))


def _preset(name: str, keyword: str) -> str:
    code = preset(name)
    macros = [f"#define {key} {value}" for key, value in _macros(code).items()]
    condition = f"{keyword} defined({name.upper().replace('-', '_')})"
    return "\n".join([condition, *macros, "", *_decoder(code), ""])


def _records(code: Code) -> int:
    """Returns how many records a group has: as many as fill whole bytes."""
    return _BYTE_BITS // gcd(code.record_bits, _BYTE_BITS)


def _macros(code: Code) -> dict[str, int | str]:
    words, bits = divmod(_records(code) * code.record_bits, WORD_BITS)
    return {
        "BASIS_BITS": code.basis_bits,
        "ROW_SCALES": int(code.scale == "row"),
        "SCALE": _SCALES[code.scale_type],
        "GROUP_COLUMNS": _records(code) * code.block,
        "GROUP_WORDS": words + (bits > 0),
        "WORDS": words,
        "BYTES": bits // _BYTE_BITS,
    }


def _decoder(code: Code) -> list[str]:
    """Returns a function that gives the weights of a group but for scales and the code's unit."""
    lines: list[str] = []
    bits = _records(code) * code.record_bits
    words = [GlslWord(f"group[{i}]", lines) for i in range(-(-bits // WORD_BITS))]
    records = split_records(BitString(words, bits), code)
    body = [line for i, record in enumerate(records) for line in _block(record, i, code, lines)]
    return [
        "void decode(const uint group[GROUP_WORDS], out float weights[GROUP_COLUMNS]) {",
        *(f"  {line}" for line in body),
        "}",
    ]


def _block(record: Record, index: int, code: Code, lines: list[str]) -> list[str]:
    """Returns the lines that were not returned yet and those that set the weights of a block."""
    integers = [integer.value for integer in integer_weights(record, code)]
    factor = ""
    if record.exponent is not None:
        bits = (record.exponent + 127).shift_left(23)
        factor = f" * uintBitsToFloat({bits.value})"
    done = [
        f"weights[{index * code.block + c}] = float(int({integer})){factor};"
        for c, integer in enumerate(integers)
    ]
    return [*_take(lines), *done]


def _take(lines: list[str]) -> list[str]:
    """Returns the lines that have not been taken; names of later ones go on."""
    new = [line for line in lines if line]
    lines[:] = [""] * len(lines)
    return new


if __name__ == "__main__":
    main()
