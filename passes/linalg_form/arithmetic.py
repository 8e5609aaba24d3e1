# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""32-bit integer arithmetic and bit strings inside the body of a linalg operation.

Only i32 shifts, masks and multiplications are used: narrower integer types are miscomputed by some
of IREE's Vulkan targets, and 64-bit ones are absent from many devices.
"""

from functools import reduce

from iree.compiler import ir
from iree.compiler.dialects import arith

WORD_BITS = 32


class Int32:
    """An i32 value of a body with the operators of Python's int; constants stay Python ints."""

    def __init__(self, value: ir.Value) -> None:
        """Wraps `value`, whose type is i32."""
        self.value = value

    def __and__(self, other: "Int32 | int") -> "Int32":
        return Int32(arith.AndIOp(self.value, as_value(other)).result)

    def __or__(self, other: "Int32 | int") -> "Int32":
        return Int32(arith.OrIOp(self.value, as_value(other)).result)

    def __xor__(self, other: "Int32 | int") -> "Int32":
        return Int32(arith.XOrIOp(self.value, as_value(other)).result)

    def __add__(self, other: "Int32 | int") -> "Int32":
        return Int32(arith.AddIOp(self.value, as_value(other)).result)

    def __sub__(self, other: "Int32 | int") -> "Int32":
        return Int32(arith.SubIOp(self.value, as_value(other)).result)

    def __mul__(self, other: "Int32 | int") -> "Int32":
        return Int32(arith.MulIOp(self.value, as_value(other)).result)

    def shift_left(self, bits: "Int32 | int") -> "Int32":
        """Returns the value shifted towards the high end."""
        return self if bits == 0 else Int32(arith.ShLIOp(self.value, as_value(bits)).result)

    def shift_right(self, bits: "Int32 | int") -> "Int32":
        """Returns the value shifted towards the low end, filled with zeros."""
        return self if bits == 0 else Int32(arith.ShRUIOp(self.value, as_value(bits)).result)

    def shift_right_signed(self, bits: int) -> "Int32":
        """Returns the value shifted towards the low end, filled with its sign."""
        return self if bits == 0 else Int32(arith.ShRSIOp(self.value, as_value(bits)).result)

    def divide(self, divisor: int) -> "Int32":
        """Returns the unsigned quotient by a constant."""
        return Int32(arith.DivUIOp(self.value, as_value(divisor)).result)

    def equals(self, other: int) -> ir.Value:
        """Returns the i1 value of the comparison with `other`."""
        return arith.CmpIOp(arith.CmpIPredicate.eq, self.value, as_value(other)).result

    def sign_extend(self, bits: int) -> "Int32":
        """Returns the two's complement number in the low `bits` bits; higher bits are ignored."""
        return self.shift_left(WORD_BITS - bits).shift_right_signed(WORD_BITS - bits)


def as_value(number: Int32 | int) -> ir.Value:
    """Returns the i32 value of a number, a constant for a Python int."""
    if isinstance(number, Int32):
        return number.value
    i32 = ir.IntegerType.get_signless(WORD_BITS)
    return arith.ConstantOp(i32, ir.IntegerAttr.get(i32, number)).result


def select(condition: ir.Value, if_true: Int32, if_false: Int32) -> Int32:
    """Returns `if_true` where the i1 `condition` holds, else `if_false`."""
    return Int32(arith.SelectOp(condition, if_true.value, if_false.value).result)


def mask(bits: int) -> int:
    """Returns the i32 constant whose low `bits` bits are set."""
    return -1 if bits == WORD_BITS else (1 << bits) - 1


class BitString:
    """A string of bits in 32-bit words, the first bit lowest; bits past its end are undefined."""

    def __init__(self, words: list[Int32], length: int) -> None:
        """Makes a string of the low `length` bits of `words`."""
        self.words = list(words)
        self.length = length

    def window(self, offset: int) -> Int32:
        """Returns at least the 32 bits from `offset` on, or what the string has of them."""
        index, shift = divmod(offset, WORD_BITS)
        low = self.words[index].shift_right(shift)
        if shift == 0 or index + 1 == len(self.words):
            return low
        return low | self.words[index + 1].shift_left(WORD_BITS - shift)

    def field(self, offset: int, bits: int) -> Int32:
        """Returns the `bits` bits from `offset` on as an unsigned number."""
        index, shift = divmod(offset, WORD_BITS)
        inside = shift + bits <= WORD_BITS
        word = self.words[index].shift_right(shift) if inside else self.window(offset)
        return word & mask(bits) if shift + bits != WORD_BITS else word

    def field_at(self, offset: Int32, bits: int) -> Int32:
        """Returns the `bits` < 32 bits from the run-time `offset` on as an unsigned number."""
        index, shift = offset.shift_right(5), offset & (WORD_BITS - 1)
        low, high = self._word_at(index, 0), self._word_at(index, 1)
        # Two shifts, since one by 32 is undefined.
        carried = high.shift_left(1).shift_left(shift ^ (WORD_BITS - 1))
        return (low.shift_right(shift) | carried) & mask(bits)

    def append(self, bits: Int32, count: int) -> None:
        """Appends the low `count` bits of `bits`; higher bits must be zero."""
        index, shift = divmod(self.length, WORD_BITS)
        if shift == 0:
            self.words.append(bits)
        else:
            self.words[index] = self.words[index] | bits.shift_left(shift)
        if shift and shift + count > WORD_BITS:
            self.words.append(bits.shift_right(WORD_BITS - shift))
        self.length += count

    def _word_at(self, index: Int32, ahead: int) -> Int32:
        words = [*self.words[ahead:], *([self.words[-1]] * ahead)]
        choices = list(enumerate(words))
        _, last = choices.pop()
        return reduce(
            lambda rest, c: select(index.equals(c[0]), c[1], rest), reversed(choices), last
        )
