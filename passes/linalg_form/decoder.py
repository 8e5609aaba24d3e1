# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The decoder: from the words of a group of records to weights, in the body of a linalg operation.

    weight[c] = integer[c] * 2^e * unit(code) * scale,  integer[c] = sum_p q_p * (b_p - 2^(bb-1))

with b_p the basis bits of the state for column c and basis p (docs/format.md).
"""

from dataclasses import dataclass
from functools import reduce
from operator import add, xor

from iree.compiler import ir
from iree.compiler.dialects import arith

from seedlm.codec.code import Code
from seedlm.passes.linalg_form.arithmetic import WORD_BITS, BitString, Int32, mask, select

_F32_BIAS = 127
_F32_MANTISSA_BITS = 23
_HALF_BITS = 16


@dataclass(frozen=True)
class Record:
    """The fields of one block; the exponent is None if the code has none."""

    seed: Int32
    coefficients: list[Int32]
    exponent: Int32 | None


def read_records(words: list[ir.Value], bytes_: list[ir.Value], code: Code) -> list[Record]:
    """Returns the records of one group of planes.

    Args:
        words: One i32 value of each plane of words.
        bytes_: One i8 value of each plane of bytes.
        code: The code.
    """
    string = BitString([Int32(word) for word in words], 32 * len(words))
    i32 = ir.IntegerType.get_signless(32)
    for byte in bytes_:
        string.append(Int32(arith.ExtUIOp(i32, byte).result), 8)
    return split_records(string, code)


def split_records(string: BitString, code: Code) -> list[Record]:
    """Returns the records that stand one after the other in a string of bits."""
    count = string.length // code.record_bits
    return [_read_record(string, i * code.record_bits, code) for i in range(count)]


def _read_record(string: BitString, offset: int, code: Code) -> Record:
    seed = string.field(offset, code.lfsr_width)
    offset += code.lfsr_width
    coefficients = []
    for _ in range(code.latent):
        coefficients.append(_signed_field(string, offset, code.coefficient_bits))
        offset += code.coefficient_bits
    exponent = _signed_field(string, offset, code.exponent_bits) if code.exponent_bits else None
    return Record(seed, coefficients, exponent)


def _signed_field(string: BitString, offset: int, bits: int) -> Int32:
    return string.window(offset).sign_extend(bits)


def select_record(records: list[Record], index: Int32) -> Record:
    """Returns the record with the run-time `index` of a group."""
    *first, last = records
    for i, record in reversed(list(enumerate(first))):
        here = index.equals(i)
        last = Record(
            select(here, record.seed, last.seed),
            [
                select(here, *pair)
                for pair in zip(record.coefficients, last.coefficients, strict=True)
            ],
            None
            if record.exponent is None or last.exponent is None
            else select(here, record.exponent, last.exponent),
        )
    return last


def run_register(seed: Int32, code: Code) -> BitString:
    """Returns the bits that the register runs through: i .. i+K-1 are its state after i steps.

    Bit i + K is the XOR of the taps of state i, so K - max(taps) new bits are computed at a time;
    and twice as many as soon as there are 2K bits, for squaring the recurrence's polynomial over
    GF(2) doubles all distances.
    """
    string = BitString([seed], code.lfsr_width)
    length = code.lfsr_width + code.block * code.latent
    while string.length < length:
        reach = 2 if 2 * code.lfsr_width <= min(string.length, WORD_BITS) else 1
        count = min(reach * (code.lfsr_width - max(code.taps)), length - string.length)
        state = string.window(string.length - reach * code.lfsr_width)
        feedback = reduce(xor, [state.shift_right(reach * tap) for tap in code.taps])
        string.append(feedback & mask(count), count)
    return string


def integer_weights(record: Record, code: Code) -> list[Int32]:
    """Returns the integers of all weights of a block."""
    string = run_register(record.seed, code)
    step = _pair_distance(code)
    if step is None:
        offset = _basis_offset(record, code)
        kept = mask(code.basis_bits)
        return [
            _combine(_windows(string, c, code, kept), record) - offset for c in range(code.block)
        ]
    weights: dict[int, Int32] = {}
    offset = _basis_offset(record, code) * _in_both_halves(1)
    for c in range(code.block):
        if c not in weights:
            windows = _windows(string, c, code, _in_both_halves(mask(code.basis_bits)))
            pair = _combine(windows, record) - offset
            weights[c] = pair.sign_extend(_HALF_BITS)
            weights[c + step] = (pair - weights[c]).shift_right_signed(_HALF_BITS)
    return [weights[c] for c in range(code.block)]


def _pair_distance(code: Code) -> int | None:
    """Returns how far apart two columns are whose integers are computed in the halves of a word.

    They are if the string's bits for one are 16 bits after those for the other; None if there are
    no such columns or the integers do not fit.
    """
    magnitude_bits = code.basis_bits + code.coefficient_bits - 2 + (code.latent - 1).bit_length()
    if _HALF_BITS % code.latent or magnitude_bits >= _HALF_BITS - 1:
        return None
    step = _HALF_BITS // code.latent
    return step if code.block % (2 * step) == 0 else None


def _in_both_halves(number: int) -> int:
    return number | number << _HALF_BITS


def _windows(string: BitString, column: int, code: Code, kept: int) -> list[Int32]:
    """Returns the bits from those of U[column][p] on for all p, of which `kept` is a mask."""
    return [string.window(_bit(column, p, code)) & kept for p in range(code.latent)]


def integer_weight_at(record: Record, column: Int32, code: Code) -> Int32:
    """Returns the integer of the weight with the run-time index `column` of a block."""
    string = run_register(record.seed, code)
    first = column * code.latent
    basis = [string.field_at(first + _bit(0, p, code), code.basis_bits) for p in range(code.latent)]
    return _combine(basis, record) - _basis_offset(record, code)


def block_factor(record: Record, scale: ir.Value, code: Code) -> ir.Value:
    """Returns the f32 factor 2^e * scale / (2^(basis_bits-1) - 1) of a block."""
    factor, power = unit_scale(scale, code), block_power(record)
    return factor if power is None else arith.MulFOp(factor, power).result


def unit_scale(scale: ir.Value, code: Code) -> ir.Value:
    """Returns the f32 factor scale / (2^(basis_bits-1) - 1)."""
    f32 = ir.F32Type.get()
    unit = 1.0 / ((1 << (code.basis_bits - 1)) - 1)
    return arith.MulFOp(scale, arith.ConstantOp(f32, ir.FloatAttr.get(f32, unit)).result).result


def block_power(record: Record) -> ir.Value | None:
    """Returns the f32 factor 2^e of a block, None if the code has no exponents."""
    if record.exponent is None:
        return None
    bits = (record.exponent + _F32_BIAS).shift_left(_F32_MANTISSA_BITS)
    return arith.BitcastOp(ir.F32Type.get(), bits.value).result


def _bit(column: int, p: int, code: Code) -> int:
    """Returns where the basis bits of U[column][p] start; state 0 is the one after the seed."""
    return column * code.latent + p + 1 + code.lfsr_width - code.basis_bits


def _basis_offset(record: Record, code: Code) -> Int32:
    return reduce(add, record.coefficients) * (1 << (code.basis_bits - 1))


def _combine(basis: list[Int32], record: Record) -> Int32:
    terms = [b * q for b, q in zip(basis, record.coefficients, strict=True)]
    return reduce(add, terms)
