// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How a step is decoded with AVX-512.
//
// Rows are lanes. The strings of bits that the basis values are windows of come from the byte planes
// of a step by bit matrices and interleaving. vpmultishiftqb brings the bytes of the basis values of
// a column together; vpdpbusd multiplies them with the coefficients and adds them up: a vector of
// integer weights in two instructions. Coefficients are in the upper bits of bytes, so that there is
// no sign to extend, and integer weights are multiples of `weight_unit`.
//
// A vector has the lanes of 16 rows and one column or, where strings fill lanes of 64 bits, of 8 rows
// and two columns.
#pragma once

#include <immintrin.h>

#include "multiply.h"

// For lanes of 32 bits the whole string and its end, or the string from its second byte on if basis
// values have two bytes.
struct strings {
  __m512i low[8], high[4];
};

// The rest of the records of the rows of one vector.
struct lanes {
  __m512i coefficients;
  __m512i start; // what makes the basis values signed
  __m512 power;
};

// What makes vpmultishiftqb select the basis values of each vector of columns and the coefficients
// from each of the words that share lanes.
struct selections {
  __m512i columns[8], coefficients[4];
};

INLINE __m512i load(const void *address) { return _mm512_loadu_si512(address); }

INLINE int is_narrow(const struct code *code) { return lane_bytes(code) == 4; }

INLINE int vectors_of_step(const struct code *code) { return lane_bytes(code); }

INLINE int columns_of_vector(const struct code *code) { return is_narrow(code) ? 1 : 2; }

INLINE float weight_unit(const struct code *code) {
  return (float)(1 << (8 - code->coefficient_bits));
}

// The lanes of two vectors that hold the first columns, and the second ones.
INLINE __m512i even_lanes(void) {
  return _mm512_set_epi32(30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);
}

INLINE __m512i odd_lanes(void) {
  return _mm512_set_epi32(31, 29, 27, 25, 23, 21, 19, 17, 15, 13, 11, 9, 7, 5, 3, 1);
}

// The lanes of rows that a tile has.
INLINE __mmask16 mask_of(size_t rows, int group) {
  const int count = (int)least(rows, TILE_ROWS) - 16 * group;
  return count >= 16 ? 0xffff : count <= 0 ? 0 : (__mmask16)((1 << count) - 1);
}

// The bytes of four planes as lanes, ascending rows in `words[0]` and so on.
INLINE void interleave4(__m512i p0, __m512i p1, __m512i p2, __m512i p3, __m512i *words) {
  const __m512i a = _mm512_unpacklo_epi8(p0, p1), b = _mm512_unpackhi_epi8(p0, p1);
  const __m512i c = _mm512_unpacklo_epi8(p2, p3), d = _mm512_unpackhi_epi8(p2, p3);
  words[0] = _mm512_unpacklo_epi16(a, c);
  words[1] = _mm512_unpackhi_epi16(a, c);
  words[2] = _mm512_unpacklo_epi16(b, d);
  words[3] = _mm512_unpackhi_epi16(b, d);
}

INLINE void interleave8(const __m512i *bytes, __m512i *words) {
  __m512i low[4], high[4];
  interleave4(bytes[0], bytes[1], bytes[2], bytes[3], low);
  interleave4(bytes[4], bytes[5], bytes[6], bytes[7], high);
  for (int i = 0; i < 4; ++i) {
    words[2 * i] = _mm512_unpacklo_epi32(low[i], high[i]);
    words[2 * i + 1] = _mm512_unpackhi_epi32(low[i], high[i]);
  }
}

// The nibbles of all words, in the order of the byte planes and in the upper halves of bytes.
INLINE __m512i nibbles_of_words(const struct code *code, const uint8_t *step) {
  const __m512i first = load(step + words_at(code)), second = load(step + words_at(code) + 64);
  const __m512i mixed =
      _mm512_mask_mov_epi8(_mm512_srli_epi16(first, 8), 0xaaaaaaaaaaaaaaaa, second);
  const __m512i order = _mm512_set4_epi32(0x0f0b0703, 0x0d090501, 0x0e0a0602, 0x0c080400);
  return _mm512_shuffle_epi8(mixed, order);
}

INLINE __m512i apply(uint64_t matrix, __m512i bytes) {
  return _mm512_gf2p8affine_epi64_epi8(bytes, _mm512_set1_epi64((int64_t)matrix), 0);
}

INLINE struct strings read_strings(const struct code *code, const uint8_t *step) {
  const int whole = code->seed_bits / 8, left = code->seed_bits % 8;
  __m512i bytes[STRING_BYTES];
  bytes[0] = load(step);
  bytes[1] = left ? nibbles_of_words(code, step) : load(step + TILE_ROWS);
  const __m512i first = bytes[0], second = bytes[1];
#pragma GCC unroll 8
  for (int i = whole; i < STRING_BYTES; ++i)
    bytes[i] = _mm512_xor_si512(apply(code->matrices[i][0], first),
                                apply(code->matrices[i][1] << left, second));
  struct strings strings;
  if (!is_narrow(code)) {
    interleave8(bytes, strings.low);
    return strings;
  }
  interleave4(bytes[0], bytes[1], bytes[2], bytes[3], strings.low);
  if (code->basis_bits > 8)
    interleave4(bytes[1], bytes[2], bytes[3], bytes[4], strings.high);
  else
    interleave4(bytes[2], bytes[3], bytes[4], bytes[4], strings.high);
  return strings;
}

// Keeps a constant in a register: compilers would load it again for each use.
INLINE __m512i keep(__m512i constant) {
  __asm__("" : "+v"(constant));
  return constant;
}

// Selects four bytes for both lanes of 64 bits: from bit `at` and every `step` bits on, `further` for
// the upper lane.
INLINE __m512i selection(int at, int step, int further) {
  uint64_t control = 0;
  for (int i = 0; i < 8; ++i)
    control |= (uint64_t)((at + i % 4 * step + i / 4 * further) & 63) << (8 * i);
  return keep(_mm512_set1_epi64((int64_t)control));
}

// Whether the basis values of a column are read from the end of the string.
INLINE int is_high(const struct code *code, int column) {
  return is_narrow(code) && code->basis_bits == 8 && (column + 1) * code->latent + 7 > 32;
}

INLINE struct selections select_all(const struct code *code) {
  struct selections selections;
  for (int i = 0; i < 8; ++i) {
    const int at = i * columns_of_vector(code) * code->latent - (is_high(code, i) ? 16 : 0);
    selections.columns[i] = selection(at, 1, is_narrow(code) ? 32 : 4);
  }
  const int bits = code->coefficient_bits;
  for (int i = 0; i < 4; ++i)
    selections.coefficients[i] = selection(16 * i + bits - 8, bits, is_narrow(code) ? 32 : 0);
  return selections;
}

// The exponents of 8 rows, each in two lanes, from the nibbles that are not in words.
INLINE __m512i exponents_of_rows(const struct code *code, const uint8_t *step, int vector) {
  const __m128i nibbles = _mm_loadu_si32(step + nibbles_at(code) + 4 * vector);
  const __m512i control = _mm512_set_epi64(0x1c0000001c, 0x1400000014, 0x0c0000000c, 0x0400000004,
                                           0x1800000018, 0x1000000010, 0x0800000008, 0);
  return _mm512_multishift_epi64_epi8(control, _mm512_broadcastd_epi32(nibbles));
}

INLINE struct lanes read_lanes(const struct code *code, const struct selections *selections,
                               const uint8_t *step, int vector) {
  const int shared = lane_bytes(code) / 2, upper = vector % 2 == 0;
  const __m512i words = load(step + words_at(code) + vector / shared * 64);
  const uint32_t byte_mask = 0xff & (0xff << (8 - code->coefficient_bits));
  const uint32_t mask = byte_mask * (code->latent == 3 ? 0x010101 : 0x01010101);
  const __m512i zero = _mm512_setzero_si512();
  struct lanes lanes;
  __m512i q = words;
  if (!is_mixed(code))
    q = _mm512_multishift_epi64_epi8(selections->coefficients[vector % shared], words);
  else if (!upper)
    q = _mm512_slli_epi32(words, 4);
  lanes.coefficients = _mm512_and_si512(q, _mm512_set1_epi32((int32_t)mask));
  const __m512i half = _mm512_set1_epi8((char)0x80);
  lanes.start = _mm512_sub_epi32(zero, _mm512_dpbusd_epi32(zero, half, lanes.coefficients));
  if (code->exponent_bits) {
    const __m512i exponents = nibble_in_word(code)
                                  ? _mm512_srli_epi32(words, upper ? 28 : 24)
                                  : exponents_of_rows(code, step, vector);
    lanes.power = _mm512_permutexvar_ps(exponents, _mm512_loadu_ps(code->powers));
  }
  return lanes;
}

INLINE __m512i add_products(__m512i sum, __m512i selection, __m512i string, __m512i coefficients) {
  return _mm512_dpbusd_epi32(sum, _mm512_multishift_epi64_epi8(selection, string), coefficients);
}

// Vector `i` of the integer weights of the rows of a vector.
INLINE __m512 read_weights(const struct code *code, const struct selections *selections,
                           const struct strings *strings, const struct lanes *lanes, int vector,
                           int i) {
  const __m512i low = strings->low[vector], q = lanes->coefficients;
  const __m512i selection = selections->columns[i];
  if (code->basis_bits == 8)
    return _mm512_cvtepi32_ps(add_products(
        lanes->start, selection, is_high(code, i) ? strings->high[vector] : low, q));
  const __m512i upper = is_narrow(code)
                            ? add_products(lanes->start, selection, strings->high[vector], q)
                            : add_products(lanes->start, selections->columns[i + 1], low, q);
  return _mm512_cvtepi32_ps(add_products(_mm512_slli_epi32(upper, 8), selection, low, q));
}
